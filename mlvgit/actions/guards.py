"""The guards: what a commit, a push or a range changes, judged by the rules.

Each guard says which trees are compared and what the context is; the rules do the rest.
"""

from collections.abc import Callable, Sequence

from mlvgit.actions.altered import altered_here
from mlvgit.actions.clock import today
from mlvgit.actions.debts import with_ways_back
from mlvgit.actions.judging import (
    Report,
    commit_known,
    delta_between,
    empty,
    local_tags,
    make_report,
    protect_patterns,
    trusted_settings,
)
from mlvgit.actions.project import Project
from mlvgit.actions.published import is_replaceable, published_by, registry_published, released
from mlvgit.actions.receiving import BYTES, check_range, guard_push, guard_receive
from mlvgit.actions.reverts import brought_back
from mlvgit.actions.runcode import code_known, code_sha256_of, file_sha256_at, run_published
from mlvgit.actions.trails import came_with, stage_trail
from mlvgit.repo.attributes import converted
from mlvgit.repo.history import (
    protected_refs,
)
from mlvgit.repo.repository import Repository
from mlvgit.rules.engine import judge
from mlvgit.rules.model import Context, Finding, RemoteBytes

__all__ = ["Report", "check_all", "check_range", "check_working", "guard_commit", "guard_push", "guard_receive"]


def guard_commit(repo: Repository, parents: Sequence[str | None], way_out: str = "") -> Report:
    """Judge what Git is about to commit: the index against every parent, and the ignored bytes that stand here.

    Args:
        parents: commit ids, HEAD first; None stands for the empty tree of a first commit.
        way_out: text that says how to leave the state that Git is in.
    """
    project = Project(repo=repo)
    index = project.staged()
    deltas = [
        delta_between(project, project.committed(parent) if parent else empty(project), index) for parent in parents
    ]
    context = _commit_context(project, *parents)
    return make_report([*judge(deltas, context), *altered_here(project, index)], "commit refused", way_out)


def check_working(project: Project) -> Report:
    """Judge the working directory against HEAD, as `git mlv check` does by hand."""
    head = project.repo.head()
    before = project.committed(head) if head else empty(project)
    delta = delta_between(project, before, project.working())
    context = with_ways_back(project, _commit_context(project, head), everything=False)
    found = [*judge([delta], context), *altered_here(project, delta.after)]
    return make_report(found, "to be refused at commit")


def check_all(
    project: Project,
    commit: str | None = None,
    *,
    remote_bytes: RemoteBytes | None = None,
    more: Sequence[Finding] = (),
    notes: tuple[str, ...] = (),
) -> Report:
    """Judge everything that a commit, or the working directory, says, debts included.

    Args:
        remote_bytes: ask where the bytes are that Git does not hold.
        more: what was found besides.
        notes: what is to be said besides.
    """
    after = project.committed(commit) if commit else project.working()
    context = _commit_context(project, project.repo.head())
    if commit is None and project.repo.top is not None:
        context = with_ways_back(project, context, everything=True)
    delta = delta_between(project, empty(project), after)
    findings = judge([delta], context)
    if commit is None:
        findings += altered_here(project, after)
    if remote_bytes:
        findings += judge([delta], context._replace(moment="push", remote_bytes=remote_bytes, only=BYTES))
    return make_report([*findings, *more], "this state does not hold", notes=notes)


def _commit_context(project: Project, head: str | None, *merged: str | None) -> Context:
    repo = project.repo
    parents = [parent for parent in (head, *merged) if parent]
    committed = project.committed(head) if head else empty(project)
    trusted = trusted_settings(committed)
    tips = protected_refs(repo, protect_patterns(trusted)).values()
    return Context(
        moment="commit",
        trusted=trusted,
        published=published_by(project, tips),
        replaceable=is_replaceable(repo),
        tagged=local_tags(repo),
        released=released(project, protect_patterns(trusted)),
        commit_known=lambda oid: commit_known(repo, oid),
        converted=lambda tree, paths: converted(repo, tree, paths),
        code_sha256_of=code_sha256_of(project),
        code_known=code_known(project),
        file_sha256_at=file_sha256_at(project),
        published_run=run_published(project, tips),
        published_registry=registry_published(project, tips),
        held_before=_held_before(project, parents),
        stages_held=stage_trail(project, [head] if head else []),
        came_with=came_with(project, parents),
        today=today(),
    )


def _held_before(project: Project, parents: Sequence[str]) -> Callable[[str, str], bool]:
    """Ask each parent that a merge changes: what the other one brings proves nothing about itself."""
    older = {parent: brought_back(project, [parent]) for parent in parents}

    def held(path: str, oid: str) -> bool:
        for parent, is_older in older.items():
            entry = project.committed(parent).tree.entry(path)
            if (entry.oid if entry else "") != oid and is_older(path, oid):
                return True
        return False

    return held
