"""Merging a registry by what it means: what Git's merge driver does."""

from collections.abc import Sequence
from typing import NamedTuple

from mlvgit.actions.project import Project
from mlvgit.errors import DocumentError
from mlvgit.records.merge import merge_registry
from mlvgit.records.registry import Registry
from mlvgit.repo.conflicts import DEFAULT_MARKER_SIZE, merge_lines

__all__ = ["Merged", "crowded", "merge_texts", "only_one"]


class Merged(NamedTuple):
    """What merging three texts of a registry gave.

    Attributes:
        data: the merged registry; with conflicts, the merge of the lines.
        conflicts: a sentence for each; none when `data` is fine as it is.
    """

    data: bytes
    conflicts: tuple[str, ...]


def only_one(project: Project, path: str) -> frozenset[str]:
    """Return the stages that hold one version, by the settings in HEAD for what stands at `path`."""
    return project.committed().root_of(path).settings.exclusive


def merge_texts(
    project: Project, base: bytes, ours: bytes, theirs: bytes, *, path: str, marker_size: int = DEFAULT_MARKER_SIZE
) -> Merged:
    """Merge three texts of the registry at `path`.

    What cannot be read, or contradicts itself, is merged by lines. Which of two versions is in a stage that holds one
    is never decided here: that result always has conflict markers.

    Args:
        base: what both sides were made from; nothing when both added the file.
        path: from the top of the repository.
        marker_size: how many characters a conflict marker has.
    """
    alone = only_one(project, path)
    try:
        start = Registry.parse(base, path) if base.strip() else None
        one, other = Registry.parse(ours, path), Registry.parse(theirs, path)
    except DocumentError as error:
        return _merge_lines(project, base, ours, theirs, path, marker_size, error)
    merged, conflicts = merge_registry(start, one, other, exclusive=alone)
    if merged is None:
        text, clean = merge_lines(project.repo, base, ours, theirs, marker_size=marker_size)
        if clean:  # the lines fit together, what they say does not
            text, _ = merge_lines(project.repo, b"", ours, theirs, marker_size=marker_size)
        return Merged(text, tuple(conflicts))
    if merged == one:
        return Merged(ours, ())
    return Merged(theirs if merged == other else merged.dump(), ())


def _merge_lines(
    project: Project, base: bytes, ours: bytes, theirs: bytes, path: str, marker_size: int, why: DocumentError
) -> Merged:
    text, clean = merge_lines(project.repo, base, ours, theirs, marker_size=marker_size)
    if not clean:
        return Merged(text, (why.message,))
    try:
        return Merged(text, crowded(Registry.parse(text, path), only_one(project, path)))
    except DocumentError as error:
        return Merged(text, (error.message,))


def crowded(registry: Registry, alone: frozenset[str]) -> tuple[str, ...]:
    """Return a sentence for each stage that holds one version and has several."""
    return tuple(
        f"{_listed([entry.version for entry in found])} are all in {stage}, which holds one"
        for stage in sorted(alone)
        if len(found := registry.in_stage(stage)) > 1
    )


def _listed(words: Sequence[str]) -> str:
    return " and ".join(words)
