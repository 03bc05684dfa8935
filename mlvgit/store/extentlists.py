"""A folder of lists of extents: a store's, or what is known of a remote's."""

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from mlvgit.core.digest import Digest, is_sha256
from mlvgit.core.text import short
from mlvgit.errors import IntegrityError, MlvError
from mlvgit.store.atomic import Draft, ensure_directory, flush_directory, machine_errors
from mlvgit.store.extents import (
    MAX_LIST_BYTES,
    Extent,
    ExtentTable,
    Mapped,
    NewerListError,
    dump,
    halves,
    parse,
    seem_named,
)
from mlvgit.store.folders import listing, open_folder
from mlvgit.store.secondnames import SecondNames, read_list

__all__ = ["Lists", "list_name"]

_LONG: Final = 200_000
"""About as many lines has a list that is written, of at most a hundred bytes each."""
_LONG_TABLE: Final = 5_000
"""From so many files on a list is searched itself: its files are not gathered with those of others."""
RACY_NS: Final = 100_000_000
"""A folder that changed so recently may change again without its time moving (clocks of file systems have a grain)."""
_SHA256: Final = itemgetter(1)


def list_name(sha256: str) -> str:
    """Return where a list stands below a store or a remote."""
    return f"extents/{sha256[:2]}/{sha256[2:]}"


_NOTHING: Final = ExtentTable()
_PARSED: Final[WeakValueDictionary[str, ExtentTable]] = WeakValueDictionary()
"""By the SHA-256 of their bytes: a store, and what is known of a remote, often have the same lists."""
_RECENT: Final[deque[ExtentTable]] = deque(maxlen=4)
"""Keeps the last ones from being let go of: a command opens a store several times."""


class Lists:
    """The lists below a folder, read when they are first asked about, and again when there are new ones.

    May be asked by several threads at once: none is answered from lists that another one has half read.

    Args:
        folder: a store's, or where those of a remote are kept; `extents/` below it is made when a list is added.
        twice: give each list a second name, from which it comes back when the first is gone.
    """

    def __init__(self, folder: Path, *, twice: bool = False) -> None:
        self.folder = folder
        self._second = SecondNames(folder) if twice else None
        self.unreadable: set[str] = set()
        """Names of lists that are damaged, or of a newer format: what they need is not known."""
        self._read: dict[str, ExtentTable] = {}
        self._long: list[str] = []
        self._last = ""  # the long list that had the last file asked about
        self._files: dict[Digest, list[str]] = {}  # of short lists, which are many; a long one is asked itself
        self._changes = 0  # how often what is known changed
        self._seen = (-1, 0)
        self._lock = threading.RLock()

    def find(self, digest: Digest, *, fresh: bool = True) -> Sequence[tuple[str, tuple[Extent, ...]]]:
        """Return the ways to get a file's bytes: by which list, from which ranges.

        Args:
            digest: the file.
            fresh: look whether there are new lists when it is in none that was read.
        """
        return list(self.ways(digest, fresh=fresh))

    def ways(self, digest: Digest, *, fresh: bool = True) -> Iterator[tuple[str, tuple[Extent, ...]]]:
        """Yield what `find` returns, the way that is found first first: whoever needs one does not wait for the others."""
        known = self._changes
        none = True
        for way in self._ways(digest):
            none = False
            yield way
        if none and fresh:
            self.refresh()
            if self._changes != known:
                yield from self._ways(digest)

    def _ways(self, digest: Digest) -> Iterator[tuple[str, tuple[Extent, ...]]]:
        last = self._last
        names = self._files.get(digest, ())
        if not names and not self._long:
            return
        key = halves(digest)
        # files are asked about in the order that they were packed in, so most often the list is that of the one before
        for name in chain((last,) if last else (), (each for each in (*names, *self._long) if each != last)):
            extents = self._read.get(name, _NOTHING).find(*key)
            if extents is not None:
                if name in self._long:
                    self._last = name
                yield name, extents

    def files(self) -> set[Digest]:
        """Return the files of all lists."""
        self.refresh()
        return {file for table in self._read.values() for file in table}

    def known(self) -> Iterable[tuple[str, ExtentTable]]:
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
        names |= {name for name in self._second or () if name not in names and self._is_there_again(name)}
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
        table = parse(data)
        name = hashlib.sha256(data).hexdigest()
        if expected and name != expected:
            raise IntegrityError(f"the list {short(expected)} is damaged")
        return self._write(name, data, table)

    def write(self, files: Mapped, *, cut: str = "") -> None:
        """Keep lists that say this, as many as it takes for none to be long; see `dump` and `add`."""
        for portion in _portions(files):
            data = dump(portion, cut=cut)
            self._write(hashlib.sha256(data).hexdigest(), data, ExtentTable.of(portion))

    def _write(self, name: str, data: bytes, table: ExtentTable) -> str:
        if name in self._read and self.path(name).is_file():
            return name
        self._publish(name, data)
        if self._second:
            self._second.add(name, self.path(name), data)
        self._keep(name, table)
        return name

    def _publish(self, name: str, data: bytes) -> None:
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

    def _is_there_again(self, name: str) -> bool:
        """Give a list its first name back; where that fails it is one that cannot be read."""
        assert self._second
        with suppress(MlvError):
            self._publish(name, read_list(self._second.path(name), name))
        return os.path.lexists(self.standing(name))  # else somebody removed it just now

    def standing(self, name: str) -> Path:
        """Return the name by which a list stands here: the second where it has no other."""
        first = self.path(name)
        return first if not self._second or os.path.lexists(first) else self._second.path(name)

    def name_twice(self) -> None:
        """Give lists their second name that have none."""
        if self._second:
            for name in set(self.names()).difference(self._second):
                with suppress(IntegrityError):
                    self._second.add(name, self.path(name), self.bytes_of(name))

    def remove(self, name: str) -> None:
        """Delete a list; one that is not there is no error.

        Raises:
            MachineError: the system refuses.
        """
        self._unname(name)
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

    def _unname(self, name: str) -> None:
        if self._second:
            self._second.discard(name)

    def take_again(self, name: str) -> None:
        """Take a list that was set aside from its second name, which goes as well when it is damaged.

        Raises:
            MachineError: it cannot be written, or the second name not be removed.
        """
        self.forget(name)
        try:
            data = read_list(self._second.path(name), name) if self._second else b""
        except IntegrityError:
            self._unname(name)
            return
        if data:
            self._publish(name, data)
            self._load(name)

    def objects(self) -> set[str]:
        """Return the SHA-256 of every object that a list names."""
        return {each.sha256 for _, table in self.known() for each in table.objects}

    def drop(self, digests: Iterable[Digest]) -> None:
        """Let no list name these files any more: lists that do are written anew without them, or go.

        Raises:
            IntegrityError: a list cannot be read, so that what it needs is unknown; nothing was changed.
            MachineError: they cannot be written, or not be removed.
        """
        dead = set(digests)
        affected = [(name, table) for name, table in self.known() if any(file in table for file in dead)]
        self.require_known()
        for name, files in affected:
            left = {file: extents for file, extents in files.items() if file not in dead}
            if left:
                self.write(left)
            self.remove(name)

    def forget(self, name: str) -> None:
        """Go by a list no more that does not stand here any longer."""
        with self._lock:
            self.unreadable.discard(name)
            table = self._read.pop(name, _NOTHING)
            self._changes += 1
            if name in self._long:
                self._long = [each for each in self._long if each != name]
                self._last = ""
                return
            for file in table:
                left = [each for each in self._files[file] if each != name]
                if left:
                    self._files[file] = left
                else:
                    del self._files[file]

    def bytes_of(self, name: str) -> bytes:
        """Return a list as it stands, compared with its name.

        Raises:
            IntegrityError: it is missing, damaged or too long.
        """
        return read_list(self.path(name), name)

    def require_known(self) -> None:
        """Make sure that every list could be read: one that could not may need any object.

        Raises:
            IntegrityError: one is damaged, or of a newer format.
        """
        self.refresh()
        if self.unreadable:
            raise IntegrityError(
                f"the list {short(min(self.unreadable))} is damaged, or of a newer mlvgit: what it needs is not known, "
                "so nothing was removed",
                hint="git mlv fsck",
            )

    def require_access(self) -> None:
        """Make sure that lists are not only called unreadable because the system does not let us look.

        Raises:
            MachineError: one is there, and cannot be opened or read.
        """
        for name in sorted(self.unreadable):
            with machine_errors(f"read the list {self.path(name)}"):
                try:
                    self.path(name).read_bytes()
                except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                    continue

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
        with suppress(OSError), self.standing(name).open("rb") as file:
            yield from seem_named(file.read(min(os.fstat(file.fileno()).st_size, MAX_LIST_BYTES)))

    def _load(self, name: str) -> None:
        try:
            data = self.bytes_of(name)
            self._keep(name, _PARSED.get(name) or parse(data))
        except IntegrityError:
            self.unreadable.add(name)

    def _keep(self, name: str, table: ExtentTable) -> None:
        with self._lock:
            self.unreadable.discard(name)
            if name in self._read:
                return
            self._read[name] = _PARSED[name] = table
            _RECENT.append(table)
            if len(table) >= _LONG_TABLE:
                self._long = [*self._long, name]
            for file in table if len(table) < _LONG_TABLE else ():
                self._files.setdefault(file, []).append(name)
            self._changes += 1


def _portions(files: Mapped) -> Iterator[Mapped]:
    """Cut what a list would say into what lists of a fair length say."""
    portion: dict[Digest, tuple[Extent, ...]] = {}
    lines = 0
    for file in sorted(files, key=_SHA256):
        portion[file] = files[file]
        lines += 1 + len(files[file])
        if lines >= _LONG:
            yield portion
            portion, lines = {}, 0
    if portion:
        yield portion


def _settled(mtime_ns: int) -> bool:
    """Say whether a change made now would have another time."""
    return time.time_ns() - mtime_ns > RACY_NS
