"""The list of a huge version's files as an object of the store, which its manifest names by SHA-256. Pure.

One entry on a line, as a manifest writes it (JSON Lines), sorted by path as UTF-8 bytes; paths are relative to the
frozen directory. There is one way to write a list of entries: two lists are the same when their SHA-256 is.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import islice
from operator import ge, le
from typing import Final, NamedTuple, overload
from weakref import WeakValueDictionary

from mlvgit.core.digest import Digest, of_bytes, sorted_tree_sha256
from mlvgit.core.digests import Digests, NamedDigests
from mlvgit.core.jsontext import compact, encoded
from mlvgit.core.pairs import Pairs
from mlvgit.errors import DocumentError, IntegrityError, MlvError, Problem, RemoteError
from mlvgit.records.soundness import judge_names

__all__ = ["FileEntry", "FileList", "ListSource", "dump_entries", "parse_entries"]

MAX_LIST_BYTES: Final = 1 << 30
MAX_SIZE: Final = 1 << 53
_PORTION: Final = 1 << 22
# a safe name has neither backslash nor control character, so that a quotation mark is all that is ever escaped in it
_ENTRY: Final = (
    r'^\{"path": "((?:[^"\\\x00-\x1f]|\\")+)", "size_bytes": (0|[1-9][0-9]{0,15}), "sha256": "([0-9a-f]{64})"%s\}$'
)
_LINES: Final = re.compile(_ENTRY % "", re.MULTILINE)
_NEWER_LINES: Final = re.compile(_ENTRY % r"(?:, .*)?", re.MULTILINE)


class FileEntry(NamedTuple):
    """One frozen file.

    Attributes:
        path: as the manifest writes it, relative to the mlv root; in a list of its own, to the frozen directory.
        size_bytes: length in bytes.
        sha256: 64 hexadecimal digits in lower case.
    """

    path: str
    size_bytes: int
    sha256: str


class _Columns(Sequence[FileEntry]):
    """Many entries, in columns."""

    __slots__ = ("__weakref__", "digests", "paths")

    def __init__(self, paths: list[str], digests: Digests) -> None:
        self.paths = paths
        self.digests = digests

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> FileEntry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[FileEntry]: ...
    def __getitem__(self, index: int | slice) -> FileEntry | Sequence[FileEntry]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        return FileEntry(self.paths[index], *self.digests[index])

    def __iter__(self) -> Iterator[FileEntry]:
        return map(FileEntry, self.paths, self.digests.sizes, self.digests.sha256())


class _ByPath(Mapping[str, FileEntry]):
    """Entries in order, by their paths."""

    def __init__(self, columns: _Columns) -> None:
        self._columns = columns

    def __getitem__(self, path: str) -> FileEntry:
        paths = self._columns.paths
        at = bisect_left(paths, path)
        if at == len(paths) or paths[at] != path:
            raise KeyError(path)
        return self._columns[at]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns.paths)

    def __len__(self) -> int:
        return len(self._columns)

    def items(self) -> Pairs[str, FileEntry]:
        return Pairs(self, lambda: zip(self._columns.paths, self._columns, strict=True))


_READ: Final[WeakValueDictionary[tuple[Digest, bool], _Columns]] = WeakValueDictionary()
"""Lists that somebody holds, by their digests: a version is often looked at by several of its manifests."""

ListSource = Callable[[Digest], bytes | None]
"""Where lists are found: the bytes that stand under a digest, None when they are not here. They are not believed."""


class FileList(Sequence[FileEntry]):
    """The entries of a version, read from its list when they are first looked at.

    What the manifest itself says of them is known without the list: how many they are, their bytes, the identity.

    Args:
        digest: size and SHA-256 of the list.
        owner: the version, as people write it: `images@v1.0`.
        file_count, total_bytes, tree_sha256: as the manifest says; the list must give the same.
        newer: the manifest is of a newer minor version of the format, and lines may have further keys.

    Attributes:
        source: where the list is looked for; None: nowhere.
    """

    __slots__ = ("_entries", "_wrong", "digest", "file_count", "newer", "owner", "source", "total_bytes", "tree_sha256")

    def __init__(
        self, digest: Digest, *, owner: str, file_count: int, total_bytes: int, tree_sha256: str, newer: bool = False
    ) -> None:
        self.digest = digest
        self.owner = owner
        self.file_count = file_count
        self.total_bytes = total_bytes
        self.tree_sha256 = tree_sha256
        self.newer = newer
        self.source: ListSource | None = None
        self._entries: _Columns | None = None
        self._wrong: DocumentError | None = None

    @classmethod
    def of(cls, files: NamedDigests, owner: str) -> "tuple[FileList, bytes]":
        """Make the list of files, named relative to the frozen directory, and its bytes."""
        ordered = _in_order(files)
        data = dump_entries(ordered)
        made = cls(
            of_bytes(data),
            owner=owner,
            file_count=len(ordered),
            total_bytes=sum(ordered.digests.sizes),
            tree_sha256=sorted_tree_sha256(ordered.paths, ordered.digests.sha256()),
        )
        made._entries = ordered
        return made, data

    @property
    def here(self) -> bool:
        """Whether the entries can be looked at: the list is here, and sound."""
        try:
            self.entries()
        except MlvError:
            return False
        return True

    def by_path(self) -> Mapping[str, FileEntry]:
        """Return the entries by their paths; see `entries` for the errors."""
        return _ByPath(self.entries())

    def entries(self) -> _Columns:
        """Return the entries.

        Raises:
            RemoteError: the list is not here.
            IntegrityError: what stands under its name are other bytes.
            DocumentError: it is no list, or one of other files than the manifest says.
        """
        if self._entries is None:
            if self._wrong is not None:
                raise self._wrong
            try:
                self._entries = self._held_to_facts(self._read())
            except DocumentError as error:
                self._wrong = error
                raise
        return self._entries

    def _read(self) -> _Columns:
        known = _READ.get((self.digest, self.newer)) if self.source else None
        if known is not None:
            return known
        data = self.source(self.digest) if self.source else None
        if data is None:
            raise RemoteError(
                f"the list of the {self.file_count:,} files of {self.owner} ({self.digest.sha256}) is not here",
                hint=f"git mlv pull {self.owner}   (or git mlv fsck, where its files stand as they were frozen)",
            )
        if of_bytes(data) != self.digest:
            raise IntegrityError(
                f"the list of the files of {self.owner} is damaged: {self.digest.sha256}", hint="git mlv fsck"
            )
        entries = parse_entries(data, self.label, newer=self.newer)
        if names := judge_names(entries.paths):
            found = [Problem(number + 1, "$.path", message, "MLV105") for number, message in names]
            raise DocumentError(self.label, tuple(found[:100]))
        _READ[self.digest, self.newer] = entries
        return entries

    @property
    def label(self) -> str:
        """How the list is called in messages."""
        return f"the list of the files of {self.owner}"

    def _held_to_facts(self, entries: _Columns) -> _Columns:
        digests = entries.digests
        facts = (
            ("tree_sha256", self.tree_sha256, sorted_tree_sha256(entries.paths, digests.sha256())),
            ("total_bytes", self.total_bytes, sum(digests.sizes)),
            ("file_count", self.file_count, len(entries)),
        )
        found = [
            Problem(0, f"$.{key}", f"the manifest says {said}, but the entries give {true}")
            for key, said, true in facts
            if said != true
        ]
        if found:
            raise DocumentError(self.label, tuple(found))
        return entries

    def __len__(self) -> int:
        return self.file_count

    @overload
    def __getitem__(self, index: int) -> FileEntry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[FileEntry]: ...
    def __getitem__(self, index: int | slice) -> FileEntry | Sequence[FileEntry]:
        return self.entries()[index]

    def __iter__(self) -> Iterator[FileEntry]:
        return iter(self.entries())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileList) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def dump_entries(entries: Iterable[FileEntry]) -> bytes:
    """Write entries, which are in order, in the one form that a list has.

    Raises:
        UsageError: a path is not UTF-8.
    """
    quote = compact
    lines = (
        f'{{"path": {quote(path)}, "size_bytes": {size}, "sha256": "{digest}"}}\n' for path, size, digest in entries
    )
    whole = BytesIO()  # one copy, of what may have a hundred megabytes
    for part in iter(lambda: [*islice(lines, 10_000)], []):
        whole.write(encoded("".join(part)))
    return whole.getvalue()


def _in_order(files: NamedDigests) -> _Columns:
    names, digests = files.names, files.digests
    if any(map(ge, names, islice(names, 1, None))):
        order = sorted(range(len(names)), key=names.__getitem__)
        return _Columns([names[index] for index in order], Digests(digests[index] for index in order))
    return _Columns(list(names), digests)


def parse_entries(data: bytes, label: str, *, newer: bool = False) -> _Columns:
    """Read a list.

    Args:
        data: its bytes.
        label: how it is called in messages.
        newer: lines may have further keys after ours, which are left alone.

    Raises:
        DocumentError: it is empty or too long, a line is not an entry as it is written, or not in its place.
    """
    if not data.endswith(b"\n") or len(data) > MAX_LIST_BYTES:
        message = (
            f"is longer than {MAX_LIST_BYTES:,} bytes" if data.endswith(b"\n") else "does not end with a whole line"
        )
        raise DocumentError(label, (Problem(0, "$", message),))
    lines = _NEWER_LINES if newer else _LINES
    entries = _Columns([], Digests())
    paths, digests = entries.paths, entries.digests
    start = 0
    while start < len(data):
        end = data.index(b"\n", min(start + _PORTION, len(data)) - 1) + 1
        portion = data[start:end]
        try:
            found = lines.findall(portion.decode("utf-8"))
        except UnicodeDecodeError:
            found = []
        if len(found) != portion.count(b"\n"):
            raise DocumentError(label, (_odd_line(portion, lines, len(entries)),))
        for path, size, sha256 in found:
            paths.append(path.replace('\\"', '"'))
            digests.append(int(size), sha256)
        start = end
    if any(map(le, islice(paths, 1, None), paths)):
        later = islice(paths, 1, None)
        number = next(number for number, pair in enumerate(zip(later, paths, strict=False)) if pair[0] <= pair[1])
        raise DocumentError(label, (Problem(number + 2, "$.path", "does not come after the path before it"),))
    if max(digests.sizes) > MAX_SIZE:
        raise DocumentError(label, (Problem(0, "$.size_bytes", f"is larger than {MAX_SIZE:,}"),))
    return entries


def _odd_line(portion: bytes, lines: re.Pattern[str], before: int) -> Problem:
    number = 0
    for number, line in enumerate(portion.split(b"\n")[:-1], before + 1):  # noqa: B007 - the one that breaks is meant
        try:
            if not lines.fullmatch(line.decode("utf-8")):
                break
        except UnicodeDecodeError:
            break
    return Problem(number, "$", 'is not an entry as it is written: {"path": ..., "size_bytes": ..., "sha256": ...}')
