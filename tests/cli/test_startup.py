"""What a reading command loads and asks of Git: no more than it needs, so that it starts at once."""

from __future__ import annotations

import sys

import pytest

from tests.conftest import ROOT, Sandbox

HEAVY = {
    "yaml",
    "git",
    "jsonschema",
    "rich",
    "concurrent.futures",
    "asyncio",
    "subprocess",
    "tempfile",
    "shutil",
    "urllib.request",
    "mlvgit.actions.freeze",
    "mlvgit.actions.guards",
    "mlvgit.actions.stages",
    "mlvgit.hooks.entry",
    "mlvgit.records.run",
    "mlvgit.rules.engine",
    "mlvgit.rules.model",
    "mlvgit.rules.table",
    "mlvgit.store.forked",
    "mlvgit.store.lock",
}
LOADED = """
import sys
sys.path.insert(0, {root!r})
from mlvgit.cli.main import main
status = main(sys.argv[1:])
print("loaded:", *sorted(sys.modules))
sys.exit(status)
"""


@pytest.fixture
def released(repo: Sandbox) -> Sandbox:
    """A repository with iris_clf v0.1.0 in production."""
    repo.mlv("init")
    repo.commit("Start")
    repo.write("model.pkl", "weights")
    repo.mlv("model", "add", "iris_clf", "v0.1.0", "model.pkl", "-m", "Add")
    repo.mlv("promote", "--tag", "iris_clf", "v0.1.0", "production")
    repo.remove("model.pkl")
    return repo


@pytest.mark.parametrize("command", [("resolve", "iris_clf@production", "model.pkl"), ("log", "iris_clf")])
def test_a_reading_command_loads_only_what_reading_needs(released: Sandbox, command: tuple[str, ...]) -> None:
    ran = released.run(sys.executable, "-c", LOADED.format(root=str(ROOT)), *command)

    loaded = set(ran.out.rpartition("loaded: ")[2].split())
    assert "mlvgit.actions.project" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("command", [("status",), ("hook", "pre-commit"), ("promote", "iris_clf", "v0.1.0", "staging")])
def test_no_command_pays_for_data_classes(released: Sandbox, command: tuple[str, ...]) -> None:
    released.write("notes.csv", "a\n")
    released.mlv("snapshot", "create", "notes", "v0.1", "notes.csv")

    ran = released.run(sys.executable, "-c", LOADED.format(root=str(ROOT)), *command)

    loaded = set(ran.out.rpartition("loaded: ")[2].split())
    assert "mlvgit.actions.project" in loaded
    assert loaded & {"dataclasses", "inspect"} == set()


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        (("resolve", "iris_clf@production"), ["cat-file", "config", "rev-parse"]),
        (("log", "iris_clf"), ["cat-file", "config", "log", "rev-parse"]),
    ],
)
def test_a_reading_command_asks_git_a_few_things_whatever_is_there(
    released: Sandbox, command: tuple[str, ...], wanted: list[str]
) -> None:
    for number in range(3):
        released.mlv("model", "add", "iris_clf", f"v0.{number}.1", "models/iris_clf/v0.1.0/model.pkl", "-m", "Add")

    trace = released.playground.folder / "trace"
    released.run("git-mlv", *command, GIT_TRACE=str(trace))

    asked = [line.split("built-in: git ")[1].split()[0] for line in trace.read_text().splitlines()]
    assert sorted(asked) == wanted
