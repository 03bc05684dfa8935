"""`git mlv verify` and `git mlv restore`."""

import argparse

from mlvgit.actions.project import Project
from mlvgit.actions.restore import restore
from mlvgit.actions.verify import Verdict, verify, without_manifests
from mlvgit.cli.common import add_json, retired_words
from mlvgit.cli.output import Output
from mlvgit.core.text import count, printable, size
from mlvgit.records.manifest import Manifest
from mlvgit.rules.storage import holes

__all__ = ["configure_restore", "configure_verify", "run_restore", "run_verify"]


def configure_verify(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv verify`."""
    parser.description = (
        "Hash frozen files on disk and compare them with their manifests. Exit status 1 when anything differs. Versions that "
        "the store keeps and that were never fetched here are named and left out, unless they are asked for."
    )
    parser.epilog = "examples:\n  git mlv verify\n  git mlv verify iris@v0.1 iris_clf@production\n"
    parser.add_argument("refs", metavar="REF", nargs="*", help="snapshots and model versions; none verifies all")
    add_json(parser)


def run_verify(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv verify`."""
    project = Project.open()
    catalog = project.working()
    keys = [project.find(ref, catalog) for ref in args.refs] or catalog.keys(root=None)
    with output.progress("verifying") as progress:
        verdicts = verify(project, keys, catalog, progress)
    if not args.refs:
        verdicts += without_manifests(project, catalog)
    if args.refs:  # who names a version asks for all of it
        verdicts = [each._replace(missing=tuple(sorted(each.missing + each.away)), away=()) for each in verdicts]
    for verdict in verdicts:
        _present(verdict, output)
    if not verdicts:
        output.talk("nothing is frozen here yet")
    bad = [verdict for verdict in verdicts if not verdict.ok and not (verdict.absent and not args.refs)]
    output.json(
        {
            "ok": not bad,
            "verified_bytes": sum(verdict.verified_bytes for verdict in verdicts),
            "results": [
                {
                    "kind": verdict.key.kind,
                    "ref": str(verdict.key),
                    "ok": verdict.ok,
                    "changed": list(verdict.changed),
                    "unreadable": list(verdict.unreadable),
                    "missing": list(verdict.missing),
                    "extra": list(verdict.extra),
                    "away": list(verdict.away),
                    "error": verdict.error,
                    "absent": verdict.absent,
                }
                for verdict in verdicts
            ],
        }
    )
    return 1 if bad else 0


def _files(verdict: Verdict, manifest: Manifest) -> str:
    whole = manifest.file_count - len(holes(manifest))
    if not verdict.away:
        return count(whole, "file")
    return (
        f"{whole - len(verdict.away):,} of {count(whole, 'file')} are here, the rest: git mlv pull {verdict.key}; these"
    )


def _gone(manifest: Manifest) -> str:
    return f" (retired: {printable(retired_words(manifest))})" if manifest.retired else ""


def _present(verdict: Verdict, output: Output) -> None:
    manifest = verdict.manifest
    if verdict.ok and manifest is not None:
        output.say(
            f"{output.style('ok', 'green')}  {verdict.key}: {_files(verdict, manifest)}, "
            f"{size(verdict.verified_bytes)}{_gone(manifest)}"
        )
        return
    if verdict.sparse and verdict.absent:
        mend = f"git sparse-checkout add {verdict.directory}"
        output.say(f"--  {verdict.key}: left out by the sparse checkout: {printable(mend)}")
        return
    if verdict.absent:
        output.say(f"--  {verdict.key}: not checked out here: git mlv pull {verdict.key}")
        return
    output.say(
        f"{output.style('BAD', 'red')} {verdict.key}" + (f": {printable(verdict.error)}" if verdict.error else "")
    )
    for what, paths in (("changed", verdict.changed), ("missing", verdict.missing), ("extra", verdict.extra)):
        for path in paths[:20]:
            why = "  (permission denied)" if path in verdict.unreadable else ""
            output.say(f"    {what + ':':<9}{printable(verdict.directory)}/{printable(path)}{why}")
        if len(paths) > 20:
            output.say(f"    {what + ':':<9}... and {len(paths) - 20} more")
    if manifest is not None:
        output.say(f"    back: git mlv restore {verdict.key}")


def configure_restore(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv restore`."""
    parser.description = (
        "Put a frozen thing back as it was frozen, on disk and in the index. Altered bytes are moved aside first."
    )
    parser.epilog = (
        "examples:\n  git mlv restore iris@v0.1\n  git mlv restore iris@v0.1 iris.csv\n"
        "  git mlv restore data/snapshots/iris_v0.1\n"
    )
    parser.add_argument("ref", metavar="REF", help="a version, or the path of its folder or of a file in it")
    parser.add_argument("paths", metavar="PATH", nargs="*", help="files of it; none restores all")
    add_json(parser)


def run_restore(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv restore`."""
    project = Project.open()
    result = restore(project, args.ref, args.paths)
    output.some([f"restored {printable(path)}" for path in result.restored], "file")
    output.some(
        [f"  what stood at {printable(path)} is now {printable(str(place))}" for path, place in result.set_aside],
        "file",
    )
    if not result.restored and not result.set_aside:
        output.say(
            f"{result.key} stands as it was frozen{_gone(result.manifest)}"
            + (": the index was brought back" if result.staged else ": nothing to do")
        )
    output.json(
        {
            "ref": str(result.key),
            "restored": list(result.restored),
            "set_aside": {path: str(place) for path, place in result.set_aside},
            "index_restored": result.staged,
        }
    )
    return 0
