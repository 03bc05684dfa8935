"""Freezing a directory: bring the bytes in, hash them, write the manifest beside them, stage both."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from mlvgit import __version__
from mlvgit.actions.adopting import as_blobs, as_pointed, behind_pointers, hub_repository
from mlvgit.actions.bringing import PREFIX, Bringing
from mlvgit.actions.clock import stamp, utc_now
from mlvgit.actions.project import Project, freeze_command, version_of
from mlvgit.actions.published import allow_replacing, published_identities
from mlvgit.actions.remembering import frozen_as, hashing_begins, remember
from mlvgit.actions.restating import restated
from mlvgit.actions.staging import refuse_conversions, take_along, write_manifest
from mlvgit.actions.stored import object_store
from mlvgit.actions.unfrozen import refuse_unfrozen
from mlvgit.core.digest import Digest, sorted_tree_sha256, tree_sha256
from mlvgit.core.digests import Digests, NamedDigests
from mlvgit.core.jsontext import EMPTY
from mlvgit.core.text import printable, size
from mlvgit.errors import MachineError, RefusedError, UsageError, way_out
from mlvgit.records.filelist import FileList
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest, new_manifest
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.lookup import canonical
from mlvgit.rules.storage import stays_in_git
from mlvgit.store.aside import move
from mlvgit.store.atomic import write_atomic
from mlvgit.store.hashing import Progress, hash_files
from mlvgit.store.scan import Passed, SourceFile, Sources, scan, sizes_of

__all__ = ["Freezing", "FreezeResult", "freeze", "freeze_listed", "gather"]


class Freezing(NamedTuple):
    """What is to be frozen.

    Attributes:
        key: the snapshot or model version.
        files: where the bytes are, with the names that they get; None freezes the directory where it stands.
        fields: the manifest's further keys (notes, derived_from, run, owner, metadata ...).
        replace: an unpublished version of the same name may give way.
        storage: "git", "store", or "auto": the store when the version is larger than `limits.git_limit`. "" is store
            when the version before is kept there, auto once mlv.yaml names a remote, else git.
        move: the sources are taken in without a second copy, and are gone when all is in place.
        passed: what was seen of `files` that may not be kept.
    """

    key: Key
    files: Sources | None = None
    fields: Mapping[str, Any] = EMPTY
    replace: bool = False
    storage: str = ""
    move: bool = False
    passed: Passed | None = None


class FreezeResult(NamedTuple):
    """What freezing did.

    Attributes:
        manifest: as it stands on disk.
        manifest_path: from the top of the repository.
        staged: the paths that the next commit takes along.
        already: the version was frozen with the same bytes before, and none were written.
        restated: what is noted of such a version, or what it was made from, is said anew.
        added_bytes: what the disk took for the working directory: nothing for what shares its blocks with the store.
        stored_bytes: what it took for the store: nothing for what was there, or shares its blocks with the source.
        set_aside: where the bytes of a replaced version were moved, "" when none were.
        stay: sources that were to move and stand where they were, as they changed at the last moment.
        plain: files that might be run, and will not be where the store brings them.
        empty: folders of the sources that hold nothing, and that the version has not.
        away: its files do not stand in the working directory.
    """

    key: Key
    manifest: Manifest
    manifest_path: str
    staged: tuple[str, ...]
    already: bool = False
    restated: bool = False
    added_bytes: int = 0
    stored_bytes: int = 0
    set_aside: str = ""
    stay: tuple[str, ...] = ()
    plain: int = 0
    empty: tuple[str, ...] = ()
    away: bool = False


def gather(sources: Iterable[Path], *, dereference: bool = False, passed: Passed | None = None) -> Sources:
    """List the files of `sources`: a folder alone gives its contents, otherwise each source keeps its own name.

    Raises:
        UsageError: a source does not exist, or two give the same name.
        IntegrityError: something among them cannot be frozen.
    """
    given = list(sources)
    for source in given:
        if not os.path.lexists(source):
            raise UsageError(f"{source} does not exist")
        if git_dir := _git_directory(source):
            raise UsageError(
                f"{printable(str(source))} lies in {printable(git_dir)}, where Git keeps a repository: it changes all the time",
                hint="name files outside it; git bundle create FILE --all makes a file of a repository",
            )
    if len(given) == 1:
        return _scan(given[0], dereference=dereference, passed=passed)
    found: dict[str, SourceFile] = {}
    for source in given:
        inside = source.name if source.is_dir() else ""
        for file in _scan(source, dereference=dereference, passed=passed):
            relative = f"{inside}/{file.relative}" if inside else file.relative
            if relative in found:
                raise UsageError(f"{found[relative].path} and {file.path} would both become {relative}")
            found[relative] = file._replace(relative=relative)
    return Sources.of(found.values())


def _git_directory(source: Path) -> str:
    """Return the Git directory that a source is, or lies in; "" for none."""
    whole = Path(os.path.realpath(source))
    for folder in (whole, *whole.parents):
        if (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir():
            return str(folder)
    return ""


def _scan(source: Path, *, dereference: bool, passed: Passed | None) -> Sources:
    also = hub_repository(source) if dereference else ""
    return scan(source, dereference=dereference, also=also, passed=passed)


def freeze(project: Project, wanted: Freezing, progress: Progress | None = None) -> FreezeResult:
    """Freeze `wanted`.

    Order: bytes under a temporary name, flushed; the directory by one rename; the manifest; Git's index last.

    Raises:
        UsageError: there is nothing to freeze.
        RefusedError: the version exists with other bytes, or Git would not keep the bytes as they are.
        IntegrityError: a file changed while it was read, or cannot be frozen.
    """
    key = wanted.key
    with project.alone(freeze_command(key)):
        target = project.top / project.layout.directory(key)
        in_place, passed = wanted.files is None, wanted.passed or Passed()
        files = wanted.files if wanted.files is not None else _standing(target, key, passed)
        before = _existing(project, key)
        files, promised = (files, {}) if in_place else behind_pointers(project, files, move=wanted.move)
        placed = not in_place and before is None and _is_same(target, files)
        if not in_place and before is None and not placed:
            refuse_unfrozen(project, key, {})
        storage = wanted.storage or _storage(project, key)
        if storage == "auto":
            storage = "store" if sum(sizes_of(files)) > project.settings.limits.git_limit else "git"
        if storage == "git":
            _refuse_large(project, files)
        if before is not None and not wanted.move and _is_known(project, key, files, before, storage):
            return _already(project, wanted, before, files.names)
        bringing = Bringing(project, key, files, in_place=in_place, storage=storage, move=wanted.move)
        project.forget_files()
        since = hashing_begins()
        try:
            bringing.read(progress)
            as_pointed(promised, files, bringing.digests)
            as_blobs(files, bringing.digests)
            remember(project, files, bringing.digests, since)
            result = _settle(project, wanted, before, bringing, files, storage, placed=placed)
            return result._replace(
                plain=passed.executable if storage == "store" else 0, empty=tuple(sorted(passed.empty))
            )
        except BaseException:
            bringing.give_up()
            raise
        finally:
            bringing.clean()


def _is_known(project: Project, key: Key, files: Sequence[SourceFile], before: Manifest, storage: str) -> bool:
    """Say whether files that did not move are what is frozen, and what is frozen is here, without reading any."""
    if not before.entries_here or not _stands(project.top / project.layout.directory(key), files):
        return False
    digests = frozen_as(project, files, before)
    if digests is None or storage != "store":
        return digests is not None
    store = object_store(project)
    return all(store.has(digest) for digest in digests)


def freeze_listed(
    project: Project,
    wanted: Freezing,
    files: Callable[[], list[tuple[str, Digest]]],
    bring: Callable[[Path, list[str]], object],
) -> FreezeResult:
    """Freeze a version whose files are known by their digests; of their bytes only what Git is to hold comes here.

    Args:
        wanted: `files`, `storage` and `move` say nothing here.
        files: gives (path relative to the directory, digest) of every file; called while nobody else writes.
        bring: puts those of the named files that Git is to hold into a folder, and makes sure that the others are kept.

    Raises:
        RefusedError: the version exists with other bytes, or Git would not keep the bytes as they are.
        MlvError: what `bring` raises; nothing is changed then.
    """
    key = wanted.key
    directory = project.layout.directory(key)
    target = project.top / directory
    with project.alone(freeze_command(key)):
        before = _existing(project, key)
        entries = files()
        in_git = {relative: digest for relative, digest in entries if stays_in_git(key, relative)}
        if before is None:
            refuse_unfrozen(project, key, in_git)
        elif before.tree_sha256 == tree_sha256((relative, digest.sha256) for relative, digest in entries):
            return _already(project, wanted, before, [relative for relative, _ in entries])
        else:
            _may_replace(project, key, before, wanted.replace)
        refuse_conversions(project, key, "store", ((relative, "") for relative in in_git))
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=PREFIX, dir=target.parent) as scratch:
            brought = Path(scratch) / "brought"
            brought.mkdir()
            bring(brought, list(in_git))
            names = [relative for relative, _ in entries]
            manifest = _manifest(project, wanted, NamedDigests(names, Digests(each for _, each in entries)), "store")
            set_aside = _swap(project, key, brought, target)
        if not in_git:
            target.rmdir()
        staged = write_manifest(project, key, manifest)
        project.refresh()
    return FreezeResult(key=key, manifest=manifest, manifest_path=staged[-1], staged=staged, set_aside=set_aside)


def _settle(
    project: Project,
    wanted: Freezing,
    before: Manifest | None,
    bringing: Bringing,
    files: Sources,
    storage: str,
    *,
    placed: bool,
) -> FreezeResult:
    """Give bytes that were read their place (unless they have it already), write the manifest and stage both."""
    key = wanted.key
    directory = project.layout.directory(key)
    target = project.top / directory
    names = files.names
    entries = NamedDigests(names, bringing.digests)
    identity = sorted_tree_sha256(names, bringing.digests.sha256())
    if before is not None and _is_rest(wanted, before, entries, identity) and _stands(target, files):
        if before.tree_sha256 == identity:
            _keep_list(project, before, entries)
        stay = bringing.finish(verified=target)  # before permissions change, which a source of a second name shares
        return _already(project, wanted, before, names)._replace(stay=stay)
    if before is not None and before.tree_sha256 != identity:
        _may_replace(project, key, before, wanted.replace)
    refuse_conversions(project, key, storage, zip(names, files.paths(), strict=True))
    bringing.settle(target if placed else None)
    set_aside = ""
    if bringing.folder is not None and not placed:
        set_aside = _swap(project, key, bringing.folder, target)
        bringing.folder = None
    manifest = _manifest(project, wanted, entries, storage)
    staged = write_manifest(project, key, manifest)
    project.refresh()
    return FreezeResult(
        key=key,
        manifest=manifest,
        manifest_path=staged[-1],
        staged=staged,
        added_bytes=bringing.workspace_bytes,
        stored_bytes=bringing.stored_bytes,
        set_aside=set_aside,
        stay=bringing.finish(),
    )


def _manifest(project: Project, wanted: Freezing, entries: NamedDigests, storage: str) -> Manifest:
    key = wanted.key
    files: NamedDigests | FileList = entries
    if key.kind == "snapshot" and storage == "store" and len(entries) > project.settings.limits.list_files:
        files, data = FileList.of(entries, f"{key.name}@{key.version}")
        object_store(project).put(files.digest, data)
    return new_manifest(
        key.kind,
        key.name,
        key.version,
        files,
        prefix=project.layout.relative(project.layout.directory(key)),
        created_utc=utc_now(),
        created_by=f"mlvgit {__version__}",
        storage=storage,
        **wanted.fields,
    )


def _standing(target: Path, key: Key, passed: Passed) -> Sources:
    if not target.is_dir():
        raise UsageError(
            f"{target.name} does not exist, and no files were given", hint=f"{freeze_command(key)} FILE_OR_FOLDER..."
        )
    return scan(target, passed=passed)


def _existing(project: Project, key: Key) -> Manifest | None:
    for catalog in (project.working(), project.committed()):
        frozen = catalog.frozen(key)
        if frozen is not None:
            if frozen.manifest is None:
                raise frozen.error or UsageError(f"{frozen.manifest_path} cannot be read")
            if not _is_copy(project, catalog, frozen):
                return frozen.manifest
    return None


def _is_copy(project: Project, catalog: Catalog, frozen: Frozen) -> bool:
    """Say whether what stands in the place of a manifest is another thing's, which that thing has as well."""
    manifest = frozen.manifest
    if manifest is None:
        return False
    named = frozen.key._replace(kind=manifest.kind, name=manifest.name, version=manifest.version)
    other = catalog.frozen(named) if canonical(named) != canonical(frozen.key) else None
    return other is not None and other.manifest == manifest


def _storage(project: Project, key: Key) -> str:
    """Return where the bytes of a version go when nobody says it: to the store, once its own or the newest's are there."""
    catalog = project.working()
    known = list(catalog.keys(key.kind, key.name, key.root))
    before = catalog.frozen(key if key in known else max(known, key=version_of)) if known else None
    if before and before.manifest and before.manifest.storage == "store":
        return "store"
    return "auto" if project.settings.remotes else "git"


def _refuse_large(project: Project, files: Iterable[SourceFile]) -> None:
    limit = project.settings.limits.file_in_git
    large = [file for file in files if file.stat.size > limit]
    if large:
        raise RefusedError(
            f"{large[0].path} has {size(large[0].stat.size)}: over {size(limit)}, files are too large for Git (MLV107)"
            + (f"; so are {len(large) - 1} more" if len(large) > 1 else ""),
            hint="keep its bytes outside Git: --storage store   (or raise limits.file_in_git in mlv.yaml)",
        )


def _stands(target: Path, files: Iterable[SourceFile]) -> bool:
    return all((target / file.relative).is_file() for file in files)


def _keep_list(project: Project, manifest: Manifest, entries: NamedDigests) -> None:
    """Put the list of a version's files into the store, should it be there no more."""
    if manifest.listed and not manifest.entries_here:
        object_store(project).put(manifest.list_digest(), FileList.of(entries, "")[1])


def _is_rest(wanted: Freezing, before: Manifest, entries: NamedDigests, identity: str) -> bool:
    """Say whether what is frozen has these files: all, or those that a command that was killed did not move yet."""
    if before.tree_sha256 == identity:
        return True
    if not wanted.move or wanted.replace or not before.entries_here:
        return False
    known = before.by_relative()
    return all(name in known and known[name].sha256 == digest.sha256 for name, digest in entries)


def _is_same(target: Path, files: Iterable[SourceFile]) -> bool:
    """Say whether a folder has just these bytes: a command was killed between giving them their place and the manifest."""
    if not target.is_dir() or not any(target.iterdir()):
        return False
    standing = {file.relative: file for file in scan(target)}
    wanted = {file.relative: file for file in files}
    if {name: file.stat.size for name, file in standing.items()} != {name: wanted[name].stat.size for name in wanted}:
        return False
    names = list(wanted)
    return hash_files([standing[name] for name in names]) == hash_files([wanted[name] for name in names])


def _already(project: Project, wanted: Freezing, before: Manifest, names: Sequence[str]) -> FreezeResult:
    """Say that nothing is to be frozen; what a command that was killed did not stage or commit is staged, and named.

    What is said of the version now, and was not before, is written down.
    """
    key = wanted.key
    path = project.layout.manifest(key)
    if not (project.top / path).exists():
        path = project.layout.course_manifest
    manifest = restated(project, key, before, wanted.fields, replace=wanted.replace)
    staged: tuple[str, ...] = ()
    if manifest is not before:
        write_atomic(project.top / path, manifest.dump())
        project.repo.stage([path], force=True)
        project.refresh()
        staged = (path,)
    if (project.top / path).exists() and project.committed().frozen(key) is None:
        if manifest.entries_here:
            names = list(manifest.by_relative())
        target = project.top / project.layout.directory(key)
        refuse_conversions(project, key, manifest.storage, ((name, str(target / name)) for name in names))
        staged = take_along(project, key, manifest.storage, names, path)
        project.refresh()
    return FreezeResult(
        key=key, manifest=manifest, manifest_path=path, staged=staged, already=True, restated=manifest is not before
    )


def _may_replace(project: Project, key: Key, before: Manifest, replace: bool) -> None:
    published = published_identities(project, key)
    if before.tree_sha256 in published:
        raise RefusedError(
            f"{key} is published with other bytes, and what is published stays as it is",
            hint="freeze the new bytes as the next version: --bump minor",
        )
    if not replace:
        raise RefusedError(
            f"{key} is frozen with other bytes",
            hint="freeze a new version (--bump minor), or, as it is not published, add --replace",
        )
    allow_replacing(project.repo, key, before.tree_sha256)


def _swap(project: Project, key: Key, brought: Path, target: Path) -> str:
    """Move `brought` to `target`; what stood there is moved aside, never deleted."""
    aside = ""
    try:
        if target.exists() and any(target.iterdir()):
            place = project.repo.state_dir / "aside" / f"{stamp()}-{key.name}_{key.version}-{os.getpid()}"
            aside = str(move(target, place))
        elif target.exists():
            target.rmdir()
        brought.rename(target)
    except OSError as error:
        raise MachineError(f"cannot put {target} in place: {error.strerror}", hint=way_out(error)) from error
    return aside
