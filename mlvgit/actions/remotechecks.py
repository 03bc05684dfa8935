"""Looking through a remote: what manifests name there hashed; what is damaged or gone sent anew where whole bytes are."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.actions.clock import stamp
from mlvgit.actions.healing import Healer
from mlvgit.actions.parted import read_whole
from mlvgit.actions.pointers import unnamed_on_host
from mlvgit.actions.project import Project
from mlvgit.actions.retired import Retirements, Tombstone, by_tombstone
from mlvgit.actions.storechecks import named_objects
from mlvgit.actions.stored import object_store, remotes
from mlvgit.actions.transfer import Parcel, deliver
from mlvgit.core.digest import Digest
from mlvgit.core.text import count, printable
from mlvgit.errors import GitError, IntegrityError, MlvError, RefusedError, RemoteError, UsageError
from mlvgit.repo.history import remote_tips
from mlvgit.repo.history import remotes as git_remotes
from mlvgit.rules.storage import known_objects
from mlvgit.store.atomic import ensure_directory, write_atomic
from mlvgit.store.extents import MAX_LIST_BYTES, seem_named
from mlvgit.store.parallel import as_one, aside, run_each
from mlvgit.store.reading import Progress

if TYPE_CHECKING:
    from mlvgit.actions.parted import Parted

__all__ = ["NoList", "RemoteReport", "check_remote"]


class NoList(NamedTuple):
    """What stands on a remote in place of a list of extents, is none, and could not be sent anew from here.

    Attributes:
        digest: its name, and the size that it has there.
        files: what it seems to name and manifests name too.
        kept: where its bytes were put here when it was removed there; "" while it stands.
    """

    digest: Digest
    files: tuple[Digest, ...]
    kept: str = ""


class RemoteReport(NamedTuple):
    """What a look through a remote found.

    Attributes:
        remote: its name.
        objects, bytes: what was read there.
        whole: how many of them had the bytes of their name.
        healed: what was damaged or gone and was sent anew, objects and lists of extents.
        lost: damaged ones that are not whole anywhere here.
        gone: what pushed manifests name, and is neither there nor whole anywhere here.
        absent: what manifests name that are not pushed yet, and the remote does not have.
        unmended: damaged ones of which whole bytes were sent, and which gives other bytes still.
        mend: what to do about these.
        unnamed: what it has and may delete, as no pointer names it; only on an LFS server.
        no_lists: what stands in place of lists of extents.
        retired: what was retired and stands there, by what says so.
    """

    remote: str
    objects: int
    bytes: int
    whole: int
    healed: tuple[Digest, ...]
    lost: tuple[Digest, ...]
    gone: tuple[Digest, ...] = ()
    absent: tuple[Digest, ...] = ()
    unmended: tuple[Digest, ...] = ()
    mend: str = ""
    unnamed: tuple[Digest, ...] = ()
    no_lists: tuple[NoList, ...] = ()
    retired: tuple[tuple[Tombstone, list[Digest]], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it has now, whole, what was pushed, and nothing that was retired."""
        standing = any(not each.kept for each in self.no_lists)
        return not (self.lost or self.gone or self.unmended or self.unnamed or self.retired or standing)


def check_remote(
    project: Project, name: str = "", progress: Progress | None = None, *, set_aside: bool = False
) -> RemoteReport:
    """Read and hash every object of a remote that manifests name: of HEAD, the working directory, and what was pushed.

    What is damaged there, or was pushed and is gone, is sent anew; what was retired is not, and is named when it is there.
    Git's remotes are fetched before: somebody may have retired it since.

    Args:
        name: as in mlv.yaml; "" for the first.
        set_aside: what stands in place of a list of extents, is none, and cannot be sent anew from here is moved here.

    Raises:
        UsageError: there is no such remote.
        RefusedError: something is to be sent anew, and a remote of Git cannot be asked whether that was retired.
        RemoteError: it cannot be reached, or does not take what is to heal it.
    """
    from mlvgit.remotes.base import mending

    remote = _remote(project, name)
    unasked = _unasked(project)
    retired, dead = _retired(project)
    here = {sha256: Digest(nbytes, sha256) for sha256, nbytes in named_objects(project)}
    here = {sha256: digest for sha256, digest in here.items() if digest not in dead}
    pushed = {sha256: digest for sha256, digest in _pushed(project).items() if digest not in dead}
    every = {**pushed, **here}
    named = [every[sha256] for sha256 in sorted(every)]
    if named and aside(partial(remote.presence, named[:1]))[named[0].sha256] is None:
        raise remote.trouble or RemoteError(f"{remote.name} ({printable(remote.url)}) does not say what it has")
    unnamed = tuple(unnamed_on_host(project, remote.name))
    standing = by_tombstone(retired, _standing(remote, dead))
    remote.read_anew()
    lists, no_lists = _lists(project, remote, every, set_aside=set_aside)
    wanted, failed = _read(remote, named, progress)
    damaged = [digest for digest, error in failed.items() if isinstance(error, IntegrityError)]
    away = _away(remote, {digest: error for digest, error in failed.items() if digest not in damaged})
    to_send = [*damaged, *(digest for digest in away if digest.sha256 in pushed)]
    sent = _send_anew(project, remote, to_send, unasked)
    unmended = _still_damaged(remote, sent)
    lost = [digest for digest in damaged if digest not in sent]
    remote.seen(wanted, [*lost, *unmended])
    left = [digest for digest in away if digest not in sent]
    return RemoteReport(
        remote=remote.name,
        objects=len(wanted) - len(left) + len(lists),
        bytes=sum(digest.size for digest in wanted if digest not in left),
        whole=len(wanted) - len(failed),
        healed=(*lists, *(digest for digest in sent if digest not in unmended)),
        lost=tuple(lost),
        gone=tuple(digest for digest in left if digest.sha256 in pushed),
        absent=tuple(digest for digest in left if digest.sha256 not in pushed),
        unmended=tuple(unmended),
        mend=mending(remote),
        unnamed=unnamed,
        no_lists=no_lists,
        retired=tuple(standing),
    )


def _unasked(project: Project) -> str:
    """Fetch what Git's remotes have; return what is wrong with one that cannot be asked, "" when all were."""
    for name in git_remotes(project.repo):
        try:
            project.repo.git.run("fetch", "--quiet", "--no-tags", "--", name)
        except GitError as error:
            return f"{printable(name)} cannot be asked: {error.message}"
    return ""


def _pushed(project: Project) -> dict[str, Digest]:
    """Return what manifests on branches of Git's remotes name, as they were last seen."""
    return {
        digest.sha256: digest
        for catalog in map(project.committed, remote_tips(project.repo))
        for key in catalog.keys(root=None)
        if (frozen := catalog.frozen(key)) and frozen.manifest
        for digest in known_objects(frozen.manifest, key)
    }


def _retired(project: Project) -> tuple[Retirements, set[Digest]]:
    """Return what is said to be retired, and what of it nothing has frozen again that knew so."""
    retired = Retirements(project)
    dead = set(retired.said)
    if dead:
        for catalog in (project.committed(), project.working(), *map(project.committed, remote_tips(project.repo))):
            dead -= retired.frozen_again(catalog)
    return retired, dead


def _standing(remote: "Parted", dead: Iterable[Digest]) -> list[Digest]:
    """Return what of retired bytes a remote has; a host of Git LFS deletes nothing when it is asked, see `unnamed_on_host`.

    Raises:
        RemoteError: it does not say what it has.
    """
    wanted = [] if remote.whole_only else sorted(dead, key=lambda each: each.sha256)
    said = aside(partial(remote.presence, wanted)) if wanted else {}
    if any(there is None for there in said.values()):
        raise remote.trouble or RemoteError(f"{remote.name} ({printable(remote.url)}) does not say what it has")
    return [digest for digest in wanted if said[digest.sha256]]


def _read(
    remote: "Parted", named: list[Digest], progress: Progress | None
) -> tuple[list[Digest], dict[Digest, MlvError]]:
    """Read files, or the objects that they are ranges of there; return what was asked for, and what went wrong."""
    parts = aside(partial(remote.parts, named))
    objects = {each for part in parts.values() for each in part.objects}
    wanted = sorted({*(digest for digest in named if digest not in parts), *objects}, key=lambda each: each.sha256)
    return wanted, dict(run_each(wanted, partial(read_whole, remote.plain), lambda digest: digest.size, progress))


def _away(remote: "Parted", failed: dict[Digest, MlvError]) -> list[Digest]:
    """Return what it has not, of what it did not give.

    Raises:
        RemoteError: it has something, or does not say so, and does not give it.
    """
    presence = aside(partial(remote.presence, list(failed))) if failed else {}
    odd = [error for digest, error in failed.items() if presence[digest.sha256] is not False]
    if odd:
        raise as_one(odd, f"{count(len(odd), 'object')} could not be read")
    return list(failed)


def _lists(
    project: Project, remote: "Parted", named: Iterable[str], *, set_aside: bool
) -> tuple[list[Digest], tuple[NoList, ...]]:
    """Send damaged lists anew from here; return these, and what is left."""
    healed: list[Digest] = []
    left: list[NoList] = []
    for each in aside(remote.check_lists):
        if whole := remote.heal_list(each, object_store(project)):
            healed.append(whole)
        else:
            left.append(_no_list(project, remote, each, frozenset(named), set_aside=set_aside))
    return healed, tuple(left)


def _no_list(project: Project, remote: "Parted", damaged: Digest, named: frozenset[str], *, set_aside: bool) -> NoList:
    data = remote.list_bytes(damaged) if set_aside or damaged.size <= MAX_LIST_BYTES else b""
    found = NoList(damaged, tuple(each for each in seem_named(data) if each.sha256 in named))
    if not set_aside:
        return found
    place = project.repo.state_dir / "aside" / f"{stamp()}-{remote.name}-extents-{damaged.sha256}"
    ensure_directory(place.parent)
    write_atomic(place, data)
    remote.remove_list(damaged)
    return found._replace(kept=str(place))


def _send_anew(project: Project, remote: "Parted", damaged: list[Digest], unasked: str) -> list[Digest]:
    """Send those of some objects of which whole bytes are to be had elsewhere, and return these; see `_unasked`."""
    if damaged and unasked:
        raise RefusedError(
            f"{count(len(damaged), 'object')} on {remote.name} {'is' if len(damaged) == 1 else 'are'} damaged or gone, and "
            f"nothing was sent anew: it may have been retired, and {unasked}",
            hint="git fetch   (or git remote remove NAME, of one that is gone for good)",
        )
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
        project.require_settings()
        raise UsageError(
            f"mlv.yaml names no remote {name}" if name else "mlv.yaml names no remote",
            hint="it names: " + ", ".join(remote.name for remote in known) if known else "remotes: {NAME: {url: URL}}",
        )
    return found[0]
