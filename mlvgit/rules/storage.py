"""Storage: which bytes a manifest keeps out of Git. Pure; on the path of every reading command."""

from collections.abc import Iterator, Mapping
from typing import Final

from mlvgit.core.digest import Digest
from mlvgit.core.pairs import Pairs, Values
from mlvgit.records.layout import Key
from mlvgit.records.manifest import FileEntry, Manifest

__all__ = [
    "holes",
    "is_all_retired",
    "is_emptied",
    "is_hole",
    "kept_in_store",
    "known_objects",
    "needed_objects",
    "stays_in_git",
]

IN_GIT: Final = frozenset({"metrics.json", "params.json"})
"""Files of a model version that stand in Git whatever its storage is: people read and diff them."""


def stays_in_git(key: Key, relative: str) -> bool:
    """Say whether Git holds this file of a version whose other bytes are in the store."""
    return key.kind == "model" and relative in IN_GIT


def is_hole(manifest: Manifest, entry: FileEntry) -> bool:
    """Say whether the bytes of an entry were removed on purpose."""
    return manifest.retired is not None and manifest.retired.covers(entry.path)


def holes(manifest: Manifest) -> frozenset[str]:
    """Return the files whose bytes were removed on purpose, by their names in the frozen directory."""
    if manifest.retired is None:
        return frozenset()
    return frozenset(name for name, entry in manifest.by_relative().items() if is_hole(manifest, entry))


def is_all_retired(manifest: Manifest) -> bool:
    """Say whether nothing is left of a version: its bytes are not missing, they were removed on purpose."""
    return manifest.retired is not None and not manifest.retired.paths


def is_emptied(manifest: Manifest) -> bool:
    """Say whether nothing is left of a version but what Git holds of every model for people to read."""
    if manifest.retired is None or not manifest.retired.paths:
        return manifest.retired is not None
    model = manifest.kind == "model"
    return manifest.entries_here and all(
        is_hole(manifest, entry) or (model and relative in IN_GIT) for relative, entry in manifest.by_relative().items()
    )


class StoredFiles(Mapping[str, Digest]):
    """The files of a version whose bytes the store is to have, by their names in the frozen directory."""

    def __init__(self, manifest: Manifest, key: Key) -> None:
        self._manifest = manifest
        self._key = key
        self._entries: Mapping[str, FileEntry] = manifest.by_relative() if manifest.storage == "store" else {}

    def __getitem__(self, relative: str) -> Digest:
        entry = self._entries[relative]
        if not self._is_stored(relative, entry):
            raise KeyError(relative)
        return Digest(entry.size_bytes, entry.sha256)

    def __iter__(self) -> Iterator[str]:
        return (relative for relative, _ in self._walk())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return any(True for _ in self)

    def items(self) -> Pairs[str, Digest]:
        """Return the files with their digests."""
        return Pairs(self, self._walk)

    def values(self) -> Values[Digest]:
        """Return the digests."""
        return Values(self)

    def _walk(self) -> Iterator[tuple[str, Digest]]:
        return (
            (relative, Digest(entry.size_bytes, entry.sha256))
            for relative, entry in self._entries.items()
            if self._is_stored(relative, entry)
        )

    def _is_stored(self, relative: str, entry: FileEntry) -> bool:
        return not stays_in_git(self._key, relative) and not is_hole(self._manifest, entry)


def kept_in_store(manifest: Manifest, key: Key) -> StoredFiles:
    """Return the files of a version whose bytes the store is to have; they are looked up when they are asked for.

    Raises:
        RemoteError, IntegrityError, DocumentError: the list of its files is not here, or not sound.
    """
    return StoredFiles(manifest, key)


def needed_objects(manifest: Manifest, key: Key) -> Iterator[Digest]:
    """Yield all objects that a version needs from the store: its files, and last the list that names them.

    Raises:
        RemoteError, IntegrityError, DocumentError: the list of its files is not here, or not sound.
    """
    yield from kept_in_store(manifest, key).values()
    if manifest.listed:
        yield manifest.list_digest()


def known_objects(manifest: Manifest, key: Key) -> Iterator[Digest]:
    """Yield the same; of a version whose list of files is not here, that list alone."""
    return needed_objects(manifest, key) if manifest.entries_here else iter((manifest.list_digest(),))
