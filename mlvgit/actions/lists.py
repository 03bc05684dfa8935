"""Lists of files that manifests name: read from the store, and fetched by commands that get bytes."""

from mlvgit.actions.project import Project
from mlvgit.actions.stored import object_store
from mlvgit.actions.transfer import fetch
from mlvgit.core.digest import Digest, of_bytes
from mlvgit.errors import MlvError
from mlvgit.store.objects import ObjectStore

__all__ = ["read_list"]


def read_list(project: Project, digest: Digest) -> bytes | None:
    """Return a list, hashed; None when it cannot be had in one piece.

    A damaged one is set aside. One that is not here is fetched when the project says that its command gets bytes.
    """
    store = object_store(project)
    data = _whole(store, digest)
    if data is None and project.fetching:
        try:
            fetch(project, [digest])
        except MlvError:
            return None
        data = _whole(store, digest)
    return data


def _whole(store: ObjectStore, digest: Digest) -> bytes | None:
    if not store.has(digest):
        return None
    with store.open(digest) as file:
        data = file.read(digest.size + 1)
    if of_bytes(data) == digest:
        return data
    store.check(digest)
    return None
