"""Erasing bytes: from the store, its quarantine, what Git LFS and `discard` keep here, the workspace and the remotes.

What is to be rewritten is noted before the first list changes, so that the same command goes on where one was killed:
a pack that no list names any more cannot be found otherwise.
"""

import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from mlvgit.actions.needed import needed_objects
from mlvgit.actions.parted import EXTENTS, Parted
from mlvgit.actions.project import Project
from mlvgit.actions.stored import held_by, object_store, remembered_lists
from mlvgit.actions.storeplace import StoreUser, store_folder, store_users
from mlvgit.core.digest import Digest
from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError, MachineError, MlvError
from mlvgit.store.atomic import machine_errors, remove_durably, remove_leftovers, write_atomic
from mlvgit.store.erasing import erase_files, idle_objects, objects_of, unerased
from mlvgit.store.folders import open_folder, readable, remove_from, remove_name
from mlvgit.store.hashing import hash_path
from mlvgit.store.objects import ObjectStore
from mlvgit.store.packs import INCOMING
from mlvgit.store.proving import Extents, proved

__all__ = ["ErasedHere", "Eraser", "not_erased", "whole_files"]

DELETING: Final = 16
"""How many objects are deleted on a remote at once."""


class ErasedHere(NamedTuple):
    """What left this machine.

    Attributes:
        files: paths that are gone from the workspace, from the top.
        altered: paths that were left: they have other bytes than were frozen.
        kept: why bytes stay in the store, a sentence for each other repository that needs them.
    """

    files: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


class Eraser:
    """Erases files by their digests; call it while holding the lock of the repository.

    Args:
        dead: what goes; nothing that is not a hole may name it.
    """

    def __init__(self, project: Project, dead: Iterable[Digest]) -> None:
        self._project = project
        self.dead = frozenset(dead)
        self._by_size: dict[int, list[Digest]] = {}
        for digest in self.dead:
            self._by_size.setdefault(digest.size, []).append(digest)
        self._bench = project.repo.state_dir / "retiring"

    @cached_property
    def _needed(self) -> set[str]:
        """What is a file, here or for others who use the store."""
        found = needed_objects(self._project)
        for user in self._others():
            with suppress(MlvError):
                found |= needed_objects(Project.open(user.common_dir))
        return found

    def _is_file(self, digest: Digest) -> bool:
        return digest.sha256 in self._needed

    # here

    def strays(self, more: Mapping[str, Digest] = MappingProxyType({})) -> dict[str, Digest]:
        """Find files with just these bytes that Git ignores, in folders of versions that the working directory freezes not.

        Another branch has such a version, or had it: its folder stays when that branch is left.

        Args:
            more: files that may have them, from the top, besides those of the folders that this worktree holds.
        """
        project = self._project
        if project.repo.top is None:
            return {}
        catalog, index = project.working(), project.repo.index_tree()
        frozen = {each.directory for key in catalog.keys(root=None) if (each := catalog.frozen(key))}
        may: dict[str, Collection[Digest]] = {path: (digest,) for path, digest in more.items()}
        for folder in held_by(project).folders():
            if folder not in frozen:
                may.update(self._of_size(folder))
        return {
            path: digest
            for path, digests in may.items()
            if index.entry(path) is None and frozen.isdisjoint(_folders_of(path))
            for digest in digests
            if _is(project.top / path, digest)
        }

    def _of_size(self, folder: str) -> Iterator[tuple[str, Collection[Digest]]]:
        """Yield the files below a folder that have the size of some of the bytes, and which these are."""
        for parent, _, names in os.walk(self._project.top / folder):
            for name in names:
                path = Path(parent) / name
                with suppress(OSError):
                    if digests := self._by_size.get(path.lstat().st_size):
                        yield path.relative_to(self._project.top).as_posix(), digests

    def present(self, paths: Mapping[str, Digest]) -> list[Digest]:
        """Return what of it the store or the workspace has, or an interrupted run may have left."""
        found = unerased(object_store(self._project), self.dead)
        for path, digest in paths.items():
            if digest in self.dead - found and _is(self._project.top / path, digest):
                found.add(digest)
        return sorted(self.dead if "" in self._read() else found | self._unnamed().keys())

    def _unnamed(self) -> dict[Digest, Extents]:
        """Find the bytes in objects here of which only the lists of remotes say so, as they were last read.

        A pack comes whole when one of its files is pulled, and then names that one here.
        """
        store = object_store(self._project)
        claimed: dict[Digest, Extents] = {}
        for lists in remembered_lists(self._project):
            for digest in self.dead - claimed.keys():
                for _, extents in () if store.lists.find(digest) else lists.find(digest):
                    if all(store.has_object(extent.object) for extent in extents):
                        claimed[digest] = extents
        return proved(claimed, store.descriptor, store.gives) if claimed else {}

    def here(self, paths: Mapping[str, Digest]) -> ErasedHere:
        """Erase from the store and from the workspace.

        Args:
            paths: the files of the workspace that may have the bytes, from the top.

        Raises:
            RefusedError: what something needs is not known; see `needed_objects`.
            IntegrityError: a list or an object in the store is damaged.
            MachineError: something cannot be removed.
        """
        gone, altered = self._workspace(paths)
        held = self.held_by_others()
        self._store(self.dead - frozenset().union(*held.values()) if held else self.dead)
        self._copies()
        kept = tuple(
            f"{where} uses this store and has not retired {len(digests)} of them: they stay in it until it does"
            for where, digests in held.items()
            if digests
        )
        return ErasedHere(tuple(gone), tuple(altered), kept)

    def _workspace(self, paths: Mapping[str, Digest]) -> tuple[list[str], list[str]]:
        gone, altered = [], []
        for path, digest in paths.items():
            full = self._project.top / path
            if not os.path.lexists(full):
                continue
            if not _is(full, digest):
                altered.append(path)
                continue
            with machine_errors(f"remove {full}"):
                remove_name(self._project.top, path)
            gone.append(path)
        for inside in sorted({path.rpartition("/")[0] for path in paths}, key=len, reverse=True):
            if (self._project.top / inside).is_dir():
                remove_leftovers(self._project.top / inside)
                with suppress(OSError, IntegrityError):
                    remove_name(self._project.top, inside, folder=True)
        return gone, altered

    def _store(self, dead: Collection[Digest]) -> None:
        store = object_store(self._project)
        if unnamed := self._unnamed():
            store.lists.write(unnamed)
        touched = self._noted("", objects_of(store.lists, dead))
        erase_files(store, dead, touched, self._is_file)
        if (store.folder / INCOMING).is_dir() and not self._others():
            remove_leftovers(store.folder / INCOMING)
        self._quarantine(store, dead, touched)
        self._forget("")

    def _quarantine(self, store: ObjectStore, dead: Collection[Digest], touched: Collection[Digest]) -> None:
        """Remove damaged copies of what went; what other files are still to be healed from stays."""
        idle = {each.sha256 for each in idle_objects(store.lists, dead, touched, self._is_file)}
        names = os.listdir(store.quarantine) if store.quarantine.is_dir() else []
        for name in names:
            if name.partition(".")[0] in idle:
                remove_durably(store.quarantine / name)

    def _copies(self) -> None:
        """Remove what Git LFS and `discard` keep of the bytes in this repository."""
        common = self._project.repo.common_dir
        for digest in self.dead:
            hexed = digest.sha256
            remove_durably_if_there(common / "lfs" / "objects" / hexed[:2] / hexed[2:4] / hexed)
        for parent, _, names in os.walk(self._project.repo.state_dir / "aside"):
            for name in names:
                path = Path(parent) / name
                if any(_is(path, digest) for digest in self._by_size.get(path.lstat().st_size, ())):
                    _remove_aside(path)

    # the other users of a shared store

    def _others(self) -> list[StoreUser]:
        mine = os.path.realpath(self._project.repo.common_dir)
        users = store_users(store_folder(self._project.repo))
        return [user for user in users if os.path.realpath(user.common_dir) != mine]

    def held_by_others(self) -> dict[str, frozenset[Digest]]:
        """Return what other repositories need of the store, as far as their HEAD says; all where it cannot be read."""
        found: dict[str, frozenset[Digest]] = {}
        for user in self._others():
            where = printable(str(user.common_dir))
            try:
                found[where] = self.dead & frozenset(whole_files(Project.open(user.common_dir)))
            except MlvError:
                found[where] = self.dead
        return found

    # remotes

    def there(self, remote: Parted) -> None:
        """Erase from a remote.

        Raises:
            RemoteError: it cannot be reached, does not allow it, or has a list that cannot be read.
            RefusedError, IntegrityError, MachineError: see `here`.
        """
        lists = remote.require_known_lists()
        place = f"remote {remote.name}"
        touched = self._noted(place, objects_of(lists, self.dead))
        bench = ObjectStore(self._bench / "remote")
        _remove_folder(bench.folder)
        try:
            self._rewrite(remote, bench, touched)
        finally:
            _remove_folder(bench.folder)
        self._forget(place)

    def _rewrite(self, remote: Parted, bench: ObjectStore, touched: Collection[Digest]) -> None:
        """Do on a bench what `erase_files` does in a store, then the same on the remote: first what is new."""
        lists = remote.lists()
        for name, files in lists.known():
            if any(each in files for each in self.dead) or not set(touched).isdisjoint(files.objects):
                bench.lists.add(lists.bytes_of(name), name)
        before = set(bench.lists.names())
        brought: set[Digest] = set()

        def bring(digest: Digest) -> None:
            if remote.plain.presence([digest])[digest.sha256] is False:
                return
            with remote.plain.download(digest) as reader:
                bench.put(digest, reader)
            brought.add(digest)

        erase_files(bench, self.dead, touched, self._is_file, bring)
        after = set(bench.lists.names())
        made = {path.parent.name + path.name: path for path in bench.folder.glob("sha256/??/*")}
        for sha256 in sorted(made.keys() - {each.sha256 for each in brought}):
            remote.plain.upload(Digest(made[sha256].stat().st_size, sha256), made[sha256])
        for name in sorted(after - before):
            remote.upload(Digest(bench.lists.path(name).stat().st_size, name), bench.lists.path(name), EXTENTS)
        for name in sorted(before - after):
            remote.plain.delete(Digest(lists.path(name).stat().st_size, name), EXTENTS)
            lists.remove(name)
        idle = idle_objects(bench.lists, self.dead, touched, self._is_file)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(DELETING, "mlvgit-remote") as pool:
            list(pool.map(remote.plain.delete, idle))

    # what is under way

    @property
    def _notes(self) -> Path:
        return self._bench / "touched.json"

    def _read(self) -> dict[str, list[Any]]:
        try:
            value = json.loads(self._notes.read_bytes())
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def _noted(self, place: str, touched: Collection[Digest]) -> set[Digest]:
        """Note what is touched, and return it with what an interrupted run noted."""
        notes = self._read()
        found = {*touched, *(Digest(int(size), str(name)) for size, name in notes.get(place, ()))}
        write_atomic(self._notes, json.dumps({**notes, place: sorted(found)}).encode())
        return found

    def _forget(self, place: str) -> None:
        notes = self._read()
        notes.pop(place, None)
        if notes:
            write_atomic(self._notes, json.dumps(notes).encode())
        else:
            _remove_folder(self._bench)


def whole_files(project: Project) -> Iterator[Digest]:
    """Yield what HEAD, the index and the working directory freeze and have not retired, whoever holds the bytes."""
    catalogs = [project.committed(), project.staged()]
    if project.repo.top is not None:
        catalogs.append(project.working())
    for catalog in catalogs:
        for key in catalog.keys(root=None):
            frozen = catalog.frozen(key)
            if frozen is None or frozen.manifest is None:
                continue
            retired = frozen.manifest.retired
            for entry in frozen.manifest.files:
                if not (retired and retired.covers(entry.path)):
                    yield Digest(entry.size_bytes, entry.sha256)


def not_erased(project: Project, retired: Iterable[Digest]) -> set[Digest]:
    """Return those of retired files whose bytes the store has, and would not have if they were erased here.

    Raises:
        RefusedError: what another user of the store needs is not known.
    """
    store = object_store(project)
    found = {each for each in retired if store.has_object(each) or store.lists.find(each)}
    if found:
        found = unerased(store, found.difference(whole_files(project)))
    return found.difference(*Eraser(project, found).held_by_others().values()) if found else found


def remove_durably_if_there(path: Path) -> None:
    """Remove a file, if it and its folder are there."""
    if os.path.lexists(path):
        remove_durably(path)


def _remove_aside(path: Path) -> None:
    """Remove a file durably, also from a folder that was read-only when it was set aside."""
    with machine_errors(f"remove {path}"):
        folder = open_folder(path.parent, "")
        try:
            remove_from(folder, path.name)
        finally:
            os.close(folder)


def _folders_of(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _remove_folder(path: Path) -> None:
    with machine_errors(f"remove {path}"), suppress(FileNotFoundError):
        shutil.rmtree(path)


def _is(path: Path, digest: Digest) -> bool:
    """Say whether a file has these bytes."""
    try:
        if path.is_symlink() or path.lstat().st_size != digest.size:
            return False
        with readable(path):
            return hash_path(path)[0] == digest
    except (IntegrityError, MachineError, OSError):
        return False
