"""Files that share their blocks (reflinks): a copy that takes no room and no time, where the file system can (btrfs, XFS).

The copy is a file of its own, and a write to one of the two leaves the other alone. It is never believed to be what was
asked for: whoever clones hashes the clone. Where the system cannot clone, bytes are written one by one.
"""

import os
import sys

__all__ = ["LEAST_BYTES", "can_clone", "clone"]

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
