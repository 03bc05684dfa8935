"""Killed at any call of `git mlv retire`, the same command leaves no byte of what was to go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.cases import CASES, World
from tests.faults.test_commands import ALL
from tests.faults.warm import Warm

SECRETS = {"retire": bytes(reversed(range(256))) * 400, "retire-small": b"7 is small"}
"""What only the file that goes has; its successor has the first 90,000 bytes of the big one."""
STEP = 1 if ALL else 5


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    warm = Warm()
    yield World(tmp_path_factory.mktemp("faults"), warm)
    warm.close()


def _holding(folder: Path, secret: bytes) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and secret in path.read_bytes()]


@pytest.mark.parametrize("name", SECRETS)
def test_killed_at_any_call_the_same_command_leaves_no_byte(world: World, name: str) -> None:
    secret = SECRETS[name]
    world.ready(name)
    assert len(_holding(world.live, secret)) >= 3
    calls = world.run(*CASES[name].argv).calls
    assert _holding(world.live, secret) == []

    for number in range(1, calls + 1, STEP):
        world.ready(name)
        world.run(*CASES[name].argv, number=number)
        again = world.run(*CASES[name].argv)

        assert again.status == 0, (number, again.said)
        assert _holding(world.live, secret) == [], number
        assert not (world.repo / ".git/mlv/retiring").exists()
