"""Pushing a release whole: the branch and its model tags in one atomic push, which the guards judge as one."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from mlvgit.actions.advice import finishing_step
from mlvgit.actions.judging import Report
from mlvgit.actions.project import Project
from mlvgit.actions.receiving import guard_push
from mlvgit.actions.sending import Sent, Shipped, objects_here, send_pushed
from mlvgit.actions.status import Status, look
from mlvgit.actions.tagging import vouches_for
from mlvgit.actions.taken import frozen_otherwise, room_for_both, tagged_otherwise
from mlvgit.core.text import printable
from mlvgit.errors import GitError, MlvError, RefusedError, RemoteError, UsageError
from mlvgit.repo.history import RefChange, commit_exists, is_ancestor
from mlvgit.repo.porcelain import Said
from mlvgit.repo.tags import list_model_tags
from mlvgit.rules.model import RemoteBytes
from mlvgit.rules.wording import quoted
from mlvgit.store.reading import Progress

__all__ = ["PushResult", "push"]


_PULL: Final = "git pull --no-rebase --no-edit"


class PushResult(NamedTuple):
    """What was pushed.

    Attributes:
        refs: what went along, the branch first; empty when the remote had everything.
        said: what Git, its hooks and the remote said.
        sent: the bytes that went to the remote of bytes before.
        differing: model tags that the remote has otherwise; they were left out.
        warnings, wrote: see `Shipped`.
    """

    remote: str
    refs: tuple[str, ...]
    said: str = ""
    sent: Sent = Sent()
    differing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    wrote: str = ""


class _Aim(NamedTuple):
    """What a push is to move where.

    Attributes:
        branch: as it is called here.
        target: as the remote calls it.
        followed: the branch here knows it as its upstream, and it was seen there.
    """

    remote: str
    branch: str
    target: str
    followed: bool


def push(project: Project, remote: str = "", progress: Progress | None = None) -> PushResult:
    """Push the current branch, and the model tags of what it holds that are not there, all or nothing, after the bytes.

    Raises:
        SettingsError: mlv.yaml cannot be read, which names where the bytes go.
        UsageError: there is no remote, or no branch is checked out.
        RefusedError: a guard here or on the remote refused; carries what it said.
        RemoteError: a remote is not there, or did not take it.
    """
    project.require_settings()
    status = look(project)
    aim = _aim(project, status, remote)
    head = project.repo.head() or ""
    remote = aim.remote
    tags, differing = _tags_to_push(project, remote, status.upstream.tags if aim.followed else None)
    if key := tagged_otherwise(project, remote, differing):
        join = _PULL if aim.followed else ""
        raise RefusedError(
            f"{printable(remote)} has a model tag of another {key}, with other files: yours needs another number",
            hint=_finish_first(status) or "\n".join(room_for_both(project, key, remote, join)),
        )
    tips = [head, *(f"refs/tags/{tag}" for tag in tags)]  # a tagged commit may lie beside the branch
    shipped = send_pushed(project, tips, remote, also=objects_here(project), progress=progress)
    refs, said = (aim.target, *tags), ""
    with shipped.told():
        if not aim.followed or status.upstream.ahead or tags:
            said = _push_refs(project, status, aim, head, tags, shipped)
        elif shipped.lacking:
            why, mend = shipped.lacking.trouble()
            raise RemoteError(
                f"it cannot be known whether {shipped.lacking.name} has all bytes" + (f": {why}" if why else ""),
                hint=mend,
            )
        else:
            refs = ()
    return PushResult(remote, refs, said, shipped.sent, differing, shipped.warnings, shipped.wrote)


def _push_refs(project: Project, status: Status, aim: _Aim, head: str, tags: Sequence[str], shipped: Shipped) -> str:
    """Push a branch and its tags; return what Git, its hooks and the remote said."""
    remote = aim.remote
    refs = [f"{aim.branch}:refs/heads/{aim.target}", *(f"refs/tags/{tag}" for tag in tags)]
    options = ["--atomic", *([] if aim.followed else ["--set-upstream"])]
    silent = ("-c", "advice.pushUpdateRejected=false")  # Git's advice is to pull, in the middle of a merge too
    if shipped.lacking:
        known = project.repo.resolve(f"refs/remotes/{remote}/{aim.target}") or "0" * len(head)
        line = RefChange(f"refs/heads/{aim.branch}", head, f"refs/heads/{aim.target}", known)
        report = guard_push(project.repo, [line], remote, "", lacking=shipped.lacking)
        if report.errors:
            raise _not_allowed(report, shipped.lacking)
    done: Said = project.repo.porcelain(*silent, "push", *options, "--", remote, *refs, *shipped.along)
    if done.status:
        if "mlv: push refused" in done.text:
            raise RefusedError(done.text.strip().removeprefix("mlv: "))
        raise RemoteError(f"git push failed:\n{done.text.strip()}", hint=_way_on(project, status, aim))
    return done.text


def _not_allowed(report: Report, lacking: RemoteBytes) -> MlvError:
    """Return the error of a push that a guard here refuses: the remote's, where it did not answer and nothing else is wrong."""
    silent = any(lacking.trouble()) and {each.code for each in report.findings} == {"MLV401"}
    return (RemoteError if silent else RefusedError)(report.text.removeprefix("mlv: "))


def _aim(project: Project, status: Status, remote: str) -> _Aim:
    branch, upstream = project.repo.branch(), status.upstream
    if branch is None:
        raise UsageError("no branch is checked out", hint=_finish_first(status) or "git switch BRANCH")
    if project.repo.head() is None:
        raise UsageError("there is nothing to push: no commit yet", hint="git commit")
    remote = remote or upstream.remote
    if not remote:
        raise UsageError("there is no remote", hint="git remote add origin URL")
    known = upstream.branch if remote == upstream.remote else ""
    return _Aim(remote, branch, known or branch, followed=bool(known))


def _way_on(project: Project, status: Status, aim: _Aim) -> str:
    """Say what helps after a push that failed: Git's words for it differ by who was first, by version and language."""
    try:
        there = _listed_there(project, aim.remote, "--heads", f"refs/heads/{aim.target}")
    except GitError:
        return "git remote -v"
    tip = there.get(f"refs/heads/{aim.target}", "")
    if not tip or (commit_exists(project.repo, tip) and is_ancestor(project.repo, tip, "HEAD")):
        return "git mlv push   (once what the remote refuses is mended)"
    if step := _finish_first(status):
        return step
    if commit_exists(project.repo, tip) and (key := frozen_otherwise(project, tip)):
        join = _PULL if aim.followed else f"{_PULL} {quoted(aim.remote)} {quoted(aim.target)}"
        return "\n".join(room_for_both(project, key, aim.remote, join, tip))
    return "git pull --rebase   (then git mlv push)"


def _finish_first(status: Status) -> str:
    step = finishing_step(status)
    return f"{step.command}   ({step.why}; then git mlv push)" if step else ""


def _tags_to_push(project: Project, remote: str, known: Iterable[str] | None) -> tuple[list[str], tuple[str, ...]]:
    """Return the model tags of a push of HEAD that a remote lacks, and those that it has otherwise.

    They are those of its history, and those that vouch for what it holds wherever their commit lies: a rebase, an
    amended commit and a squashed branch leave that one behind.

    Args:
        known: tags that are known to be needed there; None when nothing is known of the branch there.
    """
    git = project.repo.git
    listed = git.text("for-each-ref", "--format=%(refname:strip=2) %(objectname)", "--merged=HEAD", "refs/tags")
    mine = {name: oid for line in listed.splitlines() for name, oid in [line.rsplit(" ", 1)] if "@v" in name}
    beside = {tag.name: tag for tag in list_model_tags(project.repo) if tag.name not in mine}
    if not mine and not beside:
        return [], ()
    try:
        there = _listed_there(project, remote, "--tags")
    except GitError:  # the push itself says what is wrong
        return sorted(mine if known is None else known), ()
    there = {ref.removeprefix("refs/tags/"): oid for ref, oid in there.items()}
    head = project.committed()
    mine |= {
        name: tag.tag_oid
        for name, tag in beside.items()
        if there.get(name) != tag.tag_oid and vouches_for(tag, head.frozen(tag.key))
    }
    differing = tuple(sorted(name for name in mine if there.get(name, mine[name]) != mine[name]))
    return sorted(name for name in mine if name not in there), differing


def _listed_there(project: Project, remote: str, kind: str, *refs: str) -> dict[str, str]:
    """Ask a remote for refs, ref -> id."""
    answer = project.repo.git.text("ls-remote", kind, "--refs", "--", remote, *refs)
    return {ref: oid for oid, ref in (line.split("\t", 1) for line in answer.splitlines())}
