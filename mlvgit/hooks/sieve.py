"""The sieve: could a change be any of our business? No settings are read, no module but `os` is imported.

It may say yes for nothing (somebody's `deploy.yaml`), never no for something of ours: the guard decides.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlvgit.repo.git import Git

__all__ = ["could_be_ours", "folders", "touched"]

_DEFAULT_FOLDERS = (b"data/snapshots/", b"models/", b"runs/")
_NAMES = frozenset((b"registry.json", b"manifest.json", b".gitattributes"))
_ENDINGS = (b".manifest.json", b".yaml", b".yml")
_VERSIONED = tuple(b"v%d" % digit for digit in range(10))


def folders(common_dir: str) -> tuple[bytes, ...]:
    """Return our folders, each with a slash at its end, as the hints file lists them; the defaults without one."""
    try:
        with open(os.path.join(common_dir, "mlv", "folders"), "rb") as file:
            lines = file.read().lower().split(b"\n")
    except OSError:
        return _DEFAULT_FOLDERS
    return tuple(line for line in lines if line.endswith(b"/")) or _DEFAULT_FOLDERS


def could_be_ours(path: bytes, ours: tuple[bytes, ...]) -> bool:
    """Say whether a changed path might be a frozen file, a document of ours, or what decides about them."""
    path = path.lower()  # a file system may not tell Models/ from models/
    name = path[path.rfind(b"/") + 1 :]
    if name in _NAMES or name.endswith(_ENDINGS) or path.startswith(ours):
        return True
    if any(version in path for version in _VERSIONED):
        return True
    above = path + b"/"  # a symlink or a submodule in the place of one of our folders
    return any(folder.startswith(above) for folder in ours)


def touched(git: Git, parents: Iterable[str], ours: tuple[bytes, ...]) -> bool:
    """Say whether the index that Git is committing differs from one of `parents` in what could be ours.

    Raises:
        GitError: a parent cannot be read; HEAD before the first commit is one.
    """
    for parent in parents:
        raw = git.run("diff-index", "--cached", "--raw", "-z", "--no-renames", parent, "--")
        if any(could_be_ours(path, ours) for path in raw.split(b"\0")[1::2]):
            return True
    return False
