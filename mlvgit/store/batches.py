"""Dealing files out to all cores: batches, threads or an executor, and the digests back in order.

`hashlib` lets go of the interpreter's lock, so threads use every core. Biggest files go first, small ones in batches,
so that neither the last file nor the cost of a task decides how long it takes.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, cast

from mlvgit.core.digests import Digests
from mlvgit.core.text import count
from mlvgit.errors import IntegrityError, MlvError
from mlvgit.store.reading import SMALL_BYTES, Meter, Outcome, Progress, one_work
from mlvgit.store.scan import Sized, SourceFile, listed, sizes_of

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

__all__ = ["LEAST_FORKED", "Outcomes", "Task", "run_batches"]

BATCH_BYTES = 8 << 20
BATCH_FILES = 256
TINY_BYTES = 8 << 10
"""Two threads are slower than one with files up to this size, so one thread does them all, beside the bigger ones."""
INLINE_BYTES = 4 << 20
"""Below this much in all, threads cost more than they bring."""
LEAST_FORKED = 3000
"""Fewer small files are done before forking pays."""


File = TypeVar("File", bound=Sized)
"""What has bytes that can be digested: a file, an object of a bucket."""

Task = Callable[[Sequence[File], Meter | None], list[Outcome]]
"""What is done with some files; gives as many outcomes."""


class Outcomes:
    """What came of so many files: the digest of each, or why it has none."""

    __slots__ = ("_digests", "_done", "_failed")

    def __init__(self, number: int) -> None:
        self._digests = Digests.blank(number)
        self._done = bytearray(number)
        self._failed: dict[int, MlvError] = {}

    def __setitem__(self, index: int, outcome: Outcome) -> None:
        if isinstance(outcome, MlvError):
            self._failed[index] = outcome
        else:
            self.put(index, outcome.size, bytes.fromhex(outcome.sha256))

    def put(self, index: int, size: int, raw: bytes) -> None:
        """Set a digest by its size and the 32 bytes of its SHA-256."""
        self._digests.put(index, size, raw)
        self._done[index] = 1

    def put_all(self, sizes: Sequence[int], raw: bytes) -> None:
        """Set all digests at once."""
        self._digests = Digests.of_columns(sizes, raw)
        self._done = bytearray(b"\1") * len(sizes)

    @property
    def failed(self) -> bool:
        """Whether any file has no digest, for a reason that is known."""
        return bool(self._failed)

    def left(self) -> list[int]:
        """Return the files of which nothing is known."""
        return [index for index, done in enumerate(self._done) if not done and index not in self._failed]

    def settle(self, done: str = "hashed") -> Digests:
        """Return the digests.

        Args:
            done: what was to be done with a file, for messages.

        Raises:
            MlvError: what the files said that have none, in one error.
        """
        failures = [error for _, error in sorted(self._failed.items(), key=itemgetter(0))]
        messages = list(dict.fromkeys(failure.message for failure in failures))
        if not failures:
            return self._digests
        if len(messages) == 1:
            raise failures[0]
        kind = next((type(each) for each in failures if isinstance(each, IntegrityError)), type(failures[0]))
        raise kind(
            f"{count(len(failures), 'file')} could not be {done}:\n{listed(messages, len(messages))}",
            hint=failures[0].hint,
        )


class Batch(NamedTuple, Generic[File]):
    """Files that one task handles, with their places in the whole list."""

    indices: list[int]
    files: list[File]


def run_batches(
    task: Task[File],
    files: Sequence[File],
    *,
    executor: "Executor | None" = None,
    progress: Progress | None = None,
    threads: int = 0,
    fork: bool = False,
    done: str = "hashed",
) -> Digests:
    """Run `task` over all of `files` and bring the digests back into their order.

    Args:
        task: a top-level function, so that any executor can carry it; gets a meter only in this process.
        files: what `scan` returned, or other things that tell their size the same way.
        executor: where to run; default a pool of threads.
        progress: see `hash_files`.
        threads: how many, default one a core.
        fork: thousands of small files may go to forked processes; only right when `task` is `hash_batch`.
        done: what the task does with a file, for messages.

    Raises:
        MlvError: what the failed files said, in one message; the rest of the work is given up.
    """
    sizes = sizes_of(files)
    total = sum(sizes)
    meter = Meter(progress)
    outcomes = Outcomes(len(files))
    with one_work(progress, total, len(files)):
        forked = cast("Sequence[SourceFile]", files) if fork and executor is None else ()
        left = _fork_small(forked, sizes, meter, outcomes) if forked else range(len(files))
        tiny = TINY_BYTES if executor is None and not threads else -1
        batches = list(_batches(files, sizes, left, tiny))
        if executor is None and (len(batches) < 2 or total < INLINE_BYTES):
            _run_here(task, batches, meter, outcomes)
        else:
            _run_on(executor, task, batches, meter, outcomes, threads)
    return outcomes.settle(done)


def _run_here(
    task: Task[File],
    batches: list[Batch[File]],
    meter: Meter,
    outcomes: Outcomes,
) -> None:
    for batch in batches:
        for index, outcome in zip(batch.indices, task(batch.files, meter), strict=True):
            outcomes[index] = outcome


def _run_on(
    executor: "Executor | None",
    task: Task[File],
    batches: list[Batch[File]],
    meter: Meter,
    outcomes: Outcomes,
    threads: int,
) -> None:
    from concurrent.futures import ThreadPoolExecutor, as_completed

    own = None if executor is not None else ThreadPoolExecutor(threads or os.cpu_count() or 1, "mlvgit-hash")
    chosen = own or executor
    assert chosen is not None
    running: dict[Future[list[Outcome]], Batch[File]] = {}
    try:
        for batch in batches:
            running[chosen.submit(task, batch.files, meter if own else None)] = batch
        for future in as_completed(running):
            batch = running[future]
            for index, outcome in zip(batch.indices, future.result(), strict=True):
                outcomes[index] = outcome
            if not own:
                meter.advance(sum(file.stat.size for file in batch.files))
            if outcomes.failed:
                break
    finally:
        meter.stopped = True
        for future in running:
            future.cancel()
        if own:
            own.shutdown(wait=True, cancel_futures=True)


def _fork_small(files: Sequence[SourceFile], sizes: Sequence[int], meter: Meter, outcomes: Outcomes) -> Sequence[int]:
    """Digest the small files in forked processes when that pays; return which files are left."""
    everything = range(len(files))
    small = everything if max(sizes) <= SMALL_BYTES else [each for each in everything if sizes[each] <= SMALL_BYTES]
    if len(small) < LEAST_FORKED:
        return everything
    from mlvgit.store.forked import can_fork, hash_small

    if not can_fork():
        return everything
    hash_small(files, sizes, small, outcomes, meter)
    return () if outcomes.failed else outcomes.left()


def _batches(files: Sequence[File], sizes: Sequence[int], indices: Sequence[int], tiny: int) -> Iterator[Batch[File]]:
    """Cut the work into tasks, biggest first, but all files of at most `tiny` bytes in one task before."""
    first = [index for index in indices if sizes[index] <= tiny]
    if first:
        yield Batch(first, [files[index] for index in first])
    batch: Batch[File] = Batch([], [])
    held = 0
    rest = (index for index in indices if sizes[index] > tiny)
    for index in sorted(rest, key=lambda index: -sizes[index]):
        if batch.files and (held + sizes[index] > BATCH_BYTES or len(batch.files) >= BATCH_FILES):
            yield batch
            batch, held = Batch([], []), 0
        batch.indices.append(index)
        batch.files.append(files[index])
        held += sizes[index]
    if batch.files:
        yield batch
