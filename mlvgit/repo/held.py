"""What this worktree holds of bytes that Git ignores: which folders, and the stat of everything in them.

`<git dir>/mlv-held` lets the commit hook see by `lstat` alone that nothing moved. A line: inode, size, mtime and ctime
in nanoseconds, file type, then the path from the top of the worktree; NUL between lines; a line `-,top` names the frozen
folder that the lines before it are of. The manifest beside a folder has a line as well: where Git wrote another one, by
`git reset` for example, the bytes are to be compared with it. What was never fetched has no line.
A folder's own times tell that a name came or
went; its size says nothing. The last line is `-,end` with the CRC-32 of all lines before it.
The file is a cache of what is on disk. Where there is none, or a damaged one, `info/exclude` tells which frozen folders
Git was told to ignore: of those that stand here nothing is known, and all in them is to be looked at once.
"""

from __future__ import annotations

import os

from mlvgit.repo.replacing import replace_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["GONE", "NAME", "Held", "forget", "manifest_of", "moved", "record", "stamps"]

NAME = "mlv-held"
_TOP = b"-,top"
_OF = _TOP + b" "
_UNSEEN = b"-,unseen"
_END = b"-,end"
GONE = b"-,gone"
"""The stat of what does not stand there."""


def moved(git_dir: str) -> bool:
    """Say whether anything that the worktree in the current folder holds may have changed since it was recorded."""
    data = _read(git_dir)
    return bool(_unknown(git_dir, ".")) if data is None else any(True for _ in _moved(data, b""))


class Held:
    """What a worktree was given, as it is written down, read once.

    Attributes:
        damaged: it was written down, and cannot be read any more.
    """

    def __init__(self, git_dir: str, top: str) -> None:
        """Read it; `git_dir` is the worktree's own, `top` its top."""
        data = _read(git_dir)
        self.damaged = data is None and os.path.lexists(os.path.join(git_dir, NAME))
        self._top = top
        self._data = _nothing_seen(git_dir, top) if data is None else data

    def moved(self) -> frozenset[str]:
        """Return the paths, from the top, that may have changed: files, and folders with a new name."""
        here = os.path.samefile(self._top, os.curdir)
        before = b"" if here else os.fsencode(self._top) + b"/"  # short paths take less to look up
        return frozenset(os.fsdecode(path) for path in _moved(self._data, before))

    def folders(self) -> list[str]:
        """Return the frozen folders that the worktree holds, from its top."""
        return list(self.sections())

    def paths(self, folder: str) -> frozenset[str]:
        """Return the paths, from the top, that the worktree was given of a folder, whether they stand there or not."""
        return frozenset(map(os.fsdecode, _by_path(self.sections().get(folder, b"")))) - {manifest_of(folder)}

    def sections(self) -> dict[str, bytes]:
        """Return the lines that are written of each folder, as they stand, since there may be a million."""
        data = self._data
        found: dict[str, bytes] = {}
        start = 0
        while start < len(data):
            end = start if data.startswith(_OF, start) else data.find(b"\0" + _OF, start) + 1
            if not data.startswith(_OF, end):
                break
            after = data.index(b"\0", end)
            found[os.fsdecode(data[end + len(_OF) : after])] = data[start:end]
            start = after + 1
        return found


def _moved(data: bytes, before: bytes) -> Iterator[bytes]:
    """Yield the paths that are not as `data` says; `before` leads to the top."""
    for line in data.split(b"\0")[:-1]:
        said, _, path = line.partition(b" ")
        if said != _TOP and _stat(before + path) != said:
            yield path


def manifest_of(folder: str) -> str:
    """Return the path of the manifest that says what a frozen folder has."""
    return folder + ".manifest.json"


def stamps(top: str, paths: Iterable[str]) -> dict[str, bytes]:
    """Return how each path, from `top`, stands now: taken before bytes are looked at, it tells of what is written meanwhile."""
    start = os.fsencode(top)
    return {path: _stat(os.path.join(start, os.fsencode(path))) for path in paths}


def record(git_dir: str, top: str, folders: Iterable[str], seen: Mapping[str, bytes] | None = None) -> None:
    """Write down what stands in `folders`; what was written of other folders stays, as nobody looked at them.

    Args:
        folders: frozen folders, from `top`.
        seen: the paths, from `top`, whose bytes are known to be right, with their `stamps`; None for all in `folders`, as
            they stand now. Others keep what was written of them, so that a change is seen at the next look, and what is
            new there is looked at then.

    Raises:
        OSError: the file cannot be written.
    """
    known: dict[str, bytes | Iterable[bytes]] = {**Held(git_dir, top).sections()}
    for folder in set(folders):
        if seen is None:
            known[folder] = _now(top, folder)
        else:
            before = known.get(folder)
            known[folder] = _seen(top, folder, seen, _by_path(before if isinstance(before, bytes) else b""))
    _write(git_dir, {folder: said for folder, said in known.items() if os.path.isdir(os.path.join(top, folder))})


def forget(git_dir: str, top: str, folders: Iterable[str]) -> None:
    """Write down that these folders are not held any more; what was written of others stays.

    Raises:
        OSError: the file cannot be written.
    """
    gone = set(folders)
    _write(git_dir, {folder: said for folder, said in Held(git_dir, top).sections().items() if folder not in gone})


def _write(git_dir: str, known: Mapping[str, bytes | Iterable[bytes]]) -> None:
    replace_file(os.path.join(git_dir, NAME), _ended(_written(known)))


def _ended(portions: Iterable[bytes]) -> Iterator[bytes]:
    import zlib

    checksum = 0
    for portion in portions:
        checksum = zlib.crc32(portion, checksum)
        yield portion
    yield _end(checksum)


def _end(checksum: int) -> bytes:
    return b"%b %08x\0" % (_END, checksum)


def _written(known: Mapping[str, bytes | Iterable[bytes]]) -> Iterator[bytes]:
    for folder in sorted(known):
        said = known[folder]
        if isinstance(said, bytes):
            yield said
        else:
            yield from said
        yield _OF + os.fsencode(folder) + b"\0"


def _now(top: str, folder: str) -> Iterator[bytes]:
    """Yield the lines of all that stands in a folder."""
    start = os.fsencode(top)
    for relative in _walk(top, folder):
        yield b"%b %b\0" % (_stat(os.path.join(start, relative)), relative)


def _seen(top: str, folder: str, seen: Mapping[str, bytes], before: dict[bytes, bytes]) -> Iterator[bytes]:
    """Yield the lines of a folder of which only what was seen is written anew."""
    standing = frozenset(_walk(top, folder))
    for path in standing.union(before):
        said = seen.get(os.fsdecode(path)) or before.get(path, _UNSEEN)
        if said != GONE:
            yield b"%b %b\0" % (said, path)
        elif path in standing:  # it came since
            yield b"%b %b\0" % (_UNSEEN, path)


def _by_path(lines: bytes) -> dict[bytes, bytes]:
    """Return what was said of each path."""
    pairs = (line.partition(b" ") for line in lines.split(b"\0")[:-1])
    return {path: said for said, _, path in pairs}


def _walk(top: str, folder: str) -> Iterator[bytes]:
    start = os.fsencode(top)
    if os.path.lexists(os.path.join(top, manifest_of(folder))):
        yield os.fsencode(manifest_of(folder))
    for parent, _, names in os.walk(os.path.join(start, os.fsencode(folder))):
        inside = os.path.relpath(parent, start)
        yield inside
        for name in names:
            yield os.path.join(inside, name)


def _nothing_seen(git_dir: str, top: str) -> bytes:
    """Return the lines of what stands when nothing of it is known."""
    unseen = {
        folder: (b"%b %b\0" % (_UNSEEN, path) for path in _walk(top, folder)) for folder in _unknown(git_dir, top)
    }
    return b"".join(_written(unseen))


def _read(git_dir: str) -> bytes | None:
    """Return all lines but the last one; None where there are none, or they are not what was written."""
    try:
        with open(os.path.join(git_dir, NAME), "rb") as file:
            data = file.read()
    except OSError:
        return None
    import zlib  # nearly all commits are of repositories that hold nothing

    start = data.rfind(b"\0", 0, -1) + 1
    return data[:start] if data[start:] == _end(zlib.crc32(memoryview(data)[:start])) else None


def _unknown(git_dir: str, top: str) -> list[str]:
    """Return the frozen folders that Git was told to ignore and that stand here, from the top."""
    from mlvgit.repo.excludes import excluded
    from mlvgit.repo.git import common_dir_of

    return [folder for folder in excluded(common_dir_of(git_dir)) if _is_frozen(os.path.join(top, folder))]


def _is_frozen(folder: str) -> bool:
    beside = manifest_of(folder), os.path.join(os.path.dirname(folder), "manifest.json")
    return os.path.isdir(folder) and any(map(os.path.lexists, beside))


def _stat(path: bytes) -> bytes:
    try:
        found = os.lstat(path)
    except OSError:
        return GONE
    kind = (found.st_mode & 0o170000) >> 12
    size = found.st_size if kind == 8 else 0
    return b"%d,%d,%d,%d,%d" % (found.st_ino, size, found.st_mtime_ns, found.st_ctime_ns, kind)
