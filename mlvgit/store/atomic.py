"""Atomic, durable writing: every byte of state that mlvgit writes goes through here.

The order is always: temporary name in the same folder, all bytes, flush of the file, rename, flush of the folder. A
process killed at any instant leaves the old file or the new one, and at worst a file whose name begins with
`TEMPORARY_PREFIX`. A flush that failed is final: the kernel may have dropped the pages and report success the next
time, so the bytes are thrown away and never published.
"""

import errno
import functools
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from mlvgit.core.paths import TEMPORARY_PREFIX
from mlvgit.core.text import printable
from mlvgit.errors import MachineError, way_out

__all__ = [
    "TEMPORARY_PREFIX",
    "Draft",
    "can_flush_file_system",
    "ensure_directory",
    "flush",
    "flush_directory",
    "flush_file_system",
    "inherit",
    "machine_errors",
    "remove_durably",
    "remove_leftovers",
    "rename_durably",
    "send",
    "share",
    "write_atomic",
]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
SEND_BYTES = 8 << 20
_SHARED = stat.S_ISGID | stat.S_IWGRP
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


@contextmanager
def machine_errors(doing: str) -> Iterator[None]:
    """Turn an `OSError` into a `MachineError` that says what could not be done.

    Args:
        doing: the rest of the sentence "cannot ...", for example "write models/m/registry.json".
    """
    try:
        yield
    except OSError as error:
        raise MachineError(f"cannot {printable(doing)}: {error.strerror or error}", hint=way_out(error)) from error


def flush(fd: int) -> None:
    """Bring the bytes of an open file to the disk; on macOS past the drive's own cache too."""
    if sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.EINVAL, errno.ENOTTY):
                raise
        else:
            return
    os.fsync(fd)


def send(fd: int, offset: int, length: int) -> None:
    """Have the system begin to bring bytes of an open file to the disk, where it can; it is not waited for.

    posix_fadvise(2): what is not needed in memory any more is written at once, and left out only when that is done.
    """
    with suppress(AttributeError, OSError):
        os.posix_fadvise(fd, offset, length, os.POSIX_FADV_DONTNEED)


def flush_directory(fd: int) -> None:
    """Bring the names in an open folder to the disk, where the file system can do that for a folder at all."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


@functools.cache
def can_flush_file_system() -> bool:
    """Say whether `flush_file_system` works here: before Linux 5.12 it did not say, on all file systems, what failed."""
    if sys.platform != "linux":
        return False
    major, _, rest = os.uname().release.partition(".")
    minor = rest.partition(".")[0].partition("-")[0]
    return major.isdigit() and minor.isdigit() and (int(major), int(minor)) >= (5, 12) and _syncfs() is not None


def flush_file_system(fd: int) -> None:
    """Bring everything that was written to the file system of an open file to the disk, see syncfs(2).

    Args:
        fd: opened before what is to be flushed was written, so that its failure is told.

    Raises:
        OSError: something since then could not be written.
    """
    import ctypes

    syncfs = _syncfs()
    assert syncfs is not None
    if syncfs(fd):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@functools.cache
def _syncfs() -> "Callable[[int], int] | None":
    import ctypes  # takes longer to load than one file takes to be flushed

    return getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)


def inherit(new: int, folder: int) -> None:
    """Share a file or folder that was just made as the folder around it is shared, whatever the umask says.

    A folder that is setgid and writable by its group is meant for the whole group: what is made in it gets for the
    group what it has for its owner, and for others what they may do with the folder, but never writing. In any other
    folder the umask alone decides.

    Args:
        new: the open file or folder.
        folder: the open folder that it was made in.
    """
    around = os.fstat(folder).st_mode
    if around & _SHARED != _SHARED:
        return
    mode = os.fstat(new).st_mode
    wanted = mode | (mode & stat.S_IRWXU) >> 3 | (around & 0o005 & mode >> 6)
    if stat.S_ISDIR(mode):
        wanted |= stat.S_ISGID
    with suppress(OSError):  # a file system without modes
        os.fchmod(new, stat.S_IMODE(wanted))


def share(new: int, folder: Path) -> None:
    """Do what `inherit` does, with a folder that is not open."""
    fd = os.open(folder, _FOLDER)
    try:
        inherit(new, fd)
    finally:
        os.close(fd)


class Draft:
    """A file without its name yet: written under a temporary one, then published, or discarded.

    A context manager; leaving it without `publish` discards the bytes. All names are relative to an open folder, so
    that nobody can swap the folder for a symlink between two steps.

    Args:
        directory_fd: the folder that the file will stand in; stays the caller's to close.
        name: the final name, one path component.
        mode: permission bits, from which the umask is taken away (but see `inherit`).
        durable: `publish` flushes the bytes; False only for what may be lost, such as a cache with a checksum, and for
            what is flushed by other means.

    Attributes:
        fd: the open file.
        shares_blocks: its bytes are another file's too, so that it takes no room of its own.
    """

    __slots__ = ("_directory_fd", "_durable", "_name", "_size", "_temporary", "_unsent", "fd", "shares_blocks")

    def __init__(self, directory_fd: int, name: str, *, mode: int = 0o666, durable: bool = True) -> None:
        self._directory_fd = directory_fd
        self._name = name
        self._durable = durable
        self._size = self._unsent = 0
        self._temporary = TEMPORARY_PREFIX + os.urandom(8).hex()
        self.shares_blocks = False
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self.fd = os.open(self._temporary, flags, mode, dir_fd=directory_fd)
        inherit(self.fd, directory_fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.discard()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append all of `data`; the system may take it in several portions."""
        written = os.write(self.fd, data)
        if written < len(data):
            rest = memoryview(data)[written:]
            while rest:
                rest = rest[os.write(self.fd, rest) :]
        self._grew(len(data))

    def copy(self, source: int, offset: int, length: int) -> int:
        """Append what an open file has from `offset` on, copied by the system, which may do less; see copy_file_range(2).

        Returns:
            How many bytes were copied: at most `length`, none at the end of the file.

        Raises:
            OSError: it cannot be read or written, or the system cannot copy between these two files.
        """
        copied = os.copy_file_range(source, self.fd, length, offset)
        self._grew(copied)
        return copied

    def empty(self) -> None:
        """Throw the bytes away and begin anew."""
        os.ftruncate(self.fd, 0)
        os.lseek(self.fd, 0, os.SEEK_SET)
        self._size = self._unsent = 0

    def close(self) -> None:
        """Close the file before it is published, which whoever flushes it by other means does."""
        fd, self.fd = self.fd, -1
        os.close(fd)

    def publish(self, *, replace: bool) -> None:
        """Give the file its name. The caller flushes the folder, once for all files it put there.

        Args:
            replace: take the place of a file of that name; else raise `FileExistsError` and touch nothing.
        """
        self._finish()
        if replace:
            self._rename(self._directory_fd, self._name)
        else:
            self._link()
        self._temporary = ""

    def publish_into(self, directory_fd: int, name: str) -> None:
        """Flush the file and give it a name in another open folder of the same file system, replacing what had it.

        For a name that is only known when all bytes are written. The caller flushes that folder.
        """
        self._finish()
        self._rename(directory_fd, name)
        self._temporary = ""

    def discard(self) -> None:
        """Throw the bytes away unless they were published; safe to call twice."""
        if self.fd >= 0:
            self.close()
        if self._temporary:
            name, self._temporary = self._temporary, ""
            os.unlink(name, dir_fd=self._directory_fd)

    def _grew(self, by: int) -> None:
        """Let the way of a large file to the disk begin while it is being written: `publish` waits for less of it."""
        self._size += by
        self._unsent += by
        if self._durable and self._unsent >= SEND_BYTES:
            send(self.fd, self._size - self._unsent, self._unsent)
            self._unsent = 0

    def _finish(self) -> None:
        if self._durable:
            flush(self.fd)
        if self.fd >= 0:
            self.close()

    def _rename(self, directory_fd: int, name: str) -> None:
        os.rename(self._temporary, name, src_dir_fd=self._directory_fd, dst_dir_fd=directory_fd)

    def _link(self) -> None:
        folder = self._directory_fd
        try:
            os.link(self._temporary, self._name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
        else:
            os.unlink(self._temporary, dir_fd=folder)
            return
        # No hard links here (exFAT): an empty file of our own takes the name, then the bytes take its place.
        os.close(os.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder))
        self._rename(folder, self._name)


def write_atomic(path: Path, data: bytes, *, mode: int | None = None, durable: bool = True) -> None:
    """Replace the file `path` by `data`, or leave it as it was; missing folders are made.

    A symlink at `path` is replaced, not followed.

    Args:
        path: the file.
        data: all its bytes.
        mode: exact permission bits; None keeps those of the file that is replaced, else 0666 less the umask.
        durable: False skips the flushes, for caches that tell damage from content by themselves.

    Raises:
        MachineError: the disk is full, a permission is missing, a flush failed; `path` is as before.
    """
    with machine_errors(f"write {path}"):
        _make(path.parent)
        folder = os.open(path.parent, _FOLDER)
        try:
            if mode is None:
                mode = _mode_of(folder, path.name)
            with Draft(folder, path.name, durable=durable) as draft:
                if mode is not None:
                    os.fchmod(draft.fd, mode)
                draft.write(data)
                draft.publish(replace=True)
            if durable:
                flush_directory(folder)
        finally:
            os.close(folder)


def ensure_directory(path: Path) -> None:
    """Make the folder `path` and those above it; each new name is flushed.

    Raises:
        MachineError: something else has that name, or the system refuses.
    """
    with machine_errors(f"make the folder {path}"):
        _make(path)


def rename_durably(old: Path, new: Path) -> None:
    """Rename a file or folder and flush both folders; a file or an empty folder at `new` is replaced.

    Raises:
        MachineError: the system refuses; nothing was moved.
    """
    with machine_errors(f"rename {old} to {new}"):
        os.rename(old, new)
        _flush_folder(new.parent)
        if old.parent != new.parent:
            _flush_folder(old.parent)


def remove_durably(path: Path) -> bool:
    """Remove the file `path` and flush its folder; return False when there was none.

    Raises:
        MachineError: the system refuses.
    """
    with machine_errors(f"remove {path}"):
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        _flush_folder(path.parent)
        return True


def remove_leftovers(folder: Path, *, age: float = 0) -> int:
    """Remove what a killed command left in `folder` (not below it); call it while holding the lock.

    Args:
        folder: it exists.
        age: seconds that a file was last written before now at least; for where some write without the lock.

    Returns:
        How many files were removed.
    """
    removed = 0
    with machine_errors(f"clean {folder}"):
        for name in os.listdir(folder):
            if name.startswith(TEMPORARY_PREFIX) and (not age or _is_older(folder / name, age)):
                (folder / name).unlink(missing_ok=True)
                removed += 1
    return removed


def _is_older(path: Path, age: float) -> bool:
    try:
        return path.lstat().st_mtime < time.time() - age
    except FileNotFoundError:
        return False


def _make(path: Path) -> None:
    if path.is_dir():
        return
    try:
        path.mkdir()
    except FileNotFoundError:
        _make(path.parent)
        path.mkdir(exist_ok=True)
    except FileExistsError:
        if not path.is_dir():
            raise
        return
    made = os.open(path, _FOLDER)
    try:
        share(made, path.parent)
    finally:
        os.close(made)
    _flush_folder(path.parent)


def _flush_folder(path: Path) -> None:
    fd = os.open(path, _FOLDER)
    try:
        flush_directory(fd)
    finally:
        os.close(fd)


def _mode_of(folder: int, name: str) -> int | None:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return stat.S_IMODE(found.st_mode) if stat.S_ISREG(found.st_mode) else None
