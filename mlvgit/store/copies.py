"""Copies below a folder, digested while they are made; a file that changes meanwhile is an error."""

import functools
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from mlvgit.core.digest import Digest
from mlvgit.core.digests import Digests
from mlvgit.errors import MlvError
from mlvgit.store.atomic import Draft, can_flush_file_system, ensure_directory, machine_errors
from mlvgit.store.batches import Outcomes, run_batches
from mlvgit.store.copying import copy_source
from mlvgit.store.drafts import LEAST_FILES, write_together
from mlvgit.store.folders import flush_folder, open_folder, split
from mlvgit.store.place import require_same
from mlvgit.store.reading import (
    BUFFER_BYTES,
    SMALL_BYTES,
    Meter,
    Outcome,
    Progress,
    attempt,
    one_work,
)
from mlvgit.store.scan import SourceFile, sizes_of

__all__ = ["COPY_THREADS", "fill", "hash_and_copy"]

COPY_THREADS = 8
"""More than cores: most of the time they wait for flushes, which the file system brings to the disk together."""


def hash_and_copy(
    files: Sequence[SourceFile], destination_dir: Path, progress: Progress | None = None, added: list[int] | None = None
) -> Digests:
    """Copy `files` below `destination_dir` and digest what was copied, reading each byte once.

    Each copy is flushed before it gets its name, and all folders before this returns. Nothing that stands there is
    overwritten: a file with the same bytes is kept, so that a second run after a crash succeeds; other bytes are an
    error. Copies are executable where the source is, and otherwise follow the umask.

    Args:
        files: what `scan` returned.
        destination_dir: made when missing; symlinks below it are refused.
        progress: told of every portion.
        added: gets, for each copy, how many bytes of the disk it took: none for a clone.

    Raises:
        IntegrityError: a source changed, a folder on the way is a symlink, or a name is taken by other bytes.
        MachineError: a source cannot be read, or the copy not written.
    """
    ensure_directory(destination_dir)
    taken: list[int] = [] if added is None else added
    sizes = sizes_of(files)
    small = {index for index, size in enumerate(sizes) if size <= SMALL_BYTES}
    if len(small) < LEAST_FILES or not can_flush_file_system():
        small = set()
    outcomes = Outcomes(len(files))
    with one_work(progress, sum(sizes), len(files)) as shown:
        _copy_together(destination_dir, files, small, taken, Meter(shown), outcomes)
        outcomes.settle("copied")
        rest = [index for index in range(len(files)) if index not in small]
        task = functools.partial(_copy_batch, os.fspath(destination_dir), taken)
        digests = run_batches(task, [files[index] for index in rest], progress=shown, threads=COPY_THREADS)
    for index, digest in zip(rest, digests, strict=True):
        outcomes[index] = digest
    with machine_errors(f"write {destination_dir}"):
        for folder in sorted({file.relative.rpartition("/")[0] for file in files} | {""}):
            flush_folder(destination_dir, folder)
    return outcomes.settle()


def _copy_together(
    destination: Path,
    files: Sequence[SourceFile],
    indices: Iterable[int],
    added: list[int],
    meter: Meter,
    outcomes: Outcomes,
) -> None:
    """Copy small files, which get their names together; a batch with a failure gets none, and is the last."""
    buffer = bytearray(BUFFER_BYTES)

    def write(index: int, draft: Draft) -> Outcome:
        file = files[index]
        return fill(draft, os.path.join(destination, file.relative), file, buffer, meter)

    for index, outcome, taken in write_together(
        destination,
        indices,
        lambda index: files[index].relative,
        lambda index: _mode(files[index].path),
        write,
        replace=False,
        all_or_none=True,
    ):
        outcomes[index] = outcome
        added.append(taken)


def _copy_batch(destination: str, added: list[int], files: Sequence[SourceFile], meter: Meter | None) -> list[Outcome]:
    buffer = bytearray(BUFFER_BYTES)
    return [_copy(destination, added, file, buffer, meter) for file in files]


def _copy(destination: str, added: list[int], file: SourceFile, buffer: bytearray, meter: Meter | None) -> Outcome:
    target = os.path.join(destination, file.relative)
    try:
        with machine_errors(f"write {target}"):
            folder, name = split(file.relative)
            fd = open_folder(Path(destination), folder, create=True)
            try:
                with Draft(fd, name, mode=_mode(file.path)) as draft:
                    outcome = fill(draft, target, file, buffer, meter)
                    if isinstance(outcome, Digest):
                        added.append(_publish(draft, fd, name, target, outcome))
                    return outcome
            finally:
                os.close(fd)
    except MlvError as error:
        return error


def _publish(draft: Draft, folder: int, name: str, target: str, digest: Digest) -> int:
    """Give a copy its name, unless the same bytes have it; return what the disk took for it."""
    try:
        draft.publish(replace=False)
    except FileExistsError:
        require_same(folder, name, target, digest)
        return 0
    return 0 if draft.shares_blocks else digest.size


def fill(draft: Draft, target: str, file: SourceFile, buffer: bytearray, meter: Meter | None) -> Outcome:
    """Put the bytes of `file` into a draft, as a clone or written, and digest them; a failure takes the digest's place.

    Args:
        draft: not published here.
        target: how to call it when it cannot be written.
        buffer: to read into; not shared between threads.
        meter: told of every portion.
    """

    def write(portion: memoryview) -> None:
        with machine_errors(f"write {target}"):
            draft.write(portion)

    with machine_errors(f"read back {target}"):
        copied = copy_source(draft, file, buffer, meter)
    return copied or attempt(file.path, file.stat, buffer, meter, write)[0]


def _mode(path: str) -> int:
    try:
        return 0o777 if os.stat(path, follow_symlinks=False).st_mode & stat.S_IXUSR else 0o666
    except OSError:
        return 0o666  # opening the file says better what is wrong with it
