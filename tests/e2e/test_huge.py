"""Tens of thousands of files: a small commit, memory that stays small, and every byte back from a remote."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.e2e.conftest import Team

MIB = 1 << 20
FEW, MANY, ALL = 11_000, 30_000, 100_000
FOLDER = "data/snapshots/huge_v1.0"

pytestmark = pytest.mark.slow


def fill(folder: Path, number: int) -> None:
    for start in range(0, number, 1000):
        inside = folder / f"{start // 1000:04}"
        inside.mkdir(parents=True)
        for each in range(start, min(start + 1000, number)):
            (inside / f"{each:07}.txt").write_text(f"row {each}\n")


def peak(sandbox: Sandbox, *args: str) -> int:
    """Run a command of ours alone; return the most memory that it took, in bytes."""
    child = subprocess.Popen(
        ["git", "mlv", *args],
        cwd=sandbox.path,
        env=sandbox.playground.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert child.stderr is not None
    said = child.stderr.read()
    child.stderr.close()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, said
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def freeze(sandbox: Sandbox, number: int) -> int:
    fill(sandbox / FOLDER, number)
    return peak(sandbox, "snapshot", "create", "huge", "v1.0", "--storage", "store", "-m", "Freeze")


def commit_size(sandbox: Sandbox) -> int:
    """Return the bytes of all objects that the last commit brought."""
    brought = sandbox.git("rev-list", "--objects", "HEAD~1..HEAD").out.split("\n")
    return sum(int(sandbox.git("cat-file", "-s", line.split()[0]).out) for line in brought if line)


@pytest.fixture
def ada(team: Team) -> Sandbox:
    return team.with_shelf()


def test_the_commit_that_freezes_many_files_is_no_larger_than_that_of_few_and_memory_grows_in_a_straight_line(
    ada: Sandbox,
) -> None:
    few = freeze(ada, FEW)
    small = commit_size(ada)
    ada.git("reset", "-q", "--hard", "HEAD~1")
    os.rename(ada / FOLDER, ada.playground.folder / "few")

    many = freeze(ada, MANY)

    assert commit_size(ada) <= small + 64
    assert small < MIB / 10
    assert many + (many - few) / (MANY - FEW) * (ALL - MANY) < 600 * MIB


def test_every_byte_of_many_files_comes_back_from_a_remote_that_keeps_few_objects(team: Team, ada: Sandbox) -> None:
    freeze(ada, FEW)
    peak(ada, "push")
    ada.git("push", "-q", "origin", "main")
    assert sum(1 for path in (ada.playground.folder / "shelf").rglob("*") if path.is_file()) < 50
    carol = team.clone("carol")

    used = peak(carol, "pull")

    assert used < 600 * MIB
    here, there = ((each / FOLDER) for each in (ada, carol))
    names = sorted(path.relative_to(here) for path in here.rglob("*.txt"))
    assert len(names) == FEW
    assert sorted(path.relative_to(there) for path in there.rglob("*.txt")) == names
    assert all((here / name).read_bytes() == (there / name).read_bytes() for name in names)
