"""`git mlv status`, from the first command to the last: each state ends with the step that helps most."""

import json
import os
import shlex

import pytest

from tests.conftest import Sandbox


def step(repo: Sandbox) -> str:
    """Return the command that the last line of the status says to type."""
    last = repo.mlv("status").out.splitlines()[-1]
    return last.removeprefix("next: ").partition("   (")[0]


def follow(repo: Sandbox, command: str) -> None:
    """Type what the status said."""
    repo.run("sh", "-c", command)


def test_following_the_steps_leads_from_an_empty_repository_to_a_pushed_release(repo: Sandbox) -> None:
    server = repo.playground.server()
    repo.git("remote", "add", "origin", str(server.path))

    assert step(repo) == "git mlv init"
    follow(repo, step(repo))
    assert step(repo) == "git commit -m 'Set up mlvgit'"
    follow(repo, step(repo))
    assert step(repo) == "git mlv push"
    follow(repo, step(repo))
    assert step(repo) == "git mlv snapshot create DATASET v0.1 FILE_OR_FOLDER"

    repo.write("data/snapshots/iris_v0.1/iris.csv", "a,b\n1,2\n")
    assert step(repo) == "git mlv snapshot create iris v0.1"
    follow(repo, step(repo))
    assert step(repo) == "git commit -m 'Freeze iris@v0.1'"
    follow(repo, step(repo))

    repo.write("models/clf/v0.1.0/model.pkl", "weights")
    assert step(repo) == "git mlv model add clf v0.1.0"
    follow(repo, step(repo))
    assert step(repo) == "git commit -m 'Add clf@v0.1.0'"
    follow(repo, step(repo))
    assert step(repo) == "git mlv tag-model clf v0.1.0"
    follow(repo, step(repo))
    assert step(repo) == "git mlv promote clf v0.1.0 production"
    follow(repo, step(repo))
    assert step(repo) == "git mlv push"
    follow(repo, step(repo))
    assert step(repo) == "nothing to do"


def test_a_new_version_in_dev_is_to_be_tagged_then_promoted(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.commit("Set up")
    for version in ("v0.1.0", "v0.2.0"):
        repo.write("out/model.pkl", version)
        repo.mlv("model", "add", "clf", version, "out/model.pkl", "-m", version)
        assert step(repo) == f"git mlv tag-model clf {version}"
        repo.mlv("tag-model", "clf", version)
        assert step(repo) == f"git mlv promote clf {version} production"
        repo.mlv("promote", "clf", version, "production")

    repo.mlv("rollback", "clf")
    assert not step(repo).startswith("git mlv promote")


def test_a_clone_is_to_be_guarded_first(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.commit("Set up")

    assert step(repo.clone()) == "git mlv install"


def test_what_is_wrong_comes_before_what_is_new(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.write("raw/a.csv", "x\n1\n")
    repo.mlv("snapshot", "create", "iris", "v0.1", "raw")
    repo.commit("Freeze")
    os.chmod(repo / "data/snapshots/iris_v0.1/a.csv", 0o644)
    repo.write("data/snapshots/iris_v0.1/a.csv", "x\n2\n")
    repo.write("data/snapshots/wine_v0.1/a.csv", "x\n2\n")

    assert step(repo) == "git mlv check"


def test_files_that_were_unstaged_are_to_be_staged_again(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.commit("Set up")
    repo.write("raw/a.csv", "x\n1\n")
    repo.mlv("snapshot", "create", "iris", "v0.1", "raw")
    repo.git("reset", "-q")

    command = step(repo)

    paths = ["data/snapshots/iris_v0.1", "data/snapshots/iris_v0.1.manifest.json"]
    assert shlex.split(command)[:4] == ["git", "add", *paths]
    follow(repo, command)
    assert repo.git("status", "--porcelain", "data").out == ""


def test_a_conflicted_registry_is_to_be_repaired(repo: Sandbox) -> None:
    repo.mlv("init", "--no-hooks")
    for version in ("v0.1.0", "v0.2.0"):
        repo.write("out/model.pkl", version)
        repo.mlv("model", "add", "clf", version, "out/model.pkl")
    repo.commit("Add")
    for branch, version in (("one", "v0.1.0"), ("two", "v0.2.0")):
        repo.checkout("main").branch(branch)
        registry = {"name": "clf", "versions": [{"version": version, "stage": "production"}]}
        repo.write("models/clf/registry.json", json.dumps(registry))
        repo.commit(branch)
    repo.git("merge", "-q", "one", check=False)

    said = repo.mlv("status").out

    assert "in conflict: models/clf/registry.json" in said
    assert "in the middle of a merge" in said
    assert step(repo) == "git mlv merge --repair"


def test_a_server_is_to_be_guarded_and_then_has_nothing_to_do(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.commit("Set up")
    server = repo.server()

    assert step(server) == "git mlv install --server"
    server.mlv("install", "--server")
    assert step(server) == "nothing to do"


def test_the_screen_begins_with_what_serves_and_fits(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.commit("Set up")
    for number in range(12):
        repo.write("raw/a.csv", f"x\n{number}\n")
        repo.mlv("snapshot", "create", f"set{number}", "v0.1", "raw")

    lines = repo.mlv("status").out.splitlines()

    assert lines[0].startswith("serves")
    assert lines[-1].startswith("next: ")
    assert len(lines) <= 24


def test_the_json_has_the_same_answers(repo: Sandbox) -> None:
    repo.mlv("init")
    found = json.loads(repo.mlv("status", "--json").out)

    assert found["next"]["command"] == "git commit -m 'Set up mlvgit'"
    assert found["staged"] == ["mlv.yaml"]
    assert found["guards"]["pre-commit"] == "active"


def test_names_from_outside_cannot_drive_the_terminal(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.write("data/snapshots/iris_v0.1/\x1b[31m.csv", "x")

    assert "\x1b" not in repo.mlv("status").said


@pytest.mark.parametrize("command", [["status"], ["status", "--json"]])
def test_outside_a_repository_it_says_so(repo: Sandbox, command: list[str]) -> None:
    ran = repo.mlv(*command, check=False, cwd=repo.playground.folder)

    assert ran.status == 3
    assert "not in a Git repository" in ran.err
