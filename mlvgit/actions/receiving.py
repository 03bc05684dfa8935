"""What a push would change on its receiver, judged before it goes out, before a server takes it, or as a range."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from mlvgit.actions.clock import today
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
from mlvgit.actions.published import published_by, registry_published
from mlvgit.actions.pushed_tags import remote_tags, tag_move, tagged_after, tags_here_or_there
from mlvgit.actions.reverts import brought_back
from mlvgit.actions.runcode import code_known, code_sha256_of, file_sha256_at, run_published
from mlvgit.actions.trails import came_with, stage_trail
from mlvgit.actions.walking import AT_PUSH, MOST_COMMITS, walk
from mlvgit.core.text import count, printable, short
from mlvgit.records.layout import Key
from mlvgit.records.settings import Settings
from mlvgit.repo.attributes import converted
from mlvgit.repo.history import (
    RefChange,
    commit_exists,
    independent,
    is_ancestor,
    is_protected,
    is_zero,
    merge_bases,
    protected_refs,
)
from mlvgit.repo.repository import Repository
from mlvgit.rules.delta import Delta
from mlvgit.rules.engine import judge
from mlvgit.rules.model import Context, Finding, RemoteBytes
from mlvgit.rules.table import RULES
from mlvgit.rules.wording import quoted

__all__ = ["BYTES", "check_range", "guard_push", "guard_receive"]

BYTES = frozenset({"MLV401", "MLV402"})
"""The rules that ask where bytes are."""


class _Receiver(NamedTuple):
    """What a push is judged against.

    Attributes:
        protected: ref -> tip of the receiver's protected branches, before the push.
        is_protected: is the branch with this full name protected there?
        trusted: settings of its protected branch.
        tagged_before: key of a model version -> identities that its model tags vouch for.
        tagged_here: the same by the tags of the clone that pushes, when it is this one.
        name: how a person calls it.
        address: what a command names it by, "" for the same.
        refspecs: the branches that are pushed, as a command names them.
        each: every commit on the way is to hold, not only the last one.
        most: how many commits on the way are looked at one by one.
    """

    protected: Mapping[str, str]
    is_protected: Callable[[str], bool]
    trusted: Mapping[str, Settings]
    tagged_before: Callable[[Key], frozenset[str]]
    tagged_here: Callable[[Key], frozenset[str]] = lambda _: frozenset()
    name: str = "origin"
    address: str = ""
    refspecs: str = ""
    each: bool = False
    most: int = AT_PUSH

    def branches(self) -> dict[str, str]:
        """Return its protected branches by the names that it knows them by, with their tips."""
        prefixes = ("refs/heads/", f"refs/remotes/{self.name}/")
        return {
            ref.removeprefix(prefix): tip
            for ref, tip in self.protected.items()
            for prefix in prefixes
            if ref.startswith(prefix)
        }


def guard_push(
    repo: Repository,
    lines: Sequence[RefChange],
    remote_name: str,
    remote_url: str,
    way_out: str = "",
    lacking: RemoteBytes | None = None,
) -> Report:
    """Judge what a push would change on a remote, from what the remote last showed.

    Args:
        lacking: what is known of bytes that Git does not hold: then only the rules about these are asked.
    """
    project = Project(repo=repo)
    remote = remote_name if remote_name and remote_name != remote_url else None
    # Which branches it protects is what the receiver says, not what is pushed. A remote that has shown nothing yet:
    # what is published elsewhere is not new.
    shown = next(iter((protected_refs(repo, (), remote) or protected_refs(repo)).values()), None)
    patterns = protect_patterns(trusted_settings(project.committed(shown)))
    protected = protected_refs(repo, patterns, remote) or protected_refs(repo, patterns)
    trusted_tip = next(iter(protected.values()), None)
    receiver = _Receiver(
        protected=protected,
        is_protected=lambda ref: is_protected(repo, ref, patterns, remote),
        trusted=trusted_settings(project.committed(trusted_tip)) if trusted_tip else {},
        tagged_before=remote_tags(repo, remote_name or remote_url),
        tagged_here=local_tags(repo),
        name=remote or "origin",
        address=_address(remote_name or remote_url),
        refspecs=" ".join(quoted(each) for each in map(_refspec, lines) if each),
    )
    override = repo.config("mlv.override")
    return _judge_push(
        project, lines, receiver, override, way_out, "push refused", lacking, BYTES if lacking else frozenset()
    )


def _address(remote: str) -> str:
    """Return what a command names a remote by, "" for a URL that may hold a password: what is printed is kept in logs."""
    return "" if "://" in remote and "@" in remote else quoted(remote)


def _refspec(line: RefChange) -> str:
    """Return the shortest that pushes a branch as it was pushed, "" for a tag or a deletion."""
    source, target = (ref.removeprefix("refs/heads/") for ref in (line.local_ref, line.remote_ref))
    if is_zero(line.local_oid) or target == line.remote_ref:
        return ""
    return target if source == target else f"{source}:{line.remote_ref}"


def guard_receive(
    repo: Repository, lines: Sequence[RefChange], options: Mapping[str, str], way_out: str = ""
) -> Report:
    """Judge a push on the server, before any ref moves."""
    project = Project(repo=repo)
    head = repo.head() or next(iter(protected_refs(repo, own=True).values()), None)
    patterns = protect_patterns(trusted_settings(project.committed(head)) if head else {})
    protected = protected_refs(repo, patterns, own=True)
    trusted_tip = next(iter(protected.values()), None)
    receiver = _Receiver(
        protected=protected,
        is_protected=lambda ref: is_protected(repo, _target(repo, ref), patterns),
        trusted=trusted_settings(project.committed(trusted_tip)) if trusted_tip else {},
        tagged_before=local_tags(repo),
    )
    allowed = repo.config("mlv.allowOverride") == "true"
    override = options.get("mlv.override", "") if allowed else ""
    return _judge_push(project, lines, receiver, override, way_out, "push refused")


def _target(repo: Repository, ref: str) -> str:
    """Return the branch that a symbolic one stands for: a push to it moves that one."""
    return repo.git.text("symbolic-ref", "--quiet", ref, ok=(0, 1, 128)) or ref


def check_range(
    project: Project, base: str, tip: str, *, each: bool = False, remote_bytes: RemoteBytes | None = None
) -> Report:
    """Judge what `tip` changes over `base` (commit ids), as a push of it to a protected branch would be.

    Where the branch of `base` went on since, what it got there is not what `tip` takes away: their common ancestors are
    compared.

    Args:
        each: refuse also what a commit on the way broke and a later one mended.
        remote_bytes: ask where the bytes are that `tip` needs and Git does not hold.
    """
    repo = project.repo
    behind = not repo.is_shallow() and not is_ancestor(repo, base, tip)
    receiver = _Receiver(
        protected={"base": base},
        is_protected=lambda ref: not behind,
        trusted=trusted_settings(project.committed(base)),
        tagged_before=tags_here_or_there(repo),
        each=each,
        most=MOST_COMMITS,
    )
    line = RefChange(local_ref="refs/heads/tip", local_oid=tip, remote_ref="refs/heads/base", remote_oid=base)
    return _judge_push(
        project, [line], receiver, repo.config("mlv.override"), "", "to be refused at push", remote_bytes
    )


def _judge_push(
    project: Project,
    lines: Sequence[RefChange],
    receiver: _Receiver,
    override: str,
    way_out: str,
    verdict: str,
    remote_bytes: RemoteBytes | None = None,
    only: frozenset[str] = frozenset(),
) -> Report:
    repo = project.repo
    tag_moves = [
        move for line in lines if line.remote_ref.startswith("refs/tags/") and (move := tag_move(project, line))
    ]
    context = Context(
        moment="push",
        trusted=receiver.trusted,
        published=published_by(project, receiver.protected.values()),
        replaceable=lambda key, identity: False,
        tagged=tagged_after(receiver.tagged_before, tag_moves),
        tagged_here=receiver.tagged_here,
        commit_known=lambda oid: commit_known(repo, oid),
        converted=lambda tree, paths: converted(repo, tree, paths),
        code_sha256_of=code_sha256_of(project),
        code_known=code_known(project),
        file_sha256_at=file_sha256_at(project),
        published_run=run_published(project, receiver.protected.values()),
        published_registry=registry_published(project, receiver.protected.values()),
        held_before=brought_back(project, receiver.protected.values()),
        stages_held=stage_trail(project, receiver.protected.values()),
        tag_moves=tuple(tag_moves),
        override=override,
        remote_bytes=remote_bytes,
        only=only,
        today=today(),
    )
    deleted = [] if only else _deleted_branches(project, lines, receiver)
    report = _Tally([_deletion(project, line, receiver) for line in deleted])
    for tip, bases in dict.fromkeys(each for line in lines for each in _comparisons(project, line, receiver)):
        here = _seen_from(project, context, bases, tip)
        if not bases and repo.is_shallow() and receiver.protected:
            report.add(_what_can_be_known(project, tip, receiver, here), "", _CUT_OFF)
        else:
            found = _judge_tip(project, tip, bases, here)
            report.add(found, bases[0] if bases else "")
            report.add(*_walked(project, tip, bases, receiver, context, found))
    if tag_moves:
        nothing = empty(project)
        report.add(judge([Delta(nothing, nothing, {})], context), "")
    return make_report(
        report.findings,
        verdict,
        way_out,
        report.base,
        receiver.address or receiver.name,
        receiver.refspecs,
        report.notes,
    )


def _seen_from(project: Project, context: Context, bases: Sequence[str], tip: str) -> Context:
    """Return the context for judging `tip` against `bases`: what it reverts is in their history."""
    return context._replace(
        tag_moves=(),
        held_before=brought_back(project, bases) if bases else context.held_before,
        stage_trail=stage_trail(project, [tip]),
        came_with=came_with(project, bases),
    )


_CUT_OFF = (
    "history is cut off here (a shallow clone), so that what this changes cannot be told from what was there: only what "
    "is wrong now was looked at, not what was altered or taken away. To know it all: git fetch --unshallow"
)


class _Tally:
    """What was found so far; `base` is that of the first thing that was refused."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        self.base = ""
        self.notes: tuple[str, ...] = ()

    def add(self, findings: list[Finding], base: str, *notes: str) -> None:
        if not self.base and any(finding.severity == "error" for finding in findings):
            self.base = base
        self.findings += findings
        self.notes += tuple(note for note in notes if note)


def _judge_tip(project: Project, tip: str, bases: Sequence[str], context: Context) -> list[Finding]:
    after = project.committed(tip)
    befores = [project.committed(base) for base in bases] or [empty(project)]
    return judge([delta_between(project, before, after) for before in befores], context)


def _walked(
    project: Project,
    tip: str,
    bases: Sequence[str],
    receiver: _Receiver,
    context: Context,
    found: Sequence[Finding],
) -> tuple[list[Finding], str, str]:
    """Return what the commits on the way to `tip` broke, no base, and a note when not all were looked at."""
    if not bases or context.only:
        return [], "", ""
    walked = walk(
        project,
        tip,
        bases,
        receiver.protected.values(),
        lambda step: _seen_from(project, context._replace(remote_bytes=None), step.parents, step.commit),
        found,
        each=receiver.each,
        most=receiver.most,
    )
    return walked.findings, "", walked.note


def _what_can_be_known(project: Project, tip: str, receiver: _Receiver, context: Context) -> list[Finding]:
    """Judge what is wrong in `tip` and on no protected branch; what was altered on the way cannot be told."""
    bases = [oid for oid in dict.fromkeys(receiver.protected.values()) if commit_exists(project.repo, oid)]
    found = _judge_tip(project, tip, bases, context)
    return [finding for finding in found if RULES[finding.code].scope == "state"]


def _deleted_branches(project: Project, lines: Sequence[RefChange], receiver: _Receiver) -> list[RefChange]:
    """Return the deletions of protected branches that hold what no other protected branch will hold."""
    after = {line.remote_ref: line.local_oid for line in lines}
    kept = [after.get(f"refs/heads/{name}", oid) for name, oid in receiver.branches().items()]
    kept = [oid for oid in kept if not is_zero(oid) and commit_exists(project.repo, oid)]
    return [
        line
        for line in lines
        if line.remote_ref.startswith("refs/heads/")
        and is_zero(line.local_oid)
        and receiver.is_protected(line.remote_ref)
        and commit_exists(project.repo, line.remote_oid)
        and project.committed(line.remote_oid).keys()
        and not any(is_ancestor(project.repo, line.remote_oid, oid) for oid in kept)
    ]


def _deletion(project: Project, line: RefChange, receiver: _Receiver) -> Finding:
    keys = project.committed(line.remote_oid).keys()
    name = printable(line.remote_ref.removeprefix("refs/heads/"))
    some = ", ".join(str(key) for key in keys[:3]) + (", ..." if len(keys) > 3 else "")
    return Finding(
        code="MLV102",
        path="",
        message=f"deleting the protected branch {name} would take {count(len(keys), 'frozen version')} away ({some})",
        frozen=f"{name} publishes {some}: commit {short(line.remote_oid)}",
        change=f"deletes {name}, and no other protected branch has what it has",
        keep=(f"git push {receiver.name} MERGED_BRANCH   # first bring it into another protected branch",),
    )


def _comparisons(project: Project, line: RefChange, receiver: _Receiver) -> list[tuple[str, tuple[str, ...]]]:
    """Return (tip, bases): what of this ref's new state is compared with which old states; no base = with nothing."""
    repo = project.repo
    if is_zero(line.local_oid):
        return []
    if line.remote_ref.startswith("refs/heads/"):
        old = line.remote_oid
        if receiver.is_protected(line.remote_ref) and not is_zero(old) and commit_exists(repo, old):
            return [(line.local_oid, (old,))]
        return [(line.local_oid, _bases(project, line.local_oid, receiver))]
    if line.remote_ref.startswith("refs/tags/"):
        commit = repo.object(line.local_oid + "^{commit}")
        return [(commit[0], _bases(project, commit[0], receiver))] if commit else []
    return []


def _bases(project: Project, tip: str, receiver: _Receiver) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for protected in dict.fromkeys(receiver.protected.values()):
        if commit_exists(project.repo, protected):
            found.update(dict.fromkeys(merge_bases(project.repo, protected, tip)))
    # An older base says nothing that a newer one does not: what came between is published on the newer one's branch.
    return tuple(independent(project.repo, found))
