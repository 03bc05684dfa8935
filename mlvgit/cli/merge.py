"""`git mlv merge --repair` and `git mlv merge-driver`."""

import argparse
import os
from pathlib import Path

from mlvgit.actions.clashes import CONTINUE
from mlvgit.actions.mending import RepairResult, Undecided, parse_take, repair
from mlvgit.actions.merging import Merged, merge_texts
from mlvgit.actions.project import Project
from mlvgit.cli.common import add_json
from mlvgit.cli.output import Output
from mlvgit.core.text import count, printable
from mlvgit.errors import UsageError
from mlvgit.repo.conflicts import DEFAULT_MARKER_SIZE, merge_lines
from mlvgit.repo.repository import Repository

__all__ = ["configure_merge", "configure_merge_driver", "run_merge", "run_merge_driver"]


def configure_merge(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv merge`."""
    parser.description = (
        "Mend registries that a merge, rebase, cherry-pick or revert left in conflict, or with two versions in a stage "
        "that holds one. Versions and comments of both sides are united; when both sides promoted different versions, "
        "you decide with --take, and the other one goes to the archive. The result is staged. Where both sides froze "
        "something under one name and version, it says what leads out."
    )
    parser.epilog = (
        "examples:\n"
        "  git mlv merge --repair\n"
        "  git mlv merge --repair --take iris_clf=v0.3.0\n"
        "  git mlv merge --repair models/iris_clf/registry.json\n"
    )
    parser.add_argument("--repair", action="store_true", help="mend what is broken (`git merge` itself merges)")
    parser.add_argument(
        "--take",
        metavar="MODEL=VERSION",
        action="append",
        default=[],
        help="the version that is meant; may be repeated",
    )
    parser.add_argument("paths", metavar="PATH", nargs="*", help="registries; none mends all that are broken")
    add_json(parser)


def run_merge(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv merge`."""
    if not args.repair:
        raise UsageError(
            "git mlv merge mends, it does not merge", hint="git mlv merge --repair   (or: git merge BRANCH)"
        )
    project = Project.open()
    result = repair(project, [_from_top(project, path) for path in args.paths], map(parse_take, args.take))
    _present(result, output)
    output.json(
        {
            "mended": [
                {"path": each.path, "source": each.source, "set_aside": each.set_aside} for each in result.mended
            ],
            "undecided": [
                {
                    "path": each.path,
                    "model": each.model,
                    "conflicts": list(each.conflicts),
                    "choices": list(each.choices),
                }
                for each in result.undecided
            ],
            "operation": result.operation,
            "left": list(result.left),
        }
    )
    return 1 if result.undecided else 0


def _from_top(project: Project, path: str) -> str:
    """Turn a path as typed, from the current folder or from the top as messages write it, into one from the top."""
    folder, name = os.path.split(path)
    here = os.path.relpath(os.path.join(os.path.realpath(folder), name), os.path.realpath(project.top))
    return here if os.path.exists(path) or not os.path.exists(project.top / path) else path


def _present(result: RepairResult, output: Output) -> None:
    for mended in result.mended:
        output.say(f"{output.style('mended', 'green')} {printable(mended.path)} (staged)")
        if mended.set_aside:
            output.say(f"  what stood there is now in {printable(mended.set_aside)}")
    for undecided in result.undecided:
        _ask(undecided, output)
    if not result.mended and not result.undecided:
        output.say("no registry is in conflict: nothing to do")
    others = [path for path in result.left if not any(_is_about(each, path) for each in result.undecided)]
    if others and not output.as_json:
        output.say(f"still in conflict: {count(len(others), 'other file')}, such as {printable(others[0])}")
    elif result.mended and not result.undecided:
        output.next(CONTINUE.get(result.operation, f"git commit -- {printable(result.mended[0].path)}"))


def _is_about(undecided: Undecided, path: str) -> bool:
    return path == undecided.path or bool(undecided.directory and path.startswith(undecided.directory + "/"))


def _ask(undecided: Undecided, output: Output) -> None:
    text = "; ".join(undecided.conflicts)
    commands = [f"git mlv merge --repair --take {undecided.model}={version}" for version in undecided.choices]
    by_hand = f"edit {undecided.path} so that each of these is said once, then git add {undecided.path}"
    output.error(f"{undecided.path}: {text}", hint="\n".join(commands or undecided.commands) or by_hand)


def configure_merge_driver(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv merge-driver`."""
    parser.description = (
        "Merge a registry by its entries; Git runs this. Exit status 0: the file OURS holds the result; 1: it holds "
        "conflict markers."
    )
    parser.epilog = (
        "example (git mlv install writes this into the configuration):\n"
        "  git config merge.mlv-registry.driver 'git-mlv merge-driver %O %A %B %L %P'\n"
    )
    for name, what in (("base", "%%O"), ("ours", "%%A; also the result"), ("theirs", "%%B")):
        parser.add_argument(name, metavar=name.upper(), type=Path, help=what)
    parser.add_argument("marker_size", metavar="SIZE", nargs="?", default="", help="%%L: length of a conflict marker")
    parser.add_argument("path", metavar="PATH", nargs="?", default="", help="%%P: where the registry stands")


def run_merge_driver(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv merge-driver`; standard output stays empty, it may be the answer of `git merge-tree`."""
    base, ours, theirs = (path.read_bytes() for path in (args.base, args.ours, args.theirs))
    size = int(args.marker_size) if args.marker_size.isdecimal() else DEFAULT_MARKER_SIZE
    path = args.path or str(args.ours)
    repo = Repository.open()
    try:
        merged = merge_texts(Project(repo=repo), base, ours, theirs, path=path, marker_size=size)
    except Exception as error:  # noqa: BLE001 - ours alone would look like a decision: leave what Git would have left
        merged = Merged(merge_lines(repo, base, ours, theirs, marker_size=size)[0], (str(error),))
    if merged.data != ours:
        args.ours.write_bytes(merged.data)
    for sentence in merged.conflicts:
        output.talk(f"mlv: {printable(path)}: {printable(sentence)}")
    if merged.conflicts:
        output.talk("hint: git mlv merge --repair")
    return 1 if merged.conflicts else 0
