"""Hard links on request: the workspace takes no room, a write through a link is seen, and we never make one."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from mlvgit.errors import IntegrityError
from mlvgit.store.objects import ObjectStore
from mlvgit.store.scan import scan
from tests.conftest import Sandbox

DATA = b"pixels" * 50_000
FROZEN = "data/snapshots/scans_v0.1/raw.bin"
RISK = "destroys the store's copy too"


def object_of(folder: Path, data: bytes) -> Path:
    name = hashlib.sha256(data).hexdigest()
    return folder / "sha256" / name[:2] / name[2:]


@pytest.fixture
def shelf(repo: Sandbox) -> Path:
    return repo.playground.folder / "shelf"


@pytest.fixture
def linked(repo: Sandbox, shelf: Path) -> Sandbox:
    """A repository with guards and a remote of bytes, whose frozen file is the store's object."""
    repo.commit_files("Begin", note=b"x")
    repo.mlv("install")
    repo.write("mlv.yaml", f"remotes:\n  shelf: {{url: {shelf}}}\n")
    repo.commit("Name a remote of bytes")
    repo.config("mlv.link", "hard")
    repo.write("raw.bin", DATA)
    said = repo.mlv("snapshot", "create", "scans", "v0.1", "raw.bin", "--storage", "store", "-m", "Freeze scans").said
    assert "+0 B in the working directory" in said
    assert said.count(RISK) == 1
    return repo


def write_through(repo: Sandbox) -> None:
    (repo / FROZEN).chmod(0o644)
    with (repo / FROZEN).open("r+b") as file:
        file.write(b"!")


def test_the_frozen_file_is_the_object_and_read_only_and_the_risk_is_said_once(linked: Sandbox) -> None:
    placed = (linked / FROZEN).stat()

    assert os.path.samestat(placed, object_of(linked / ".git/mlv/objects", DATA).stat())
    assert placed.st_mode & 0o222 == 0
    linked.write("raw.bin", DATA[1:])
    said = linked.mlv("snapshot", "create", "scans", "v0.2", "raw.bin", "--storage", "store", "-m", "More").said
    assert RISK not in said
    assert RISK in linked.mlv("doctor", check=False).said


def test_a_write_through_a_link_is_refused_at_the_next_commit(linked: Sandbox) -> None:
    write_through(linked)
    linked.write("code.py", "print()\n")
    linked.git("add", "code.py")

    linked.assert_refused("commit", "-qm", "Code", because="MLV103")


def test_fsck_sees_a_write_through_a_link_and_heals_from_a_remote_alone(linked: Sandbox, shelf: Path) -> None:
    write_through(linked)

    broken = linked.mlv("fsck", check=False)

    assert broken.status == 1
    assert hashlib.sha256(DATA).hexdigest() in broken.said
    assert not object_of(linked / ".git/mlv/objects", DATA).exists()
    object_of(shelf, DATA).parent.mkdir(parents=True)
    object_of(shelf, DATA).write_bytes(DATA)
    linked.mlv("restore", "scans@v0.1")
    assert linked.read(FROZEN) == DATA


def test_restore_gives_a_new_file_and_keeps_the_altered_one_as_it_is(linked: Sandbox, shelf: Path) -> None:
    object_of(shelf, DATA).parent.mkdir(parents=True)
    object_of(shelf, DATA).write_bytes(DATA)
    os.link(linked / FROZEN, linked / "mine")
    write_through(linked)

    linked.mlv("restore", "scans@v0.1")

    assert linked.read(FROZEN) == DATA
    assert linked.read("mine") == b"!" + DATA[1:]
    assert object_of(linked / ".git/mlv/objects", DATA).read_bytes() == DATA


def test_replacing_a_version_leaves_the_object_of_the_old_one_alone(linked: Sandbox) -> None:
    linked.write("raw.bin", b"other" * 50_000)

    linked.mlv("snapshot", "create", "scans", "v0.1", "raw.bin", "--storage", "store", "--replace", "-m", "Again")

    assert linked.read(FROZEN) == b"other" * 50_000
    assert object_of(linked / ".git/mlv/objects", DATA).read_bytes() == DATA


def test_a_moved_source_is_object_and_frozen_file_at_once(linked: Sandbox) -> None:
    linked.write("more.bin", DATA[2:])
    inode = (linked / "more.bin").stat().st_ino

    linked.mlv("snapshot", "create", "more", "v0.1", "more.bin", "--storage", "store", "--move", "-m", "More")

    assert (linked / "data/snapshots/more_v0.1/more.bin").stat().st_ino == inode
    assert object_of(linked / ".git/mlv/objects", DATA[2:]).stat().st_ino == inode
    assert not (linked / "more.bin").exists()


def test_a_damaged_object_is_not_linked(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(DATA)
    store = ObjectStore(tmp_path / "objects", link=True)
    (digest,) = store.take(list(scan(tmp_path / "in")))
    store.path(digest).chmod(0o644)
    store.path(digest).write_bytes(b"!" + DATA[1:])

    with pytest.raises(IntegrityError):
        store.place(digest, tmp_path / "out", "a")

    assert not (tmp_path / "out" / "a").exists()
    assert not store.has(digest)


def test_a_program_is_copied_as_its_mode_is_not_the_objects(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(DATA)
    store = ObjectStore(tmp_path / "objects", link=True)
    (digest,) = store.take(list(scan(tmp_path / "in")))

    assert store.place(digest, tmp_path / "out", "a", mode=0o755) == len(DATA)
    assert store.place(digest, tmp_path / "out", "b") == 0

    assert (tmp_path / "out" / "a").stat().st_mode & 0o100
    assert not (tmp_path / "out" / "b").stat().st_mode & 0o100


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_an_object_of_another_user_is_copied(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(DATA)
    store = ObjectStore(tmp_path / "objects", link=True)
    (digest,) = store.take(list(scan(tmp_path / "in")))
    os.chown(store.path(digest), 65534, 65534)

    assert store.place(digest, tmp_path / "out", "a") == len(DATA)


def test_a_word_that_is_no_way_to_link_is_refused(linked: Sandbox) -> None:
    linked.config("mlv.link", "soft")
    shutil.rmtree(linked / "data/snapshots/scans_v0.1")

    refused = linked.mlv("restore", "scans@v0.1", check=False)

    assert refused.status == 2
    assert "mlv.link" in refused.said
