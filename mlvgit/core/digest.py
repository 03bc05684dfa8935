"""SHA-256 of bytes, and the identity of a frozen directory (`tree_sha256`). Pure."""

import hashlib
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor
    from types import TracebackType

__all__ = [
    "BIG_BYTES",
    "OBJECTS",
    "Digest",
    "Hasher",
    "is_sha256",
    "object_name",
    "of_bytes",
    "sorted_tree_sha256",
    "tree_sha256",
]

OBJECTS: Final = "sha256"
"""The space of whole objects, each named by the SHA-256 of its bytes."""

BIG_BYTES: Final = 16 << 20
"""From this size on a thread that hashes beside what is done with the bytes gains more than it costs."""

_HEX = frozenset("0123456789abcdef")
_PORTION: Final = 50_000


class Digest(NamedTuple):
    """What identifies the bytes of one file: their length in bytes and their SHA-256 in lower-case hex."""

    size: int
    sha256: str


def is_sha256(text: str) -> bool:
    """Say whether `text` is 64 lower-case hexadecimal digits."""
    return len(text) == 64 and _HEX.issuperset(text)


def object_name(sha256: str, space: str = OBJECTS) -> str:
    """Return where a thing stands below a store or a remote: `sha256/ab/cdef...`, the first two digits a folder.

    Args:
        sha256: its name in its space.
        space: the first folder: what kind of thing it is.

    Raises:
        IntegrityError: `sha256` is not 64 lower-case hexadecimal digits, and would be a path somebody else chose.
    """
    if not is_sha256(sha256):
        raise IntegrityError(f"{printable(sha256[:80])} is no SHA-256")
    return f"{space}/{sha256[:2]}/{sha256[2:]}"


def of_bytes(data: bytes) -> Digest:
    """Digest `data`."""
    return Digest(len(data), hashlib.sha256(data).hexdigest())


def tree_sha256(files: Iterable[tuple[str, str]]) -> str:
    """Return the identity of a frozen directory.

    Args:
        files: (path relative to the directory, POSIX separators; SHA-256 in hex) of every file, in any order.

    It is the SHA-256 of the lines `<sha256>  <path>\\n` sorted by path as UTF-8 bytes: what
    `find . -type f | sed 's,^./,,' | LC_ALL=C sort | xargs sha256sum | sha256sum` prints in that directory.
    """
    pairs = sorted(files)
    try:
        return sorted_tree_sha256([path for path, _ in pairs], [sha256 for _, sha256 in pairs])
    except UnicodeEncodeError:  # bytes that are not UTF-8, as surrogates, sort elsewhere
        encoded = sorted((path.encode("utf-8", "surrogateescape"), sha256.encode("ascii")) for path, sha256 in pairs)
        return hashlib.sha256(b"".join(sha256 + b"  " + path + b"\n" for path, sha256 in encoded)).hexdigest()


def sorted_tree_sha256(paths: Iterable[str], digests: Iterable[str]) -> str:
    """Return the same for paths in order; code points are in the order of their UTF-8.

    Raises:
        UnicodeEncodeError: a path is not UTF-8.
    """
    whole = hashlib.sha256()
    pairs = zip(paths, digests, strict=True)
    while lines := [f"{sha256}  {path}\n" for path, sha256 in islice(pairs, _PORTION)]:
        whole.update("".join(lines).encode("utf-8"))
    return whole.hexdigest()


class Hasher:
    """SHA-256 of portions; a context manager.

    Args:
        beside: a thread of its own hashes, one portion behind: a portion is read from until the next one is given.
    """

    def __init__(self, *, beside: bool) -> None:
        self._whole = hashlib.sha256()
        self._thread: ThreadPoolExecutor | None = None
        self._last: Future[None] | None = None
        if beside:
            from concurrent import futures

            self._thread = futures.ThreadPoolExecutor(1, "mlvgit-beside")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        if self._thread is not None:
            self._thread.shutdown()

    def update(self, portion: bytes | memoryview) -> None:
        """Hash what comes next."""
        if self._thread is None:
            self._whole.update(portion)
            return
        if self._last is not None:
            self._last.result()
        self._last = self._thread.submit(self._whole.update, portion)

    def hexdigest(self) -> str:
        """Return the digest of all portions."""
        if self._last is not None:
            self._last.result()
        return self._whole.hexdigest()
