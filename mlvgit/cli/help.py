"""`git mlv -h` and `git mlv help COMMAND`."""

import argparse

from mlvgit import __version__
from mlvgit.cli.output import Output
from mlvgit.core.text import nearest
from mlvgit.errors import UsageError

__all__ = ["configure_help", "run_help", "run_overview"]


def configure_help(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv help`."""
    parser.description = "Help on a command. `git mlv --help` shows the whole manual."
    parser.epilog = "examples:\n  git mlv help promote\n"
    parser.add_argument("command", metavar="COMMAND", nargs="?", default="")
    parser.add_argument("verb", metavar="VERB", nargs="?", default="", help="of snapshot and model: create, list, ...")


def run_help(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv help`."""
    from mlvgit.cli.main import COMMANDS, ELSEWHERE, build_parser

    if not args.command:
        return run_overview(output)
    if args.command not in COMMANDS:
        near = ELSEWHERE.get(args.command) or nearest(args.command, list(COMMANDS))
        hint = f"git mlv help {near}" if near in COMMANDS else f"git mlv {near or '-h'}"
        raise UsageError(f"{args.command!r} is not a command", hint=hint)
    parser = build_parser(args.command)
    if args.verb:
        parser.parse_args([args.verb, "-h"])
    output.say(parser.format_help().rstrip())
    return 0


def run_overview(output: Output) -> int:
    """Print the list of commands."""
    from mlvgit.cli.main import COMMANDS, GROUPS

    output.say(f"git mlv: data and model versions as trustworthy as commits (mlvgit {__version__})\n")
    output.say("usage: git mlv [-C DIR] COMMAND [...]      git mlv help COMMAND")
    for group, title in GROUPS.items():
        output.say(f"\n{output.style(title, 'bold')}")
        for name, command in COMMANDS.items():
            if command.group == group:
                output.say(f"  {name:<12}{command.summary}")
    output.say("\nreferences: iris@v0.1 (or iris v0.1), iris_clf@v0.2.0, iris_clf@production, iris@latest")
    output.say("exit status: 0 fine, 1 findings, 2 usage or settings, 3 environment, 4 remote, 5 busy, 130 interrupted")
    return 0
