"""What several commands share: options, and lines about frozen things."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlvgit.core.text import count, nearest, printable, short, size
from mlvgit.errors import GitError, RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mlvgit.actions.freeze import FreezeResult
    from mlvgit.actions.moments import Moment
    from mlvgit.actions.project import Project
    from mlvgit.cli.output import Output
    from mlvgit.records.inventory import Inventory
    from mlvgit.records.layout import Key
    from mlvgit.records.manifest import Manifest
    from mlvgit.rules.catalog import Catalog, Frozen

MOST_NAMED = 20
"""Files that a warning names."""

__all__ = [
    "add_commit",
    "add_json",
    "add_manifest",
    "add_moment",
    "add_move",
    "add_quiet",
    "add_storage",
    "asked_inventory",
    "asked_moment",
    "catalog_at",
    "commit_staged",
    "frozen_json",
    "frozen_lines",
    "manifest_json",
    "retired_fact",
    "retired_words",
    "show_manifest",
    "tell_again",
    "tell_of_links",
    "tell_otherwise",
]


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON object (docs/json.md)")


def add_quiet(parser: argparse.ArgumentParser) -> None:
    """Add -q: for scripts and timers, which mail what is said."""
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress and no result: only what is wrong")


def add_commit(parser: argparse.ArgumentParser) -> None:
    """Add -m: commit what the command wrote, and only that."""
    parser.add_argument("-m", "--message", metavar="TEXT", help="commit what this command wrote, and nothing else")


def add_storage(parser: argparse.ArgumentParser) -> None:
    """Add --storage: who holds the bytes."""
    parser.add_argument(
        "--storage",
        choices=("git", "store", "auto"),
        default="",
        help="who holds the bytes: Git; the store, for what is too large for Git; auto: the store from "
        "limits.git_limit on (the default once mlv.yaml names a remote, else git)",
    )


def add_move(parser: argparse.ArgumentParser) -> None:
    """Add --move: take the sources in without a second copy."""
    parser.add_argument(
        "--move",
        action="store_true",
        help="take the sources in without a second copy; they are gone when all is in place",
    )


def add_manifest(parser: argparse.ArgumentParser) -> None:
    """Add --manifest: commit what was hashed elsewhere."""
    parser.add_argument(
        "--manifest",
        metavar="FILE",
        type=Path,
        help="commit what git mlv manifest listed elsewhere, once a remote has said that the bytes are there; "
        "none of them comes here (git mlv pull does that)",
    )


def asked_inventory(args: argparse.Namespace) -> Inventory | None:
    """Return what --manifest names, if it was given."""
    if args.manifest is None:
        return None
    from mlvgit.actions.elsewhere import read_inventory

    return read_inventory(args.manifest)


def add_moment(parser: argparse.ArgumentParser) -> None:
    """Add --at and --released: which commit answers."""
    parser.add_argument(
        "--at",
        metavar="COMMIT|DATE",
        default="",
        help="answer from this commit, or from what the release branch was at the end of a date (UTC)",
    )
    parser.add_argument("--released", action="store_true", help="answer from the release branch as last fetched")


def asked_moment(project: Project, args: argparse.Namespace, output: Output) -> Moment:
    """Return the commit that --at and --released ask for, HEAD without them, and say what is odd about it."""
    from mlvgit.actions.moments import moment

    found = moment(project, args.at, released=args.released)
    for note in found.notes:
        output.talk(f"note: {printable(note)}")
    return found


def catalog_at(project: Project, args: argparse.Namespace, output: Output) -> tuple[Catalog, str]:
    """Return what answers and its commit: the working directory and "", unless --at or --released names a commit."""
    if not (args.at or args.released):
        return project.working(), ""
    found = asked_moment(project, args, output)
    output.talk(f"at {short(found.commit)} ({printable(found.label)})")
    return project.committed(found.commit), found.commit


def tell_otherwise(
    project: Project,
    args: argparse.Namespace,
    output: Output,
    here: Catalog,
    models: Iterable[str],
    answer: Callable[[Catalog], object] | None = None,
) -> None:
    """Say in one line that the release branch would answer otherwise, when nothing but the default was asked for."""
    if args.at or args.released:
        return
    from mlvgit.actions.moments import released_otherwise

    said = released_otherwise(project, here, models, answer)
    if said:
        output.talk(f"note: {printable(said)}")


def commit_staged(
    project: Project, args: argparse.Namespace, staged: Sequence[str], subject: str, output: Output
) -> str:
    """Commit `staged` when -m was given; returns the commit's id, else ""."""
    from mlvgit.repo.committing import commit_paths

    if args.message is None or not staged:
        return ""
    if (operation := project.repo.operation()) in ("merge", "cherry-pick"):  # where Git makes no commit of a part
        output.say(f"staged: a {operation} is under way, and its commit takes this along")
        return ""
    message = args.message or subject
    try:
        oid, ours = commit_paths(project.repo, staged, message)
    except GitError as error:
        if "mlv: " not in error.stderr:
            raise
        raise RefusedError(
            f"the commit was refused; what it was to hold stays staged\n{error.stderr.strip()}",
            hint=f"when that is mended: git commit -m {shlex.quote(message)}",
        ) from error
    output.say(
        f"committed {short(oid)}" if ours else f"committed already: {short(oid)}, which was made here meanwhile, has it"
    )
    return oid


def tell_of_links(project: Project, output: Output) -> None:
    """Say once in a repository what hard links to the store mean, when they were asked for."""
    from mlvgit.actions.storeplace import LINK_RISK, links
    from mlvgit.store.atomic import write_atomic

    told = project.repo.state_dir / "told-of-links"
    if links(project.repo) and not told.exists():
        output.talk(f"note: {LINK_RISK}")
        write_atomic(told, b"", durable=False)


def tell_again(project: Project, output: Output, result: FreezeResult) -> list[str]:
    """Warn of files of a new version whose bytes were retired, and return them."""
    if result.already:
        return []
    from mlvgit.actions.again import frozen_again

    found = frozen_again(project, result.key, result.manifest)
    for each in found:
        why = each.why
        output.warn(
            f"{result.key} has {count(len(each.names), 'file')} with bytes that were retired from {each.key}, by "
            f"{printable(why.by)} on {why.at[:10]}: {printable(why.reason)}"
        )
        for name in each.names[:MOST_NAMED]:
            output.talk(f"  {printable(name)}")
        if len(each.names) > MOST_NAMED:
            output.talk(f"  ... and {count(len(each.names) - MOST_NAMED, 'more file')}")
    if found:
        output.talk(
            f"  to leave them out: git mlv discard {result.key}, and freeze it again without them; what the store has of "
            "them goes with the next git mlv pull"
        )
    return [name for each in found for name in each.names]


def frozen_lines(output: Output, result: FreezeResult) -> None:
    """Say what freezing did."""
    manifest = result.manifest
    for path in result.stay:
        output.talk(f"note: {printable(path)} stays where it is: it changed, or may not be removed")
    if result.already:
        rest = f"what is said of it now is in {printable(result.manifest_path)}" if result.restated else "nothing to do"
        output.say(f"{result.key} is frozen already, with the same bytes: {rest}")
        return
    output.say(
        f"{output.style('froze', 'green')} {result.key}: {count(manifest.file_count, 'file')}, {size(manifest.total_bytes)}, "
        f"tree {short(manifest.tree_sha256)}"
    )
    output.say(f"  {printable(result.manifest_path)}")
    output.say(f"  disk: +{size(result.added_bytes)} in the working directory, {_rest(result)}")
    if result.plain:
        output.talk(
            f"note: the store keeps bytes, not modes: {count(result.plain, 'file')} may be run, and will not be where it is "
            "brought (--storage git keeps both)"
        )
    if result.empty:
        more = f" and {len(result.empty) - MOST_NAMED} more" if len(result.empty) > MOST_NAMED else ""
        named = ", ".join(map(printable, result.empty[:MOST_NAMED])) + more
        output.talk(f"note: empty folders are not frozen, as Git keeps none: {named}")
    if result.set_aside:
        output.say(f"  what stood there is now in {printable(result.set_aside)}")
    if result.away:
        output.say(f"  its files do not stand in the working directory yet: git mlv pull {result.key}")


def _rest(result: FreezeResult) -> str:
    """Say what freezing took of the disk beside the working directory."""
    if result.manifest.storage == "store":
        return f"+{size(result.stored_bytes)} in the store, nothing in Git but the manifest"
    return f"up to +{size(result.manifest.total_bytes)} in Git before compression"


def frozen_json(result: FreezeResult, **more: Any) -> dict[str, Any]:
    """Return what freezing did for --json."""
    return manifest_json(
        result.key,
        result.manifest,
        already=result.already,
        restated=result.restated,
        manifest_path=result.manifest_path,
        added_bytes=result.added_bytes,
        stored_bytes=result.stored_bytes,
        away=result.away,
        **more,
    )


def manifest_json(key: Key, manifest: Manifest, **more: Any) -> dict[str, Any]:
    """Return a manifest's facts for --json."""
    return {
        "kind": key.kind,
        "name": key.name,
        "version": key.version,
        "root": key.root,
        "tree_sha256": manifest.tree_sha256,
        "file_count": manifest.file_count,
        "total_bytes": manifest.total_bytes,
        "created_utc": manifest.created_utc,
        "notes": manifest.notes,
        "derived_from": list(manifest.derived_from),
        "run": manifest.run,
        **more,
    }


def show_manifest(output: Output, frozen: Frozen, manifest: Manifest, **more: Any) -> None:
    """Print a manifest in words, or as JSON."""
    facts = [
        ("frozen", manifest.created_utc),
        ("files", f"{count(manifest.file_count, 'file')}, {size(manifest.total_bytes)}"),
        ("tree", manifest.tree_sha256),
        ("manifest", frozen.manifest_path),
        ("made from", ", ".join(manifest.derived_from)),
        ("run", manifest.run),
        ("source", manifest.source),
        ("owner", manifest.owner),
        ("license", manifest.license),
        ("notes", manifest.notes),
        ("retired", retired_words(manifest)),
        *((name.replace("_", " "), str(value)) for name, value in more.items()),
    ]
    output.say(output.style(str(frozen.key), "bold"))
    for name, value in facts:
        if value:
            output.say(f"  {name + ':':<11}{printable(value)}")
    from mlvgit.rules.storage import holes

    entries = manifest.by_relative() if manifest.entries_here else {}
    if not entries:
        output.say(f"    the list of the files is not here: git mlv pull {frozen.key}")
    gone = holes(manifest) if entries else frozenset()
    for relative, entry in list(entries.items())[:50]:
        said = "  (retired)" if relative in gone else ""
        output.say(f"    {entry.sha256[:12]}  {size(entry.size_bytes):>10}  {printable(relative)}{said}")
    if entries and manifest.file_count > 50:
        output.say(f"    ... and {count(manifest.file_count - 50, 'more file')}")
    files = [
        {"path": relative, "size_bytes": entry.size_bytes, "sha256": entry.sha256}
        for relative, entry in entries.items()
    ]
    output.json(manifest_json(frozen.key, manifest, manifest_path=frozen.manifest_path, files=files, **more))


def retired_words(manifest: Manifest) -> str:
    """Say what of a version was removed on purpose; "" for nothing."""
    why = manifest.retired
    if why is None:
        return ""
    what = count(len(why.paths), "file") if why.paths else "whole"
    return f"{what}, by {why.by} on {why.at[:10]}: {why.reason}"


def retired_fact(manifest: Manifest) -> str:
    """Say that in the two words that a line of many facts has room for; "" when nothing was removed."""
    if manifest.retired is None:
        return ""
    return f"{count(len(manifest.retired.paths), 'file')} retired" if manifest.retired.paths else "retired"


def unknown_name(name: str, known: Sequence[str], what: str) -> UsageError:
    """Return the error for a dataset or model that is not there."""
    near = nearest(name, list(known))
    hint = f"did you mean {near}?" if near else f"there is: {', '.join(known[:10]) or 'none yet'}"
    return UsageError(f"there is no {what} {name}", hint=hint)


def from_here_or_top(project: Project, name: str | Path) -> Path:
    """Return a file that a user named: from the current folder, else from the top, as refusals write paths."""
    if not os.fspath(name):
        raise UsageError("a source is '', which names nothing", hint="an empty variable? . is the folder you stand in")
    from_top = project.top / name
    return from_top if not os.path.lexists(name) and os.path.lexists(from_top) else Path(name)
