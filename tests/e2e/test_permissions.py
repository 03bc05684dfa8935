"""What may not be read or changed is said to be so, and never taken for absent, altered or done."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlvgit.store.aside import move, move_together
from tests.conftest import AS_OWNER, Playground, Ran, Sandbox

FOLDER = "data/snapshots/scans_v0.1"
FILE = f"{FOLDER}/sub/b.bin"
MANIFEST = f"{FOLDER}.manifest.json"
DENIED = "permission denied"


@pytest.fixture(params=["store", "git"])
def frozen(request: pytest.FixtureRequest, repo: Sandbox) -> Sandbox:
    """scans v0.1, of two files, is committed; hooks are installed."""
    return freeze(repo, request.param)


@pytest.fixture
def stored(repo: Sandbox) -> Sandbox:
    """The same, and the store keeps the bytes."""
    return freeze(repo, "store")


def freeze(repo: Sandbox, storage: str) -> Sandbox:
    if AS_OWNER and subprocess.run([*AS_OWNER, "true"], capture_output=True).returncode:
        pytest.skip("setpriv cannot take the privileges of root away here")
    repo.mlv("init")
    repo.commit("Set up")
    repo.write("raw/a.bin", b"a" * 300)
    repo.write("raw/sub/b.bin", b"b" * 300)
    repo.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", storage, "-m", "Freeze scans")
    shutil.rmtree(repo / "raw")
    return repo


def as_owner(repo: Sandbox, *args: str) -> Ran:
    return repo.run(*AS_OWNER, "git", *args, check=False)


def read_only(repo: Sandbox) -> None:
    for parent, _, _ in os.walk(repo / FOLDER):
        os.chmod(parent, 0o555)


def modes(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): path.stat().st_mode & 0o777 for path in folder.rglob("*")}


# what may not be read


def test_a_frozen_file_that_may_not_be_read_is_a_finding_with_its_reason(frozen: Sandbox) -> None:
    (frozen / FILE).chmod(0)

    verified = as_owner(frozen, "mlv", "verify")
    status = as_owner(frozen, "mlv", "status")
    checked = as_owner(frozen, "mlv", "check")

    assert (verified.status, status.status, checked.status) == (1, 0, 1)
    assert all(FILE in ran.said and DENIED in ran.said for ran in (verified, status, checked))
    assert "chmod u+r" in checked.said
    assert "git mlv restore scans@v0.1" in checked.said


def test_a_commit_beside_a_store_kept_file_that_may_not_be_read_is_refused_with_both_ways_out(stored: Sandbox) -> None:
    (stored / FILE).chmod(0)

    refused = as_owner(stored, "commit", "--allow-empty", "-m", "Code")

    assert refused.status == 1
    assert "could not judge" not in refused.said
    assert DENIED in refused.said
    assert "chmod u+r" in refused.said


def test_a_pull_says_of_a_store_kept_file_that_may_not_be_read_that_it_does_not_know_it(stored: Sandbox) -> None:
    (stored / FILE).chmod(0o600)
    stored.write(FILE, "mine")
    (stored / FILE).chmod(0)

    pulled = as_owner(stored, "mlv", "pull")

    assert pulled.status == 1
    assert f"{FILE}: cannot be read (permission denied)" in pulled.err
    assert "git mlv restore scans@v0.1" in pulled.err
    stored.run("sh", "-c", "chmod -R u+rX " + re.findall("hint: chmod -R u.rX (.*?)   ", pulled.err)[0])
    assert "nowhere else" in as_owner(stored, "mlv", "pull").err
    assert stored.read(FILE) == b"mine"


def test_a_pull_that_may_not_read_its_notes_of_remotes_says_what_mends_it(stored: Sandbox) -> None:
    stored.mlv("remote", "add", "far", str(stored.playground.folder / "far"), "-m", "Name a remote")
    shutil.rmtree(stored / FOLDER)
    shutil.rmtree(stored / ".git/mlv/objects/sha256")
    cache = stored / ".git/mlv/cache"
    cache.mkdir(exist_ok=True)
    cache.chmod(0)

    refused = as_owner(stored, "mlv", "pull")
    cache.chmod(0o755)

    assert refused.status == 3
    assert str(cache) in refused.err
    assert "chmod -R u+rwX" in refused.err


def test_restore_sets_a_folder_in_place_of_the_manifest_aside(stored: Sandbox) -> None:
    (stored / MANIFEST).unlink()
    stored.write(f"{MANIFEST}/mine.txt", "mine\n")

    restored = stored.mlv("restore", "scans@v0.1")

    assert MANIFEST in restored.said
    assert stored.git("status", "--porcelain").out == ""
    assert [path.read_text() for path in (stored / ".git/mlv/aside").rglob("mine.txt")] == ["mine\n"]


def test_restore_sets_a_file_aside_that_may_not_be_read_and_writes_it_anew(frozen: Sandbox) -> None:
    (frozen / FILE).chmod(0)

    restored = as_owner(frozen, "mlv", "restore", "scans@v0.1")

    assert restored.status == 0, restored.said
    assert frozen.read(FILE) == b"b" * 300
    assert as_owner(frozen, "mlv", "verify", "scans@v0.1").status == 0
    assert len(list((frozen / ".git/mlv/aside").rglob("b.bin"))) == 1


def test_a_frozen_folder_that_may_not_be_entered_is_not_taken_for_absent(stored: Sandbox) -> None:
    (stored / FOLDER).chmod(0)

    verified = as_owner(stored, "mlv", "verify")
    restored = as_owner(stored, "mlv", "restore", "scans@v0.1")
    (stored / FOLDER).chmod(0o755)

    assert verified.status == 1
    assert DENIED in verified.said
    assert "not here" not in verified.said
    assert restored.status == 3
    assert "chmod -R u+rwX" in restored.said


def test_a_store_that_may_not_be_read_is_not_taken_for_empty(stored: Sandbox) -> None:
    shutil.rmtree(stored / FOLDER)
    (stored / ".git/mlv/objects/sha256").chmod(0)

    restored = as_owner(stored, "mlv", "restore", "scans@v0.1")
    (stored / ".git/mlv/objects/sha256").chmod(0o755)

    assert restored.status == 3
    assert DENIED in restored.said.lower()
    assert "remote add" not in restored.said


def test_a_manifest_that_may_not_be_read_is_said_to_be_so(stored: Sandbox) -> None:
    (stored / MANIFEST).chmod(0)

    checked = as_owner(stored, "mlv", "check")

    assert DENIED in checked.said
    assert f"chmod u+r {MANIFEST}" in checked.said
    assert "a link or a submodule" not in checked.said


# what may not be changed


def test_discard_moves_a_read_only_folder_whole_and_keeps_its_modes(frozen: Sandbox) -> None:
    (frozen / FILE).chmod(0)
    read_only(frozen)
    before = modes(frozen / FOLDER)

    discarded = as_owner(frozen, "mlv", "discard", "scans@v0.1")

    assert discarded.status == 0, discarded.said
    (aside,) = (frozen / ".git/mlv/aside").iterdir()
    assert sorted(path.name for path in aside.iterdir()) == ["scans_v0.1", "scans_v0.1.manifest.json"]
    assert modes(aside / "scans_v0.1") == before
    assert not (frozen / FOLDER).exists()


def test_a_discard_that_may_not_move_changes_nothing_and_says_what_mends_it(frozen: Sandbox) -> None:
    (frozen / "data/snapshots").chmod(0o555)

    refused = as_owner(frozen, "mlv", "discard", "scans@v0.1")
    (frozen / "data/snapshots").chmod(0o755)

    assert refused.status == 3
    assert "chmod -R u+rwX" in refused.said
    assert frozen.git("status", "--porcelain").out == ""
    assert not list((frozen / ".git/mlv/aside").iterdir())
    frozen.mlv("verify", "scans@v0.1")


def test_retire_removes_from_read_only_folders_and_what_was_set_aside_of_them(stored: Sandbox) -> None:
    read_only(stored)
    copy = stored / ".git/mlv/aside/old/scans"
    shutil.copytree(stored / FOLDER, copy)
    (copy / "sub/b.bin").chmod(0)
    copy.joinpath("sub").chmod(0o555)

    retired = as_owner(stored, "mlv", "retire", "scans@v0.1", "--reason", "Consent", "--yes", "-m", "Retire scans")

    assert retired.status == 0, retired.said
    assert not (stored / FOLDER).exists()
    assert not [path for path in copy.rglob("*") if path.is_file()]


def test_drop_removes_from_read_only_folders(stored: Sandbox) -> None:
    stored.mlv("remote", "add", "shelf", str(stored.playground.folder / "shelf"), "-m", "Name a remote")
    stored.server()
    read_only(stored)

    dropped = as_owner(stored, "mlv", "drop", "scans@v0.1")

    assert dropped.status == 0, dropped.said
    assert not (stored / FOLDER).exists()


def test_a_remote_that_may_not_be_written_says_what_mends_it(stored: Sandbox) -> None:
    shelf = stored.playground.folder / "shelf"
    stored.mlv("remote", "add", "shelf", str(shelf), "-m", "Name a remote")
    shelf.mkdir(exist_ok=True)
    (shelf / "mlv-remote.json").write_text('{"format": "1.0"}')
    shelf.chmod(0o555)
    stored.playground.server()
    stored.git("remote", "add", "origin", str(stored.playground.folder / "server.git"))

    refused = as_owner(stored, "mlv", "push")

    assert refused.status == 4
    assert DENIED in refused.said.lower()
    assert "chmod -R u+rwX" in refused.said


@pytest.fixture
def other_disk(playground: Playground) -> Iterator[Path]:
    """A folder of another file system."""
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == playground.folder.stat().st_dev:
        pytest.skip("one file system only")
    folder = shm / f"mlv-test-{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def test_a_folder_moves_whole_to_another_disk(tmp_path: Path, other_disk: Path) -> None:
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/sub/a").write_bytes(b"a")
    (tmp_path / "in/sub").chmod(0o555)

    move(tmp_path / "in", other_disk / "deep/out")

    assert (other_disk / "deep/out/sub/a").read_bytes() == b"a"
    assert [path.name for path in other_disk.rglob("*")] == ["deep", "out", "sub", "a"]
    assert not (tmp_path / "in").exists()


def test_a_folder_that_cannot_be_copied_to_another_disk_stays_whole(tmp_path: Path, other_disk: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a").write_bytes(b"a")
    os.mkfifo(tmp_path / "in/fifo")

    with pytest.raises(Exception, match="named pipe"):
        move_together([(tmp_path / "in", other_disk / "out/in")])

    assert sorted(os.listdir(tmp_path / "in")) == ["a", "fifo"]
    assert not list(other_disk.rglob("*"))
