"""Dataset snapshots: create, list, path."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mlvgit.actions.bringing import cannot_move
from mlvgit.actions.freeze import FreezeResult, Freezing, freeze, gather
from mlvgit.actions.project import Project, version_of
from mlvgit.actions.verify import never_brought
from mlvgit.core.digest import Digest
from mlvgit.core.references import is_name
from mlvgit.core.text import count, printable
from mlvgit.core.versions import Part, snapshot_version
from mlvgit.errors import RefusedError, UsageError
from mlvgit.records.inventory import Inventory
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.storage import holes
from mlvgit.store.hashing import Progress
from mlvgit.store.scan import Passed, SourceFile, Sources

if TYPE_CHECKING:
    from mlvgit.actions.appending import Growth

__all__ = ["SnapshotPlan", "create", "listing", "next_version"]


class SnapshotPlan(NamedTuple):
    """What `snapshot create` was asked for.

    Attributes:
        dataset, version: the new snapshot; `version` is "" when `bump` says how to count on.
        sources: files and folders to freeze; none freezes the folder where it stands.
        base: reference of a snapshot that the new one starts from; then `sources` is empty and `add` and `remove` say
            what differs.
        parents: references of the snapshots that this one was made from (lineage).
        storage, move: see `Freezing`.
        inventory: what was hashed elsewhere, in place of sources; None when something here is to be frozen.
    """

    dataset: str
    version: str = ""
    sources: tuple[Path, ...] = ()
    bump: Part | None = None
    base: str = ""
    add: tuple[Path, ...] = ()
    remove: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    notes: str = ""
    source: str = ""
    owner: str = ""
    license: str = ""
    replace: bool = False
    dereference: bool = False
    storage: str = ""
    move: bool = False
    inventory: Inventory | None = None


def create(project: Project, plan: SnapshotPlan, progress: Progress | None = None) -> FreezeResult:
    """Freeze a new snapshot.

    Raises:
        UsageError: the name or version is not one, or nothing was given to freeze.
        RefusedError, IntegrityError: see `freeze`.
    """
    if not is_name(plan.dataset):
        raise UsageError(
            f"{plan.dataset!r} cannot name a dataset", hint="letters, digits, _ . - and no - or . at the ends"
        )
    version = plan.version or next_version(project, plan.dataset, plan.bump)
    key = project.layout.snapshot_key(plan.dataset, snapshot_version(version).text)
    _same_spelling(project, key)
    parents = [project.find_snapshot(parent, project.working()) for parent in plan.parents]
    files: Sources | None
    passed = Passed()
    if plan.inventory is not None and (plan.sources or plan.base or plan.dereference):
        raise UsageError(
            "--manifest lists all files of the version", hint="leave sources, --base and --dereference out"
        )
    growth: Growth | None = None
    if plan.base:
        base = project.find_snapshot(plan.base, project.working())
        parents = parents or [base]
        files = None
        _, manifest = project.frozen(base, project.working())
        if manifest.storage == "store" and plan.storage != "git":
            growth = _growth(project, base, manifest, plan, passed)
        else:
            files = _based(project, base, manifest, plan, passed)
    elif plan.add or plan.remove:
        raise UsageError("--add and --remove say what differs from a --base", hint=f"--base {plan.dataset}@latest")
    else:
        files = gather(plan.sources, dereference=plan.dereference, passed=passed) if plan.sources else None
        _refuse_part(project, plan, files or ())
    fields: dict[str, Any] = {"derived_from": tuple(f"{parent.name}_{parent.version}" for parent in parents)}
    fields.update(
        {name: value for name in ("notes", "source", "owner", "license") if (value := getattr(plan, name))},
    )
    if plan.move and (not plan.sources or plan.dereference):
        raise cannot_move()
    wanted = Freezing(key, files, fields, plan.replace, plan.storage, plan.move, passed)
    if plan.inventory is not None:
        from mlvgit.actions.elsewhere import freeze_inventory

        return freeze_inventory(project, wanted, plan.inventory)
    if growth is not None:
        from mlvgit.actions.appending import freeze_grown

        return freeze_grown(project, wanted, growth, progress)
    return freeze(project, wanted, progress)


def _refuse_part(project: Project, plan: SnapshotPlan, files: Sequence[SourceFile]) -> None:
    """Refuse to freeze the folder of a version of which only a part was pulled: the new one would lack the rest.

    Raises:
        RefusedError: so it is.
    """
    if len(plan.sources) != 1:
        return
    catalog, source = project.working(), os.path.realpath(plan.sources[0])
    for key in catalog.keys("snapshot", root=project.root):
        directory = project.layout.directory(key)
        if (
            os.path.basename(directory) != os.path.basename(source)
            or os.path.realpath(project.top / directory) != source
        ):
            continue
        frozen = catalog.frozen(key)
        if frozen and frozen.manifest and frozen.manifest.storage == "store" and frozen.manifest.entries_here:
            manifest, here = frozen.manifest, {file.relative for file in files}
            missing = [name for name in manifest.by_relative() if name not in here]
            if away := never_brought(project, frozen, missing):
                raise RefusedError(
                    f"{len(away):,} of the {count(manifest.file_count, 'file')} of {key} never came here: what is "
                    f"frozen from its folder would lack them ({printable(away[0])} ...)",
                    hint=f"git mlv pull {key}   (then the same again; to leave files out on purpose: --base {key} --remove)",
                )


def next_version(project: Project, dataset: str, part: Part | None) -> str:
    """Return the version after the newest snapshot of `dataset`.

    Raises:
        UsageError: no way to count was given, or there is nothing to count on from.
    """
    if part is None:
        raise UsageError("which version?", hint=f"git mlv snapshot create {dataset} v0.1 ...   (or --bump minor)")
    keys = project.working().keys("snapshot", dataset, project.root)
    keys += project.committed().keys("snapshot", dataset, project.root)
    if not keys:
        raise UsageError(
            f"{dataset} has no snapshot to count on from", hint=f"git mlv snapshot create {dataset} v0.1 ..."
        )
    return max(version_of(key) for key in keys).bump(part)


def listing(catalog: Catalog, root: str, dataset: str | None = None) -> list[tuple[Key, Manifest | None]]:
    """List the snapshots of `root` with their manifests; None where one cannot be read."""
    found = []
    for key in catalog.keys("snapshot", dataset, root):
        frozen = catalog.frozen(key)
        found.append((key, frozen.manifest if frozen else None))
    return found


def _same_spelling(project: Project, key: Key) -> None:
    for other in project.working().keys("snapshot", key.name, key.root):
        if other.version != key.version and version_of(other) == version_of(key):
            raise UsageError(
                f"{key.version} is {other.version}, which is frozen already", hint=f"git mlv snapshot show {other}"
            )


def _growth(project: Project, base: Key, manifest: Manifest, plan: SnapshotPlan, passed: Passed) -> "Growth":
    from mlvgit.actions.appending import Growth

    before = {name: Digest(each.size_bytes, each.sha256) for name, each in manifest.by_relative().items()}
    added = _added(plan, passed)
    gone = {*_removed(base, manifest, plan), *holes(manifest), *added}
    kept = {name: digest for name, digest in before.items() if name not in gone}
    if not kept and not added:
        raise UsageError(f"nothing of {base} is left to freeze")
    return Growth(base, before, kept, Sources.of(added.values()), passed)


def _based(project: Project, base: Key, manifest: Manifest, plan: SnapshotPlan, passed: Passed) -> Sources:
    wanted = set(manifest.by_relative()) - holes(manifest)
    folder = project.top / project.layout.directory(base)
    kept = {file.relative: file for file in gather([folder]) if file.relative in wanted}
    missing = sorted(wanted - set(kept) - set(plan.remove))
    if missing:
        raise UsageError(f"{base} lacks {missing[0]} on disk", hint=f"git mlv restore {base}")
    for name in _removed(base, manifest, plan):
        kept.pop(name, None)
    return Sources.of((kept | _added(plan, passed)).values())


def _removed(base: Key, manifest: Manifest, plan: SnapshotPlan) -> tuple[str, ...]:
    for name in plan.remove:
        if name not in manifest.by_relative():
            raise UsageError(f"{base} has no file {name}", hint=f"git mlv snapshot show {base}")
    return plan.remove


def _added(plan: SnapshotPlan, passed: Passed) -> dict[str, SourceFile]:
    added: dict[str, SourceFile] = {}
    for source in plan.add:
        for file in gather([source], dereference=plan.dereference, passed=passed):
            relative = f"{source.name}/{file.relative}" if source.is_dir() else file.relative
            added[relative] = file._replace(relative=relative)
    return added
