"""Many small files that get their names together, once one flush has brought the bytes of all of them to the disk.

A flush for each of a hundred thousand files is what a command would wait for. Where the system can flush a whole file
system and says whether that failed (syncfs(2), Linux from 5.12 on), their drafts wait for one such flush instead.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self, TypeVar

from mlvgit.core.digest import Digest
from mlvgit.errors import MlvError
from mlvgit.store.atomic import Draft, ensure_directory, flush_file_system, machine_errors
from mlvgit.store.folders import open_folder, split
from mlvgit.store.place import require_same

__all__ = ["LEAST_FILES", "Drafts", "write_together"]

LEAST_FILES: Final = 32
"""Fewer files are flushed one by one: the rest of the file system may have much that waits."""
_MOST_FILES: Final = 4096
_MOST_FOLDERS: Final = 64
"""They are held open, and a process may have a thousand things open or so."""

File = TypeVar("File")


def write_together(
    root: Path,
    files: Iterable[File],
    relative: Callable[[File], str],
    mode: Callable[[File], int],
    fill: Callable[[File, Draft], Digest | MlvError],
    *,
    replace: bool,
    durable: bool = True,
    all_or_none: bool = False,
) -> Iterator[tuple[File, Digest | MlvError, int]]:
    """Write many small files, which get their names some thousands at a time.

    Args:
        root: a folder that is trusted; symlinks below it are refused. Made when missing.
        relative: a file's name below `root`.
        mode: its permission bits, from which the umask is taken away.
        fill: writes its bytes into a draft.
        replace: see `Drafts.publish`.
        durable: see `Drafts`.
        all_or_none: once a file fails, none of those beside it gets a name, and no other is written.

    Yields:
        Each file that was written, with its digest or why it does not stand there, and how many bytes of the disk it took.
    """
    for batch in _batches(files, relative):
        with Drafts(root, durable=durable) as drafts:
            written: dict[str, tuple[File, Digest]] = {}
            for file in batch:
                name = relative(file)
                try:
                    outcome = drafts.write(name, mode(file), partial(fill, file))
                except MlvError as error:
                    outcome = error
                if isinstance(outcome, MlvError):
                    yield file, outcome, 0
                else:
                    written[name] = (file, outcome)
            if all_or_none and len(written) < len(batch):
                return
            for name, taken in drafts.publish(replace=replace):
                file, digest = written[name]
                yield (file, taken, 0) if isinstance(taken, MlvError) else (file, digest, taken)


def _batches(files: Iterable[File], relative: Callable[[File], str]) -> Iterator[list[File]]:
    """Cut files, sorted by their names, into what `Drafts` may hold at a time."""
    batch: list[File] = []
    folders: set[str] = set()
    for file in sorted(files, key=relative):
        folders.add(relative(file).rpartition("/")[0])
        if len(batch) == _MOST_FILES or len(folders) > _MOST_FOLDERS:
            yield batch
            batch, folders = [], {relative(file).rpartition("/")[0]}
        batch.append(file)
    if batch:
        yield batch


class _Waiting(NamedTuple):
    draft: Draft
    folder: int
    relative: str
    digest: Digest


class Drafts:
    """Files of one folder that wait for their names; a context manager that discards what was not published.

    Args:
        root: a folder that is trusted; symlinks below it are refused. Made when missing.
        durable: False for bytes that stand elsewhere, durably: nothing is flushed.
    """

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        ensure_directory(root)
        self._durable = durable
        self._root = root
        self._shown = f"write {root}/"
        self._folders: dict[str, int] = {}
        self._waiting: list[_Waiting] = []
        self._beginning = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        """Open before anything is written: what failed to reach the disk since is an error of the flush."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            for waiting in self._waiting:
                waiting.draft.discard()
        finally:
            for folder in (self._beginning, *self._folders.values()):
                os.close(folder)

    def write(self, relative: str, mode: int, fill: Callable[[Draft], Digest | MlvError]) -> Digest | MlvError:
        """Write one file, which waits for its name when `fill` returns its digest.

        Args:
            relative: POSIX; missing folders are made.
            mode: permission bits, from which the umask is taken away.
            fill: writes into the draft.

        Raises:
            IntegrityError: the name is unsafe or leads through a symlink.
            MachineError: it cannot be written.
        """
        inside, name = split(relative)
        with machine_errors(self._shown + relative):
            if inside not in self._folders:
                self._folders[inside] = open_folder(self._root, inside, create=True, durable=self._durable)
            folder = self._folders[inside]
            draft = Draft(folder, name, mode=mode, durable=False)  # one flush for all
            try:
                outcome = fill(draft)
            except BaseException:
                draft.discard()
                raise
            if isinstance(outcome, Digest):
                draft.close()
                self._waiting.append(_Waiting(draft, folder, relative, outcome))
            else:
                draft.discard()
        return outcome

    def publish(self, *, replace: bool) -> Iterator[tuple[str, int | MlvError]]:
        """Flush all bytes, then give each file its name; the caller flushes the folders.

        Args:
            replace: take the place of files of these names.

        Yields:
            Each name, with how many bytes of the disk its file took (none where the same bytes stood there), or why it
            has not been given.

        Raises:
            MachineError: the flush failed; no file has its name.
        """
        if self._durable:
            with machine_errors(f"write {self._root}"):
                flush_file_system(self._beginning)
        while self._waiting:
            draft, folder, relative, digest = self._waiting.pop()
            name = relative.rpartition("/")[2]
            outcome: int | MlvError = digest.size
            try:
                with machine_errors(self._shown + relative):
                    try:
                        draft.publish(replace=replace)
                    except FileExistsError:
                        require_same(folder, name, f"{self._root}/{relative}", digest)
                        outcome = 0
            except MlvError as error:
                outcome = error
            finally:
                draft.discard()
            yield relative, outcome
