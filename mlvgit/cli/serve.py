"""`git mlv resolve`: the verified path of what serves."""

import argparse

from mlvgit.actions.project import Project
from mlvgit.actions.serving import resolve
from mlvgit.cli.common import add_json
from mlvgit.cli.output import Output

__all__ = ["configure_resolve", "run_resolve"]


def configure_resolve(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv resolve`."""
    parser.description = (
        "Print the path of a model version's folder or file, for serving scripts, "
        "after its bytes were hashed and match."
    )
    parser.epilog = (
        "examples:\n"
        "  git mlv resolve iris_clf@production model.pkl\n"
        "  MODEL=$(git mlv resolve iris_clf@production model.pkl) || exit 1\n"
    )
    parser.add_argument("ref", metavar="REF", help="iris_clf@production, iris_clf@v0.2.0, iris@v0.1")
    parser.add_argument("file", metavar="FILE", nargs="?", default="")
    parser.add_argument("--at", metavar="COMMIT", default="", help="answer from this commit, not HEAD")
    add_json(parser)


def run_resolve(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv resolve`."""
    from mlvgit.errors import UsageError

    project = Project.open()
    commit = project.repo.resolve(args.at) if args.at else None
    if args.at and commit is None:
        raise UsageError(f"{args.at} is not a commit here")
    found = resolve(project, args.ref, args.file, commit)
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
    return 0
