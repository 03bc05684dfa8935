"""Looking through the store: every object hashed, damaged ones healed where whole bytes still are."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mlvgit.actions.healing import Healer
from mlvgit.actions.needed import needed_files
from mlvgit.actions.project import Project
from mlvgit.actions.retired import Retirements
from mlvgit.actions.stored import object_store
from mlvgit.actions.storeplace import remarks, take_own_along
from mlvgit.actions.transfer import fetch
from mlvgit.actions.transfer import lost as nowhere
from mlvgit.core.digest import Digest, of_bytes
from mlvgit.core.text import count, size
from mlvgit.errors import IntegrityError, MlvError, RemoteError
from mlvgit.rules.storage import known_objects
from mlvgit.store.atomic import write_atomic
from mlvgit.store.leftovers import leftovers
from mlvgit.store.objects import ObjectStore
from mlvgit.store.parallel import as_one, run_each
from mlvgit.store.reading import Meter, Progress
from mlvgit.store.relisting import files_in

__all__ = ["StoreReport", "check_store", "named_objects"]


class StoreReport(NamedTuple):
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


def check_store(project: Project, progress: Progress | None = None) -> StoreReport:
    """Hash every object; set damaged ones aside, and heal them.

    Raises:
        MachineError: an object cannot be read, or not be moved.
    """
    healed: list[Digest] = []
    lost: list[Digest] = []
    damaged: list[Digest] = []

    with project.alone("git mlv fsck"):
        moved = take_own_along(project.repo)
        store = object_store(project)

        def look(digest: Digest, meter: Meter) -> None:
            if not store.check(digest):
                damaged.append(digest)
            meter.advance(digest.size)

        sizes, doubts = _sizes(project)
        damaged += [digest for digest in store.check_lists() if digest.sha256 in sizes]
        damaged += sorted(set(_listed_anew(project, store, sizes)).difference(damaged))
        with suppress(RemoteError, IntegrityError):
            fetch(project, damaged)  # their objects are here, so that a remote only has to say which they are
        objects = list(store)
        failed = run_each(objects, look, lambda digest: digest.size, progress)
        if failed:
            raise as_one([error for _, error in failed], f"{count(len(failed), 'object')} could not be read")
        healer = Healer(project)
        parts = store.lists.objects()  # first, as many files may be whole again with one of them
        for found in sorted(damaged, key=lambda digest: (digest.sha256 not in parts, digest)):
            wanted = Digest(sizes.get(found.sha256, found.size), found.sha256)
            (healed if healer.heal(wanted) else lost).append(wanted)
        for wanted in (*_lists_away(project), *(set(_set_aside(store, sizes)) - set(lost))):
            (healed if healer.heal(wanted) else lost).append(wanted)
        lost = [digest for digest in lost if digest.sha256 in sizes or not _is_made_up_for(store, digest)]
    bad = {digest.sha256 for digest in (*damaged, *healed, *lost)}
    there = {digest.sha256: digest.size for digest in (*damaged, *healed, *lost, *objects)}
    return StoreReport(
        objects=len(there),
        bytes=sum(there.values()),
        whole=len(there) - len(bad),
        healed=tuple(healed),
        lost=tuple(lost),
        quarantine=store.quarantine,
        moved=moved,
        remarks=(*remarks(project.repo), *doubts, *_left(store)),
    )


def _sizes(project: Project) -> tuple[dict[str, int], list[str]]:
    """Return what manifests have in the store, with its size, and what is to be said when some cannot be read."""
    sizes = dict(named_objects(project))
    try:
        retired = Retirements(project).let_go()
        needed = {each.sha256: each.size for each in needed_files(project) if each not in retired}
    except MlvError as error:
        return sizes, [f"only what HEAD and the working directory name was looked for: {error.message}"]
    return needed | sizes, []


def _listed_anew(project: Project, store: ObjectStore, sizes: dict[str, int]) -> list[Digest]:
    """Write the list of packs anew that have none any more; return the files that are here again.

    Those that may have been in such a pack and are nowhere are noted among what was set aside.
    """
    named = [Digest(nbytes, sha256) for sha256, nbytes in sizes.items()]
    gone = store.absent(named)
    if not gone:
        return []
    parts = store.lists.objects()
    told = True
    for each in list(store):
        if each.sha256 not in sizes and each.sha256 not in parts and store.has_object(each):
            with suppress(IntegrityError):
                found = files_in(store, each, named)
                if found.files:
                    store.lists.write(found.files)
                    told = told and found.whole
    if (empty := of_bytes(b"")) in gone:
        store.put(empty, b"")
    for digest in () if told else nowhere(project, store.absent(gone)):
        write_atomic(store.quarantine / f"{digest.sha256}.gone", b"")
    return [digest for digest in gone if store.has(digest)]


def _left(store: ObjectStore) -> Iterator[str]:
    found = leftovers(store.folder)
    if found:
        freed = size(sum(each.bytes for each in found))
        yield f"commands that were killed left {count(len(found), 'file')}, {freed}: git mlv gc removes them"


def _lists_away(project: Project) -> list[Digest]:
    """Return the lists of files that are not here although the files that they are of stand on disk."""
    catalog, store = project.working(), object_store(project)
    return [
        digest
        for key in catalog.keys(root=None)
        if (frozen := catalog.frozen(key)) and frozen.manifest and frozen.manifest.listed
        if not store.has(digest := frozen.manifest.list_digest()) and (project.top / frozen.directory).is_dir()
    ]


def _is_made_up_for(store: ObjectStore, digest: Digest) -> bool:
    """Say whether the files that were ranges of an object are all here without it."""
    needing = store.needing(digest)
    return bool(needing) and all(map(store.has, needing))


def _set_aside(store: ObjectStore, sizes: dict[str, int]) -> list[Digest]:
    """Return what was found damaged before, is still named, and is not whole since."""
    names = {path.name.partition(".")[0] for path in store.quarantine.glob("*.*")}
    wanted = {Digest(sizes[name], name) for name in names if name in sizes}
    for name in names & store.lists.objects():
        wanted.update(digest for digest in store.needing(Digest(0, name)) if digest.sha256 in sizes)
    return sorted(digest for digest in wanted if not store.has(digest))


def named_objects(project: Project) -> Iterator[tuple[str, int]]:
    """Yield what the manifests of HEAD and of the working directory have in the store, with its size."""
    for catalog in (project.committed(), project.working()):
        for key in catalog.keys(root=None):
            frozen = catalog.frozen(key)
            for digest in known_objects(frozen.manifest, key) if frozen and frozen.manifest else ():
                yield digest.sha256, digest.size
