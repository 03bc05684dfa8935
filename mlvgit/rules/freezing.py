"""Freezing: may this be touched? What is published never; what is only committed, when the user said so. Pure."""

from mlvgit.core.paths import is_junk
from mlvgit.records.layout import Key
from mlvgit.records.manifest import FileEntry
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.delta import Delta, Pair
from mlvgit.rules.lookup import spellings
from mlvgit.rules.model import Context
from mlvgit.rules.standing import judging_settings

__all__ = ["held", "is_extra", "is_frozen", "is_ignored", "listed_paths", "may_be_replaced", "published"]


def published(context: Context, key: Key) -> frozenset[str]:
    """Return the identities under which a name and version is published, in any spelling of the version."""
    found: frozenset[str] = frozenset()
    for each in spellings(key):
        found |= context.published(each)
    return found


def is_frozen(context: Context, key: Key, identity: str) -> bool:
    """Say whether the thing with this identity must stay as it is.

    At a push what is published is frozen; at a commit also what HEAD holds, unless the user asked to replace exactly
    this.
    """
    if identity in published(context, key):
        return True
    return context.moment == "commit" and not context.replaceable(key, identity)


def may_be_replaced(context: Context, key: Key, identity: str) -> bool:
    """Say whether the user asked to replace or take back this version, and may, since it is not published."""
    return bool(identity) and identity not in published(context, key) and context.replaceable(key, identity)


def held(context: Context, pair: Pair) -> Frozen | None:
    """Return what stood before when the change must not alter it; None when it is free, new or was never readable."""
    old = pair.before
    if old is None or old.manifest is None or _gives_way(context, pair, old.manifest.tree_sha256):
        return None
    return old if is_frozen(context, old.key, old.manifest.tree_sha256) else None


def _gives_way(context: Context, pair: Pair, identity: str) -> bool:
    """Say whether something else stood under a name that is published, and makes room for what is published."""
    known = published(context, pair.key)
    if not known or identity in known:
        return False
    new = pair.after
    return new is None or (new.manifest is not None and new.manifest.tree_sha256 in known)


def listed_paths(thing: Frozen) -> dict[str, FileEntry]:
    """Return path from the top of the repository -> entry, of all files that the manifest of `thing` lists.

    None when its list of files is not here: not fetched is not missing.
    """
    if thing.manifest is None or not thing.manifest.entries_here:
        return {}
    return {f"{thing.directory}/{name}": entry for name, entry in thing.manifest.by_relative().items()}


def is_ignored(delta: Delta, context: Context, key: Key, relative: str) -> bool:
    """Say whether a file of a frozen directory is neither frozen nor extra.

    Args:
        relative: its path below the frozen directory.
    """
    return is_junk(relative) or judging_settings(delta, context, key.root).ignores(relative)


def is_extra(delta: Delta, context: Context, thing: Frozen, path: str) -> bool:
    """Say whether `path`, which the manifest of `thing` does not list, is there after the change and should not be."""
    if delta.after.tree.entry(path) is None:
        return False
    return not is_ignored(delta, context, thing.key, path[len(thing.directory) + 1 :])
