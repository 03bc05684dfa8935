"""Keeping Git's hands off bytes that the store holds: their folders are listed in `info/exclude`.

That file is this clone's own (gitignore(5)), so two branches that each freeze something never conflict over it, and a
folder that was frozen into Git stays visible to `git add`. Tracked files in such a folder are not affected.
"""

from __future__ import annotations

import os

from mlvgit.repo.git import encode
from mlvgit.repo.replacing import replace_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlvgit.repo.repository import Repository

__all__ = ["exclude", "excluded"]

_SPECIAL = frozenset("\\*?[]!# ")  # no regular expressions: commits read this file


def exclude(repo: Repository, directories: Iterable[str]) -> bool:
    """Have Git ignore these folders (from the top of the repository); return whether anything had to be written.

    Raises:
        OSError: the file cannot be written.
    """
    path = repo.common_dir / "info" / "exclude"
    try:
        before = path.read_bytes()
    except FileNotFoundError:
        before = b""
    standing = set(before.splitlines())
    lines = [encode(f"/{_escaped(directory)}/") for directory in sorted(set(directories))]
    new = [line for line in lines if line not in standing]
    if not new:
        return False
    replace_file(
        path, [before, b"\n" if before and not before.endswith(b"\n") else b"", *[line + b"\n" for line in new]]
    )
    return True


def excluded(common_dir: str) -> list[str]:
    """Return the folders, from the top of the repository, that Git was told to ignore, also those that others wrote there."""
    try:
        with open(os.path.join(common_dir, "info", "exclude"), "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    folders = (line[1:-1] for line in lines if len(line) > 2 and line[:1] == b"/" == line[-1:])
    return [_unescaped(os.fsdecode(folder)) for folder in folders]


def _escaped(folder: str) -> str:
    return "".join("\\" + letter if letter in _SPECIAL else letter for letter in folder)


def _unescaped(pattern: str) -> str:
    return "\\".join(part.replace("\\", "") for part in pattern.split("\\\\"))
