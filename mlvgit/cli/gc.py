"""`git mlv gc`: remove what nothing needs."""

import argparse

from mlvgit.actions.chosen import seconds_of
from mlvgit.actions.collecting import GRACE, Collected, collect, collect_remote
from mlvgit.actions.project import Project
from mlvgit.cli.common import add_json
from mlvgit.cli.output import Output
from mlvgit.core.text import count, printable, size
from mlvgit.errors import UsageError

__all__ = ["configure_gc", "run_gc"]


def configure_gc(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv gc`."""
    parser.description = (
        "Remove from the store the objects that nothing needs: no manifest that a branch, a remote-tracking branch, a "
        "tag, a stash, a reflog, an operation under way or a worktree's commit, index or working directory leads to, and "
        "no pin (git config --add mlv.pin sha256:HEX, or a commit). Refuses when one of these cannot be read, and in a "
        "shallow or partial clone. What is younger than the grace stays. On a remote it only says what would go, unless "
        "--yes is given, and then what it found to be needed by nothing the grace ago."
    )
    parser.epilog = "examples:\n  git mlv gc -n\n  git mlv gc --grace 0\n  git mlv gc --remote shelf --yes\n"
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would go")
    parser.add_argument("--grace", metavar="TIME", default="", help="leave what is younger: 14d (the default), 12h, 0")
    parser.add_argument("--remote", metavar="NAME", default="", help="on this remote of mlv.yaml, not in the store")
    parser.add_argument("--yes", action="store_true", help="with --remote: remove")
    parser.add_argument("--quarantine", action="store_true", help="remove damaged objects that were set aside, too")
    add_json(parser)


def run_gc(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv gc`."""
    if args.yes and not args.remote:
        raise UsageError("--yes goes with --remote", hint="git mlv gc   (removes by itself; -n only says)")
    if args.remote and args.quarantine:
        raise UsageError("a remote has no quarantine", hint="git mlv gc --quarantine")
    project = Project.open()
    grace = seconds_of(args.grace) if args.grace else GRACE
    act = not args.dry_run and (args.yes or not args.remote)

    def tell(found: Collected) -> None:
        _present(found, output, act=act, quarantine=args.quarantine)

    if args.remote:
        found = collect_remote(project, args.remote, tell, grace=grace, act=act)
    else:
        found = collect(project, tell, grace=grace, act=act, quarantine=args.quarantine)
    if args.remote and not act and found.objects:
        output.next(f"git mlv gc --remote {printable(args.remote)} --yes")
    output.json(
        {
            "removed": act,
            "objects": [digest.sha256 for digest in found.objects],
            "bytes": found.bytes,
            "recent": found.recent,
            "kept": found.kept,
            "leftovers": [str(each.path) for each in found.leftovers],
            "set_aside": [
                {"path": str(each.path), "bytes": each.bytes, "needed": each.needed} for each in found.set_aside
            ],
        }
    )
    return 0


def _present(found: Collected, output: Output, *, act: bool, quarantine: bool) -> None:
    verb = "removing" if act else "would remove"
    if found.leftovers:
        freed = size(sum(each.bytes for each in found.leftovers))
        output.say(f"{verb} {freed} ({count(len(found.leftovers), 'file')}) that commands left which were killed")
    if found.objects:
        output.say(f"{verb} {size(found.bytes)} ({count(len(found.objects), 'object')}) that nothing needs")
    elif not found.leftovers:
        output.say("nothing to do: everything is needed, or too young")
    one = found.kept == 1
    output.say(f"{count(found.kept, 'object')} stay{'s' * one} because something needs {'it' if one else 'them'}")
    if found.unlisted:
        output.say(f"{count(found.unlisted, 'pack')} among them lost the list of what is in it")
        output.next("git mlv fsck")
    if found.recent:
        output.say(f"{count(found.recent, 'object')} that nothing needs are too young to go (--grace)")
    for each in found.set_aside:
        going = quarantine and act and not each.needed
        why = "nothing else is left of it" if each.needed else "removing" if going else "--quarantine removes it"
        output.say(f"in quarantine: {printable(str(each.path))}  {size(each.bytes)}  ({why})")
