"""Faults that the kernel is told to make, in Python and in the Git that it starts: the real program under strace.

strace counts calls of each process by itself, so the N-th call fails in mlvgit and in every Git alike. A Git that was
killed leaves its own locks, which it asks to be removed by hand.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.cases import CASES, State, World
from tests.faults.test_commands import ALL, differences, disagreements
from tests.faults.warm import Warm

CALLS = "fsync,fdatasync,syncfs,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,ftruncate,pwrite64"
FAULTS = {"killed": "signal=KILL", "disk-full": "error=ENOSPC"}
MOST = 100

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not here (Debian package strace)")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True).returncode:
        pytest.skip("processes may not be traced here")
    warm = Warm()
    yield World(tmp_path_factory.mktemp("traced"), warm)
    warm.close()


def _traced(world: World, name: str, fault: str, number: int) -> tuple[int, bool, str]:
    """Run the program; return its status, whether a call was broken, and what it said."""
    log = world.live.parent / "strace.log"
    inject = f"inject={CALLS}:{FAULTS[fault]}:when={number}"
    argv = ["strace", "-f", "-qq", "-o", log, "-e", f"trace={CALLS}", "-e", inject, "git-mlv", *CASES[name].argv]
    done = subprocess.run(argv, cwd=world.repo.path, env=world.environment(), capture_output=True, timeout=120)
    text = log.read_text(errors="replace")
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    return done.returncode, "(INJECTED)" in text or "killed by SIGKILL" in text, said


def _unlocked(world: World) -> None:
    for where in (world.repo / ".git", world.live / "server.git"):
        for lock in Path(where).rglob("*.lock"):
            lock.unlink()


def _check(world: World, name: str, fault: str, number: int, before: State, after: State) -> tuple[bool, str]:
    world.ready(name)
    status, met, said = _traced(world, name, fault, number)
    if not met:
        return False, ""
    _unlocked(world)
    problems = disagreements(world.state(), before, after)
    for where in (world.repo.path, world.live / "server.git"):
        checked = world.playground.run("git", "fsck", "--no-progress", cwd=where, check=False)
        problems += [f"git fsck: {checked.said}"] if checked.status else []
    stored = world.run("fsck")
    problems += [f"git mlv fsck: {stored.said}"] if stored.status else []
    if "bug in mlvgit" in said or "Traceback" in said:
        problems.append("a failure of the machine is said to be a bug")
    again = world.run(*CASES[name].argv)
    if again.status:
        problems.append(f"again: status {again.status}: {again.said}")
    problems += [f"again: {each}" for each in differences(name, world.state(), after)]
    return True, "\n  ".join(
        [f"call {number}, {fault}, status {status}: {said.strip()}", *problems]
    ) if problems else ""


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["create-store", "push", "promote", "gc"])
def test_a_fault_that_the_kernel_makes_leaves_what_was_or_what_will_be(world: World, name: str, fault: str) -> None:
    world.ready(name)
    before = world.state()
    assert world.run(*CASES[name].argv).status == 0
    after = world.state()
    chance = random.Random(zlib.crc32(f"{name} {fault}".encode()))

    found = []
    for number in range(1, MOST) if ALL else (chance.randint(1, 3), chance.randint(4, 14)):
        met, said = _check(world, name, fault, number, before, after)
        if not met:
            break
        found.append(said)

    assert found
    assert not any(found), "\n".join(filter(None, found))
