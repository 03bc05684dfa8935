"""Is a store-kept version away from this worktree? One answer for the guard of commits, `status` and what they advise."""

import os

from mlvgit.actions.project import Project
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.storage import kept_in_store

__all__ = ["is_away"]


def is_away(project: Project, frozen: Frozen) -> bool:
    """Say whether none of the files that the store keeps of a version stands here; what Git tracks stands in every clone."""
    folder, manifest = project.top / frozen.directory, frozen.manifest
    if manifest is None or manifest.listed or not folder.is_dir():  # a list of a million files is not read for this
        return not folder.is_dir()
    stored = kept_in_store(manifest, frozen.key)
    return bool(stored) and not any(os.path.lexists(folder / name) for name in stored)
