"""Packs whose list of extents is gone: what is in them is told by hashing, as small files stand there one after the other.

Ranges that large files have in common with others cannot be told so.
"""

import hashlib
import os
from bisect import bisect_right
from collections.abc import Callable, Container, Iterable
from typing import NamedTuple

from mlvgit.core.digest import Digest
from mlvgit.store.atomic import machine_errors
from mlvgit.store.extents import Extent
from mlvgit.store.objects import ObjectStore
from mlvgit.store.reading import SMALL_BYTES

__all__ = ["Told", "begins_with_one", "files_in"]


def begins_with_one(store: ObjectStore, pack: Digest, names: Container[str]) -> bool:
    """Say whether an object begins with a small file of which only the SHA-256 is known.

    Raises:
        IntegrityError, MachineError: it cannot be read.
    """
    data = _read(store, pack, 0)
    return _first_of(data, range(1, len(data) + 1), lambda file: file.sha256 in names) is not None


class Told(NamedTuple):
    """What could be told of an object.

    Attributes:
        files: where it has which.
        whole: they are all that is in it, one after the other.
    """

    files: dict[Digest, tuple[Extent, ...]]
    whole: bool


def files_in(store: ObjectStore, pack: Digest, files: Iterable[Digest]) -> Told:
    """Find those of some small files that an object has one after the other from its beginning.

    Where a file goes on as another one that is longer, both are tried.

    Raises:
        IntegrityError, MachineError: it cannot be read.
    """
    wanted = frozenset(file for file in files if 0 < file.size <= SMALL_BYTES)
    sizes = sorted({file.size for file in wanted})
    found: dict[Digest, tuple[Extent, ...]] = {}
    begun = {0}
    ways = [(0, 0)]  # where a file may begin, and the size of the last one that did
    while ways:
        offset, tried = ways.pop()
        longer = sizes[bisect_right(sizes, tried) :]
        file = _first_of(_read(store, pack, offset), longer, wanted.__contains__)
        if file is None:
            continue
        found.setdefault(file, (Extent(pack, offset, file.size),))
        ways.append((offset, file.size))
        end = offset + file.size
        if end == pack.size:
            return Told(found, whole=True)
        if end not in begun:
            begun.add(end)
            ways.append((end, 0))
    return Told(found, whole=False)


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
