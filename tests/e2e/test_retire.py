"""Erasure, end to end: what was retired is nowhere on the disk or the remotes, every other byte is as it was."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.e2e.conftest import Team

SECRETS = {name: f"<<{name}: nobody may ever read this again>>".encode() for name in ("whole", "packed", "extent")}
WHY = ("--reason", "Consent withdrawn", "--yes")


def noise(seed: int, length: int) -> bytes:
    return random.Random(seed).randbytes(length)


def fill(ada: Sandbox, remote: str) -> None:
    """Freeze a big file, forty small ones in packs, and a second version of the big one that is ranges of the first."""
    ada.write("mlv.yaml", f"remotes:\n  shelf: {remote}\n")
    ada.git("add", "mlv.yaml")
    ada.git("commit", "-qm", "Name a remote of bytes")
    head, tail = noise(1, 600_000), noise(2, 600_000)
    ada.write("raw/big.bin", head + SECRETS["extent"] + tail)
    ada.write("raw/other.bin", noise(3, 700_000) + SECRETS["whole"])
    for number in range(40):
        secret = SECRETS["packed"] if number == 17 else b""
        ada.write(f"raw/small/{number}.txt", noise(number + 10, 3000) + secret)
    ada.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", "-m", "Freeze scans")
    ada.write("raw/big.bin", head + noise(4, 100) + tail)
    os.unlink(ada / "raw/other.bin")
    ada.mlv("snapshot", "create", "scans", "v0.2", "raw", "--storage", "store", "-m", "Freeze scans again")
    shutil.rmtree(ada / "raw")


@pytest.fixture
def shelf(playground_folder: Path) -> Path:
    return playground_folder / "shelf"


@pytest.fixture
def playground_folder(team: Team) -> Path:
    return team.playground.folder


@pytest.fixture
def ada(team: Team, shelf: Path) -> Sandbox:
    """Ada's clone: two versions of scans in the store, pushed, with a folder as the remote of bytes."""
    fill(team.ada, f"{{url: {shelf}}}")
    team.ada.mlv("push")
    return team.ada


def files_with(secret: bytes, *folders: Path) -> list[str]:
    """Return the files below the folders that have these bytes, Git's own objects left out."""
    return [
        str(path)
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and secret in path.read_bytes()
    ]


def assert_nowhere(name: str, *folders: Path) -> None:
    assert files_with(SECRETS[name], *folders) == []


def digest_of(repo: Sandbox, version: str, name: str) -> str:
    manifest = json.loads(repo.read(f"data/snapshots/scans_{version}.manifest.json"))
    return next(entry["sha256"] for entry in manifest["files"] if entry["path"].endswith(name))


def assert_whole(team: Team, *lost: str, keys: dict[str, str] | None = None) -> None:
    """Fail unless a fresh clone gets every file that was not retired, and Ada's store and the remote are sound."""
    more = keys or {}
    team.ada.mlv("push", **more)
    fresh = team.clone("fresh")
    fresh.mlv("pull", "--all", **more)
    fresh.mlv("verify", "scans@v0.1", "scans@v0.2", **more)
    for version in ("v0.1", "v0.2"):
        manifest = json.loads(fresh.read(f"data/snapshots/scans_{version}.manifest.json"))
        for entry in manifest["files"]:
            path = fresh / entry["path"]
            gone = any(entry["path"].endswith(name) for name in lost)
            assert path.exists() is not gone, path
            assert gone or hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
    assert "BAD" not in team.ada.mlv("fsck", **more).said
    assert "BAD" not in team.ada.mlv("fsck", "--remote", **more).said


@pytest.mark.parametrize(
    ("name", "path"), [("whole", "other.bin"), ("packed", "small/17.txt")], ids=["a whole object", "a file in a pack"]
)
def test_a_retired_file_is_nowhere_on_the_disk_or_the_remote(
    team: Team, ada: Sandbox, shelf: Path, name: str, path: str
) -> None:
    assert len(files_with(SECRETS[name], ada.path, shelf)) >= 3

    ada.mlv("retire", "scans@v0.1", path, *WHY, "-m", "Retire it")

    assert_nowhere(name, ada.path, shelf)
    assert ada.git("status", "--porcelain").out == ""
    assert_whole(team, path)


def test_what_only_the_erased_predecessor_used_is_gone_and_its_successor_verifies(
    team: Team, ada: Sandbox, shelf: Path
) -> None:
    sha256 = digest_of(ada, "v0.1", "big.bin")
    assert any(sha256 in path.read_text() for path in shelf.glob("extents/*/*"))

    ada.mlv("retire", "--sha256", sha256, *WHY, "-m", "Retire it")

    assert_nowhere("extent", ada.path, shelf)
    assert not (ada / "data/snapshots/scans_v0.1/big.bin").exists()
    assert (ada / "data/snapshots/scans_v0.2/big.bin").exists()
    ada.mlv("push")
    fresh = team.clone("fresh")
    fresh.mlv("pull", "scans@v0.2")
    fresh.mlv("verify", "scans@v0.2")
    ada.mlv("fsck")
