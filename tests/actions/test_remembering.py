"""The same freeze again is cheap: sources that did not move are not read; what moved, or is not here, is."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from mlvgit.store.statcache import GRANULARITY_NS
from tests.conftest import Sandbox

DATA = os.urandom(1 << 20) * 17
STANDS = "data/snapshots/scans_v0.1/big.bin"


def object_of(repo: Sandbox) -> Path:
    name = hashlib.sha256(DATA).hexdigest()
    return repo / ".git/mlv/objects/sha256" / name[:2] / name[2:]


def freeze(repo: Sandbox, *words: str, check: bool = True) -> str:
    return repo.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", *words, check=check).said


@pytest.fixture
def frozen(repo: Sandbox) -> Sandbox:
    """A repository with a big file frozen from `raw/`, long enough after it was written for its times to be proof."""
    source = repo.write("raw/big.bin", DATA)
    while time.time_ns() <= source.stat().st_ctime_ns + GRANULARITY_NS:
        os.sync()
    freeze(repo)
    return repo


def test_a_source_that_did_not_move_is_not_read_again(frozen: Sandbox) -> None:
    stored = object_of(frozen).stat()

    assert "frozen already" in freeze(frozen)

    assert object_of(frozen).stat().st_ino == stored.st_ino
    (frozen / ".git/mlv/cache/stat").write_bytes(b"garbled")
    assert "frozen already" in freeze(frozen)
    assert object_of(frozen).stat().st_ino != stored.st_ino


def test_a_source_that_was_written_with_its_old_time_is_read(frozen: Sandbox) -> None:
    source = frozen / "raw/big.bin"
    before = source.stat()
    with source.open("r+b") as file:
        file.write(b"other bytes")
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert "is frozen with other bytes" in freeze(frozen, check=False)


def test_bytes_that_the_store_lost_are_taken_in_again(frozen: Sandbox) -> None:
    object_of(frozen).unlink()

    freeze(frozen)

    assert object_of(frozen).read_bytes() == DATA


def test_a_frozen_file_that_is_gone_is_put_back(frozen: Sandbox) -> None:
    (frozen / STANDS).unlink()

    freeze(frozen)

    assert frozen.read(STANDS) == DATA
