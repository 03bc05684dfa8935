"""Restoring many files of the store: a few openings of it, whatever is damaged healed, and the rest put back all the same."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest

from mlvgit.actions import storeplace
from mlvgit.actions.project import Project
from mlvgit.actions.restore import restore
from mlvgit.errors import IntegrityError, MlvError
from tests.conftest import Sandbox

FOLDER = "data/snapshots/many_v0.1"
NAMES = [f"{number:02}.txt" for number in range(40)]
BIG = bytes(range(256)) * 400


@pytest.fixture
def many(repo: Sandbox) -> Sandbox:
    """Forty small files and a big one, kept in the store, and gone from the working directory."""
    for name in NAMES:
        repo.write(f"{FOLDER}/{name}", f"the bytes of {name}")
    repo.write(f"{FOLDER}/big.bin", BIG)
    repo.mlv("snapshot", "create", "many", "v0.1", "--storage", "store", "-m", "Freeze")
    for name in [*NAMES, "big.bin"]:
        (repo / FOLDER / name).unlink()
    return repo


def standing(repo: Sandbox) -> list[str]:
    return sorted(path.name for path in (repo / FOLDER).iterdir())


def object_of_big(repo: Sandbox) -> Path:
    sha256 = hashlib.sha256(BIG).hexdigest()
    return repo / ".git/mlv/objects/sha256" / sha256[:2] / sha256[2:]


def test_many_files_are_put_back_with_a_few_openings_of_the_store(
    many: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    real = storeplace.open_store
    monkeypatch.setattr(storeplace, "open_store", lambda repo: opened.append(repo) or real(repo))

    result = restore(Project.open(many.path), "many@v0.1")

    assert sorted(result.restored) == sorted(f"{FOLDER}/{name}" for name in [*NAMES, "big.bin"])
    assert {name: many.read(f"{FOLDER}/{name}").decode() for name in NAMES} == {
        name: f"the bytes of {name}" for name in NAMES
    }
    assert many.read(f"{FOLDER}/big.bin") == BIG
    assert len(opened) < 10


def test_a_damaged_object_is_named_and_all_other_files_are_put_back(many: Sandbox) -> None:
    path = object_of_big(many)
    path.chmod(0o644)
    path.write_bytes(BIG[:-1] + b"?")

    with pytest.raises(IntegrityError):
        restore(Project.open(many.path), "many@v0.1")

    assert standing(many) == NAMES
    assert not path.exists()
    assert list((many / ".git/mlv/objects/quarantine").iterdir())


def test_an_altered_file_stays_where_the_frozen_bytes_are_nowhere(many: Sandbox) -> None:
    many.write(f"{FOLDER}/big.bin", b"altered")
    object_of_big(many).unlink()

    with pytest.raises(MlvError):
        restore(Project.open(many.path), "many@v0.1")

    assert many.read(f"{FOLDER}/big.bin") == b"altered"


def test_a_damaged_object_is_replaced_by_what_git_once_had(repo: Sandbox) -> None:
    repo.write(f"{FOLDER}/big.bin", BIG)
    repo.git("add", "-f", FOLDER)
    repo.git("commit", "-q", "--no-verify", "-m", "Before there was a store")
    repo.git("rm", "-q", "--cached", f"{FOLDER}/big.bin")
    repo.write(f"{FOLDER}/small.txt", "small")
    repo.mlv("snapshot", "create", "many", "v0.1", "--storage", "store", "-m", "Freeze")
    for name in ("big.bin", "small.txt"):
        (repo / FOLDER / name).unlink()
    path = object_of_big(repo)
    path.chmod(0o644)
    path.write_bytes(BIG[:-1] + b"?")

    restore(Project.open(repo.path), "many@v0.1")

    assert repo.read(f"{FOLDER}/big.bin") == BIG
    assert repo.read(f"{FOLDER}/small.txt") == b"small"


@pytest.mark.parametrize("storage", ["git", "store"])
def test_what_stands_in_place_of_folders_and_files_is_set_aside(repo: Sandbox, storage: str) -> None:
    names = ["a.txt", "sub/deep/b.txt", "sub/c.txt"]
    for name in names:
        repo.write(f"{FOLDER}/{name}", f"the bytes of {name}")
    repo.mlv("snapshot", "create", "many", "v0.1", "--storage", storage, "-m", "Freeze")
    frozen = repo / FOLDER

    def put(path: Path) -> None:
        path.write_text("nowhere else")

    def link(path: Path) -> None:
        path.symlink_to(repo.playground.folder)

    def folder(path: Path) -> None:
        path.mkdir()
        put(path / "inner")

    for where, stands in [("", put), ("", link), ("sub", put), ("sub/deep", link), ("a.txt", folder)]:
        repo.run("rm", "-rf", frozen / where)
        stands(frozen / where)

        said = repo.mlv("restore", "many@v0.1").out

        (aside,) = re.findall(f"what stood at {FOLDER}/?{where} is now (.*)", said)
        assert os.path.islink(aside) or "nowhere else" in repo.run("grep", "-r", "nowhere", aside).out
        assert [repo.read(f"{FOLDER}/{name}").decode() for name in names] == [f"the bytes of {name}" for name in names]
        assert repo.git("status", "--short").out == ""


def test_what_stands_in_place_of_a_folder_stays_where_the_frozen_bytes_are_nowhere(many: Sandbox) -> None:
    object_of_big(many).unlink()
    many.run("rm", "-r", many / FOLDER)
    many.write(FOLDER, "nowhere else")

    with pytest.raises(MlvError):
        restore(Project.open(many.path), "many@v0.1", ["big.bin"])

    assert many.read(FOLDER) == b"nowhere else"
