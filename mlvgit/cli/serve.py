"""`git mlv resolve`: the verified path of what serves."""

import argparse

from mlvgit.actions.project import Project
from mlvgit.actions.serving import identity, resolve
from mlvgit.cli.common import add_json, add_moment, asked_moment, tell_otherwise
from mlvgit.cli.output import Output
from mlvgit.core.references import parse_reference
from mlvgit.core.text import printable, short

__all__ = ["configure_resolve", "run_resolve"]


def configure_resolve(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv resolve`."""
    parser.description = (
        "Print the path of a model version's folder or file, for serving scripts, "
        "after its bytes were hashed and match. The commit that answered stands on standard error."
    )
    parser.epilog = (
        "examples:\n"
        "  git mlv resolve iris_clf@production model.pkl\n"
        "  MODEL=$(git mlv resolve iris_clf@production model.pkl) || exit 1\n"
        "  git mlv resolve iris_clf@production --released\n"
        "  git mlv resolve iris_clf@production --at 2026-05-01\n"
    )
    parser.add_argument("ref", metavar="REF", help="iris_clf@production, iris_clf@v0.2.0, iris@v0.1")
    parser.add_argument("file", metavar="FILE", nargs="?", default="")
    add_moment(parser)
    add_json(parser)


def run_resolve(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv resolve`."""
    project = Project.open()
    moment = asked_moment(project, args, output)
    here, name = project.committed(moment.commit or None), parse_reference(args.ref).name
    tell_otherwise(project, args, output, here, [name], lambda there: identity(project, args.ref, there))
    found = resolve(project, args.ref, args.file, moment.commit or None)
    if output.as_json:
        output.json(
            {
                "name": found.key.name,
                "version": found.key.version,
                "path": str(found.path),
                "tree_sha256": found.manifest.tree_sha256,
                "commit": found.commit,
            }
        )
    else:
        output.raw(str(found.path))
        output.talk(f"{found.key} at {short(moment.commit)} ({printable(moment.label)})")
    return 0
