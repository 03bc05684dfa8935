"""Files of a workspace that are objects of the store under a second name: no copy, and no protection from a write either.

Only on request. The object is hashed before it gets the name, and stays read-only; what writes through the link all the
same alters the object too, which whoever hashes it finds.
"""

import os
from pathlib import Path

from mlvgit.core.digest import Digest
from mlvgit.core.text import short
from mlvgit.errors import IntegrityError
from mlvgit.store.atomic import flush_directory, machine_errors
from mlvgit.store.folders import parent_of
from mlvgit.store.place import require_same
from mlvgit.store.reading import BUFFER_BYTES, digest_of_open

__all__ = ["link_object"]


def link_object(fd: int, path: Path, digest: Digest, root: Path, relative: str) -> bool:
    """Give an object a second name; say whether that could be done. Otherwise nothing was changed.

    Args:
        fd: the object, open at its beginning; stays the caller's to close.
        path: where it stands.
        digest: what it has to be.
        root: a folder that exists and is trusted; symlinks below it are refused.
        relative: POSIX; missing folders are made.

    Raises:
        IntegrityError: the object is damaged, or the name is taken by other bytes.
        MachineError: the workspace cannot be written.
    """
    found = os.fstat(fd)
    if found.st_uid != os.geteuid():
        return False  # its owner could write in it at any time
    if digest_of_open(fd, bytearray(BUFFER_BYTES)) != digest:
        raise IntegrityError(f"the object {short(digest.sha256)} in the store is damaged")
    shown = str(root / relative)
    with machine_errors(f"write {shown}"), parent_of(root, relative, create=True) as (folder, name):
        if found.st_mode & 0o222:
            os.fchmod(fd, 0o444)
        try:
            os.link(path, name, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            require_same(folder, name, shown, digest)
            return True
        except OSError:
            return False  # another disk, no hard links here, or too many
        if not os.path.samestat(os.stat(name, dir_fd=folder, follow_symlinks=False), found):
            os.unlink(name, dir_fd=folder)  # the object was replaced in between
            return False
        flush_directory(folder)
    return True
