"""Reading many files once, on all cores: the portions, the batches, and the proof that a file held still.

`hashlib` lets go of the interpreter's lock, so threads use every core. `readinto` into one buffer of 1 MiB reaches
hashlib's own rate; a memory map would be a little faster, but one bad block, or somebody cutting the file short, would
then kill the process with SIGBUS. Biggest files go first, small ones in batches, so that neither the last file nor the
cost of a task decides how long it takes.
"""

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mlvgit.core.digest import Digest
from mlvgit.core.text import count, printable
from mlvgit.errors import IntegrityError, MachineError, MlvError
from mlvgit.store.scan import SourceFile, StatKey, listed, stat_key

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

__all__ = ["BUFFER_BYTES", "Meter", "Outcome", "Progress", "Task", "Write", "attempt", "hash_batch", "run_batches"]

BUFFER_BYTES = 1 << 20
SMALL_BYTES = 1 << 16
"""Up to this size a file is read with one call."""
BATCH_BYTES = 8 << 20
BATCH_FILES = 256
INLINE_BYTES = 4 << 20
"""Below this much in all, threads cost more than they bring."""

_NOT_A_FILE = frozenset({errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.ENODEV, errno.ENOTDIR})

Write = Callable[[memoryview], object]
Outcome = Digest | MlvError
"""A file's digest, or why there is none."""

_NO_STAT = StatKey(0, 0, 0, 0, 0)


class Progress(Protocol):
    """What wants to know how far the work is; called under a lock, from several threads."""

    def start(self, total_bytes: int, total_files: int) -> None:
        """The work begins."""

    def advance(self, nbytes: int) -> None:
        """So many more bytes were read."""

    def finish(self) -> None:
        """The work is over, well or not."""


class _StoppedError(Exception):
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
            _StoppedError: the work was given up.
        """
        if self.stopped:
            raise _StoppedError
        if self._progress is not None and nbytes:
            with self._lock:
                self._progress.advance(nbytes)


Task = Callable[[Sequence[SourceFile], Meter | None], list[Outcome]]
"""What is done with some files; gives as many outcomes."""


class Batch(NamedTuple):
    """Files that one task handles, with their places in the whole list."""

    indices: list[int]
    files: list[SourceFile]


def hash_batch(files: Sequence[SourceFile], meter: Meter | None = None) -> list[Outcome]:
    """Digest some files one after the other; a failure takes the place of its digest. The task that executors run."""
    buffer = bytearray(BUFFER_BYTES)
    unsaid = 0
    outcomes: list[Outcome] = []
    for file in files:
        if file.stat.size > SMALL_BYTES:
            outcomes.append(attempt(file.path, file.stat, buffer, meter, None)[0])
            continue
        outcomes.append(attempt(file.path, file.stat, buffer, None, None)[0])
        unsaid += file.stat.size
        if meter and (unsaid > BUFFER_BYTES or meter.stopped):
            meter.advance(unsaid)
            unsaid = 0
    if meter:
        meter.advance(unsaid)
    return outcomes


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
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        status = os.fstat(fd)
        before = stat_key(status)
        if not stat.S_ISREG(status.st_mode):
            raise IntegrityError(f"{printable(str(path))} is not a regular file any more")
        if expected is not None and before != expected:
            raise IntegrityError(f"{printable(str(path))} changed since it was scanned")
        if before.size <= SMALL_BYTES and write is None:
            data = os.read(fd, before.size + 1)
            total, sha256 = len(data), hashlib.sha256(data).hexdigest()
        else:
            total, sha256 = _pump(fd, buffer, meter, write)
        if total != before.size or stat_key(os.fstat(fd)) != before:
            raise IntegrityError(f"{printable(str(path))} changed while it was hashed")
    finally:
        os.close(fd)
    return Digest(total, sha256), before


def _pump(fd: int, buffer: bytearray, meter: Meter | None, write: Write | None) -> tuple[int, str]:
    whole = hashlib.sha256()
    total = 0
    view = memoryview(buffer)
    with open(fd, "rb", buffering=0, closefd=False) as file:
        while got := file.readinto(view):
            portion = view[:got]
            whole.update(portion)
            if write is not None:
                write(portion)
            total += got
            if meter is not None:
                meter.advance(got)
    return total, whole.hexdigest()


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
    return MachineError(f"cannot read {shown}: {error.strerror}")


def run_batches(
    task: Task,
    files: Sequence[SourceFile],
    *,
    executor: "Executor | None" = None,
    progress: Progress | None = None,
    threads: int = 0,
) -> list[Digest]:
    """Run `task` over all of `files` and bring the digests back into their order.

    Args:
        task: a top-level function, so that any executor can carry it; gets a meter only in this process.
        files: what `scan` returned.
        executor: where to run; default a pool of threads.
        progress: see `hash_files`.
        threads: how many, default one a core.

    Raises:
        MlvError: what the failed files said, in one message; the rest of the work is given up.
    """
    total = sum(file.stat.size for file in files)
    meter = Meter(progress)
    outcomes: list[Outcome | None] = [None] * len(files)
    if progress is not None:
        progress.start(total, len(files))
    try:
        batches = list(_batches(files))
        if executor is None and (len(batches) < 2 or total < INLINE_BYTES):
            _run_here(task, batches, meter, outcomes)
        else:
            _run_on(executor, task, batches, meter, outcomes, threads)
    finally:
        if progress is not None:
            progress.finish()
    return _digests(outcomes)


def _run_here(
    task: Task,
    batches: list[Batch],
    meter: Meter,
    outcomes: list[Outcome | None],
) -> None:
    for batch in batches:
        for index, outcome in zip(batch.indices, task(batch.files, meter), strict=True):
            outcomes[index] = outcome


def _run_on(
    executor: "Executor | None",
    task: Task,
    batches: list[Batch],
    meter: Meter,
    outcomes: list[Outcome | None],
    threads: int,
) -> None:
    from concurrent.futures import ThreadPoolExecutor, as_completed

    own = None if executor else ThreadPoolExecutor(threads or os.cpu_count() or 1, "mlvgit-hash")
    chosen = own or executor
    assert chosen is not None
    running: dict[Future[list[Outcome]], Batch] = {}
    try:
        for batch in batches:
            running[chosen.submit(task, batch.files, meter if own else None)] = batch
        for future in as_completed(running):
            batch = running[future]
            for index, outcome in zip(batch.indices, future.result(), strict=True):
                outcomes[index] = outcome
            if not own:
                meter.advance(sum(file.stat.size for file in batch.files))
            if any(isinstance(outcomes[index], MlvError) for index in batch.indices):
                break
    finally:
        meter.stopped = True
        for future in running:
            future.cancel()
        if own:
            own.shutdown(wait=True, cancel_futures=True)


def _batches(files: Sequence[SourceFile]) -> Iterator[Batch]:
    """Cut the work into tasks, biggest first."""
    batch = Batch([], [])
    held = 0
    for index in sorted(range(len(files)), key=lambda index: -files[index].stat.size):
        file = files[index]
        if batch.files and (held + file.stat.size > BATCH_BYTES or len(batch.files) >= BATCH_FILES):
            yield batch
            batch, held = Batch([], []), 0
        batch.indices.append(index)
        batch.files.append(file)
        held += file.stat.size
    if batch.files:
        yield batch


def _digests(outcomes: Sequence[Outcome | None]) -> list[Digest]:
    failures = [outcome for outcome in outcomes if isinstance(outcome, MlvError)]
    if len(failures) == 1:
        raise failures[0]
    if failures:
        lines = "\n".join(["", listed((failure.message for failure in failures), len(failures))])
        kind = MachineError if all(isinstance(failure, MachineError) for failure in failures) else IntegrityError
        raise kind(f"{count(len(failures), 'file')} could not be hashed:{lines}", hint=failures[0].hint)
    return [outcome for outcome in outcomes if isinstance(outcome, Digest)]
