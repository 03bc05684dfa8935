"""One question that is asked before anything else is loaded: does the working directory differ from HEAD at all?"""

from mlvgit.repo.git import Git
from mlvgit.repo.held import Held

__all__ = ["nothing_changed"]


def nothing_changed(git: Git) -> bool:
    """Say whether index and working directory are HEAD's, with no untracked file, and nothing moved that Git ignores.

    False when Git cannot say.
    """
    from mlvgit.errors import GitError

    try:
        options = ("--porcelain", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=none")
        if git.run("status", *options):
            return False
        said = git.text("rev-parse", "--absolute-git-dir", "--show-toplevel", "HEAD^{commit}").split("\n")
    except GitError:
        return False
    if len(said) != 3:
        return False
    held = Held(said[0], said[1])
    return not held.damaged and not held.moved()
