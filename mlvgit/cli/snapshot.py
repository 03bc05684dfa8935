"""`git mlv snapshot`: create, list, show, diff, path."""

import argparse
from pathlib import Path

from mlvgit.actions.project import Project
from mlvgit.actions.serving import resolve
from mlvgit.actions.snapshots import SnapshotPlan, create, listing
from mlvgit.cli.common import (
    add_commit,
    add_json,
    add_manifest,
    add_moment,
    add_move,
    add_storage,
    asked_inventory,
    asked_moment,
    catalog_at,
    commit_staged,
    from_here_or_top,
    frozen_json,
    frozen_lines,
    manifest_json,
    retired_words,
    tell_again,
    tell_of_links,
    unknown_name,
)
from mlvgit.cli.output import Output
from mlvgit.core.text import count, size

__all__ = ["configure_snapshot", "run_snapshot"]

EXAMPLES = """\
examples:
  git mlv snapshot create iris v0.1 raw/iris.csv          copy a file in and freeze it
  git mlv snapshot create iris v0.1                       freeze data/snapshots/iris_v0.1 where it stands
  git mlv snapshot create iris --bump minor fixed/ -m "Correct 3 labels"
  git mlv snapshot create logs --bump minor --base logs@latest --add 2026-11-23.csv
  git mlv snapshot create scans v0.1 --manifest scans.json    hashed elsewhere by git mlv manifest
  git mlv snapshot diff iris@v0.1 iris@v0.2
"""


def configure_snapshot(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv snapshot`."""
    parser.description = "Frozen data sets: a directory and the manifest beside it."
    parser.epilog = EXAMPLES
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    new = verbs.add_parser(
        "create", help="freeze a new snapshot", epilog=EXAMPLES, formatter_class=parser.formatter_class
    )
    new.add_argument("dataset", metavar="DATASET")
    new.add_argument(
        "rest",
        nargs="*",
        metavar="VERSION SOURCE",
        help="the version (v0.1), then files and folders to copy in; none freezes the folder where it stands",
    )
    new.add_argument(
        "--bump", choices=("major", "minor", "patch"), help="count on from the newest version, in place of VERSION"
    )
    new.add_argument(
        "--base", metavar="SNAPSHOT", default="", help="go on from this snapshot; --add and --remove say what differs"
    )
    new.add_argument("--add", metavar="FILE", type=Path, action="append", default=[])
    new.add_argument("--remove", metavar="PATH", action="append", default=[])
    new.add_argument(
        "--from", metavar="SNAPSHOT", dest="parents", action="append", default=[], help="lineage: what it was made from"
    )
    new.add_argument("--notes", default="")
    new.add_argument("--source", default="", help="where the data came from")
    new.add_argument("--owner", default="")
    new.add_argument("--license", default="")
    new.add_argument("--replace", action="store_true", help="let a version that is not published give way")
    add_manifest(new)
    add_storage(new)
    add_move(new)
    new.add_argument(
        "--dereference",
        action="store_true",
        help="follow symlinks that stay inside the source (or a Hugging Face cache)",
    )
    add_commit(new)
    add_json(new)
    for name, help_text in (
        ("list", "what is frozen"),
        ("show", "a manifest in words"),
        ("path", "the verified folder, for a script"),
    ):
        verb = verbs.add_parser(name, help=help_text)
        verb.add_argument(
            "name", metavar="DATASET" if name == "list" else "SNAPSHOT", nargs="?" if name == "list" else None
        )
        if name == "path":
            verb.add_argument("file", nargs="?", default="", metavar="FILE")
        add_moment(verb)
        add_json(verb)
    diff = verbs.add_parser("diff", help="what differs between two snapshots")
    diff.add_argument("before", metavar="SNAPSHOT")
    diff.add_argument("after", metavar="SNAPSHOT")
    diff.add_argument("--rows", action="store_true", help="show the rows that differ, not only their number")
    add_json(diff)


def run_snapshot(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv snapshot`."""
    return {"create": _create, "list": _list, "show": _show, "diff": _diff, "path": _path}[args.verb](args, output)


def _create(args: argparse.Namespace, output: Output) -> int:
    project = Project.open()
    rest = list(args.rest)
    version = "" if args.bump else (rest.pop(0) if rest else "")
    plan = SnapshotPlan(
        dataset=args.dataset,
        version=version,
        sources=tuple(from_here_or_top(project, word) for word in rest),
        bump=args.bump,
        base=args.base,
        add=tuple(args.add),
        remove=tuple(args.remove),
        parents=tuple(args.parents),
        notes=args.notes,
        source=args.source,
        owner=args.owner,
        license=args.license,
        replace=args.replace,
        dereference=args.dereference,
        storage=args.storage,
        move=args.move,
        inventory=asked_inventory(args),
    )
    with output.progress(f"freezing {args.dataset}") as progress:
        result = create(project, plan, progress)
    frozen_lines(output, result)
    again = tell_again(project, output, result)
    tell_of_links(project, output)
    commit = commit_staged(project, args, result.staged, f"Freeze {result.key}", output)
    if (result.restated or not result.already) and not commit:
        output.next(f'git commit -m "Freeze {result.key}"')
    output.json(frozen_json(result, commit=commit, retired_before=again))
    return 0


def _list(args: argparse.Namespace, output: Output) -> int:
    project = Project.open()
    catalog, commit = catalog_at(project, args, output)
    found = listing(catalog, project.root, args.name)
    rows = []
    for key, manifest in found:
        if manifest is None:
            rows.append([str(key), "unreadable", "", "", ""])
        else:
            rows.append(
                [
                    str(key),
                    count(manifest.file_count, "file"),
                    size(manifest.total_bytes),
                    manifest.created_utc[:10],
                    f"retired: {retired_words(manifest)}" if manifest.retired else manifest.notes.split("\n")[0][:60],
                ]
            )
    output.table(rows, ("SNAPSHOT", "FILES", "SIZE", "FROZEN", "NOTES"))
    if not found and args.name:
        names = sorted({key.name for key in catalog.keys("snapshot", root=project.root)})
        raise project.other_kind(args.name, "snapshot", catalog) or unknown_name(args.name, names, "dataset")
    if not found:
        output.talk("no snapshots yet: git mlv snapshot create DATASET v0.1 FILE_OR_FOLDER...")
    output.json({"commit": commit, "snapshots": [manifest_json(key, manifest) for key, manifest in found if manifest]})
    return 0


def _show(args: argparse.Namespace, output: Output) -> int:
    from mlvgit.cli.common import show_manifest

    project = Project.open()
    catalog, commit = catalog_at(project, args, output)
    key = project.find_snapshot(args.name, catalog)
    frozen, manifest = project.frozen(key, catalog)
    show_manifest(output, frozen, manifest, commit=commit)
    return 0


def _path(args: argparse.Namespace, output: Output) -> int:
    project = Project.open()
    text = args.name if args.name.startswith("data:") else "data:" + args.name
    found = resolve(project, text, args.file, asked_moment(project, args, output).commit or None)
    if output.as_json:
        output.json(
            {
                "snapshot": str(found.key),
                "path": str(found.path),
                "tree_sha256": found.manifest.tree_sha256,
                "commit": found.commit,
            }
        )
    else:
        output.raw(str(found.path))
    return 0


def _diff(args: argparse.Namespace, output: Output) -> int:
    from mlvgit.cli.diff import snapshot_diff

    return snapshot_diff(args, output)
