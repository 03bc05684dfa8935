"""Files kept as ranges of objects: the text format that says which, and a folder of such lists.

A list is named by the SHA-256 of its own bytes, never changed, and proves nothing: whoever reads a file by it compares
the file's own SHA-256. `docs/store-format.md` is the format's description.
"""

import hashlib
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from mlvgit.core.digest import Digest, is_sha256
from mlvgit.core.text import printable, short, size
from mlvgit.errors import IntegrityError
from mlvgit.store.atomic import Draft, ensure_directory, flush_directory, machine_errors
from mlvgit.store.folders import listing, open_folder

__all__ = ["MAX_LIST_BYTES", "Extent", "Lists", "Mapped", "NewerListError", "dump", "list_name", "parse"]

MAX_LIST_BYTES: Final = 64 << 20
"""A longer list is refused."""
_LONG: Final = 200_000
"""About as many lines has a list that is written, of at most a hundred bytes each."""
RACY_NS: Final = 100_000_000
"""A folder that changed so recently may change again without its time moving (clocks of file systems have a grain)."""

_FIRST: Final = b"mlv-extents 1"
_NEWER = re.compile(rb"mlv-extents [0-9]{1,9}\Z")
_CUT = re.compile(rb"cut [!-~]+(?: [!-~]+)*\Z")
_NAMED = re.compile(rb"(object|file) ([0-9a-f]{64}) (0|[1-9][0-9]{0,15})\Z")
_RANGE = re.compile(rb" (0|[1-9][0-9]{0,8}) (0|[1-9][0-9]{0,15}) ([1-9][0-9]{0,15})\Z")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Extent(NamedTuple):
    """A range of an object: `length` bytes from `offset` on."""

    object: Digest
    offset: int
    length: int


Mapped = Mapping[Digest, tuple[Extent, ...]]
"""Files, and the ranges that give their bytes one after the other."""


class NewerListError(IntegrityError):
    """A list of a later version of the format: its files cannot be read here, and what it needs is unknown."""


def list_name(sha256: str) -> str:
    """Return where a list stands below a store or a remote."""
    return f"extents/{sha256[:2]}/{sha256[2:]}"


def dump(files: Mapped, *, cut: str = "") -> bytes:
    """Write a list: objects and files in the order of their SHA-256, so that equal contents are equal bytes.

    Args:
        files: at least one.
        cut: what found the ranges, for information.
    """
    objects = sorted({extent.object for extents in files.values() for extent in extents}, key=_by_name)
    number = {each: index for index, each in enumerate(objects)}
    lines = [_FIRST.decode()] + ([f"cut {cut}"] if cut else [])
    lines += [f"object {each.sha256} {each.size}" for each in objects]
    for file in sorted(files, key=_by_name):
        lines.append(f"file {file.sha256} {file.size}")
        lines += [f" {number[extent.object]} {extent.offset} {extent.length}" for extent in files[file]]
    return ("\n".join(lines) + "\n").encode()


def parse(data: bytes) -> Mapped:
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


class _Reading:
    """What was read of a list so far."""

    def __init__(self) -> None:
        self.objects: list[Digest] = []
        self.files: dict[Digest, tuple[Extent, ...]] = {}
        self.used: set[int] = set()
        self._file: Digest | None = None
        self._extents: list[Extent] = []

    def line(self, number: int, line: bytes) -> None:
        if found := _RANGE.match(line):
            self._range(number, line, *map(int, found.groups()))
        elif found := _NAMED.match(line):
            kind, sha256, length = found.groups()
            (self._object if kind == b"object" else self._next)(number, line, Digest(int(length), sha256.decode()))
        elif number != 1 or not _CUT.match(line):
            raise _wrong(number, line)

    def _object(self, number: int, line: bytes, found: Digest) -> None:
        if self._file or (self.objects and self.objects[-1].sha256 >= found.sha256):
            raise _wrong(number, line)
        self.objects.append(found)

    def _next(self, number: int, line: bytes, found: Digest) -> None:
        if self._file and self._file.sha256 >= found.sha256:
            raise _wrong(number, line)
        self._close()
        self._file = found

    def _range(self, number: int, line: bytes, index: int, offset: int, length: int) -> None:
        if not self._file or index >= len(self.objects) or offset + length > self.objects[index].size:
            raise _wrong(number, line)
        self.used.add(index)
        self._extents.append(Extent(self.objects[index], offset, length))

    def _close(self) -> None:
        if not self._file:
            return
        if sum(extent.length for extent in self._extents) != self._file.size:
            raise IntegrityError(f"the extents of {short(self._file.sha256)} do not add up to its size")
        self.files[self._file] = tuple(self._extents)
        self._extents = []

    def result(self) -> Mapped:
        self._close()
        if not self.files or len(self.used) != len(self.objects):
            raise IntegrityError("a list of extents names no file, or an object that no file needs")
        return self.files


def _wrong(number: int, line: bytes) -> IntegrityError:
    shown = printable(line[:80].decode(errors="surrogateescape"))
    return IntegrityError(f"line {number + 1} of a list of extents cannot stand there: {shown!r}")


def _by_name(digest: Digest) -> str:
    return digest.sha256


class Lists:
    """The lists below a folder, read when they are first asked about, and again when there are new ones.

    May be asked by several threads at once: none is answered from lists that another one has half read.

    Args:
        folder: a store's, or where those of a remote are kept; `extents/` below it is made when a list is added.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unreadable: set[str] = set()
        """Names of lists that are damaged, or of a newer format: what they need is not known."""
        self._files: dict[Digest, list[tuple[str, tuple[Extent, ...]]]] = {}
        self._read: dict[str, Mapped] = {}
        self._seen = (0, 0)
        self._lock = threading.RLock()

    def find(self, digest: Digest, *, fresh: bool = True) -> Sequence[tuple[str, tuple[Extent, ...]]]:
        """Return the ways to get a file's bytes: by which list, from which ranges.

        Args:
            digest: the file.
            fresh: look whether there are new lists when it is in none that was read.
        """
        found = self._files.get(digest)
        if found is None and fresh:
            self.refresh()
            found = self._files.get(digest)
        return found or ()

    def files(self) -> Iterable[Digest]:
        """Return the files of all lists."""
        self.refresh()
        return self._files.keys()

    def known(self) -> Iterable[tuple[str, Mapped]]:
        """Return the names of all lists that can be read, with what they say."""
        self.refresh()
        return self._read.items()

    def names(self) -> Iterator[str]:
        """Yield the names of all lists, whether they can be read or not."""
        for part in sorted(listing(self.folder / "extents")):
            for rest in sorted(listing(self.folder / "extents" / part)):
                if is_sha256(part + rest) and len(part) == 2:
                    yield part + rest

    def path(self, sha256: str) -> Path:
        """Return where a list stands, or would."""
        return self.folder / list_name(sha256)

    def refresh(self) -> bool:
        """Read the lists that came since, and forget those that went; say whether anything may have changed."""
        with self._lock:
            return self._refresh()

    def _refresh(self) -> bool:
        try:
            changed = (self.folder / "extents").stat()
        except OSError:
            seen = (0, 0)
        else:
            seen = (changed.st_mtime_ns, changed.st_ino)
        if seen == self._seen:
            return False
        names = set(self.names())
        for gone in self._read.keys() - names:
            self.forget(gone)
        self.unreadable &= names
        for name in names - self._read.keys() - self.unreadable:
            self._load(name)
        # A folder that changes again within its clock's grain keeps its time: such a time is not remembered.
        self._seen = seen if seen[0] and _settled(seen[0]) else (0, 0)
        return True

    def add(self, data: bytes, expected: str = "") -> str:
        """Keep a list, durably, and return its name; the same list again changes nothing.

        Args:
            data: the list.
            expected: the name that it is to have.

        Raises:
            IntegrityError: it is no list, or another one.
            MachineError: it cannot be written.
        """
        files = parse(data)
        name = hashlib.sha256(data).hexdigest()
        if expected and name != expected:
            raise IntegrityError(f"the list {short(expected)} is damaged")
        return self._write(name, data, files)

    def write(self, files: Mapped, *, cut: str = "") -> None:
        """Keep lists that say this, as many as it takes for none to be long; see `dump` and `add`."""
        for portion in _portions(files):
            data = dump(portion, cut=cut)
            self._write(hashlib.sha256(data).hexdigest(), data, portion)

    def _write(self, name: str, data: bytes, files: Mapped) -> str:
        if name in self._read and self.path(name).is_file():
            return name
        top = self.folder / "extents"
        ensure_directory(top)
        with machine_errors(f"write {self.path(name)}"):
            folder = open_folder(top, "")
            try:
                target = open_folder(top, name[:2], create=True)
                try:
                    # The draft stands in the upper folder, so that its time tells readers of a new list.
                    with Draft(folder, "list", mode=0o444) as draft:
                        draft.write(data)
                        draft.publish_into(target, name[2:])
                    flush_directory(target)
                finally:
                    os.close(target)
                flush_directory(folder)
            finally:
                os.close(folder)
        self._keep(name, files)
        return name

    def remove(self, name: str) -> None:
        """Delete a list; one that is not there is no error.

        Raises:
            MachineError: the system refuses.
        """
        with machine_errors(f"remove {self.path(name)}"), suppress(FileNotFoundError):
            top = open_folder(self.folder, "extents")
            try:
                folder = open_folder(self.folder, f"extents/{name[:2]}")
                try:
                    os.unlink(name[2:], dir_fd=folder)
                    flush_directory(folder)
                finally:
                    os.close(folder)
                os.utime(top)
            finally:
                os.close(top)
        self.forget(name)

    def objects(self) -> set[str]:
        """Return the SHA-256 of every object that a list names."""
        return {extent.object.sha256 for _, files in self.known() for extents in files.values() for extent in extents}

    def drop(self, digests: Iterable[Digest]) -> None:
        """Let no list name these files any more: lists that do are written anew without them, or go.

        Raises:
            IntegrityError: a list cannot be read, so that what it needs is unknown; nothing was changed.
            MachineError: they cannot be written, or not be removed.
        """
        dead = set(digests)
        affected = [(name, files) for name, files in self.known() if not dead.isdisjoint(files)]
        if self.unreadable:
            raise IntegrityError(
                f"the list {short(min(self.unreadable))} is damaged, or of a newer mlvgit: what it needs is not known, "
                "so nothing was removed",
                hint="git mlv fsck",
            )
        for name, files in affected:
            left = {file: extents for file, extents in files.items() if file not in dead}
            if left:
                self.write(left)
            self.remove(name)

    def forget(self, name: str) -> None:
        """Go by a list no more that does not stand here any longer."""
        with self._lock:
            self.unreadable.discard(name)
            for file in self._read.pop(name, {}):
                left = [each for each in self._files[file] if each[0] != name]
                if left:
                    self._files[file] = left
                else:
                    del self._files[file]

    def bytes_of(self, name: str) -> bytes:
        """Return a list as it stands, compared with its name.

        Raises:
            IntegrityError: it is missing, damaged or too long.
        """
        try:
            fd = os.open(self.path(name), _READ)
            with os.fdopen(fd, "rb") as file:
                data = file.read(min(os.fstat(fd).st_size, MAX_LIST_BYTES) + 1)
        except OSError as error:
            raise IntegrityError(f"the list {short(name)} cannot be read: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != name:
            raise IntegrityError(f"the list {short(name)} is damaged")
        return data

    def is_newer(self, name: str) -> bool:
        """Say whether a list is whole and of a later version of the format."""
        try:
            parse(self.bytes_of(name))
        except NewerListError:
            return True
        except IntegrityError:
            pass
        return False

    def seem_named(self, name: str) -> Iterator[Digest]:
        """Yield the files that a list names, which may be damaged: a guess at what was lost with it."""
        with suppress(OSError), self.path(name).open("rb") as file:
            for line in file.read(min(os.fstat(file.fileno()).st_size, MAX_LIST_BYTES)).split(b"\n"):
                found = _NAMED.match(line)
                if found and found[1] == b"file":
                    yield Digest(int(found[3]), found[2].decode())

    def _load(self, name: str) -> None:
        try:
            self._keep(name, parse(self.bytes_of(name)))
        except IntegrityError:
            self.unreadable.add(name)

    def _keep(self, name: str, files: Mapped) -> None:
        with self._lock:
            self.unreadable.discard(name)
            if name in self._read:
                return
            self._read[name] = files
            for file, extents in files.items():
                self._files.setdefault(file, []).append((name, extents))


def _portions(files: Mapped) -> Iterator[Mapped]:
    """Cut what a list would say into what lists of a fair length say."""
    portion: dict[Digest, tuple[Extent, ...]] = {}
    lines = 0
    for file in sorted(files, key=_by_name):
        portion[file] = files[file]
        lines += 1 + len(files[file])
        if lines >= _LONG:
            yield portion
            portion, lines = {}, 0
    if portion:
        yield portion


def _settled(mtime_ns: int) -> bool:
    """Say whether a change made now would have another time."""
    import time

    return time.time_ns() - mtime_ns > RACY_NS
