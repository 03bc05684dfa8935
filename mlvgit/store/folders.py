"""Folders opened one by one without following symlinks, so that a write cannot leave the place it is meant for.

A name that was checked may be swapped for a symlink before it is used. Each folder on the way is therefore opened
relative to the one above it, and the file is made relative to the last.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlvgit.core.paths import unsafe_reason
from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError, MachineError
from mlvgit.store.atomic import flush_directory, inherit

__all__ = ["flush_folder", "listing", "open_folder", "parent_of", "split"]

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


def open_folder(root: Path, relative: str, *, create: bool = False) -> int:
    """Open the folder `relative` below `root`; the caller closes it.

    Args:
        root: taken as it is, symlinks included.
        relative: POSIX, "" for `root` itself; nothing in it is followed.
        create: make missing folders, each flushed.

    Raises:
        IntegrityError: a part is a symlink or not a folder.
        OSError: the system refuses; `FileNotFoundError` when a part is missing.
    """
    fd = os.open(root, _FOLDER)
    try:
        for part in relative.split("/") if relative else ():
            inner = _enter(fd, part, relative, create=create)
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
        raise MachineError(f"cannot list {folder}: {error.strerror}") from error


def _enter(fd: int, part: str, relative: str, *, create: bool) -> int:
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
