"""Freezing what goes on from a store-kept snapshot: of all its files only those are read that it had not."""

from collections.abc import Mapping
from typing import NamedTuple

from mlvgit.actions.adopting import as_blobs, as_pointed, behind_pointers
from mlvgit.actions.elsewhere import require_kept
from mlvgit.actions.freeze import FreezeResult, Freezing, freeze_listed
from mlvgit.actions.project import Project
from mlvgit.actions.remembering import hashing_begins, remember
from mlvgit.actions.stored import object_store, remotes
from mlvgit.core.digest import Digest
from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError
from mlvgit.records.layout import Key
from mlvgit.store.hashing import Progress
from mlvgit.store.scan import Passed, Sources

__all__ = ["Growth", "freeze_grown"]


class Growth(NamedTuple):
    """What a snapshot has of another one, and what is new.

    Attributes:
        base: the other one.
        before: its files.
        kept: those that go along.
        added: where the new bytes are, with the names that they get.
        passed: what was seen of them that may not be kept.
    """

    base: Key
    before: Mapping[str, Digest]
    kept: Mapping[str, Digest]
    added: Sources
    passed: Passed


def freeze_grown(project: Project, wanted: Freezing, growth: Growth, progress: Progress | None = None) -> FreezeResult:
    """Freeze a snapshot that goes on from another one; its files do not come into the working directory.

    Args:
        wanted: which version, and its further keys.
        growth: what it has.
        progress: told of the new bytes.

    Raises:
        RefusedError: the version exists with other bytes.
        IntegrityError: bytes of the other one are nowhere, or a new file changed while it was read.
        RemoteError: it cannot be known whether a remote has bytes that are not here.
    """
    store = object_store(project)

    def files() -> list[tuple[str, Digest]]:
        _require_bytes(project, wanted, growth)
        added, promised = behind_pointers(project, growth.added, move=False)
        since = hashing_begins()
        digests = store.take(added, progress, growth.before)
        as_pointed(promised, added, digests)
        as_blobs(added, digests)
        remember(project, added, digests, since)
        return sorted((dict(growth.kept) | dict(zip(added.names, digests, strict=True))).items())

    result = freeze_listed(project, wanted, files, lambda *_: None)
    return result._replace(
        stored_bytes=store.added_bytes,
        plain=growth.passed.executable,
        empty=tuple(sorted(growth.passed.empty)),
        away=not result.already,
    )


def _require_bytes(project: Project, wanted: Freezing, growth: Growth) -> None:
    absent = frozenset(object_store(project).absent(growth.kept.values()))
    if not absent:
        return
    missing = {name: digest for name, digest in growth.kept.items() if digest in absent}
    if not remotes(project):
        raise IntegrityError(
            f"the bytes of {printable(next(iter(missing)))} of {growth.base} are not in the store",
            hint="git mlv fsck   (it heals the store from the working directory, or from a remote)",
        )
    require_kept(project, wanted, missing)
