"""`git mlv push`: a branch and its model tags, all or nothing."""

import argparse

from mlvgit.actions.project import Project
from mlvgit.actions.pushing import push
from mlvgit.cli.common import add_json, add_quiet
from mlvgit.cli.output import Output
from mlvgit.core.text import printable

__all__ = ["configure_push", "run_push"]


def configure_push(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv push`."""
    parser.description = (
        "Push the current branch together with the model tags of its history that are not there yet, in one atomic push: "
        "either all of a release arrives, or nothing."
    )
    parser.epilog = "examples:\n  git mlv push\n  git mlv push upstream\n"
    parser.add_argument("remote", metavar="REMOTE", nargs="?", default="", help="the branch's remote, else origin")
    add_quiet(parser)
    add_json(parser)


def run_push(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv push`."""
    with output.progress("sending bytes") as progress:
        result = push(Project.open(), args.remote, progress)
    if result.sent.objects:
        output.say(result.sent.sentence)
    for sentence in result.warnings:
        output.warn(sentence)
    for line in result.said.splitlines():
        output.talk(printable(line))
    for tag in result.differing:
        name = printable(tag)
        output.warn(
            f"{printable(result.remote)} has another tag {name} than this clone; theirs: "
            f"git tag -d {name} && git fetch {printable(result.remote)} tag {name}"
        )
    if result.refs:
        output.say(f"pushed to {printable(result.remote)}: {', '.join(map(printable, result.refs))}")
    elif result.wrote:
        output.say(result.wrote)
    elif not result.differing:
        did = " now" if result.sent.objects else ": nothing to do"
        output.say(f"{printable(result.remote)} has everything{did}")
    output.json(
        {
            "remote": result.remote,
            "refs": list(result.refs),
            "sent_bytes": result.sent.bytes,
            "differing_tags": list(result.differing),
            "warnings": list(result.warnings),
        }
    )
    return 0
