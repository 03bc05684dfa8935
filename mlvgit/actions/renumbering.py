"""Giving a version that is not published another number, with everything that refers to it."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from mlvgit.actions.making_way import make_way
from mlvgit.actions.placing import Wanted, bring
from mlvgit.actions.project import Project, version_of
from mlvgit.actions.published import allow_replacing, published_identities
from mlvgit.actions.runcode import run_published
from mlvgit.actions.stored import hold
from mlvgit.actions.taking_back import committable, find_version, identities_here, refuse_published, unstage
from mlvgit.actions.verify import differences_on_disk
from mlvgit.core.versions import model_version, snapshot_version
from mlvgit.errors import IntegrityError, RefusedError, UsageError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.records.registry import RegisteredVersion, Registry
from mlvgit.records.run import RunRecord
from mlvgit.repo.history import protected_refs
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.lookup import canonical, model_candidates, snapshot_named
from mlvgit.rules.storage import stays_in_git
from mlvgit.rules.wording import next_version
from mlvgit.store.atomic import remove_durably, rename_durably, write_atomic

__all__ = ["RenumberResult", "renumber"]


class RenumberResult(NamedTuple):
    """What renumbering did.

    Attributes:
        before, after: the version as it was called and as it is called now.
        tree_sha256: its identity, which is the same.
        rewritten: further documents that name the new number now.
        left: documents that still name the old one: published, or written by hand.
        staged: the paths that the next commit takes along.
        already: everything was so before, and only a commit is missing.
    """

    before: Key
    after: Key
    tree_sha256: str
    rewritten: tuple[str, ...]
    left: tuple[str, ...]
    staged: tuple[str, ...]
    already: bool


def renumber(project: Project, reference: str, version: str) -> RenumberResult:
    """Give a version that is not published another number.

    The folder moves whole, the manifest says the new number, the identity stays. The registry, run records that mlvgit
    wrote and lineage of unpublished versions follow. That the old number may go is remembered. Interrupted at any
    point, the same call again ends it.

    Raises:
        UsageError: there is no such version, or the new number is none.
        RefusedError: it is published, or the new number is taken.
        IntegrityError: its files are not what its manifest says.
    """
    with project.alone(f"git mlv renumber {reference} {version}"):
        found = find_version(project, reference)
        thing = next(iter(found.values()))
        if thing.manifest is None:
            raise thing.error or UsageError(f"{thing.manifest_path} cannot be read")
        old = thing.key
        new = old._replace(version=_parsed(old, version))
        refuse_published(project, old, identities_here(found))
        _refuse_taken(project, old, new, thing.manifest)
        _refuse_altered(project, old, new, thing)
        for identity in identities_here(found):
            allow_replacing(project.repo, old, identity)
        already = "worktree" not in found and "index" not in found
        manifest = _renumbered(project, thing.manifest, new)
        documents = _references(project, old, new)
        written = [] if already else _move(project, old, new, manifest)
        for path, data in documents.items():
            if data is not None:
                write_atomic(project.top / path, data)
                written.append(path)
        if not already or (project.top / project.layout.manifest(new)).exists():  # killed before it was staged
            _stage(project, old, new, manifest, written)
        project.refresh()
        layout = project.layout
        paths = [layout.directory(old), layout.manifest(old), layout.directory(new), layout.manifest(new)]
        return RenumberResult(
            before=old,
            after=new,
            tree_sha256=manifest.tree_sha256,
            rewritten=tuple(path for path, data in documents.items() if data is not None),
            left=tuple(path for path, data in documents.items() if data is None),
            staged=committable(project, [*paths, *written]),
            already=already,
        )


def _parsed(key: Key, version: str) -> str:
    parsed = snapshot_version(version) if key.kind == "snapshot" else model_version(version)
    if parsed == version_of(key):
        raise UsageError(f"{key} has that number already")
    return parsed.text


def _refuse_taken(project: Project, old: Key, new: Key, manifest: Manifest) -> None:
    hint = f"git mlv renumber {old} {next_version(project.working(), new)}"
    for catalog in (project.committed(), project.working()):
        for other in catalog.keys(new.kind, new.name, new.root):
            if version_of(other) == version_of(new) and not _half_done(project, catalog, other, old, manifest):
                raise RefusedError(f"there is a {other} already", hint=hint)
    folder = project.top / project.layout.directory(new)
    if folder.exists() and not project.working().frozen(new):
        raise RefusedError(f"{project.layout.directory(new)} is there already, and not frozen", hint=hint)
    if published_identities(project, new):
        raise RefusedError(f"{new} is published already, by somebody else", hint=hint)


def _half_done(project: Project, catalog: Catalog, other: Key, old: Key, manifest: Manifest) -> bool:
    """Say whether `other` is what an interrupted run of this command left: the same thing, and one folder for both."""
    frozen = catalog.frozen(other)
    same = frozen is not None and frozen.manifest is not None and frozen.manifest.tree_sha256 == manifest.tree_sha256
    folders = [(project.top / project.layout.directory(key)).exists() for key in (old, other)]
    return same and catalog is not project.committed() and folders.count(True) == 1


def _refuse_altered(project: Project, old: Key, new: Key, thing: Frozen) -> None:
    folders = [project.top / project.layout.directory(key) for key in (old, new)]
    folder = next((folder for folder in folders if folder.exists()), folders[0])
    verdict = differences_on_disk(folder, thing)
    if not verdict.ok and folder == folders[0] and thing.manifest and thing.manifest.storage == "store":
        # Git took the manifest back where no hook sees it, as `git rebase --abort` does.
        make_way(project, verdict)
        bring(project, [Wanted(thing, thing.manifest)])
        verdict = differences_on_disk(folder, thing)
    if not verdict.ok:
        wrong = (*verdict.changed, *verdict.missing, *verdict.extra)[0]
        raise IntegrityError(
            f"{thing.directory}/{wrong} is not what the manifest of {old} says", hint=f"git mlv restore {old}"
        )


def _renumbered(project: Project, manifest: Manifest, new: Key) -> Manifest:
    prefix = project.layout.relative(project.layout.directory(new))
    return manifest.renumbered(new.version, prefix)


def _move(project: Project, old: Key, new: Key, manifest: Manifest) -> list[str]:
    """Write the new manifest, move the folder, remove the old manifest: at every instant one of both is whole."""
    layout = project.layout
    data = manifest.dump()
    shared = layout.course_manifest if project.working().place(layout.course_manifest).key == old else ""
    write_atomic(project.top / layout.manifest(new), data)
    source, target = project.top / layout.directory(old), project.top / layout.directory(new)
    if source.exists():
        rename_durably(source, target)
    if shared:
        write_atomic(project.top / shared, data)
    if (project.top / layout.manifest(old)).exists():
        remove_durably(project.top / layout.manifest(old))
    return [shared] if shared else []


def _stage(project: Project, old: Key, new: Key, manifest: Manifest, written: list[str]) -> None:
    layout = project.layout
    directory = layout.directory(new)
    unstage(project, [layout.directory(old), layout.manifest(old)])
    stored = manifest.storage == "store"
    files = [
        f"{directory}/{relative}" for relative in manifest.by_relative() if not stored or stays_in_git(new, relative)
    ]
    if stored:
        hold(project, [directory])
    project.repo.stage([*files, layout.manifest(new), *written], force=True)


# what refers to it


def _references(project: Project, old: Key, new: Key) -> dict[str, bytes | None]:
    """Return the documents that name the old number, rewritten; None for those that must stay as they are."""
    tips = list(protected_refs(project.repo, project.settings.protect).values())
    catalog = project.working()
    found: dict[str, bytes | None] = dict(_registries(project, catalog, old, new))
    found.update(_runs(catalog, old, new, run_published(project, tips)))
    if old.kind == "snapshot":
        found.update(_manifests(project, catalog, old, new))
    return found


def _naming(names: tuple[str, ...], old: Key, new: Key) -> tuple[str, ...]:
    """Return a list of snapshots with the old number replaced by the new one."""

    def is_old(text: str) -> bool:
        named = snapshot_named(old.root, text)
        return old.kind == "snapshot" and named is not None and canonical(named) == canonical(old)

    return tuple(f"{new.name}_{new.version}" if is_old(text) else text for text in names)


def _registries(project: Project, catalog: Catalog, old: Key, new: Key) -> Iterator[tuple[str, bytes]]:
    for model in catalog.models(old.root):
        registry = catalog.registry(old.root, model)
        if registry is not None and (changed := _registry(project, catalog, registry, old, new)) != registry:
            yield project.layout.registry(model), changed.dump()


def _registry(project: Project, catalog: Catalog, registry: Registry, old: Key, new: Key) -> Registry:
    entries = []
    for entry in registry.versions:
        key = project.layout.model_key(registry.name, entry.version)
        if key == old:
            entries.append(entry._replace(version=new.version))
        elif (data := _naming(entry.data_snapshots, old, new)) != entry.data_snapshots and _may_follow(
            project, catalog, key, entry
        ):
            entries.append(entry._replace(data_snapshots=data))
        else:
            entries.append(entry)
    return registry if tuple(entries) == registry.versions else registry.with_versions(tuple(entries))


def _may_follow(project: Project, catalog: Catalog, key: Key, entry: RegisteredVersion | None) -> bool:
    """Say whether the lineage of `key` may be altered, because it is not published; then that is remembered."""
    frozen = catalog.frozen(key)
    identity = frozen.manifest.tree_sha256 if frozen and frozen.manifest else entry.tree_sha256 if entry else ""
    if not identity or identity in published_identities(project, key):
        return False
    allow_replacing(project.repo, key, identity)
    return True


def _manifests(project: Project, catalog: Catalog, old: Key, new: Key) -> Iterator[tuple[str, bytes | None]]:
    for key in catalog.keys(root=old.root):
        frozen = catalog.frozen(key)
        if frozen is None or frozen.manifest is None:
            continue
        parents = _naming(frozen.manifest.derived_from, old, new)
        if parents != frozen.manifest.derived_from:
            free = _may_follow(project, catalog, key, None)
            yield frozen.manifest_path, frozen.manifest._replace(derived_from=parents).dump() if free else None


def _runs(
    catalog: Catalog, old: Key, new: Key, published: Callable[[str, bytes], bool]
) -> Iterator[tuple[str, bytes | None]]:
    for path in catalog.run_paths(old.root).values():
        record = catalog.run(path).value
        if not isinstance(record, RunRecord):
            continue
        changed = record._replace(data_snapshots=_naming(record.data_snapshots, old, new))
        if old in model_candidates(catalog, old.root, record):
            changed = changed._replace(model_version=new.version)
        if changed != record:
            data = catalog.tree.read(path)
            yield path, changed.dump() if data == record.dump() and not published(path, data) else None
