"""A fault at any call of a command: everything is as before or as after, and the same command again succeeds."""

from __future__ import annotations

import os
import random
import zlib
from collections.abc import Iterator

import pytest

from tests.faults.cases import CASES, State, World
from tests.faults.shim import FAULTS, FOR_EVER, KILLED, SHORT
from tests.faults.warm import Outcome, Warm

ALL = bool(os.environ.get("MLV_TEST_ALL_FAULTS"))
"""Set: every call of every command with every fault, which takes long. Else a sample, the same each time."""
MANY_CALLS = frozenset({"create-store", "push", "promote", "gc"})
MANY, FEW = 6, 2
OTHERS = [*FAULTS, "disk-full" + FOR_EVER, SHORT]


def _broken() -> list[tuple[str, str]]:
    """Return what is broken how: every command is killed; the other faults take turns, unless all are asked for."""
    pairs = []
    for turn, name in enumerate(CASES):
        chosen = OTHERS if ALL else [OTHERS[turn % len(OTHERS)]]
        pairs += [(name, fault) for fault in (KILLED, *chosen)]
    return pairs


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    warm = Warm()
    yield World(tmp_path_factory.mktemp("faults"), warm)
    warm.close()


@pytest.fixture(scope="module")
def undisturbed(world: World) -> dict[str, tuple[State, State, dict[str, int]]]:
    """Of a case: the states before and after, and how many calls there are for each fault; filled when asked."""
    return {}


def _undisturbed(world: World, known: dict, name: str) -> tuple[State, State]:
    if name not in known:
        world.ready(name)
        before = world.state()
        ran = world.run(*CASES[name].argv)
        assert ran.status == 0, ran.said
        known[name] = before, world.state()
    return known[name]


def _calls(world: World, name: str, fault: str) -> int:
    world.ready(name)
    return world.run(*CASES[name].argv, fault=fault).calls


def _numbers(name: str, fault: str, calls: int) -> list[int]:
    numbers = list(range(1, calls + 1))
    if ALL:
        return numbers
    chosen = random.Random(zlib.crc32(f"{name} {fault}".encode()))
    return sorted(chosen.sample(numbers, min(MANY if name in MANY_CALLS else FEW, calls)))


def disagreements(now: State, before: State, after: State) -> list[str]:
    """Return what is neither as before nor as after."""
    found = []
    for part in ("refs", "index", "files"):
        here, old, new = (getattr(state, part) for state in (now, before, after))
        for name in here.keys() | old.keys() | new.keys():
            if here.get(name) not in (old.get(name), new.get(name)):
                found.append(f"{part}: {name} is {here.get(name)}, was {old.get(name)}, becomes {new.get(name)}")
    lost = before.contents & after.contents - now.contents
    return found + [f"lost: {digest}" for digest in lost]


def differences(name: str, now: State, after: State) -> list[str]:
    """Return what is not as it is after an undisturbed run."""
    found = [f"still in the store: {digest}" for digest in now.objects - after.objects] if CASES[name].frees else []
    for part in ("refs", "index", "files"):
        here, new = (getattr(state, part) for state in (now, after))
        found += [
            f"{part}: {name} is {here.get(name)}, not {new.get(name)}"
            for name in sorted(here.keys() | new.keys())
            if here.get(name) != new.get(name)
        ]
    return found + [f"not in the store: {digest}" for digest in after.objects - now.objects]


def check(world: World, name: str, fault: str, number: int, before: State, after: State) -> str:
    """Break a command at one call; return what is wrong, "" when all holds."""
    world.ready(name)
    ran = world.run(*CASES[name].argv, number=number, fault=fault)
    if not ran.met and ran.calls < number:
        return (
            "" if ran.status == 0 else f"status {ran.status} with no fault: {ran.said}"
        )  # threads did it in fewer calls
    problems = _after_the_fault(world, name, ran, fault, before, after)
    done = not differences(name, world.state(), after)
    again = world.run(*CASES[name].argv)
    if again.status and not done:  # done, it may say that there is nothing of that name any more
        problems.append(f"again: status {again.status}: {again.said}")
    else:
        problems += [f"again: {each}" for each in differences(name, world.state(), after)]
    if not problems:
        return ""
    return "\n  ".join([f"call {number} ({ran.met}), {fault}, status {ran.status}: {ran.said.strip()}", *problems])


def _after_the_fault(world: World, name: str, ran: Outcome, fault: str, before: State, after: State) -> list[str]:
    assert ran.met, ran
    now = world.state()
    problems = disagreements(now, before, after)
    if fault != KILLED and ran.status < 0:
        problems.append(f"ended by signal {-ran.status}")
    if fault == SHORT and ran.status:
        problems.append("a short write is no failure")
    if ran.status == 0:
        stays = "stays where it is" in ran.said  # a source that could not be removed is named, and no failure
        problems += [each for each in differences(name, now, after) if not (stays and "files: repo/raw/" in each)]
    if "Traceback" in ran.said or "bug in mlvgit" in ran.said:
        problems.append("a failure of the machine is said to be a bug")
    stored = world.run("fsck")
    if stored.status:
        problems.append(f"git mlv fsck: {stored.said}")
    if "healed" in stored.said or (world.repo / ".git/mlv/objects/quarantine").exists():
        problems.append(f"a damaged object: {stored.said}")
    for where in (world.repo.path, world.live / "server.git"):
        checked = world.playground.run("git", "fsck", "--no-progress", cwd=where, check=False)
        if checked.status:
            problems.append(f"git fsck: {checked.said}")
    return problems


@pytest.mark.parametrize(("name", "fault"), _broken())
def test_a_fault_at_any_call_leaves_what_was_or_what_will_be_and_the_same_again_succeeds(
    world: World, undisturbed: dict, name: str, fault: str
) -> None:
    before, after = _undisturbed(world, undisturbed, name)

    calls = _calls(world, name, fault)
    found = [check(world, name, fault, number, before, after) for number in _numbers(name, fault, calls)]

    assert calls
    assert not any(found), "\n".join(filter(None, found))
