"""Files that go from place to place inside the system, and are hashed where they arrive.

Where the file system can, the copy shares the blocks of its source (`store.cloning`). Else the system copies the bytes
of a large file (copy_file_range(2)) on a thread of its own, beside the one that hashes. It is the copy that is hashed,
never what it was made from, so that whatever copied is not trusted. What cannot be copied so is left to the caller, who
reads and writes it: that says best what is wrong.
"""

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import starmap
from queue import SimpleQueue
from typing import Final, NamedTuple

from mlvgit.core.digest import BIG_BYTES, Digest
from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError
from mlvgit.store.atomic import Draft
from mlvgit.store.cloning import LEAST_BYTES, clone
from mlvgit.store.packs import ExtentFile
from mlvgit.store.reading import BUFFER_BYTES, Meter, Outcome, digest_of_open, open_source
from mlvgit.store.scan import SourceFile, stat_key

__all__ = ["copy_open", "copy_source"]

PORTION_BYTES: Final = 8 << 20
LEAD: Final = 32
"""Portions that are copied and not hashed yet: few enough that they are still in memory when it is their turn."""


class _Range(NamedTuple):
    """Bytes of an open file."""

    fd: int
    offset: int
    length: int


def copy_source(draft: Draft, file: SourceFile, buffer: bytearray, meter: Meter | None) -> Outcome | None:
    """Copy a file into an empty draft and digest the copy; None, and an empty draft, when it has to be read and written.

    Args:
        draft: not published here.
        file: as it was scanned.
        buffer: to read into; not shared between threads.
        meter: told of every portion.

    Raises:
        OSError: the copy cannot be read.
    """
    size = file.stat.size
    if size < LEAST_BYTES:
        return None
    try:
        source = open_source(file.path)
    except OSError:
        return None  # reading says better what is wrong with it
    try:
        if stat_key(os.fstat(source)) != file.stat:
            return None
        digest = None
        if clone(source, draft.fd):
            draft.shares_blocks = True
        elif size < BIG_BYTES or (digest := _copy([_Range(source, 0, size)], [draft], meter)) is None:
            return None
        if stat_key(os.fstat(source)) != file.stat:
            return IntegrityError(f"{printable(file.path)} changed while it was taken in")
    finally:
        os.close(source)
    return digest or digest_of_open(draft.fd, buffer, meter)


def copy_open(drafts: Sequence[Draft], source: object, size: int, meter: Meter | None = None) -> Digest | None:
    """Copy what a reader gives into empty drafts and digest the copy; None when it has to be read and written.

    Args:
        drafts: not published here.
        source: where bytes come from; what is neither a file at its beginning nor ranges of files is left alone.
        size: how many bytes are expected.
        meter: told of every portion.

    Raises:
        OSError: the copy cannot be read.
    """
    if size < LEAST_BYTES:
        return None
    if isinstance(source, ExtentFile):
        return _copy(starmap(_Range, source.located()), drafts, meter) if size >= BIG_BYTES else None
    fd = _file_beneath(source, size)
    if fd is None:
        return None
    if len(drafts) == 1 and clone(fd, drafts[0].fd):
        drafts[0].shares_blocks = True
        return digest_of_open(drafts[0].fd, bytearray(BUFFER_BYTES), meter)
    return _copy([_Range(fd, 0, size)], drafts, meter) if size >= BIG_BYTES else None


def _file_beneath(source: object, size: int) -> int | None:
    """Return the descriptor of the regular file of that size that a reader is at the beginning of; None for all else."""
    try:
        fd: int = source.fileno()  # type: ignore[attr-defined]
        found = os.fstat(fd)
        if stat.S_ISREG(found.st_mode) and found.st_size == size and not os.lseek(fd, 0, os.SEEK_CUR):
            return fd
    except (AttributeError, OSError, ValueError):
        pass
    return None


def _copy(ranges: Iterable[_Range], drafts: Sequence[Draft], meter: Meter | None) -> Digest | None:
    """Copy ranges of files, one after the other, into each draft; return what the first one then hashes to."""
    if not hasattr(os, "copy_file_range"):
        return None
    copying = _Copying(ranges, drafts)
    whole = hashlib.sha256()
    buffer = memoryview(bytearray(BUFFER_BYTES))
    done = 0
    thread = threading.Thread(target=copying.run, name="mlvgit-copy", daemon=True)
    thread.start()
    try:
        for end in copying.ends():
            while done < end and (got := os.preadv(drafts[0].fd, [buffer[: end - done]], done)):
                whole.update(buffer[:got])
                done += got
                if meter is not None:
                    meter.advance(got)
    finally:
        copying.stop()
        thread.join()
    if not copying.failed:
        return Digest(done, whole.hexdigest())
    if meter is not None:
        meter.advance(-done)
    for draft in drafts:
        draft.empty()
    return None


class _Copying:
    """What the thread does that copies.

    Attributes:
        failed: not all could be copied.
    """

    def __init__(self, ranges: Iterable[_Range], drafts: Sequence[Draft]) -> None:
        self.failed = False
        self._ranges = ranges
        self._drafts = drafts
        self._ends: SimpleQueue[int] = SimpleQueue()
        self._lead = threading.Semaphore(LEAD)
        self._stopped = False

    def run(self) -> None:
        """Copy; tell after each portion how far the copies go now."""
        try:
            self._run()
        except (OSError, IntegrityError):
            self.failed = True
        except BaseException:
            self.failed = True
            raise
        finally:
            self._ends.put(0)

    def _run(self) -> None:
        first, *others = self._drafts
        end = 0
        for fd, offset, length in self._ranges:
            done = 0
            while done < length:
                self._lead.acquire()
                if self._stopped:
                    return
                copied = _copy_all(first, fd, offset + done, min(PORTION_BYTES, length - done))
                for draft in others:
                    _copy_all(draft, first.fd, end, copied)
                done += copied
                end += copied
                self._ends.put(end)

    def ends(self) -> Iterator[int]:
        """Yield how far the copies go, whenever they have grown."""
        while end := self._ends.get():
            yield end
            self._lead.release()

    def stop(self) -> None:
        """Have the copying end."""
        self._stopped = True
        self._lead.release()


def _copy_all(draft: Draft, fd: int, offset: int, length: int) -> int:
    done = 0
    while done < length:
        copied = draft.copy(fd, offset + done, length - done)
        if not copied:
            raise OSError(errno.EIO, "it is shorter than it was")
        done += copied
    return done
