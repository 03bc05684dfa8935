"""What differs between two snapshots, or between two model versions."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlvgit.actions.contents import find_bytes
from mlvgit.actions.project import Project
from mlvgit.actions.sides import Side, model_side
from mlvgit.actions.tables import RowChanges, UnreadableError, compare_tables, kind_of_table
from mlvgit.errors import IntegrityError, UsageError
from mlvgit.records.layout import FrozenKind
from mlvgit.records.manifest import FileEntry, Manifest
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.storage import is_hole

__all__ = [
    "FileChange",
    "FileChanges",
    "ModelChanges",
    "SnapshotChanges",
    "Value",
    "diff_models",
    "diff_snapshots",
    "locate",
]


class FileChange(NamedTuple):
    """A file that has other bytes.

    Attributes:
        path: relative to the frozen directory.
        rows: what that means for a table's rows; None when it is no table, or cannot be read as one.
        note: why it cannot; "" otherwise.
    """

    path: str
    before: FileEntry
    after: FileEntry
    rows: RowChanges | None = None
    note: str = ""


class FileChanges(NamedTuple):
    """What differs between two lists of files; paths are relative to the frozen directories.

    Attributes:
        added, removed: (path, entry).
        renamed: (path before, path after, entry): the same bytes under another name.
        unchanged: how many files are the same.
    """

    added: tuple[tuple[str, FileEntry], ...] = ()
    removed: tuple[tuple[str, FileEntry], ...] = ()
    changed: tuple[FileChange, ...] = ()
    renamed: tuple[tuple[str, str, FileEntry], ...] = ()
    unchanged: int = 0


class Located(NamedTuple):
    """A frozen thing and where it was found."""

    frozen: Frozen
    manifest: Manifest
    catalog: Catalog


class SnapshotChanges(NamedTuple):
    """What differs between two snapshots."""

    before: Manifest
    after: Manifest
    files: FileChanges

    @property
    def identical(self) -> bool:
        """Every name and every byte is the same."""
        return self.before.tree_sha256 == self.after.tree_sha256


class Value(NamedTuple):
    """One metric or parameter on both sides.

    Attributes:
        before, after: None where that side does not have it.
        difference: after - before, when both are numbers and differ.
    """

    name: str
    before: Any
    after: Any
    difference: float | None

    @property
    def same(self) -> bool:
        """Whether both sides say the same; true and 1 do not."""
        return type(self.before) is type(self.after) and bool(self.before == self.after)


class ModelChanges(NamedTuple):
    """What differs between two model versions.

    Attributes:
        metrics, params: every name that one of them has, by name.
        data_added, data_removed: snapshots that only the one or the other was trained on.
    """

    before: Side
    after: Side
    metrics: tuple[Value, ...]
    params: tuple[Value, ...]
    data_added: tuple[str, ...]
    data_removed: tuple[str, ...]
    files: FileChanges


# Snapshots


def diff_snapshots(project: Project, before: str, after: str, *, show_rows: int = 0) -> SnapshotChanges:
    """Compare two snapshots; only the files of which the bytes differ are read, and hashed first.

    Args:
        project: where they are.
        before, after: references.
        show_rows: at most so many rows of each kind are returned for a table.

    Raises:
        UsageError: there is no such snapshot.
        DocumentError: a manifest cannot be read.
    """
    old, new = locate(project, before, "snapshot"), locate(project, after, "snapshot")
    files = _files(project, old, new, show_rows)
    return SnapshotChanges(before=old.manifest, after=new.manifest, files=files)


def locate(project: Project, reference: str, kind: FrozenKind, at: Catalog | None = None) -> Located:
    """Find a frozen thing in `at`; by default in the working directory, else in the last commit.

    Raises:
        UsageError: it is in neither.
        DocumentError: its manifest cannot be read.
    """
    find = project.find_snapshot if kind == "snapshot" else project.find_model
    catalog = at or project.working()
    try:
        return Located(*project.frozen(find(reference, catalog), catalog), catalog)
    except UsageError:
        if at is not None:
            raise
        catalog = project.committed()
        try:
            return Located(*project.frozen(find(reference, catalog), catalog), catalog)
        except UsageError:
            pass
        raise


def _files(project: Project, old: Located, new: Located, show_rows: int) -> FileChanges:
    if old.manifest.tree_sha256 == new.manifest.tree_sha256:
        return FileChanges(unchanged=new.manifest.file_count)
    before, after = old.manifest.by_relative(), new.manifest.by_relative()
    removed = {path: entry for path, entry in before.items() if path not in after}
    added = {path: entry for path, entry in after.items() if path not in before}
    both = [path for path in after if path in before]
    changed = [path for path in both if before[path].sha256 != after[path].sha256]
    renamed = _renamed(removed, added)
    return FileChanges(
        added=tuple(sorted(added.items())),
        removed=tuple(sorted(removed.items())),
        renamed=tuple(sorted(renamed)),
        changed=tuple(_file_change(project, old, new, path, show_rows) for path in sorted(changed)),
        unchanged=len(both) - len(changed),
    )


def _renamed(removed: dict[str, FileEntry], added: dict[str, FileEntry]) -> list[tuple[str, str, FileEntry]]:
    """Take from both what has the same bytes: first where the last part of the name is kept, then in order."""
    by_bytes: dict[str, list[str]] = {}
    for path in sorted(added):
        by_bytes.setdefault(added[path].sha256, []).append(path)
    pairs = []
    for by_name in (True, False):
        for path in sorted(removed):
            targets = by_bytes.get(removed[path].sha256, [])
            same = [target for target in targets if target.rpartition("/")[2] == path.rpartition("/")[2]]
            found = (same or [""])[0] if by_name else (targets or [""])[0]
            if found:
                targets.remove(found)
                pairs.append((path, found, added.pop(found)))
                del removed[path]
    return pairs


def _file_change(project: Project, old: Located, new: Located, path: str, show_rows: int) -> FileChange:
    before, after = old.manifest.by_relative()[path], new.manifest.by_relative()[path]
    kind = kind_of_table(path)
    rows, note = None, ""
    retired = [each.frozen.key for each, entry in ((old, before), (new, after)) if is_hole(each.manifest, entry)]
    if retired:
        note = f"rows unknown: the bytes of {' and '.join(map(str, retired))} were retired"
    elif kind:
        opened = [find_bytes(project, each.frozen, path, each.catalog) for each in (old, new)]
        if opened[0] is None or opened[1] is None:
            missing = [str(each.frozen.key) for each, found in zip((old, new), opened, strict=True) if found is None]
            note = f"rows unknown: the frozen bytes of {' and '.join(missing)} are not here"
        else:
            try:
                rows = compare_tables(kind, opened[0], opened[1], show=show_rows)
            except UnreadableError as error:
                note = f"not readable as {kind}: {error}"
            except (KeyError, IntegrityError):
                note = "rows unknown: it changed while it was read"
    return FileChange(path=path, before=before, after=after, rows=rows, note=note)


# Model versions


def diff_models(project: Project, before: str, after: str, *, at: Catalog | None = None) -> ModelChanges:
    """Compare two model versions, named by version or by stage.

    Args:
        project: where they are.
        before, after: references.
        at: look there only; by default in the working directory, else in the last commit.

    Raises:
        UsageError: there is no such version.
        DocumentError: a manifest or a registry cannot be read.
    """
    old, new = locate(project, before, "model", at), locate(project, after, "model", at)
    sides = [model_side(project, each.frozen, each.manifest, each.catalog) for each in (old, new)]
    return ModelChanges(
        before=sides[0],
        after=sides[1],
        metrics=_values(sides[0].metrics, sides[1].metrics),
        params=_values(sides[0].params, sides[1].params),
        data_added=tuple(name for name in sides[1].data if name not in sides[0].data),
        data_removed=tuple(name for name in sides[0].data if name not in sides[1].data),
        files=_files(project, old, new, 0),
    )


def _values(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Value, ...]:
    found = []
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        found.append(Value(name, old, new, _difference(old, new)))
    return tuple(found)


def _difference(before: object, after: object) -> float | None:
    if isinstance(before, bool) or isinstance(after, bool) or before == after:
        return None
    if isinstance(before, int | float) and isinstance(after, int | float):
        return float(after) - float(before)
    return None
