"""`git mlv pull` and `git mlv fsck`: the bytes that the store keeps."""

import argparse

from mlvgit.actions.project import Project
from mlvgit.actions.pulling import plan_pull, pull
from mlvgit.actions.storechecks import check_store
from mlvgit.cli.common import add_json, tell_of_links
from mlvgit.cli.output import Output
from mlvgit.core.text import count, printable, size

__all__ = ["configure_fsck", "configure_pull", "run_fsck", "run_pull"]


def configure_pull(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv pull`."""
    parser.description = (
        "Get the bytes that manifests of HEAD name and Git does not hold: by itself the newest snapshot of each dataset "
        "and what serves. Every byte is hashed before it gets its name; a pull that was interrupted goes on."
    )
    parser.epilog = "examples:\n  git mlv pull\n  git mlv pull iris@v0.1 iris_clf@production\n  git mlv pull --all\n"
    parser.add_argument("refs", metavar="REF", nargs="*", help="snapshots and model versions")
    parser.add_argument("--all", action="store_true", dest="everything", help="every version")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would come")
    add_json(parser)


def run_pull(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv pull`."""
    project = Project.open()
    planned = plan_pull(project, args.refs, everything=args.everything)
    names = [str(key) for key in planned.keys]
    if planned.missing_objects:
        output.say(
            f"{'would get' if args.dry_run else 'getting'} {size(planned.missing_bytes)} "
            f"({count(planned.missing_objects, 'object')}) for {', '.join(map(printable, names))}"
        )
    written = [] if args.dry_run else pull(project, planned)
    if written:
        tell_of_links(project, output)
    for path in written[:20]:
        output.say(f"  {printable(path)}")
    if len(written) > 20:
        output.say(f"  ... and {count(len(written) - 20, 'more file')}")
    if not written and not planned.missing_objects:
        output.say("everything is here: nothing to do")
    if planned.left and not args.refs:
        output.talk(f"{count(planned.left, 'older version')} left where they are; git mlv pull --all gets them too")
    output.json(
        {"refs": names, "objects": planned.missing_objects, "bytes": planned.missing_bytes, "written": written},
    )
    return 0


def configure_fsck(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv fsck`."""
    parser.description = (
        "Hash every object of the store. A damaged one is moved into quarantine, never deleted, and healed from a "
        "working directory or a remote that still has its bytes. Exit status 1 when one could not be healed."
    )
    parser.epilog = "examples:\n  git mlv fsck\n  git mlv fsck --json\n"
    add_json(parser)


def run_fsck(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv fsck`."""
    del args
    found = check_store(Project.open())
    if found.moved:
        output.say(f"moved {count(found.moved, 'object')} to the store that git config mlv.store names")
    for remark in found.remarks:
        output.talk(f"note: {printable(remark)}")
    for digest in found.healed:
        output.say(f"{output.style('healed', 'green')}  {digest.sha256}  {size(digest.size)}")
    for digest in found.lost:
        output.say(f"{output.style('BAD', 'red')}     {digest.sha256}  {size(digest.size)}: no whole copy was found")
    output.say(f"{count(found.objects, 'object')}, {size(found.bytes)}: {found.whole} whole")
    if found.lost:
        output.talk(f"damaged bytes are kept in {printable(str(found.quarantine))}")
    output.json(
        {
            "ok": not found.lost,
            "objects": found.objects,
            "bytes": found.bytes,
            "healed": [digest.sha256 for digest in found.healed],
            "lost": [digest.sha256 for digest in found.lost],
        }
    )
    return 1 if found.lost else 0
