"""The guards: what a commit, a push or a range changes, judged by the rules.

Each guard says which trees are compared and what the context is; the rules do the rest.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from mlvgit.actions.clock import today
from mlvgit.actions.findings import render, summary
from mlvgit.actions.project import Project
from mlvgit.actions.published import is_replaceable, published_by
from mlvgit.actions.runs import code_known, code_sha256_of, file_sha256_at, run_published
from mlvgit.actions.trails import stage_trail
from mlvgit.errors import GitError
from mlvgit.records.layout import Key
from mlvgit.records.settings import Settings
from mlvgit.repo.history import (
    RefChange,
    commit_exists,
    held_before,
    independent,
    is_protected,
    is_zero,
    merge_bases,
    protected_refs,
)
from mlvgit.repo.repository import Repository
from mlvgit.repo.tags import read_tag, tag_ref_name
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.delta import Delta
from mlvgit.rules.engine import judge
from mlvgit.rules.model import Context, Finding, TagMove

__all__ = ["Report", "check_all", "check_range", "check_working", "guard_commit", "guard_push", "guard_receive"]


class Report(NamedTuple):
    """What a guard found.

    Attributes:
        findings: errors and warnings.
        text: ready for a person; "" when there is nothing to say.
        base: what a refused push is to be mended from: what the receiver has; "" when it is not one commit.
    """

    findings: list[Finding]
    text: str
    base: str = ""

    @property
    def errors(self) -> int:
        """How many findings refuse."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings only warn."""
        return len(self.findings) - self.errors


def _report(findings: Iterable[Finding], what: str, way_out: str = "") -> Report:
    distinct = list(dict.fromkeys(findings))
    if not distinct:
        return Report([], "")
    refused = any(finding.severity == "error" for finding in distinct)
    heading = f"mlv: {what} refused: {summary(distinct)}" if refused else f"mlv: {summary(distinct)}"
    return Report(distinct, render(distinct, heading=heading, way_out=way_out))


def _trusted(catalog: Catalog) -> dict[str, Settings]:
    return {root.layout.root: root.settings for root in catalog.roots}


# commit


def guard_commit(repo: Repository, parents: Sequence[str | None], way_out: str = "") -> Report:
    """Judge what Git is about to commit: the index against every parent.

    Args:
        parents: commit ids, HEAD first; None stands for the empty tree of a first commit.
        way_out: text that says how to leave the state that Git is in.
    """
    project = Project(repo=repo)
    index = project.staged()
    deltas = [_delta(project, project.committed(parent) if parent else _empty(project), index) for parent in parents]
    context = _commit_context(project, parents[0])
    return _report(judge(deltas, context), "commit", way_out)


def check_working(project: Project) -> Report:
    """Judge the working directory against HEAD, as `git mlv check` does by hand."""
    head = project.repo.head()
    before = project.committed(head) if head else _empty(project)
    delta = _delta(project, before, project.working())
    return _report(judge([delta], _commit_context(project, head)), "commit")


def check_all(project: Project, commit: str | None = None) -> Report:
    """Judge everything that a commit, or the working directory, says, debts included."""
    after = project.committed(commit) if commit else project.working()
    context = _commit_context(project, project.repo.head())
    return _report(judge([_delta(project, _empty(project), after)], context), "this state")


def _commit_context(project: Project, head: str | None) -> Context:
    repo = project.repo
    committed = project.committed(head) if head else _empty(project)
    trusted = _trusted(committed)
    tips = protected_refs(repo, _protect(trusted)).values()
    return Context(
        moment="commit",
        trusted=trusted,
        published=published_by(project, tips),
        replaceable=is_replaceable(repo),
        tagged=_local_tags(repo),
        commit_known=lambda oid: _commit_known(repo, oid),
        code_sha256_of=code_sha256_of(project),
        code_known=code_known(project),
        file_sha256_at=file_sha256_at(project),
        published_run=run_published(project, tips),
        held_before=lambda path, oid: held_before(repo, [head] if head else [], path, oid),
        stages_held=stage_trail(project, [head] if head else []),
        today=today(),
    )


def _protect(trusted: Mapping[str, Settings]) -> tuple[str, ...]:
    top = trusted.get("")
    return tuple(top.protect) if top else ()


def _local_tags(repo: Repository) -> Callable[[Key], frozenset[str]]:
    def tagged(key: Key) -> frozenset[str]:
        tag = read_tag(repo, "refs/tags/" + tag_ref_name(key.root, key.name, key.version))
        return frozenset({tag.tree_sha256} if tag else ())

    return tagged


def _commit_known(repo: Repository, oid: str) -> bool | None:
    if repo.resolve(oid) is not None:
        return True
    return None if repo.is_shallow() else False


def _empty(project: Project) -> Catalog:
    return Catalog(project.repo.empty_tree())


def _delta(project: Project, before: Catalog, after: Catalog) -> Delta:
    return Delta(before, after, project.repo.changes(before.tree, after.tree))


# push


class _Receiver(NamedTuple):
    """What a push is judged against.

    Attributes:
        protected: ref -> tip of the receiver's protected branches, before the push.
        is_protected: is the branch with this full name protected there?
        trusted: settings of its protected branch.
        tagged_before: key of a model version -> identities that its model tags vouch for.
    """

    protected: Mapping[str, str]
    is_protected: Callable[[str], bool]
    trusted: Mapping[str, Settings]
    tagged_before: Callable[[Key], frozenset[str]]


def guard_push(
    repo: Repository, lines: Sequence[RefChange], remote_name: str, remote_url: str, way_out: str = ""
) -> Report:
    """Judge what a push would change on a remote, from what the remote last showed."""
    project = Project(repo=repo)
    remote = remote_name if remote_name and remote_name != remote_url else None
    patterns = _protect(_trusted(project.committed()))
    # A remote that has shown nothing yet: what is published elsewhere is not new.
    protected = protected_refs(repo, patterns, remote) or protected_refs(repo, patterns)
    trusted_tip = next(iter(protected.values()), None)
    trusted = _trusted(project.committed(trusted_tip)) if trusted_tip else {}
    receiver = _Receiver(
        protected=protected,
        is_protected=lambda ref: is_protected(repo, ref, patterns, remote),
        trusted=trusted,
        tagged_before=_remote_tags(repo, remote_name or remote_url),
    )
    override = repo.config("mlv.override")
    return _judge_push(project, lines, receiver, override, way_out, "push")


def guard_receive(
    repo: Repository, lines: Sequence[RefChange], options: Mapping[str, str], way_out: str = ""
) -> Report:
    """Judge a push on the server, before any ref moves."""
    project = Project(repo=repo)
    head = repo.head()
    patterns = _protect(_trusted(project.committed(head)) if head else {})
    protected = protected_refs(repo, patterns)
    trusted_tip = next(iter(protected.values()), None)
    receiver = _Receiver(
        protected=protected,
        is_protected=lambda ref: is_protected(repo, ref, patterns),
        trusted=_trusted(project.committed(trusted_tip)) if trusted_tip else {},
        tagged_before=_local_tags(repo),
    )
    allowed = repo.config("mlv.allowOverride") == "true"
    override = options.get("mlv.override", "") if allowed else ""
    return _judge_push(project, lines, receiver, override, way_out, "push")


def check_range(project: Project, base: str, tip: str) -> Report:
    """Judge the change from `base` to `tip` (commit ids), as a push of it to a protected branch would be."""
    repo = project.repo
    trusted = _trusted(project.committed(base))
    receiver = _Receiver(
        protected={"base": base},
        is_protected=lambda ref: True,
        trusted=trusted,
        tagged_before=_tags_here_or_there(repo),
    )
    line = RefChange(local_ref="refs/heads/tip", local_oid=tip, remote_ref="refs/heads/base", remote_oid=base)
    return _judge_push(project, [line], receiver, repo.config("mlv.override"), "", "change")


def _judge_push(
    project: Project, lines: Sequence[RefChange], receiver: _Receiver, override: str, way_out: str, what: str
) -> Report:
    repo = project.repo
    tag_moves = [
        move for line in lines if line.remote_ref.startswith("refs/tags/") and (move := _tag_move(project, line))
    ]
    context = Context(
        moment="push",
        trusted=receiver.trusted,
        published=published_by(project, receiver.protected.values()),
        replaceable=lambda key, identity: False,
        tagged=_tagged_after(receiver, tag_moves),
        commit_known=lambda oid: _commit_known(repo, oid),
        code_sha256_of=code_sha256_of(project),
        code_known=code_known(project),
        file_sha256_at=file_sha256_at(project),
        published_run=run_published(project, receiver.protected.values()),
        held_before=lambda path, oid: held_before(repo, receiver.protected.values(), path, oid),
        stages_held=stage_trail(project, receiver.protected.values()),
        tag_moves=tuple(tag_moves),
        override=override,
        today=today(),
    )
    findings: list[Finding] = []
    judged: set[tuple[str, tuple[str, ...]]] = set()
    for line in lines:
        for tip, bases in _comparisons(project, line, receiver):
            if (tip, bases) in judged:
                continue
            judged.add((tip, bases))
            after = project.committed(tip) if tip else _empty(project)
            befores = [project.committed(base) for base in bases] or [_empty(project)]
            here = replace(context, tag_moves=(), stage_trail=stage_trail(project, [tip] if tip else []))
            findings += judge([_delta(project, before, after) for before in befores], here)
    if tag_moves:
        empty = _empty(project)
        findings += judge([Delta(empty, empty, {})], context)
    return _report(findings, what, way_out)


def _comparisons(project: Project, line: RefChange, receiver: _Receiver) -> list[tuple[str, tuple[str, ...]]]:
    """Return (tip, bases): what of this ref's new state is compared with which old states; "" = the empty tree."""
    repo = project.repo
    deleted = is_zero(line.local_oid)
    if line.remote_ref.startswith("refs/heads/"):
        protected = receiver.is_protected(line.remote_ref)
        if deleted:
            return [("", (line.remote_oid,))] if protected and commit_exists(repo, line.remote_oid) else []
        if protected and not is_zero(line.remote_oid) and commit_exists(repo, line.remote_oid):
            return [(line.local_oid, (line.remote_oid,))]
        return [(line.local_oid, _bases(project, line.local_oid, receiver))]
    if line.remote_ref.startswith("refs/tags/") and not deleted:
        tag = read_tag(repo, line.local_oid)
        if tag is not None:
            return [(tag.commit, _bases(project, tag.commit, receiver))]
    return []


def _bases(project: Project, tip: str, receiver: _Receiver) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for protected in dict.fromkeys(receiver.protected.values()):
        if commit_exists(project.repo, protected):
            found.update(dict.fromkeys(merge_bases(project.repo, protected, tip)))
    # An older base says nothing that a newer one does not: what came between is published on the newer one's branch.
    return tuple(independent(project.repo, found))


# tags


def _tag_move(project: Project, line: RefChange) -> TagMove | None:
    repo = project.repo
    before = None if is_zero(line.remote_oid) else read_tag(repo, line.remote_oid, line.remote_ref)
    after = None if is_zero(line.local_oid) else read_tag(repo, line.local_oid, line.remote_ref)
    if before is None and after is None:
        return None
    return TagMove(
        ref=line.remote_ref,
        before=before.facts() if before else None,
        after=after.facts() if after else None,
        tree=project.committed(after.commit).tree if after else None,
    )


def _tagged_after(receiver: _Receiver, moves: Sequence[TagMove]) -> Callable[[Key], frozenset[str]]:
    def tagged(key: Key) -> frozenset[str]:
        ref = "refs/tags/" + tag_ref_name(key.root, key.name, key.version)
        for move in moves:
            if move.ref == ref:
                return frozenset({move.after.tree_sha256} if move.after else ())
        return receiver.tagged_before(key)

    return tagged


def _remote_tags(repo: Repository, remote: str) -> Callable[[Key], frozenset[str]]:
    """Ask the remote for one tag, and only when a rule wants to know: what is here may never have been pushed."""

    def tagged(key: Key) -> frozenset[str]:
        ref = "refs/tags/" + tag_ref_name(key.root, key.name, key.version)
        try:
            answer = repo.git.text("ls-remote", "--", remote, ref)
        except GitError:
            return frozenset()
        for line in answer.splitlines():
            oid, _, name = line.partition("\t")
            if name == ref:
                tag = read_tag(repo, oid)
                return frozenset({tag.tree_sha256} if tag else ())
        return frozenset()

    return tagged


def _tags_here_or_there(repo: Repository) -> Callable[[Key], frozenset[str]]:
    here = _local_tags(repo)

    def tagged(key: Key) -> frozenset[str]:
        found = here(key)
        if not found and repo.config("remote.origin.url"):
            return _remote_tags(repo, "origin")(key)
        return found

    return tagged
