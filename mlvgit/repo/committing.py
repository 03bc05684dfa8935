"""Commits of some paths, and of nothing else that the user has staged."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable

from mlvgit.errors import GitError
from mlvgit.repo.git import encode
from mlvgit.repo.repository import Repository

__all__ = ["commit_paths", "commit_staged"]

_FEW = 50
_ATTEMPTS = 5


def commit_paths(repo: Repository, paths: Iterable[str], message: str) -> tuple[str, bool]:
    """Commit these paths as they are on disk, and nothing else that the user has staged.

    Hooks run as for any commit. New files must be staged first: a commit that somebody else makes here meanwhile may
    have them; if it has not, this is tried again.

    Args:
        paths: taken literally, from the top of the repository.
        message: written as it is.

    Returns:
        The commit that has them, and whether it was made here.

    Raises:
        GitError: Git or a hook refuses; its `stderr` has what was said.
    """
    wanted = set(paths)
    heads: list[str | None] = []
    while True:
        heads.append(repo.head())
        try:
            _commit(repo, wanted, message)
        except GitError:
            if by := _committed_by(repo, wanted):
                return by, False
            if len(heads) == _ATTEMPTS or repo.head() == heads[-1]:
                raise
        else:
            return _made(repo), True


def _commit(repo: Repository, paths: set[str], message: str) -> None:
    listed = b"".join(b":(top,literal)" + encode(path) + b"\0" for path in paths)
    options = ("--only", "--pathspec-from-file=-", "--pathspec-file-nul")
    some, input = ((), b"") if _are_all_staged(repo, paths) else (options, listed)
    repo.git.porcelain("commit", "--quiet", "--cleanup=whitespace", f"--message={message}", *some, input=input)


def _committed_by(repo: Repository, paths: set[str]) -> str:
    """Return the commit that last changed these paths when HEAD has them as they are on disk; else ""."""
    if repo.git.status("diff", "--quiet", "--no-ext-diff", "HEAD", "--", *paths):
        return ""
    return repo.git.text("rev-list", "-1", "HEAD", "--", *paths)


def _are_all_staged(repo: Repository, paths: set[str]) -> bool:
    """Say whether the index has these paths as they are on disk, and only these otherwise than HEAD.

    A plain commit takes just them then; `--only` would build an index of its own from all trees of HEAD.
    """
    head = repo.head()
    if head is None or len(paths) > _FEW or repo.operation():
        return False
    staged = repo.git.lines0("diff-index", "--cached", "--name-only", "--no-renames", "-z", head, "--")
    return set(staged) == paths and not repo.git.run("diff-files", "--name-only", "-z", "--", *paths)


def commit_staged(repo: Repository, paths: Iterable[str], message: str) -> str:
    """Commit these paths as the index has them, whatever is on disk, and nothing else that the user has staged.

    Args, raises: see `commit_paths`. Returns the commit's id.
    """
    index, head = repo.index_tree(), repo.head()
    lines = b""
    for path in paths:
        entry = index.entry(path)
        said = f"{entry.mode:o} {entry.oid}" if entry else f"0 {'0' * len(head or '0')}"
        lines += said.encode() + b"\t" + encode(path) + b"\0"
    with tempfile.TemporaryDirectory(prefix="mlv-index-", dir=repo.git_dir) as folder:
        other = os.path.join(folder, "index")
        shutil.copyfile(repo.git.text("rev-parse", "--path-format=absolute", "--git-path", "index"), other)
        env = {"GIT_INDEX_FILE": other}
        if head:
            repo.git.porcelain("read-tree", "-m", head, env=env)
        repo.git.porcelain("update-index", "-z", "--index-info", input=lines, env=env)
        repo.git.porcelain("commit", "--quiet", "--cleanup=whitespace", f"--message={message}", env=env)
    return _made(repo)


def _made(repo: Repository) -> str:
    head = repo.head()
    assert head is not None  # a commit was just made
    return head
