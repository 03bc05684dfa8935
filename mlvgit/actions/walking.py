"""Walking: the commits between what a receiver has and a tip, each judged against its parents.

Most commits touch nothing of ours: one `git log --raw` tells which do, and only those are judged.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from mlvgit.actions.judging import delta_between, empty
from mlvgit.actions.project import Project
from mlvgit.core.paths import is_within
from mlvgit.core.text import count, short
from mlvgit.records.layout import SETTINGS_NAME
from mlvgit.repo.git import decode
from mlvgit.repo.history import commit_exists, is_zero, read_commit
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.delta import Delta
from mlvgit.rules.engine import judge
from mlvgit.rules.model import Change, Context, Entry, Finding

__all__ = ["AT_PUSH", "MOST_COMMITS", "Step", "Walk", "steps_between", "walk"]

MOST_COMMITS: Final = 500
"""How many commits that touch something of ours are judged one by one; all of the change is judged however many are."""
AT_PUSH: Final = 50
"""As many at a push, where somebody waits, and where they are only told."""
MOST_LISTED: Final = 5_000

_LOG = (
    "--root",
    "--diff-merges=separate",
    "--raw",
    "-z",
    "--no-abbrev",
    "--no-renames",
    "--no-show-signature",
    "--ignore-submodules=none",
)


class Step(NamedTuple):
    """A commit on the way.

    Attributes:
        commit: its id.
        parents: ids, first parent first.
        changes: what it changed, path -> (before, after); of a merge from all its parents together, so that only the
            paths are meant.
    """

    commit: str
    parents: tuple[str, ...]
    changes: dict[str, Change]


class Walk(NamedTuple):
    """What walking found.

    Attributes:
        findings: what a commit broke and the end of the way does not show any more.
        note: what was not looked at, or "".
    """

    findings: list[Finding]
    note: str


def walk(
    project: Project,
    tip: str,
    bases: Sequence[str],
    known: Iterable[str],
    context: Callable[[Step], Context],
    found: Iterable[Finding],
    *,
    each: bool,
    most: int = MOST_COMMITS,
) -> Walk:
    """Judge each commit that `tip` has and none of `bases` and `known` has, on all sides of merges.

    Args:
        project: where to look.
        tip: full id; judged already against `bases`.
        bases: full ids of what it was judged against, at least one.
        known: full ids of what else the receiver has; those that are not here are passed over.
        context: what the trees do not tell, for one step.
        found: findings of the whole way; what they say is not said again.
        each: findings refuse; otherwise they are only told, and not looked for when more than `most` commits touch us.
        most: how many are judged, the newest ones.
    """
    steps, unlisted = steps_between(project, tip, [*bases, *known])
    ours = [step for step in _ours(project, steps, (*bases, tip)) if (step.commit, step.parents) != (tip, tuple(bases))]
    left_out = len(ours) - most
    if left_out > 0 and not each and most < MOST_COMMITS:
        command = f"git mlv check {short(bases[0])}..{short(tip)}"
        return Walk([], f"{count(len(ours), 'commit')} on the way were not looked at one by one; {command} does")
    told = {(finding.code, finding.path) for finding in found}
    between: list[Finding] = []
    for step in ours[-most:]:
        for finding in _judge(project, step, context(step)):
            if finding.severity == "error" and (finding.code, finding.path) not in told:
                told.add((finding.code, finding.path))
                between.append(_passing(finding, step.commit, bases[0], each=each))
    note = f"only the last {most} commits that touch frozen things were looked at one by one" if left_out > 0 else ""
    return Walk(between, note or unlisted)


def steps_between(project: Project, tip: str, known: Iterable[str]) -> tuple[list[Step], str]:
    """List the commits that `tip` has and none of `known` has, oldest first, with what each changed; and a note.

    A commit whose parents are not here (a shallow clone) is left out: what it changed cannot be told.
    """
    asked = "".join(f"{oid}\n" for oid in [tip, *(f"^{oid}" for oid in known)]).encode()
    options = ("--topo-order", "--ignore-missing", f"--max-count={MOST_LISTED + 1}", "--format=%H %P")
    steps: dict[str, Step] = {}
    step, raw = Step("", (), {}), ""
    for record in project.repo.git.records("log", *options, *_LOG, "--stdin", input=asked):
        line = decode(record)
        if raw:  # the path comes after it, whatever it looks like
            step.changes[line] = _change(raw)
            raw = ""
        elif line.lstrip("\n").startswith(":"):
            raw = line.lstrip("\n:")
        else:
            commit, *parents = line.split(" ")
            step = steps.setdefault(commit, Step(commit, tuple(filter(None, parents)), {}))
    listed = list(steps.values())
    note = f"only the last {MOST_LISTED} commits were looked through" if len(listed) > MOST_LISTED else ""
    whole = [step for step in listed[:MOST_LISTED] if _has_parents(project, step)]
    return whole[::-1], note


def _has_parents(project: Project, step: Step) -> bool:
    if not project.repo.is_shallow():
        return True
    commit = read_commit(project.repo, step.commit)  # the log shows a commit that is cut off as a first one
    return commit is not None and all(commit_exists(project.repo, oid) for oid in commit.parents)


def _change(raw: str) -> Change:
    old_mode, mode, old, new, _ = raw.split(" ")
    before = None if is_zero(old) else Entry(int(old_mode, 8), old)
    return before, None if is_zero(new) else Entry(int(mode, 8), new)


# What is ours


def _ours(project: Project, steps: list[Step], ends: Iterable[str]) -> list[Step]:
    """Return the steps that touch settings or anything below our folders, wherever those were on the way."""
    resettled = [step.commit for step in steps if any(map(_is_settings, step.changes))]
    for step in steps:
        if step.parents and step.commit not in resettled:
            project.repo.folders.same_names(step.commit, step.parents[0], SETTINGS_NAME)
    folders = {folder.lower() for oid in (*ends, *resettled) for folder in _folders(project.committed(oid))}
    return [step for step in steps if any(_touches(path.lower(), folders) for path in step.changes)]


def _is_settings(path: str) -> bool:
    return path.rpartition("/")[2].lower() == SETTINGS_NAME


def _folders(catalog: Catalog) -> Iterator[str]:
    for root in catalog.roots:
        yield from root.layout.folders


def _touches(path: str, folders: Collection[str]) -> bool:
    # a link or a submodule may take the place of one of our folders, or of one above it
    return _is_settings(path) or any(is_within(path, folder) or is_within(f"{folder}/", path) for folder in folders)


# Judging


def _judge(project: Project, step: Step, context: Context) -> list[Finding]:
    after = project.committed(step.commit)
    if len(step.parents) > 1:
        return judge([delta_between(project, project.committed(oid), after) for oid in step.parents], context)
    before = project.committed(step.parents[0]) if step.parents else empty(project)
    return judge([Delta(before, after, dict(sorted(step.changes.items())))], context)


def _passing(finding: Finding, commit: str, base: str, *, each: bool) -> Finding:
    """Tell of what one commit broke and a later one mended."""
    return finding._replace(
        message=f"{finding.message} (in commit {short(commit)}; mended since)",
        keep=(),
        undo=(f"git rebase -i {short(base)}",) if each else (),
        severity="error" if each else "warning",
    )
