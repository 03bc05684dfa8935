"""Frozen bytes, handed out only when they are what the manifest says: from the working directory, else from Git."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlvgit.actions.project import Project
from mlvgit.actions.verify import differences_on_disk
from mlvgit.core.digest import Digest, of_bytes
from mlvgit.errors import IntegrityError, MlvError
from mlvgit.repo.disk import pieces
from mlvgit.repo.git import encode
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.model import Tree

if TYPE_CHECKING:
    from mlvgit.actions.tables import Opener

__all__ = ["find_bytes", "read_frozen"]


def find_bytes(project: Project, frozen: Frozen, relative: str, catalog: Catalog) -> "Opener | None":
    """Return where the frozen bytes of a file can be read; None when they are neither on disk nor in Git.

    Args:
        project: where to look.
        frozen: its manifest must be readable and name the file.
        relative: the file, relative to the frozen directory.
        catalog: where `frozen` was found; its tree is asked too.
    """
    path = f"{frozen.directory}/{relative}"
    if project.repo.top is not None and _stands(project, frozen, relative):
        top = encode(str(project.repo.top))
        return lambda: pieces(top, path)
    oid = _blob(project, frozen, relative, catalog)
    if not oid:
        return None

    def from_git() -> Iterator[bytes]:
        yield project.repo.blob(oid)

    return from_git


def read_frozen(project: Project, frozen: Frozen, relative: str, catalog: Catalog) -> bytes:
    """Return the frozen bytes of a file.

    Raises:
        IntegrityError: they are not here, on disk or in Git.
    """
    manifest = frozen.manifest
    entry = manifest.by_relative()[relative] if manifest else None
    opened = find_bytes(project, frozen, relative, catalog)
    data = b"".join(opened()) if opened else b""
    if entry is None or opened is None or of_bytes(data) != Digest(entry.size_bytes, entry.sha256):
        raise IntegrityError(
            f"the frozen bytes of {frozen.directory}/{relative} are not here", hint=f"git mlv restore {frozen.key}"
        )
    return data


def _stands(project: Project, frozen: Frozen, relative: str) -> bool:
    try:
        return differences_on_disk(project.top / frozen.directory, frozen, only=frozenset((relative,))).ok
    except MlvError:
        return False  # it cannot be read, or changes right now: Git may have it


def _blob(project: Project, frozen: Frozen, relative: str, catalog: Catalog) -> str:
    if frozen.manifest is None:
        return ""
    entry = frozen.manifest.by_relative()[relative]
    wanted = Digest(entry.size_bytes, entry.sha256)
    for tree in _trees(project, catalog):
        found = tree.entry(f"{frozen.directory}/{relative}")
        if found and found.oid and project.repo.blob_digests([found.oid])[found.oid] == wanted:
            return found.oid
    return ""


def _trees(project: Project, catalog: Catalog) -> Iterator[Tree]:
    yield catalog.tree
    yield project.repo.head_tree()
    if project.repo.top is not None:
        yield project.repo.index_tree()
