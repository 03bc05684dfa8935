"""A large object that is pulled is written to the store and to the workspace at once; wrong bytes reach neither."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from mlvgit.actions.project import Project
from mlvgit.actions.pulling import plan_pull, pull
from mlvgit.core.digest import BIG_BYTES, Digest
from mlvgit.core.digests import Digests
from mlvgit.store.objects import ObjectStore
from tests.conftest import Sandbox
from tests.e2e.conftest import Team

DATA = random.Random(7).randbytes(BIG_BYTES + 12_345)
PATH = "data/snapshots/scans_v0.1/big.bin"


def object_in(folder: Path) -> Path:
    sha256 = hashlib.sha256(DATA).hexdigest()
    return folder / "sha256" / sha256[:2] / sha256[2:]


@pytest.fixture
def bob(team: Team) -> Sandbox:
    """A clone of what Ada froze and pushed, with none of its bytes."""
    ada = team.ada
    ada.mlv("remote", "add", "shelf", str(team.playground.folder / "shelf"), "-m", "Name a remote")
    ada.write("raw/big.bin", DATA)
    ada.write("raw/small.txt", "small")
    ada.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    ada.mlv("push")
    team.bob.git("pull", "-q")
    return team.bob


def temporary(repo: Sandbox) -> list[Path]:
    return [*repo.path.rglob(".mlv-tmp-*"), *(repo / ".git/mlv").rglob(".mlv-tmp-*")]


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that are written from the store, and so hashed once more."""
    placed: list[str] = []
    real = ObjectStore.place_all

    def place_all(self: ObjectStore, wanted, *args, **more):  # type: ignore[no-untyped-def]
        placed.extend(each.relative for each in wanted)
        return real(self, wanted, *args, **more)

    monkeypatch.setattr(ObjectStore, "place_all", place_all)
    return placed


def test_what_the_store_was_seen_to_have_it_is_not_asked_about_again(
    bob: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob.mlv("pull")
    shutil.rmtree((bob / PATH).parent)
    asked: list[Digest] = []
    real = ObjectStore.absent

    def absent(self: ObjectStore, digests: Iterable[Digest]) -> Digests:
        wanted = list(digests)
        asked.extend(wanted)
        return real(self, wanted)

    monkeypatch.setattr(ObjectStore, "absent", absent)
    project = Project.open(bob.path)
    pull(project, plan_pull(project))

    assert len(asked) == 2
    assert bob.read(PATH) == DATA


def test_it_is_read_once(bob: Sandbox, placed: list[str]) -> None:
    project = Project.open(bob.path)
    pull(project, plan_pull(project))

    assert placed == ["data/snapshots/scans_v0.1/small.txt"]
    assert bob.read(PATH) == DATA
    assert object_in(bob / ".git/mlv/objects").read_bytes() == DATA
    assert not (bob / PATH).stat().st_mode & 0o222
    assert temporary(bob) == []
    bob.git("commit", "-q", "--allow-empty", "-m", "No finding")
    bob.mlv("verify")


def test_wrong_bytes_of_a_remote_reach_neither_store_nor_workspace(team: Team, bob: Sandbox) -> None:
    path = object_in(team.playground.folder / "shelf")
    path.chmod(0o644)
    path.write_bytes(DATA[:-1] + bytes([DATA[-1] ^ 1]))

    assert bob.mlv("pull", check=False).status != 0

    assert not (bob / PATH).exists()
    assert not object_in(bob / ".git/mlv/objects").exists()
    assert temporary(bob) == []


def test_a_file_that_stands_there_is_left_alone(bob: Sandbox) -> None:
    bob.write(PATH, "mine")
    bob.mlv("pull", check=False)
    assert bob.read(PATH) == b"mine"


NEXT = DATA[: BIG_BYTES // 2] + b"put in" * 30_000 + DATA[BIG_BYTES // 2 :]


@pytest.fixture
def next_version(team: Team, bob: Sandbox) -> Sandbox:
    """The same, with a second version that is ranges of the first one's object and of a pack."""
    ada = team.ada
    ada.write("raw/big.bin", NEXT)
    ada.mlv("snapshot", "create", "scans", "v0.2", "raw", "--storage", "store", "-m", "Freeze again")
    ada.mlv("push")
    bob.git("pull", "-q")
    return bob


def test_ranges_of_what_came_are_written_to_where_they_are_wanted_when_they_are_hashed(
    next_version: Sandbox, placed: list[str]
) -> None:
    project = Project.open(next_version.path)
    pull(project, plan_pull(project))

    path = PATH.replace("v0.1", "v0.2")
    assert path not in placed
    assert next_version.read(path) == NEXT
    assert temporary(next_version) == []
    next_version.mlv("verify", "scans@v0.2")
    next_version.mlv("restore", "scans@v0.1")
    assert next_version.read(PATH) == DATA


def test_ranges_that_have_other_bytes_than_is_claimed_are_placed_nowhere(team: Team, next_version: Sandbox) -> None:
    shelf = team.playground.folder / "shelf"
    wanted = hashlib.sha256(NEXT).hexdigest()
    (path,) = (each for each in (shelf / "extents").rglob("*") if each.is_file() and wanted in each.read_text())
    line = next(line for line in path.read_text().splitlines() if line.startswith(" "))
    number, offset, length = line.split()
    false = path.read_text().replace(line, f" {number} {int(offset) + 1} {length}")
    name = hashlib.sha256(false.encode()).hexdigest()
    path.unlink()
    (shelf / "extents" / name[:2]).mkdir(exist_ok=True)
    (shelf / "extents" / name[:2] / name[2:]).write_text(false)

    pulled = next_version.mlv("pull", check=False)

    assert pulled.status != 0
    assert "other bytes" in pulled.said
    assert not (next_version / PATH.replace("v0.1", "v0.2")).exists()
    assert temporary(next_version) == []
