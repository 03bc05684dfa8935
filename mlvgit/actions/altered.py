"""Store-kept bytes that were altered in this worktree: Git ignores them, so no tree shows it; the commit guard looks.

Only what this worktree holds is compared: a version that was never fetched is no finding, nor is one of which every
file that the store keeps was removed (that lets go of it, as `git clean -dx` does). By stat first; hashed is only what
moved.
"""

from collections.abc import Iterator

from mlvgit.actions.away import is_away
from mlvgit.actions.project import Project
from mlvgit.actions.stored import held_by, hold, let_go
from mlvgit.actions.verify import differences_on_disk, extra_files
from mlvgit.core.text import UNREADABLE, printable
from mlvgit.repo.held import Held, manifest_of, stamps
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.model import Finding
from mlvgit.rules.wording import described, quoted

__all__ = ["altered_here"]


def altered_here(project: Project, index: Catalog) -> list[Finding]:
    """Find what this worktree holds and `index` freezes otherwise (MLV103); when nothing is, remember it as it stands."""
    if project.repo.top is None:
        return []
    given = held_by(project)
    moved = given.moved()
    if not moved and not given.damaged:
        return []
    before = stamps(str(project.top), moved)
    frozen_in = {
        frozen.directory: frozen
        for key in index.keys(root=None)
        if (frozen := index.frozen(key)) and _is_stored(frozen)
    }
    held = [*frozen_in, *given.folders()] if given.damaged else given.folders()
    known = [directory for directory in held if directory in frozen_in]
    compared = [directory for directory in known if not is_away(project, frozen_in[directory])]
    findings = [finding for directory in compared for finding in _altered(project, frozen_in[directory], given, moved)]
    if not findings:
        hold(project, compared, before)
        if gone := set(known).difference(compared):
            let_go(project, gone)
    return findings


def _is_stored(frozen: Frozen) -> bool:
    return frozen.manifest is not None and frozen.manifest.storage == "store"


def _altered(project: Project, frozen: Frozen, given: Held, moved: frozenset[str]) -> Iterator[Finding]:
    manifest = frozen.manifest
    if manifest is None:
        return
    folder = project.top / frozen.directory
    inside = frozen.directory + "/"
    if not given.damaged and not manifest.entries_here and not any(path.startswith(inside) for path in moved):
        return  # another manifest, whose list of files is not here: other rules judge that
    only = frozenset(manifest.by_relative())
    if not given.damaged:
        if manifest_of(frozen.directory) in moved:  # what was given was held for another one
            moved |= given.paths(frozen.directory)
        only &= {path.removeprefix(inside) for path in moved if path.startswith(inside)}
    verdict = differences_on_disk(folder, frozen, only=only)
    for what, names in (
        (UNREADABLE, verdict.unreadable),
        ("was modified", sorted(set(verdict.changed) - set(verdict.unreadable))),
        ("was deleted", () if given.damaged else verdict.missing),  # it may never have been brought,
        ("is not in the manifest", extra_files(folder, manifest)),
    ):
        for name in names:
            yield _finding(project, frozen, name, what)


def _finding(project: Project, frozen: Frozen, name: str, what: str) -> Finding:
    key = frozen.key
    path = f"{frozen.directory}/{name}"
    verb = "snapshot create" if key.kind == "snapshot" else "model add"
    return Finding(
        code="MLV103",
        path=path,
        key=key,
        message=f"bytes of {key} that the store keeps are not its manifest's: the file {what}",
        frozen=described(frozen),
        change=f"{printable(name)} {what} in this worktree; Git ignores it, and so would never show it",
        keep=(f"chmod u+r {quoted(path)}",)
        if what == UNREADABLE
        else (f"git mlv {verb} {key.name} --bump minor {quoted(frozen.directory)}", f"git mlv restore {key}"),
        undo=(f"git mlv restore {key}",),
        severity="warning" if project.settings_or_default.mode == "advise" else "error",
    )
