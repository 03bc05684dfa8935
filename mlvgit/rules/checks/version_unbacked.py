"""A version that has left dev has no manifest, or one of other files.

What it finds:
    A registry entry in a stage beyond the first one for a version that no manifest freezes, or whose manifest has
    another `tree_sha256` than the entry; when the entry is new or changed, or the manifest is.

Why:
    The registry says what serves. Without the manifest of exactly that version, nobody can check that what serves is
    what was promoted.

Example:
    # {"version": "v0.3.0", "stage": "production"} with no models/iris_clf/v0.3.0.manifest.json
    git commit -am "Release v0.3.0"

Way out:
    Keep: `git mlv model add iris_clf v0.3.0` freezes the folder where it stands.
    Undo: `git checkout HEAD -- models/iris_clf/registry.json`.
"""

from collections.abc import Iterator

from mlvgit.core.text import short
from mlvgit.records.layout import Key
from mlvgit.records.registry import RegisteredVersion
from mlvgit.rules.delta import Delta
from mlvgit.rules.lookup import registered
from mlvgit.rules.model import Context, Finding
from mlvgit.rules.standing import first_stage, judging_settings
from mlvgit.rules.wording import back


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find registry entries that no manifest backs."""
    for key, entry in _entries(delta).items():
        if entry.stage == first_stage(judging_settings(delta, context, key.root)):
            continue
        reason = _unbacked(delta, key, entry)
        if reason:
            yield _finding(delta, context, key, entry, reason)


def _entries(delta: Delta) -> dict[Key, RegisteredVersion]:
    """Return the entries that changed, and those whose manifest did."""
    found: dict[Key, RegisteredVersion] = {}
    for pair in delta.registries:
        for entry in pair.after.versions if pair.after else ():
            old = pair.before.version(entry.version) if pair.before else None
            if old is None or (old.stage, old.tree_sha256) != (entry.stage, entry.tree_sha256):
                found[Key(pair.root, "model", pair.model, entry.version)] = entry
    for each in delta.pairs:
        entry_of = registered(delta.after, each.key) if each.key.kind == "model" else None
        if entry_of is not None and not each.same_identity:
            found[each.key] = entry_of
    return found


def _unbacked(delta: Delta, key: Key, entry: RegisteredVersion) -> str:
    thing = delta.after.frozen(key)
    if thing is None:
        return "no manifest freezes it"
    if thing.manifest is None or entry.tree_sha256 in ("", thing.manifest.tree_sha256):
        return ""
    return (
        f"its manifest has the tree {short(thing.manifest.tree_sha256)}, the registry says {short(entry.tree_sha256)}"
    )


def _finding(delta: Delta, context: Context, key: Key, entry: RegisteredVersion, reason: str) -> Finding:
    root = delta.after.root(key.root)
    path = root.layout.registry(key.name) if root else ""
    return Finding(
        code="MLV204",
        path=path,
        key=key,
        message=f"{key} is in {entry.stage} and {reason}",
        change=f"puts {key} into {entry.stage}",
        keep=(f"git mlv model add {key.name} {key.version}",),
        undo=back(delta, context, path),
    )
