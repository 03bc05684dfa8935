"""Large files are copied by the system and hashed where they arrive; what it cannot copy is read and written."""

from __future__ import annotations

import errno
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mlvgit.core.digest import BIG_BYTES, Digest, of_bytes
from mlvgit.errors import IntegrityError, MachineError
from mlvgit.store.atomic import Draft
from mlvgit.store.objects import ObjectStore
from mlvgit.store.place import place_bytes
from mlvgit.store.reading import Meter, StoppedError
from mlvgit.store.scan import scan
from tests.store.standins import Counting

DATA = random.Random(3).randbytes(BIG_BYTES + 4321)
NEXT = DATA[: BIG_BYTES // 2] + b"put in" * 20_000 + DATA[BIG_BYTES // 2 :]
pytestmark = pytest.mark.skipif(not hasattr(os, "copy_file_range"), reason="this system cannot copy by itself")


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "in/big.bin"
    path.parent.mkdir()
    path.write_bytes(DATA)
    return path


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each call to the system copied."""
    done: list[int] = []
    real = os.copy_file_range

    def copy(*args: int) -> int:
        done.append(real(*args))
        return done[-1]

    monkeypatch.setattr(os, "copy_file_range", copy)
    return done


def failing_after(calls: int, number: int) -> Callable[..., int]:
    real = os.copy_file_range
    left = iter(range(calls))

    def copy(*args: int) -> int:
        if next(left, None) is None:
            raise OSError(number, os.strerror(number))
        return real(*args)

    return copy


def test_a_large_file_is_taken_in_and_given_back_without_passing_through_this_process(
    store: ObjectStore, big: Path, copied: list[int], tmp_path: Path
) -> None:
    assert store.take(list(scan(big.parent))) == [of_bytes(DATA)]
    assert sum(copied) == len(DATA)

    store.place(of_bytes(DATA), tmp_path / "out", "big.bin")

    assert sum(copied) == 2 * len(DATA)
    assert (tmp_path / "out/big.bin").read_bytes() == DATA
    assert not (tmp_path / "out/big.bin").stat().st_mode & 0o222


def test_ranges_of_objects_are_copied_one_after_the_other(
    store: ObjectStore, big: Path, copied: list[int], tmp_path: Path
) -> None:
    store.take(list(scan(big.parent)))
    big.write_bytes(NEXT)
    store.take(list(scan(big.parent)), base={"big.bin": of_bytes(DATA)})
    assert not store.has_object(of_bytes(NEXT))
    copied.clear()

    store.place(of_bytes(NEXT), tmp_path / "out", "big.bin")

    assert sum(copied) == len(NEXT)
    assert (tmp_path / "out/big.bin").read_bytes() == NEXT


@pytest.mark.parametrize("calls", [0, 1, 2])
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EXDEV, errno.EIO, errno.ENOSPC])
def test_what_the_system_cannot_copy_to_its_end_is_read_and_written(
    store: ObjectStore, big: Path, monkeypatch: pytest.MonkeyPatch, calls: int, number: int
) -> None:
    monkeypatch.setattr(os, "copy_file_range", failing_after(calls, number))
    seen = Counting()

    assert store.take(list(scan(big.parent)), progress=seen) == [of_bytes(DATA)]

    assert store.check(of_bytes(DATA))
    assert seen.done == seen.total == len(DATA)


def test_a_system_that_copies_little_at_a_time_copies_all(
    store: ObjectStore, big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.copy_file_range
    monkeypatch.setattr(os, "copy_file_range", lambda fd, to, n, at: real(fd, to, min(n, 999_999), at))
    assert store.take(list(scan(big.parent))) == [of_bytes(DATA)]
    assert store.check(of_bytes(DATA))


def test_a_system_that_copies_other_bytes_is_not_believed(
    store: ObjectStore, big: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store.take(list(scan(big.parent)))
    real = os.copy_file_range

    def copy(source: int, target: int, length: int, offset: int) -> int:
        done = real(source, target, length, offset)
        os.pwrite(target, b"wrong", offset)
        return done

    monkeypatch.setattr(os, "copy_file_range", copy)
    with pytest.raises(IntegrityError, match="hash to"):
        store.place(of_bytes(DATA), tmp_path / "out", "big.bin")
    assert list((tmp_path / "out").iterdir()) == []
    assert store.has(of_bytes(DATA)), "the object is whole, and stays"


def test_a_disk_that_is_full_is_said(store: ObjectStore, big: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def refuse(*args: object) -> int:
        raise full

    monkeypatch.setattr(os, "copy_file_range", refuse)
    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(MachineError, match="No space left"):
        store.take(list(scan(big.parent)))
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


def test_a_source_that_is_cut_short_meanwhile_is_refused(
    store: ObjectStore, big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.copy_file_range

    def copy(*args: int) -> int:
        os.truncate(big, BIG_BYTES // 2)
        return real(*args)

    files = list(scan(big.parent))
    monkeypatch.setattr(os, "copy_file_range", copy)
    with pytest.raises(IntegrityError, match=r"big\.bin changed"):
        store.take(files)


def test_a_source_that_is_written_meanwhile_is_refused(
    store: ObjectStore, big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.copy_file_range

    def copy(*args: int) -> int:
        with big.open("r+b") as file:
            file.write(b"other")
        return real(*args)

    files = list(scan(big.parent))
    monkeypatch.setattr(os, "copy_file_range", copy)
    with pytest.raises(IntegrityError, match=r"big\.bin changed"):
        store.take(files)


def test_a_twin_gets_the_same_bytes(store: ObjectStore, big: Path, copied: list[int], tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with big.open("rb") as reader, Draft(folder, "twin", durable=False) as twin:
            store.put(of_bytes(DATA), reader, twin)
            twin.publish(replace=False)
    finally:
        os.close(folder)

    assert (tmp_path / "twin").read_bytes() == DATA
    assert store.check(of_bytes(DATA))
    assert sum(copied) == 2 * len(DATA)


def test_work_that_is_given_up_leaves_no_thread_and_no_bytes(big: Path, tmp_path: Path) -> None:
    meter = Meter(None)
    meter.stopped = True
    with big.open("rb") as reader, pytest.raises(StoppedError):
        place_bytes(tmp_path / "out", "big.bin", reader, of_bytes(DATA), meter=meter)
    assert list((tmp_path / "out").iterdir()) == []
    assert [thread.name for thread in threading.enumerate() if thread.name == "mlvgit-copy"] == []


def test_a_file_of_another_size_is_not_copied_to_see_that(big: Path, copied: list[int], tmp_path: Path) -> None:
    wanted = Digest(len(DATA) - 1, of_bytes(DATA[:-1]).sha256)
    with big.open("rb") as reader, pytest.raises(IntegrityError, match="more than"):
        place_bytes(tmp_path / "out", "big.bin", reader, wanted)
    assert copied == []
