"""Stage events: what the history of a registry says, newest first, read lazily.

The release line is followed (`repo.releaseline`): what stood on it served, and what was not pushed yet did not.
"""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from mlvgit.actions.clock import iso
from mlvgit.actions.project import Project
from mlvgit.core.text import short
from mlvgit.core.versions import model_version
from mlvgit.errors import MlvError
from mlvgit.records.registry import Registry
from mlvgit.records.settings import Settings
from mlvgit.repo.history import Commit, PathChange, read_commit
from mlvgit.repo.releaseline import Passed, ReleaseLine
from mlvgit.rules.trees import Entry

__all__ = ["Doubt", "StageEvent", "VersionChange", "release_line", "stage_events"]

_LINE = b'    {"version": "v'
_FRAME = frozenset((b"{", b'  "versions": [', b"  ]", b"}", b""))


class VersionChange(NamedTuple):
    """One version's stage before and after a commit; "" where the registry did not name it."""

    version: str
    before: str
    after: str


class StageEvent(NamedTuple):
    """A commit that changed who is in which stage.

    Attributes:
        kind: "promote", "rollback" or "edit" (by hand, with no trailers; one that puts a lower version into
            production counts as a rollback).
        at: committer date, ISO 8601.
        by: author, "Name <email>".
        reason: the commit message between subject and trailers.
        changes: every version whose stage changed.
    """

    model: str
    commit: str
    kind: str
    at: str
    by: str
    subject: str
    reason: str
    changes: tuple[VersionChange, ...]


class Doubt(NamedTuple):
    """A merge of two lines of which nothing here tells which one had been published.

    Attributes:
        merge: the commit.
        other: the parent that is not followed.
    """

    merge: Commit
    other: str

    def __str__(self) -> str:
        """Say what is not known."""
        day, named = iso(self.merge.committed_at)[:10], f"{short(self.merge.oid)}, {self.merge.subject}"
        return f"two lines were merged on {day} ({named}), and nothing here says which of them had been published"

    @classmethod
    def of(cls, project: Project, passed: Passed) -> "Doubt | None":
        """Return the doubt about a commit that a line went through; None when there is none."""
        merge = read_commit(project.repo, passed.step.oid) if passed.doubtful else None
        return cls(merge, passed.step.parents[1 - passed.side]) if merge else None


def release_line(project: Project, settings: Settings | None) -> ReleaseLine:
    """Return what tells which side of a merge had been published."""
    if settings is None:
        return ReleaseLine(project.repo)
    return ReleaseLine(project.repo, settings.release_branch, settings.protect)


def stage_events(
    project: Project,
    model: str,
    commit: str | None = None,
    limit: int = 0,
    *,
    doubted: Callable[[Doubt], None] | None = None,
    turned: frozenset[str] = frozenset(),
) -> Iterator[StageEvent]:
    """Yield the stage events of `model` up to `commit` (HEAD), newest first; nothing older is read than is asked for.

    Args:
        project: where to look.
        model: whose.
        commit: a full id.
        limit: at most this many commits are looked at; 0 for all.
        doubted: told of a doubtful merge before any event that hangs on it.
        turned: doubtful merges of which the other side is to be followed.
    """
    start = commit or project.repo.head()
    if start is None:
        return
    root = project.committed(start).root(project.root)
    if root is None:
        return
    path = root.layout.registry(model)
    previous: tuple[Commit, bytes] | None = None
    looked_at = 0
    passed = release_line(project, root.settings).walk(start, path, turned)
    for line in islice(_released_log(project, passed, path, doubted), limit + 1 if limit else None):
        looked_at += 1
        registry = _read(project, line.entry)
        if previous is not None:
            event = _event(model, previous[0], registry, previous[1])
            if event.changes:
                yield event
        previous = (line.commit, registry)
    if previous is not None and not (limit and looked_at > limit):  # beyond the limit it only says what was before
        event = _event(model, previous[0], b"", previous[1])
        if event.changes:
            yield event


def _released_log(
    project: Project, line: Iterator[Passed], path: str, doubted: Callable[[Doubt], None] | None
) -> Iterator[PathChange]:
    """Yield the commits that changed a registry, newest first, each after the one that is yielded next."""
    for passed in line:
        step, changed, entry = passed.step, passed.step.changed, passed.step.entry
        if passed.side or passed.doubtful:
            sides = [project.repo.commit_tree(parent).entry(path) for parent in step.parents]
            entry = project.repo.commit_tree(step.oid).entry(path)
            changed = entry != sides[passed.side]
            doubt = Doubt.of(project, passed) if sides[0] != sides[1] else None
            if doubt and doubted:
                doubted(doubt)
        commit = read_commit(project.repo, step.oid) if changed else None
        if commit is not None:
            yield PathChange(commit, entry)


def _read(project: Project, entry: Entry | None) -> bytes:
    try:
        return project.repo.blob(entry.oid) if entry else b""
    except KeyError:
        return b""


def _event(model: str, commit: Commit, before: bytes, after: bytes) -> StageEvent:
    old, new = _differing(before, after) or (_stages(before), _stages(after))
    changed = {version for version in (*old, *new) if old.get(version) != new.get(version)}
    changes = tuple(
        VersionChange(version=version, before=old.get(version, ""), after=new.get(version, ""))
        for version in sorted(changed, key=lambda text: model_version(text).order)
    )
    return StageEvent(
        model=model,
        commit=commit.oid,
        kind=_kind(commit.body, changes),
        at=iso(commit.committed_at),
        by=commit.author,
        subject=commit.subject,
        reason=_reason(commit.body),
        changes=changes,
    )


def _stages(data: bytes) -> dict[str, str]:
    """Return version -> stage; nothing of what cannot be read."""
    try:
        return {entry.version: entry.stage for entry in Registry.parse(data, "").versions} if data else {}
    except MlvError:
        return {}


def _differing(before: bytes, after: bytes) -> tuple[dict[str, str], dict[str, str]] | None:
    """Read only the lines that differ, where each is a version as we write it; None when one is not.

    So a registry of a thousand versions, changed twenty times, is not read twenty times.
    """
    old, new = before.split(b"\n"), after.split(b"\n")
    same = _FRAME | (frozenset(old) & frozenset(new))
    found: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for lines, stages in zip((old, new), found, strict=True):
        for line in lines:
            if line in same or (line.startswith(b'  "name": ') and not (before and after)):
                continue
            entry = _entry(line)
            if entry is None:
                return None
            stages[entry[0]] = entry[1]
    return found


def _entry(line: bytes) -> tuple[str, str] | None:
    """Return version and stage of a line of a registry as we write it; None when it is none."""
    if not line.startswith(_LINE):
        return None
    try:
        entry = json.loads(line.rstrip(b","))
        return model_version(entry["version"]).text, str(entry["stage"])
    except (ValueError, KeyError, RecursionError, MlvError):
        return None


def _kind(body: str, changes: tuple[VersionChange, ...]) -> str:
    for line in body.splitlines():
        if line.startswith("Mlv-Event: "):
            return line.removeprefix("Mlv-Event: ").strip()
    came = [model_version(change.version) for change in changes if change.after == "production"]
    left = [model_version(change.version) for change in changes if change.before == "production"]
    return "rollback" if came and left and max(came) < max(left) else "edit"


def _reason(body: str) -> str:
    kept = [line for line in body.splitlines() if not line.startswith(("Mlv-", "#"))]
    return "\n".join(kept).strip()
