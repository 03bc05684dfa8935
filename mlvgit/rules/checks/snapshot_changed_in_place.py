"""A frozen file was modified, deleted or renamed, or its mode or kind changed.

What it finds:
    A file that a manifest lists, of a snapshot or a model version, whose bytes are not the ones that were frozen any
    more, that is gone, or that became executable, a symbolic link or a submodule. A file that is brought back to what
    its manifest says is a repair and passes. So does a frozen directory that moved whole, and a file whose removal the
    manifest records as retired.

Why:
    Every number that was ever computed from this version was computed from other bytes. Nobody who reads the version's
    name later can tell which.

Example:
    echo "5.1,3.5,1.4,0.2,setosa" >> data/snapshots/iris_v0.1/iris.csv
    git commit -am "Add a row"

Way out:
    Undo: `git mlv restore iris@v0.1` puts the frozen bytes back and keeps yours beside them under another name.
    Keep: `git mlv snapshot create iris v0.2 data/snapshots/iris_v0.1 --from iris@v0.1` freezes what you have as a new
    version, then `git mlv restore iris@v0.1`. A version that is not published yet can be replaced:
    `git mlv snapshot create iris v0.1 --replace`. Bytes that must go are removed together with
    `"retired": {"by": ..., "at": ..., "reason": ...}` in the manifest.
"""

from collections.abc import Iterator

from mlvgit.core.text import UNREADABLE, printable, short, size
from mlvgit.records.manifest import FileEntry
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.delta import Delta, Pair
from mlvgit.rules.freezing import held, listed_paths
from mlvgit.rules.model import (
    MODE_EXECUTABLE,
    MODE_FILE,
    MODE_GITLINK,
    MODE_SYMLINK,
    MODE_UNREADABLE,
    Context,
    Entry,
    Finding,
)
from mlvgit.rules.wording import about, quoted

_KINDS = {
    MODE_EXECUTABLE: "became executable",
    MODE_SYMLINK: "became a symbolic link",
    MODE_GITLINK: "became a submodule",
    MODE_UNREADABLE: UNREADABLE,
}


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find frozen files that the change altered."""
    for pair in delta.pairs:
        thing = held(context, pair)
        if thing is not None:
            yield from _judge(delta, context, pair, thing)


def _judge(delta: Delta, context: Context, pair: Pair, thing: Frozen) -> Iterator[Finding]:
    after_directory = pair.after.directory if pair.after else thing.directory
    same_bytes: dict[str, FileEntry] = {}
    for path, entry in _candidates(delta, pair, thing).items():
        now = after_directory + path[len(thing.directory) :]
        old, new = delta.before.tree.entry(path), delta.after.tree.entry(now)
        if old is None or old == new:
            continue
        what = _gone(delta, context, pair, entry, old) if new is None else _kind(old, new)
        if what:
            facts = {"keep": (f"chmod u+r {quoted(path)}",)} if new and new.mode == MODE_UNREADABLE else {}
            message = f"a frozen file {what}"
            yield about(delta, context, thing, code="MLV101", path=path, message=message, change=what, **facts)
        elif new is not None and new.mode in (MODE_FILE, MODE_EXECUTABLE):
            same_bytes[now] = entry
    for now, digest in delta.contents.differing(same_bytes).items():
        entry = same_bytes[now]
        was = f"{size(entry.size_bytes)} {short(entry.sha256)}"
        what = f"was modified: {was} -> {size(digest.size)} {short(digest.sha256)}"
        yield about(delta, context, thing, code="MLV101", path=now, message="a frozen file was modified", change=what)


def _candidates(delta: Delta, pair: Pair, thing: Frozen) -> dict[str, FileEntry]:
    """Return the listed files that may have changed: all when the directory moved, else those that the change names."""
    entries = listed_paths(thing)
    if pair.moved:
        return entries
    return {path: entries[path] for path in delta.files.get(thing.key, ()) if path in entries}


def _gone(delta: Delta, context: Context, pair: Pair, entry: FileEntry, old: Entry) -> str:
    manifest = pair.after.manifest if pair.after else None
    if manifest and manifest.retired and manifest.retired.covers(_as_listed(pair, entry)):
        return ""
    if manifest and manifest.storage == "store" and context.kept(entry.sha256):
        return ""
    target = delta.arrivals.get(old.oid) if old.oid else None
    return f"was renamed to {printable(target)}" if target else "was deleted"


def _as_listed(pair: Pair, entry: FileEntry) -> str:
    """Return how the manifest after the change writes a path that the one before it writes as in `entry`."""
    old, new = pair.before and pair.before.manifest, pair.after and pair.after.manifest
    if not old or not new:
        return entry.path
    return new.prefix + entry.path[len(old.prefix) :]


def _kind(old: Entry, new: Entry) -> str:
    return _KINDS.get(new.mode, "") if new.mode != old.mode else ""
