"""The store of bytes on this machine: one file an object, named by its SHA-256, shared by all worktrees.

`<folder>/sha256/<first 2 digits>/<other 62>` is complete and has the bytes of its name at every instant: bytes are
hashed while they are written under another name, flushed, and renamed. An object that turns out to be damaged is moved
to `<folder>/quarantine/`, never deleted. Nothing is believed because it stands here: what leaves the store is hashed on
the way.
"""

import functools
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mlvgit.core.digest import Digest, object_name
from mlvgit.core.text import short
from mlvgit.errors import IntegrityError, MlvError
from mlvgit.store.atomic import Draft, ensure_directory, flush_directory, machine_errors, rename_durably
from mlvgit.store.batches import run_batches
from mlvgit.store.folders import open_folder
from mlvgit.store.hashing import COPY_THREADS, fill, hash_path
from mlvgit.store.place import Reader, make_read_only, place_bytes
from mlvgit.store.reading import BUFFER_BYTES, Meter, Outcome, Progress
from mlvgit.store.scan import SourceFile

__all__ = ["ObjectStore"]

_INCOMING = "incoming"
_READ_ONLY = 0o444
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class ObjectStore:
    """Objects below a folder.

    Args:
        folder: normally `<git common dir>/mlv/objects`; made when something is first stored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._added: list[int] = []

    @property
    def added_bytes(self) -> int:
        """What the disk took for what this object of the class stored: nothing for clones, and for what was here."""
        return sum(self._added)

    def path(self, digest: Digest) -> Path:
        """Return where the object of `digest` stands, or would."""
        return self.folder / object_name(digest.sha256)

    def has(self, digest: Digest) -> bool:
        """Say whether an object of that name and size is here; its bytes are not hashed."""
        try:
            found = self.path(digest).lstat()
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == digest.size

    @property
    def quarantine(self) -> Path:
        """Where damaged objects are kept; it may not exist yet."""
        return self.folder / "quarantine"

    def __iter__(self) -> Iterator[Digest]:
        """Yield name and present size of every object, sorted by name."""
        for part in sorted(_names(self.folder / "sha256")):
            for rest in sorted(_names(self.folder / "sha256" / part)):
                if len(part) == 2 and len(rest) == 62:
                    yield Digest((self.folder / "sha256" / part / rest).lstat().st_size, part + rest)

    def take(self, files: Sequence[SourceFile], progress: Progress | None = None) -> list[Digest]:
        """Copy `files` into the store, reading each byte once; all are durable when this returns.

        An object that is here already is replaced by the same bytes, which heals it should it be damaged.

        Raises:
            IntegrityError: a file changed since it was scanned, or while it was read.
            MachineError: a file cannot be read, or the store not written; what was stored until then may stay.
        """
        ensure_directory(self.folder / _INCOMING)
        digests = run_batches(
            functools.partial(_take, self.folder, self._added), files, progress=progress, threads=COPY_THREADS
        )
        with machine_errors(f"write {self.folder}"):
            for part in sorted({digest.sha256[:2] for digest in digests}):
                self._flush(f"sha256/{part}")
            self._flush("sha256")
        return digests

    def put(self, digest: Digest, source: bytes | Reader) -> None:
        """Store what `source` gives, if it is what `digest` says; an object that is here already is replaced.

        Raises:
            IntegrityError: the bytes are others; nothing was stored.
            MachineError: the store cannot be written.
        """
        known = self.has(digest)
        added = place_bytes(self.folder, object_name(digest.sha256), source, digest, mode=_READ_ONLY, replace=True)
        self._added.append(0 if known else added)

    @contextmanager
    def open(self, digest: Digest) -> Iterator[BinaryIO]:
        """Open an object for reading. Its bytes are not hashed: whoever reads them does that.

        Raises:
            IntegrityError: there is no such object, or it is no regular file.
        """
        try:
            fd = os.open(self.path(digest), _OPEN)
        except OSError as error:
            raise IntegrityError(f"the object {short(digest.sha256)} is not in the store: {error.strerror}") from error
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise IntegrityError(f"the object {short(digest.sha256)} in the store is not a file")
            yield file

    def place(self, digest: Digest, root: Path, relative: str, *, mode: int = 0o666) -> int:
        """Put an object's bytes at `relative` below `root`, hashed on the way, read-only.

        Returns:
            How many bytes of the disk that took: none for a clone.

        Raises:
            IntegrityError: the object is missing or damaged (it is then set aside), or the name is taken by other bytes.
            MachineError: the workspace cannot be written.
        """
        try:
            with self.open(digest) as file:
                added = place_bytes(root, relative, file, digest, mode=mode)
        except IntegrityError:
            self.check(digest)
            raise
        make_read_only([root / relative])
        return added

    def check(self, digest: Digest) -> bool:
        """Hash an object; a damaged one is moved into quarantine. Say whether it is here and whole.

        Raises:
            MachineError: it cannot be read, or not be moved.
        """
        path = self.path(digest)
        if not os.path.lexists(path):
            return False
        try:
            found, _ = hash_path(path)
        except IntegrityError:
            found = None
        if found is not None and found.sha256 == digest.sha256:
            return True
        self._quarantine(digest)
        return False

    def remove(self, digest: Digest) -> None:
        """Delete an object, whatever its bytes are; one that is not there is no error.

        Nothing is proved here: who calls this has seen that the bytes stand elsewhere, or that nothing needs them.

        Raises:
            MachineError: the system refuses; the object is still there.
        """
        parent, _, name = object_name(digest.sha256).rpartition("/")
        with machine_errors(f"remove {self.path(digest)}"), suppress(FileNotFoundError):
            folder = open_folder(self.folder, parent)
            try:
                os.unlink(name, dir_fd=folder)
            finally:
                os.close(folder)

    def _quarantine(self, digest: Digest) -> None:
        ensure_directory(self.quarantine)
        rename_durably(self.path(digest), self.quarantine / f"{digest.sha256}.{os.urandom(4).hex()}")

    def _flush(self, relative: str) -> None:
        fd = open_folder(self.folder, relative, create=True)
        try:
            flush_directory(fd)
        finally:
            os.close(fd)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _take(folder: Path, added: list[int], files: Sequence[SourceFile], meter: Meter | None) -> list[Outcome]:
    buffer = bytearray(BUFFER_BYTES)
    return [_take_one(folder, added, file, buffer, meter) for file in files]


def _take_one(folder: Path, added: list[int], file: SourceFile, buffer: bytearray, meter: Meter | None) -> Outcome:
    try:
        with machine_errors(f"write {folder}"):
            incoming = open_folder(folder, _INCOMING)
            try:
                with Draft(incoming, "object", mode=_READ_ONLY) as draft:
                    outcome = fill(draft, f"{folder}", file, buffer, meter)
                    if isinstance(outcome, Digest):
                        added.append(_publish(folder, draft, outcome))
                    return outcome
            finally:
                os.close(incoming)
    except MlvError as error:
        return error


def _publish(folder: Path, draft: Draft, digest: Digest) -> int:
    """Give a draft the name of its bytes; return what the disk took for it."""
    parent, _, name = object_name(digest.sha256).rpartition("/")
    target = open_folder(folder, parent, create=True)
    try:
        known = _size(name, target) == digest.size
        draft.publish_into(target, name)
    finally:
        os.close(target)
    return 0 if known or draft.shares_blocks else digest.size


def _size(name: str, folder: int) -> int:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_size
    except FileNotFoundError:
        return -1
