"""Moments: the commit that a question is answered from: HEAD, the release branch as last fetched, a date, a commit."""

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from mlvgit.actions.project import Project
from mlvgit.core.text import short
from mlvgit.errors import MlvError, UsageError
from mlvgit.repo.branches import Branch, label, release_branch
from mlvgit.rules.catalog import Catalog

__all__ = ["Moment", "moment", "parse_date", "released_otherwise"]

_DATE = (  # compiled when a date is given
    r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})"
    r"(?:[T ]([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2})(?:\.[0-9]+)?)?)?)?"
    r"\s*(?:(Z|UTC|GMT)|([+-])([0-9]{2}):?([0-9]{2}))?"
)
_END_OF_DAY: Final = (23, 59, 59)


class Moment(NamedTuple):
    """The commit that a question is answered from.

    Attributes:
        commit: its full id; "" before the first commit.
        label: how the asker named it, in words.
        notes: what the asker should know about the choice, a sentence each.
    """

    commit: str
    label: str
    notes: tuple[str, ...] = ()


def moment(project: Project, at: str = "", *, released: bool = False) -> Moment:
    """Return the commit that answers: HEAD unless something else was asked for.

    Args:
        project: where to look.
        at: a commit, which is meant exactly, or a date: then the newest commit with a committer date up to it on the line
            of the release branch (of HEAD where no remote was ever fetched). What can be both is a commit.
        released: the release branch as last fetched.

    Raises:
        UsageError: `at` is neither, there is no release branch here, or nothing was committed up to the date.
    """
    if not at:
        return _released(project) if released else Moment(project.repo.head() or "", "HEAD")
    until = parse_date(at)
    commit = project.repo.resolve(at)
    if commit is not None and released:
        raise UsageError(f"--at {at} is a commit, and meant exactly: --released has nothing to add", hint=f"--at {at}")
    if commit is not None:
        notes = () if until is None else (f"{at} is taken for a commit here; written with T00:00Z it is a date",)
        return Moment(commit, at, notes)
    if until is None:
        raise UsageError(
            f"{at} is neither a commit here nor a date", hint="--at 2026-05-01, --at 2026-05-01T12:00Z, --at COMMIT"
        )
    return _up_to(project, _branch(project, released=released), until)


def _released(project: Project) -> Moment:
    found = _release_branch(project)
    if found is None:
        raise UsageError(
            "no release branch is known here: nothing was fetched from a remote",
            hint="git fetch origin   (or name a commit: --at main)",
        )
    return Moment(found.commit, label(project.repo, found))


def _release_branch(project: Project) -> Branch | None:
    root = project.committed().root(project.root)
    return release_branch(project.repo, root.settings.release_branch if root else "")


def _branch(project: Project, *, released: bool) -> Moment:
    if released or _release_branch(project) is not None:
        return _released(project)
    head = project.repo.head()
    if head is None:
        raise UsageError("this repository has no commit yet")
    return Moment(head, "HEAD")


# Dates


def parse_date(text: str) -> int | None:
    """Return the last second (since 1970) that a date means; None when `text` is no date.

    UTC unless a zone is given; a date without a time means its end.
    """
    match = re.fullmatch(_DATE, text.strip(), re.IGNORECASE)
    if match is None:
        return None
    year, _, month, day, hour, minute, second, _, sign, zone_hours, zone_minutes = match.groups()
    from datetime import UTC, datetime, timedelta, timezone

    clock = (int(hour), int(minute or 0), int(second or 0)) if hour else _END_OF_DAY
    try:
        zone = UTC
        if sign:
            offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
            zone = timezone(-offset if sign == "-" else offset)
        return int(datetime(int(year), int(month), int(day), *clock, tzinfo=zone).timestamp())
    except (ValueError, OverflowError):
        return None


def _up_to(project: Project, branch: Moment, until: int) -> Moment:
    """Return the newest commit on the line of `branch` with a committer date up to `until`."""
    from mlvgit.actions.clock import iso
    from mlvgit.actions.events import Doubt, release_line

    root = project.committed(branch.commit).root(project.root)
    line = release_line(project, root.settings if root else None)
    found, oldest, later = "", 0, ""
    doubts: list[Doubt] = []
    for passed in line.walk(branch.commit):
        oldest = passed.step.committed_at
        if not found and oldest <= until:
            found = passed.step.oid
        elif found and oldest > until:
            later = passed.step.oid
            break
        doubt = Doubt.of(project, passed) if not found else None
        doubts += [doubt] if doubt else []
    if not found:
        shallow = project.repo.is_shallow()
        raise UsageError(
            f"{branch.label} has no commit up to {iso(until)}: its first{' here' if shallow else ''} is of {iso(oldest)}",
            hint="git fetch --unshallow" if shallow else f"--at {iso(oldest)}",
        )
    notes = []
    if later:
        notes.append(
            f"dates are not in order on {branch.label}: {short(later)} stands before the answer and has a later date"
        )
    for doubt in doubts:
        steps = (each.step for each in line.walk(branch.commit, turned=frozenset((doubt.merge.oid,))))
        other = next((step.oid for step in steps if step.committed_at <= until), "")
        if other and _serve_otherwise(project, found, other):
            notes.append(f"{doubt}: by the other one this is answered from {short(other)} (--at {short(other)})")
    return Moment(found, f"{branch.label}, up to {iso(until)}", tuple(notes))


def _serve_otherwise(project: Project, first: str, second: str) -> bool:
    here, there = project.committed(first), project.committed(second)
    models = {*here.models(project.root), *there.models(project.root)}
    return any(
        _blob(project, here, model) != _blob(project, there, model)
        and _stages(project, here, model) != _stages(project, there, model)
        for model in models
    )


# What the release branch would answer


def released_otherwise(
    project: Project, here: Catalog, models: Iterable[str], answer: Callable[[Catalog], object] | None = None
) -> str:
    """Say in a sentence that the release branch would answer otherwise than `here`; "" when it would not.

    Registries that are one blob on both sides are not even read.

    Args:
        project: where to look.
        here: what the answer comes from.
        models: the models that the question is about.
        answer: what is asked; by default which version is in which stage.
    """
    found = _release_branch(project)
    if found is None:
        return ""
    there = project.committed(found.commit)
    changed = [model for model in models if _blob(project, here, model) != _blob(project, there, model)]
    if changed and answer is not None:
        ours, theirs = _answer(here, answer), _answer(there, answer)
        said = f"answers otherwise: {theirs or 'nothing'}" if ours != theirs else ""
    else:
        moved = [model for model in changed if _stages(project, here, model) != _stages(project, there, model)]
        said = f"has versions of {moved[0]} in other stages" if moved else ""
    return f"{label(project.repo, found)} {said} (--released)" if said else ""


def _blob(project: Project, catalog: Catalog, model: str) -> object:
    root = catalog.root(project.root)
    entry = catalog.tree.entry(root.layout.registry(model)) if root else None
    return entry.oid or entry if entry else None


def _stages(project: Project, catalog: Catalog, model: str) -> dict[str, str]:
    try:
        registry = catalog.registry(project.root, model)
    except MlvError:
        return {}
    return {entry.version: entry.stage for entry in registry.versions} if registry else {}


def _answer(catalog: Catalog, answer: Callable[[Catalog], object]) -> object:
    try:
        return answer(catalog)
    except MlvError:
        return None
