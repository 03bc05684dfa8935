"""Storage: which bytes a manifest keeps out of Git. Pure; on the path of every reading command."""

from collections.abc import Iterable
from typing import Final

from mlvgit.core.digest import Digest
from mlvgit.records.layout import Key
from mlvgit.records.manifest import FileEntry, Manifest

__all__ = ["holes", "is_hole", "kept_in_store", "known_objects", "needed_objects", "stays_in_git"]

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


def kept_in_store(manifest: Manifest, key: Key) -> dict[str, Digest]:
    """Return the files of a version whose bytes the store is to have, by their names in the frozen directory.

    Raises:
        RemoteError, IntegrityError, DocumentError: the list of its files is not here, or not sound.
    """
    return dict(_kept_in_store(manifest, key))


def _kept_in_store(manifest: Manifest, key: Key) -> Iterable[tuple[str, Digest]]:
    return (
        (relative, Digest(entry.size_bytes, entry.sha256))
        for relative, entry in (manifest.by_relative().items() if manifest.storage == "store" else ())
        if not stays_in_git(key, relative) and not is_hole(manifest, entry)
    )


def needed_objects(manifest: Manifest, key: Key) -> list[Digest]:
    """Return all objects that a version needs from the store: its files, and last the list that names them.

    Raises:
        RemoteError, IntegrityError, DocumentError: the list of its files is not here, or not sound.
    """
    files = [digest for _, digest in _kept_in_store(manifest, key)]
    if manifest.listed:
        files.append(manifest.list_digest())
    return files


def known_objects(manifest: Manifest, key: Key) -> list[Digest]:
    """Return the same; of a version whose list of files is not here, that list alone."""
    return needed_objects(manifest, key) if manifest.entries_here else [manifest.list_digest()]
