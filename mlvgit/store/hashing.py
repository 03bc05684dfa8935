"""Digests of files; a file that changes meanwhile is an error."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlvgit.core.digest import Digest
from mlvgit.core.digests import Digests
from mlvgit.errors import MlvError
from mlvgit.store.batches import run_batches
from mlvgit.store.reading import (
    BUFFER_BYTES,
    Progress,
    attempt,
    hash_batch,
)
from mlvgit.store.scan import SourceFile, StatKey

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["Progress", "hash_files", "hash_path"]


def hash_files(
    files: Sequence[SourceFile], *, executor: "Executor | None" = None, progress: Progress | None = None
) -> Digests:
    """Digest `files`, as they were when they were scanned, in their order.

    Args:
        files: what `scan` returned.
        executor: where to run the tasks (processes, a cluster that sees the same files); default threads, one a core.
        progress: told of every MiB; with an `executor` only when a batch is done.

    Raises:
        IntegrityError: files changed since they were scanned, or while they were hashed; names them.
        MachineError: files cannot be read.
    """
    return run_batches(hash_batch, files, executor=executor, progress=progress, fork=True)


def hash_path(path: Path) -> tuple[Digest, StatKey]:
    """Digest one regular file, and say what its stat was while it was hashed.

    Raises:
        IntegrityError: it is not a regular file, or changed meanwhile.
        MachineError: it cannot be read.
    """
    outcome, found = attempt(path, None, bytearray(BUFFER_BYTES), None, None)
    if isinstance(outcome, MlvError):
        raise outcome
    return outcome, found
