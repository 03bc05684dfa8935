"""Healing: whole bytes of a damaged or missing object, from a working directory or a remote that still has them."""

from collections.abc import Iterator
from pathlib import Path

from mlvgit.actions.project import Project
from mlvgit.actions.stored import object_store
from mlvgit.actions.transfer import fetch
from mlvgit.core.digest import Digest
from mlvgit.errors import IntegrityError, RemoteError

__all__ = ["heal"]


def heal(project: Project, digest: Digest, *, without: str = "") -> bool:
    """Get an object whole into the store; a damaged one is set aside before. Say whether it is there and whole now.

    Args:
        without: the name of a remote that is not to be asked.

    Raises:
        MachineError: the store cannot be written.
    """
    store = object_store(project)
    if store.check(digest):
        return True
    for path in _copies(project, digest):
        try:
            with path.open("rb") as file:
                store.put(digest, file)
        except (OSError, IntegrityError):
            continue
        return True
    try:
        fetch(project, [digest], without=without)
    except (RemoteError, IntegrityError):
        return False
    return True


def _copies(project: Project, digest: Digest) -> Iterator[Path]:
    """Yield files of the working directory that are said to have these bytes."""
    catalog = project.working()
    for key in catalog.keys(root=None):
        frozen = catalog.frozen(key)
        if frozen is None or frozen.manifest is None or not frozen.manifest.entries_here:
            continue
        for relative, entry in frozen.manifest.by_relative().items():
            path = project.top / frozen.directory / relative
            if entry.sha256 == digest.sha256 and path.is_file() and not path.is_symlink():
                yield path
