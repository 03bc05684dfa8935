"""Packs whose list of extents is gone: what is in them is told by hashing, as small files stand there one after the other.

Ranges that large files have in common with others cannot be told so.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Container, Iterable

from mlvgit.core.digest import Digest
from mlvgit.store.atomic import machine_errors
from mlvgit.store.extents import Extent
from mlvgit.store.objects import ObjectStore
from mlvgit.store.reading import SMALL_BYTES

__all__ = ["begins_with_one", "files_in"]


def begins_with_one(store: ObjectStore, pack: Digest, names: Container[str]) -> bool:
    """Say whether an object begins with a small file of which only the SHA-256 is known.

    Raises:
        IntegrityError, MachineError: it cannot be read.
    """
    data = _read(store, pack, 0)
    return _first_of(data, range(1, len(data) + 1), lambda file: file.sha256 in names) is not None


def files_in(store: ObjectStore, pack: Digest, files: Collection[Digest]) -> dict[Digest, tuple[Extent, ...]]:
    """Return those of some small files that an object has one after the other from its beginning, and where.

    Raises:
        IntegrityError, MachineError: it cannot be read.
    """
    wanted = frozenset(file for file in files if 0 < file.size <= SMALL_BYTES)
    sizes = sorted({file.size for file in wanted})
    found: dict[Digest, tuple[Extent, ...]] = {}
    offset = 0
    while file := _first_of(_read(store, pack, offset), sizes, wanted.__contains__):
        found.setdefault(file, (Extent(pack, offset, file.size),))
        offset += file.size
    return found


def _first_of(data: bytes, sizes: Iterable[int], is_one: Callable[[Digest], bool]) -> Digest | None:
    """Return the shortest beginning of some bytes that is a file."""
    hasher, done = hashlib.sha256(), 0
    for size in sizes:
        if size > len(data):
            break
        hasher.update(data[done:size])
        done = size
        file = Digest(size, hasher.copy().hexdigest())
        if is_one(file):
            return file
    return None


def _read(store: ObjectStore, pack: Digest, offset: int) -> bytes:
    fd = store.descriptor(pack)
    try:
        with machine_errors(f"read {store.path(pack)}"):
            return os.pread(fd, SMALL_BYTES, offset)
    finally:
        os.close(fd)
