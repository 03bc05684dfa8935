"""`git mlv snapshot diff` and `git mlv model diff`."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from mlvgit.actions.differences import (
    FileChange,
    FileChanges,
    ModelChanges,
    SnapshotChanges,
    Value,
    diff_models,
    diff_snapshots,
)
from mlvgit.actions.project import Project
from mlvgit.actions.sides import Side
from mlvgit.actions.tables import RowChanges
from mlvgit.cli.common import catalog_at
from mlvgit.cli.output import Output
from mlvgit.core.text import count, printable, short, size
from mlvgit.records.manifest import FileEntry, Manifest

__all__ = ["model_diff", "snapshot_diff"]

MOST_ROWS = 20
MOST_FILES = 100
LONGEST_ROW = 200


def snapshot_diff(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv snapshot diff`."""
    changes = diff_snapshots(Project.open(), args.before, args.after, show_rows=MOST_ROWS if args.rows else 0)
    if output.as_json:
        output.json(_snapshot_json(changes))
        return 0
    names = [f"{each.name}@{each.version}" for each in (changes.before, changes.after)]
    if changes.identical:
        output.say(f"{names[0]} and {names[1]} are identical: tree {short(changes.after.tree_sha256)}")
        return 0
    output.say(output.style(f"{names[0]} -> {names[1]}", "bold"))
    output.say(f"  {_total(changes.before)} -> {_total(changes.after)}")
    _files(changes.files, output)
    return 0


def _total(manifest: Manifest) -> str:
    return f"{count(manifest.file_count, 'file')}, {size(manifest.total_bytes)}"


def _files(files: FileChanges, output: Output) -> None:
    lines: list[tuple[str, str, str, str]] = []
    lines += [("removed", "red", path, size(entry.size_bytes)) for path, entry in files.removed]
    lines += [("added", "green", path, size(entry.size_bytes)) for path, entry in files.added]
    lines += [("renamed", "cyan", f"{old} -> {new}", "same bytes") for old, new, _ in files.renamed]
    for what, colour, name, more in lines[:MOST_FILES]:
        output.say(f"  {output.style(f'{what:<8}', colour)} {printable(name)}  ({more})")
    if len(lines) > MOST_FILES:
        output.say(f"  ... and {count(len(lines) - MOST_FILES, 'more file')} added, removed or renamed")
    for change in files.changed[:MOST_FILES]:
        _changed(change, output)
    if len(files.changed) > MOST_FILES:
        output.say(f"  ... and {count(len(files.changed) - MOST_FILES, 'more file')} changed")
    if files.unchanged:
        output.say(f"  {count(files.unchanged, 'file')} unchanged")


def _changed(change: FileChange, output: Output) -> None:
    grown = f"{size(change.before.size_bytes)} -> {size(change.after.size_bytes)}"
    output.say(f"  {output.style('changed ', 'yellow')} {printable(change.path)}  ({grown})")
    if change.note:
        output.say(f"             {printable(change.note)}")
    if change.rows:
        for line in _row_lines(change.rows):
            output.say(f"             {printable(line)}")
        for sign, colour, total, rows in (
            ("-", "red", change.rows.removed, change.rows.rows_removed),
            ("+", "green", change.rows.added, change.rows.rows_added),
        ):
            for row in rows:
                output.say(output.style(f"             {sign} {_one_row(row)}", colour))
            if rows and total > len(rows):
                output.say(f"             {sign} ... and {count(total - len(rows), 'more row')}")


def _row_lines(rows: RowChanges) -> list[str]:
    lines = []
    if rows.columns_added or rows.columns_removed:
        parts = [f"+{_listed(rows.columns_added)}"] if rows.columns_added else []
        parts += [f"-{_listed(rows.columns_removed)}"] if rows.columns_removed else []
        lines.append("columns: " + "; ".join(parts))
    text = f"rows: {rows.rows_before:,} -> {rows.rows_after:,}"
    if rows.added or rows.removed:
        text += f" (+{rows.added:,} -{rows.removed:,})"
    elif not lines:
        text += " (the same rows: another order, or written otherwise)"
    lines.append(text + (", compared by the columns that both have" if rows.common_only else ""))
    return lines


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _one_row(row: str) -> str:
    text = printable(row)
    return text if len(text) <= LONGEST_ROW else text[:LONGEST_ROW] + "..."


# JSON


def _snapshot_json(changes: SnapshotChanges) -> dict[str, Any]:
    return {
        "before": _side_json(changes.before),
        "after": _side_json(changes.after),
        "identical": changes.identical,
        **_files_json(changes.files),
    }


def _side_json(manifest: Manifest) -> dict[str, Any]:
    return {
        "name": manifest.name,
        "version": manifest.version,
        "tree_sha256": manifest.tree_sha256,
        "file_count": manifest.file_count,
        "total_bytes": manifest.total_bytes,
    }


def _files_json(files: FileChanges) -> dict[str, Any]:
    return {
        "added": [_entry_json(path, entry) for path, entry in files.added],
        "removed": [_entry_json(path, entry) for path, entry in files.removed],
        "renamed": [
            {"before": old, "after": new, "size_bytes": entry.size_bytes, "sha256": entry.sha256}
            for old, new, entry in files.renamed
        ],
        "changed": [_change_json(change) for change in files.changed],
        "unchanged": files.unchanged,
    }


def _entry_json(path: str, entry: FileEntry) -> dict[str, Any]:
    return {"path": path, "size_bytes": entry.size_bytes, "sha256": entry.sha256}


def _change_json(change: FileChange) -> dict[str, Any]:
    rows = change.rows
    found: dict[str, Any] = {
        "path": change.path,
        "before": {"size_bytes": change.before.size_bytes, "sha256": change.before.sha256},
        "after": {"size_bytes": change.after.size_bytes, "sha256": change.after.sha256},
        "note": change.note,
        "rows": None,
    }
    if rows:
        found["rows"] = {
            "kind": rows.kind,
            "before": rows.rows_before,
            "after": rows.rows_after,
            "added": rows.added,
            "removed": rows.removed,
            "columns_added": list(rows.columns_added),
            "columns_removed": list(rows.columns_removed),
            "common_columns_only": rows.common_only,
            "rows_added": [printable(row) for row in rows.rows_added],
            "rows_removed": [printable(row) for row in rows.rows_removed],
        }
    return found


# Model versions


def model_diff(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv model diff`."""
    project = Project.open()
    catalog, commit = catalog_at(project, args, output)
    changes = diff_models(project, args.before, args.after, at=catalog if commit else None)
    if output.as_json:
        output.json({"commit": commit, **_model_json(changes)})
        return 0
    before, after = changes.before, changes.after
    for problem in (*before.problems, *after.problems):
        output.warn(printable(problem))
    rows: list[tuple[str, str, str, str, bool]] = [("", str(before.key), str(after.key), "", True)]
    rows += [("stage", before.stage, after.stage, "", before.stage != after.stage)]
    rows += [_value_row("metric", value) for value in changes.metrics]
    rows += [_value_row("param", value) for value in changes.params]
    rows += _data_rows(changes)
    rows += (
        [("run", before.run or "-", after.run or "-", "", before.run != after.run)] if before.run or after.run else []
    )
    _side_by_side(rows, output)
    if before.manifest.tree_sha256 == after.manifest.tree_sha256:
        output.say(f"files are identical: tree {short(after.manifest.tree_sha256)}")
    else:
        output.say(f"files: {_total(before.manifest)} -> {_total(after.manifest)}")
        _files(changes.files, output)
    return 0


def _value_row(what: str, value: Value) -> tuple[str, str, str, str, bool]:
    difference = "" if value.difference is None else f"{value.difference:+.6g}"
    return f"{what} {value.name}", _written(value.before), _written(value.after), difference, not value.same


def _written(value: object) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _data_rows(changes: ModelChanges) -> list[tuple[str, str, str, str, bool]]:
    """Return the snapshots that both were trained on, then those of one side beside those of the other."""
    removed, added = list(changes.data_removed), list(changes.data_added)
    common = [name for name in changes.before.data if name not in removed]
    rows = [("data", name, name, "", False) for name in common]
    for number in range(max(len(removed), len(added))):
        old = removed[number] if number < len(removed) else "-"
        new = added[number] if number < len(added) else "-"
        rows.append(("data", old, new, "", True))
    return rows


def _side_by_side(rows: Sequence[tuple[str, str, str, str, bool]], output: Output) -> None:
    cells = [[_cut(cell) for cell in row[:4]] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    for row, (*_, differs) in zip(cells, rows, strict=True):
        mark = " " if row is cells[0] or not differs else "*"
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        output.say(output.style(f"{mark} {line}", "bold" if differs else "dim"))


def _cut(cell: str) -> str:
    text = printable(cell)
    return text if len(text) <= 60 else text[:57] + "..."


def _model_json(changes: ModelChanges) -> dict[str, Any]:
    return {
        "before": _model_side_json(changes.before),
        "after": _model_side_json(changes.after),
        "metrics": _values_json(changes.metrics),
        "params": _values_json(changes.params),
        "data_added": list(changes.data_added),
        "data_removed": list(changes.data_removed),
        "files": _files_json(changes.files),
    }


def _model_side_json(side: Side) -> dict[str, Any]:
    return {
        **_side_json(side.manifest),
        "stage": side.stage,
        "metrics": dict(side.metrics),
        "params": dict(side.params),
        "data": list(side.data),
        "run": side.run,
        "problems": list(side.problems),
    }


def _values_json(values: Sequence[Value]) -> dict[str, Any]:
    return {
        value.name: {
            "before": value.before,
            "after": value.after,
            "difference": value.difference,
            "same": value.same,
        }
        for value in values
    }
