"""What freezing takes of what it is given, and says of what it does not keep."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Sandbox


@pytest.fixture
def ready(repo: Sandbox) -> Sandbox:
    repo.mlv("init", "--no-hooks")
    repo.git("commit", "-qm", "Set up mlvgit")
    return repo


def test_executable_files_in_the_store_and_empty_folders_are_said_in_a_line_each(ready: Sandbox) -> None:
    for name in ("run.sh", "more.sh"):
        ready.write(f"src/{name}", "#!/bin/sh\n").chmod(0o755)
    ready.write("src/data.csv", "1\n")
    (ready / "src/sub/empty").mkdir(parents=True)

    kept = ready.mlv("snapshot", "create", "tools", "v0.1", "src", "--storage", "git")
    stored = ready.mlv("snapshot", "create", "tools", "v0.2", "src", "src/run.sh", "--storage", "store")
    model = ready.mlv("model", "add", "clf", "v0.1.0", "src", "--storage", "store")

    empty = "note: empty folders are not frozen, as Git keeps none: sub/empty\n"
    assert kept.err == empty
    assert "keeps bytes, not modes: 3 files may be run" in stored.err
    assert "keeps bytes, not modes: 2 files may be run" in model.err
    assert empty in stored.err
    assert empty in model.err
    assert "note: empty" not in ready.mlv("snapshot", "create", "tools", "v0.1", "src", "--storage", "git").err


def test_parameters_in_yaml_are_kept_as_json(ready: Sandbox) -> None:
    ready.write("out/model.pkl", "weights")
    ready.write("params.yaml", "lr: 0.1\noptimizer: {name: adam}\nversion: 3.10\n")
    ready.write("metrics.yml", "f1: 0.5\n")
    files = ("out/model.pkl", "--params", "params.yaml", "--metrics", "metrics.yml")

    ready.mlv("model", "add", "clf", "v0.1.0", *files, "-m", "Add")

    told = json.loads(ready.read("models/clf/v0.1.0/params.json"))
    assert told == {"lr": 0.1, "optimizer": {"name": "adam"}, "version": 3.1}
    assert json.loads(ready.read("models/clf/v0.1.0/metrics.json")) == {"f1": 0.5}
    assert "nothing to do" in ready.mlv("model", "add", "clf", "v0.1.0", *files).out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("lr=0.1", "hint: a file is meant: JSON such as"),
        ("params.txt", "hint: YAML is read from a .yaml or .yml file"),
        ("twice.yaml", "twice.yaml:2: $.lr: the key 'lr' stands twice (first on line 1)"),
        ("list.yaml", "list.yaml holds no object"),
    ],
)
def test_what_are_no_parameters_is_said_with_what_is(ready: Sandbox, given: str, said: str) -> None:
    ready.write("out/model.pkl", "weights")
    ready.write("params.txt", "lr: 0.1\n")
    ready.write("twice.yaml", "lr: 0.1\nlr: 0.2\n")
    ready.write("list.yaml", "- 1\n")

    ran = ready.mlv("model", "add", "clf", "v0.1.0", "out/model.pkl", "--params", given, check=False)

    assert ran.status in (1, 2)
    assert said in ran.err


def test_the_way_to_rewrite_history_can_be_typed_whatever_the_files_are_called(ready: Sandbox) -> None:
    ready.write("in/ä b.csv", "secret\n")
    ready.mlv("snapshot", "create", "s", "v0.1", "in", "--storage", "git", "-m", "Freeze")

    said = ready.mlv("retire", "s@v0.1", "--reason", "x").out

    command = said.partition("git filter-repo ")[2].partition(" rewrites it")[0]
    words = ready.run("sh", "-c", f"printf '%s\\n' {command}").out.splitlines()
    assert words == ["--invert-paths", "--path", "data/snapshots/s_v0.1/ä b.csv"]
