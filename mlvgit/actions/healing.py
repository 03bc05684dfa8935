"""Healing: whole bytes of a damaged or missing object, from a working directory or a remote that still has them."""

from functools import cached_property
from pathlib import Path

from mlvgit.actions.project import Project
from mlvgit.actions.stored import object_store
from mlvgit.actions.transfer import fetch
from mlvgit.core.digest import Digest
from mlvgit.errors import IntegrityError, RemoteError

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
        try:
            fetch(self._project, [digest], without=self._without)
        except (RemoteError, IntegrityError):
            return False
        return True

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
