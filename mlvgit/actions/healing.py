"""Healing: whole bytes of a damaged or missing object, from a working directory or a remote that still has them."""

from contextlib import suppress
from functools import cached_property
from io import BytesIO
from pathlib import Path

from mlvgit.actions.project import Project
from mlvgit.actions.stored import object_store
from mlvgit.actions.transfer import fetch
from mlvgit.core.digest import Digest
from mlvgit.core.digests import NamedDigests
from mlvgit.errors import IntegrityError, MlvError, RemoteError
from mlvgit.records.filelist import FileList
from mlvgit.store.hashing import hash_files
from mlvgit.store.packs import ExtentFile, Ranges
from mlvgit.store.scan import scan

__all__ = ["Healer"]


class Healer:
    """Gets objects whole into the store; what the working directory says it has is looked up once for all of them.

    Args:
        without: the name of a remote that is not to be asked.
    """

    def __init__(self, project: Project, *, without: str = "") -> None:
        self._project = project
        self._without = without

    def heal(self, digest: Digest) -> bool:
        """Get an object whole; a damaged one is set aside before. Say whether it is there and whole now.

        Raises:
            MachineError: the store cannot be written.
        """
        store = object_store(self._project)
        if store.check(digest):
            return True
        for path in self._copies.get(digest.sha256, ()):
            if not path.is_file() or path.is_symlink():
                continue
            try:
                with path.open("rb") as file:
                    store.put(digest, file)
            except (OSError, IntegrityError):
                continue
            return True
        if self._from_quarantine(digest) or self._made_anew(digest):
            return True
        try:
            fetch(self._project, [digest], without=self._without)
        except (RemoteError, IntegrityError):
            return False
        return True

    def _from_quarantine(self, digest: Digest) -> bool:
        """Take a file from objects that are damaged elsewhere than where they have it."""
        store = object_store(self._project)
        for _, extents in store.lists.find(digest):
            with ExtentFile(Ranges(extents, store.any_descriptor)) as file, suppress(OSError, IntegrityError):
                store.put(digest, file)
                return True
        return False

    def _made_anew(self, digest: Digest) -> bool:
        """Make a list of files anew from the files, where they stand as they were frozen."""
        found = self._listed.get(digest)
        if found is None or not found[1].is_dir():
            return False
        owner, folder = found
        try:
            files = scan(folder)
            digests = hash_files(files)
        except MlvError:
            return False
        made, data = FileList.of(NamedDigests(files.names, digests), owner)
        if made.digest != digest:
            return False
        object_store(self._project).put(digest, BytesIO(data))
        return True

    @cached_property
    def _listed(self) -> dict[Digest, tuple[str, Path]]:
        """Lists of files -> whose they are, and where the files would stand."""
        catalog, top = self._project.working(), self._project.top
        return {
            frozen.manifest.list_digest(): (str(key), top / frozen.directory)
            for key in catalog.keys(root=None)
            if (frozen := catalog.frozen(key)) and frozen.manifest and frozen.manifest.listed
        }

    @cached_property
    def _copies(self) -> dict[str, list[Path]]:
        """SHA-256 -> the files of the working directory that are said to have these bytes."""
        found: dict[str, list[Path]] = {}
        catalog = self._project.working()
        top = self._project.top
        for key in catalog.keys(root=None):
            frozen = catalog.frozen(key)
            if frozen is None or frozen.manifest is None or not frozen.manifest.entries_here:
                continue
            for relative, entry in frozen.manifest.by_relative().items():
                found.setdefault(entry.sha256, []).append(top / frozen.directory / relative)
        return found
