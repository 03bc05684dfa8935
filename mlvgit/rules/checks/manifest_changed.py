"""The frozen part of a manifest was edited, or a manifest was deleted.

What it finds:
    A manifest whose name, version, list of files or lineage is not what it was, or that is gone while the version is
    published or committed. Lineage may be added where there was none. Notes, metadata, owner, licence and storage are
    free. A directory that moved together with its manifest is the same thing. A manifest may become a tombstone
    (`retired`), as long as its list of files stays.

Why:
    The manifest is what everything else is proved against. When it can be edited, an altered dataset verifies.

Example:
    git rm data/snapshots/iris_v0.1.manifest.json
    git commit -m "Clean up"

Way out:
    Undo: `git mlv restore iris@v0.1` puts the manifest and its files back.
    Keep: other data is another version: `git mlv snapshot create iris v0.2 ...`. A version that is not published can
    be taken back with `git mlv discard iris@v0.1`. An old version whose bytes take room here keeps its manifest:
    `git mlv drop iris@v0.1` lets go of the bytes that a remote has. Only bytes that must exist nowhere are erased, from
    every version that has them (`git mlv retire`), and leave a tombstone: the manifest stays, with
    `"retired": {"by": ..., "at": ..., "reason": ...}`.
"""

from collections.abc import Iterator

from mlvgit.core.text import count, printable, short
from mlvgit.core.versions import is_snapshot_version, snapshot_version
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.delta import Delta, Pair
from mlvgit.rules.freezing import held, published
from mlvgit.rules.lookup import sharing
from mlvgit.rules.model import Context, Finding
from mlvgit.rules.wording import about, back, listed, moved_to, out, quoted


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find frozen manifests that the change altered or removed."""
    for pair in delta.pairs:
        thing = held(context, pair)
        if thing is None or thing.manifest is None:
            continue
        if pair.after is None:
            yield _removed(delta, context, thing)
        elif pair.after.manifest is None:
            what = "cannot be read any more"
            yield about(
                delta,
                context,
                thing,
                code="MLV102",
                path=pair.after.manifest_path,
                message=f"a manifest {what}",
                change=what,
            )
        else:
            yield from _edited(delta, context, pair, thing, thing.manifest, pair.after.manifest)


def _removed(delta: Delta, context: Context, thing: Frozen) -> Finding:
    root = delta.before.root(thing.key.root)
    path = thing.manifest_path
    if root and path == root.layout.course_manifest and delta.after.tree.entry(path):
        own = quoted(root.layout.manifest(thing.key))
        return about(
            delta,
            context,
            thing,
            code="MLV102",
            path=path,
            message=f"the manifest of {thing.key} was overwritten by the next version's",
            change=f"{printable(path)} names another version, and {thing.key} has no manifest left",
            keep=(f"git show HEAD:{quoted(path)} > {own}", f"git add {own}"),
        )
    if delta.after.tree.entry(path) is not None and root:
        what = "is out of our folders: mlv.yaml moved them"
        settings = root.layout.settings_path
        return about(
            delta,
            context,
            thing,
            code="MLV102",
            path=settings,
            message=f"the manifest of {thing.key} {what}",
            change=what,
            keep=(),
            undo=back(delta, context, settings),
        )
    moved = moved_to(delta, path)
    gone = f"moved to {printable(moved)}" if moved else "deleted"
    return about(
        delta,
        context,
        thing,
        code="MLV102",
        path=path,
        message=f"the manifest of {thing.key} was {gone}",
        change=f"was {gone}",
        keep=_way_on(delta, context, thing, moved),
        undo=(f"git mlv restore {thing.key}", *_without_copy(delta, context, moved)),
    )


def _way_on(delta: Delta, context: Context, thing: Frozen, moved: str) -> tuple[str, ...]:
    """Say how to do what a deletion or a move of a frozen thing was meant to do."""
    key, root = thing.key, delta.before.root(thing.key.root)
    folder = root and (root.layout.snapshots if key.kind == "snapshot" else root.layout.models)
    if moved and folder and thing.manifest_path.startswith(f"{folder}/"):
        tail = thing.manifest_path.removeprefix(folder)
        if moved.endswith(tail):
            which = "snapshots" if key.kind == "snapshot" else "models"
            return (
                f"say in mlv.yaml where the folder is now, in the same commit: folders: {{{which}: {moved[: -len(tail)]}}}",
            )
    new = delta.after.place(moved).key if moved else None
    if new is not None:
        return (f"git mlv restore {key}", *_under_another_name(thing, new))
    if not published(context, key):
        return (f"git mlv discard {key}",)
    return _room_and_erasure(delta, thing)


def _room_and_erasure(delta: Delta, thing: Frozen) -> tuple[str, ...]:
    """Say how to free the room of a published version, and how to erase it and what else that takes."""
    key, manifest = thing.key, thing.manifest
    frees: tuple[str, ...] = ()
    if manifest and manifest.storage == "store":
        frees = (
            f"git mlv restore {key}",
            f"git mlv drop {key}   # frees its room here; the manifest stays, pull undoes it",
        )
    others = listed([str(other) for other in sharing(delta.after, thing)])
    reach = f", from {', '.join(others)} too" if others else ""
    return (*frees, f'git mlv retire {key} --reason "..."   # only to erase: its bytes go everywhere{reach}')


def _without_copy(delta: Delta, context: Context, moved: str) -> tuple[str, ...]:
    """Return the commands that take out of Git what stands under the name that a frozen thing was moved to."""
    new = delta.after.place(moved).key if moved else None
    root = delta.after.root(new.root) if new else None
    if new is None or root is None or delta.before.tree.below(root.layout.directory(new)):
        return ()
    directory = root.layout.directory(new)
    return out(context, directory, flags="-r -q -f --cached") if delta.after.tree.below(directory) else ()


def _under_another_name(thing: Frozen, new: Key) -> tuple[str, ...]:
    """Return the command that freezes the files of `thing` as `new` too: a name stays with what it names."""
    directory = quoted(thing.directory)
    if new.kind == "snapshot":
        return (f"git mlv snapshot create {new.name} {new.version} {directory} --from {thing.key}",)
    return (f"git mlv model add {new.name} {new.version} {directory}",)


def _edited(
    delta: Delta, context: Context, pair: Pair, thing: Frozen, old: Manifest, new: Manifest
) -> Iterator[Finding]:
    what = list(_differences(old, new))
    unburied = bool(old.retired and not new.retired and pair.after and not _is_back(delta, pair.after, old))
    if unburied:
        what.append("the record of its removal (retired) was removed, and its bytes are not back")
    if what and pair.after and (unburied or not _is_mended(delta, context, pair.after, old, new)):
        change = "; ".join(what)
        yield about(
            delta,
            context,
            thing,
            code="MLV102",
            path=pair.after.manifest_path,
            message="the frozen part of a manifest was edited",
            change=change,
        )


def _is_back(delta: Delta, thing: Frozen, old: Manifest) -> bool:
    """Say whether Git holds all files again whose bytes were removed; other rules look at the bytes."""
    manifest = thing.manifest
    if manifest is None or not manifest.entries_here:
        return False
    return all(
        delta.after.tree.entry(f"{thing.directory}/{relative}") is not None
        for relative, entry in manifest.by_relative().items()
        if entry.size_bytes and old.retired and old.retired.covers(entry.path)
    )


def _is_mended(delta: Delta, context: Context, thing: Frozen, old: Manifest, new: Manifest) -> bool:
    """Say whether a manifest is back at what it was before, and freezes the same files or those that are published."""
    entry = delta.after.tree.entry(thing.manifest_path)
    if entry is None or new.tree_sha256 not in {old.tree_sha256, *published(context, thing.key)}:
        return False
    return context.held_before(thing.manifest_path, entry.oid)


def _differences(old: Manifest, new: Manifest) -> Iterator[str]:
    if (old.kind, old.name) != (new.kind, new.name):
        yield f"{old.kind} {old.name} -> {new.kind} {new.name}"
    if not _same_version(old, new):
        yield f"version {printable(old.version)} -> {printable(new.version)}"
    yield from _file_differences(old, new)
    for key in ("derived_from", "source", "run"):
        was, now = getattr(old, key), getattr(new, key)
        if was and was != now and not _only_added(was, now):
            yield f"{key} was {'altered' if now else 'removed'}"
    if old.retired and new.retired and not _widened(old, new):
        yield "the record of its removal (retired) was altered"


def _same_version(old: Manifest, new: Manifest) -> bool:
    if old.version == new.version:
        return True
    if not (is_snapshot_version(old.version) and is_snapshot_version(new.version)):
        return False
    return old.kind == new.kind == "snapshot" and snapshot_version(old.version) == snapshot_version(new.version)


def _only_added(was: object, now: object) -> bool:
    """Say whether a list of parents only grew."""
    return isinstance(was, tuple) and isinstance(now, tuple) and set(was) <= set(now)


def _widened(old: Manifest, new: Manifest) -> bool:
    """Say whether a tombstone is the same, or one that covers further files."""
    was, now = old.retired, new.retired
    if was == now or was is None or now is None:
        return True
    return bool(was.paths) and all(now.covers(new.prefix + path[len(old.prefix) :]) for path in was.paths)


def _file_differences(old: Manifest, new: Manifest) -> Iterator[str]:
    if (old.listed or new.listed) and old.same_entries(new):
        return
    if not (old.entries_here and new.entries_here):
        yield f"other files: {_in_short(old)} -> {_in_short(new)}"
        return
    was = {name: (entry.size_bytes, entry.sha256) for name, entry in old.by_relative().items()}
    now = {name: (entry.size_bytes, entry.sha256) for name, entry in new.by_relative().items()}
    altered = sum(1 for name, facts in was.items() if name in now and now[name] != facts)
    for number, verb in ((altered, "altered"), (len(was.keys() - now), "dropped"), (len(now.keys() - was), "added")):
        if number:
            yield f"{count(number, 'entry', 'entries')} {verb}"


def _in_short(manifest: Manifest) -> str:
    which = f"tree {short(manifest.tree_sha256)}, list {short(manifest.list_digest().sha256)}"
    return f"{count(manifest.file_count, 'file')}, {which}"
