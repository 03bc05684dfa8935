"""`git mlv check` and `git mlv explain`."""

import argparse
from typing import TYPE_CHECKING

from mlvgit.cli.output import Output
from mlvgit.errors import RemoteError, UsageError
from mlvgit.repo.git import Git
from mlvgit.repo.quick import nothing_changed

if TYPE_CHECKING:
    from mlvgit.actions.guards import Report
    from mlvgit.actions.project import Project
    from mlvgit.rules.model import Finding

__all__ = ["configure_check", "configure_explain", "run_check", "run_explain"]


def configure_check(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv check`."""
    parser.description = (
        "Judge a change by the rules: the working directory against HEAD, or what BASE..TIP changes (as a push of it to a "
        "protected branch would be judged), or, with --all, everything that is there. Exit status 1 when a rule refuses."
    )
    parser.epilog = (
        "examples:\n  git mlv check\n  git mlv check origin/main..HEAD --format github\n  git mlv check --all\n"
        "  git mlv check origin/main..HEAD --remote\n"
    )
    parser.add_argument("range", metavar="BASE..TIP", nargs="?", default="")
    parser.add_argument("--all", action="store_true", help="judge everything, also what was wrong before")
    parser.add_argument(
        "--each", action="store_true", help="refuse also what a commit of the range broke and a later one mended"
    )
    parser.add_argument(
        "--remote",
        action="store_true",
        help="ask the remotes of mlv.yaml whether they have the bytes that the range, or everything, needs; none move",
    )
    parser.add_argument("--format", choices=("text", "json", "sarif", "github"), default="text")
    parser.add_argument("--json", action="store_true", help="the same as --format json")


def run_check(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv check`."""
    if args.remote and not (args.range or args.all):
        raise UsageError("--remote is about a range, or everything", hint="git mlv check origin/main..HEAD --remote")
    if not (args.range or args.all or args.json) and args.format == "text" and nothing_changed(Git(".")):
        # Nothing to judge: what judging needs is not even loaded.
        output.say("no findings: nothing differs from HEAD")
        return 0
    from mlvgit.actions.project import Project
    from mlvgit.cli.formats import present_findings

    project = Project.open()
    report = _check(project, args)
    present_findings(report, "json" if args.json else args.format, output)
    return 1 if report.errors else 0


def _check(project: "Project", args: argparse.Namespace) -> "Report":
    from mlvgit.actions.guards import check_all, check_range, check_working

    asked = None
    if args.remote:
        from mlvgit.actions.presence import remote_bytes

        asked = remote_bytes(project)
    if args.range:
        base, dots, tip = args.range.partition("..")
        if not dots or args.all:
            base = args.range if not dots and project.repo.resolve(args.range) else "origin/main"
            raise UsageError(f"{args.range!r} is not a range", hint=f"git mlv check {base}..HEAD")
        symmetric = tip.startswith(".")
        names = (base or "HEAD", tip.lstrip(".") or "HEAD")
        oids = []
        for name in names:
            oid = project.repo.resolve(name)
            if oid is None:
                raise UsageError(
                    f"{name} is not a commit here", hint="git fetch origin   (CI: fetch the base branch too)"
                )
            oids.append(oid)
        if symmetric:
            from mlvgit.repo.history import merge_bases

            oids[0] = next(iter(merge_bases(project.repo, *oids)), oids[0])
        return check_range(project, oids[0], oids[1], each=args.each, remote_bytes=asked)
    if not args.all:
        return check_working(project)
    more, notes = _unkept(project) if args.remote else ((), ())
    return check_all(project, remote_bytes=asked, more=more, notes=notes)


def _unkept(project: "Project") -> "tuple[tuple[Finding, ...], tuple[str, ...]]":
    """Find what an LFS server may delete, as no pointer names it; and say that it cannot be known."""
    from mlvgit.actions.pointers import unnamed_on_host, unnamed_words
    from mlvgit.rules.model import Finding

    try:
        unnamed = unnamed_on_host(project)
    except RemoteError as error:
        return (), (f"it cannot be known whether pointers keep what was pushed: {error.message}",)
    if not unnamed:
        return (), ()
    settings = project.settings_or_default
    words = unnamed_words(settings.remotes[0].name, unnamed)
    path = settings.layout(project.root).settings_path
    return (Finding("MLV401", path, words, keep=("git mlv push   (writes what the branch lacks)",)),), ()


def configure_explain(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv explain`."""
    parser.description = "What a rule finds, why it is there, and the way out."
    parser.epilog = "examples:\n  git mlv explain MLV101\n  git mlv explain one-production\n  git mlv explain\n"
    parser.add_argument("rule", metavar="CODE", nargs="?", default="")
    parser.add_argument("--json", action="store_true")


def run_explain(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv explain`."""
    from mlvgit.cli.formats import present_explanation, present_rules

    if args.rule:
        present_explanation(args.rule, output)
    else:
        present_rules(output)
    return 0
