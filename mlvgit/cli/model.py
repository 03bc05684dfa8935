"""`git mlv model` (add, list, show, diff, path) and `git mlv comment`."""

import argparse
from pathlib import Path

from mlvgit.actions.models import ModelPlan, ModelVersion, add, comment, facts, listing, next_version
from mlvgit.actions.project import Project
from mlvgit.actions.serving import identity, resolve
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
    retired_fact,
    show_manifest,
    tell_again,
    tell_of_links,
    tell_otherwise,
    unknown_name,
)
from mlvgit.cli.output import Output
from mlvgit.core.text import printable, size
from mlvgit.errors import UsageError

__all__ = ["configure_comment", "configure_model", "run_comment", "run_model"]

EXAMPLES = """\
examples:
  git mlv model add iris_clf v0.1.0 model.pkl --metrics metrics.json --params params.json --data iris@v0.1
  git mlv model add iris_clf v0.1.0          freeze models/iris_clf/v0.1.0 where it stands
  git mlv model add big_clf v0.1.0 --manifest big.json    hashed elsewhere by git mlv manifest
  git mlv model list iris_clf
  git mlv model diff iris_clf@production iris_clf@v0.3.0
"""


def configure_model(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv model`."""
    parser.description = "Model versions: a frozen folder models/MODEL/vX.Y.Z and its stage in the registry."
    parser.epilog = EXAMPLES
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    new = verbs.add_parser("add", help="freeze a new version", epilog=EXAMPLES, formatter_class=parser.formatter_class)
    new.add_argument("model", metavar="MODEL")
    new.add_argument("version", metavar="VERSION", nargs="?", default="")
    new.add_argument(
        "--bump", choices=("major", "minor", "patch"), help="count on from the newest version, in place of VERSION"
    )
    new.add_argument("files", nargs="*", type=Path, metavar="FILE", help="none freezes the folder where it stands")
    new.add_argument("--metrics", type=Path, metavar="FILE", help="an object in JSON or YAML; becomes metrics.json")
    new.add_argument("--params", type=Path, metavar="FILE", help="an object in JSON or YAML; becomes params.json")
    new.add_argument(
        "--data", metavar="SNAPSHOT", action="append", default=[], help="what it was trained on; may be repeated"
    )
    new.add_argument("--run", metavar="ID", default="", help="the run that made it")
    new.add_argument("--notes", default="")
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
        ("list", "versions and their stages"),
        ("show", "a version in words"),
        ("path", "the verified folder or file"),
    ):
        verb = verbs.add_parser(name, help=help_text)
        verb.add_argument("name", metavar="MODEL" if name == "list" else "REF", nargs="?" if name == "list" else None)
        if name == "path":
            verb.add_argument("file", nargs="?", default="", metavar="FILE")
        add_moment(verb)
        add_json(verb)
    diff = verbs.add_parser("diff", help="metrics, params and data of two versions side by side")
    diff.add_argument("before", metavar="REF")
    diff.add_argument("after", metavar="REF")
    add_moment(diff)
    add_json(diff)


def run_model(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv model`."""
    return {"add": _add, "list": _list, "show": _show, "diff": _diff, "path": _path}[args.verb](args, output)


def _add(args: argparse.Namespace, output: Output) -> int:
    project = Project.open()
    version, files = args.version, list(args.files)
    if args.bump:
        # With --bump there is no VERSION, and what stands in its place is a file.
        files[:0] = [Path(version)] if version else []
        version = next_version(project, args.model, args.bump)
    plan = ModelPlan(
        model=args.model,
        version=version,
        files=tuple(from_here_or_top(project, file) for file in files),
        metrics=args.metrics,
        params=args.params,
        run=args.run,
        data=tuple(args.data),
        notes=args.notes,
        replace=args.replace,
        dereference=args.dereference,
        storage=args.storage,
        move=args.move,
        inventory=asked_inventory(args),
    )
    with output.progress(f"freezing {args.model} {version}") as progress:
        result = add(project, plan, progress)
    frozen_lines(output, result)
    if not result.already and not args.data and not output.as_json:
        output.talk("note: which data it was trained on is not said: the same again with --data NAME@VERSION says it")
    again = tell_again(project, output, result)
    tell_of_links(project, output)
    commit = commit_staged(project, args, result.staged, f"Add {result.key}", output)
    if result.restated or not result.already:
        output.next(f"git mlv tag-model {args.model} {version}" if commit else f'git commit -m "Add {result.key}"')
    output.json(frozen_json(result, commit=commit, retired_before=again))
    return 0


def _line(line: ModelVersion) -> list[str]:
    manifest = line.manifest
    size_text = (
        ", ".join(filter(None, (size(manifest.total_bytes), retired_fact(manifest)))) if manifest else "not frozen"
    )
    data = ", ".join(
        (line.registered.data_snapshots if line.registered else ()) or (manifest.derived_from if manifest else ())
    )
    return [line.key.name, line.key.version, line.stage, size_text, data]


def _list(args: argparse.Namespace, output: Output) -> int:
    project = Project.open()
    catalog, commit = catalog_at(project, args, output)
    found = listing(catalog, project.root, args.name)
    tell_otherwise(project, args, output, catalog, dict.fromkeys(line.key.name for line in found))
    output.table([_line(line) for line in found], ("MODEL", "VERSION", "STAGE", "SIZE", "DATA"))
    if not found and args.name:
        other = project.other_kind(args.name, "model", catalog)
        raise other or unknown_name(args.name, catalog.models(project.root), "model")
    if not found:
        output.talk("no model versions yet: git mlv model add MODEL v0.1.0 FILE...")
    versions = [
        {
            "model": line.key.name,
            "version": line.key.version,
            "stage": line.stage,
            "frozen": line.manifest is not None,
            "tree_sha256": line.manifest.tree_sha256 if line.manifest else "",
        }
        for line in found
    ]
    output.json({"commit": commit, "versions": versions})
    return 0


def _show(args: argparse.Namespace, output: Output) -> int:
    from mlvgit.actions.sides import runs_of

    project = Project.open()
    catalog, commit = catalog_at(project, args, output)
    key = project.find_model(args.name, catalog)
    tell_otherwise(project, args, output, catalog, [key.name])
    frozen, manifest = project.frozen(key, catalog)
    registry = catalog.registry(key.root, key.name)
    entry = registry.version(key.version) if registry else None
    runs = runs_of(catalog, key, manifest, entry)
    more = {
        "runs": list(runs) if output.as_json else [],  # in words one line names them all
        "stage": entry.stage if entry else "dev",
        "metrics": dict(facts(catalog, frozen.directory, "metrics.json")),
        "params": dict(facts(catalog, frozen.directory, "params.json")),
        "comments": [f"{each.at[:10]} {each.by}: {each.text}" for each in entry.comments] if entry else [],
        "commit": commit,
    }
    manifest = manifest._replace(run=next(iter(runs), "") if output.as_json else ", ".join(runs))
    show_manifest(output, frozen, manifest, **{name: value for name, value in more.items() if value or output.as_json})
    return 0


def _path(args: argparse.Namespace, output: Output) -> int:
    project = Project.open()
    text = args.name if args.name.startswith("model:") else "model:" + args.name
    moment = asked_moment(project, args, output)
    found = resolve(project, text, args.file, moment.commit or None)
    here = project.committed(moment.commit or None)
    tell_otherwise(project, args, output, here, [found.key.name], lambda there: identity(project, text, there))
    if output.as_json:
        output.json(
            {
                "model": str(found.key),
                "path": str(found.path),
                "tree_sha256": found.manifest.tree_sha256,
                "commit": found.commit,
            }
        )
    else:
        output.raw(str(found.path))
    return 0


def _diff(args: argparse.Namespace, output: Output) -> int:
    from mlvgit.cli.diff import model_diff

    return model_diff(args, output)


def configure_comment(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv comment`."""
    parser.description = "Add a comment to a model version; it is kept in the registry."
    parser.epilog = (
        'examples:\n  git mlv comment iris_clf@v0.2.0 "Drifts on petals under 1 cm"\n'
        '  git mlv comment iris_clf@v0.2.0 -m "Drifts on petals under 1 cm"    and commit it\n'
    )
    parser.add_argument("ref", metavar="REF")
    parser.add_argument("text", metavar="TEXT", nargs="?", help="what is noted; without it, the text of -m")
    add_commit(parser)
    add_json(parser)


def run_comment(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv comment`."""
    project = Project.open()
    text = args.text if args.text is not None else args.message
    if text is None:
        raise UsageError("what is to be noted?", hint=f'git mlv comment {printable(args.ref)} "TEXT"   (or -m "TEXT")')
    key, path = comment(project, args.ref, text, project.repo.identity())
    subject = f"Comment on {key}"
    commit = commit_staged(project, args, [path], subject, output)
    output.say(f"noted on {key}, in {printable(path)}" + ("" if commit else " (staged)"))
    if not commit:
        output.next(f'git commit -m "{subject}"')
    output.json({"ref": str(key), "registry": path, "commit": commit})
    return 0
