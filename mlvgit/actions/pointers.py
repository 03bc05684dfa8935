"""Keeping what was sent to a Git host's LFS server: the host deletes what no pointer in the repository names."""

from collections.abc import Iterable

from mlvgit.actions.project import Project
from mlvgit.core.digest import Digest

__all__ = ["keep_on_host"]


def keep_on_host(project: Project, digests: Iterable[Digest]) -> tuple[str, ...]:
    """Name objects by pointers on a branch of the Git remote, when the remote of bytes is its LFS server.

    Returns:
        Refspecs that are to go along with the first push to a remote that has no branch yet; none when all is done.

    Raises:
        RemoteError: the Git remote cannot be asked, or does not take the branch.
    """
    from mlvgit.remotes.table import is_lfs

    known = project.settings_or_default.remotes
    if not known or not is_lfs(known[0]):
        return ()
    from mlvgit.repo.lfshost import git_remote
    from mlvgit.repo.pointers import keep

    along = keep(project.repo, git_remote(project.repo, known[0].name), digests)
    return (along,) if along else ()
