"""What every kind of remote does, and what they share: bytes hashed while they are sent, and read no further than asked."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from mlvgit.core.digest import Digest
from mlvgit.core.text import printable, short
from mlvgit.errors import IntegrityError

__all__ = ["PORTION", "Limited", "Reader", "Remote", "portions"]

PORTION = 1 << 20
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Reader(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


class Remote(Protocol):
    """Objects somewhere else.

    Attributes:
        name: as in mlv.yaml.
        url: for messages, without secrets.
    """

    name: str
    url: str

    def presence(self, digests: Iterable[Digest]) -> dict[str, bool | None]:
        """Say of each SHA-256 whether an object of that name and size is there; None = cannot be known now."""

    def upload(self, digest: Digest, source: Path) -> None:
        """Store the bytes of a file; what stands under the name already is replaced by these same bytes.

        Raises:
            IntegrityError: the file is not what `digest` says; nothing has the name then that had not before.
            RemoteError: the remote cannot be reached, or does not take it.
        """

    def download(self, digest: Digest) -> AbstractContextManager[Reader]:
        """Open an object; at most one byte more than its size is given. Not hashed: the reader does that.

        Raises:
            RemoteError: it is not there, or cannot be read.
        """


def portions(digest: Digest, source: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, and raise in place of its last portion when they are not what `digest` says.

    Raises:
        IntegrityError: the file is another one, or no regular file. An object must not get its name then.
    """
    whole = hashlib.sha256()
    left = digest.size
    held = b""
    fd = os.open(source, _OPEN)
    with os.fdopen(fd, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise IntegrityError(f"{printable(str(source))} is not a file")
        while portion := file.read(PORTION):
            whole.update(portion)
            left -= len(portion)
            if held:
                yield held
            held = portion
    if left or whole.hexdigest() != digest.sha256:
        raise IntegrityError(f"{printable(str(source))} is not {short(digest.sha256)} any more; it was not sent")
    if held:
        yield held


class Limited:
    """A reader that gives at most `limit` bytes of another."""

    def __init__(self, source: Reader, limit: int) -> None:
        self._source = source
        self._left = limit

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        got = self._source.read(min(size, self._left))
        self._left -= len(got)
        return got
