"""Hashing thousands of small files on all cores: threads would only hand the interpreter's lock to and fro.

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
from typing import NamedTuple

from mlvgit.store.batches import Outcomes
from mlvgit.store.reading import SMALL_BYTES, Meter, hash_batch, small_sha256
from mlvgit.store.scan import SourceFile

__all__ = ["can_fork", "hash_small"]

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
    size = max(_PORTION, -(-len(small) // _MOST_PORTIONS))
    portions = [range(start, min(start + size, len(small))) for start in range(0, len(small), size)]
    work = _Work(files, sizes, small)
    own: set[int] = set()
    parent = os.getpid()
    children: list[int] = []
    # One byte a file says whether its digest is there; then come the digests.
    with mmap.mmap(-1, len(small) * (1 + _DIGEST)) as slots, _queue(len(portions)) as queue:
        try:
            for _ in range((os.cpu_count() or 1) - 1):
                children += _fork(functools.partial(_labour, parent, work, portions, queue, slots))
            for number in _taken(queue):
                work.fill(portions[number], slots)
                meter.advance(work.bytes_of(portions[number]))
                own.add(number)
        except BaseException:
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            raise
        finally:
            for child in children:
                _wait(child)
        done, found = slots[: len(small)], slots[len(small) :]
    for number, portion in enumerate(portions):
        if number not in own:
            meter.advance(work.bytes_of(portion))
    work.settle(done, found, outcomes)


class _Work(NamedTuple):
    """The files to digest; a place is one's place among them."""

    files: Sequence[SourceFile]
    sizes: Sequence[int]
    small: Sequence[int]

    def bytes_of(self, portion: range) -> int:
        """Return how many bytes the files of these places have."""
        return sum([self.sizes[self.small[place]] for place in portion])

    def fill(self, portion: range, slots: mmap.mmap) -> None:
        """Write the digests of a portion into their slots; what is unusual is left out."""
        buffer = bytearray(SMALL_BYTES + 1)
        found = [small_sha256(self.files[self.small[place]], buffer) for place in portion]
        first = len(self.small) + portion.start * _DIGEST
        slots[first : first + len(found) * _DIGEST] = b"".join([each or bytes(_DIGEST) for each in found])
        slots[portion.start : portion.stop] = bytes([each is not None for each in found])

    def settle(self, done: bytes, found: bytes, outcomes: Outcomes) -> None:
        """Take digests from their slots; files whose slot is empty are done here."""
        if len(self.small) == len(self.files) == done.count(1):
            outcomes.put_all(self.sizes, found)
            return
        for place, index in enumerate(self.small):
            if done[place]:
                at = place * _DIGEST
                outcomes.put(index, self.sizes[index], found[at : at + _DIGEST])
        left = [index for index, there in zip(self.small, done, strict=True) if not there]
        for index, outcome in zip(left, hash_batch([self.files[index] for index in left]), strict=True):
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


def _labour(parent: int, work: _Work, portions: Sequence[range], queue: int, slots: mmap.mmap) -> None:
    for number in _taken(queue):
        if os.getppid() != parent:
            return  # the parent was killed, and its lock must not live on here
        work.fill(portions[number], slots)


def _wait(child: int) -> None:
    with suppress(ChildProcessError):  # somebody else waits for children in this process, or ignores them
        os.waitpid(child, 0)
