"""Is a store-kept version away from this worktree? One answer for the guard of commits, `status` and what they advise."""

import os

from mlvgit.actions.project import Project
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.storage import kept_in_store

__all__ = ["files_away", "is_away", "lacked"]


def is_away(project: Project, frozen: Frozen) -> bool:
    """Say whether none of the files that the store keeps of a version stands here; what Git tracks stands in every clone."""
    folder, manifest = project.top / frozen.directory, frozen.manifest
    if manifest is None or manifest.listed or not folder.is_dir():  # a list of a million files is not read for this
        return not folder.is_dir()
    stored = kept_in_store(manifest, frozen.key)
    return bool(stored) and not any(os.path.lexists(folder / name) for name in stored)


def lacked(project: Project, frozen: Frozen) -> tuple[int, int]:
    """Return how many files that the store keeps of a version do not stand here, by their names alone; and their bytes."""
    folder, manifest = project.top / frozen.directory, frozen.manifest
    if manifest is None:
        return 0, 0
    if manifest.listed:  # a list of a million files is not read for this
        return (manifest.file_count, manifest.total_bytes) if is_away(project, frozen) else (0, 0)
    here = folder.is_dir()
    gone = [
        digest.size
        for name, digest in kept_in_store(manifest, frozen.key).items()
        if not (here and os.path.lexists(f"{folder}/{name}"))
    ]
    return len(gone), sum(gone)


def files_away(project: Project, frozen: Frozen) -> int:
    """Count the files that the store keeps of a version and that do not stand here, by their names alone."""
    folder, manifest = project.top / frozen.directory, frozen.manifest
    if manifest is None or manifest.listed:  # a list of a million files is not read for this
        return 0
    return sum(not os.path.lexists(f"{folder}/{name}") for name in kept_in_store(manifest, frozen.key))
