"""`git mlv discard` and `git mlv renumber`: what is not published can be taken back."""

import argparse

from mlvgit.actions.project import Project
from mlvgit.actions.renumbering import renumber
from mlvgit.actions.taking_back import discard
from mlvgit.cli.common import add_commit, add_json, commit_staged
from mlvgit.cli.output import Output
from mlvgit.core.text import printable, short

__all__ = ["configure_discard", "configure_renumber", "run_discard", "run_renumber"]


def configure_discard(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv discard`."""
    parser.description = (
        "Take back a snapshot or model version that is not published. Its files and manifest are moved aside (the place "
        "is printed) and leave the index; a registry entry in dev or archived is dropped. Commits that take it back, "
        "amend or rebase it are accepted from then on."
    )
    parser.epilog = (
        'examples:\n  git mlv discard iris@v0.2\n  git mlv discard iris_clf@v0.3.0 -m "Trained on the wrong set"\n'
    )
    parser.add_argument("ref", metavar="REF", help="with its version: iris@v0.2, iris_clf@v0.3.0")
    add_commit(parser)
    add_json(parser)


def run_discard(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv discard`."""
    project = Project.open()
    result = discard(project, args.ref)
    if result.set_aside:
        output.say(f"took back {result.key}; what stood there is now in {printable(result.set_aside)}")
    else:
        output.say(f"{result.key} is out of the working directory already: nothing to move")
    for user in result.users:
        output.warn(f"{printable(user)} still names {result.key}")
    commit = commit_staged(project, args, result.staged, f"Discard {result.key}", output)
    if result.staged and not commit:
        output.next(f'git commit -m "Discard {result.key}"')
    output.json(
        {
            "ref": str(result.key),
            "set_aside": result.set_aside,
            "staged": list(result.staged),
            "named_by": list(result.users),
            "commit": commit,
        }
    )
    return 0


def configure_renumber(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv renumber`."""
    parser.description = (
        "Give a version that is not published another number: somebody else published that one first. The folder moves "
        "whole and its identity stays; the registry, run records that mlvgit wrote and lineage follow."
    )
    parser.epilog = (
        'examples:\n  git mlv renumber iris@v0.3 v0.4\n  git mlv renumber iris_clf@v0.3.0 v0.3.1 -m "Make room"\n'
    )
    parser.add_argument("ref", metavar="REF", help="with its version: iris@v0.3, iris_clf@v0.3.0")
    parser.add_argument("version", metavar="VERSION", help="the new number")
    add_commit(parser)
    add_json(parser)


def run_renumber(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv renumber`."""
    project = Project.open()
    result = renumber(project, args.ref, args.version)
    if result.already:
        output.say(f"{result.before} is {result.after} already: nothing to do but to commit it")
    else:
        output.say(f"{result.before} is {result.after} now: tree {short(result.tree_sha256)}, as before")
    for path in result.rewritten:
        output.say(f"  {printable(path)} follows")
    for path in result.left:
        output.warn(f"{printable(path)} still names {result.before}: it is published, or written by hand")
    commit = commit_staged(project, args, result.staged, f"Renumber {result.before} to {result.after.version}", output)
    if result.staged and not commit:
        output.next(f'git commit -m "Renumber {result.before} to {result.after.version}"')
    output.json(
        {
            "before": str(result.before),
            "after": str(result.after),
            "tree_sha256": result.tree_sha256,
            "rewritten": list(result.rewritten),
            "left": list(result.left),
            "staged": list(result.staged),
            "already": result.already,
            "commit": commit,
        }
    )
    return 0
