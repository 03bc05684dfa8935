"""Reverts: is what a change brings back older than what it takes away? Then it is a revert, and no forgery.

Commits in the middle of a push are not judged one by one. A forged document that went through history in the middle of
one push must not count, in the next, as something that was there before.
"""

from collections.abc import Callable, Iterable

from mlvgit.actions.project import Project
from mlvgit.errors import DocumentError
from mlvgit.records.layout import Place
from mlvgit.records.manifest import Manifest
from mlvgit.records.registry import Registry
from mlvgit.repo.history import PathState, states_of_path
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.standing import first_stage

__all__ = ["brought_back"]

_MOST_HOLDERS = 20
Facts = frozenset[tuple[str, ...]]


def brought_back(project: Project, tips: Iterable[str]) -> Callable[[str, str], bool]:
    """Return a function: (path, blob id) -> did the path hold exactly this, before what would be lost by it was there?

    Args:
        project: where to look.
        tips: full ids of what is judged against. The id "" asks whether the path was created once, and nothing else
            of it is lost by taking that back.
    """
    starts = list(dict.fromkeys(tips))

    def held(path: str, oid: str) -> bool:
        states = list(states_of_path(project.repo, starts, path)) if starts else []
        if not oid:
            return [state.before for state in states] == [""]
        holders = [state.commit for state in states if state.after == oid]
        lost = [facts for tip in starts if (facts := _lost(project, tip, path, oid))]
        if not lost:
            return bool(holders)
        return any(not _had(project, holder, path, facts) for facts in lost for holder in holders[-_MOST_HOLDERS:])

    return held


def _lost(project: Project, tip: str, path: str, oid: str) -> Facts:
    """Return what the tip says at `path` and the blob does not."""
    catalog = project.committed(tip)
    now = catalog.tree.entry(path)
    return _facts(project, catalog, path, now.oid) - _facts(project, catalog, path, oid) if now else frozenset()


def _had(project: Project, commit: str, path: str, lost: Facts) -> bool:
    """Say whether anything of `lost` was there in the history that led to `commit`."""
    catalog = project.committed(commit)
    older: dict[str, None] = {}
    for state in states_of_path(project.repo, [commit], path):
        older.update(dict.fromkeys(_both(state)))
    return any(lost & _facts(project, catalog, path, oid) for oid in older)


def _both(state: PathState) -> tuple[str, ...]:
    return tuple(oid for oid in (state.before, state.after) if oid)


def _facts(project: Project, catalog: Catalog, path: str, oid: str) -> Facts:
    """Return what a document of ours states for good, nothing when it cannot be read."""
    root, place = catalog.claim(path)
    try:
        data = project.repo.blob(oid)
        if place.kind == "registry":
            return _of_registry(Registry.parse(data, path), first_stage(root.settings))
        return _of_manifest(Manifest.parse(data, path)) if _is_manifest(place) else frozenset()
    except (DocumentError, KeyError):
        return frozenset()


def _is_manifest(place: Place) -> bool:
    return place.kind in ("manifest", "course-manifest")


def _of_registry(registry: Registry, first: str) -> Facts:
    found: set[tuple[str, ...]] = set()
    for entry in registry.versions:
        if entry.stage != first:
            found.add((entry.version, "entry"))
        if entry.tree_sha256:
            found.add((entry.version, "tree", entry.tree_sha256))
        if entry.run:
            found.add((entry.version, "run", entry.run))
        found.update((entry.version, "data", name) for name in entry.data_snapshots)
    return frozenset(found)


def _of_manifest(manifest: Manifest) -> Facts:
    found = {("from", name) for name in manifest.derived_from}
    found.update({("source", manifest.source)} if manifest.source else ())
    found.update({("run", manifest.run)} if manifest.run else ())
    found.update({("retired", manifest.retired.at)} if manifest.retired else ())
    return frozenset(found)
