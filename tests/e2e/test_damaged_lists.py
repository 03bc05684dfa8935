"""A list of extents is as good as the bytes that it leads to: damaged on a remote, or in the copy here, it misleads nobody."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.e2e.conftest import Team

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda _: b"",
    "cut": lambda data: data[:-1],
    "flipped": lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
}


@pytest.fixture
def ada(team: Team) -> Sandbox:
    """Ten small files in a pack, pushed to a shelf."""
    ada = team.ada
    ada.mlv("remote", "add", "shelf", str(team.playground.folder / "shelf"), "-m", "Name a remote")
    for number in range(10):
        ada.write(f"raw/{number}", f"row {number}\n" * 50)
    ada.mlv("snapshot", "create", "s", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    ada.mlv("push")
    return ada


def change(path: Path, damage: Callable[[bytes], bytes]) -> None:
    path.chmod(0o644)
    path.write_bytes(damage(path.read_bytes()))


def the_list(folder: Path) -> Path:
    (found,) = [path for path in (folder / "extents").rglob("*") if path.is_file()]
    return found


@pytest.mark.parametrize("damage", DAMAGES)
def test_on_the_remote_it_is_seen_named_and_sent_anew(team: Team, ada: Sandbox, damage: str) -> None:
    shelf = team.playground.folder / "shelf"
    change(the_list(shelf), DAMAGES[damage])

    assert ada.mlv("drop", "--verify", "s@v0.1", check=False).said.count("freed") == 0
    bob = team.clone("eve")
    assert bob.mlv("check", "--all", "--remote", check=False).status == 1
    assert bob.mlv("fsck", "--remote", "shelf", check=False).status == 1
    refused = bob.mlv("gc", "--remote", "shelf", "-n", "--grace", "0d", check=False)
    assert refused.status != 0
    assert "damaged" in refused.err

    assert "healed" in ada.mlv("fsck", "--remote", "shelf").said
    bob.mlv("pull", "--all")
    bob.mlv("verify")
    assert "freed" in ada.mlv("drop", "--verify", "s@v0.1").said


@pytest.mark.parametrize("damage", ["emptied", "cut"])
def test_of_another_length_the_next_push_sends_it_anew(team: Team, ada: Sandbox, damage: str) -> None:
    change(the_list(team.playground.folder / "shelf"), DAMAGES[damage])
    ada.mlv("drop", "s@v0.1", check=False)
    ada.mlv("push")
    eve = team.clone("eve")
    eve.mlv("pull", "--all")
    eve.mlv("verify")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_here_is_read_anew(ada: Sandbox, damage: str) -> None:
    ada.mlv("drop", "s@v0.1")
    (cached,) = (ada / ".git/mlv/cache/lists").iterdir()
    change(the_list(cached), DAMAGES[damage])
    ada.mlv("pull", "s@v0.1")
    ada.mlv("verify")


@pytest.fixture
def grown(team: Team) -> Sandbox:
    """A large file and the next version of it, of which the store has what is new in a pack with small files."""
    ada = team.ada
    data = b"".join(b"%d\n" % (number * number) for number in range(20_000))
    for version, large in ("v0.1", data), ("v0.2", data[:99_999] + b"new" * 99 + data[99_999:]):
        for number in range(8):
            ada.write(f"raw/{number}", f"{version} {number}")
        ada.write("raw/large", large)
        ada.mlv("snapshot", "create", "s", version, "raw", "--storage", "store", "-m", "Freeze")
    return ada


def test_lists_that_somebody_deleted_come_back_by_themselves(grown: Sandbox) -> None:
    shutil.rmtree(grown / ".git/mlv/objects/extents")
    shutil.rmtree(grown / "data/snapshots/s_v0.2")

    grown.mlv("gc", "--grace", "0")
    grown.mlv("pull")
    grown.mlv("verify")


def lose_lists(store: Path) -> None:
    shutil.rmtree(store / "extents")
    shutil.rmtree(store / "listed")


def test_a_pack_that_lost_its_list_stays_and_gets_it_back(ada: Sandbox, team: Team) -> None:
    lose_lists(ada / ".git/mlv/objects")
    os.rename(team.playground.folder / "shelf", team.playground.folder / "away")
    ada.run("rm", "-r", "data/snapshots/s_v0.1")

    assert "1 pack among them lost the list" in ada.mlv("gc", "--grace", "0").said
    assert "11 objects, 5.9 KiB: 11 whole, 10 of them healed just now" in ada.mlv("fsck").said
    ada.mlv("pull")
    ada.mlv("verify")


def test_a_lost_list_is_made_anew_from_what_history_needs_and_files_that_begin_alike(team: Team) -> None:
    ada = team.ada.branch("other")
    for number in range(10):
        ada.write(f"raw/{number}", f"log {number}\n" + "more\n" * number)
    ada.write("raw/3a", "log 3\n")  # the beginning of another file
    ada.write("raw/none", "")
    ada.mlv("snapshot", "create", "s", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    ada.checkout("main")
    shutil.rmtree(ada / "data/snapshots", ignore_errors=True)
    lose_lists(ada / ".git/mlv/objects")

    assert "13 whole, 12 of them healed just now" in ada.mlv("fsck").said
    ada.checkout("other")
    ada.mlv("pull")
    ada.mlv("verify")


def test_what_a_pack_without_its_list_may_have_had_is_named_until_it_is_back(grown: Sandbox) -> None:
    lose_lists(grown / ".git/mlv/objects")
    frozen = grown / "data/snapshots/s_v0.2"
    frozen.rename(grown / "away")
    (large,) = re.findall(r'large".*"sha256": "(.*)"', frozen.with_name("s_v0.2.manifest.json").read_text())

    for _ in range(2):
        found = grown.mlv("fsck", check=False)
        assert found.status == 1
        assert f"BAD     {large}" in found.out
    (grown / "away").rename(frozen)
    grown.mlv("fsck")


def test_what_a_damaged_list_took_away_is_healed_and_counted(ada: Sandbox, team: Team) -> None:
    change(the_list(ada / ".git/mlv/objects"), DAMAGES["flipped"])
    os.rename(team.playground.folder / "shelf", team.playground.folder / "away")

    assert "11 objects, 5.9 KiB: 11 whole, 10 of them healed just now" in ada.mlv("fsck").said


def test_collecting_refuses_before_it_says_that_something_goes(ada: Sandbox) -> None:
    ada.write(f".git/mlv/objects/sha256/00/{62 * '1'}", "nothing needs this")
    change(the_list(ada / ".git/mlv/objects"), DAMAGES["flipped"])

    refused = ada.mlv("gc", "--grace", "0", check=False)

    assert refused.out == ""
    assert refused.err.count("\n") == 2
    assert "so nothing was removed\nhint: git mlv fsck" in refused.err
