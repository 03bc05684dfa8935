"""`git mlv drop`: let go of bytes that a remote proves to hold."""

import argparse

from mlvgit.actions.chosen import choose, freeable
from mlvgit.actions.dropping import Drop, drop, plan_drop
from mlvgit.actions.project import Project
from mlvgit.cli.common import add_json
from mlvgit.cli.output import Output
from mlvgit.core.text import count, printable, size
from mlvgit.errors import UsageError

__all__ = ["configure_drop", "run_drop"]


def configure_drop(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv drop`."""
    parser.description = (
        "Remove bytes from the working directory and the store that a remote says now that it has, of versions that are "
        "pushed; git mlv pull gets them back. What was altered here, what another version or worktree needs, and what is "
        "nowhere else stays. Of a Git LFS server, where damaged bytes cannot be replaced, every byte is read first, as with "
        "--verify. With --keep-newest and --older-than what serves stays too. Exit status 1 when something "
        "that was meant stays, 4 when no remote could be asked."
    )
    parser.epilog = (
        "examples:\n  git mlv drop scans@v0.1\n  git mlv drop --keep-newest 2 -n\n"
        "  git mlv drop --older-than 90d --verify\n"
    )
    parser.add_argument("refs", metavar="REF", nargs="*", help="versions; with an option, a name means all of them")
    parser.add_argument("--keep-newest", metavar="N", type=_number, help="leave N versions of each dataset and model")
    parser.add_argument(
        "--older-than", metavar="TIME", default="", help="only what was frozen longer ago: 90d, 12h, 4w"
    )
    parser.add_argument("--verify", action="store_true", help="have the remote give every byte, and hash it, before")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would go")
    add_json(parser)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of versions")
    return int(text)


def run_drop(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv drop`."""
    project = Project.open()
    if not args.refs and args.keep_newest is None and not args.older_than:
        raise UsageError("say what may go: REF, --keep-newest N or --older-than TIME", hint=_hint(project))
    keys = choose(project, args.refs, keep_newest=args.keep_newest, older_than=args.older_than)
    act = plan_drop if args.dry_run else drop
    done = act(project, keys, verify=args.verify)
    _present(done, output, dry_run=args.dry_run)
    output.json(
        {
            "dry_run": args.dry_run,
            "dropped": [str(key) for key in done.keys],
            "kept": [{"ref": str(kept.key), "reason": kept.reason} for kept in done.kept],
            "objects": done.objects,
            "files": done.files,
            "store_bytes": done.store_bytes,
            "workspace_bytes": done.workspace_bytes,
            "remotes": list(done.remotes),
        }
    )
    if not done.kept:
        return 0
    return 4 if done.unknown else 1


def _hint(project: Project) -> str:
    found = freeable(project)
    if not found.bytes:
        return "nothing that is pushed and older than the newest stands here: there is nothing to free"
    names = ", ".join(printable(str(key)) for key in found.keys[:5]) + (", ..." if len(found.keys) > 5 else "")
    return f"git mlv drop --keep-newest 1   (frees up to {size(found.bytes)}: {names})"


def _present(done: Drop, output: Output, *, dry_run: bool) -> None:
    for kept in done.kept:
        output.talk(f"{printable(str(kept.key))} stays: {printable(kept.reason)}")
    if done.unknown and done.way:
        output.talk(f"hint: {done.way}")
    if not done.keys:
        output.say("nothing to do" if not done.kept else "nothing was removed")
        return
    names = " ".join(printable(str(key)) for key in done.keys)
    output.say(
        f"{'would free' if dry_run else 'freed'} {size(done.store_bytes)} in the store ({count(done.objects, 'object')}) "
        f"and {size(done.workspace_bytes)} in the working directory ({count(done.files, 'file')})"
    )
    output.say(f"{' and '.join(map(printable, done.remotes))} has the bytes; they come back with: git mlv pull {names}")
