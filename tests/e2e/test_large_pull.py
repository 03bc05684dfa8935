"""A large object that is pulled is written to the store and to the workspace at once; wrong bytes reach neither."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from mlvgit.actions.project import Project
from mlvgit.actions.pulling import plan_pull, pull
from mlvgit.core.digest import BIG_BYTES
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


def test_it_is_read_once(bob: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    placed: list[str] = []
    real = ObjectStore.place_all

    def place_all(self: ObjectStore, wanted, *args, **more):  # type: ignore[no-untyped-def]
        placed.extend(each.relative for each in wanted)
        return real(self, wanted, *args, **more)

    monkeypatch.setattr(ObjectStore, "place_all", place_all)
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
