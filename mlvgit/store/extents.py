"""Files kept as ranges of objects: the text format of the lists that say which. Pure.

A list is named by the SHA-256 of its own bytes, never changed, and proves nothing: whoever reads a file by it compares
the file's own SHA-256. `docs/store-format.md` is the format's description.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from mlvgit.core.digest import Digest
from mlvgit.core.pairs import Pairs
from mlvgit.core.text import printable, short, size
from mlvgit.errors import IntegrityError

__all__ = [
    "MAX_LIST_BYTES",
    "Extent",
    "ExtentTable",
    "Mapped",
    "NewerListError",
    "dump",
    "halves",
    "parse",
    "seem_named",
]

MAX_LIST_BYTES: Final = 64 << 20
"""A longer list is refused."""

_FIRST: Final = b"mlv-extents 1"
_NEWER = re.compile(rb"mlv-extents [0-9]{1,9}\Z")
_CUT = re.compile(rb"cut [!-~]+(?: [!-~]+)*\Z")
_NAMED = re.compile(rb"(object|file) ([0-9a-f]{64}) (0|[1-9][0-9]{0,15})\Z")
_RANGE = re.compile(rb" (0|[1-9][0-9]{0,8}) (0|[1-9][0-9]{0,15}) ([1-9][0-9]{0,15})\Z")


class Extent(NamedTuple):
    """A range of an object: `length` bytes from `offset` on."""

    object: Digest
    offset: int
    length: int


Mapped = Mapping[Digest, tuple[Extent, ...]]
"""Files, and the ranges that give their bytes one after the other."""


class ExtentTable(Mapping[Digest, tuple[Extent, ...]]):
    """What a list says, in some 64 bytes a file: a store may know millions.

    Attributes:
        objects: what ranges are of, in the order of the list.
    """

    def __init__(self) -> None:
        self.objects: list[Digest] = []
        self._heads = array("Q")  # of each file's SHA-256 the first 8 bytes, ascending
        self._tails = bytearray()  # and the other 24
        self._sizes = array("Q")
        self._ends = array("Q")  # where its ranges end among all
        self._ranges = array("Q")  # three numbers each: which object, offset, length

    @classmethod
    def of(cls, files: Mapped) -> "ExtentTable":
        """Return what `parse` reads of what `dump` writes of these files."""
        made = cls()
        made.objects = _objects(files)
        number = {each: index for index, each in enumerate(made.objects)}
        for file in sorted(files, key=_by_name):
            head, tail, size = halves(file)
            made._heads.append(head)
            made._tails += tail
            made._sizes.append(size)
            for extent in files[file]:
                made._ranges.extend((number[extent.object], extent.offset, extent.length))
            made._ends.append(len(made._ranges) // 3)
        return made

    def __len__(self) -> int:
        return len(self._sizes)

    def __iter__(self) -> Iterator[Digest]:
        return map(self._file, range(len(self)))

    def __getitem__(self, digest: Digest) -> tuple[Extent, ...]:
        found = self.find(*halves(digest))
        if found is None:
            raise KeyError(digest)
        return found

    def items(self) -> Pairs[Digest, tuple[Extent, ...]]:
        """Return the files with their ranges."""
        return Pairs(self, lambda: map(self.row, range(len(self))))

    def ranges(self) -> Iterator[Extent]:
        """Yield the ranges of all files."""
        return (extent for index in range(len(self)) for extent in self._extents(index))

    def row(self, index: int) -> tuple[Digest, tuple[Extent, ...]]:
        """Return a file, by its place among all, and its ranges."""
        return self._file(index), self._extents(index)

    def find(self, head: int, tail: bytes, size: int) -> tuple[Extent, ...] | None:
        """Return the ranges of a file, None when the list does not name it; see `halves`."""
        heads = self._heads
        row = bisect_left(heads, head)
        while row < len(heads) and heads[row] == head:
            if self._tails[24 * row : 24 * row + 24] == tail and self._sizes[row] == size:
                return self._extents(row)
            row += 1
        return None

    def _file(self, row: int) -> Digest:
        return Digest(self._sizes[row], f"{self._heads[row]:016x}{self._tails[24 * row : 24 * row + 24].hex()}")

    def _extents(self, row: int) -> tuple[Extent, ...]:
        first, last = 3 * self._ends[row - 1] if row else 0, 3 * self._ends[row]
        ranges = self._ranges
        return tuple([Extent(self.objects[ranges[at]], ranges[at + 1], ranges[at + 2]) for at in range(first, last, 3)])


def halves(digest: Digest) -> tuple[int, bytes, int]:
    """Return what a table looks for: the first 8 bytes of a SHA-256 as a number, the other 24, and the size."""
    return int(digest.sha256[:16], 16), bytes.fromhex(digest.sha256[16:]), digest.size


class NewerListError(IntegrityError):
    """A list of a later version of the format: its files cannot be read here, and what it needs is unknown."""


def dump(files: Mapped, *, cut: str = "") -> bytes:
    """Write a list: objects and files in the order of their SHA-256, so that equal contents are equal bytes.

    Args:
        files: at least one.
        cut: what found the ranges, for information.
    """
    objects = _objects(files)
    number = {each: index for index, each in enumerate(objects)}
    lines = [_FIRST.decode()] + ([f"cut {cut}"] if cut else [])
    lines += [f"object {each.sha256} {each.size}" for each in objects]
    for file in sorted(files, key=_by_name):
        lines.append(f"file {file.sha256} {file.size}")
        lines += [f" {number[extent.object]} {extent.offset} {extent.length}" for extent in files[file]]
    return ("\n".join(lines) + "\n").encode()


def parse(data: bytes) -> ExtentTable:
    """Read a list, strictly: there is one way to write it.

    Raises:
        NewerListError: it is of a later version of the format.
        IntegrityError: it is no such list, or says what cannot be; names the line.
    """
    if len(data) > MAX_LIST_BYTES:
        raise IntegrityError(f"a list of extents has {size(len(data))}, more than {size(MAX_LIST_BYTES)}")
    lines = data.split(b"\n")
    if lines[0] != _FIRST:
        if _NEWER.match(lines[0]):
            raise NewerListError(f"a list of extents has the format {lines[0].decode()!r}, newer than this mlvgit")
        raise _wrong(0, lines[0])
    if lines.pop():
        raise IntegrityError("a list of extents is cut off in its last line")
    reading = _Reading()
    for number, line in enumerate(lines[1:], 1):
        reading.line(number, line)
    return reading.result()


class _Reading(ExtentTable):
    """What was read of a list so far."""

    def __init__(self) -> None:
        super().__init__()
        self._used: set[int] = set()
        self._last = ""
        self._left = 0

    def line(self, number: int, line: bytes) -> None:
        if found := _RANGE.match(line):
            self._range(number, line, *map(int, found.groups()))
        elif found := _NAMED.match(line):
            kind, sha256, length = found.groups()
            (self._object if kind == b"object" else self._next)(number, line, sha256.decode(), int(length))
        elif number != 1 or not _CUT.match(line):
            raise _wrong(number, line)

    def _object(self, number: int, line: bytes, sha256: str, size: int) -> None:
        if self._last or (self.objects and self.objects[-1].sha256 >= sha256):
            raise _wrong(number, line)
        self.objects.append(Digest(size, sha256))

    def _next(self, number: int, line: bytes, sha256: str, size: int) -> None:
        if self._last >= sha256:
            raise _wrong(number, line)
        self._close()
        self._last = sha256
        self._left = size
        self._heads.append(int(sha256[:16], 16))
        self._tails += bytes.fromhex(sha256[16:])
        self._sizes.append(size)
        self._ends.append(len(self._ranges) // 3)

    def _range(self, number: int, line: bytes, index: int, offset: int, length: int) -> None:
        if not self._last or index >= len(self.objects) or offset + length > self.objects[index].size:
            raise _wrong(number, line)
        self._used.add(index)
        self._left -= length
        self._ranges.extend((index, offset, length))
        self._ends[-1] += 1

    def _close(self) -> None:
        if self._left:
            raise IntegrityError(f"the extents of {short(self._last)} do not add up to its size")

    def result(self) -> ExtentTable:
        self._close()
        if not self._last or len(self._used) != len(self.objects):
            raise IntegrityError("a list of extents names no file, or an object that no file needs")
        return self


def _wrong(number: int, line: bytes) -> IntegrityError:
    shown = printable(line[:80].decode(errors="surrogateescape"))
    return IntegrityError(f"line {number + 1} of a list of extents cannot stand there: {shown!r}")


def _objects(files: Mapped) -> list[Digest]:
    return sorted({extent.object for extents in files.values() for extent in extents}, key=_by_name)


def _by_name(digest: Digest) -> str:
    return digest.sha256


def seem_named(data: bytes) -> Iterator[Digest]:
    """Yield the files that a list names, which may be damaged."""
    for line in data.split(b"\n"):
        found = _NAMED.match(line)
        if found and found[1] == b"file":
            yield Digest(int(found[3]), found[2].decode())
