"""What a folder holds, decided from `lstat` before anything is opened: the files to freeze, or why not."""

import os
import stat
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import le
from pathlib import Path
from typing import NamedTuple, Protocol, overload

from mlvgit.core.paths import all_fine, collisions, is_junk, unsafe_reason
from mlvgit.core.text import UNREADABLE, count, printable
from mlvgit.errors import MachineError, UsageError

__all__ = [
    "Passed",
    "Sized",
    "SourceFile",
    "Sources",
    "StatKey",
    "is_readable",
    "listed",
    "scan",
    "sizes_of",
    "stat_key",
]

MAX_LISTED = 20
MAX_FOLLOWED = 10_000
"""Links to folders that one scan follows: a few links, each to a folder of links, would otherwise multiply for ever."""

_new = tuple.__new__  # what a named tuple's own constructor calls

_KINDS = {
    stat.S_IFIFO: "is a FIFO",
    stat.S_IFSOCK: "is a socket",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
}


class StatKey(NamedTuple):
    """What the system says of a file's content without reading it; equal keys mean the same content, see `StatCache`.

    Attributes:
        dev, ino: which file.
        size: in bytes.
        mtime_ns, ctime_ns: when its content, and when anything about it, last changed; nanoseconds since 1970.
    """

    dev: int
    ino: int
    size: int
    mtime_ns: int
    ctime_ns: int


class _Size(Protocol):
    @property
    def size(self) -> int: ...


class Sized(Protocol):
    """What tells the size of its bytes as a file does."""

    @property
    def stat(self) -> _Size:
        """What has the size, in bytes."""


class SourceFile(NamedTuple):
    """One regular file of a source.

    Attributes:
        relative: its name below the source, POSIX; safe on every system.
        path: where to open it, as text, since there may be a million of them; behind a symlink that was followed, the target.
        stat: as it was when the source was scanned.
    """

    relative: str
    path: str
    stat: StatKey


class Sources(Sequence[SourceFile]):
    """Regular files, in columns: a source may have a million of them.

    Args:
        top: where most of them stand, under their names.

    Attributes:
        names: their names, in order.
        sizes: their sizes in bytes. Neither is to be changed.
    """

    __slots__ = ("_elsewhere", "_stats", "_top", "names", "sizes")

    def __init__(self, top: str = "") -> None:
        self._top = top
        self._elsewhere: dict[str, str] = {}
        self._stats = (array("Q"), array("Q"), array("Q"), array("q"), array("q"))  # the fields of `StatKey`
        self.names: list[str] = []
        self.sizes = self._stats[2]

    @classmethod
    def of(cls, files: Iterable[SourceFile], top: str = "") -> "Sources":
        """Return these files, sorted."""
        made = cls(top)
        for file in files:
            made.append(*file)
        made.sort()
        return made

    def append(self, name: str, path: str, stat: StatKey) -> None:
        """Append a file; see `SourceFile`."""
        if path != f"{self._top}/{name}":
            self._elsewhere[name] = path
        self.names.append(name)
        for column, value in zip(self._stats, stat, strict=True):
            column.append(value)

    def sort(self) -> None:
        """Sort by name: code points are in the order of their UTF-8."""
        names = self.names
        if all(map(le, names, islice(names, 1, None))):
            return
        order = sorted(range(len(names)), key=names.__getitem__)
        self.names = [names[index] for index in order]
        for column in self._stats:
            column[:] = array(column.typecode, map(column.__getitem__, order))

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> SourceFile: ...
    @overload
    def __getitem__(self, index: slice) -> "Sources": ...
    def __getitem__(self, index: "int | slice") -> "SourceFile | Sources":
        if isinstance(index, slice):
            return Sources.of((self[each] for each in range(*index.indices(len(self)))), self._top)
        name = self.names[index]
        dev, ino, size, mtime, ctime = self._stats
        path = self._elsewhere.get(name) if self._elsewhere else None
        found = _new(StatKey, (dev[index], ino[index], size[index], mtime[index], ctime[index]))
        return _new(SourceFile, (name, path or f"{self._top}/{name}", found))

    def __iter__(self) -> Iterator[SourceFile]:
        return map(self.__getitem__, range(len(self.names)))

    def paths(self) -> Iterator[str]:
        """Yield where each file is; its other fields are not looked up."""
        top, elsewhere = self._top, self._elsewhere
        return (elsewhere.get(name) or f"{top}/{name}" for name in self.names)


class Passed:
    """What a source has and a frozen version may not keep, gathered while it is scanned.

    Attributes:
        executable: how many files may be run.
        empty: folders that hold nothing to freeze.
    """

    def __init__(self) -> None:
        self.executable = 0
        self.empty: list[str] = []


def sizes_of(files: Sequence[Sized]) -> Sequence[int]:
    """Return the sizes of many files, in bytes, without making each of them where they are kept in columns."""
    return files.sizes if isinstance(files, Sources) else [file.stat.size for file in files]


def stat_key(found: os.stat_result) -> StatKey:
    """Pick from an `os.stat_result` what identifies a file's content."""
    return StatKey(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def listed(lines: Iterable[str], whole: int) -> str:
    """Join the first lines of a long list, and say how many more there are."""
    shown = [f"  {line}" for _, line in zip(range(MAX_LISTED), lines, strict=False)]
    if whole > len(shown):
        shown.append(f"  and {whole - len(shown):,} more")
    return "\n".join(shown)


def scan(
    source: Path,
    *,
    dereference: bool = False,
    also: str = "",
    skip: Callable[[str], bool] = is_junk,
    passed: Passed | None = None,
) -> Sources:
    """List the files of `source`, a folder or one file, sorted by name as UTF-8 bytes.

    Nothing is opened but folders. Folders without files are passed over, as Git does.

    Args:
        source: what to freeze.
        dereference: follow symlinks whose target lies inside the source, and take the target in their place.
        also: another folder, without links in its path, that targets may lie in; "" for none.
        skip: names, relative to the source, that are neither taken nor reported; a skipped folder is not entered.
        passed: is told what a frozen version may not keep.

    Raises:
        UsageError: the source does not exist or has no files, or has things that cannot be frozen: FIFOs, sockets,
            devices, symlinks, unsafe or colliding names, Git repositories, files that may not be read. All are named
            with the reason (the first 20, and how many).
        MachineError: the source itself cannot be looked at.
    """
    top, found = _top(source, dereference)
    if stat.S_ISREG(found.st_mode):
        walk = _Walk(os.path.dirname(top), dereference, skip, also, passed)
        walk.file(os.path.basename(os.fspath(source)) or os.path.basename(top), top, found)
    elif stat.S_ISDIR(found.st_mode):
        walk = _Walk(top, dereference, skip, also, passed)
        walk.folder("", top, (top,))
    else:
        raise UsageError(f"{printable(str(source))} {_kind(found.st_mode)}, so it cannot be frozen")
    return walk.result(source)


def _top(source: Path, dereference: bool) -> tuple[str, os.stat_result]:
    shown = printable(str(source))
    try:
        found = os.lstat(source)
        if stat.S_ISLNK(found.st_mode):
            if not dereference:
                raise UsageError(
                    f"{shown} is a symbolic link", hint="name what it points to, or follow it with --dereference"
                )
            found = os.stat(source)
        return os.path.realpath(source, strict=True) if dereference else os.fspath(source), found
    except FileNotFoundError as error:
        raise UsageError(f"{shown} does not exist") from error
    except OSError as error:
        raise MachineError(f"cannot look at {shown}: {error.strerror}") from error


class _Walk:
    """One pass over a source: what was found, and what was refused why."""

    def __init__(
        self, top: str, dereference: bool, skip: Callable[[str], bool], also: str, passed: Passed | None
    ) -> None:
        self.top = top
        self.passed = passed or Passed()
        self.also = also
        self.dereference = dereference
        self.skip = skip
        self.files = Sources(top)
        self.refused: list[tuple[str, str]] = []
        self.followed = 0

    def folder(self, prefix: str, path: str, above: tuple[str, ...]) -> None:
        """Enter the folder `path`, whose files are named `prefix...`; `above` are the real folders on the way."""
        pending = [(prefix, path, above)]
        while pending:
            prefix, path, above = pending.pop()
            before = len(self.files) + len(self.refused) + len(pending)
            try:
                with os.scandir(path) as entries:
                    for entry in entries:
                        self._entry(prefix, entry, above, pending)
            except OSError as error:
                self._refuse(prefix.rstrip("/") or ".", f"cannot be listed ({error.strerror})")
            if before == len(self.files) + len(self.refused) + len(pending):
                self.passed.empty.append(prefix.rstrip("/"))

    def _entry(
        self,
        prefix: str,
        entry: "os.DirEntry[str]",
        above: tuple[str, ...],
        pending: list[tuple[str, str, tuple[str, ...]]],
    ) -> None:
        relative = prefix + entry.name
        if self.skip(relative):
            return
        if entry.name == ".git":
            self._refuse(relative, "is a Git repository inside the source")
            return
        path = entry.path
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError as error:
            self._refuse(relative, f"cannot be looked at ({error.strerror})")
            return
        if stat.S_ISLNK(found.st_mode):
            followed = self._follow(relative, path, above)
            if followed is None:
                return
            path, found = followed
        if stat.S_ISREG(found.st_mode):
            self.file(relative, path, found)
        elif not stat.S_ISDIR(found.st_mode):
            self._refuse(relative, _kind(found.st_mode))
        elif reason := unsafe_reason(relative):
            self._refuse(relative, reason)
        else:
            pending.append((relative + "/", path, (*above, path) if self.dereference else above))

    def file(self, relative: str, path: str, found: os.stat_result) -> None:
        """Take the regular file `path`, or refuse it."""
        if reason := unsafe_reason(relative):
            self._refuse(relative, reason)
        elif not is_readable(path, found):
            self._refuse(relative, UNREADABLE)
        else:
            self.files.append(relative, path, stat_key(found))
            self.passed.executable += bool(found.st_mode & 0o111)

    def _follow(self, relative: str, path: str, above: tuple[str, ...]) -> tuple[str, os.stat_result] | None:
        """Return where the symlink `path` leads and what is there; None when it was refused."""
        if not self.dereference:
            self._refuse(relative, "is a symbolic link")
            return None
        try:
            target = os.path.realpath(path, strict=True)
            found = os.lstat(target)
        except OSError as error:
            self._refuse(relative, f"is a symbolic link that leads nowhere ({error.strerror})")
            return None
        reason = ""
        if not any(_is_in(folder, target) for folder in (self.top, self.also) if folder):
            reason = "is a symbolic link that leads out of the source"
        elif stat.S_ISDIR(found.st_mode):
            self.followed += 1
            if target in above:
                reason = "is a symbolic link to a folder that holds it"
            elif self.followed > MAX_FOLLOWED:
                reason = f"is one of more than {MAX_FOLLOWED:,} links to folders"
        if reason:
            self._refuse(relative, reason)
            return None
        return target, found

    def _refuse(self, relative: str, reason: str) -> None:
        self.refused.append((relative, reason))

    def result(self, source: Path) -> Sources:
        """Return the files, sorted; raise when anything was refused or there is none."""
        self.files.sort()
        for first, second in () if all_fine(self.files.names) else collisions(self.files.names):
            self._refuse(second, f"is, on some systems, the same name as {printable(first)}")
        if self.refused:
            raise self._error(source)
        if not self.files:
            raise UsageError(f"{printable(str(source))} has no files; an empty directory cannot be frozen")
        return self.files

    def _error(self, source: Path) -> UsageError:
        self.refused.sort()
        lines = (f"{printable(relative)}: {reason}" for relative, reason in self.refused)
        links = not self.dereference and any(reason == "is a symbolic link" for _, reason in self.refused)
        return UsageError(
            f"{count(len(self.refused), 'name')} in {printable(str(source))} cannot be frozen:\n"
            + listed(lines, len(self.refused)),
            hint="symbolic links that stay inside the source can be followed with --dereference" if links else "",
        )


def _is_in(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "is neither a file nor a folder")


def is_readable(path: str, found: os.stat_result) -> bool:
    """Say whether we may read a file; what everybody may read costs no call."""
    return found.st_mode & 0o444 == 0o444 or os.access(
        path, os.R_OK, effective_ids=os.access in os.supports_effective_ids
    )
