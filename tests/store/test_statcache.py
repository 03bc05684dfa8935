"""A digest is remembered only for a file that provably did not move, and damage is an empty cache."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlvgit.core.digest import of_bytes
from mlvgit.store.scan import StatKey, stat_key
from mlvgit.store.statcache import GRANULARITY_NS, StatCache

OLD = StatKey(dev=1, ino=2, size=3, mtime_ns=1_000, ctime_ns=2_000)
DIGEST = of_bytes(b"abc")
LATER = OLD.ctime_ns + GRANULARITY_NS + 1


def saved(path: Path) -> StatCache:
    cache = StatCache(path)
    cache.put(OLD, DIGEST, LATER)
    assert cache.save()
    return StatCache(path)


def test_what_was_saved_is_known_to_the_next_process(tmp_path: Path) -> None:
    assert saved(tmp_path / "cache" / "stat").get(OLD) == DIGEST


def test_an_unknown_file_and_a_missing_cache_know_nothing(tmp_path: Path) -> None:
    assert StatCache(tmp_path / "none").get(OLD) is None
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("field", StatKey._fields)
def test_any_difference_in_the_stat_forgets(tmp_path: Path, field: str) -> None:
    cache = saved(tmp_path / "stat")

    assert cache.get(OLD._replace(**{field: getattr(OLD, field) + 1})) is None


@pytest.mark.parametrize("field", ["mtime_ns", "ctime_ns"])
@pytest.mark.parametrize(
    ("past", "trusted"), [(GRANULARITY_NS + 1, True), (GRANULARITY_NS, False), (0, False), (-1, False)]
)
def test_a_file_touched_shortly_before_it_was_hashed_is_not_remembered(
    tmp_path: Path, field: str, past: int, trusted: bool
) -> None:
    cache = StatCache(tmp_path / "stat")
    hashed_at = 10 * GRANULARITY_NS
    stat = OLD._replace(**{field: hashed_at - past})

    cache.put(stat, DIGEST, hashed_at)

    assert (cache.get(stat) is not None) == trusted


def test_a_real_file_rewritten_with_its_old_times_is_not_recognised(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"abc")
    os.utime(path, ns=(1, 1))
    before = stat_key(path.stat())
    cache = StatCache(tmp_path / "stat")
    cache.put(before, DIGEST, before.ctime_ns + GRANULARITY_NS + 1)
    assert cache.get(before) == DIGEST
    time.sleep(0.02)  # the clock of the file system has to move

    path.write_bytes(b"xyz")
    os.utime(path, ns=(1, 1))

    assert cache.get(stat_key(path.stat())) is None


def test_a_digest_of_another_size_is_not_remembered(tmp_path: Path) -> None:
    cache = StatCache(tmp_path / "stat")

    cache.put(OLD, of_bytes(b"four"), LATER)

    assert cache.get(OLD) is None


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    cache = saved(tmp_path / "stat")
    before = (tmp_path / "stat").stat()
    cache.put(OLD, DIGEST, LATER)

    assert cache.save()
    assert (tmp_path / "stat").stat() == before


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    cache = StatCache(tmp_path / "cache" / "stat")
    cache.put(OLD, DIGEST, LATER)

    assert cache.save() is False
    assert cache.get(OLD) == DIGEST


@pytest.mark.parametrize("position", [0, 5, 9, 40, 60, -1])
def test_one_flipped_bit_empties_the_cache(tmp_path: Path, position: int) -> None:
    saved(tmp_path / "stat")
    data = bytearray((tmp_path / "stat").read_bytes())
    data[position] ^= 1
    (tmp_path / "stat").write_bytes(data)

    assert StatCache(tmp_path / "stat").get(OLD) is None


def test_any_shorter_file_is_an_empty_cache(tmp_path: Path) -> None:
    saved(tmp_path / "stat")
    data = (tmp_path / "stat").read_bytes()
    for length in range(len(data)):
        (tmp_path / "stat").write_bytes(data[:length])
        assert StatCache(tmp_path / "stat").get(OLD) is None


@pytest.mark.parametrize("what", ["folder", "symlink", "fifo"])
@pytest.mark.timeout(5)
def test_something_else_in_place_of_the_cache_is_an_empty_cache(tmp_path: Path, what: str) -> None:
    saved(tmp_path / "real")
    path = tmp_path / "stat"
    if what == "folder":
        path.mkdir()
    elif what == "symlink":
        path.symlink_to("real")
    else:
        os.mkfifo(path)

    assert StatCache(path).get(OLD) is None


def test_a_cache_that_grew_too_large_keeps_what_was_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlvgit.store.statcache.MAX_ENTRIES", 2)
    first = StatCache(tmp_path / "stat")
    first.put(OLD, DIGEST, LATER)
    first.put(OLD._replace(ino=3), DIGEST, LATER)
    assert first.save()
    second = StatCache(tmp_path / "stat")
    assert second.get(OLD) == DIGEST
    second.put(OLD._replace(ino=4), DIGEST, LATER)
    assert second.save()

    third = StatCache(tmp_path / "stat")

    assert [third.get(OLD._replace(ino=ino)) is not None for ino in (2, 3, 4)] == [True, False, True]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any-stat"
    path.write_bytes(data)

    assert StatCache(path).get(OLD) is None
