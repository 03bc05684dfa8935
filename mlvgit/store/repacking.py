"""Writing objects anew without the bytes that no file needs any more."""

import hashlib
import os
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from mlvgit.core.digest import Digest
from mlvgit.core.text import short
from mlvgit.errors import IntegrityError
from mlvgit.store.atomic import Draft, ensure_directory, machine_errors
from mlvgit.store.extents import Extent
from mlvgit.store.folders import flush_folder, open_folder
from mlvgit.store.objects import ObjectStore
from mlvgit.store.packs import INCOMING, ExtentFile, Ranges, publish_object
from mlvgit.store.reading import BUFFER_BYTES

__all__ = ["needed_ranges", "repack"]


class _Moved(NamedTuple):
    """What is kept of an object, and where it stands now."""

    kept: tuple[tuple[int, int], ...]
    pack: Digest

    def extent(self, extent: Extent) -> Extent:
        """Return where a range stands now: it is within one of those that were kept."""
        start = 0
        for first, last in self.kept:
            if first <= extent.offset < last:
                return Extent(self.pack, start + extent.offset - first, extent.length)
            start += last - first
        raise AssertionError


def repack(store: ObjectStore, live: Container[str], *, used: float = 1.0) -> int:
    """Write objects anew that have bytes no file needs, and return how many bytes of the disk that gave back.

    Files that are to be forgotten are removed before. The order is: the new objects, the lists that name them in place
    of the old ones, and only then the old ones go.

    Args:
        store: where.
        live: SHA-256 of objects that are files which are needed themselves; they stay.
        used: only objects of which at most this part is needed; 1.0 for all that have a byte too many.

    Raises:
        IntegrityError: an object is damaged (it is set aside), or a list cannot be read.
        MachineError: the store cannot be written.
    """
    if store.lists.unreadable:
        raise IntegrityError(
            f"the list {short(min(store.lists.unreadable))} cannot be read, so nothing was written anew"
        )
    moved: dict[Digest, _Moved] = {}
    for each, kept in needed_ranges(store).items():
        length = sum(last - first for first, last in kept)
        if each.sha256 not in live and length < each.size and length <= used * each.size:
            moved[each] = _move(store, each, kept)
    for name, files in list(store.lists.known()):
        if not moved.keys().isdisjoint(files.objects):
            store.lists.write({file: tuple(_renamed(extents, moved)) for file, extents in files.items()})
            store.lists.remove(name)
    for each in moved:
        store.remove(each)
    return sum(each.size - there.pack.size for each, there in moved.items())


def needed_ranges(store: ObjectStore) -> dict[Digest, Sequence[tuple[int, int]]]:
    """Return the ranges (first byte, byte after the last) that files need of each object, in order, apart."""
    ranges: dict[Digest, set[tuple[int, int]]] = {}
    for _, files in store.lists.known():
        for extent in files.ranges():
            ranges.setdefault(extent.object, set()).add((extent.offset, extent.offset + extent.length))
    return {each: _merged(sorted(found)) for each, found in ranges.items()}


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in ranges:
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged


def _move(store: ObjectStore, old: Digest, kept: Sequence[tuple[int, int]]) -> _Moved:
    if not store.check(old):
        raise IntegrityError(f"the object {short(old.sha256)} is damaged", hint="git mlv fsck")
    whole = hashlib.sha256()
    extents = [Extent(old, first, last - first) for first, last in kept]
    ensure_directory(store.folder / INCOMING)
    with machine_errors(f"write {store.folder}"):
        incoming = open_folder(store.folder, INCOMING)
        try:
            with ExtentFile(Ranges(extents, store.descriptor)) as file, Draft(incoming, "pack", mode=0o444) as draft:
                while portion := file.read(BUFFER_BYTES):
                    whole.update(portion)
                    draft.write(portion)
                pack = Digest(sum(extent.length for extent in extents), whole.hexdigest())
                publish_object(store.folder, draft, pack)
            flush_folder(store.folder, f"sha256/{pack.sha256[:2]}", create=True)
        finally:
            os.close(incoming)
    return _Moved(tuple(kept), pack)


def _renamed(extents: Iterable[Extent], moved: dict[Digest, _Moved]) -> Iterator[Extent]:
    for extent in extents:
        yield moved[extent.object].extent(extent) if extent.object in moved else extent
