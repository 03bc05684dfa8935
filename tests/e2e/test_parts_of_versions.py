"""A version of which only a part was pulled: nothing takes the part for the whole."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from tests.conftest import Sandbox
from tests.e2e.conftest import Team

FOLDER = "data/snapshots/pat_v0.1"


@pytest.fixture
def part(team: Team) -> Sandbox:
    """Carol's clone, who pulled two of the three files of `pat v0.1`."""
    ada = team.with_shelf()
    for name in ("a.txt", "b.txt", "c.bin"):
        ada.write(f"in/{name}", f"{name}\n" * 1000)
    ada.mlv("snapshot", "create", "pat", "v0.1", "in", "--storage", "store", "-m", "Freeze")
    ada.mlv("push")
    carol = team.clone("carol")
    carol.mlv("pull", "pat@v0.1", "--include", "[ab].*")
    return carol


def test_what_was_not_pulled_is_no_finding_until_the_version_is_asked_for(part: Sandbox) -> None:
    assert "2 of 3 files are here" in part.mlv("verify").out
    named = part.mlv("verify", "pat@v0.1", check=False)
    assert named.status == 1
    assert "c.bin" in named.out
    assert "1 of them not here: git mlv pull pat@v0.1" in part.mlv("status").out
    (newest,) = json.loads(part.mlv("status", "--json").out)["newest"]
    assert (newest["away"], newest["missing_files"]) == (False, 1)

    (part / FOLDER / "a.txt").unlink()
    lost = part.mlv("verify", check=False)
    assert lost.status == 1
    assert "a.txt" in lost.out


def test_the_folder_of_a_part_is_not_frozen_as_if_it_were_all(part: Sandbox) -> None:
    refused = part.mlv("snapshot", "create", "pat", "--bump", "minor", FOLDER, check=False)

    assert refused.status == 1
    assert "1 of the 3 files of pat@v0.1 never came here" in refused.err
    part.mlv("pull", "pat@v0.1")
    assert "3 files" in part.mlv("snapshot", "create", "pat", "--bump", "minor", FOLDER).out


def test_files_that_were_deleted_on_purpose_may_be_left_out(part: Sandbox) -> None:
    part.mlv("pull", "pat@v0.1")
    os.chmod(part / FOLDER, 0o755)
    (part / FOLDER / "b.txt").unlink()

    assert "2 files" in part.mlv("snapshot", "create", "pat", "--bump", "minor", FOLDER).out


def test_a_pattern_that_fits_nothing_is_no_success(part: Sandbox) -> None:
    answer = part.mlv("pull", "pat@v0.1", "--include", "no-such*", check=False)

    assert answer.status == 2
    assert "no file of pat@v0.1 fits no-such*" in answer.err


def test_of_a_version_with_a_damaged_file_the_rest_can_be_had_as_the_refusal_says(part: Sandbox) -> None:
    shutil.rmtree(part / ".git/mlv/objects")
    shutil.rmtree(part / FOLDER)
    shelf = part.playground.folder / "shelf"
    damaged = max((each for each in shelf.glob("sha256/*/*")), key=lambda each: b"c.bin" in each.read_bytes())
    os.chmod(damaged, 0o644)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"X")
    refused = part.mlv("pull", "pat@v0.1", check=False)

    assert refused.status
    line = next(each for each in refused.err.splitlines() if "--exclude" in each)
    words = line[line.index("git mlv") :].partition("   ")[0].split()[2:]
    part.mlv(*(word.strip("'") for word in words))
    assert (part / FOLDER / "b.txt").exists()
    assert not (part / FOLDER / "c.bin").exists()


def test_a_folder_remote_that_was_used_and_is_gone_is_not_made_anew(part: Sandbox) -> None:
    shelf = part.playground.folder / "shelf"
    part.write("more.bin", "more")
    part.mlv("snapshot", "create", "more", "v0.1", "more.bin", "--storage", "store", "-m", "Freeze")
    part.mlv("push")
    shelf.rename(shelf.with_name("moved"))
    part.write("more.bin", "even more")
    part.mlv("snapshot", "create", "more", "v0.2", "more.bin", "-m", "Freeze")

    refused = part.mlv("push", check=False)
    assert refused.status
    assert "this clone has used it" in refused.err
    assert not shelf.exists()
    shelf.with_name("moved").rename(shelf)
    part.mlv("push")


def test_a_refused_commit_of_a_new_version_says_why_and_what_stays_staged(part: Sandbox) -> None:
    part.mlv("pull", "pat@v0.1")
    os.chmod(part / FOLDER / "a.txt", 0o644)
    part.write(f"{FOLDER}/a.txt", "altered")

    refused = part.mlv("snapshot", "create", "pat", "--bump", "minor", FOLDER, "-m", "new", check=False)
    assert refused.status == 1
    assert "MLV103" in refused.err
    assert "stays staged" in refused.err
    part.mlv("restore", "pat@v0.1")
    part.git("commit", "-m", "new")
