"""What every kind of remote does, and what they share: bytes hashed while they are sent, and read no further than asked.

A space is a first folder of a remote: `sha256` for whole objects, others for lists of extents. What stands in a space is
named by the SHA-256 of its own bytes, as `<space>/<first 2 digits>/<other 62>`.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from mlvgit.core.digest import BIG_BYTES, OBJECTS, Digest, Hasher, is_sha256
from mlvgit.core.text import printable, short
from mlvgit.errors import IntegrityError, MachineError, MlvError, RemoteError

__all__ = [
    "GOES_ON",
    "OBJECTS",
    "PORTION",
    "Limited",
    "Patience",
    "Reader",
    "Remote",
    "counted",
    "failed",
    "lacking",
    "looked_for",
    "mending",
    "named",
    "portions",
    "presences",
    "unmade",
]

PORTION: Final = 1 << 20
"""Bytes that are read, hashed and sent at a time."""
GOES_ON: Final = "what arrived stays, and the same command goes on from there"
"""What helps, and nearly always, after a transfer that broke off."""
ASKING: Final = 16
"""How many objects are asked about at once."""
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Patience(NamedTuple):
    """How long a remote is waited for, in seconds. Nothing limits how long a transfer takes while bytes arrive.

    Attributes:
        connect: until a connection stands.
        silence: without a byte of an answer.
        request: for one request that sends bytes, of `PART` at most where an object can be sent in parts.
        retries: how often a request that failed is sent again.
    """

    connect: float = 10
    silence: float = 60
    request: float = 600
    retries: int = 5


class Reader(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


class Remote(Protocol):
    """Objects somewhere else. All methods may be called from several threads at once.

    Attributes:
        name: as in mlv.yaml.
        url: for messages, without secrets.
        whole_only: keeps whole files only, in the space `sha256`, and can neither list nor delete (Git LFS).
        trouble: why `presence` last said None of something; None when it never did.
        notices: what a person should hear of, such as a folder that was made; whoever shows them empties the list.
    """

    name: str
    url: str
    whole_only: bool
    trouble: MlvError | None
    notices: list[str]

    def presence(self, digests: Iterable[Digest], space: str = OBJECTS) -> dict[str, bool | None]:
        """Say of each SHA-256 whether a thing of that name and size is there; None = cannot be known now.

        Raises:
            MachineError: a library that this kind needs is not installed.
            SettingsError: what mlv.yaml says of this remote cannot be used.
        """

    def upload(self, digest: Digest, source: Path, space: str = OBJECTS) -> None:
        """Store the bytes of a file; what stands under the name already is replaced by these same bytes.

        Raises:
            IntegrityError: the file is not what `digest` says; nothing has the name then that had not before.
            RemoteError: the remote cannot be reached, or does not take it.
            MachineError: the file cannot be read.
        """

    def download(self, digest: Digest, space: str = OBJECTS) -> AbstractContextManager[Reader]:
        """Open a thing; at most one byte more than its size is given. Not hashed: the reader does that.

        Raises:
            RemoteError: it is not there, or cannot be read, on opening or at any read.
        """

    def names(self, space: str = OBJECTS) -> Iterator[Digest]:
        """List a space, in any order: each name with the size in bytes that stands there now.

        What is not named as things of a space are is left out: a hostile listing can give at worst nothing.

        Raises:
            RemoteError: it cannot be listed to its end; what was given before is true all the same.
        """

    def delete(self, digest: Digest, space: str = OBJECTS) -> None:
        """Remove a thing; one that is not there is fine.

        Raises:
            RemoteError: the remote cannot be reached, or does not allow it.
        """


_told: ContextVar[Callable[[int], object]] = ContextVar("told")


@contextmanager
def counted(told: Callable[[int], object]) -> Iterator[None]:
    """Let `told` know of every portion, in bytes, that is read for an upload of this thread; it may raise to stop it."""
    token = _told.set(told)
    try:
        yield
    finally:
        _told.reset(token)


def portions(digest: Digest, source: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, and raise in place of its last portion when they are not what `digest` says.

    Who counts is asked now: the portions may be read on another thread.

    Raises:
        IntegrityError: the file is another one, or no regular file. An object must not get its name then.
        MachineError: the file cannot be read.
    """
    return _portions(digest, source, _told.get(lambda _: None))


def _portions(digest: Digest, source: Path, told: Callable[[int], object]) -> Iterator[bytes]:
    left = digest.size
    held = b""
    with Hasher(beside=digest.size >= BIG_BYTES) as whole:
        for portion in _read(source):
            told(len(portion))
            whole.update(portion)
            left -= len(portion)
            if held:
                yield held
            held = portion
        found = whole.hexdigest()
    if left or found != digest.sha256:
        raise IntegrityError(f"{printable(str(source))} is not {short(digest.sha256)} any more; it was not sent")
    if held:
        yield held


def _read(source: Path) -> Iterator[bytes]:
    try:
        with os.fdopen(os.open(source, _OPEN), "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise IntegrityError(f"{printable(str(source))} is not a file")
            while portion := file.read(PORTION):
                yield portion
    except OSError as error:
        raise MachineError(f"cannot read {printable(str(source))}: {error.strerror}") from error


class Limited:
    """A reader that gives at most `limit` bytes of another.

    Args:
        failing: opened around each read, to turn what goes wrong there into an error of ours.
    """

    def __init__(
        self, source: Reader, limit: int, failing: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        self._source = source
        self._left = limit
        self._failing = failing

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        with self._failing():
            got = self._source.read(min(size, self._left))
        self._left -= len(got)
        return got

    def fileno(self) -> int:
        """Return the descriptor of the file that is read.

        Raises:
            AttributeError, OSError: it is none.
        """
        return self._source.fileno()  # type: ignore[attr-defined, no-any-return]


class ObjectStat(NamedTuple):
    """What a bucket says of an object's bytes without giving them.

    Attributes:
        size: in bytes.
        tag: another one when the bytes are others: its generation or ETag, or the time when it was written where it has
            neither.
    """

    size: int
    tag: str


class Browsed(Protocol):
    """A remote of which all can be read that lies below its prefix, whatever it is."""

    def everything(self) -> Iterator[tuple[str, ObjectStat]]:
        """Yield the names of all objects below the prefix.

        Raises:
            RemoteError: it cannot be listed to its end.
            MachineError: a library is not installed.
        """

    def give(self, name: str) -> tuple[ObjectStat, Reader]:
        """Open an object, and say what it is as it is given.

        Raises:
            FileNotFoundError: there is none.
            RemoteError: it cannot be read.
        """

    def failing(self, what: str) -> AbstractContextManager[None]:
        """Turn what goes wrong while it is read into an error of ours."""


def presences(remote: Remote, digests: Iterable[Digest], has: Callable[[Digest], bool]) -> dict[str, bool | None]:
    """Ask about many things at once; after the first that cannot be told, the rest is not asked any more.

    Args:
        has: says of one; raises `RemoteError` when it cannot be known, which becomes the remote's `trouble`.
    """
    from concurrent.futures import ThreadPoolExecutor

    wanted = list(dict.fromkeys(digests))
    troubles: list[RemoteError] = []

    def ask(digest: Digest) -> bool | None:
        if troubles:
            return None
        try:
            return has(digest)
        except RemoteError as error:
            troubles.append(error)
            remote.trouble = error
            return None

    with ThreadPoolExecutor(min(ASKING, len(wanted) or 1), "mlvgit-remote") as pool:
        return dict(zip([digest.sha256 for digest in wanted], pool.map(ask, wanted), strict=True))


def named(name: str, size: int) -> Digest | None:
    """Return what a listed name below a space (`ab/cdef...`) means, or None when nothing of ours has that name."""
    folder, _, rest = name.partition("/")
    sha256 = folder + rest
    return Digest(size, sha256) if len(folder) == 2 and is_sha256(sha256) else None


def lacking(remote: Remote, digest: Digest) -> RemoteError:
    """Return the error of a thing that is not there."""
    return RemoteError(f"{remote.name} ({printable(remote.url)}) does not have {short(digest.sha256)}")


def unmade(remote: Remote, making: str) -> RemoteError:
    """Return the error of a folder that a push would make, and that is not there when the remote is only tried out.

    Args:
        making: the command that makes it.
    """
    return failed(
        remote,
        "exist",
        "there is no such folder, and a trial makes none",
        hint=f"a typo? mlv.yaml names it (remotes: {remote.name}); when it is to be a new remote: {making}   "
        "(or git mlv push, which makes it)",
        sure=True,
    )


def mending(remote: Remote) -> str:
    """Return the hint for an object there whose bytes are damaged."""
    if remote.whole_only:
        return (
            f"delete the object on the host of {remote.name}, which takes no other bytes while it has it; then git mlv push"
            "   (in a clone that has them)"
        )
    return f"git mlv fsck --remote {remote.name}   (in a clone that has them: sends them anew)"


def looked_for(said: str, places: str) -> str:
    """Return the hint for what a service said: where credentials are looked for, when it is they that are missing."""
    return f"credentials are looked for in {places}" if re.search(r"\b40[13]\b|[Cc]redential", said) else ""


def failed(remote: Remote, what: str, why: str, *, hint: str = "", sure: bool = False) -> RemoteError:
    """Return the error of something that a remote did not do.

    Args:
        what: the rest of the sentence "it does not ...", such as "take ab12".
        why: what it said: its first line is shown, without controls, and without what follows a ? in an address,
            which may be a key.
        sure: see `RemoteError`.
    """
    said = re.sub(r"(://[^\s?]*)\?\S*", r"\1", why.strip().split("\n")[0])[:300]
    return RemoteError(
        f"{remote.name} ({printable(remote.url)}) does not {what}: {printable(said)}", hint=hint, sure=sure
    )
