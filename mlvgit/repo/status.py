"""What the index and the working directory have otherwise than HEAD, read from Git's own lists."""

from typing import Final

from mlvgit.repo.disk import kind_on_disk
from mlvgit.repo.git import Git, decode
from mlvgit.rules.trees import MODE_SYMLINK, MODE_UNREADABLE, Entry

__all__ = ["Delta", "raw_changes", "staged", "unstaged"]

_UNHASHED: Final[dict[int, Entry]] = {}
"""One of each kind is enough for all files that Git has not hashed."""

Delta = dict[str, Entry | None]
"""Path -> what stands there now, None for a deletion."""


def raw_changes(records: list[str]) -> tuple[dict[str, tuple[Entry | None, Entry | None]], frozenset[str]]:
    """Parse `--raw -z --no-renames` output.

    Returns:
        Path -> (before, after), and the paths that are unmerged (which are not among the former).

    Source: git-diff-index(1), "Raw output format".
    """
    changes: dict[str, tuple[Entry | None, Entry | None]] = {}
    unmerged = set()
    for header, path in zip(records[::2], records[1::2], strict=True):
        old_mode, new_mode, old_oid, new_oid, kind = header[1:].split(" ")
        if kind == "U":
            unmerged.add(path)
        else:
            changes[path] = (_entry(old_mode, old_oid), _entry(new_mode, new_oid))
    return {path: change for path, change in changes.items() if path not in unmerged}, frozenset(unmerged)


def _entry(mode: str, oid: str) -> Entry | None:
    number = int(mode, 8)
    return Entry(number, "" if not oid.strip("0") else oid) if number else None


def staged(git: Git, base: str) -> tuple[Delta, frozenset[str]]:
    """Return what the index has otherwise than the tree of `base`, and its unmerged paths.

    The index is the one that the environment names. A path that `git add -N` only announced is not in it.
    """
    args = ("diff-index", "--cached", "--raw", "-z", "-r", "--no-renames", "--no-abbrev", "--ita-invisible-in-index")
    changes, unmerged = raw_changes(git.lines0(*args, base, "--"))
    return {path: after for path, (_, after) in changes.items()}, unmerged


def unstaged(git: Git, top: bytes) -> tuple[Delta, frozenset[str]]:
    """Return what the disk has otherwise than HEAD, and the unmerged paths; submodules are left alone.

    Source: git-status(1), "Porcelain Format Version 2".
    """
    args = ("status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=all")
    delta: Delta = {}
    unmerged = set()
    for line in git.records(*args):
        record = decode(line)
        kind = record[0]
        if kind == "1":
            _, xy, _, _, index_mode, disk_mode, _, index_oid, path = record.split(" ", 8)
            delta[path] = _entry(index_mode, index_oid) if xy[1] == "." else _on_disk(top, path, disk_mode)
        elif kind == "u":
            words = record.split(" ", 10)
            delta[words[10]] = _on_disk(top, words[10], words[6])
            unmerged.add(words[10])
        elif kind == "?" and not record.endswith("/"):
            path = record[2:]
            delta[path] = _on_disk(top, path, "")
    return delta, frozenset(unmerged)


def _on_disk(top: bytes, path: str, told: str) -> Entry | None:
    """Return the entry of a file that Git has not hashed.

    Git's word on the mode counts (`core.fileMode`), but a FIFO in the place of a file is a file to it.
    """
    mode = kind_on_disk(top, path)
    if mode not in (0, MODE_SYMLINK, MODE_UNREADABLE) and told.startswith("100"):
        mode = int(told, 8)
    return _UNHASHED.setdefault(mode, Entry(mode, "")) if mode else None
