"""What Git LFS holds already is frozen as the bytes that its pointers name, with the real client."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from tests.conftest import Sandbox

DATA = bytes(range(256)) * 8000

pytestmark = pytest.mark.skipif(
    not shutil.which("git-lfs"), reason="the client of Git LFS (Debian: git-lfs) is not here"
)


@pytest.fixture
def tracked(repo: Sandbox) -> Sandbox:
    """A repository that tracks `raw/scan.bin` with Git LFS, and has only its pointer on disk."""
    repo.git("lfs", "install", "--local", "--skip-repo")
    repo.mlv("init")
    repo.git("lfs", "track", "raw/*.bin")
    repo.write("raw/scan.bin", DATA)
    repo.write("raw/notes.txt", "notes\n" * 40)
    repo.commit("Track with Git LFS")
    repo.remove("raw/scan.bin")
    repo.git("checkout", "--", "raw/scan.bin", GIT_LFS_SKIP_SMUDGE="1")
    assert repo.read("raw/scan.bin").startswith(b"version https://git-lfs")
    return repo


def stored(repo: Sandbox) -> Path:
    name = hashlib.sha256(DATA).hexdigest()
    return repo / f".git/lfs/objects/{name[:2]}/{name[2:4]}/{name}"


@pytest.mark.parametrize("storage", ["store", "git"])
def test_a_tracked_pointer_counts_as_its_bytes(tracked: Sandbox, storage: str) -> None:
    tracked.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", storage, "-m", "Freeze")

    assert tracked.read("data/snapshots/scans_v0.1/scan.bin") == DATA
    assert tracked.read("data/snapshots/scans_v0.1/notes.txt") == b"notes\n" * 40
    assert hashlib.sha256(DATA).hexdigest() in tracked.read("data/snapshots/scans_v0.1.manifest.json").decode()
    tracked.mlv("verify")
    tracked.mlv("check", "--all")


def test_a_pointer_whose_bytes_were_not_fetched_is_refused(tracked: Sandbox) -> None:
    stored(tracked).unlink()

    refused = tracked.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", check=False)

    assert refused.status == 1
    assert "raw/scan.bin is a Git LFS pointer" in refused.said
    assert "git lfs pull" in refused.said
    assert not (tracked / "data/snapshots/scans_v0.1.manifest.json").exists()


def test_a_damaged_object_of_git_lfs_is_refused_and_nothing_is_left(tracked: Sandbox) -> None:
    stored(tracked).chmod(0o644)
    stored(tracked).write_bytes(b"!" + DATA[1:])

    refused = tracked.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", check=False)

    assert refused.status == 1
    assert "is damaged" in refused.said
    assert "git lfs fsck" in refused.said
    assert list((tracked / "data/snapshots").glob("scans*")) == []


def test_a_pointer_that_git_does_not_track_is_frozen_as_it_stands(tracked: Sandbox) -> None:
    text = tracked.read("raw/scan.bin")
    tracked.write("elsewhere/scan.bin", text)

    tracked.mlv("snapshot", "create", "pointers", "v0.1", "elsewhere", "--storage", "store", "-m", "Freeze")

    assert tracked.read("data/snapshots/pointers_v0.1/scan.bin") == text


def test_what_belongs_to_git_lfs_is_not_moved_away(tracked: Sandbox) -> None:
    refused = tracked.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", "--move", check=False)

    assert refused.status == 1
    assert "is not moved away" in refused.said
    assert stored(tracked).read_bytes() == DATA
    assert (tracked / "raw/scan.bin").exists()
