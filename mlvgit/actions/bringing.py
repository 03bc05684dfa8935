"""Bytes on their way into a frozen folder: hashed, stored, standing beside their place under a temporary name."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlvgit.actions.project import Project, version_of
from mlvgit.actions.stored import object_store
from mlvgit.core.digest import Digest, object_name
from mlvgit.core.digests import Digests
from mlvgit.core.text import count, printable
from mlvgit.errors import IntegrityError, RefusedError, UsageError
from mlvgit.records.layout import Key
from mlvgit.store.copies import hash_and_copy
from mlvgit.store.hashing import Progress, hash_files
from mlvgit.store.moving import Departure
from mlvgit.store.reading import SMALL_BYTES
from mlvgit.store.scan import SourceFile, Sources, scan, stat_key

if TYPE_CHECKING:
    from mlvgit.store.objects import ObjectStore

__all__ = ["Bringing", "cannot_move"]

PREFIX = ".mlv-"
"""Folders of this prefix, beside the frozen ones, hold bytes on their way in; one that is left over is garbage."""


class Bringing:
    """The bytes of one version, from where they are to where they will be frozen.

    `read` gives the digests; `settle` has everything in place but for one rename; `finish` lets go of sources that move.

    Args:
        project: where to.
        key: the version.
        files: where the bytes are.
        in_place: they stand in the frozen folder already.
        storage: "git" or "store".
        move: the sources are to be gone afterwards.

    Attributes:
        digests: of `files`, in their order; after `read`.
        folder: where they stand under a temporary name; None when they stand in place.
        workspace_bytes, stored_bytes: what that took of the disk.
    """

    def __init__(
        self,
        project: Project,
        key: Key,
        files: Sequence[SourceFile],
        *,
        in_place: bool,
        storage: str,
        move: bool,
    ) -> None:
        self.digests = Digests()
        self.folder: Path | None = None
        self.workspace_bytes = 0
        self.stored_bytes = 0
        self._project = project
        self._key = key
        self._files = files
        self._in_place = in_place
        self._base = _version_before(project, key) if storage == "store" else {}
        self._storage = storage
        self._departure: Departure | None = None
        if move:
            _refuse_frozen_sources(project, files)
            self._beside()  # what a killed command left there may be second names of these very files
            self._files = Sources.of(map(_renewed, files))
            self._departure = Departure(self._files)

    def read(self, progress: Progress | None = None) -> None:
        """Digest all files; those that do not move are brought in on the way.

        Raises:
            IntegrityError, MachineError: see `hash_files` and `ObjectStore.take`.
        """
        if self._departure or (self._in_place and self._storage == "git"):
            self.digests = hash_files(self._files, progress=progress)
        elif self._storage == "store":
            store = object_store(self._project)
            self.digests = store.take(self._files, progress, self._base)
            self.stored_bytes = store.added_bytes
            if not self._in_place:
                self._place(store, progress)
        else:
            self.digests = self._copy(self._files, progress)

    def settle(self, placed: Path | None = None) -> None:
        """Have everything that moves where it will be, under a second name where that is possible.

        Args:
            placed: the frozen folder, when a command that failed had all files there already.

        Raises:
            IntegrityError: a source changed since it was hashed; it stays.
            MachineError: the disk is full, a permission is missing.
        """
        departure = self._departure
        if departure is None:
            return
        if self._storage == "store":
            linked = self._link_into_store(departure)
        else:
            linked = self._link_into_workspace(departure, placed or self._beside())
        rest = [index for index, name in enumerate(self._files) if name.relative not in linked]
        files = [self._files[index] for index in rest]
        departure.flush()
        if self._storage == "store":
            store = object_store(self._project)
            again = store.take(files, base=self._base)
            self._require_same(rest, again)
            self._place(store)
        elif not placed:
            self._require_same(rest, self._copy(files))
        departure.require_unchanged()

    def finish(self, verified: Path | None = None) -> tuple[str, ...]:
        """Let go of sources that move, once a manifest names their bytes; return those that stay after all.

        Args:
            verified: a frozen folder that is said to have the same bytes since long: they are hashed there, and in the
                store, before a source is removed.
        """
        if self._departure is None:
            return ()
        if verified is not None:
            self._take_again(verified)
            if not self._stand_in(verified):
                return tuple(file.path for file in self._files)
        return self._departure.finish()

    def give_up(self) -> None:
        """Leave all sources as they were."""
        if self._departure is not None:
            self._departure.undo()

    def clean(self) -> None:
        """Remove what stands under a temporary name still."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def _beside(self) -> Path:
        """Return the temporary name beside the frozen folder, and remove what others left there."""
        if self.folder is None:
            key = self._key
            parent = (self._project.top / self._project.layout.directory(key)).parent
            parent.mkdir(parents=True, exist_ok=True)
            for stale in parent.glob(PREFIX + "*"):
                shutil.rmtree(stale, ignore_errors=True)
            self.folder = parent / f"{PREFIX}{key.name}_{key.version}"
        return self.folder

    def _place(self, store: "ObjectStore", progress: Progress | None = None) -> None:
        from mlvgit.store.checkout import Placement
        from mlvgit.store.parallel import as_one

        wanted = [Placement(digest, file.relative) for file, digest in zip(self._files, self.digests, strict=True)]
        placed = store.place_all(wanted, self._beside(), progress=progress)
        if placed.failed:
            raise as_one(
                [error for _, error in placed.failed], f"{count(len(placed.failed), 'file')} could not be written"
            )
        self.workspace_bytes += placed.added_bytes
        self.stored_bytes = store.added_bytes

    def _copy(self, files: Sequence[SourceFile], progress: Progress | None = None) -> Digests:
        added: list[int] = []
        digests = hash_and_copy(files, self._beside(), progress, added)
        self.workspace_bytes += sum(added)
        return digests

    def _link_into_store(self, departure: Departure) -> set[str]:
        store = object_store(self._project)
        store.prepare()
        return {
            file.relative
            for file, digest in zip(self._files, self.digests, strict=True)
            if file.stat.size > SMALL_BYTES  # small ones become packs
            and file.relative not in self._base  # and of these only what is new is stored
            and departure.link(file, store.folder, object_name(digest.sha256), 0o444)
        }

    def _link_into_workspace(self, departure: Departure, folder: Path) -> set[str]:
        folder.mkdir(exist_ok=True)
        return {
            file.relative
            for file in self._files
            if departure.link(file, folder, file.relative, 0o555 if os.access(file.path, os.X_OK) else 0o444)
        }

    def _take_again(self, folder: Path) -> None:
        """Store what a command that failed took back, from the frozen folder; what that has is hashed afterwards."""
        if self._storage != "store":
            return
        store = object_store(self._project)
        lacking = {
            file.relative for file, digest in zip(self._files, self.digests, strict=True) if not store.has(digest)
        }
        store.take([file for file in scan(folder) if file.relative in lacking], base=self._base)

    def _require_same(self, indices: Sequence[int], again: Digests) -> None:
        for index, digest in zip(indices, again, strict=True):
            if self.digests[index] != digest:
                raise IntegrityError(
                    f"{printable(self._files[index].path)} changed while it was taken in; it stays where it is"
                )

    def _stand_in(self, folder: Path) -> bool:
        wanted = {file.relative: digest for file, digest in zip(self._files, self.digests, strict=True)}
        standing = [file for file in scan(folder) if file.relative in wanted]
        if {file.relative: digest for file, digest in zip(standing, hash_files(standing), strict=True)} != wanted:
            return False
        if self._storage != "store":
            return True
        store = object_store(self._project)
        return all(store.check(digest) for digest in wanted.values())


def cannot_move() -> UsageError:
    """Return the error of sources that are not files of the user's, named as they are."""
    return UsageError(
        "--move takes files in that were named as they are: without --dereference, and not from where they are frozen",
        hint="leave --move out, and they are copied",
    )


def _version_before(project: Project, key: Key) -> dict[str, Digest]:
    """Return the files of the nearest older version, else of the newest there is: what the new ones may be like."""
    catalog = project.working()
    others = [other for other in catalog.keys(key.kind, key.name, key.root) if other != key]
    older = [other for other in others if version_of(other) < version_of(key)]
    frozen = catalog.frozen((older or others)[-1]) if others else None
    if frozen is None or frozen.manifest is None or not frozen.manifest.entries_here:
        return {}
    return {name: Digest(each.size_bytes, each.sha256) for name, each in frozen.manifest.by_relative().items()}


def _renewed(file: SourceFile) -> SourceFile:
    """Take a change of names or permissions for none: the file is hashed only now."""
    try:
        found = stat_key(os.lstat(file.path))
    except OSError:
        return file  # hashing says better what is wrong with it
    return file._replace(stat=found) if found[:4] == file.stat[:4] else file


def _refuse_frozen_sources(project: Project, files: Sequence[SourceFile]) -> None:
    keys = project.working().keys(root=project.root)
    kept = {os.path.realpath(project.top / project.layout.directory(key)): f"the frozen {key}" for key in keys}
    kept[os.path.realpath(project.repo.common_dir)] = "Git"
    for file in files:
        path = os.path.realpath(file.path)
        for folder, owner in kept.items():
            if path.startswith(folder + os.sep):
                raise RefusedError(
                    f"{printable(file.path)} belongs to {owner} and is not moved away",
                    hint="leave --move out, and it is copied",
                )
