"""The store of bytes on this machine: objects named by their SHA-256, shared by all worktrees.

A file is an object of its own, or ranges of objects that a list names (`store.extents`): what many small files have in
one pack, and what a new version of a big file has in common with the one before.

`<folder>/sha256/<first 2 digits>/<other 62>` is complete and has the bytes of its name at every instant: bytes are
hashed while they are written under another name, flushed, and renamed. An object that turns out to be damaged is moved
to `<folder>/quarantine/`, never deleted. Nothing is believed because it stands here: what leaves the store is hashed on
the way.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mlvgit.core.digest import Digest, object_name
from mlvgit.core.digests import Digests
from mlvgit.errors import IntegrityError, MachineError
from mlvgit.store.atomic import TEMPORARY_PREFIX, Draft, ensure_directory, machine_errors, rename_durably
from mlvgit.store.checkout import Checkout, Placed, Placement
from mlvgit.store.cloning import can_clone
from mlvgit.store.folders import open_folder
from mlvgit.store.hashing import hash_path
from mlvgit.store.intake import Intake
from mlvgit.store.linking import link_object
from mlvgit.store.packs import INCOMING
from mlvgit.store.place import place_bytes
from mlvgit.store.reading import Progress, Readable
from mlvgit.store.scan import SourceFile
from mlvgit.store.stock import Stock

__all__ = ["ObjectStore"]


class ObjectStore(Stock):
    """Files below a folder, by their digests: taken in, given out, checked and let go.

    Args:
        folder: normally `<git common dir>/mlv/objects`; made when something is first stored.
        link: what is placed is the object itself under a second name, where it is one of its own and that can be done.
    """

    def __init__(self, folder: Path, *, link: bool = False) -> None:
        super().__init__(folder)
        self.links = link
        self.added: list[int] = []

    @property
    def added_bytes(self) -> int:
        """What the disk took for what this object of the class stored: nothing for clones, and for what was here."""
        return sum(self.added)

    def prepare(self) -> None:
        """Make the store's folder, for whoever puts an object there by its name.

        Raises:
            MachineError: the system refuses.
        """
        ensure_directory(self.folder / INCOMING)

    def take(
        self, files: Sequence[SourceFile], progress: Progress | None = None, base: Mapping[str, Digest] | None = None
    ) -> Digests:
        """Copy `files` into the store, reading each byte once; all are durable when this returns.

        Many small files become packs. Of a file whose predecessor is here only what that has not is written. What is
        here already heals should it be damaged.

        Args:
            files: what `scan` returned.
            progress: told of every portion.
            base: by their names, what files were in the version before.

        Raises:
            IntegrityError: a file changed since it was scanned, or while it was read.
            MachineError: a file cannot be read, or the store not written; what was stored until then may stay.
        """
        return Intake(self, files, base or {}).run(progress)

    def put(self, digest: Digest, source: bytes | Readable, twin: Draft | None = None) -> None:
        """Store what `source` gives, if it is what `digest` says; an object that is here already is replaced.

        A folder in its place is set aside.

        Args:
            digest: the object.
            source: its bytes, or what they are read from.
            twin: gets the same bytes; the caller publishes it.

        Raises:
            IntegrityError: the bytes are others; nothing was stored.
            MachineError: the store cannot be written.
        """
        known = self.has(digest)
        name = object_name(digest.sha256)
        if not known and os.path.isdir(path := self.path(digest)):
            self._quarantine(path, digest.sha256)
        added = place_bytes(self.folder, name, source, digest, mode=0o444, replace=True, twin=twin)
        self.added.append(0 if known else added)

    def shares_with(self, folder: Path) -> bool:
        """Say whether files in `folder` need no room of their own for bytes that are here: clones, or hard links."""
        if self.links:
            return True
        ensure_directory(self.folder)
        mine, theirs = open_folder(self.folder, ""), open_folder(folder, "")
        try:
            return can_clone(mine, theirs)
        finally:
            os.close(mine)
            os.close(theirs)

    @contextmanager
    def whole(self, digest: Digest) -> Iterator[Path]:
        """Give the path of a file with these bytes: its object, or one that is put together for as long as this lasts.

        Raises:
            IntegrityError: there is no such file here.
            MachineError: it cannot be written.
        """
        if self.has_object(digest):
            yield self.path(digest)
            return
        ensure_directory(self.folder / INCOMING)
        name = TEMPORARY_PREFIX + os.urandom(8).hex()
        with self.open(digest) as file:
            place_bytes(self.folder, f"{INCOMING}/{name}", file, digest)
        try:
            yield self.folder / INCOMING / name
        finally:
            (self.folder / INCOMING / name).unlink(missing_ok=True)

    def place(self, digest: Digest, root: Path, relative: str, *, mode: int = 0o666, replace: bool = False) -> int:
        """Put an object's bytes at `relative` below `root`, hashed on the way, read-only.

        Args:
            digest: the object.
            root, relative: see `place_bytes`.
            mode: permission bits, less those to write.
            replace: take the place of other bytes, which are known to stand elsewhere too.

        Returns:
            How many bytes of the disk that took: none for a clone, or a link.

        Raises:
            IntegrityError: the object is missing or damaged (it is then set aside), or the name is taken by other bytes.
            MachineError: the workspace cannot be written.
        """
        placed = self.place_all([Placement(digest, relative)], root, mode=mode, replace=replace)
        if placed.failed:
            raise placed.failed[0][1]
        return placed.added_bytes

    def place_all(
        self,
        wanted: Sequence[Placement],
        root: Path,
        *,
        mode: int = 0o666,
        replace: bool = False,
        progress: Progress | None = None,
    ) -> Placed:
        """Do what `place` does for many files at once; see `store.checkout`."""
        return Checkout(self, root, mode, replace=replace).run(wanted, progress)

    def link(self, digest: Digest, root: Path, relative: str) -> bool:
        """Make `relative` below `root` a second name of an object, and say whether that could be done.

        Raises:
            IntegrityError: the object is damaged, or the name is taken by other bytes.
            MachineError: the workspace cannot be written.
        """
        if not self.has_object(digest):
            return False
        ensure_directory(root)
        fd = self.descriptor(digest)
        try:
            return link_object(fd, self.path(digest), digest, root, relative)
        finally:
            os.close(fd)

    def check(self, digest: Digest) -> bool:
        """Hash a file; what is damaged of it is moved into quarantine. Say whether it is here and whole.

        Of a file that is ranges of objects those objects are hashed when its bytes are wrong: all files that need a
        damaged one are then no longer here. When the objects are whole, it is the list that is wrong.

        Raises:
            MachineError: it cannot be read, or not be moved.
        """
        if os.path.lexists(self.path(digest)) and self._check_object(digest):
            return True
        while (extents := self.extents(digest)) is not None:
            if self.gives(extents, digest):
                return True
            damaged = [each for each in {extent.object for extent in extents} if not self._check_object(each)]
            for name, found in [] if damaged else list(self.lists.find(digest)):
                if found == extents:
                    self._quarantine(self.lists.path(name), name)
                    self.lists.remove(name)
        return False

    def check_lists(self) -> list[Digest]:
        """Move damaged lists into quarantine; return the files that they seem to name and that are not here without.

        Lists of a newer format are left alone.

        Raises:
            MachineError: one cannot be moved, or the system does not let us read it; then none was moved.
        """
        self.lists.refresh()
        self.lists.require_access()
        named: set[Digest] = set()
        for name in sorted(self.lists.unreadable):
            if not self.lists.is_newer(name):
                named.update(self.lists.seem_named(name))
                self._quarantine(self.lists.standing(name), name)
                self.lists.take_again(name)
        self.lists.name_twice()
        return sorted(digest for digest in named if not self.has(digest))

    def remove(self, *digests: Digest) -> None:
        """Let go of files, whatever their bytes are; one that is not here is no error.

        An object goes when no other file is a range of it. Nothing is proved here: who calls this has seen that the
        bytes stand elsewhere, or that nothing needs them.

        Raises:
            IntegrityError: a list cannot be read, so that what it needs is unknown; nothing was removed.
            MachineError: the system refuses.
        """
        self.lists.drop(digests)
        needed = self.lists.objects()
        for digest in digests:
            if digest.sha256 not in needed:
                self._remove_object(digest)

    def _remove_object(self, digest: Digest) -> None:
        parent, _, name = object_name(digest.sha256).rpartition("/")
        with machine_errors(f"remove {self.path(digest)}"), suppress(FileNotFoundError):
            folder = open_folder(self.folder, parent)
            try:
                os.unlink(name, dir_fd=folder)
            finally:
                os.close(folder)

    def _check_object(self, digest: Digest) -> bool:
        path = self.path(digest)
        try:
            found, _ = hash_path(path)
        except IntegrityError:
            found = None
        if found is not None and found.sha256 == digest.sha256:
            return True
        if os.path.lexists(path):
            self._quarantine(path, digest.sha256)
        return False

    def _quarantine(self, path: Path, name: str) -> None:
        ensure_directory(self.quarantine)
        try:
            rename_durably(path, self.quarantine / f"{name}.{os.urandom(4).hex()}")
        except MachineError:
            if os.path.lexists(path):  # else somebody who looked at another file of the same pack was quicker
                raise
