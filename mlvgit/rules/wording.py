"""Wording: the five lines of a refusal about a frozen thing, and commands that work when typed. Pure."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from mlvgit.core.text import count, printable, short, size
from mlvgit.core.versions import is_model_version, is_snapshot_version, model_version, snapshot_version
from mlvgit.records.layout import Key
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.delta import Delta
from mlvgit.rules.documents import in_conflict
from mlvgit.rules.freezing import published
from mlvgit.rules.lookup import spellings
from mlvgit.rules.model import Context, Finding

__all__ = [
    "about",
    "back",
    "came_from",
    "described",
    "free_version",
    "listed",
    "make_room",
    "moved_to",
    "next_version",
    "out",
    "quoted",
    "tag_name",
]

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+", re.ASCII)
MAX_USERS = 5


def quoted(word: str) -> str:
    """Write `word` so that a POSIX shell reads it back as one word."""
    if _PLAIN.fullmatch(word):
        return word
    return "'" + printable(word).replace("'", "'\"'\"'") + "'"


def listed(words: tuple[str, ...] | list[str], most: int = MAX_USERS) -> tuple[str, ...]:
    """Return the first words, and how many more there are."""
    if len(words) <= most:
        return tuple(words)
    return (*words[:most], f"and {len(words) - most} more")


def described(thing: Frozen) -> str:
    """Say what was frozen when: `iris@v0.1 was frozen 2026-01-01: 1 file, 4.5 KiB, tree 1a2b...`."""
    manifest = thing.manifest
    if manifest is None:
        return f"{thing.key} is frozen by {printable(thing.manifest_path)}"
    when = f" {manifest.created_utc[:10]}" if manifest.created_utc else ""
    files = f"{count(len(manifest.files), 'file')}, {size(manifest.total_bytes)}"
    return f"{thing.key} was frozen{when}: {files}, tree {short(manifest.tree_sha256)}"


def next_version(catalog: Catalog, key: Key) -> str:
    """Return a version after `key` that is not taken: the next minor of a snapshot, the next patch of a model."""
    taken = {other.version for other in catalog.keys(kind=key.kind, name=key.name, root=key.root)}
    if key.kind == "snapshot" and is_snapshot_version(key.version):
        version = snapshot_version(key.version).bump("minor")
        while version in taken:
            version = snapshot_version(version).bump("minor")
        return version
    if key.kind == "model" and is_model_version(key.version):
        version = model_version(key.version).bump("patch")
        while version in taken:
            version = model_version(version).bump("patch")
        return version
    return key.version


def free_version(key: Key, *catalogs: Catalog, taken: Callable[[Key], bool] = lambda _: False) -> str:
    """Return the first version after `key` that none of `catalogs` has and nobody else took."""
    before, newest = key, key._replace(version=next_version(catalogs[0], key))
    while newest != before and (
        taken(newest) or any(catalog.frozen(each) for catalog in catalogs for each in spellings(newest))
    ):
        before, newest = newest, newest._replace(version=next_version(catalogs[0], newest))
    return newest.version


def tag_name(key: Key) -> str:
    """Return the name of the model tag of a version, as a command writes it."""
    return quoted(f"{f'{key.root}={key.name}' if key.root else key.name}@{key.version}")


def make_room(
    key: Key, version: str, *, untag: Sequence[Key], join: str, retag: Sequence[Key], decide: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the commands that keep both where another side took the number `key`: ours becomes `version`.

    Args:
        untag: model versions whose tags stand here, were never pushed, and say that ours is published.
        join: brings both sides together; "" when nothing does.
        retag: model versions to tag afterwards, by the numbers that they have before.
        decide: what is left to decide once both sides are together.
    """
    moved = {key: key._replace(version=version)}
    return (
        *((f"git tag -d {' '.join(map(tag_name, untag))}",) if untag else ()),
        f"git mlv renumber {key} {version} -m {quoted(f'Make room for the other {key}')}",
        *((join, *decide) if join else ()),
        *(f"git mlv tag-model {each.name} {each.version}" for each in (moved.get(old, old) for old in retag)),
    )


def ways_forward(delta: Delta, context: Context, thing: Frozen) -> tuple[str, ...]:
    """Return the commands that keep changed files of `thing`: as a new version, or in place while not published.

    None where nothing is left of it that could be kept. What a merge left in conflict is nobody's version yet.
    """
    if in_conflict(delta, thing.manifest_path):
        return ("git mlv merge --repair",)
    if not delta.after.tree.below(thing.directory):
        return ()
    key, directory = thing.key, quoted(thing.directory)
    version = next_version(delta.after, key)
    if key.kind == "snapshot":
        commands = [f"git mlv snapshot create {key.name} {version} {directory} --from {key}"]
        replace = f"git mlv snapshot create {key.name} {key.version} --replace"
    else:
        commands = [f"git mlv model add {key.name} {version} {directory}/*"]
        replace = f"git mlv model add {key.name} {key.version} --replace"
    commands.append(f"git mlv restore {key}")
    if not published(context, key) and context.moment == "commit":
        commands.append(f"{replace}   # instead, while it is not published")
    return tuple(commands)


def back(delta: Delta, context: Context, path: str) -> tuple[str, ...]:
    """Return the command that undoes the change of one file that is not frozen."""
    if delta.before.tree.entry(path) is None:
        old = came_from(delta, path)
        if old:
            folder = old.rpartition("/")[0] or "."
            return (f"mkdir -p {quoted(folder)} && git mv -f {quoted(path)} {quoted(old)}",)
        return out(context, path)
    return (f"git checkout {'HEAD' if context.moment == 'commit' else '@{upstream}'} -- {quoted(path)}",)


def moved_to(delta: Delta, path: str) -> str:
    """Return where a file that is gone stands now with the same bytes, "" when it stands nowhere."""
    entry = delta.before.tree.entry(path)
    new = (
        place for place, (was, now) in delta.changes.items() if was is None and now and entry and now.oid == entry.oid
    )
    return min(new, default="")


def came_from(delta: Delta, path: str) -> str:
    """Return where a new file stood before, with the same bytes, and stands no more; "" when it did nowhere."""
    entry = delta.after.tree.entry(path)
    old = (
        place for place, (was, now) in delta.changes.items() if was and now is None and entry and was.oid == entry.oid
    )
    return min(old, default="")


def out(context: Context, *paths: str, flags: str = "-q -f --cached") -> tuple[str, ...]:
    """Return the commands that take back what is judged as new: files, or folders with `-r` among the flags."""
    told = context.way_back(paths)
    return (f"git rm {flags} {' '.join(map(quoted, paths))}",) if told is None else told


def about(delta: Delta, context: Context, thing: Frozen, **facts: Any) -> Finding:
    """Make a finding about a frozen thing, with what was frozen, both ways out and who uses it filled in.

    Args:
        facts: fields of `Finding`; they win over what is filled in.
    """
    which = (thing.key, thing.manifest.tree_sha256 if thing.manifest else "")
    if which not in delta.told:
        delta.told[which] = {
            "key": thing.key,
            "frozen": described(thing),
            "keep": ways_forward(delta, context, thing),
            "undo": () if in_conflict(delta, thing.manifest_path) else (f"git mlv restore {thing.key}",),
            "users": listed(delta.usage.users(thing.key)),
        }
    filled: dict[str, Any] = {**delta.told[which], **facts}
    return Finding(**filled)
