"""A version that has left dev was dropped from the registry, or its entry was given another identity.

What it finds:
    An entry whose stage was beyond the first one and that is gone; an entry whose `tree_sha256`, `run` or
    `data_snapshots` was altered or removed. They may be added where there were none. A registry that is back at what
    it was before, an entry that goes while all that came with it is undone too (a reverted promotion), an entry that is
    corrected to what the version's manifest says, and a version that is not published and is taken back on purpose
    pass. In a registry that a protected branch shows, at least one version stays beyond the first stage: the only
    promotion of a model is then taken back by the next one, and not by forgetting it.

Why:
    The registry is where people look up what served and what it was made from. A version that served and is not in it
    any more cannot be asked about.

Example:
    # delete the line of v0.1.0 in models/iris_clf/registry.json
    git commit -am "Tidy the registry"

Way out:
    Undo: `git checkout HEAD -- models/iris_clf/registry.json`.
    Keep: after that, `git mlv promote iris_clf v0.1.0 archived` takes a version out of service and keeps it known. A
    version that is not published can be taken back with `git mlv discard iris_clf@v0.1.0`, a promotion that is not
    published with `git revert`.
"""

from collections.abc import Iterator

from mlvgit.core.text import short
from mlvgit.records.layout import Key
from mlvgit.records.registry import RegisteredVersion
from mlvgit.rules.delta import Delta, RegistryPair
from mlvgit.rules.freezing import may_be_replaced
from mlvgit.rules.model import Context, Finding
from mlvgit.rules.standing import first_stage, judging_settings
from mlvgit.rules.wording import back, listed, moved_to, quoted

ARCHIVED = "archived"
"""Where versions go that have served: from there nothing is taken back."""


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find registry entries that the change dropped or gave another identity."""
    for pair in delta.registries:
        found = list(_changes(delta, context, pair))
        # History is asked only when something is wrong: a revert brings an older registry back.
        if found and (_is_forgotten(delta, context, pair) or not context.held_before(pair.path, pair.oid)):
            yield from found


def _is_forgotten(delta: Delta, context: Context, pair: RegistryPair) -> bool:
    """Say whether a published registry, or its lack, no longer tells that any version ever served."""
    first = first_stage(judging_settings(delta, context, pair.root))
    known = any(entry.stage != first for entry in pair.after.versions) if pair.after else False
    return not known and context.published_registry(pair.path)


def _changes(delta: Delta, context: Context, pair: RegistryPair) -> Iterator[Finding]:
    if pair.before is None or pair.error is not None:
        return
    for old in pair.before.versions:
        new = pair.after.version(old.version) if pair.after else None
        key = Key(pair.root, "model", pair.model, old.version)
        if new != old and not may_be_replaced(context, key, _identity(delta, key, old)):
            yield from _judge(delta, context, pair, key, old, new)


def _identity(delta: Delta, key: Key, entry: RegisteredVersion) -> str:
    thing = delta.pair(key).before
    return thing.manifest.tree_sha256 if thing and thing.manifest else entry.tree_sha256


def _judge(
    delta: Delta, context: Context, pair: RegistryPair, key: Key, old: RegisteredVersion, new: RegisteredVersion | None
) -> Iterator[Finding]:
    if new is None:
        first = first_stage(judging_settings(delta, context, pair.root))
        reverted = not _is_forgotten(delta, context, pair) and _is_reverted(context, pair, old, first)
        if old.stage != first and not reverted:
            yield _finding(delta, context, pair, key, old, f"the entry of {key}, which was in {old.stage}, was dropped")
        return
    if old.tree_sha256 and new.tree_sha256 != old.tree_sha256 and not _is_repair(delta, key, new):
        now = short(new.tree_sha256) or "nothing"
        yield _finding(
            delta, context, pair, key, old, f"the identity of {key} was altered: {short(old.tree_sha256)} -> {now}"
        )
    for name in ("run", "data_snapshots"):
        was, now_value = getattr(old, name), getattr(new, name)
        grown = isinstance(was, tuple) and set(was) <= set(now_value)
        if was and was != now_value and not grown:
            yield _finding(delta, context, pair, key, old, f"the lineage of {key} ({name}) was altered")


def _is_reverted(context: Context, pair: RegistryPair, old: RegisteredVersion, first: str) -> bool:
    """Say whether the version goes as it came, and what came with it goes back: a reverted promotion, whatever else."""
    moved = context.came_with(pair.path, old.version) if old.stage != ARCHIVED else None
    now = {entry.version: entry.stage for entry in pair.after.versions} if pair.after else {}
    return moved is not None and all((now.get(each) or first) == (stage or first) for each, stage in moved.items())


def _is_repair(delta: Delta, key: Key, new: RegisteredVersion) -> bool:
    """Say whether the entry now agrees with the manifest that stood all along; one that came with it proves nothing."""
    pair = delta.pair(key)
    thing = pair.before or pair.after
    return thing is not None and thing.manifest is not None and new.tree_sha256 == thing.manifest.tree_sha256


def _finding(
    delta: Delta, context: Context, pair: RegistryPair, key: Key, old: RegisteredVersion, message: str
) -> Finding:
    undo = back(delta, context, pair.path)
    # `promote` edits what is committed.
    commit = (f"git commit -m {quoted(f'Bring {key} back')}",) if context.moment == "push" else ()
    keep = (*undo, *commit, f"git mlv promote {key.name} {key.version} archived")
    when = f" since {old.registered_utc[:10]}" if old.registered_utc else ""
    return Finding(
        code="MLV201",
        path=pair.path,
        key=key,
        message=message,
        frozen=f"{key} is in the registry{when}: stage {old.stage}"
        + (f", tree {short(old.tree_sha256)}" if old.tree_sha256 else ""),
        change=message,
        keep=() if moved_to(delta, pair.path) else keep,
        undo=undo,
        users=listed(delta.usage.users(key)),
    )
