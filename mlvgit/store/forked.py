"""Thousands of small files on all cores: threads would only hand the interpreter's lock to and fro.

A file of a few KiB costs six short system calls, and each gives the interpreter's lock away; two threads are then
slower than one. Forked children share nothing but a map of results, one slot a file. A child that dies, or meets
anything unusual, leaves its slots empty, and the parent does those files itself: errors are made in one place only.

Forking is safe only while this process has one thread, so it is done only then.
"""

import functools
import gc
import mmap
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from mlvgit.store.batches import Outcomes
from mlvgit.store.reading import SMALL_BYTES, Meter, hash_batch, small_sha256
from mlvgit.store.scan import SourceFile

__all__ = ["can_fork", "fill_slots", "hash_small"]

_DIGEST = 32
_PORTION = 256
_MOST_PORTIONS = 8192
"""Their numbers must fit into a pipe at once: 64 KiB on Linux (pipe(7))."""
_NUMBER = 4


def can_fork() -> bool:
    """Say whether this process may be forked: Linux, more than one core, one thread."""
    if sys.platform != "linux" or (os.cpu_count() or 1) < 2:
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def fill_slots(
    number: int, width: int, fill: Callable[[range], Sequence[bytes | None]], told: Callable[[range], object]
) -> tuple[bytes, bytes]:
    """Do something for each of so many files with one process a core.

    Args:
        number: how many files.
        width: bytes of a slot, which is what is known of a file that was done.
        fill: does it for some of them, given by their places, and returns what their slots are to have; None for those
            that it left out.
        told: called for each portion that is over.

    Returns:
        One byte a file that says whether it was done, and the slots.
    """
    size = max(_PORTION, -(-number // _MOST_PORTIONS))
    portions = [range(start, min(start + size, number)) for start in range(0, number, size)]
    own: set[int] = set()
    parent = os.getpid()
    children: list[int] = []
    with mmap.mmap(-1, number * (1 + width)) as slots, _queue(len(portions)) as queue:
        work = functools.partial(_fill, fill, slots, number, width)
        try:
            for _ in range((os.cpu_count() or 1) - 1):
                children += _fork(functools.partial(_labour, parent, work, portions, queue))
            for taken in _taken(queue):
                work(portions[taken])
                told(portions[taken])
                own.add(taken)
        except BaseException:
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            raise
        finally:
            for child in children:
                _wait(child)
        done, found = slots[:number], slots[number:]
    for place, portion in enumerate(portions):
        if place not in own:
            told(portion)
    return done, found


def _fill(
    fill: Callable[[range], Sequence[bytes | None]], slots: mmap.mmap, number: int, width: int, portion: range
) -> None:
    found = fill(portion)
    first = number + portion.start * width
    slots[first : first + len(found) * width] = b"".join([bytes(width) if each is None else each for each in found])
    slots[portion.start : portion.stop] = bytes([each is not None for each in found])


def hash_small(
    files: Sequence[SourceFile], sizes: Sequence[int], small: Sequence[int], outcomes: Outcomes, meter: Meter
) -> None:
    """Digest small files with one process a core.

    Args:
        files, sizes: all files, and their sizes in bytes.
        small: which of them are to be done, each of at most `reading.SMALL_BYTES`.
        outcomes: gets what comes of each.
        meter: told of each portion.
    """

    def fill(portion: range) -> list[bytes | None]:
        buffer = bytearray(SMALL_BYTES + 1)
        return [small_sha256(files[small[place]], buffer) for place in portion]

    def told(portion: range) -> None:
        meter.advance(sum([sizes[small[place]] for place in portion]))

    done, found = fill_slots(len(small), _DIGEST, fill, told)
    if len(small) == len(files) == done.count(1):
        outcomes.put_all(sizes, found)
        return
    for place, index in enumerate(small):
        if done[place]:
            at = place * _DIGEST
            outcomes.put(index, sizes[index], found[at : at + _DIGEST])
    left = [index for index, there in zip(small, done, strict=True) if not there]
    for index, outcome in zip(left, hash_batch([files[index] for index in left]), strict=True):
        outcomes[index] = outcome


@contextmanager
def _queue(length: int) -> Iterator[int]:
    """Fill a pipe with the numbers of the portions: whoever is free takes the next, so that nobody waits for a slow one."""
    reading, writing = os.pipe()
    try:
        os.write(writing, b"".join(number.to_bytes(_NUMBER, "big") for number in range(length)))
        os.close(writing)
        yield reading
    finally:
        os.close(reading)


def _taken(queue: int) -> Iterator[int]:
    """Take numbers until there are none left; a read of one number is not torn apart."""
    while number := os.read(queue, _NUMBER):
        yield int.from_bytes(number, "big")


def _fork(work: Callable[[], None]) -> list[int]:
    """Run `work` in a child; return its process id, or nothing when the system has no room for one."""
    try:
        child = os.fork()
    except OSError:
        return []
    if child:
        return [child]
    try:
        gc.disable()  # the parent's rubbish is not ours to finalise
        work()
    finally:
        os._exit(0)  # whatever happened: neither handlers nor buffers of the parent's may run here


def _labour(parent: int, work: Callable[[range], object], portions: Sequence[range], queue: int) -> None:
    for number in _taken(queue):
        if os.getppid() != parent:
            return  # the parent was killed, and its lock must not live on here
        work(portions[number])


def _wait(child: int) -> None:
    with suppress(ChildProcessError):  # somebody else waits for children in this process, or ignores them
        os.waitpid(child, 0)
