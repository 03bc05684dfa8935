"""`git mlv pull` and `git mlv fsck`: the bytes that the store keeps."""

import argparse

from mlvgit.actions.pointers import unnamed_words
from mlvgit.actions.project import Project
from mlvgit.actions.pulling import Pull, files_to_place, plan_pull, pull
from mlvgit.actions.remotechecks import NoList, RemoteReport, check_remote
from mlvgit.actions.retired import Tombstone, again_command
from mlvgit.actions.retiring import apply_retired
from mlvgit.actions.storechecks import StoreReport, check_store
from mlvgit.cli.common import add_json, add_quiet, tell_of_links
from mlvgit.cli.output import Output
from mlvgit.core.digest import Digest
from mlvgit.core.text import count, printable, size
from mlvgit.errors import UsageError
from mlvgit.rules.wording import quoted

__all__ = ["configure_fsck", "configure_pull", "run_fsck", "run_pull"]

MOST_SHOWN = 20
"""Objects of one kind that are named."""


def configure_pull(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv pull`."""
    parser.description = (
        "Get the bytes that manifests of HEAD name and Git does not hold: by itself the newest snapshot of each dataset "
        "and what serves. Every byte is hashed before it gets its name; a pull that was interrupted goes on."
    )
    parser.epilog = (
        "examples:\n  git mlv pull\n  git mlv pull iris@v0.1 iris_clf@production\n  git mlv pull --all\n"
        "  git mlv pull scans@v0.1 --include 'train/*.png' --exclude '*-draft.png'\n"
        "  git mlv pull 'data/snapshots/scans_v0.1/train/'\n"
    )
    parser.add_argument(
        "refs",
        metavar="REF|PATH",
        nargs="*",
        help="snapshots and model versions; or paths of files and folders in them, which may have * and **",
    )
    parser.add_argument("--all", action="store_true", dest="everything", help="every version")
    for short, name, what in (("-I", "--include", "only files that fit"), ("-X", "--exclude", "no files that fit")):
        parser.add_argument(
            short,
            name,
            metavar="PATTERN",
            action="append",
            default=[],
            help=f"{what}, as in .gitignore: '*.csv' in any folder, 'train' all below it; may be given several times",
        )
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would come")
    add_quiet(parser)
    add_json(parser)


def run_pull(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv pull`."""
    project = Project.open()
    erased = apply_retired(project, lambda said: output.say(printable(said)), act=not args.dry_run)
    if erased:
        verb = "would remove" if args.dry_run else "removed"
        output.say(f"{verb} {size(sum(digest.size for digest in erased))} ({count(len(erased), 'file')}) here")
    planned = plan_pull(project, args.refs, everything=args.everything, include=args.include, exclude=args.exclude)
    names = list(dict.fromkeys(str(key) for key, _ in planned.chosen))
    _say_planned(planned, names, output, dry=args.dry_run)
    written: list[str] = []
    if not args.dry_run:
        with output.progress("getting") as progress:
            written = pull(project, planned, progress)
        if planned.missing:  # packs that came may have retired bytes, where a remote still has them
            erased += apply_retired(project, lambda said: output.say(printable(said)))
    if written:
        tell_of_links(project, output)
    output.some([f"  {printable(path)}" for path in written], "file")
    waiting = files_to_place(project, planned) if args.dry_run and not planned.missing else 0
    if waiting:
        output.say(f"would put {count(waiting, 'file')} into the working directory; the store has the bytes")
    elif not written and not planned.missing and not planned.standing:
        output.say("everything is here: nothing to do")
    if planned.left and not args.refs:
        output.talk(f"{count(planned.left, 'older version')} left where they are; git mlv pull --all gets them too")
    output.json(
        {
            "refs": names,
            "objects": len(planned.missing),
            "bytes": sum(planned.missing.sizes),
            "taken_in": len(planned.standing),
            "written": written,
            "erased": [digest.sha256 for digest in erased],
        },
    )
    return 0


def _say_planned(planned: Pull, names: list[str], output: Output, *, dry: bool) -> None:
    versions = ", ".join(map(printable, names))
    for digests, now, later, end in (
        (planned.missing, "getting", "would get", ""),
        (planned.standing, "taking", "would take", " from the working directory into the store, which lost it"),
    ):
        if digests:
            verb = later if dry else now
            output.say(f"{verb} {size(sum(digests.sizes))} ({count(len(digests), 'object')}) for {versions}{end}")


def configure_fsck(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv fsck`."""
    parser.description = (
        "Hash every object of the store. A damaged one is moved into quarantine, never deleted, and healed from a "
        "working directory or a remote that still has its bytes. With --remote: read and hash what the manifests here and "
        "on branches of Git's remotes name on a remote, send anew what is damaged or was lost there, and read it back: a Git "
        "LFS server takes nothing that it says to have. What was retired and is there still, or again, is named with what "
        "removes it. Exit status 1 when one could not be healed, or retired bytes are there."
    )
    parser.epilog = "examples:\n  git mlv fsck\n  git mlv fsck --remote\n  git mlv fsck --remote backup --json\n"
    parser.add_argument(
        "--remote",
        metavar="NAME",
        nargs="?",
        const="",
        default=None,
        help="look through this remote of mlv.yaml instead (by itself the first): reads every byte of it",
    )
    parser.add_argument(
        "--set-aside",
        action="store_true",
        help="with --remote: move what stands there in place of a list of extents and is none into this clone",
    )
    add_json(parser)


def run_fsck(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv fsck`."""
    project = Project.open()
    if args.set_aside and args.remote is None:
        raise UsageError("--set-aside is about a remote: the store sets aside by itself", hint="git mlv fsck --remote")
    if args.remote is not None:
        return _fsck_remote(project, args, output)
    with output.progress("hashing") as progress:
        found = check_store(project, progress)
    if found.moved:
        output.say(f"moved {count(found.moved, 'object')} to the store that git config mlv.store names")
    for remark in found.remarks:
        output.talk(f"note: {printable(remark)}")
    _say_healed(found, output)
    output.say(f"{count(found.objects, 'object')}, {size(found.bytes)}: {_now(found.whole, len(found.healed))}")
    if found.lost:
        output.talk(f"damaged bytes are kept in {printable(str(found.quarantine))}")
    output.json(_fsck_json(found))
    return 1 if found.lost else 0


def _fsck_remote(project: Project, args: argparse.Namespace, output: Output) -> int:
    with output.progress("reading") as progress:
        found = check_remote(project, args.remote, progress, set_aside=args.set_aside)
    remote = printable(found.remote)
    _say_healed(found, output)
    for each in found.no_lists:
        _say_no_list(each, remote, output)
    for digest in found.unmended:
        output.say(f"{_bad(digest, output)}: {remote} keeps its damaged bytes, whatever it is sent")
    if found.unmended or found.lost:
        output.next(found.mend)
    output.some(
        [f"{_bad(digest, output)}: was pushed, and is neither there nor here" for digest in found.gone], "object"
    )
    if found.gone:
        output.next(f"git mlv fsck --remote {remote}   (in a clone that has them: sends them anew)")
    now = _now(found.whole, len(found.healed))
    output.say(f"{remote}: {count(found.objects, 'object')}, {size(found.bytes)}: {now}")
    if found.absent:
        output.say(
            f"{count(len(found.absent), 'object')} not there yet (git mlv push sends what a pushed manifest names)"
        )
    for stone, digests in found.retired:
        _say_retired(stone, digests, remote, output)
    if found.unnamed:
        output.warn(f"{unnamed_words(found.remote, found.unnamed)}: git mlv push writes what the branch lacks")
    output.json(
        {
            **_fsck_json(found),
            "ok": found.ok,
            "unmended": [digest.sha256 for digest in found.unmended],
            "unnamed": [digest.sha256 for digest in found.unnamed],
            "gone": [digest.sha256 for digest in found.gone],
            "absent": [digest.sha256 for digest in found.absent],
            "retired": [digest.sha256 for _, digests in found.retired for digest in digests],
            "no_lists": [
                {"sha256": each.digest.sha256, "files": [file.sha256 for file in each.files], "kept": each.kept}
                for each in found.no_lists
            ],
        }
    )
    return 0 if found.ok else 1


def _say_retired(stone: Tombstone, digests: list[Digest], remote: str, output: Output) -> None:
    why = stone.why
    output.some(
        [
            f"{_bad(digest, output)}: was retired from {stone.key} by {printable(why.by)} on {why.at[:10]}, and is there"
            for digest in digests
        ],
        "object",
    )
    output.next(
        f"git merge {quoted(stone.branch)}   (says that it was retired; then git mlv fsck --remote {remote})"
        if stone.branch
        else again_command(stone, digests)
    )


def _say_no_list(each: NoList, remote: str, output: Output) -> None:
    names = ", ".join(file.sha256 for file in each.files[:MOST_SHOWN]) or "no file that a manifest names"
    if len(each.files) > MOST_SHOWN:
        names += f" and {len(each.files) - MOST_SHOWN} more"
    if each.kept:
        output.say(
            f"set aside  extents/{each.digest.sha256}: it is now {printable(each.kept)}; it seemed to name {names}"
        )
        return
    output.say(
        f"{_bad(each.digest, output)}: stands in place of a list of extents and is none; it seems to name {names}"
    )
    output.next(
        f"git mlv fsck --remote {remote}   (in a clone that has the list: sends it anew)\n"
        f"when no clone has: git mlv fsck --remote {remote} --set-aside   (moves it into this clone)"
    )


def _bad(digest: Digest, output: Output) -> str:
    return f"{output.style('BAD', 'red')}     {digest.sha256}  {size(digest.size)}"


def _now(whole: int, healed: int) -> str:
    """Say how many objects are whole now."""
    return f"{whole + healed:,} whole" + (f", {healed:,} of them healed just now" if healed else "")


def _say_healed(found: StoreReport | RemoteReport, output: Output) -> None:
    healed = output.style("healed", "green")
    output.some([f"{healed}  {digest.sha256}  {size(digest.size)}" for digest in found.healed], "object")
    output.some([f"{_bad(digest, output)}: no whole copy was found" for digest in found.lost], "object")


def _fsck_json(found: StoreReport | RemoteReport) -> dict[str, object]:
    return {
        "ok": not found.lost,
        "objects": found.objects,
        "bytes": found.bytes,
        "healed": [digest.sha256 for digest in found.healed],
        "lost": [digest.sha256 for digest in found.lost],
        "unmended": [],
        "unnamed": [],
        "gone": [],
        "absent": [],
        "retired": [],
        "no_lists": [],
    }
