"""Contents: are the bytes of a tree those that a manifest lists? Pure over a Tree.

A Git LFS pointer counts as the bytes that it points to.
Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

import re
from collections.abc import Iterable, Mapping

from mlvgit.core.digest import Digest
from mlvgit.records.manifest import FileEntry
from mlvgit.rules.model import Tree

__all__ = ["Contents", "pointer"]

MAX_POINTER_BYTES = 1024
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,18})\n"
)


class Contents:
    """The bytes of one tree, hashed at most once.

    Args:
        tree: whose bytes.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._found: dict[str, Digest | None] = {}

    def digests(self, paths: Iterable[str]) -> Mapping[str, Digest | None]:
        """Return size and SHA-256 of `paths`, asking for all that are not known yet at once; None = not here."""
        wanted = list(paths)
        unknown = [path for path in wanted if path not in self._found]
        if unknown:
            answer = self._tree.digests(unknown)
            self._found.update((path, answer.get(path)) for path in unknown)
        return {path: self._found[path] for path in wanted}

    def differing(self, wanted: Mapping[str, FileEntry]) -> dict[str, Digest]:
        """Return what `paths` hold, for those whose bytes are here and are not what the entries say.

        Args:
            wanted: path from the top of the repository -> what a manifest says about it.
        """
        found = self.digests(wanted)
        return {
            path: digest
            for path, entry in wanted.items()
            if (digest := found[path]) is not None
            and digest != (entry.size_bytes, entry.sha256)
            and self._pointed(path, digest) != (entry.size_bytes, entry.sha256)
        }

    def _pointed(self, path: str, digest: Digest) -> Digest | None:
        if digest.size > MAX_POINTER_BYTES:
            return None
        try:
            return pointer(self._tree.read(path))
        except KeyError:
            return None


def pointer(data: bytes) -> Digest | None:
    """Read a Git LFS pointer: what it points to, None when `data` is not one."""
    match = _POINTER.fullmatch(data)
    return Digest(int(match[2]), match[1].decode()) if match else None
