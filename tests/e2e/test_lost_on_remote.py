"""What a remote lost, or keeps damaged, is said, sent anew from where it is, and no copy for those who let go of theirs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.e2e.conftest import Team

LARGE = b"row\n" * 20_000


@pytest.fixture
def shelf(team: Team) -> Path:
    return team.playground.folder / "shelf"


@pytest.fixture
def ada(team: Team) -> Sandbox:
    """A file that is an object of its own, pushed to a shelf."""
    ada = team.with_shelf()
    ada.write("raw/large.csv", LARGE)
    ada.mlv("snapshot", "create", "s", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    ada.mlv("push")
    return ada


@pytest.fixture
def bob(team: Team, ada: Sandbox) -> Sandbox:
    """A clone without the bytes."""
    return team.clone("eve")


def the_object(shelf: Path) -> Path:
    name = hashlib.sha256(LARGE).hexdigest()
    return shelf / "sha256" / name[:2] / name[2:]


def emptied(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.unlink()
    path.write_bytes(LARGE[:-1])


def flipped(path: Path) -> None:
    path.unlink()
    path.write_bytes(b"R" + LARGE[1:])


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "notes.txt").write_text("mine\n")


def a_dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


LOSSES: list[Callable[[Path], None]] = [emptied, cut, flipped, a_folder, a_dangling_link, a_pipe]


@pytest.mark.parametrize("lose", LOSSES)
def test_what_was_pushed_and_is_gone_fails_where_nobody_has_it_and_is_sent_anew_where_somebody_has(
    ada: Sandbox, bob: Sandbox, shelf: Path, lose: Callable[[Path], None]
) -> None:
    lose(the_object(shelf))

    failed = bob.mlv("fsck", "--remote", check=False)
    assert failed.status == 1
    assert "next: git mlv fsck --remote shelf   (in a clone that has them" in failed.out
    assert json.loads(bob.mlv("fsck", "--remote", "--json", check=False).out)["ok"] is False

    assert "healed" in ada.mlv("fsck", "--remote").out
    assert the_object(shelf).read_bytes() == LARGE
    bob.mlv("fsck", "--remote")
    bob.mlv("pull")
    bob.mlv("verify", "s@v0.1")


def test_a_push_too_puts_a_file_in_the_place_of_a_folder_and_keeps_that(ada: Sandbox, shelf: Path) -> None:
    a_folder(the_object(shelf))

    said = ada.mlv("push").said

    assert "aside" in said
    assert the_object(shelf).read_bytes() == LARGE
    (kept,) = the_object(shelf).parent.glob("*.was-*")
    assert (kept / "notes.txt").read_text() == "mine\n"


def test_what_another_branch_has_pushed_counts_and_what_is_only_here_does_not(
    ada: Sandbox, bob: Sandbox, shelf: Path
) -> None:
    ada.branch("trial")
    ada.write("other/large.csv", LARGE * 2)
    ada.mlv("snapshot", "create", "other", "v0.1", "other", "--storage", "store", "-m", "Freeze")
    name = hashlib.sha256(LARGE * 2).hexdigest()
    assert json.loads(ada.mlv("fsck", "--remote", "--json").out)["absent"] == [name]

    ada.mlv("push")
    (shelf / "sha256" / name[:2] / name[2:]).unlink()
    ada.checkout("main")
    bob.git("fetch", "-q")

    assert json.loads(bob.mlv("fsck", "--remote", "--json", check=False).out)["gone"] == [name]
    assert json.loads(ada.mlv("fsck", "--remote", "--json").out)["healed"] == [name]


def test_what_was_retired_here_is_not_missed_although_the_branch_there_names_it_still(
    ada: Sandbox, shelf: Path
) -> None:
    ada.mlv("retire", "s@v0.1", "--reason", "consent", "--yes", "-m", "Retire")

    assert not the_object(shelf).exists()
    ada.mlv("fsck", "--remote")
    assert not the_object(shelf).exists()


def test_what_was_seen_damaged_there_is_no_copy_until_it_was_read_whole(
    ada: Sandbox, bob: Sandbox, shelf: Path
) -> None:
    flipped(the_object(shelf))
    assert bob.mlv("fsck", "--remote", check=False).status == 1
    shutil.copytree(ada / ".git/mlv/objects", bob / ".git/mlv/objects", dirs_exist_ok=True)
    bob.mlv("restore", "s@v0.1")

    kept = bob.mlv("drop", "s@v0.1", check=False)

    assert "freed" not in kept.said
    assert "does not have all of its bytes" in kept.said
    bob.mlv("verify", "s@v0.1")
    ada.mlv("fsck", "--remote")
    assert "freed" in bob.mlv("drop", "s@v0.1").said


# a file in the place of a list of extents


def stray(shelf: Path, data: bytes, name: str = "ab" + "d" * 62) -> Path:
    path = shelf / "extents" / name[:2] / name[2:]
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("named_by_its_bytes", [False, True])
def test_what_is_no_list_is_set_aside_and_nothing_is_stopped_by_it_any_more(
    ada: Sandbox, bob: Sandbox, shelf: Path, named_by_its_bytes: bool
) -> None:
    data = b"file " + hashlib.sha256(LARGE).hexdigest().encode() + b" 80000\n"
    path = stray(shelf, data, hashlib.sha256(data).hexdigest() if named_by_its_bytes else "ab" + "d" * 62)
    refused = ada.mlv("retire", "s@v0.1", "--reason", "consent", "--yes", "-m", "Retire", check=False)
    assert refused.status == 4
    assert "git mlv fsck --remote shelf" in refused.err
    assert ada.mlv("gc", "--remote", "shelf", "--yes", check=False).status == 4

    found = bob.mlv("fsck", "--remote", "shelf", check=False)
    assert found.status == 1
    assert f"{len(data)} B: stands in place of a list of extents" in found.out
    assert f"it seems to name {hashlib.sha256(LARGE).hexdigest()}" in found.out
    assert path.exists()
    aside = json.loads(bob.mlv("fsck", "--remote", "shelf", "--set-aside", "--json").out)
    assert Path(aside["no_lists"][0]["kept"]).read_bytes() == data

    assert not path.exists()
    ada.mlv("gc", "--remote", "shelf", "--yes")
    ada.mlv("retire", "s@v0.1", "--reason", "consent", "--yes", "-m", "Retire")
    assert not the_object(shelf).exists()


def test_a_list_of_a_later_format_stays_and_says_what_reads_it(ada: Sandbox, shelf: Path) -> None:
    data = b"mlv-extents 2\n"
    path = stray(shelf, data, hashlib.sha256(data).hexdigest())

    ada.mlv("fsck", "--remote", "shelf", "--set-aside")

    assert path.read_bytes() == data
    refused = ada.mlv("gc", "--remote", "shelf", "--yes", check=False)
    assert refused.status == 4
    assert "pip install --upgrade mlvgit" in refused.err
