"""Files that share their blocks (reflinks): a copy that takes no room and no time, where the file system can (btrfs, XFS).

The copy is a file of its own, and a write to one of the two leaves the other alone. It is never believed to be what was
asked for: whoever clones hashes the clone. Where the system cannot clone, bytes are written one by one.
"""

import os
import stat
import sys

from mlvgit.core.digest import Digest
from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError
from mlvgit.store.atomic import Draft
from mlvgit.store.reading import BUFFER_BYTES, Meter, Outcome, digest_of_open, open_source
from mlvgit.store.scan import SourceFile, stat_key

__all__ = ["LEAST_BYTES", "can_clone", "clone", "clone_open", "clone_source"]

LEAST_BYTES = 1 << 16
"""Below this size, writing what was read for the hash anyway is cheaper than sharing a few blocks."""

_FICLONE = 0x40049409


def clone(source: int, target: int) -> bool:
    """Give the open, empty file `target` the blocks of the open file `source`; say whether the system did."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return (
            False  # another file system, one that cannot, no room: the bytes are written, and that says what is wrong
        )
    return True


def can_clone(source: int, target: int) -> bool:
    """Say whether files made in one open folder share their blocks with clones made in another."""
    files = []
    try:
        for folder in (source, target):
            files.append(os.open(".", os.O_RDWR | os.O_TMPFILE, 0o600, dir_fd=folder))
        return clone(*files)
    except (AttributeError, OSError):  # no such files here
        return False
    finally:
        for each in files:
            os.close(each)


def clone_source(draft: Draft, file: SourceFile, buffer: bytearray, meter: Meter | None) -> Outcome | None:
    """Clone a file into an empty draft and digest the clone; None when it has to be copied.

    Args:
        draft: not published here.
        file: as it was scanned.
        buffer: to read into; not shared between threads.
        meter: told of every portion.

    Raises:
        OSError: the clone cannot be read.
    """
    if file.stat.size < LEAST_BYTES:
        return None
    try:
        source = open_source(file.path)
    except OSError:
        return None  # copying says better what is wrong with it
    try:
        if stat_key(os.fstat(source)) != file.stat or not clone(source, draft.fd):
            return None
        if stat_key(os.fstat(source)) != file.stat:
            return IntegrityError(f"{printable(file.path)} changed while it was taken in")
    finally:
        os.close(source)
    draft.shares_blocks = True
    return digest_of_open(draft.fd, buffer, meter)


def clone_open(draft: Draft, source: object, size: int, meter: Meter | None = None) -> Digest | None:
    """Clone what an open file holds into an empty draft and digest the clone; None when it has to be copied.

    Args:
        draft: not published here.
        source: where bytes come from; whatever is not a regular file at its beginning is left alone.
        size: how many bytes are expected.
        meter: told of every portion.

    Raises:
        OSError: the clone cannot be read.
    """
    import io

    if size < LEAST_BYTES or not isinstance(source, io.BufferedReader):
        return None
    found = os.fstat(source.fileno())
    if not stat.S_ISREG(found.st_mode) or found.st_size != size or source.tell():
        return None
    if not clone(source.fileno(), draft.fd):
        return None
    draft.shares_blocks = True
    return digest_of_open(draft.fd, bytearray(BUFFER_BYTES), meter)
