"""Reading files once: portions into one buffer, and the proof that a file held still meanwhile.

`readinto` into one buffer of 1 MiB reaches hashlib's own rate; a memory map would be a little faster, but one bad
block, or somebody cutting the file short, would then kill the process with SIGBUS.
"""

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlvgit.core.digest import BIG_BYTES, Digest, Hasher
from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError, MachineError, MlvError, way_out
from mlvgit.store.scan import SourceFile, StatKey, stat_key

if TYPE_CHECKING:
    pass

__all__ = [
    "BUFFER_BYTES",
    "SMALL_BYTES",
    "Counted",
    "Meter",
    "Outcome",
    "Progress",
    "Readable",
    "StoppedError",
    "Write",
    "attempt",
    "digest_of",
    "digest_of_open",
    "hash_batch",
    "one_work",
    "open_source",
    "small_bytes",
    "small_digest",
    "small_sha256",
    "stream",
]

BUFFER_BYTES = 1 << 20
SMALL_BYTES = 1 << 16
"""Up to this size a file is read with one call."""

_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_NOT_A_FILE = frozenset({errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.ENODEV, errno.ENOTDIR})

Write = Callable[[memoryview], object]
Outcome = Digest | MlvError
"""A file's digest, or why there is none."""

_digest = tuple.__new__  # what a named tuple's own constructor calls
_NO_STAT = StatKey(0, 0, 0, 0, 0)


class Progress(Protocol):
    """What wants to know how far the work is; called under a lock, from several threads."""

    def start(self, total_bytes: int, total_files: int) -> None:
        """The work begins."""

    def advance(self, nbytes: int) -> None:
        """So many more bytes were read."""

    def finish(self) -> None:
        """The work is over, well or not."""


class _Part:
    """Hands on what a part of the work says, but not that it begins or ends."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def start(self, total_bytes: int, total_files: int) -> None:
        """Say nothing."""

    def advance(self, nbytes: int) -> None:
        """See `Progress`."""
        self._progress.advance(nbytes)

    def finish(self) -> None:
        """Say nothing."""


@contextmanager
def one_work(progress: Progress | None, total_bytes: int, total_files: int) -> Iterator[Progress | None]:
    """Tell `progress` that a work begins, and that it ended; give what its parts are to tell of their bytes."""
    if progress is None:
        yield None
        return
    progress.start(total_bytes, total_files)
    try:
        yield _Part(progress)
    finally:
        progress.finish()


class StoppedError(Exception):
    """Somebody else failed, or the user interrupted: this task's result is not wanted any more."""


class Meter:
    """Counts bytes for a `Progress`, and tells threads to stop."""

    __slots__ = ("_lock", "_progress", "stopped")

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self.stopped = False

    def advance(self, nbytes: int) -> None:
        """Count `nbytes`.

        Raises:
            StoppedError: the work was given up.
        """
        if self.stopped:
            raise StoppedError
        if self._progress is not None and nbytes:
            with self._lock:
                self._progress.advance(nbytes)


class Readable(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


class Counted:
    """A reader that tells a meter of what it gives, and is stopped by it.

    Attributes:
        reader: the reader itself; who takes its bytes in another way tells the meter.
        meter: what is told.
    """

    __slots__ = ("meter", "reader")

    def __init__(self, reader: Readable, meter: Meter) -> None:
        self.reader = reader
        self.meter = meter

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        portion = self.reader.read(size)
        self.meter.advance(len(portion))
        return portion


def hash_batch(files: Sequence[SourceFile], meter: Meter | None = None) -> list[Outcome]:
    """Digest some files one after the other; a failure takes the place of its digest. The task that executors run."""
    buffer = bytearray(BUFFER_BYTES)
    unsaid = 0
    outcomes: list[Outcome] = []
    for file in files:
        size = file.stat.size
        if size > SMALL_BYTES:
            outcomes.append(attempt(file.path, file.stat, buffer, meter, None)[0])
            continue
        outcomes.append(small_digest(file, buffer) or attempt(file.path, file.stat, buffer, None, None)[0])
        unsaid += size
        if meter and (unsaid > BUFFER_BYTES or meter.stopped):
            meter.advance(unsaid)
            unsaid = 0
    if meter:
        meter.advance(unsaid)
    return outcomes


def small_digest(file: SourceFile, buffer: bytearray) -> Digest | None:
    """Do what `stream` does for a file of at most `SMALL_BYTES`, in fewer steps; None when anything is unusual."""
    sha256 = small_sha256(file, buffer)
    return None if sha256 is None else _digest(Digest, (file.stat.size, sha256.hex()))


def small_sha256(file: SourceFile, buffer: bytearray) -> bytes | None:
    """Return the 32 bytes of `small_digest`."""
    data = small_bytes(file, buffer)
    return None if data is None else hashlib.sha256(data).digest()


def small_bytes(file: SourceFile, buffer: bytearray) -> memoryview | None:
    """Return what `small_digest` digests, in `buffer`, which is longer than `SMALL_BYTES`."""
    _, path, expected = file
    try:
        fd = os.open(path, _OPEN)
        try:
            # At an offset, which a FIFO in the file's place refuses, so that it loses no bytes to us. The stat that
            # follows is the scan's, so nothing happened to the file from then until it was read.
            got = _read_at(fd, [buffer], 0)
            if got != expected.size or not _held_still(os.fstat(fd), expected):
                return None
        finally:
            os.close(fd)
    except OSError:
        return None
    return memoryview(buffer)[:got]


def _copy_at(fd: int, buffers: list[bytearray], offset: int) -> int:
    data = os.pread(fd, len(buffers[0]), offset)
    buffers[0][: len(data)] = data
    return len(data)


_read_at = getattr(os, "preadv", _copy_at)  # four times as fast as a new object for each file, but not everywhere


def _held_still(found: os.stat_result, expected: StatKey) -> bool:
    dev, ino, size, mtime_ns, ctime_ns = expected
    return (
        found.st_ctime_ns == ctime_ns
        and found.st_ino == ino
        and found.st_mtime_ns == mtime_ns
        and found.st_size == size
        and found.st_dev == dev
        and found.st_mode & 0o170000 == stat.S_IFREG
    )


def open_source(path: "str | Path", *, dir_fd: int | None = None) -> int:
    """Open a file for reading; a symlink is not followed, a FIFO not waited for.

    Raises:
        OSError: it cannot be opened.
    """
    return os.open(path, _OPEN, dir_fd=dir_fd)


def digest_of(reader: Readable) -> Digest:
    """Digest what a reader gives until its end."""
    whole, total = hashlib.sha256(), 0
    while portion := reader.read(BUFFER_BYTES):
        whole.update(portion)
        total += len(portion)
    return Digest(total, whole.hexdigest())


def digest_of_open(fd: int, buffer: bytearray, meter: Meter | None = None) -> Digest:
    """Digest a file that is open at its beginning.

    Raises:
        OSError: it cannot be read.
    """
    return Digest(*_pump(fd, os.fstat(fd).st_size, buffer, meter, None))


def stream(
    path: "str | Path",
    expected: StatKey | None,
    buffer: bytearray,
    meter: Meter | None,
    write: Write | None,
    *,
    dir_fd: int | None = None,
) -> tuple[Digest, StatKey]:
    """Read a regular file once: hash it, hand each portion to `write`, and make sure that it held still.

    Args:
        path: never followed when it is a symlink, never waited for when it is a FIFO.
        expected: what `lstat` said when the file was chosen; None takes it as it is now.
        buffer: to read into; not shared between threads.
        meter: told of every portion.
        write: gets every portion, valid during the call only.
        dir_fd: the open folder that `path` is relative to.

    Raises:
        IntegrityError: not a regular file, or changed since it was chosen, or while it was read.
        OSError: cannot be opened or read.
    """
    fd = open_source(path, dir_fd=dir_fd)
    try:
        status = os.fstat(fd)
        before = stat_key(status)
        if not stat.S_ISREG(status.st_mode):
            raise IntegrityError(f"{printable(str(path))} is not a regular file any more")
        if expected is not None and before != expected:
            raise IntegrityError(f"{printable(str(path))} changed since it was scanned")
        if write is None or before.size < BIG_BYTES:
            total, sha256 = _pump(fd, before.size, buffer, meter, write)
        else:
            total, sha256 = _pump_beside(fd, before.size, meter, write)
        if total != before.size or stat_key(os.fstat(fd)) != before:
            raise IntegrityError(f"{printable(str(path))} changed while it was hashed")
    finally:
        os.close(fd)
    return Digest(total, sha256), before


def _pump(fd: int, size: int, buffer: bytearray, meter: Meter | None, write: Write | None) -> tuple[int, str]:
    whole = hashlib.sha256()
    total = 0
    view = memoryview(buffer)
    with open(fd, "rb", buffering=0, closefd=False) as file:
        while total <= size and (got := file.readinto(view)):  # a file that grows all the time has no end
            portion = view[:got]
            whole.update(portion)
            if write is not None:
                write(portion)
            total += got
            if meter is not None:
                meter.advance(got)
    return total, whole.hexdigest()


def _pump_beside(fd: int, size: int, meter: Meter | None, write: Write) -> tuple[int, str]:
    """Do what `_pump` does in the time that the longer of hashing and writing takes."""
    total = turn = 0
    buffers = [memoryview(bytearray(BUFFER_BYTES)) for _ in range(2)]
    with open(fd, "rb", buffering=0, closefd=False) as file, Hasher(beside=True) as hasher:
        while total <= size and (got := file.readinto(buffers[turn])):
            portion = buffers[turn][:got]
            hasher.update(portion)  # the other buffer is free from now on
            write(portion)
            total += got
            turn = 1 - turn
            if meter is not None:
                meter.advance(got)
        return total, hasher.hexdigest()


def attempt(
    path: "str | Path",
    expected: StatKey | None,
    buffer: bytearray,
    meter: Meter | None,
    write: Write | None,
    *,
    dir_fd: int | None = None,
) -> tuple[Outcome, StatKey]:
    """Do what `stream` does, but give a failure back in place of the digest; the stat means nothing then."""
    try:
        return stream(path, expected, buffer, meter, write, dir_fd=dir_fd)
    except IntegrityError as error:
        return error, _NO_STAT
    except OSError as error:
        return read_failure(path, error), _NO_STAT


def read_failure(path: "str | Path", error: OSError) -> MlvError:
    """Say why a file that was there when it was scanned cannot be read."""
    shown = printable(str(path))
    if isinstance(error, FileNotFoundError):
        return IntegrityError(f"{shown} was removed since it was scanned")
    if error.errno in _NOT_A_FILE:
        return IntegrityError(f"{shown} is not a regular file any more")
    return MachineError(f"cannot read {shown}: {error.strerror}", hint=way_out(error))
