"""`git mlv init`, `install` and `uninstall`."""

import argparse
import os
from pathlib import Path

from mlvgit.actions.project import Project
from mlvgit.actions.setup import init
from mlvgit.cli.common import add_json
from mlvgit.cli.output import Output
from mlvgit.core.text import printable
from mlvgit.errors import UsageError
from mlvgit.repo import hookfiles
from mlvgit.repo.repository import Repository

__all__ = ["configure_init", "configure_install", "configure_uninstall", "run_init", "run_install", "run_uninstall"]


def configure_init(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv init`."""
    parser.description = (
        "Write mlv.yaml and the attributes of our folders, set up the guards, and say what is left to do."
    )
    parser.epilog = (
        "examples:\n"
        "  git mlv init\n"
        "  git mlv init --dry-run\n"
        "  git mlv init services/fraud     a root of its own in a monorepo\n"
    )
    parser.add_argument(
        "folder", metavar="FOLDER", nargs="?", default="", help="the mlv root (the top of the repository)"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--no-hooks", action="store_true", help="leave the hooks of this clone alone")
    add_json(parser)


def run_init(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv init`."""
    project = Project.open()
    project.root = _root(project, args.folder)
    result = init(project, dry_run=args.dry_run)
    verb = "would write" if args.dry_run else "wrote"
    for path in result.written:
        output.say(f"{verb} {printable(path)}")
    if not result.written:
        output.say("settings and attributes are in place: nothing to do")
    changes: tuple[str, ...] = ()
    if not args.no_hooks:
        changes = _install(project.repo, output, dry_run=args.dry_run)
    for seen, command in result.advice:
        output.say(f"{printable(seen)}:\n  {printable(command)}")
    if result.written and not args.dry_run:
        output.next('git commit -m "Set up mlvgit"')
    output.json(
        {"written": list(result.written), "hooks": list(changes), "advice": [list(each) for each in result.advice]}
    )
    return 0


def _root(project: Project, folder: str) -> str:
    if not folder:
        return project.root
    inside = os.path.relpath(os.path.realpath(folder), os.path.realpath(project.top))
    if inside.startswith("..") or not os.path.isdir(folder):
        raise UsageError(f"{folder} is not a folder of this repository")
    return "" if inside == "." else Path(inside).as_posix()


def configure_install(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv install`."""
    parser.description = (
        "Set up the guards in this clone: Git's hooks and the merge driver. Hooks that are there keep running."
    )
    parser.epilog = (
        "examples:\n  git mlv install\n  git mlv install --server      in a bare repository: hooks/pre-receive\n"
    )
    parser.add_argument("--server", action="store_true", help="the guard of a bare repository (pre-receive)")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    add_json(parser)


def run_install(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv install`."""
    repo = Repository.open()
    changes = _install(repo, output, dry_run=args.dry_run, server=args.server)
    if args.server and not repo.is_bare:
        output.warn(
            "this clone has a working directory: --server guards what is pushed to it, not what is committed in it"
        )
        output.next("git mlv install")
    output.json({"changes": list(changes)})
    return 0


def _install(repo: Repository, output: Output, *, dry_run: bool, server: bool = False) -> tuple[str, ...]:
    result = hookfiles.install(repo, dry_run=dry_run, server=server)
    if dry_run:
        for line in result.steps:
            output.say("would " + printable(line))
    elif result.steps:
        what = "hooks/pre-receive" if server else "Git's hooks and the merge driver of registries"
        output.say(f"installed {what} in {printable(str(repo.common_dir))}")
    if not result.steps:
        output.say("the guards are in place: nothing to do")
    for line in result.notes:
        output.say(printable(line))
    return result.steps


def configure_uninstall(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv uninstall`."""
    parser.description = "Take the guards out of this clone, and put back what was there, byte for byte."
    parser.epilog = "examples:\n  git mlv uninstall\n"
    add_json(parser)


def run_uninstall(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv uninstall`."""
    result = hookfiles.uninstall(Repository.open())
    for line in (*result.steps, *result.notes):
        output.say(printable(line))
    if not result.steps:
        output.say("nothing of ours is installed here")
    output.json({"changes": list(result.steps)})
    return 0
