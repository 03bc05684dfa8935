"""Files of the working directory, opened so that no link is followed on the way and nothing is waited for."""

import os
import stat
from collections.abc import Iterator

from mlvgit.errors import IntegrityError
from mlvgit.repo.git import encode
from mlvgit.rules.trees import MODE_EXECUTABLE, MODE_FILE, MODE_SYMLINK, MODE_UNREADABLE

__all__ = ["kind_on_disk", "link_target", "pieces"]

_CHUNK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def kind_on_disk(top: bytes, path: str) -> int:
    """Return the mode under which Git would hold a file; 0 for what it cannot hold, and for nothing.

    A file that we may not read, or not look at, is said to be so.
    """
    whole = os.path.join(top, encode(path))
    try:
        mode = os.lstat(whole).st_mode
    except PermissionError:
        return MODE_UNREADABLE
    except OSError:
        return 0
    if stat.S_ISLNK(mode):
        return MODE_SYMLINK
    if not stat.S_ISREG(mode):
        return 0
    if mode & 0o444 != 0o444 and not os.access(whole, os.R_OK):
        return MODE_UNREADABLE
    return MODE_EXECUTABLE if mode & stat.S_IXUSR else MODE_FILE


def link_target(top: bytes, path: str) -> bytes:
    """Return where a symlink points.

    Raises:
        KeyError: there is none at this path.
    """
    try:
        folder, name = _parent(top, path)
        try:
            return os.readlink(name, dir_fd=folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise KeyError(path) from error


def pieces(top: bytes, path: str) -> Iterator[bytes]:
    """Yield the bytes of a regular file.

    Raises:
        KeyError: there is no regular file at this path, or a link on the way to it.
        IntegrityError: it changed while it was read.
    """
    descriptor = _open(top, path)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise KeyError(path)
        while piece := os.read(descriptor, _CHUNK):
            yield piece
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise IntegrityError(f"{path} changed while it was read")


def _open(top: bytes, path: str) -> int:
    try:
        folder, name = _parent(top, path)
        try:
            return os.open(name, _FILE, dir_fd=folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise KeyError(path) from error


def _parent(top: bytes, path: str) -> tuple[int, bytes]:
    """Open the folder of `path`, one step after the other."""
    *folders, name = encode(path).split(b"/")
    current = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for folder in folders:
        try:
            below = os.open(folder, _FOLDER, dir_fd=current)
        finally:
            os.close(current)
        current = below
    return current, name
