"""Trees as rules see them: files by path, whatever they stand in. Pure; on the path of every reading command."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from mlvgit.core.digest import Digest

__all__ = [
    "MODE_EXECUTABLE",
    "MODE_FILE",
    "MODE_GITLINK",
    "MODE_SYMLINK",
    "MODE_UNREADABLE",
    "Change",
    "Changes",
    "EmptyTree",
    "Entry",
    "Tree",
]

MODE_FILE = 0o100644
MODE_EXECUTABLE = 0o100755
MODE_SYMLINK = 0o120000
MODE_GITLINK = 0o160000
MODE_UNREADABLE = 0o100000
"""No mode of Git's: a file of the working directory that we may not read, so that its bytes are not known."""


class Entry(NamedTuple):
    """A file in a tree.

    Attributes:
        mode: Git's mode: 0o100644, 0o100755, 0o120000 (symlink), 0o160000 (submodule).
        oid: the blob's id; "" for a file of the working directory that Git has not hashed.
    """

    mode: int
    oid: str


class Tree(Protocol):
    """A read-only view of paths and bytes: a commit, the index, the working directory.

    Paths are relative to the top of the repository; bytes that are not UTF-8 appear as surrogates.
    """

    label: str

    def entry(self, path: str) -> Entry | None:
        """Return the file at exactly this path."""

    def below(self, folder: str) -> Mapping[str, Entry]:
        """Return every file below `folder`, by full path; "" is the whole tree."""

    def names(self, folder: str) -> Mapping[str, bool]:
        """Return the immediate children of `folder`: name -> is it a folder."""

    def find(self, name: str) -> list[str]:
        """Return the paths of all files with this base name, sorted."""

    def read(self, path: str) -> bytes:
        """Return a file's bytes; KeyError when there is none."""

    def digests(self, paths: Iterable[str]) -> Mapping[str, Digest | None]:
        """Return size and SHA-256 of the contents of `paths`; None where the bytes are not here."""


class EmptyTree:
    """A tree with nothing in it: what stood before the first commit."""

    label = "nothing"

    def entry(self, path: str) -> Entry | None:
        """Return None."""
        del path
        return None

    def below(self, folder: str) -> Mapping[str, Entry]:
        """Return nothing."""
        del folder
        return {}

    def names(self, folder: str) -> Mapping[str, bool]:
        """Return nothing."""
        del folder
        return {}

    def find(self, name: str) -> list[str]:
        """Return nothing."""
        del name
        return []

    def read(self, path: str) -> bytes:
        """Raise KeyError."""
        raise KeyError(path)

    def digests(self, paths: Iterable[str]) -> Mapping[str, Digest | None]:
        """Return that no bytes are here."""
        return dict.fromkeys(paths)


Change = tuple[Entry | None, Entry | None]
Changes = Mapping[str, Change]
"""Path -> (before, after) of every file that differs, renames as a deletion and an addition."""
