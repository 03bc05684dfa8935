"""`git mlv hook EVENT`: what the hooks run when they do not start the interpreter themselves."""

import argparse

from mlvgit.cli.output import Output

__all__ = ["configure_hook", "run_hook"]


def configure_hook(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv hook`."""
    parser.description = "Run a hook's check by hand, with the arguments and the standard input that Git gives it."
    parser.epilog = "example:\n  git mlv hook pre-commit\n"
    parser.add_argument("event", metavar="EVENT")
    parser.add_argument("args", nargs=argparse.REMAINDER)


def run_hook(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv hook`."""
    from mlvgit.hooks.entry import main

    return main([args.event, *args.args])
