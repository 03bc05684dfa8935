"""What somebody retired stays away from the remotes: clones that are behind do not bring it back, and what is left is named."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.e2e.conftest import Team
from tests.e2e.test_retire import SECRETS, WHY, assert_nowhere, files_with, fill

PACKED = "small/17.txt"


@pytest.fixture
def shelf(team: Team) -> Path:
    return team.playground.folder / "shelf"


@pytest.fixture
def ada(team: Team, shelf: Path) -> Sandbox:
    """Ada's clone: two versions of scans in the store, pushed."""
    fill(team.ada, f"{{url: {shelf}}}")
    team.ada.mlv("push")
    return team.ada


@pytest.fixture
def bob(team: Team, ada: Sandbox) -> Sandbox:
    """A clone that has all the bytes, and has fetched no retirement yet."""
    team.bob.git("pull", "-q")
    team.bob.mlv("pull", "--all")
    return team.bob


def retire(repo: Sandbox, path: str = PACKED) -> None:
    repo.mlv("retire", "scans@v0.1", path, *WHY, "-m", "Retire it")
    repo.mlv("push")


def typed(repo: Sandbox, said: str, start: str) -> str:
    """Type the command that was printed."""
    found = re.search(rf"{re.escape(start)}.*", said)
    assert found, said
    return repo.mlv(*shlex.split(found[0])[2:]).said


@pytest.mark.parametrize(("name", "path"), [("whole", "other.bin"), ("packed", PACKED)])
@pytest.mark.parametrize(
    "way", ["push", "unfetched push", "push of a new branch", "fsck", "unfetched fsck", "rejected push"]
)
def test_a_clone_that_is_behind_brings_nothing_back_that_it_knows_is_retired(
    ada: Sandbox, bob: Sandbox, shelf: Path, way: str, name: str, path: str
) -> None:
    retire(ada, path)
    if way not in ("unfetched push", "unfetched fsck", "rejected push"):
        bob.git("fetch", "-q")

    if way in ("push of a new branch", "fsck"):
        bob.git("switch", "-qc", "code")
    if way == "fsck":  # a branch there names them as if they were to stand
        bob.push("-u", "origin", "code")
    if way in ("push of a new branch", "rejected push"):
        bob.write("train.py", "print()\n")
        bob.git("add", "train.py")
        bob.git("commit", "-qm", "Code")
    ran = bob.mlv(*(["fsck", "--remote"] if way.endswith("fsck") else ["push"]), check=False)

    assert ran.status == (4 if way == "rejected push" else 0), ran.said
    assert_nowhere(name, shelf)
    if way.startswith("push"):
        assert "1 file of scans@v0.1 not sent, retired by Ada" in ran.err
        assert "git merge origin/main" in ran.err
        bob.git("merge", "-q", "--no-edit", "origin/main")
        assert "not sent" not in bob.mlv("push").said


def test_what_a_remote_lost_is_not_sent_again_while_nobody_says_whether_it_was_retired(
    bob: Sandbox, shelf: Path
) -> None:
    for path in shelf.glob("sha256/*/*"):
        path.unlink()
    bob.git("remote", "set-url", "origin", "../gone.git")

    refused = bob.mlv("fsck", "--remote", check=False)

    assert refused.status == 1
    assert "it may have been retired, and origin cannot be asked" in refused.err
    assert not any(shelf.glob("sha256/*/*"))


def test_what_a_remote_lost_is_sent_again_without_the_pack_that_has_retired_bytes(
    ada: Sandbox, bob: Sandbox, shelf: Path
) -> None:
    retire(ada)
    bob.git("fetch", "-q")
    for path in [*shelf.glob("sha256/*/*"), *shelf.glob("extents/*/*")]:
        path.unlink()

    bob.mlv("push")

    assert_nowhere("packed", shelf)
    bob.git("merge", "-q", "--no-edit", "origin/main")
    bob.mlv("fsck", "--remote")


def test_a_version_that_was_frozen_unaware_is_published_with_a_warning_and_the_way_out(
    ada: Sandbox, bob: Sandbox, shelf: Path
) -> None:
    bob.write("raw/again.txt", (bob / "data/snapshots/scans_v0.1" / PACKED).read_bytes())
    bob.mlv("snapshot", "create", "more", "v0.1", "raw", "--storage", "store", "-m", "Freeze more")
    retire(ada)
    bob.git("pull", "-q", "--no-rebase", "--no-edit")

    said = bob.mlv("push").err

    assert "more@v0.1 has 1 file with bytes that were retired from scans@v0.1, by Ada" in said
    assert files_with(SECRETS["packed"], shelf) != []
    assert "retired" not in bob.mlv("push").err
    typed(bob, said, "git mlv retire --sha256")
    os.unlink(bob / "raw/again.txt")
    bob.git("commit", "-qm", "Retire it there too")
    bob.mlv("pull")
    assert_nowhere("packed", bob.path, shelf)


def test_bytes_frozen_again_on_purpose_are_sent_again_when_the_remote_lost_them(ada: Sandbox, shelf: Path) -> None:
    again = (ada / "data/snapshots/scans_v0.1/other.bin").read_bytes()
    retire(ada, "other.bin")
    ada.write("raw/other.bin", again)
    ada.mlv("snapshot", "create", "given", "v0.1", "raw", "--storage", "store", "-m", "The consent was given anew")
    ada.mlv("push")
    (found,) = files_with(SECRETS["whole"], shelf)
    os.unlink(found)

    ada.mlv("fsck", "--remote")

    assert files_with(SECRETS["whole"], shelf) == [found]


def test_retired_bytes_that_came_back_are_named_with_what_removes_them(
    team: Team, ada: Sandbox, bob: Sandbox, shelf: Path
) -> None:
    shutil.copytree(shelf, shelf.with_name("backup"))
    retire(ada)
    bob.push("origin", "main:refs/heads/late")
    shutil.copytree(shelf.with_name("backup"), shelf, dirs_exist_ok=True)
    assert files_with(SECRETS["packed"], shelf) != []
    eve = team.clone("eve")

    here = eve.mlv("fsck", "--remote", check=False)
    report = json.loads(eve.mlv("fsck", "--remote", "--json", check=False).out)
    bob.git("fetch", "-q")
    behind = bob.mlv("fsck", "--remote", check=False)

    assert (here.status, behind.status) == (1, 1)
    assert "was retired from scans@v0.1 by Ada" in here.said
    assert len(report["retired"]) == 1
    assert report["ok"] is False
    assert "git merge origin/main" in behind.said
    typed(eve, here.said, "git mlv retire --sha256")
    assert_nowhere("packed", shelf)
    assert eve.git("status", "--porcelain").out == ""
    assert "retired" not in eve.mlv("fsck", "--remote").said


def test_a_retirement_that_a_remote_did_not_carry_out_is_not_forgotten(team: Team, ada: Sandbox, shelf: Path) -> None:
    away = shelf.with_name("away")
    shelf.rename(away)
    shelf.write_text("no folder")
    ran = ada.mlv("retire", "scans@v0.1", PACKED, *WHY, "-m", "Retire it", check=False)
    shelf.unlink()
    away.rename(shelf)
    ada.push("origin", "main")
    eve = team.clone("eve")

    eve.mlv("pull", "--all")
    checked = eve.mlv("fsck", "--remote", check=False)

    assert ran.status == 4
    assert "the same command again ends it" in ran.said
    assert_nowhere("packed", eve.path)
    eve.mlv("verify")
    assert "git mlv fsck --remote shelf" in ran.said
    typed(ada, ada.mlv("fsck", "--remote", "shelf", check=False).said, "git mlv retire --sha256")
    assert checked.status == 1
    assert_nowhere("packed", shelf)
    eve.mlv("fsck", "--remote")


@pytest.mark.parametrize(("name", "path"), [("whole", "other.bin"), ("packed", PACKED)])
def test_status_names_retired_bytes_that_the_store_still_has_and_what_removes_them(
    ada: Sandbox, bob: Sandbox, name: str, path: str
) -> None:
    retire(ada, path)
    bob.git("pull", "-q")

    said = bob.mlv("status").said

    assert "retired, and still in the store: 1 file" in said
    status = json.loads(bob.mlv("status", "--json").out)
    assert (status["unerased_files"], status["next"]["command"]) == (1, "git mlv pull")
    bob.mlv("pull")
    assert_nowhere(name, bob.path)
    assert "retired, and" not in bob.mlv("status").said
    assert "retired, and" not in ada.mlv("status").said


def test_what_a_pack_brought_beside_the_files_that_were_asked_for_goes_too(team: Team, ada: Sandbox) -> None:
    eve = team.clone("eve")
    eve.mlv("pull", "scans@v0.1", "--include", "small/16.txt")
    assert files_with(SECRETS["packed"], eve.path) != []
    retire(ada)
    eve.git("pull", "-q")

    eve.mlv("pull", "scans@v0.1", "--include", "small/16.txt")

    assert_nowhere("packed", eve.path)
    eve.mlv("fsck")
