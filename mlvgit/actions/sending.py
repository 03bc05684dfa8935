"""Which bytes a push needs on the remote of bytes: those of every store-kept manifest that its commits bring."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.actions.healing import Healer
from mlvgit.actions.named import manifests_in, objects_named
from mlvgit.actions.parted import EXTENTS
from mlvgit.actions.pointers import keep_on_host
from mlvgit.actions.presence import Presence
from mlvgit.actions.project import Project
from mlvgit.actions.stored import object_store, remotes
from mlvgit.actions.transfer import Parcel, deliver
from mlvgit.core.digest import Digest
from mlvgit.core.text import count, printable, size
from mlvgit.errors import IntegrityError, RefusedError
from mlvgit.rules.model import RemoteBytes
from mlvgit.rules.storage import known_objects
from mlvgit.store.objects import ObjectStore
from mlvgit.store.parallel import as_one, aside
from mlvgit.store.reading import Progress

if TYPE_CHECKING:
    from mlvgit.actions.parted import Lacking, Parted

__all__ = ["AT_PUSH", "Sent", "Shipped", "objects_here", "pushed_objects", "send_pushed"]

AT_PUSH = 100 << 20
"""A hook uploads up to this many bytes: a long upload would lose the connection that Git holds open meanwhile."""


class Sent(NamedTuple):
    """What was sent: how many objects and bytes went to which remote; "" when there was nothing to send.

    Attributes:
        notices: what else a person should hear of, such as a folder that was made for them.
    """

    remote: str = ""
    objects: int = 0
    bytes: int = 0
    notices: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What was sent, for a person; only when anything was."""
        sent = f"sent {size(self.bytes)} ({count(self.objects, 'object')}) to {printable(self.remote)}"
        return "; ".join([sent, *self.notices])


class Shipped(NamedTuple):
    """What sending the bytes of a push did.

    Attributes:
        sent: what went where.
        lacking: what the rules are to judge the push by, when the remote is not known to have all that it needs; None
            when it has, or when there was nothing to ask about.
        along: refspecs without which the push is not to go out.
    """

    sent: Sent
    along: tuple[str, ...] = ()
    lacking: RemoteBytes | None = None


def send_pushed(
    project: Project,
    tips: Iterable[str],
    git_remote: str,
    limit: int | None = None,
    *,
    also: Iterable[Digest] = (),
    progress: Progress | None = None,
) -> Shipped:
    """Upload what a push of `tips` (commit ids) to `git_remote` needs, the remote of bytes lacks and this machine has.

    What is damaged or gone here is healed before, from the working directory or another remote.

    Args:
        limit: when more bytes than this are to be sent, none are.
        also: to be sent too where the remote lacks it.
        progress: is told of every portion that goes.

    Raises:
        UsageError: a URL in mlv.yaml is of no kind that can be opened.
        RefusedError: the last commit names another remote than mlv.yaml on disk.
        RemoteError: the remote does not take them. What was sent stays.
    """
    project.fetching = True
    tips = list(tips)
    wanted = list(dict.fromkeys([*pushed_objects(project, tips, git_remote), *also]))
    if not wanted:  # a hook leaves a push of code alone; who asked for it mends what the host lacks all the same
        return Shipped(sent=Sent(), along=keep_on_host(project, ()) if limit is None else ())
    if project.repo.head() in tips:
        _named_for_all(project)
    presence = Presence(remotes(project)[:1])
    store = object_store(project)
    said = presence(wanted)
    missing = [digest for digest in wanted if said[digest.sha256] is False]
    sent = Sent()
    remote = presence.remotes[0] if missing else None
    healer = Healer(project)
    here = [digest for digest in missing if store.has(digest) or healer.heal(digest)]
    parts = aside(partial(remote.lacking, store, here)) if remote else None
    if remote and parts and (limit is None or sum(each.size for each in (*parts.whole, *parts.objects)) <= limit):
        gone, went = _send(project, remote, here, parts, progress)
        presence.note(gone, remote)
        sent = Sent(remote.name, len(went), sum(parcel.digest.size for parcel in went), tuple(remote.notices))
    said = presence(wanted)
    along = keep_on_host(project, [digest for digest in wanted if said[digest.sha256]])
    if all(said.values()):
        return Shipped(sent=sent, along=along)
    damaged = {digest.sha256 for digest in missing if not store.has(digest) and _is_set_aside(store, digest)}
    nowhere = {digest.sha256 for digest in missing if not store.has(digest)}
    return Shipped(
        sent=sent,
        along=along,
        lacking=RemoteBytes(
            presence.name, presence, frozenset(nowhere - damaged), frozenset(damaged), presence.trouble
        ),
    )


def objects_here(project: Project) -> list[Digest]:
    """List the objects that HEAD needs and this machine has: what a remote lost of them can be sent again."""
    catalog, store = project.committed(), object_store(project)
    return [
        digest
        for key in catalog.keys(root=None)
        if (frozen := catalog.frozen(key)) and frozen.manifest
        for digest in known_objects(frozen.manifest, key)
        if store.has(digest)
    ]


def _named_for_all(project: Project) -> None:
    """Refuse to send bytes where nobody who clones looks for them: mlv.yaml on disk names a remote, HEAD's does not.

    Raises:
        RefusedError: so it is.
    """
    here = project.settings_or_default.remotes[:1]
    root = project.committed().root(project.root)
    if here and here[0] not in (root.settings.remotes if root else ()):
        path = project.settings_or_default.layout(project.root).settings_path
        raise RefusedError(
            f"the last commit does not name the remote {here[0].name} as {path} does: who clones would not find the bytes",
            hint=f'git commit -m "Name the remote {here[0].name}" -- {path}   (then git mlv push)',
        )


def _send(
    project: Project, remote: "Parted", digests: list[Digest], parts: "Lacking", progress: Progress | None
) -> tuple[list[Digest], list[Parcel]]:
    """Upload files, whole or as what the remote lacks of their parts.

    Returns:
        The files that are there now, left out those that are damaged here and cannot be healed; and what was sent.
    """
    store = object_store(project)
    healer = Healer(project)
    healing = Lock()  # a project belongs to one thread at a time

    def mend(parcel: Parcel) -> bool:
        with healing:
            return parcel.space != EXTENTS and healer.heal(parcel.digest)

    def source(parcel: Parcel) -> AbstractContextManager[Path]:
        return (
            nullcontext(store.lists.path(parcel.digest.sha256))
            if parcel.space == EXTENTS
            else store.whole(parcel.digest)
        )

    sent: list[Parcel] = []

    def bring(parcels: list[Parcel]) -> set[Digest]:
        failed = deliver(remote, parcels, source, mend, progress)
        refused = [error for _, error in failed if not isinstance(error, IntegrityError)]
        if refused:
            raise as_one(
                refused,
                f"{count(len(refused), 'object')} could not be sent; what was sent stays, and the same command goes on "
                "from there",
            )
        damaged = {parcel.digest for parcel, _ in failed}
        sent.extend(parcel for parcel in parcels if parcel.digest not in damaged)
        return damaged

    damaged = bring([Parcel(each) for each in (*parts.objects, *parts.whole)])
    damaged |= bring([Parcel(each, EXTENTS) for each in parts.lists])
    there = aside(partial(remote.presence, digests))
    # Of what has a damaged part the whole is sent, when it is to be had elsewhere.
    late = [each for each in digests if each not in damaged and not there[each.sha256] and healer.heal(each)]
    damaged |= bring([Parcel(each) for each in late])
    return [digest for digest in digests if digest not in damaged and (there[digest.sha256] or digest in late)], sent


def _is_set_aside(store: ObjectStore, digest: Digest) -> bool:
    return next(store.quarantine.glob(f"{digest.sha256}.*"), None) is not None


def pushed_objects(project: Project, tips: Iterable[str], git_remote: str) -> list[Digest]:
    """List the objects that store-kept manifests name which no branch of `git_remote` has yet, as it was last seen."""
    commits = list(tips)
    if not commits:
        return []
    seen = ("--not", f"--remotes={git_remote}") if git_remote else ()
    return list(objects_named(manifests_in(project, *commits, *seen)))
