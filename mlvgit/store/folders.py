"""Folders opened one by one without following symlinks, so that a write cannot leave the place it is meant for.

A name that was checked may be swapped for a symlink before it is used. Each folder on the way is therefore opened
relative to the one above it, and the file is made relative to the last.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlvgit.core.paths import unsafe_reason
from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError, MachineError, way_out
from mlvgit.store.atomic import flush_directory, inherit

__all__ = [
    "flush_folder",
    "listing",
    "open_folder",
    "opened_up",
    "parent_of",
    "readable",
    "remove_from",
    "remove_hollow",
    "remove_name",
    "split",
]

_CHANGEABLE = stat.S_IWUSR | stat.S_IXUSR
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


def split(relative: str) -> tuple[str, str]:
    """Split a relative name into its folder ("" for none) and its last part.

    Raises:
        IntegrityError: the name is not safe on every system.
    """
    reason = unsafe_reason(relative)
    if reason:
        raise IntegrityError(f"the name {printable(relative)!r} {reason}")
    folder, _, name = relative.rpartition("/")
    return folder, name


def open_folder(root: Path, relative: str, *, create: bool = False, durable: bool = True) -> int:
    """Open the folder `relative` below `root`; the caller closes it.

    Args:
        root: taken as it is, symlinks included.
        relative: POSIX, "" for `root` itself; nothing in it is followed.
        create: make missing folders.
        durable: False for folders that may be lost again: what is made is not flushed.

    Raises:
        IntegrityError: a part is a symlink or not a folder.
        OSError: the system refuses; `FileNotFoundError` when a part is missing.
    """
    fd = os.open(root, _FOLDER)
    try:
        for part in relative.split("/") if relative else ():
            inner = _enter(fd, part, relative, create=create, durable=durable)
            fd, outer = inner, fd
            os.close(outer)
    except BaseException:
        os.close(fd)
        raise
    return fd


@contextmanager
def parent_of(root: Path, relative: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
    """Open the folder that holds `relative` below `root`, and give it with the last part of the name.

    Raises:
        IntegrityError: the name is unsafe, or a part on the way is a symlink or not a folder.
        OSError: the system refuses.
    """
    folder, name = split(relative)
    fd = open_folder(root, folder, create=create)
    try:
        yield fd, name
    finally:
        os.close(fd)


def flush_folder(root: Path, relative: str, *, create: bool = False) -> None:
    """Bring the names in a folder below `root` to the disk.

    Raises:
        IntegrityError: see `open_folder`.
        OSError: the system refuses.
    """
    fd = open_folder(root, relative, create=create)
    try:
        flush_directory(fd)
    finally:
        os.close(fd)


@contextmanager
def opened_up(fd: int) -> Iterator[None]:
    """Let names in an open folder of ours be changed although it is read-only, for the moment, as `rm -rf` cannot.

    A folder of somebody else is left as it is.
    """
    found = os.fstat(fd)
    mode = stat.S_IMODE(found.st_mode)
    if mode & _CHANGEABLE == _CHANGEABLE or found.st_uid != os.geteuid():
        yield
        return
    os.fchmod(fd, mode | _CHANGEABLE)
    try:
        yield
    finally:
        os.fchmod(fd, mode)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Let a file of ours be read although its mode forbids it, for the moment."""
    found = os.lstat(path)
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode) or mode & stat.S_IRUSR or found.st_uid != os.geteuid():
        yield
        return
    os.chmod(path, mode | stat.S_IRUSR)
    try:
        yield
    finally:
        os.chmod(path, mode)


def remove_name(root: Path, relative: str, *, folder: bool = False) -> None:
    """Remove a file, or an empty folder, below `root`, durably; read-only folders of ours are no hindrance.

    Raises:
        IntegrityError: see `open_folder`.
        OSError: the system refuses.
    """
    with parent_of(root, relative) as (fd, name):
        remove_from(fd, name, folder=folder)


def remove_from(fd: int, name: str, *, folder: bool = False) -> None:
    """Do what `remove_name` does in an open folder, whatever the name is."""
    with opened_up(fd):
        (os.rmdir if folder else os.unlink)(name, dir_fd=fd)
        flush_directory(fd)


def remove_hollow(root: Path, relative: str) -> bool:
    """Remove a folder below `root` in which nothing but folders is; say whether that was one, and is gone.

    A folder to which a link leads is left alone.
    """
    path = f"{root}/{relative}"
    if not os.path.isdir(path) or os.path.realpath(path) != f"{os.path.realpath(root)}/{relative}":
        return False
    for parent, _, _ in os.walk(path, topdown=False):
        with suppress(OSError):
            os.rmdir(parent)
    return not os.path.lexists(path)


def listing(folder: Path) -> list[str]:
    """Return the names in a folder, in no order; none when it is not there.

    Raises:
        MachineError: the system refuses.
    """
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise MachineError(f"cannot list {folder}: {error.strerror}", hint=way_out(error)) from error


def _enter(fd: int, part: str, relative: str, *, create: bool, durable: bool) -> int:
    try:
        try:
            return os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=fd)
        except FileNotFoundError:
            if not create:
                raise
        try:
            os.mkdir(part, dir_fd=fd)
        except FileExistsError:
            pass  # somebody else made it; whatever it is, the next line judges it
        else:
            if durable:
                flush_directory(fd)
        made = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=fd)
        inherit(made, fd)
        return made
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENOTDIR):
            raise IntegrityError(
                f"{printable(part)!r} on the way to {printable(relative)} is a symbolic link or a file, not a folder"
            ) from error
        raise
