"""One question that is asked before anything else is loaded: does the working directory differ from HEAD at all?"""

from mlvgit.repo.git import Git

__all__ = ["nothing_changed"]


def nothing_changed(git: Git) -> bool:
    """Say whether index and working directory are HEAD's, with no untracked file; False when Git cannot say."""
    from mlvgit.errors import GitError

    try:
        options = ("--porcelain", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=none")
        return not git.run("status", *options) and not git.status("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except GitError:
        return False
