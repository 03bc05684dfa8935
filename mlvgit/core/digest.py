"""SHA-256 of bytes, and the identity of a frozen directory (`tree_sha256`). Pure."""

import hashlib
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable
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
        self._beside = _Beside(self._whole.update) if beside else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        if self._beside is not None:
            self._beside.end()

    def update(self, portion: bytes | memoryview) -> None:
        """Hash what comes next."""
        if self._beside is None:
            self._whole.update(portion)
        else:
            self._beside.give(portion)

    def hexdigest(self) -> str:
        """Return the digest of all portions."""
        if self._beside is not None:
            self._beside.wait()
        return self._whole.hexdigest()


class _Beside:
    """A thread that does one thing with each portion; bare queues hand over a tenth faster than futures do."""

    def __init__(self, work: "Callable[[bytes | memoryview], object]") -> None:
        from queue import SimpleQueue
        from threading import Thread

        self._work = work
        self._given: SimpleQueue[bytes | memoryview | None] = SimpleQueue()
        self._done: SimpleQueue[Exception | None] = SimpleQueue()
        self._busy = False
        self._thread = Thread(target=self._run, name="mlvgit-beside")
        self._thread.start()

    def _run(self) -> None:
        while (portion := self._given.get()) is not None:
            try:
                self._work(portion)
            except Exception as error:  # noqa: BLE001 - whoever gave it is told
                self._done.put(error)
            else:
                self._done.put(None)

    def give(self, portion: bytes | memoryview) -> None:
        """Let it work on a portion, once it is done with the one before."""
        self.wait()
        self._given.put(portion)
        self._busy = True

    def wait(self) -> None:
        """Return when it is done."""
        if self._busy:
            self._busy = False
            if error := self._done.get():
                raise error

    def end(self) -> None:
        """Let the thread come to its end."""
        self._given.put(None)
        self._thread.join()
