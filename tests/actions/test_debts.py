"""What stands in history already is taken back by the command that `git mlv check --all` prints."""

import json
import shutil
from collections.abc import Callable

import pytest

from tests.conftest import Ran, Sandbox
from tests.e2e.world import CSV, FOLDER, MANIFEST, REGISTRY, append, commands, sneak, take

RUN = "runs/2026-01-01-iris-001.yaml"
SOUND_RUN = """run_id: 2026-01-01-iris-001
code_commit: 9f2e1c4
data_snapshot: iris_v0.1
params: {seed: 42}
env: {python: 3.10}
outputs: {model_version: v0.2.0}
"""


@pytest.fixture
def frozen(repo: Sandbox) -> Sandbox:
    """A snapshot and two model versions, the first in production; nothing is published."""
    repo.mlv("init", "--no-hooks")
    repo.write("raw/iris.csv", "a,b\n1,2\n")
    repo.write("raw/names.txt", "a and b\n")
    repo.mlv("snapshot", "create", "iris", "v0.1", "raw")
    for version in ("v0.1.0", "v0.2.0"):
        repo.write("raw/model.pkl", version)
        repo.mlv("model", "add", "iris_clf", version, "raw/model.pkl")
    shutil.rmtree(repo / "raw")
    write_registry(repo, "production", "archived")
    repo.write(RUN, SOUND_RUN)
    repo.commit("All that is right")
    return repo


def write_registry(repo: Sandbox, *stages: str) -> None:
    versions = [{"version": f"v0.{minor}.0", "stage": stage} for minor, stage in enumerate(stages, 1)]
    repo.write(REGISTRY, json.dumps({"name": "iris_clf", "versions": versions}))


def alter(repo: Sandbox) -> None:
    append(repo, CSV)


def delete(repo: Sandbox) -> None:
    repo.remove(CSV)


def put_beside(repo: Sandbox) -> None:
    repo.write(f"{FOLDER}/extra.txt", "x\n")


def leave_unfrozen(repo: Sandbox) -> None:
    repo.write("data/snapshots/wine_v0.1/wine.csv", "x\n")


def crowd(repo: Sandbox) -> None:
    write_registry(repo, "production", "production")


def break_registry(repo: Sandbox) -> None:
    repo.write(REGISTRY, "{")


def break_manifest(repo: Sandbox) -> None:
    repo.write(MANIFEST, "{")


def break_run(repo: Sandbox) -> None:
    repo.write(RUN, "run_id: 2026-01-01-iris-001\ncode_commit: [\n")


def add_a_large_file(repo: Sandbox) -> None:
    repo.write("models/iris_clf/notes.bin", b"\0" * (11 << 20))


def name_unsafely(repo: Sandbox) -> None:
    repo.write(f"{FOLDER}/NAMES.txt", "x\n")


DEBTS = [
    alter,
    delete,
    put_beside,
    leave_unfrozen,
    crowd,
    break_registry,
    break_manifest,
    break_run,
    add_a_large_file,
    name_unsafely,
]


def errors(ran: Ran) -> Ran:
    """Leave the warnings out of what was said: a run record of two lines has some."""
    return ran._replace(out=ran.said.partition("\nwarning ")[0], err="")


@pytest.mark.parametrize("debt", DEBTS, ids=lambda debt: debt.__name__)
def test_a_debt_is_taken_back_and_committed_by_the_printed_undo(
    frozen: Sandbox, debt: Callable[[Sandbox], None]
) -> None:
    debt(frozen)
    sneak(frozen)
    frozen.commit_files("Go on", code="1\n")

    listed = frozen.mlv("check", "--all", check=False)
    assert listed.status == 1, listed.said
    take(frozen, errors(listed), "undo it")

    assert frozen.mlv("check", "--all", check=False).status == 0, listed.said
    frozen.mlv("install")
    frozen.git("commit", "-qam", "Put it back")
    assert frozen.git("diff", "HEAD~3", "HEAD", "--", "data", "models", "runs").out == ""


def test_a_registry_that_was_never_right_is_not_taken_out_altogether(repo: Sandbox) -> None:
    repo.mlv("init", "--no-hooks")
    write_registry(repo, "production", "production")
    sneak(repo)

    listed = repo.mlv("check", "--all", check=False).said

    assert commands(listed, "undo it") == []
    assert "git mlv merge --repair --take iris_clf=v0.1.0" in listed


@pytest.mark.parametrize("everything", [(), ("--all",)], ids=["change", "all"])
@pytest.mark.parametrize("new", [leave_unfrozen, put_beside, add_a_large_file], ids=lambda new: new.__name__)
def test_what_git_does_not_have_is_moved_away_by_the_printed_undo(
    frozen: Sandbox, new: Callable[[Sandbox], None], everything: tuple[str, ...]
) -> None:
    new(frozen)

    refused = frozen.mlv("check", *everything, check=False)
    assert refused.status == 1, refused.said
    take(frozen, refused, "undo it")

    assert frozen.mlv("check", "--all").status == 0
    assert "??" in frozen.git("status", "--porcelain").out
