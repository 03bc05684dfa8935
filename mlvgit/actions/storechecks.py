"""Looking through the store, or a remote: every object hashed, damaged ones healed where whole bytes still are."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.actions.healing import Healer
from mlvgit.actions.pointers import unnamed_on_host
from mlvgit.actions.project import Project
from mlvgit.actions.stored import object_store, remotes
from mlvgit.actions.storeplace import remarks, take_own_along
from mlvgit.actions.transfer import Parcel, deliver, fetch, read_whole
from mlvgit.core.digest import Digest
from mlvgit.core.text import count, printable, size
from mlvgit.errors import IntegrityError, RemoteError, UsageError
from mlvgit.rules.storage import known_objects
from mlvgit.store.leftovers import leftovers
from mlvgit.store.objects import ObjectStore
from mlvgit.store.parallel import as_one, aside, run_each
from mlvgit.store.reading import Meter, Progress

if TYPE_CHECKING:
    from mlvgit.actions.parted import Parted

__all__ = ["RemoteReport", "StoreReport", "check_remote", "check_store"]


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

        sizes = dict(_named(project))
        damaged += [digest for digest in store.check_lists() if digest.sha256 in sizes]
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
    return StoreReport(
        objects=len(objects),
        bytes=sum(digest.size for digest in objects),
        whole=len(objects) - len(damaged),
        healed=tuple(healed),
        lost=tuple(lost),
        quarantine=store.quarantine,
        moved=moved,
        remarks=(*remarks(project.repo), *_left(store)),
    )


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


class RemoteReport(NamedTuple):
    """What a look through a remote found.

    Attributes:
        remote: its name.
        objects, bytes: what was read there.
        healed, lost: the damaged ones, and lists of extents: sent anew, or not whole anywhere here.
        unmended: damaged ones of which whole bytes were sent, and which gives other bytes still.
        mend: what to do about these.
        unnamed: what it has and may delete, as no pointer names it; only on an LFS server.
        absent: what manifests name and the remote does not have.
    """

    remote: str
    objects: int
    bytes: int
    healed: tuple[Digest, ...]
    lost: tuple[Digest, ...]
    absent: tuple[Digest, ...]
    unmended: tuple[Digest, ...] = ()
    mend: str = ""
    unnamed: tuple[Digest, ...] = ()


def check_remote(project: Project, name: str = "", progress: Progress | None = None) -> RemoteReport:
    """Read and hash every object of a remote that the manifests of HEAD or the working directory name; heal damaged ones.

    Args:
        name: as in mlv.yaml; "" for the first.

    Raises:
        UsageError: there is no such remote.
        RemoteError: it cannot be reached, or does not take what is to heal it.
    """
    from mlvgit.remotes.base import mending

    remote = _remote(project, name)
    named = [Digest(nbytes, sha256) for sha256, nbytes in sorted(dict(_named(project)).items())]
    if named and aside(partial(remote.presence, named[:1]))[named[0].sha256] is None:
        raise remote.trouble or RemoteError(f"{remote.name} ({printable(remote.url)}) does not say what it has")
    unnamed = tuple(unnamed_on_host(project, remote.name))
    bad = aside(remote.check_lists)
    lists_healed = [each for each in bad if remote.heal_list(each, object_store(project))]
    parts = aside(partial(remote.parts, named))
    objects = {each for part in parts.values() for each in part.objects}
    wanted = sorted({*(digest for digest in named if digest not in parts), *objects}, key=lambda each: each.sha256)
    failed = dict(run_each(wanted, partial(read_whole, remote.plain), lambda digest: digest.size, progress))
    damaged = [digest for digest, error in failed.items() if isinstance(error, IntegrityError)]
    away = [digest for digest in failed if digest not in damaged]
    presence = aside(partial(remote.presence, away)) if away else {}
    odd = [failed[digest] for digest in away if presence[digest.sha256] is not False]
    if odd:
        raise as_one(odd, f"{count(len(odd), 'object')} could not be read")
    sent = _send_anew(project, remote, damaged)
    unmended = _still_damaged(remote, sent)
    healed = [digest for digest in sent if digest not in unmended]
    return RemoteReport(
        remote=remote.name,
        objects=len(wanted) - len(away) + len(bad),
        bytes=sum(digest.size for digest in wanted if digest not in away),
        healed=(*lists_healed, *healed),
        lost=tuple(digest for digest in (*bad, *damaged) if digest not in (*lists_healed, *sent)),
        absent=tuple(away),
        unmended=tuple(unmended),
        mend=mending(remote),
        unnamed=unnamed,
    )


def _send_anew(project: Project, remote: "Parted", damaged: list[Digest]) -> list[Digest]:
    """Send those of some objects of which whole bytes are to be had elsewhere, and return these."""
    with project.alone("git mlv fsck"):
        healer = Healer(project, without=remote.name)
        healed = [digest for digest in damaged if healer.heal(digest)]
        store = object_store(project)
        refused = deliver(remote, map(Parcel, healed), lambda parcel: store.whole(parcel.digest), lambda _: False)
        if refused:
            raise as_one([error for _, error in refused], f"{count(len(refused), 'object')} could not be sent")
    return healed


def _still_damaged(remote: "Parted", sent: list[Digest]) -> list[Digest]:
    """Read back what was sent in place of damaged objects: a host that says to have one already takes nothing."""
    failed = run_each(sent, partial(read_whole, remote.plain), lambda digest: digest.size, None)
    unread = [error for _, error in failed if not isinstance(error, IntegrityError)]
    if unread:
        raise as_one(unread, f"{count(len(unread), 'object')} could not be read back")
    return [digest for digest, _ in failed]


def _remote(project: Project, name: str) -> "Parted":
    known = remotes(project)
    found = [remote for remote in known if not name or remote.name == name]
    if not found:
        raise UsageError(
            f"mlv.yaml names no remote {name}" if name else "mlv.yaml names no remote",
            hint="it names: " + ", ".join(remote.name for remote in known) if known else "remotes: {NAME: {url: URL}}",
        )
    return found[0]


def _named(project: Project) -> Iterator[tuple[str, int]]:
    """Yield what the manifests of HEAD and of the working directory have in the store, with its size."""
    for catalog in (project.committed(), project.working()):
        for key in catalog.keys(root=None):
            frozen = catalog.frozen(key)
            for digest in known_objects(frozen.manifest, key) if frozen and frozen.manifest else ():
                yield digest.sha256, digest.size
