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


# Below our folders


def ways(said: str) -> list[str]:
    lines = [line.removeprefix("hint: ").partition("   (")[0] for line in said.splitlines() if line[:5] == "hint:"]
    assert len(lines) == 2, said
    return lines


@pytest.fixture
def everywhere(repo: Sandbox) -> Sandbox:
    """A repository that has Git LFS hold whatever is called `*.bin`, and then takes mlvgit into use."""
    repo.git("lfs", "install", "--local", "--skip-repo")
    repo.git("lfs", "track", "*.bin")
    repo.write("out/w.bin", DATA[:99])
    repo.commit("Use Git LFS")
    repo.mlv("init")
    repo.git("commit", "-qm", "Use mlvgit")
    return repo


SNAPSHOT = ("snapshot", "create", "s", "v0.1", "out/w.bin", "-m", "s")
MODEL = ("model", "add", "m", "v0.1.0", "out/w.bin", "-m", "m")


@pytest.mark.parametrize("freezing", [SNAPSHOT, MODEL], ids=["snapshot", "model"])
def test_a_pattern_of_git_lfs_that_reaches_our_folders_is_left_by_either_printed_way(
    everywhere: Sandbox, freezing: tuple[str, ...]
) -> None:
    refused = everywhere.mlv(*freezing, check=False)

    assert refused.status == 1
    line, storage = ways(refused.err)
    assert storage == "the same with --storage store"
    everywhere.mlv(*freezing, "--storage", "store")
    other = tuple(word.replace("v0.1", "v0.2") for word in freezing)
    everywhere.run("sh", "-c", line)
    everywhere.git("commit", "-qm", "Frozen bytes are Git's own")
    everywhere.mlv(*other, "--storage", "git")

    everywhere.mlv("verify")
    everywhere.mlv("check", "--all")
    assert everywhere.git("status", "--porcelain").out == ""
    held = everywhere.git("ls-files", "data", "models").out.split()
    (file,) = [path for path in held if path.endswith("w.bin")]
    assert everywhere.git("cat-file", "-s", f"HEAD:{file}").out == "99\n"


def test_doctor_names_the_same_ways_and_is_silent_about_pointers_that_count(everywhere: Sandbox) -> None:
    everywhere.write("models/m/v0.1.0/w.bin", DATA[:99])
    everywhere.git("add", "models")
    everywhere.git("commit", "-qnm", "A pointer below our folders")

    assert "filter=lfs" not in everywhere.mlv("doctor", check=False).out

    everywhere.git("lfs", "track", "*.csv", "models/**/*.pkl")
    said = everywhere.mlv("doctor", check=False).out
    assert "echo '/data/snapshots/** -filter' >>.gitattributes && git add .gitattributes" in said
    assert "/models/** -filter" not in said, "w.bin would no longer match its pointer"
    assert "the same with --storage store" in said
    assert "git mlv init" not in said
