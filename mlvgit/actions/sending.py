"""Which bytes a push needs on the remote of bytes: those of every store-kept manifest that its commits bring."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.actions.healing import Healer
from mlvgit.actions.named import manifests_in, objects_named
from mlvgit.actions.parted import EXTENTS
from mlvgit.actions.pointers import Named, keep_on_host
from mlvgit.actions.presence import Presence
from mlvgit.actions.project import Project
from mlvgit.actions.retired import weigh
from mlvgit.actions.stored import object_store, remotes
from mlvgit.actions.transfer import Parcel, deliver
from mlvgit.core.digest import OBJECTS, Digest
from mlvgit.core.digests import Digests, unique
from mlvgit.core.text import count, printable, short, size
from mlvgit.errors import GitError, IntegrityError, MlvError, RefusedError, RemoteError
from mlvgit.records.manifest import Manifest
from mlvgit.rules.model import RemoteBytes
from mlvgit.rules.storage import known_objects
from mlvgit.store.erasing import objects_of
from mlvgit.store.objects import ObjectStore
from mlvgit.store.parallel import as_one, aside, portions
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
        warnings: what was retired and is not sent, or is sent all the same, and what a host would not have kept, a
            sentence each.
        wrote: see `Named`.
    """

    sent: Sent
    along: tuple[str, ...] = ()
    lacking: RemoteBytes | None = None
    warnings: tuple[str, ...] = ()
    wrote: str = ""

    @contextmanager
    def told(self) -> Iterator[None]:
        """Have an error that is raised inside say what went before, and stays: a second try is cheap."""
        try:
            yield
        except MlvError as error:
            if self.sent.objects:
                error.message += f"\n{self.sent.sentence}; the next push does not send that again"
            raise


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

    What is damaged or gone here is healed before, from the working directory or another remote. What a branch known here
    says is retired is not sent, unless a version brings it from which it was not.

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
    wanted = Digests(unique(chain(pushed_objects(project, tips, git_remote), also)))
    if not wanted:  # a hook leaves a push of code alone; who asked for it mends what the host lacks all the same
        kept = keep_on_host(project, ()) if limit is None else Named()
        return Shipped(Sent(), kept.along, None, kept.warnings, kept.wrote)
    if project.repo.head() in tips:
        _named_for_all(project)
    presence = Presence(remotes(project)[:1])
    store = object_store(project)
    there, missing = Digests(), Digests()
    for digest, said in presence.of_first(wanted):
        if said is not None:
            (there if said else missing).append(*digest)
    if limit is None and missing:
        _learn(project, missing, tips, git_remote)
    weighed = weigh(project, missing, _brought(project, tips, git_remote))
    missing = Digests(digest for digest in missing if digest not in weighed.left)
    sent = Sent()
    healer = Healer(project)
    here = Digests(digest for digest in missing if store.has(digest) or healer.heal(digest))
    remote = presence.remotes[0] if here else None
    held = objects_of(store.lists, weighed.dead)  # a pack would bring along what was retired of it
    parts = aside(partial(remote.lacking, store, here, held)) if remote else None
    if remote and parts and (limit is None or parts.total_bytes <= limit):
        doubted = remote.known_damaged(here) if remote.whole_only else []
        sent = _send(healer, store, remote, here, parts, there, progress)
        _require_taken(remote, doubted)
    with Shipped(sent).told():
        kept = keep_on_host(project, there)
    all_there = len(there) + len(weighed.left) == len(wanted)
    lacking = None if all_there else _lacking(store, presence, missing)
    return Shipped(sent, kept.along, lacking, (*weighed.warnings, *kept.warnings), kept.wrote)


def _require_taken(remote: "Parted", doubted: Sequence[Digest]) -> None:
    """Make sure that a host took whole bytes in the place of damaged ones, which it says nothing of.

    Raises:
        RemoteError: it did not.
    """
    from mlvgit.remotes.base import mending

    said = remote.presence(doubted) if doubted else {}
    kept = [digest for digest in doubted if not said[digest.sha256]]
    if kept:
        raise RemoteError(
            f"{remote.name} ({printable(remote.url)}) keeps damaged bytes of {count(len(kept), 'object')}: "
            f"{', '.join(short(digest.sha256) for digest in kept[:3])}",
            hint=mending(remote),
        )


def _learn(project: Project, missing: Iterable[Digest], tips: Iterable[str], git_remote: str) -> None:
    """Fetch, when something that was pushed before is to be sent again: it may have been retired since."""
    brought = {digest.sha256 for digest in pushed_objects(project, tips, git_remote)}
    if git_remote and any(digest.sha256 not in brought for digest in missing):
        with suppress(GitError):  # the push itself says what is wrong
            project.repo.git.run("fetch", "--quiet", "--no-tags", "--", git_remote)


def _lacking(store: ObjectStore, presence: Presence, missing: Digests) -> RemoteBytes:
    """Return what the rules are to know of what a remote lacked when it was asked."""
    nowhere = [digest for digest in missing if not store.has(digest)]
    damaged = {digest.sha256 for digest in nowhere if _is_set_aside(store, digest)}
    return RemoteBytes(
        presence.name,
        presence,
        frozenset(digest.sha256 for digest in nowhere if digest.sha256 not in damaged),
        frozenset(damaged),
        presence.trouble,
    )


def objects_here(project: Project) -> Iterator[Digest]:
    """Yield the objects that HEAD needs and this machine has: what a remote lost of them can be sent again."""
    catalog, store = project.committed(), object_store(project)
    return (
        digest
        for key in catalog.keys(root=None)
        if (frozen := catalog.frozen(key)) and frozen.manifest
        for digest in known_objects(frozen.manifest, key)
        if store.has(digest)
    )


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
    healer: Healer,
    store: ObjectStore,
    remote: "Parted",
    digests: Digests,
    parts: "Lacking",
    there: Digests,
    progress: Progress | None,
) -> Sent:
    """Upload files, whole or as what the remote lacks of their parts; return what was sent.

    Args:
        healer: is asked about what turns out to be damaged here.
        there: gets the files that the remote has now; those that are damaged here and cannot be healed are left out.
    """
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

    sent = Digests()

    def bring(wanted: Iterable[Digest], space: str = OBJECTS) -> set[Digest]:
        damaged: set[Digest] = set()
        for portion in portions(wanted):
            failed = deliver(remote, [Parcel(each, space) for each in portion], source, mend, progress)
            refused = [error for _, error in failed if not isinstance(error, IntegrityError)]
            if refused:
                raise _to_go_on(as_one(refused, f"{count(len(refused), 'object')} could not be sent"))
            damaged |= {parcel.digest for parcel, _ in failed}
            sent.extend(each for each in portion if each not in damaged)
        return damaged

    damaged = bring(chain(parts.objects, parts.whole))
    damaged |= bring(parts.lists, EXTENTS)
    # Of what has a damaged part the whole is sent, when it is to be had elsewhere.
    late: list[Digest] = []
    for portion in portions(digests):
        said = aside(partial(remote.presence, portion))
        there.extend(each for each in portion if each not in damaged and said[each.sha256])
        late += [each for each in portion if each not in damaged and not said[each.sha256] and healer.heal(each)]
    damaged = bring(late)
    there.extend(each for each in late if each not in damaged)
    return Sent(remote.name, len(sent), sum(sent.sizes), tuple(remote.notices))


def _to_go_on(error: MlvError) -> MlvError:
    """Return the error of an upload with the line that what was sent is not lost, where it has none."""
    from mlvgit.remotes.base import GOES_ON

    if GOES_ON not in error.hint:
        error.hint = "\n".join(filter(None, (error.hint, GOES_ON)))
    return error


def _is_set_aside(store: ObjectStore, digest: Digest) -> bool:
    return next(store.quarantine.glob(f"{digest.sha256}.*"), None) is not None


def pushed_objects(project: Project, tips: Iterable[str], git_remote: str) -> Iterator[Digest]:
    """Yield the objects that store-kept manifests name which no branch of `git_remote` has yet, as it was last seen."""
    return objects_named(_brought(project, tips, git_remote))


def _brought(project: Project, tips: Iterable[str], git_remote: str) -> Iterator[Manifest]:
    """Yield the manifests of commits that no branch of `git_remote` has yet, as it was last seen."""
    commits = list(tips)
    seen = ("--not", f"--remotes={git_remote}") if git_remote else ()
    return manifests_in(project, *commits, *seen) if commits else iter(())
