"""What this worktree holds of bytes that Git ignores: which folders, and the stat of everything in them.

`<git dir>/mlv-held` lets the commit hook see by `lstat` alone that nothing moved. A line: inode, size, mtime and ctime
in nanoseconds, file type, then the path from the top of the worktree; NUL between lines; a line `-,top` names the frozen
folder that the lines before it are of. What was never fetched has no line. A folder's own times tell that a name came or
went; its size says nothing. The last line is `-,end`: a file without it is damaged, and all that stands is looked at.
The file is a cache of what is on disk: where there is none nothing is held, and `git mlv pull` or
`git mlv snapshot create` write it anew.
"""

from __future__ import annotations

import os

from mlvgit.repo.replacing import replace_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

__all__ = ["NAME", "forget", "held_folders", "held_paths", "is_damaged", "moved", "moved_paths", "record"]

NAME = "mlv-held"
_TOP = b"-,top"
_UNSEEN = b"-,unseen"
_END = b"-,end"


def moved(git_dir: str) -> bool:
    """Say whether anything that the worktree in the current folder holds may have changed since it was recorded."""
    data = _read(git_dir)
    return data is not None and (_cut(data) or any(True for _ in _moved(data, b"")))


def is_damaged(git_dir: str) -> bool:
    """Say whether what this worktree holds was written down, and cannot be read any more."""
    data = _read(git_dir)
    return data is not None and _cut(data)


def moved_paths(git_dir: str, top: str) -> frozenset[str]:
    """Return the paths, from `top`, that may have changed since they were recorded: files, and folders with a new name."""
    return frozenset(os.fsdecode(path) for path in _moved(_read(git_dir) or b"", os.fsencode(top) + b"/"))


def _moved(data: bytes, before: bytes) -> Iterator[bytes]:
    """Yield the paths that are not as `data` says; `before` leads to the top."""
    for line in _lines(data):
        said, _, path = line.partition(b" ")
        if said != _TOP and _stat(before + path) != said:
            yield path


def held_folders(git_dir: str) -> list[str]:
    """Return the frozen folders that this worktree holds, from its top."""
    found = []
    for line in _lines(_read(git_dir) or b""):
        said, _, path = line.partition(b" ")
        if said == _TOP:
            found.append(os.fsdecode(path))
    return found


def held_paths(git_dir: str, folder: str) -> frozenset[str]:
    """Return the paths, from the top, that the worktree was given of a frozen folder, whether they stand there or not."""
    return frozenset(map(os.fsdecode, _by_folder(git_dir).get(folder, ())))


def record(git_dir: str, top: str, folders: Iterable[str], seen: Container[str] | None = None) -> None:
    """Write down what stands in `folders` now; what was written of other folders stays, as nobody looked at them.

    Args:
        folders: frozen folders, from `top`.
        seen: the paths, from `top`, whose bytes are known to be right; None for all in `folders`. Others keep what was
            written of them, so that a change is seen at the next look, and what is new there is looked at then.

    Raises:
        OSError: the file cannot be written.
    """
    known = _by_folder(git_dir)
    known |= {folder: _now(top, folder, seen, known.get(folder, {})) for folder in set(folders)}
    _write(git_dir, {folder: lines for folder, lines in known.items() if os.path.isdir(os.path.join(top, folder))})


def forget(git_dir: str, folders: Iterable[str]) -> None:
    """Write down that these folders are not held any more; what was written of others stays.

    Raises:
        OSError: the file cannot be written.
    """
    gone = set(folders)
    _write(git_dir, {folder: lines for folder, lines in _by_folder(git_dir).items() if folder not in gone})


def _write(git_dir: str, known: dict[str, dict[bytes, bytes]]) -> None:
    path = os.path.join(git_dir, NAME)
    if not known:
        if os.path.exists(path):
            os.unlink(path)
        return
    replace_file(path, _written(known))


def _written(known: dict[str, dict[bytes, bytes]]) -> Iterator[bytes]:
    for folder, lines in sorted(known.items()):
        for relative, said in lines.items():
            yield said + b" " + relative + b"\0"
        yield _TOP + b" " + os.fsencode(folder) + b"\0"
    yield _END + b"\0"


def _now(top: str, folder: str, seen: Container[str] | None, before: dict[bytes, bytes]) -> dict[bytes, bytes]:
    start = os.fsencode(top)
    found = {} if seen is None else dict(before)
    for relative in _walk(top, folder):
        if seen is None or os.fsdecode(relative) in seen:
            found[relative] = _stat(os.path.join(start, relative))
        else:
            found.setdefault(relative, _UNSEEN)
    return found


def _by_folder(git_dir: str) -> dict[str, dict[bytes, bytes]]:
    """Return what is written of each folder: path -> what was said of it."""
    found: dict[str, dict[bytes, bytes]] = {}
    lines: dict[bytes, bytes] = {}
    for line in _lines(_read(git_dir) or b""):
        said, _, path = line.partition(b" ")
        if said == _TOP:
            found[os.fsdecode(path)] = lines
            lines = {}
        else:
            lines[path] = said
    return found


def _walk(top: str, folder: str) -> Iterator[bytes]:
    start = os.fsencode(top)
    for parent, _, names in os.walk(os.path.join(start, os.fsencode(folder))):
        inside = os.path.relpath(parent, start)
        yield inside
        for name in names:
            yield os.path.join(inside, name)


def _lines(data: bytes) -> list[bytes]:
    return [] if _cut(data) else data.split(b"\0")[:-2]


def _cut(data: bytes) -> bool:
    return not data.endswith(b"\0" + _END + b"\0")


def _read(git_dir: str) -> bytes | None:
    try:
        with open(os.path.join(git_dir, NAME), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError:
        return b""


def _stat(path: bytes) -> bytes:
    try:
        found = os.lstat(path)
    except OSError:
        return b"-,gone"
    kind = (found.st_mode & 0o170000) >> 12
    size = found.st_size if kind == 8 else 0
    return b"%d,%d,%d,%d,%d" % (found.st_ino, size, found.st_mtime_ns, found.st_ctime_ns, kind)
