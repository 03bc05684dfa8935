"""What sources were when they were last frozen, by stat: the same command again need not read them.

Only "frozen already" is ever said from memory. What is frozen, tagged, pushed, served or verified is hashed.
"""

import time
from collections.abc import Sequence

from mlvgit.actions.project import Project
from mlvgit.core.digest import Digest, tree_sha256
from mlvgit.core.digests import Digests
from mlvgit.records.manifest import Manifest
from mlvgit.store.scan import SourceFile, sizes_of
from mlvgit.store.statcache import MAX_ENTRIES, StatCache

__all__ = ["LEAST_BYTES", "frozen_as", "hashing_begins", "remember"]

LEAST_BYTES = 1 << 24
"""Below this much in all, hashing costs less than keeping the list."""


def frozen_as(project: Project, files: Sequence[SourceFile], manifest: Manifest) -> Digests | None:
    """Return the digests of `files` when all are known and are what `manifest` freezes; else they must be read."""
    if sum(sizes_of(files)) < LEAST_BYTES or len(files) != manifest.file_count:
        return None
    cache = _cache(project)
    found = Digests()
    for file in files:
        digest = cache.get(file.stat)
        if digest is None:
            return None
        found.append(*digest)
    identity = tree_sha256((file.relative, digest.sha256) for file, digest in zip(files, found, strict=True))
    return found if identity == manifest.tree_sha256 else None


def hashing_begins() -> int:
    """Return what `remember` wants to know, in nanoseconds since 1970; to be asked before anything is read."""
    return time.time_ns()


def remember(project: Project, files: Sequence[SourceFile], digests: Sequence[Digest], since: int) -> None:
    """Note what was just hashed; a note that cannot be written is no failure."""
    if len(files) > MAX_ENTRIES or sum(sizes_of(files)) < LEAST_BYTES:
        return
    cache = _cache(project)
    for file, digest in zip(files, digests, strict=True):
        cache.put(file.stat, digest, since)
    cache.save()


def _cache(project: Project) -> StatCache:
    return StatCache(project.repo.state_dir / "cache" / "stat")
