"""Taking back a version that is not published: its bytes are kept aside, its owner's leave is remembered."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from mlvgit.actions.clock import stamp
from mlvgit.actions.project import Project
from mlvgit.actions.published import allow_replacing, published_by
from mlvgit.core.references import parse_reference
from mlvgit.errors import MlvError, RefusedError, UsageError
from mlvgit.records.layout import Key
from mlvgit.records.registry import Registry
from mlvgit.repo.history import protected_refs
from mlvgit.repo.tags import tag_ref_name
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.lookup import Usage, snapshot_named
from mlvgit.rules.standing import first_stage
from mlvgit.store.aside import move, move_together
from mlvgit.store.atomic import write_atomic

__all__ = ["DiscardResult", "committable", "discard", "find_version", "identities_here", "refuse_published", "unstage"]

ARCHIVED = "archived"


class DiscardResult(NamedTuple):
    """What taking a version back did.

    Attributes:
        set_aside: the folder that has its files and manifest now, "" when none stood here.
        staged: the paths that the next commit takes along, from the top of the repository.
        users: who still names it.
    """

    key: Key
    set_aside: str
    staged: tuple[str, ...]
    users: tuple[str, ...]


def discard(project: Project, reference: str) -> DiscardResult:
    """Take back a snapshot or model version that is not published.

    Its folder and manifest are moved aside and leave the index; a registry entry that serves nothing is dropped. That
    exactly this identity may go is remembered, so that the commit which takes it back, amends or rebases is accepted.

    Raises:
        UsageError: there is no such version.
        RefusedError: it is published, or in a stage.
    """
    with project.alone(f"git mlv discard {reference}"):
        found = find_version(project, reference)
        key = next(iter(found.values())).key
        identities = identities_here(found)
        refuse_published(project, key, identities)
        registry = _refuse_serving(project, key)
        for identity in identities:
            allow_replacing(project.repo, key, identity)
        written = [project.layout.registry(key.name)] if registry is not None else []
        aside = project.repo.state_dir / "aside" / f"{stamp()}-{key.name}_{key.version}-{os.getpid()}"
        directory, manifest = project.layout.directory(key), project.layout.manifest(key)
        paths = [project.top / path for path in (directory, manifest)]
        move_together([(path, aside / path.name) for path in paths if os.path.lexists(path)])
        written += _free_course_manifest(project, key, aside)
        if registry is not None:
            _write_registry(project, key, registry)
        unstage(project, [directory, manifest])
        staged = committable(project, [directory, manifest, *written])
        project.repo.stage(path for path in staged if path in written)
        project.refresh()
        return DiscardResult(
            key=key,
            set_aside=str(aside) if aside.exists() else "",
            staged=staged,
            users=(*Usage(project.working()).users(key), *_made_from(project.working(), key)),
        )


def _made_from(catalog: Catalog, key: Key) -> list[str]:
    """List the snapshots whose lineage names a snapshot."""
    if key.kind != "snapshot":
        return []
    return [
        str(other)
        for other in catalog.keys("snapshot", root=None)
        if (frozen := catalog.frozen(other))
        and frozen.manifest
        and any(snapshot_named(other.root, text) == key for text in frozen.manifest.derived_from)
    ]


# what renumbering needs too


def find_version(project: Project, reference: str) -> dict[str, Frozen]:
    """Find a version in the working directory, the index and HEAD; it is in at least one of them.

    Returns:
        Where it is ("worktree", "index", "commit") -> what freezes it there.

    Raises:
        UsageError: it is in none, or the reference does not name a version.
    """
    if parse_reference(reference).wanted != "version":
        raise UsageError(f"{reference} does not say which version", hint="iris@v0.2, iris_clf@v0.3.0")
    found: dict[str, Frozen] = {}
    first: MlvError | None = None
    places = (("worktree", project.working()), ("index", project.staged()), ("commit", project.committed()))
    for name, catalog in places:
        try:
            frozen = catalog.frozen(project.find(reference, catalog))
        except UsageError as error:
            first = first or error
            continue
        if frozen is not None:
            found[name] = frozen
    if not found:
        raise first or UsageError(f"nothing is called {reference}")
    return found


def identities_here(found: Mapping[str, Frozen]) -> tuple[str, ...]:
    """Return the identities that a version has in the places where it was found."""
    return tuple(dict.fromkeys(each.manifest.tree_sha256 for each in found.values() if each.manifest))


def refuse_published(project: Project, key: Key, identities: Iterable[str]) -> None:
    """Make sure that no protected branch and no model tag has the version with one of these identities.

    Raises:
        RefusedError: one has.
    """
    tips = protected_refs(project.repo, project.settings.protect).values()
    wanted = frozenset(identities)
    if wanted & published_by(project, tips, with_tags=False)(key):
        ways = {
            "snapshot": f"git mlv snapshot create {key.name} --bump minor ...   (freezes other bytes as the next version)",
            "model": f"git mlv promote {key.name} {key.version} archived   (takes it out of service)",
        }
        raise RefusedError(f"{key} is published on a protected branch, and stays as it is", hint=ways[key.kind])
    if wanted & published_by(project, ())(key):
        tag = tag_ref_name(key.root, key.name, key.version)
        what = f"the tag {tag} vouches for it" if key.kind == "model" else "a model tag says it was made from it"
        raise RefusedError(
            f"{key} is published: {what}",
            hint=f"git tag -d {tag if key.kind == 'model' else 'TAG'}   (only when that tag was never pushed)",
        )


def unstage(project: Project, paths: Iterable[str]) -> None:
    """Take paths, and all below them, out of the index, whatever it holds of them."""
    project.repo.git.run("rm", "--cached", "-r", "--force", "--quiet", "--ignore-unmatch", "--", *paths)


def committable(project: Project, paths: Iterable[str]) -> tuple[str, ...]:
    """Return those of `paths` about which a commit can have something to say: HEAD or the index has them."""
    trees = (project.committed().tree, project.repo.index_tree())
    return tuple(path for path in dict.fromkeys(paths) if any(tree.entry(path) or tree.below(path) for tree in trees))


# discarding


def _refuse_serving(project: Project, key: Key) -> Registry | None:
    """Return the registry without `key`, None when it does not name it."""
    if key.kind != "model":
        return None
    registry = project.working().registry(key.root, key.name)
    entry = registry.version(key.version) if registry else None
    if registry is None or entry is None:
        return None
    if entry.stage not in (first_stage(project.settings), ARCHIVED):
        raise RefusedError(
            f"{key} is in {entry.stage}",
            hint=f"git mlv promote {key.name} {key.version} {ARCHIVED}   (takes it out of its stage; then discard it)",
        )
    return registry.with_versions(tuple(each for each in registry.versions if each is not entry))


def _write_registry(project: Project, key: Key, registry: Registry) -> None:
    path = project.top / project.layout.registry(key.name)
    if registry.versions:
        write_atomic(path, registry.dump())
    else:
        path.unlink()


def _free_course_manifest(project: Project, key: Key, aside: Path) -> list[str]:
    """Let the shared `manifest.json`, where it names `key`, name the newest other snapshot of the data set."""
    path = project.layout.course_manifest
    catalog = project.working()
    if key.kind != "snapshot" or catalog.place(path).key != key:
        return []
    newest = _newest_other(catalog, key)
    if newest is None:
        move(project.top / path, aside / Path(path).name)
    else:
        write_atomic(project.top / path, catalog.tree.read(newest.manifest_path))
    return [path]


def _newest_other(catalog: Catalog, key: Key) -> Frozen | None:
    others = [other for other in catalog.keys("snapshot", key.name, key.root) if other != key]
    return catalog.frozen(others[-1]) if others else None
