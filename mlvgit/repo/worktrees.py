"""The worktrees of a repository, as its common directory lists them: also those whose folder is not there now."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = ["Worktree", "main_top", "worktrees"]


class Worktree(NamedTuple):
    """A worktree.

    Attributes:
        git_dir: what is its own: HEAD, index, what is under way.
        top: its working directory; None for a bare repository.
    """

    git_dir: Path
    top: Path | None


def worktrees(repo: "Repository") -> list[Worktree]:
    """Return all worktrees of `repo`, the main one first.

    Raises:
        OSError: one is listed and cannot be read.
        GitError: Git cannot list them.
    """
    common = repo.common_dir
    listed = repo.git.text("worktree", "list", "--porcelain").split("\n\n")[0].split("\n")
    top = None if "bare" in listed else Path(listed[0].removeprefix("worktree "))
    found = [Worktree(common, repo.top if _same(repo.git_dir, common) else top)]
    folder = common / "worktrees"
    for name in sorted(os.listdir(folder)) if folder.is_dir() else ():
        said = os.fsdecode((folder / name / "gitdir").read_bytes().rstrip(b"\n"))
        found.append(Worktree(folder / name, (folder / name / said).parent))
    return found


def main_top(repo: "Repository") -> Path | None:
    """Return the top of the main worktree, from wherever it is asked; this one's where there is no main one.

    Raises:
        GitError: Git cannot list the worktrees.
    """
    if repo.top is None or _same(repo.git_dir, repo.common_dir):
        return repo.top
    main = worktrees(repo)[0].top
    return (
        main if main is not None and (main / ".git").exists() else repo.top
    )  # a submodule's is listed as its Git folder


def _same(first: Path, second: Path) -> bool:
    return os.path.realpath(first) == os.path.realpath(second)
