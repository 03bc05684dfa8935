"""A snapshot that goes on from a store-kept one: nothing is read, stored or sent but what is new."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.e2e.conftest import Team

NEW = "data/snapshots/logs_v0.2"
ADD = ("snapshot", "create", "logs", "v0.2", "--base", "logs@v0.1", "--add", "more/c.csv")


@pytest.fixture
def ada(team: Team) -> Sandbox:
    """Who has a store-kept snapshot of two files, pushed."""
    ada = team.ada
    ada.mlv("remote", "add", "shelf", str(team.playground.folder / "shelf"), "-m", "Name a remote")
    ada.write("raw/a.csv", "a\n" * 100_000)
    ada.write("raw/deep/b.csv", "b\n" * 10)
    ada.mlv("snapshot", "create", "logs", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    ada.mlv("push")
    ada.write("more/c.csv", "c\n" * 70_000)
    return ada


def files_of(repo: Sandbox, version: str) -> dict[str, str]:
    manifest = json.loads(repo.read(f"data/snapshots/logs_{version}.manifest.json"))
    return {each["path"]: each["sha256"] for each in manifest["files"]}


def unreadable(folder: Path) -> None:
    """Leave nothing of the files there but their names and sizes, so that whoever reads them has other bytes."""
    for path in folder.rglob("*"):
        if path.is_file():
            info = path.stat()
            path.chmod(0o644)
            path.write_bytes(b"\0" * info.st_size)
            path.chmod(info.st_mode & 0o777)
            os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def test_what_was_frozen_before_is_not_read(ada: Sandbox) -> None:
    before = files_of(ada, "v0.1")
    unreadable(ada / "data/snapshots/logs_v0.1")
    unreadable(ada / ".git/mlv/objects/sha256")

    said = ada.mlv(*ADD).said

    after = files_of(ada, "v0.2")
    prefix = "data/snapshots/logs_"
    assert {path.replace("v0.2", "v0.1") for path in after} == {*before, f"{prefix}v0.1/c.csv"}
    assert all(after[path.replace("v0.1", "v0.2")] == sha256 for path, sha256 in before.items())
    assert "git mlv pull logs@v0.2" in said


def test_it_is_committed_pushed_pulled_and_whole(ada: Sandbox, team: Team) -> None:
    ada.mlv(*ADD, "-m", "Go on")
    assert not (ada / NEW).exists()
    ada.git("commit", "-q", "--allow-empty", "-m", "No finding")
    assert "no findings" in ada.mlv("check", "--all").said
    ada.mlv("push")

    ada.mlv("pull", "logs@v0.2")
    team.bob.git("pull", "-q")
    team.bob.mlv("pull", "logs@v0.2")

    for repo in (ada, team.bob):
        assert repo.read(f"{NEW}/a.csv") == b"a\n" * 100_000
        assert repo.read(f"{NEW}/deep/b.csv") == b"b\n" * 10
        assert repo.read(f"{NEW}/c.csv") == b"c\n" * 70_000
        repo.mlv("verify", "logs@v0.2")


def test_a_clone_without_the_bytes_asks_the_remote_and_goes_on(ada: Sandbox, team: Team) -> None:
    bob = team.bob
    bob.git("pull", "-q")
    bob.write("more/c.csv", "bob's")
    bob.mlv(*ADD, "-m", "Go on")
    assert not (bob / "data/snapshots/logs_v0.1").exists()
    bob.mlv("push")
    ada.git("pull", "-q")
    ada.mlv("pull", "logs@v0.2")
    assert ada.read(f"{NEW}/c.csv") == b"bob's"
    assert ada.read(f"{NEW}/a.csv") == b"a\n" * 100_000


def test_bytes_that_no_remote_has_either_are_named(ada: Sandbox, team: Team) -> None:
    bob = team.bob
    bob.git("pull", "-q")
    bob.write("more/c.csv", "bob's")
    for path in (team.playground.folder / "shelf/sha256").rglob("*"):
        if path.is_file():
            path.unlink()

    refused = bob.mlv(*ADD, check=False)

    assert refused.status != 0
    assert "lacks the bytes of" in refused.said
    assert not (bob / "data/snapshots/logs_v0.2.manifest.json").exists()


def test_files_are_taken_out_and_replaced(ada: Sandbox) -> None:
    ada.write("more/a.csv", "another a\n")
    ada.mlv(*ADD, "--add", "more/a.csv", "--remove", "deep/b.csv")

    after = files_of(ada, "v0.2")

    assert set(after) == {f"{NEW}/a.csv", f"{NEW}/c.csv"}
    assert after[f"{NEW}/a.csv"] != files_of(ada, "v0.1")["data/snapshots/logs_v0.1/a.csv"]


def test_the_same_again_says_so_and_other_files_under_its_number_are_refused(ada: Sandbox) -> None:
    ada.mlv(*ADD, "-m", "Go on")
    assert "frozen already" in ada.mlv(*ADD).said

    ada.write("more/c.csv", "other")
    refused = ada.mlv(*ADD, check=False)

    assert refused.status != 0
    assert "frozen with other bytes" in refused.said


def test_nothing_left_and_names_that_it_has_not_are_errors(ada: Sandbox) -> None:
    base = ("snapshot", "create", "logs", "v0.2", "--base", "logs@v0.1")
    assert "has no file x.csv" in ada.mlv(*base, "--remove", "x.csv", check=False).said
    assert "nothing of logs@v0.1" in ada.mlv(*base, "--remove", "a.csv", "--remove", "deep/b.csv", check=False).said


def test_a_version_in_git_stands_whole_as_git_keeps_it(ada: Sandbox) -> None:
    ada.mlv("snapshot", "create", "logs", "v0.3", "raw", "--storage", "git", "-m", "In Git")
    ada.mlv("snapshot", "create", "logs", "v0.4", "--base", "logs@v0.3", "--add", "more/c.csv", "--storage", "git")
    assert ada.read("data/snapshots/logs_v0.4/a.csv") == b"a\n" * 100_000
    assert ada.read("data/snapshots/logs_v0.4/c.csv") == b"c\n" * 70_000
