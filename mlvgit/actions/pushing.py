"""Pushing a release whole: the branch and its model tags in one atomic push, which the guards judge as one."""

from collections.abc import Iterable
from typing import NamedTuple

from mlvgit.actions.project import Project
from mlvgit.actions.receiving import guard_push
from mlvgit.actions.sending import Sent, objects_here, send_pushed
from mlvgit.actions.status import look
from mlvgit.errors import GitError, RefusedError, RemoteError, UsageError
from mlvgit.repo.history import RefChange
from mlvgit.repo.porcelain import Said
from mlvgit.store.reading import Progress

__all__ = ["PushResult", "push"]


class PushResult(NamedTuple):
    """What was pushed.

    Attributes:
        refs: what went along, the branch first; empty when the remote had everything.
        said: what Git, its hooks and the remote said.
        sent: the bytes that went to the remote of bytes before.
        differing: model tags that the remote has otherwise; they were left out.
    """

    remote: str
    refs: tuple[str, ...]
    said: str = ""
    sent: Sent = Sent()
    differing: tuple[str, ...] = ()


def push(project: Project, remote: str = "", progress: Progress | None = None) -> PushResult:
    """Push the current branch, and the model tags of its history that are not there, all or nothing, after the bytes.

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
    tags, differing = _tags_to_push(project, remote, upstream.tags if same and upstream.branch else None)
    if same and upstream.branch and not upstream.ahead and not tags:
        if shipped.lacking:
            why, mend = shipped.lacking.trouble()
            raise RemoteError(
                f"it cannot be known whether {shipped.lacking.name} has all bytes" + (f": {why}" if why else ""),
                hint=mend,
            )
        return PushResult(remote=remote, refs=(), sent=shipped.sent, differing=differing)
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
    return PushResult(remote=remote, refs=(target, *tags), said=done.text, sent=shipped.sent, differing=differing)


def _tags_to_push(project: Project, remote: str, known: Iterable[str] | None) -> tuple[list[str], tuple[str, ...]]:
    """Return the model tags of HEAD's history that a remote lacks, and those that it has otherwise.

    Args:
        known: tags that are known to be needed there; None when nothing is known of the branch there.
    """
    git = project.repo.git
    listed = git.text("for-each-ref", "--format=%(refname:strip=2) %(objectname)", "--merged=HEAD", "refs/tags")
    mine = {name: oid for line in listed.splitlines() for name, oid in [line.rsplit(" ", 1)] if "@v" in name}
    if not mine:
        return [], ()
    try:
        answer = git.text("ls-remote", "--tags", "--refs", "--", remote)
    except GitError:  # the push itself says what is wrong
        return sorted(mine if known is None else known), ()
    there = {
        name.removeprefix("refs/tags/"): oid for oid, name in (line.split("\t", 1) for line in answer.splitlines())
    }
    differing = tuple(sorted(name for name in mine if there.get(name, mine[name]) != mine[name]))
    return sorted(name for name in mine if name not in there), differing
