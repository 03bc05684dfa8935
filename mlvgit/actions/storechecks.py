"""Looking through the store: every object hashed, damaged ones set aside and healed where whole bytes still are."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlvgit.actions.project import Project
from mlvgit.actions.stored import fetch, object_store
from mlvgit.actions.storeplace import remarks, take_own_along
from mlvgit.core.digest import Digest
from mlvgit.errors import IntegrityError, RemoteError
from mlvgit.store.lock import exclusive
from mlvgit.store.objects import ObjectStore

__all__ = ["StoreReport", "check_store"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreReport:
    """What a look through the store found.

    Attributes:
        objects, bytes: how many there were.
        whole: how many had the bytes of their name.
        healed, lost: the damaged ones; with sizes where a manifest tells.
        quarantine: where damaged bytes were moved.
        moved: how many objects came from the repository's own store to the one that git config mlv.store names.
        remarks: what is worth knowing about the store, a sentence each.
    """

    objects: int
    bytes: int
    whole: int
    healed: tuple[Digest, ...]
    lost: tuple[Digest, ...]
    quarantine: Path
    moved: int = 0
    remarks: tuple[str, ...] = ()


def check_store(project: Project) -> StoreReport:
    """Hash every object; set damaged ones aside, and heal them.

    Raises:
        MachineError: an object cannot be read, or not be moved.
    """
    healed: list[Digest] = []
    lost: list[Digest] = []
    total = number = whole = 0
    with exclusive(project.repo.state_dir, "git mlv fsck"):
        moved = take_own_along(project.repo)
        store = object_store(project)
        sizes = dict(_named(project))
        for found in list(store):
            number += 1
            total += found.size
            if store.check(found):
                whole += 1
                continue
            wanted = Digest(sizes.get(found.sha256, found.size), found.sha256)
            (healed if _heal(project, store, wanted) else lost).append(wanted)
        for wanted in set(_set_aside(store, sizes)) - set(lost):
            (healed if _heal(project, store, wanted) else lost).append(wanted)
    return StoreReport(
        objects=number,
        bytes=total,
        whole=whole,
        healed=tuple(healed),
        lost=tuple(lost),
        quarantine=store.quarantine,
        moved=moved,
        remarks=tuple(remarks(project.repo)),
    )


def _set_aside(store: ObjectStore, sizes: dict[str, int]) -> list[Digest]:
    """Return what was found damaged before, is still named, and has no whole object since."""
    names = sorted({path.name.partition(".")[0] for path in store.quarantine.glob("*.*")})
    wanted = [Digest(sizes[name], name) for name in names if name in sizes]
    return [digest for digest in wanted if not store.has(digest)]


def _named(project: Project) -> Iterator[tuple[str, int]]:
    """Yield what the manifests of HEAD and of the working directory name, with its size."""
    for catalog in (project.committed(), project.working()):
        for key in catalog.keys(root=None):
            frozen = catalog.frozen(key)
            for entry in frozen.manifest.files if frozen and frozen.manifest else ():
                yield entry.sha256, entry.size_bytes


def _heal(project: Project, store: ObjectStore, digest: Digest) -> bool:
    for path in _copies(project, digest):
        try:
            with path.open("rb") as file:
                store.put(digest, file)
        except (OSError, IntegrityError):
            continue
        return True
    try:
        fetch(project, [digest])
    except (RemoteError, IntegrityError):
        return False
    return True


def _copies(project: Project, digest: Digest) -> Iterator[Path]:
    """Yield files of the working directory that are said to have these bytes."""
    catalog = project.working()
    for key in catalog.keys(root=None):
        frozen = catalog.frozen(key)
        if frozen is None or frozen.manifest is None:
            continue
        for relative, entry in frozen.manifest.by_relative().items():
            path = project.top / frozen.directory / relative
            if entry.sha256 == digest.sha256 and path.is_file() and not path.is_symlink():
                yield path
