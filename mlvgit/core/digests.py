"""Many digests in columns: a version may have a million files, and an object for each would not fit. Pure."""

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import overload

from mlvgit.core.digest import Digest

__all__ = ["Digests", "NamedDigests", "packed", "unique"]


class Digests(Sequence[Digest]):
    """Digests in some 40 bytes each; equal to any sequence of the same ones.

    Attributes:
        sizes: their sizes in bytes; not to be changed.
    """

    __slots__ = ("_raw", "sizes")

    def __init__(self, digests: Iterable[tuple[int, str]] = ()) -> None:
        self.sizes = array("Q")
        self._raw = bytearray()
        self.extend(digests)

    @classmethod
    def of_columns(cls, sizes: Iterable[int], raw: bytes) -> "Digests":
        """Return those of these sizes, with the 32 bytes of each SHA-256 one after the other."""
        made = cls()
        made.sizes = array("Q", sizes)
        made._raw = bytearray(raw)
        return made

    @classmethod
    def blank(cls, number: int) -> "Digests":
        """Return so many that are to be set, each in its place."""
        return cls.of_columns(array("Q", bytes(8 * number)), bytes(32 * number))

    def append(self, size: int, sha256: str) -> None:
        """Append one."""
        self.sizes.append(size)
        self._raw += bytes.fromhex(sha256)

    def extend(self, digests: Iterable[tuple[int, str]]) -> None:
        """Append many."""
        for size, sha256 in digests:
            self.sizes.append(size)
            self._raw += bytes.fromhex(sha256)

    def put(self, index: int, size: int, raw: bytes) -> None:
        """Set one: its size, and the 32 bytes of its SHA-256."""
        self.sizes[index] = size
        self._raw[32 * index : 32 * index + 32] = raw

    def sha256(self) -> Iterator[str]:
        """Yield each SHA-256 in hex."""
        raw = self._raw
        return (raw[at : at + 32].hex() for at in range(0, len(raw), 32))

    def __len__(self) -> int:
        return len(self.sizes)

    @overload
    def __getitem__(self, index: int) -> Digest: ...
    @overload
    def __getitem__(self, index: slice) -> "Digests": ...
    def __getitem__(self, index: "int | slice") -> "Digest | Digests":
        if isinstance(index, slice):
            return Digests(self[each] for each in range(*index.indices(len(self))))
        at = range(len(self.sizes))[index]
        return Digest(self.sizes[at], self._raw[32 * at : 32 * at + 32].hex())

    def __iter__(self) -> Iterator[Digest]:
        return map(Digest, self.sizes, self.sha256())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Digests):
            return self.sizes == other.sizes and self._raw == other._raw
        if isinstance(other, Sequence):
            return len(self) == len(other) and all(mine == each for mine, each in zip(self, other, strict=True))
        return NotImplemented

    def __hash__(self) -> int:
        raise TypeError("digests may grow")


class NamedDigests(Collection[tuple[str, Digest]]):
    """Files by their names, and what their bytes are.

    Args:
        names, digests: of the same files, in the same order.
    """

    __slots__ = ("digests", "names")

    def __init__(self, names: Sequence[str], digests: Digests) -> None:
        self.names = names
        self.digests = digests

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[tuple[str, Digest]]:
        return zip(self.names, self.digests, strict=True)

    def __contains__(self, pair: object) -> bool:
        return any(pair == each for each in self)


def packed(digest: Digest) -> bytes:
    """Return a digest in the 40 bytes that a set of very many keeps of it."""
    return bytes.fromhex(digest.sha256) + digest.size.to_bytes(8, "big")


def unique(digests: Iterable[Digest], seen: set[bytes] | None = None) -> Iterator[Digest]:
    """Yield each of `digests` once.

    Args:
        seen: what is left out, as `packed`; gets what is yielded.
    """
    known: set[bytes] = set() if seen is None else seen
    for digest in digests:
        key = packed(digest)
        if key not in known:
            known.add(key)
            yield digest
