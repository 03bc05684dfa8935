"""Getting bytes: what the manifests of HEAD name and this machine lacks, from the remotes into store and workspace."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlvgit.actions.placing import Wanted, bring
from mlvgit.actions.project import Project, version_of
from mlvgit.actions.stored import may_be_here, object_store, wanted_by
from mlvgit.core.digest import Digest
from mlvgit.records.layout import Key
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.lookup import read_registry
from mlvgit.store.lock import exclusive
from mlvgit.store.reading import Progress

__all__ = ["Pull", "plan_pull", "pull"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What is to come.

    Attributes:
        keys: the store-kept versions that were chosen.
        missing_bytes, missing_objects: what the store lacks of them.
        left: store-kept versions that were not chosen.
    """

    keys: tuple[Key, ...]
    missing_bytes: int
    missing_objects: int
    left: int = 0


def plan_pull(project: Project, references: Sequence[str] = (), *, everything: bool = False) -> Pull:
    """Choose what to get: what was asked for, else the newest snapshot of each dataset and what serves.

    Raises:
        UsageError: a reference means nothing.
        RefusedError: the bytes of a dataset that was asked for are never to be on this machine.
    """
    catalog = project.committed()
    stored = [key for key in catalog.keys(root=None) if _is_stored(catalog, key)]
    if references:
        asked = [project.find(reference, catalog) for reference in references]
        for key in asked:
            may_be_here(project, key)
        chosen = [key for key in asked if key in stored]
    else:
        usual = stored if everything else _usual(project, catalog, stored)
        chosen = [key for key in usual if key.name not in project.settings_or_default.local_never]
    store = object_store(project)
    lacking = {digest for key in chosen for digest in _objects(catalog, key) if not store.has(digest)}
    return Pull(
        keys=tuple(chosen),
        missing_bytes=sum(digest.size for digest in lacking),
        missing_objects=len(lacking),
        left=len(set(stored) - set(chosen)),
    )


def pull(project: Project, planned: Pull, progress: Progress | None = None) -> list[str]:
    """Fetch what was planned and put it into the workspace; return the paths that were written.

    Raises:
        RemoteError, IntegrityError: see `fetch`; what came until then stays, and the same command goes on from there.
    """
    catalog = project.committed()
    with exclusive(project.repo.state_dir, "git mlv pull"):
        written = bring(project, [Wanted(*project.frozen(key, catalog)) for key in planned.keys], progress)
    project.refresh()
    return written


def _is_stored(catalog: Catalog, key: Key) -> bool:
    return bool(_objects(catalog, key))


def _objects(catalog: Catalog, key: Key) -> list[Digest]:
    frozen = catalog.frozen(key)
    return wanted_by(frozen.manifest, key) if frozen and frozen.manifest else []


def _usual(project: Project, catalog: Catalog, stored: Sequence[Key]) -> list[Key]:
    newest: dict[tuple[str, str], Key] = {}
    for key in stored:
        if key.kind == "snapshot":
            other = newest.get((key.root, key.name))
            if other is None or version_of(other) < version_of(key):
                newest[key.root, key.name] = key
    serving = [key for key in stored if key.kind == "model" and _serves(project, catalog, key)]
    return [*newest.values(), *serving]


def _serves(project: Project, catalog: Catalog, key: Key) -> bool:
    registry = read_registry(catalog, key.root, key.name)
    entry = registry.version(key.version) if registry else None
    return bool(entry and entry.stage in project.settings_or_default.exclusive)
