"""What Git is in the middle of merging: the sides of a path in conflict, and merging three texts by lines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = ["Commits", "Sides", "commits_in_merge", "commits_merged", "conflicted", "merge_lines"]

_BASE, _OURS, _THEIRS = 1, 2, 3
DEFAULT_MARKER_SIZE = 7


class Sides(NamedTuple):
    """Blobs of one path; "" where a side has no file.

    Attributes:
        base: what both sides were made from.
        ours: the side that is checked out (in a rebase, what the commits are put onto).
        theirs: the side that is brought in.
    """

    base: str
    ours: str
    theirs: str


class Commits(NamedTuple):
    """The three commits of a merge, a cherry-pick, a revert or a pick of a rebase; `base` may be ""."""

    base: str
    ours: str
    theirs: str


def conflicted(repo: Repository) -> dict[str, Sides]:
    """Return the paths that the index holds in conflict, with their blobs (stages 1 to 3)."""
    found: dict[str, dict[int, str]] = {}
    for record in repo.git.lines0("ls-files", "--unmerged", "-z", "--full-name"):
        facts, _, path = record.partition("\t")
        _, oid, stage = facts.split(" ")
        found.setdefault(path, {})[int(stage)] = oid
    return {
        path: Sides(stages.get(_BASE, ""), stages.get(_OURS, ""), stages.get(_THEIRS, ""))
        for path, stages in found.items()
    }


def commits_in_merge(repo: Repository) -> Commits | None:
    """Return what Git is merging now; None when it is not, or merges more than two."""
    ours = repo.head()
    if ours is None:
        return None
    merged = _merge_heads(repo)
    if merged:
        return _with_base(repo, ours, merged[0]) if len(merged) == 1 else None
    for name in ("CHERRY_PICK_HEAD", "REBASE_HEAD"):
        picked = repo.resolve(name) if repo.operation() else None
        if picked:
            return Commits(repo.resolve(f"{picked}^") or "", ours, picked)
    reverted = repo.resolve("REVERT_HEAD")
    return Commits(reverted, ours, repo.resolve(f"{reverted}^") or "") if reverted else None


def commits_merged(repo: Repository) -> Commits | None:
    """Return the three commits of the merge that HEAD is; None when it is none, or merges more than two."""
    head = repo.head()
    parents = repo.git.text("rev-list", "--parents", "--max-count=1", head).split()[1:] if head else []
    return _with_base(repo, *parents) if len(parents) == 2 else None


def _merge_heads(repo: Repository) -> list[str]:
    try:
        return (repo.git_dir / "MERGE_HEAD").read_text("ascii").split()
    except OSError:
        return []


def _with_base(repo: Repository, ours: str, theirs: str) -> Commits:
    base = repo.git.text("merge-base", ours, theirs, ok=(0, 1)).partition("\n")[0]
    return Commits(base, ours, theirs)


def merge_lines(
    repo: Repository, base: bytes, ours: bytes, theirs: bytes, *, marker_size: int = DEFAULT_MARKER_SIZE
) -> tuple[bytes, bool]:
    """Merge three texts by lines, as Git does without a driver (`merge.conflictStyle` is honoured).

    Returns:
        The text, with conflict markers where both sides changed the same lines, and whether it has none. What is no
        text gives ours and False.
    """
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="mlv-") as folder:
        paths = []
        for name, data in (("ours", ours), ("base", base), ("theirs", theirs)):
            paths.append(os.path.join(folder, name))
            with open(paths[-1], "wb") as file:
                file.write(data)
        labels = ("-L", "ours", "-L", "base", "-L", "theirs")
        status = repo.git.status("merge-file", "--quiet", f"--marker-size={marker_size}", *labels, *paths)
        with open(paths[0], "rb") as file:
            return file.read(), status == 0
