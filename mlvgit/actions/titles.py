"""Titles: what to call the commit of what is staged, as the commands that staged it would. Reads documents only."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.records.registry import RegisteredVersion, Registry
from mlvgit.records.run import RunRecord
from mlvgit.records.settings import Settings
from mlvgit.rules.catalog import Catalog

__all__ = ["title_of"]

MOST_NAMED: Final = 3
MOST_READ: Final = 20
"""So many manifests are read at most; a commit of more is named by its first ones anyway."""


class _Said(NamedTuple):
    """A part of a title: `Freeze` `iris@v0.1`; parts with one verb are written together."""

    verb: str
    what: str


def title_of(before: Catalog, after: Catalog, paths: Iterable[str]) -> str:
    """Return what a commit of `paths` would be called; "" when nothing in them says.

    Args:
        before, after: HEAD and the index.
        paths: what differs between them.
    """
    parts = list(dict.fromkeys(_parts(before, after, list(paths))))
    by_verb: dict[str, list[str]] = {}
    for part in parts:
        by_verb.setdefault(part.verb, []).append(part.what)
    said = [f"{verb} {', '.join(found[:MOST_NAMED])}".rstrip() for verb, found in by_verb.items()]
    return ", ".join([*said[:1], *(each[:1].lower() + each[1:] for each in said[1:MOST_NAMED])])


def _parts(before: Catalog, after: Catalog, paths: list[str]) -> Iterator[_Said]:
    found: dict[str, list[tuple[str, Key | None]]] = {}
    for path in paths:
        place = after.place(path)
        found.setdefault(place.kind, []).append((path, place.key))
    keys = [(path, key) for path, key in found.get("manifest", ()) if key]
    gone = [key for path, key in keys if after.tree.entry(path) is None]
    yield from _frozen(before, after, keys, gone)
    for path, _ in found.get("run", ()):
        yield from _run(before, after, path)
    for path, _ in found.get("registry", ()):
        old, new = before.document("registry", path).value, after.document("registry", path).value
        if isinstance(new, Registry):
            yield from _registered(old if isinstance(old, Registry) else None, new)
    for path, _ in found.get("settings", ()):
        yield from _settings(before, after, path)


def _frozen(before: Catalog, after: Catalog, keys: list[tuple[str, Key]], gone: list[Key]) -> Iterator[_Said]:
    came = [key for path, key in keys if before.tree.entry(path) is None]
    if len(came) == len(gone) == 1 and _tree(before, gone[0]) == _tree(after, came[0]) != "":
        yield _Said("Renumber", f"{gone[0]} to {came[0].version}")
        return
    for key in came:
        yield _Said("Freeze" if key.kind == "snapshot" else "Add", str(key))
    for key in gone:
        yield _Said("Discard", str(key))
    for _, key in keys[:MOST_READ]:
        frozen = after.frozen(key) if key not in came and key not in gone else None
        retired = frozen.manifest.retired if frozen and frozen.manifest else None
        if retired:
            yield _Said("Retire files of" if retired.paths else "Retire", str(key))


def _tree(catalog: Catalog, key: Key) -> str:
    frozen = catalog.frozen(key)
    manifest: Manifest | None = frozen.manifest if frozen else None
    return manifest.tree_sha256 if manifest else ""


def _run(before: Catalog, after: Catalog, path: str) -> Iterator[_Said]:
    run = after.run(path).value
    if before.tree.entry(path) is None and isinstance(run, RunRecord) and run.model:
        yield _Said("Record the run of", f"{run.model}@{run.model_version}")


def _registered(before: Registry | None, after: Registry) -> Iterator[_Said]:
    """Yield who moved to another stage, to the archive only when nobody moved elsewhere; and who was commented on."""
    moved: list[RegisteredVersion] = []
    for entry in after.versions:
        old = before.version(entry.version) if before else None
        if entry.stage != (old.stage if old else "dev"):
            moved.append(entry)
        if len(entry.comments) > len(old.comments if old else ()):
            yield _Said("Comment on", f"{after.name}@{entry.version}")
    for entry in [entry for entry in moved if entry.stage != "archived"] or moved:
        yield _Said("Promote", f"{after.name} {entry.version} to {entry.stage}")


def _settings(before: Catalog, after: Catalog, path: str) -> Iterator[_Said]:
    if before.tree.entry(path) is None:
        yield _Said("Set up mlvgit", "")
        return
    old, new = before.document("settings", path).value, after.document("settings", path).value
    if isinstance(old, Settings) and isinstance(new, Settings):
        known = {remote.name for remote in old.remotes}
        for remote in new.remotes:
            if remote.name not in known:
                yield _Said("Name the remote", remote.name)
