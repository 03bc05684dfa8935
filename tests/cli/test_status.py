"""`git mlv status`, from the first command to the last: each state ends with the step that helps most."""

import hashlib
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
    assert step(repo) == "git mlv push"
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


@pytest.fixture
def shared(repo: Sandbox) -> Sandbox:
    """A clone, guarded, of a repository with clf v0.1.0 in production; `origin` is bare."""
    repo.mlv("init")
    repo.commit("Set up")
    server = repo.server()
    repo.write("out/model.pkl", "weights")
    repo.mlv("model", "add", "clf", "v0.1.0", "out/model.pkl", "-m", "Add")
    repo.mlv("promote", "clf", "v0.1.0", "production", "--tag")
    repo.run("rm", "-r", "out")
    repo.mlv("push")
    clone = server.clone()
    clone.mlv("install")
    return clone


def go_on(repo: Sandbox, *names: str) -> None:
    """Make a commit for each name."""
    for name in names:
        repo.write(f"notes/{name}.txt", name)
        repo.commit(name)


def test_a_branch_that_is_behind_is_to_be_pulled(repo: Sandbox, shared: Sandbox) -> None:
    go_on(repo, "one", "two", "three")
    repo.mlv("push")
    assert step(shared) == "nothing to do"  # nobody was asked
    shared.git("fetch", "-q")

    said = shared.mlv("status").out
    found = json.loads(shared.mlv("status", "--json").out)

    assert "on main, 3 commits behind origin/main" in said
    assert (found["upstream"]["ahead"], found["upstream"]["behind"]) == (0, 3)
    assert step(shared) == "git pull"
    follow(shared, step(shared))
    assert step(shared) == "nothing to do"


def test_a_branch_that_went_another_way_is_to_be_rebased_then_pushed(repo: Sandbox, shared: Sandbox) -> None:
    go_on(repo, "one", "two")
    repo.mlv("push")
    go_on(shared, "three")
    assert step(shared) == "git mlv push"
    shared.git("fetch", "-q")

    assert "on main, 1 ahead, 2 behind origin/main" in shared.mlv("status").out
    assert step(shared) == "git pull --rebase"
    follow(shared, step(shared))
    assert "1 commit ahead of origin/main" in shared.mlv("status").out
    follow(shared, step(shared))
    assert step(shared) == "nothing to do"


def test_a_branch_that_git_follows_nowhere_is_pulled_by_its_name(repo: Sandbox, shared: Sandbox) -> None:
    go_on(shared, "one")
    shared.mlv("push")
    repo.git("fetch", "-q")

    assert step(repo) == "git pull origin main"
    follow(repo, step(repo))
    assert step(repo) == "nothing to do"


def test_unpushed_commits_come_before_the_tag_of_a_version_in_dev(shared: Sandbox) -> None:
    shared.write("out/model.pkl", "better")
    shared.mlv("model", "add", "clf", "v0.2.0", "out/model.pkl", "-m", "Add")

    assert step(shared) == "git mlv push"
    follow(shared, step(shared))
    assert step(shared) == "git mlv tag-model clf v0.2.0"


def test_a_registry_edited_by_hand_is_told_and_not_taken_for_fact(shared: Sandbox) -> None:
    path = "models/clf/registry.json"
    shared.write(path, shared.read(path).replace(b'"production"', b'"archived"'))

    said = shared.mlv("status").out
    found = json.loads(shared.mlv("status", "--json").out)

    assert f"edited, not staged: {path}" in said
    assert "clf@v0.1.0  archived (in HEAD production), tagged" in said
    assert step(shared) == f"git diff -- {path}"
    assert "git restore takes it back" in said
    assert found["edited"] == [path]
    assert [(each["stage"], each["committed_stage"]) for each in found["newest"]] == [("archived", "production")]

    shared.git("add", path)
    assert json.loads(shared.mlv("status", "--json").out)["edited"] == []
    shared.git("restore", "--staged", "--worktree", path)
    assert step(shared) == "nothing to do"


@pytest.mark.parametrize("data", ["longer than it was", None])
def test_what_was_falsified_past_the_hooks_is_told_before_it_is_tagged(shared: Sandbox, data: str | None) -> None:
    model = shared.write("out/model.pkl", "better")
    shared.mlv("model", "add", "clf", "v0.2.0", model, "-m", "Add")
    frozen = shared / "models/clf/v0.2.0/model.pkl"
    os.chmod(frozen, 0o644)
    frozen.write_text(data) if data else frozen.unlink()
    shared.commit("Falsify", "--no-verify")

    assert "not as it was frozen" in shared.mlv("status").out
    assert step(shared) == "git mlv verify clf@v0.2.0"

    shared.mlv("restore", "clf@v0.2.0")
    assert step(shared).startswith("git commit -m ")
    follow(shared, step(shared))
    assert step(shared) == "git mlv push"


def test_a_falsification_of_the_same_size_is_told_once_its_bytes_were_hashed(shared: Sandbox) -> None:
    shared.write("out/model.pkl", "better")
    shared.mlv("model", "add", "clf", "v0.2.0", "out/model.pkl", "-m", "Add")
    os.chmod(shared / "models/clf/v0.2.0/model.pkl", 0o644)
    shared.write("models/clf/v0.2.0/model.pkl", "BETTER")
    shared.commit("Falsify", "--no-verify")

    shared.mlv("check", "--all", check=False)

    assert step(shared) == "git mlv verify clf@v0.2.0"


def test_a_file_that_git_holds_as_a_pointer_is_no_falsification(shared: Sandbox) -> None:
    shared.write("out/model.pkl", "better")
    shared.mlv("model", "add", "clf", "v0.2.0", "out/model.pkl", "-m", "Add")
    shared.remove("out/model.pkl")
    os.chmod(shared / "models/clf/v0.2.0/model.pkl", 0o644)
    named = f"oid sha256:{hashlib.sha256(b'better').hexdigest()}\nsize 6\n"
    shared.write("models/clf/v0.2.0/model.pkl", "version https://git-lfs.github.com/spec/v1\n" + named)
    shared.commit("To Git LFS", "--no-verify")

    assert "not as it was frozen" not in shared.mlv("status").out


STAGED = {
    "a remote": ("Name the remote shelf", ["remote", "add", "shelf", "../shelf"]),
    "a record": ("Record the run of clf@v0.1.0", ["record", "clf", "v0.1.0", "--data", "iris@v0.1"]),
    "a comment": ("Comment on clf@v0.1.0", ["comment", "clf@v0.1.0", "Tuesday was bad"]),
    "a discard": ("Discard iris@v0.2", ["discard", "iris@v0.2"]),
    "a renumbering": ("Renumber iris@v0.2 to v0.3", ["renumber", "iris@v0.2", "v0.3"]),
    "a stage": ("Promote clf v0.1.0 to staging", ["promote", "clf", "v0.1.0", "staging", "--no-commit"]),
    "a retirement": ("Retire iris@v0.1", ["retire", "iris@v0.1", "--reason", "Consent withdrawn", "--yes"]),
    "a snapshot": ("Freeze wine@v0.1", ["snapshot", "create", "wine", "v0.1", "raw/wine.csv"]),
}


@pytest.mark.parametrize(("title", "command"), STAGED.values(), ids=STAGED)
def test_the_commit_is_called_what_the_command_that_staged_it_calls_it(
    shared: Sandbox, title: str, command: list[str]
) -> None:
    shared.write("raw/iris.csv", "a\n1\n")
    shared.mlv("snapshot", "create", "iris", "v0.1", "raw/iris.csv", "-m", "Freeze")
    shared.write("raw/iris.csv", "a\n2\n")
    shared.mlv("snapshot", "create", "iris", "v0.2", "raw/iris.csv", "-m", "Freeze")
    shared.write("raw/wine.csv", "a\n3\n")

    said = shared.mlv(*command, check=False).out

    assert step(shared) == f"git commit -m {shlex.quote(title)}"
    if "--no-commit" not in command:
        assert f'next: git commit -m "{title}"' in said


def test_several_staged_things_are_named_together(shared: Sandbox) -> None:
    shared.mlv("comment", "clf@v0.1.0", "Tuesday was bad")
    shared.mlv("promote", "clf", "v0.1.0", "archived", "--no-commit")
    shared.write("raw/a.csv", "a\n1\n")
    shared.mlv("snapshot", "create", "iris", "v0.1", "raw/a.csv")
    shared.mlv("snapshot", "create", "wine", "v0.1", "raw/a.csv")

    assert step(shared) == (
        "git commit -m 'Freeze iris@v0.1, wine@v0.1, comment on clf@v0.1.0, promote clf v0.1.0 to archived'"
    )


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


def test_what_was_retired_in_part_and_whole_is_said_to_be_and_not_to_be_pulled(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.commit("Set up")
    repo.server()
    repo.mlv("remote", "add", "shelf", str(repo.playground.folder / "shelf"), "-m", "Name a remote")
    repo.write("raw/a.bin", b"a" * 300)
    repo.write("raw/b.bin", b"b" * 300)
    repo.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", "-m", "Freeze scans")
    repo.mlv("model", "add", "clf", "v0.1.0", "raw/a.bin", "--storage", "store", "-m", "Add clf")
    repo.mlv("retire", "scans@v0.1", "a.bin", "--reason", "Consent", "--yes", "-m", "Retire a file")
    assert ", 1 file retired" in repo.mlv("status").out
    assert "300 B, retired" in repo.mlv("model", "list").out
    repo.mlv("retire", "scans@v0.1", "--reason", "Consent", "--yes", "-m", "Retire scans")
    repo.mlv("push")
    repo.run("rm", "-r", "raw")

    said = repo.mlv("status").out

    assert ", retired" in said
    assert "not here" not in said
    assert "git mlv pull" not in said


def test_a_store_kept_file_that_was_altered_is_what_check_finds_too(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.commit("Set up")
    repo.write("raw.bin", b"a" * 300)
    repo.mlv("snapshot", "create", "scans", "v0.1", "raw.bin", "--storage", "store", "-m", "Freeze scans")
    repo.remove("raw.bin")
    path = repo / "data/snapshots/scans_v0.1/raw.bin"
    path.chmod(0o644)
    path.write_bytes(b"other")

    assert step(repo) == "git mlv check"
    checked = repo.mlv("check", check=False)

    assert checked.status == 1
    assert "MLV103" in checked.said
