"""The bytes of a directory are not the ones that its manifest lists.

What it finds:
    A listed file whose size or SHA-256 is another one, that is missing, that is no plain file, or that may not be read;
    and a file in the directory that the manifest does not list. What the system leaves behind (`.DS_Store`, `Thumbs.db`) and what
    `ignore_extra` names does not count. Bytes that are kept in the store and are not on this machine are unknown, not
    missing. The bytes of a Git LFS file are those that its pointer names.

Why:
    A manifest that was written for other bytes proves nothing: whoever fetches the version gets something that does
    not verify.

Example:
    git mlv snapshot create iris v0.2
    sed -i 's/setosa/Setosa/' data/snapshots/iris_v0.2/iris.csv
    git add data && git commit -m "Freeze iris v0.2"

Way out:
    Undo: `git mlv restore iris@v0.2`; `git rm --cached FILE` for a file too many.
    Keep: `git mlv snapshot create iris v0.2 --replace` while the version is not published, else freeze a new version.
"""

from collections.abc import Iterator

from mlvgit.core.text import UNREADABLE, short, size
from mlvgit.records.manifest import FileEntry, Manifest
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.delta import Delta, Pair
from mlvgit.rules.freezing import is_extra, listed_paths, published
from mlvgit.rules.model import MODE_GITLINK, MODE_SYMLINK, MODE_UNREADABLE, Context, Finding
from mlvgit.rules.wording import about, out

_KINDS = {
    MODE_SYMLINK: "is a symbolic link, not a file",
    MODE_GITLINK: "is a submodule, not a file",
    MODE_UNREADABLE: UNREADABLE,
}


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find files that are not what the manifest beside them says."""
    for pair in delta.pairs:
        if pair.after and pair.after.manifest and pair.after.manifest.entries_here:
            yield from _judge(delta, context, pair, pair.after, pair.after.manifest)


def _judge(delta: Delta, context: Context, pair: Pair, thing: Frozen, manifest: Manifest) -> Iterator[Finding]:
    entries = listed_paths(thing)
    to_hash: dict[str, FileEntry] = {}
    for path in _suspects(delta, pair, thing, entries):
        entry = delta.after.tree.entry(path)
        if path not in entries:
            if is_extra(delta, context, thing, path):
                yield _finding(delta, context, thing, path, "is not in the manifest", extra=True)
        elif entry is None:
            if _is_missing(manifest, entries[path]):
                yield _finding(delta, context, thing, path, "is missing")
        elif entry.mode in _KINDS:
            yield _finding(delta, context, thing, path, _KINDS[entry.mode])
        else:
            to_hash[path] = entries[path]
    for path, digest in delta.contents.differing(to_hash).items():
        wanted = to_hash[path]
        said = f"{size(wanted.size_bytes)} {short(wanted.sha256)}"
        found = f"has {size(digest.size)} {short(digest.sha256)}, the manifest says {said}"
        yield _finding(delta, context, thing, path, found)


def _suspects(delta: Delta, pair: Pair, thing: Frozen, entries: dict[str, FileEntry]) -> list[str]:
    """Return the paths to compare: the changed ones when the manifest says what it said, else all."""
    old = pair.before
    changed = [path for path in delta.files.get(thing.key, ()) if path.startswith(thing.directory + "/")]
    if old is not None and _says_the_same(old, thing) and not pair.moved:
        return changed
    everything = list(dict.fromkeys([*entries, *delta.after.tree.below(thing.directory)]))
    if old is None or not _says_the_same(old, thing):
        return everything
    before, after, length = delta.before.tree, delta.after.tree, len(thing.directory)
    return [path for path in everything if before.entry(old.directory + path[length:]) != after.entry(path)]


def _says_the_same(old: Frozen, new: Frozen) -> bool:
    was, now = old.manifest, new.manifest
    if was is None or now is None:
        return False
    return was is now or ((was.retired, was.storage) == (now.retired, now.storage) and was.same_entries(now))


def _is_missing(manifest: Manifest, entry: FileEntry) -> bool:
    if manifest.retired and manifest.retired.covers(entry.path):
        return False
    return manifest.storage != "store"


def _is_new(delta: Delta, context: Context, thing: Frozen) -> bool:
    """Say whether the thing came with the change, and is nothing yet that could be put back."""
    if delta.pair(thing.key).before is not None or context.is_debt(thing.manifest_path):
        return False
    return not published(context, thing.key)


def _finding(delta: Delta, context: Context, thing: Frozen, path: str, what: str, *, extra: bool = False) -> Finding:
    facts: dict[str, tuple[str, ...]] = {}
    if extra:
        facts["undo"] = out(context, path)
    elif _is_new(delta, context, thing):
        facts["undo"] = out(context, thing.directory, thing.manifest_path, flags="-r -q -f --cached")
    if context.moment == "commit" and not published(context, thing.key):
        verb = "snapshot create" if thing.key.kind == "snapshot" else "model add"
        facts["keep"] = (f"git mlv {verb} {thing.key.name} {thing.key.version} --replace",)
    return about(
        delta,
        context,
        thing,
        code="MLV103",
        path=path,
        message=f"the manifest of {thing.key} is stale: a file {what}",
        change=f"the file {what}",
        **facts,
    )
