"""`git mlv retire`: remove bytes on purpose; the manifest stays and says so."""

import argparse

from mlvgit.actions.project import Project
from mlvgit.actions.retiring import Retiring, plan_retiring
from mlvgit.cli.common import add_commit, add_json
from mlvgit.cli.output import Output
from mlvgit.core.text import count, printable, short, size
from mlvgit.errors import UsageError
from mlvgit.repo.history import remotes

__all__ = ["configure_retire", "run_retire"]

MOST_SHOWN = 20


def configure_retire(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv retire`."""
    parser.description = (
        "Remove bytes on purpose, in every version here that holds them: from the workspace, the store and the remotes. "
        "Manifests stay, and say who removed what, when and why; every guard accepts exactly that. What other files need of "
        "packs and objects is written anew. Without --yes it only says what would go. Killed, the same command again ends "
        "it. Exit status 1 when something that serves now was made with the bytes, or bytes are left here; 4 when they could "
        "not be removed from a remote."
    )
    parser.epilog = (
        'examples:\n  git mlv retire scans@v0.1 --reason "Licence ended"\n'
        '  git mlv retire patients@v0.2 "p-0017/*" --reason "Consent withdrawn" --yes -m "Retire p-0017"\n'
        '  git mlv retire --sha256 HEX --reason "Consent withdrawn" --yes\n'
    )
    parser.add_argument("ref", metavar="REF", nargs="?", default="", help="a snapshot or model version")
    parser.add_argument("paths", metavar="PATH", nargs="*", help="only these files of it: names, folders, patterns")
    parser.add_argument("--sha256", metavar="HEX", action="append", default=[], help="the file with these bytes")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why; the manifests say it for good")
    parser.add_argument("--yes", action="store_true", help="remove")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would go (so it is without --yes)")
    add_commit(parser)
    add_json(parser)


def run_retire(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv retire`."""
    if bool(args.ref) == bool(args.sha256):
        raise UsageError("say what goes: a version, or --sha256 HEX", hint="git mlv retire -h")
    if not args.reason.strip():
        raise UsageError("bytes are removed with a reason only", hint='--reason "Consent withdrawn"')
    project = Project.open()
    plan = plan_retiring(project, args.ref, args.paths, args.sha256, args.reason.strip())
    act = args.yes and not args.dry_run
    _say_plan(plan, output, act=act)
    commit = ""
    if act:
        plan.write()
        if args.message is not None and plan.staged:
            commit = plan.commit(args.message or f"Retire {_what(plan)}")
            output.say(f"committed {short(commit)}")
        plan.erase()
        _say_done(plan, output)
    for place in plan.remaining:
        output.say(f"may remain: {place}")
    if not act:
        output.next("the same command with --yes" + "".join(f"\n        {printable(each)}" for each in plan.beyond))
    elif plan.staged:
        _say_next(plan, commit, output)
    output.json(_json(plan, removed=act, commit=commit))
    if plan.failed:
        return 4
    return 1 if act and (plan.serving or plan.here.kept or plan.here.altered) else 0


def _say_next(plan: Retiring, commit: str, output: Output) -> None:
    repo = plan.project.repo
    shared = repo.branch() is not None and bool(remotes(repo))
    if not commit:
        then = "   (then git mlv push, which tells the other clones)" if shared else ""
        output.next(f'git commit -m "Retire {_what(plan)}"{then}')
    elif shared:
        output.next("git mlv push   (tells the other clones)")


def _what(plan: Retiring) -> str:
    first = str(plan.holes[0].key)
    more = len(plan.holes) - 1
    files = "" if plan.holes[0].whole else "files of "
    return f"{files}{first}" + (f" and of {count(more, 'more version')}" if more else "")


def _say_plan(plan: Retiring, output: Output, *, act: bool) -> None:
    verb = "removing" if act else "would remove"
    output.say(f"{verb} {size(plan.bytes)} ({count(len(plan.digests), 'file')}) in {count(len(plan.holes), 'version')}")
    for hole in plan.holes:
        what = "whole" if hole.whole else count(len(hole.paths), "file")
        said = ", retired already" if hole.already else ""
        output.say(f"  {hole.key}: {what}, {size(hole.bytes)}{said}")
        for path in () if hole.whole else list(hole.paths)[:MOST_SHOWN]:
            output.say(f"    {printable(path)}")
        if not hole.whole and len(hole.paths) > MOST_SHOWN:
            output.say(f"    ... and {count(len(hole.paths) - MOST_SHOWN, 'more file')}")
    for path in list(plan.strays)[:MOST_SHOWN]:
        output.say(f"  left here by a version of another branch: {printable(path)}")
    if len(plan.strays) > MOST_SHOWN:
        output.say(f"    ... and {count(len(plan.strays) - MOST_SHOWN, 'more file')}")
    for user in plan.users:
        output.say(f"  made with them: {printable(user)}")
    for sentence in plan.beyond:
        output.warn(f"{printable(sentence)} too: the same bytes go from every version that has them")
    if plan.beyond:
        output.talk("  to free room and erase nothing: git mlv drop REF")
    for model in plan.serving:
        output.warn(
            f"{printable(model)} serves now, and is or was made with what goes: git mlv rollback, or train anew"
        )


def _say_done(plan: Retiring, output: Output) -> None:
    output.say(
        f"{output.style('gone', 'green')} from the workspace ({count(len(plan.here.files), 'file')}) and the store"
    )
    for name in plan.erased_from:
        output.say(f"{output.style('gone', 'green')} from {printable(name)}")
    if plan.unnamed_by:
        output.say(f"the branch mlv/lfs of the host of {printable(plan.unnamed_by)} names them no more")
    for sentence in plan.still_here():
        output.warn(sentence)
    for path in plan.here.altered:
        output.warn(f"{printable(path)} was left: it is not as it was frozen, and may have some of the bytes")
    for sentence in plan.here.kept:
        output.warn(sentence)
    for name, error in plan.failed.items():
        output.error(
            f"not gone from {name}: {error.message}",
            hint=(f"{error.hint}\n" if error.hint else "")
            + f"the same command again ends it, when that is mended; git mlv fsck --remote {name} says what is left there",
        )


def _json(plan: Retiring, *, removed: bool, commit: str) -> dict[str, object]:
    return {
        "removed": removed,
        "sha256": [digest.sha256 for digest in plan.digests],
        "bytes": plan.bytes,
        "versions": [
            {
                "ref": str(hole.key),
                "manifest_path": hole.manifest_path,
                "paths": list(hole.paths),
                "bytes": hole.bytes,
                "whole": hole.whole,
                "already": hole.already,
            }
            for hole in plan.holes
        ],
        "beyond": list(plan.beyond),
        "strays": list(plan.strays),
        "users": list(plan.users),
        "serving": list(plan.serving),
        "files": list(plan.here.files),
        "left": [*plan.here.altered, *plan.here.kept],
        "erased_from": list(plan.erased_from),
        "failed": {name: error.message for name, error in plan.failed.items()},
        "may_remain": list(plan.remaining),
        "staged": list(plan.staged),
        "commit": commit,
    }
