"""Letting go of bytes: only what a remote proves to hold, and a pull brings every byte back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import Playground, Sandbox

OLD = b"old" * 5000
NEW = b"new" * 7000
BOTH = b"both" * 3000


def folder(version: str) -> str:
    return f"data/snapshots/scans_{version}"


def object_in(place: Path, data: bytes) -> Path:
    name = hashlib.sha256(data).hexdigest()
    return place / "sha256" / name[:2] / name[2:]


class Lab(Sandbox):
    """A guarded clone with `scans` v0.1 (OLD, BOTH) and v0.2 (NEW, BOTH), pushed; a shelf keeps the bytes."""

    @property
    def shelf(self) -> Path:
        return self.playground.folder / "shelf"

    @property
    def store(self) -> Path:
        return self.path / ".git/mlv/objects"

    def freeze(self, version: str, **files: bytes) -> None:
        for name, data in files.items():
            self.write(f"raw/{name}.bin", data)
        self.mlv("snapshot", "create", "scans", version, "raw", "--storage", "store", "-m", f"Freeze {version}")
        shutil.rmtree(self / "raw")

    def has(self, *contents: bytes) -> list[bool]:
        return [object_in(self.store, data).exists() for data in contents]

    def drop(self, *args: str, status: int = 0) -> dict:
        ran = self.mlv("drop", *args, "--json", check=False)
        assert ran.status == status, ran.said
        return json.loads(ran.out)

    def code_commits(self) -> None:
        """A commit of code passes the guard: nothing that was let go of is a finding."""
        self.write("code.py", os.urandom(4).hex())
        self.git("add", "code.py")
        self.git("commit", "-qm", "Code")


@pytest.fixture
def lab(playground: Playground) -> Lab:
    lab = Lab(playground, playground.init("lab").path)
    lab.mlv("init")
    lab.write("mlv.yaml", f"remotes:\n  shelf: {{url: {lab.shelf}}}\n")
    lab.git("add", "--all")
    lab.git("commit", "-qm", "Set up")
    lab.server()
    lab.freeze("v0.1", one=OLD, same=BOTH)
    lab.freeze("v0.2", one=NEW, same=BOTH)
    lab.push("origin", "main")
    return lab


def test_what_is_dropped_frees_its_bytes_and_comes_back_whole(lab: Lab) -> None:
    said = lab.mlv("drop", "scans@v0.1").said

    assert "shelf has the bytes; they come back with: git mlv pull scans@v0.1" in said
    assert not (lab / folder("v0.1")).exists()
    assert lab.has(OLD, NEW) == [False, True]
    assert lab.read(f"{folder('v0.2')}/one.bin") == NEW
    assert lab.git("status", "--porcelain").out == ""
    lab.code_commits()
    lab.mlv("fsck")
    assert "nothing to do" in lab.mlv("drop", "scans@v0.1").said
    lab.mlv("pull", "scans@v0.1")
    assert lab.read(f"{folder('v0.1')}/one.bin") == OLD
    lab.mlv("verify", "scans@v0.1")
    lab.code_commits()


def test_an_object_that_a_kept_version_needs_stays_in_the_store(lab: Lab) -> None:
    done = lab.drop("scans@v0.1")

    assert (done["objects"], done["files"], done["store_bytes"]) == (1, 2, len(OLD))
    assert lab.has(OLD, BOTH) == [False, True]
    assert lab.drop("scans@v0.1", "scans@v0.2")["objects"] == 2
    assert lab.has(OLD, NEW, BOTH) == [False, False, False]


def test_a_dry_run_removes_nothing(lab: Lab) -> None:
    done = lab.drop("--keep-newest", "1", "-n")

    assert done["dropped"] == ["scans@v0.1"]
    assert lab.has(OLD, NEW, BOTH) == [True, True, True]
    assert lab.read(f"{folder('v0.1')}/one.bin") == OLD


def test_the_newest_stay_and_age_is_what_the_manifest_says(lab: Lab) -> None:
    assert lab.drop("--older-than", "1d")["dropped"] == []
    assert lab.drop("--keep-newest", "2")["dropped"] == []
    assert lab.drop("scans", "--keep-newest", "1")["dropped"] == ["scans@v0.1"]
    assert lab.read(f"{folder('v0.2')}/one.bin") == NEW
    assert lab.mlv("drop", "--older-than", "soon", check=False).status == 2


def test_without_a_word_it_shows_what_could_be_freed_and_removes_nothing(lab: Lab) -> None:
    refused = lab.mlv("drop", check=False)

    assert refused.status == 2
    assert "git mlv drop --keep-newest 1" in refused.said
    assert "scans@v0.1" in refused.said
    assert lab.has(OLD, NEW, BOTH) == [True, True, True]
    shelf = lab.shelf.rename(lab.shelf.with_name("away"))  # status asks no remote
    assert "up to" in lab.mlv("status").out
    assert json.loads(lab.mlv("status", "--json").out)["freeable_bytes"] > len(OLD)
    shelf.rename(lab.shelf)
    lab.drop("--keep-newest", "1")
    assert "up to" not in lab.mlv("status").out


@pytest.mark.parametrize("missing", ["object", "size", "remote", "unreachable"])
def test_what_the_remote_does_not_prove_to_hold_stays(lab: Lab, missing: str) -> None:
    there = object_in(lab.shelf, OLD)
    if missing == "object":
        there.unlink()
    elif missing == "size":
        there.chmod(0o644)
        there.write_bytes(OLD[:-1])
    elif missing == "remote":
        lab.write("mlv.yaml", "limits: {}\n")
    else:
        shutil.rmtree(lab.shelf)
        lab.shelf.write_bytes(b"")

    done = lab.drop("scans@v0.1", status=4 if missing == "unreachable" else 1)

    assert done["dropped"] == []
    assert ("Not a directory" in done["kept"][0]["reason"]) == (missing == "unreachable")  # why it does not say
    assert lab.has(OLD, BOTH) == [True, True]
    assert lab.read(f"{folder('v0.1')}/one.bin") == OLD


def test_wrong_bytes_of_the_right_size_are_found_by_verifying(lab: Lab) -> None:
    there = object_in(lab.shelf, OLD)
    there.chmod(0o644)
    there.write_bytes(b"!" + OLD[1:])

    done = lab.drop("scans@v0.1", "--verify", status=1)

    assert "gives other bytes" in done["kept"][0]["reason"]
    assert lab.has(OLD, BOTH) == [True, True]
    there.write_bytes(OLD)
    assert lab.drop("scans@v0.1", "--verify")["dropped"] == ["scans@v0.1"]


def test_what_is_not_pushed_stays_although_the_remote_has_its_bytes(lab: Lab) -> None:
    lab.freeze("v0.3", one=OLD)

    done = lab.drop("scans@v0.3", status=1)

    assert "git mlv push" in done["kept"][0]["reason"]
    assert lab.read(f"{folder('v0.3')}/one.bin") == OLD
    lab.drop("scans@v0.1")
    assert lab.has(OLD) == [True]  # what is not pushed needs it


@pytest.mark.parametrize("how", ["altered", "extra", "link"])
def test_what_the_user_changed_is_never_removed(lab: Lab, how: str) -> None:
    file = lab / folder("v0.1") / "one.bin"
    if how == "altered":
        file.chmod(0o644)
        file.write_bytes(b"!" + OLD[1:])
        os.utime(file, ns=(file.stat().st_atime_ns, 1))
    elif how == "extra":
        (file.parent / "mine.txt").write_bytes(b"mine")
    else:
        file.unlink()
        (lab / "elsewhere").write_bytes(OLD)
        file.symlink_to(lab / "elsewhere")

    done = lab.drop("scans@v0.1", status=1)

    assert done["dropped"] == []
    assert file.exists()
    assert lab.has(OLD) == [True]
    assert how != "extra" or (file.parent / "mine.txt").read_bytes() == b"mine"


def test_an_alteration_of_another_version_is_still_seen_after_a_drop(lab: Lab) -> None:
    file = lab / folder("v0.2") / "one.bin"
    file.chmod(0o644)
    file.write_bytes(b"!" + NEW[1:])

    lab.drop("scans@v0.1")

    lab.write("code.py", "print()\n")
    lab.git("add", "code.py")
    refused = lab.git("commit", "-qm", "Code", check=False)
    assert refused.status != 0
    assert "MLV103" in refused.said


def test_a_worktree_keeps_the_objects_of_what_it_holds(lab: Lab) -> None:
    lab.git("worktree", "add", "-q", "../other", "HEAD")
    other = Sandbox(lab.playground, lab.playground.folder / "other")
    other.mlv("pull", "scans@v0.1")

    lab.drop("scans@v0.1")

    assert lab.has(OLD, BOTH) == [True, True]
    assert other.read(f"{folder('v0.1')}/one.bin") == OLD
    assert not (lab / folder("v0.1")).exists()
    (other / f"{folder('v0.2')}.manifest.json").write_bytes(b"{")
    other.mlv("drop", "scans@v0.1")
    assert lab.has(OLD) == [False]


def test_a_worktree_that_cannot_say_what_it_needs_refuses_it(lab: Lab) -> None:
    lab.git("worktree", "add", "-q", "../other", "HEAD")
    other = Sandbox(lab.playground, lab.playground.folder / "other")
    other.mlv("pull", "scans@v0.1")
    (other / f"{folder('v0.1')}.manifest.json").write_bytes(b"{")

    refused = lab.mlv("drop", "scans@v0.2", check=False)

    assert refused.status == 1
    assert "git worktree prune" in refused.said
    assert lab.has(OLD, NEW, BOTH) == [True, True, True]


def test_other_repositories_keep_the_objects_of_a_shared_store(lab: Lab) -> None:
    shared = lab.playground.folder / "shared"
    lab.git("config", "mlv.store", str(shared))
    lab.mlv("fsck")
    other = lab.clone("other")
    other.git("config", "mlv.store", str(shared))
    other.mlv("pull", "--all")

    done = lab.drop("scans@v0.1")

    assert (done["objects"], done["files"]) == (0, 2)
    assert object_in(shared, OLD).exists()


def test_what_serves_is_let_go_of_only_by_name_and_its_metrics_stay(lab: Lab) -> None:
    for version in ("v0.1.0", "v0.2.0"):
        lab.write("out/model.pkl", version.encode() * 5000)
        lab.write("out/metrics.json", '{"f1": 0.9}\n')
        files = ("out/model.pkl", "--metrics", "out/metrics.json", "--storage", "store")
        lab.mlv("model", "add", "clf", version, *files, "-m", "Add")
    lab.mlv("promote", "clf", "v0.1.0", "production", "--tag", "-m", "first")
    lab.mlv("push")

    assert "clf@v0.1.0" not in lab.drop("--keep-newest", "0")["dropped"]
    assert lab.drop("clf@v0.1.0")["dropped"] == ["clf@v0.1.0"]
    assert os.listdir(lab / "models/clf/v0.1.0") == ["metrics.json"]
    assert lab.git("status", "--porcelain").out.split() == ["??", "out/"]
    lab.code_commits()
    assert Path(lab.mlv("resolve", "clf@production", "model.pkl").out.strip()).read_bytes() == b"v0.1.0" * 5000


def test_what_was_dropped_before_keeps_nothing_of_what_is_dropped_now(lab: Lab) -> None:
    lab.drop("scans@v0.1")
    assert lab.has(OLD, NEW, BOTH) == [False, True, True]
    lab.drop("scans@v0.2")
    assert lab.has(OLD, NEW, BOTH) == [False, False, False]
    lab.code_commits()
    lab.mlv("pull", "--all")
    lab.mlv("verify")
