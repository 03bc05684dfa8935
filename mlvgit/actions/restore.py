"""Putting a frozen thing back as it was frozen, from the bytes that Git has; altered bytes are moved aside first."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.actions.clock import stamp
from mlvgit.actions.placing import place
from mlvgit.actions.project import Project
from mlvgit.actions.published import published_by
from mlvgit.actions.stored import hold, object_store, retired_error
from mlvgit.actions.transfer import fetch
from mlvgit.actions.verify import differences_on_disk
from mlvgit.core.digest import Digest, of_bytes
from mlvgit.core.paths import folders_of
from mlvgit.core.references import parse_reference
from mlvgit.errors import IntegrityError, MlvError, UsageError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.repo.held import stamps
from mlvgit.repo.history import protected_refs
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.model import Tree
from mlvgit.rules.storage import holes, is_emptied
from mlvgit.store.aside import move
from mlvgit.store.atomic import ensure_directory
from mlvgit.store.checkout import Placement
from mlvgit.store.place import make_read_only, place_bytes

if TYPE_CHECKING:
    from mlvgit.store.objects import ObjectStore

__all__ = ["RestoreResult", "restore"]


class RestoreResult(NamedTuple):
    """What restoring did.

    Attributes:
        restored: paths that have their frozen bytes again, from the top of the repository.
        set_aside: (path, where its altered bytes are now).
        staged: the index was brought back too.
        manifest: of the frozen thing.
    """

    key: Key
    restored: tuple[str, ...]
    set_aside: tuple[tuple[str, Path], ...]
    staged: bool
    manifest: Manifest


def restore(project: Project, reference: str, only: Iterable[str] = ()) -> RestoreResult:
    """Bring the files of a frozen thing, and its manifest, back to what was frozen.

    The manifest is taken from HEAD, else from a protected branch, else as it stands. Bytes are hashed before they take a
    name. Works on the working directory and on Git's index alike.

    Raises:
        UsageError: there is no such thing, or no such file in it.
        IntegrityError: no copy of the frozen bytes is here; or they were retired, and nothing was to be put back.
    """
    with project.alone(f"git mlv restore {reference}"):
        project.fetching = True
        key, catalog = _find(project, reference)
        frozen, manifest = project.frozen(key, catalog)
        folder = project.top / frozen.directory
        only = [*only, *_named(project, reference, frozen)]
        chosen = _chosen(manifest, frozen, only)
        gone = holes(manifest)
        if only and gone.issuperset(chosen):
            raise retired_error(key, manifest, chosen[0])
        chosen = [name for name in chosen if name not in gone]
        bench = project.repo.state_dir / "aside" / f"{stamp()}-{key.name}_{key.version}-{os.getpid()}"
        aside = _clear_the_way(project, frozen, chosen, bench)
        verdict = differences_on_disk(folder, frozen, only=frozenset(chosen) if only else None)
        broken = sorted({*verdict.changed, *verdict.missing} & set(chosen))
        for relative in verdict.changed:
            set_aside = move if relative in gone else _second_name
            aside.append((f"{frozen.directory}/{relative}", set_aside(folder / relative, bench / relative)))
        with _way_kept(project, tuple(aside)):
            from_git = _put_back(project, frozen, catalog, manifest, broken)
        moved = set(verdict.changed)
        for relative in () if only else (name for name in verdict.extra if moved.isdisjoint(folders_of(name))):
            aside.append((f"{frozen.directory}/{relative}", move(folder / relative, bench / relative)))
        if manifest.storage == "store":
            paths = (f"{frozen.directory}/{name}" for name in chosen)
            hold(project, [frozen.directory], stamps(str(project.top), paths) if only else None)
        restored = [f"{frozen.directory}/{relative}" for relative in broken]
        restored += _restore_manifest(project, frozen, catalog, aside, bench)
        _restore_modes(project, folder, catalog, frozen, set(chosen).difference(broken))
        make_read_only([folder / relative for relative in from_git])
        staged = _restore_index(project, frozen, catalog, chosen, everything=not only)
        project.refresh()
        if is_emptied(manifest) and not (restored or aside or staged):
            raise retired_error(key, manifest)
        return RestoreResult(
            key=key, restored=tuple(restored), set_aside=tuple(aside), staged=staged, manifest=manifest
        )


def _find(project: Project, reference: str) -> tuple[Key, Catalog]:
    """Find `reference` where it is frozen most surely: where it is published, else HEAD, index, working directory.

    What HEAD has under a name that is published with other files does not count: HEAD is what was falsified. But HEAD
    says where a published thing stands that was moved.
    """
    if "/" not in reference:
        parse_reference(reference)
    tips = list(protected_refs(project.repo, project.settings_or_default.protect).values())
    published = published_by(project, tips)
    problems: list[MlvError] = []

    def look(catalog: Catalog) -> tuple[Key, Catalog] | None:
        try:
            key = project.find(reference, catalog)
        except MlvError as error:
            problems.append(error)
            return None
        frozen = catalog.frozen(key)
        if frozen is None or frozen.manifest is None:
            return None
        known = published(key)
        return (key, catalog) if not known or frozen.manifest.tree_sha256 in known else None

    head = look(project.committed())
    if head and _is_retired(head):
        return head
    for tip in tips:
        there = look(project.committed(tip))
        if there and (head is None or _directory(head) == _directory(there)):
            return there
    found = head or look(project.staged()) or look(project.working())
    if found is None:
        raise problems[0] if problems else UsageError(f"nothing frozen is called {reference}")
    return found


def _named(project: Project, reference: str, frozen: Frozen) -> list[str]:
    """Return the file or folder in a frozen folder that a reference names, when it is the path of one."""
    paths = project.paths_from_top(reference) if "/" in reference else ()
    return [path for path in paths if path.startswith(frozen.directory + "/")][:1]


def _is_retired(found: tuple[Key, Catalog]) -> bool:
    frozen = found[1].frozen(found[0])
    return bool(frozen and frozen.manifest and frozen.manifest.retired)


def _directory(found: tuple[Key, Catalog]) -> str:
    frozen = found[1].frozen(found[0])
    return frozen.directory if frozen else ""


def _chosen(manifest: Manifest, frozen: Frozen, only: Iterable[str]) -> list[str]:
    known = manifest.by_relative()
    chosen = []
    for path in only:
        relative = path.removeprefix(frozen.directory + "/")
        inside = [name for name in known if name == relative or name.startswith(relative.rstrip("/") + "/")]
        if not inside:
            raise UsageError(f"{frozen.key} has no file {path}", hint=f"git mlv snapshot show {frozen.key}")
        chosen += inside
    return chosen or list(known)


def _clear_the_way(project: Project, frozen: Frozen, chosen: Iterable[str], bench: Path) -> list[tuple[str, Path]]:
    """Set aside what stands in place of the folders that files are to be in: bytes are not written through a link."""
    aside = []
    for inside in sorted({"", *chain.from_iterable(map(folders_of, chosen))}):
        path = f"{frozen.directory}/{inside}".rstrip("/")
        standing = project.top / path
        if os.path.lexists(standing) and (standing.is_symlink() or not standing.is_dir()):
            aside.append((path, move(standing, bench / (inside or standing.name))))
    return aside


@contextmanager
def _way_kept(project: Project, aside: Iterable[tuple[str, Path]]) -> Iterator[None]:
    """Move what was set aside back where nothing came in its place."""
    try:
        yield
    except MlvError:
        for path, there in aside:
            if os.path.lexists(there) and not os.path.lexists(project.top / path):
                move(there, project.top / path)
        raise


def _put_back(
    project: Project, frozen: Frozen, catalog: Catalog, manifest: Manifest, relatives: Iterable[str]
) -> Iterable[str]:
    """Write files with their frozen bytes: from the store, and what it lacks or has damaged from where Git has it.

    Returns:
        Those that Git gave; the others are read-only.

    Raises:
        IntegrityError, RemoteError: bytes are nowhere.
    """
    store = object_store(project)
    entries = manifest.by_relative()
    left = {name: Digest(entries[name].size_bytes, entries[name].sha256) for name in relatives}
    reason: MlvError | None = None  # what the remotes or the store said leads further than that Git has nothing
    from_store = _here(store, left)
    if manifest.storage == "store" and len(from_store) < len(left):
        try:
            fetch(project, left.values())
        except MlvError as error:
            reason = error
        from_store = _here(store, left)
    while from_store:
        try:
            _place_from_store(project, frozen, catalog, from_store)
        except IntegrityError as error:
            if len(_here(store, from_store)) == len(from_store):
                raise
            reason = reason or error  # what was damaged is set aside now, and the rest is written again
            from_store = _here(store, left)
        else:
            left = {name: digest for name, digest in left.items() if name not in from_store}
            break
    for name, digest in left.items():
        try:
            data = _bytes_in_git(project, frozen, entries[name].path, digest)
        except IntegrityError as error:
            raise reason or error from None
        mode = _mode(catalog, frozen, name)
        place_bytes(project.top / frozen.directory, name, data, digest, mode=mode, replace=True)
    return left


def _here(store: "ObjectStore", files: Mapping[str, Digest]) -> dict[str, Digest]:
    absent = frozenset(store.absent(files.values()))
    return {name: digest for name, digest in files.items() if digest not in absent}


def _place_from_store(project: Project, frozen: Frozen, catalog: Catalog, files: Mapping[str, Digest]) -> None:
    modes = {name: _mode(catalog, frozen, name) for name in files}
    for mode in set(modes.values()):
        placements = [Placement(files[name], f"{frozen.directory}/{name}") for name in files if modes[name] == mode]
        place(project, placements, mode=mode, replace=True)


def _bytes_in_git(project: Project, frozen: Frozen, entry_path: str, wanted: Digest) -> bytes:
    path = project.layout.absolute(entry_path)
    repo = project.repo
    for oid in _candidates(project, path):
        if repo.blob_digests([oid])[oid] == wanted:
            return repo.blob(oid)
    raise IntegrityError(
        f"the frozen bytes of {path} are nowhere in this repository",
        hint="fetch the branch that has them (git fetch), or freeze what is there as a new version: "
        f"git mlv snapshot create {frozen.key.name} --bump minor {frozen.directory}",
    )


def _candidates(project: Project, path: str) -> Iterator[str]:
    """Yield blobs that stood at `path`: the index, HEAD, then every commit that changed it, newest first."""
    seen: set[str] = set()
    trees: list[Tree] = [project.repo.index_tree()]
    head = project.repo.head()
    if head:
        trees.append(project.repo.commit_tree(head))
    for tree in trees:
        entry = tree.entry(path)
        if entry and entry.oid and entry.oid not in seen:
            seen.add(entry.oid)
            yield entry.oid
    raw = project.repo.git.run(
        "log", "--all", "--format=", "--raw", "--no-abbrev", "--no-renames", "-m", "-z", "--", path
    )
    for field in raw.split(b"\0"):
        parts = field.strip().split(b" ")
        if len(parts) == 5 and parts[0].startswith(b":"):
            for oid in (parts[3].decode(), parts[2].decode()):
                if oid.strip("0") and oid not in seen:
                    seen.add(oid)
                    yield oid


def _mode(catalog: Catalog, frozen: Frozen, relative: str) -> int:
    entry = catalog.tree.entry(f"{frozen.directory}/{relative}")
    return 0o755 if entry and entry.mode == 0o100755 else 0o644


def _restore_modes(project: Project, folder: Path, catalog: Catalog, frozen: Frozen, names: Iterable[str]) -> None:
    """Make files executable, or not, as they were frozen; where the file system has no such bit, Git says so."""
    if project.repo.config("core.filemode", "true") == "false":
        return
    for relative in names:
        path = folder / relative
        standing = path.lstat().st_mode
        if bool(standing & 0o100) != (_mode(catalog, frozen, relative) == 0o755):
            path.chmod(standing & ~0o111 if standing & 0o100 else standing | (standing & 0o444) >> 2)


def _second_name(source: Path, target: Path) -> Path:
    """Set a file aside without taking its name from it: what takes its place does so at once, or not at all."""
    ensure_directory(target.parent)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # a folder, another disk, no hard links here
        return move(source, target)
    return target


def _restore_manifest(
    project: Project, frozen: Frozen, catalog: Catalog, aside: list[tuple[str, Path]], bench: Path
) -> list[str]:
    if _says_the_same(project.working(), frozen):
        return []
    wanted = catalog.tree.read(frozen.manifest_path)
    path = project.top / frozen.manifest_path
    try:
        standing = path.read_bytes()
    except OSError:
        standing = None
    if standing == wanted:
        return []
    if os.path.lexists(path):  # a folder may have its name
        aside.append((frozen.manifest_path, _second_name(path, bench / path.name)))
    place_bytes(path.parent, path.name, wanted, of_bytes(wanted), mode=0o644, replace=True)
    return [frozen.manifest_path]


def _says_the_same(catalog: Catalog, frozen: Frozen) -> bool:
    """Say whether a manifest in `catalog`, wherever it stands, freezes the same thing (a shared one may have gone on)."""
    standing = catalog.frozen(frozen.key)
    if standing is None or standing.manifest is None or frozen.manifest is None:
        return False
    same = standing.manifest.tree_sha256 == frozen.manifest.tree_sha256
    return same and standing.manifest.lineage == frozen.manifest.lineage


def _restore_index(project: Project, frozen: Frozen, catalog: Catalog, chosen: list[str], *, everything: bool) -> bool:
    """Bring the index entries of the frozen thing back; True when any differed."""
    index = project.repo.index_tree()
    wanted = {f"{frozen.directory}/{relative}" for relative in chosen}
    if not _says_the_same(project.staged(), frozen):
        wanted.add(frozen.manifest_path)
    differing = [
        path for path in wanted if (entry := catalog.tree.entry(path)) and entry.oid and index.entry(path) != entry
    ]
    gone = [path for path in index.below(frozen.directory) if everything and path not in wanted]
    stale = _holding_other_bytes(project, frozen, catalog, chosen)
    differing = [path for path in differing if path not in stale]
    if stale:
        project.repo.stage(stale, force=True)
    if differing:
        lines = b""
        for path in differing:
            entry = catalog.tree.entry(path)
            if entry:
                lines += f"{entry.mode:o} {entry.oid}\t".encode() + path.encode("utf-8", "surrogateescape") + b"\0"
        project.repo.git.run("update-index", "-z", "--index-info", input=lines)
    if gone:
        project.repo.git.run("rm", "--cached", "--quiet", "--ignore-unmatch", "-r", "--", *gone)
    return bool(differing or gone or stale)


def _holding_other_bytes(project: Project, frozen: Frozen, catalog: Catalog, chosen: Iterable[str]) -> list[str]:
    """Return the paths of which `catalog` has other bytes than were frozen: the index is to have those on disk."""
    entries = frozen.manifest.by_relative() if frozen.manifest else {}
    stored = frozen.manifest is not None and frozen.manifest.storage == "store"
    wanted = {
        path: entries[relative]
        for relative in chosen
        if catalog.tree.entry(path := f"{frozen.directory}/{relative}") or not stored
    }
    digests = catalog.tree.digests(path for path in wanted if catalog.tree.entry(path))
    return [
        path
        for path, entry in wanted.items()
        if digests.get(path) != (entry.size_bytes, entry.sha256) and os.path.lexists(project.top / path)
    ]
