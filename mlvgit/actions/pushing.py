"""Pushing a release whole: the branch and its model tags in one atomic push, which the guards judge as one."""

from typing import NamedTuple

from mlvgit.actions.project import Project
from mlvgit.actions.receiving import guard_push
from mlvgit.actions.sending import Sent, objects_here, send_pushed
from mlvgit.actions.status import look
from mlvgit.errors import RefusedError, RemoteError, UsageError
from mlvgit.repo.history import RefChange
from mlvgit.repo.porcelain import Said
from mlvgit.repo.tags import list_model_tags
from mlvgit.store.reading import Progress

__all__ = ["PushResult", "push"]


class PushResult(NamedTuple):
    """What was pushed.

    Attributes:
        refs: what went along, the branch first; empty when the remote had everything.
        said: what Git, its hooks and the remote said.
        sent: the bytes that went to the remote of bytes before.
    """

    remote: str
    refs: tuple[str, ...]
    said: str = ""
    sent: Sent = Sent()


def push(project: Project, remote: str = "", progress: Progress | None = None) -> PushResult:
    """Push the current branch, and the model tags that it needs there, all or nothing, after the bytes that they name.

    Raises:
        UsageError: there is no remote, or no branch is checked out.
        RefusedError: a guard here or on the remote refused; carries what it said.
        RemoteError: the remote is not there, or did not take it.
    """
    branch = project.repo.branch()
    if branch is None:
        raise UsageError("no branch is checked out", hint="git switch BRANCH")
    head = project.repo.head()
    if head is None:
        raise UsageError("there is nothing to push: no commit yet", hint="git commit")
    upstream = look(project).upstream
    remote = remote or upstream.remote
    if not remote:
        raise UsageError("there is no remote", hint="git remote add origin URL")
    same = remote == upstream.remote
    target = (upstream.branch if same else "") or branch
    shipped = send_pushed(project, [head], remote, also=objects_here(project), progress=progress)
    if same and upstream.branch and not upstream.ahead and not upstream.tags:
        if shipped.lacking:
            why, mend = shipped.lacking.trouble()
            raise RemoteError(
                f"it cannot be known whether {shipped.lacking.name} has all bytes" + (f": {why}" if why else ""),
                hint=mend,
            )
        return PushResult(remote=remote, refs=(), sent=shipped.sent)
    tags = upstream.tags if same and upstream.branch else _new_tags(project, remote)
    refs = [f"{branch}:refs/heads/{target}", *(f"refs/tags/{tag}" for tag in tags)]
    options = ["--atomic", *([] if same and upstream.branch else ["--set-upstream"])]
    if shipped.lacking:
        known = project.repo.resolve(f"refs/remotes/{remote}/{target}") or "0" * len(head)
        line = RefChange(f"refs/heads/{branch}", head, f"refs/heads/{target}", known)
        report = guard_push(project.repo, [line], remote, "", lacking=shipped.lacking)
        if report.errors:
            raise RefusedError(report.text.removeprefix("mlv: "))
    done: Said = project.repo.porcelain("push", *options, "--", remote, *refs, *shipped.along)
    if done.status:
        if "mlv:" in done.text:
            raise RefusedError(done.text.strip().removeprefix("mlv: "))
        behind = "fetch first" in done.text or "non-fast-forward" in done.text
        hint = "git pull --rebase, then git mlv push" if behind else "git remote -v"
        raise RemoteError(f"git push failed:\n{done.text.strip()}", hint=hint)
    return PushResult(remote=remote, refs=(target, *tags), said=done.text, sent=shipped.sent)


def _new_tags(project: Project, remote: str) -> tuple[str, ...]:
    """Return the model tags on commits that no branch of the remote has, as it was last seen."""
    git = project.repo.git
    missing = set(git.text("rev-list", "HEAD", "--not", f"--remotes={remote}").split())
    return tuple(tag.name for tag in list_model_tags(project.repo) if tag.commit in missing)
