"""Bringing: the bytes that a change adds to what must be kept outside Git. Pure."""

from collections.abc import Iterator

from mlvgit.core.digest import Digest
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.delta import Delta, Pair
from mlvgit.rules.storage import kept_in_store, known_objects

__all__ = ["added_objects"]


def added_objects(delta: Delta) -> Iterator[tuple[Frozen, tuple[Digest, ...]]]:
    """Yield each frozen thing that needs objects which it did not need before the change, with these.

    What Git tracks, as bytes or as a pointer, needs none.
    """
    for pair in delta.pairs:
        thing = pair.after
        if thing is None or thing.manifest is None:
            continue
        tracked = delta.after.tree.entry
        files = kept_in_store(thing.manifest, thing.key) if thing.manifest.entries_here else {}
        wanted = {digest for relative, digest in files.items() if tracked(f"{thing.directory}/{relative}") is None}
        if thing.manifest.listed:
            wanted.add(thing.manifest.list_digest())
        added = tuple(wanted - _had(pair)) if wanted else ()
        if added:
            yield thing, tuple(sorted(added, key=lambda digest: digest.sha256))


def _had(pair: Pair) -> set[Digest]:
    old = pair.before
    return set(known_objects(old.manifest, old.key)) if old and old.manifest else set()
