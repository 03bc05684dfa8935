"""Moving bytes between the store and remotes: several things at once, each hashed once, what came stays.

Two directions: `receive` takes things from the first of several remotes that gives them, `deliver` brings things to one.
What a thing is (an object, a part of one) is the caller's: a thing is named by the SHA-256 of its own bytes in a space.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from mlvgit.actions.project import Project
from mlvgit.actions.stored import object_store, remotes
from mlvgit.core.digest import OBJECTS, Digest
from mlvgit.core.digests import Digests
from mlvgit.core.text import count, printable, short, size
from mlvgit.errors import IntegrityError, MlvError, RemoteError
from mlvgit.rules.wording import listed
from mlvgit.store.parallel import as_one, aside, portions, run_each
from mlvgit.store.proving import Extents, proved
from mlvgit.store.reading import Counted, Meter, Progress, StoppedError, one_work

if TYPE_CHECKING:
    from mlvgit.actions.parted import Parted
    from mlvgit.remotes.base import Reader, Remote
    from mlvgit.store.objects import ObjectStore

__all__ = ["STILL_WORKS", "Parcel", "Source", "deliver", "fetch", "lost", "receive"]

STILL_WORKS: Final = "without these bytes all else works: status, log, diff, check, and commits and pushes of code"

MOST_TOLD: Final = 3
"""Objects that are named before a reason that they share."""


class Parcel(NamedTuple):
    """A thing that travels.

    Attributes:
        digest: of the bytes that travel.
        space: the first folder that it stands in on a remote.
    """

    digest: Digest
    space: str = OBJECTS


class Taker(Protocol):
    """What takes bytes in that come: the store, or what writes them to where they are wanted as well."""

    def put(self, digest: Digest, source: "Reader", /) -> None:
        """Take an object in that comes whole."""

    def gives(self, extents: Extents, digest: Digest, /) -> bool:
        """Say whether ranges of objects that came have a file's bytes."""


Source = Callable[[Parcel], AbstractContextManager[Path]]
Namer = Callable[[Digest], str]


def _unnamed(_: Digest) -> str:
    return ""


def fetch(
    project: Project,
    digests: Iterable[Digest],
    progress: Progress | None = None,
    *,
    name: "Namer" = _unnamed,
    without: str = "",
    into: "Taker | None" = None,
) -> None:
    """Get objects that the store lacks from the first remote that gives them; hashed as they stream.

    Args:
        digests: what is wanted.
        progress: is told of every portion that comes.
        name: gives what a person calls an object that did not come, such as a path; "" for nothing.
        without: the name of a remote that is not to be asked.
        into: takes the bytes in, on several threads; default the store.

    Raises:
        RemoteError: no remote has one of them, or can be reached. What came until then stays.
        IntegrityError: a remote gave other bytes and no other remote gave the right ones.
    """
    store = object_store(project)
    missing: Sequence[Digest] = store.absent(digests)
    if not missing:
        return
    known = [remote for remote in remotes(project) if remote.name != without]
    if not known:
        project.require_settings()
        raise RemoteError(
            f"{count(len(missing), 'object')} ({size(sum(each.size for each in missing))}) are not here, and no remote "
            "is named",
            hint=f"git mlv remote add NAME URL -m 'Name a remote'   (where they were pushed to)\n{STILL_WORKS}",
        )
    troubles: list[MlvError] = []
    for remote in known:
        missing, trouble = _fetch_parts(store, remote, missing, into or store, progress)
        troubles += trouble
    try:
        receive(known, missing, partial(_put, into or store), progress, name)
    except (RemoteError, IntegrityError) as error:
        raise as_one([*troubles, error], "reasons", hint=error.hint) if troubles else error from None


def _put(into: Taker, parcel: Parcel, reader: "Reader") -> None:
    into.put(parcel.digest, reader)


def _fetch_parts(
    store: "ObjectStore", remote: "Parted", digests: Sequence[Digest], into: Taker, progress: Progress | None
) -> tuple[Sequence[Digest], list[MlvError]]:
    """Get files that a remote has as ranges of objects; return those that are not here then, and what went wrong."""
    troubles: list[MlvError] = []
    if remote.whole_only:
        return digests, troubles
    try:
        objects = aside(partial(_objects_of_parts, remote, digests))
    except RemoteError:
        return digests, []  # whoever asks for the files whole is told the same
    lacking = sorted(each for each in objects if not store.has_object(each))
    try:
        receive([remote.plain], lacking, partial(_put, into), progress)
    except (RemoteError, IntegrityError) as error:
        troubles.append(error)
    came = {each for each in objects if store.has_object(each)}
    left = Digests()
    for portion in portions(digests):
        claimed = {
            digest: part.extents
            for digest in portion
            if (part := next((each for each in remote.claimed(digest) if each.objects <= came), None))
        }
        # A list is somebody's word: here only what was seen to be true is kept.
        true = proved(claimed, store.descriptor, into.gives)
        if true:
            store.lists.write(true)
        troubles += [
            IntegrityError(f"{remote.name} ({printable(remote.url)}) has other bytes under {short(digest.sha256)}")
            for digest in claimed.keys() - true.keys()
        ]
        left.extend(digest for digest in portion if digest not in true)
    return left, troubles


def _objects_of_parts(remote: "Parted", digests: Sequence[Digest]) -> set[Digest]:
    """Return the objects there that files are ranges of."""
    found: set[Digest] = set()
    for portion in portions(digests):
        for part in remote.parts(portion).values():
            found |= part.objects
    return found


def receive(
    known: "Sequence[Remote]",
    digests: Sequence[Digest],
    put: "Callable[[Parcel, Reader], object]",
    progress: Progress | None = None,
    name: Namer = _unnamed,
) -> None:
    """Take each object from the first remote that gives it.

    Args:
        known: asked in this order; one that cannot be reached is asked once.
        put: takes the bytes in and hashes them, on several threads; raises `IntegrityError` when they are others.
        name: see `fetch`.

    Raises:
        RemoteError, IntegrityError: objects that none gave, all of them named; the others were taken in.
    """
    peers = [_Peer(remote) for remote in known]
    failures: list[tuple[str, MlvError]] = []
    lacking = 0
    with one_work(progress, sum(digest.size for digest in digests), len(digests)) as shown:
        for portion in portions(digests):
            left = [Parcel(digest) for digest in portion]
            reasons: dict[Parcel, list[MlvError]] = {}
            for peer in peers:
                failed = run_each(left, partial(peer.give, put), _weight, shown)
                for parcel, error in failed:
                    reasons.setdefault(parcel, []).append(error)
                left = [parcel for parcel, _ in failed]
            failures += [(name(parcel.digest), error) for parcel in left for error in reasons[parcel]]
            lacking += len(left)
    if failures:
        raise as_one(
            _about(failures),
            f"{count(lacking, 'object')} could not be fetched; what came stays, and the same command goes on from there",
            hint=STILL_WORKS,
        )


def deliver(
    remote: "Remote",
    parcels: Iterable[Parcel],
    source: Source,
    heal: Callable[[Parcel], bool],
    progress: Progress | None = None,
) -> list[tuple[Parcel, MlvError]]:
    """Bring parcels to a remote that has just said what it has; each is hashed as it is read.

    Args:
        source: gives the file that has a parcel's bytes, for as long as they are read; raises `IntegrityError` when
            they are not here.
        heal: is asked about a parcel whose file is damaged; says whether its bytes are whole again.

    Returns:
        Those that are not there, and why: `IntegrityError` where the file is damaged.
    """
    return run_each(parcels, partial(_Peer(remote, answered=True).take, source, heal), _weight, progress)


def lost(project: Project, digests: Iterable[Digest]) -> list[Digest]:
    """Return those of `digests` that are neither here, hashed, nor on a remote, which must say so with their size."""
    store = object_store(project)
    missing = [digest for digest in dict.fromkeys(digests) if not store.check(digest)]
    for remote in remotes(project) if missing else ():
        presence = remote.presence(missing)
        missing = [digest for digest in missing if not presence[digest.sha256]]
    return missing


class _Peer:
    """A remote during one transfer: until it has answered, one thread asks; once it is out of reach, none does."""

    def __init__(self, remote: "Remote", *, answered: bool = False) -> None:
        self._remote = remote
        self._answered = answered
        self._gone: RemoteError | None = None
        self._lock = Lock()

    def give(self, put: "Callable[[Parcel, Reader], object]", parcel: Parcel, meter: Meter) -> None:
        """Read one thing from it."""
        from mlvgit.remotes.base import mending

        with ExitStack() as stack:
            with self._asked(parcel):
                reader = stack.enter_context(self._remote.download(parcel.digest, parcel.space))
            with self._asked(parcel):
                try:
                    put(parcel, Counted(reader, meter))
                except IntegrityError as error:
                    raise IntegrityError(
                        f"{self._remote.name} ({printable(self._remote.url)}) has other bytes under "
                        f"{short(parcel.digest.sha256)}: {error.message}",
                        hint=mending(self._remote),
                    ) from error

    def take(self, source: Source, heal: Callable[[Parcel], bool], parcel: Parcel, meter: Meter) -> None:
        """Bring one thing to it."""
        try:
            self._upload(source, parcel, meter)
        except IntegrityError:
            if not heal(parcel):
                raise
            self._upload(source, parcel, meter)

    def _upload(self, source: Source, parcel: Parcel, meter: Meter) -> None:
        from mlvgit.remotes.base import counted

        with source(parcel) as path, self._asked(parcel), counted(meter.advance):
            try:
                self._remote.upload(parcel.digest, path, parcel.space)
            except Exception:
                if meter.stopped:  # whatever a library made of the stop
                    raise StoppedError from None
                raise

    @contextmanager
    def _asked(self, parcel: Parcel) -> Iterator[None]:
        with nullcontext() if self._answered else self._lock:
            if self._gone:
                raise self._gone
            try:
                yield
            except RemoteError as error:
                if self._remote.presence([parcel.digest], parcel.space).get(parcel.digest.sha256) is None:
                    self._gone = error
                self._answered = True
                raise
            self._answered = True


def _weight(parcel: Parcel) -> int:
    return parcel.digest.size


def _about(failures: Iterable[tuple[str, MlvError]]) -> list[MlvError]:
    """Put the names of the objects before what is said of them; what is said of many is said once."""
    alike: dict[tuple[type[MlvError], str], list[tuple[str, MlvError]]] = {}
    for name, error in failures:
        alike.setdefault((type(error), error.message), []).append((name, error))
    found = []
    for (_, message), group in alike.items():
        names = listed([printable(name) for name, _ in group if name], MOST_TOLD)
        error = group[0][1]
        found.append(type(error)(f"{', '.join(names)}: {message}", hint=error.hint) if names else error)
    return found
