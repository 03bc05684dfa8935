"""A version went to a stage that needs a model tag, and no tag vouches for it.

What it finds:
    A registry entry that came to staging, production, or another stage that `mlv.yaml` marks as `tag`, for a version
    that no annotated model tag names with the identity of its manifest. At a push the tags count that the receiver has
    afterwards.

Why:
    The tag fixes, outside the branch, which commit and which bytes were released. Without one, dev experiments reach
    production.

Example:
    git mlv model add iris_clf v0.3.0 && git commit -m "Add v0.3.0"
    # set the stage of v0.3.0 to production by hand
    git push

Way out:
    `git fetch --tags` when the version was released before: its tag stands on the remote, and may not have come with the
    branch. Else `git mlv tag-model iris_clf v0.3.0`, then push branch and tag together:
    `git push --atomic origin main iris_clf@v0.3.0`. Where somebody else tagged other files as v0.3.0, yours gets another
    number: `git tag -d iris_clf@v0.3.0`, `git mlv renumber iris_clf@v0.3.0 v0.3.1`, and a tag of its own.
"""

from collections.abc import Iterator

from mlvgit.records.layout import Key
from mlvgit.records.registry import RegisteredVersion
from mlvgit.rules.delta import Delta
from mlvgit.rules.model import Context, Finding
from mlvgit.rules.standing import stage_named
from mlvgit.rules.wording import back, free_version, make_room, tag_name

_NOT_PUSHED = "its model tag stands here and is no part of this push"
_OTHERWISE = "has a model tag that vouches for other files"
_NOT_HERE = "its model tag is not here"


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find versions that came to a stage that needs a tag, without one."""
    for pair in delta.registries:
        for entry in pair.after.versions if pair.after else ():
            rules = stage_named(delta, context, pair.root, entry.stage)
            old = pair.before.version(entry.version) if pair.before else None
            if rules is None or not rules.tag or (old is not None and old.stage == entry.stage):
                continue
            key = Key(pair.root, "model", pair.model, entry.version)
            reason = _untagged(delta, context, key, entry)
            if reason:
                yield _finding(delta, context, key, pair.path, entry, reason)


def _untagged(delta: Delta, context: Context, key: Key, entry: RegisteredVersion) -> str:
    tagged = context.tagged(key)
    if not tagged and _counts(delta, key, entry, context.tagged_here(key)):
        return _NOT_PUSHED
    if not tagged:
        return _NOT_HERE if context.released(key, _identity(delta, key, entry)) else "has no model tag"
    return "" if _counts(delta, key, entry, tagged) else _OTHERWISE


def _counts(delta: Delta, key: Key, entry: RegisteredVersion, tagged: frozenset[str]) -> bool:
    identity = _identity(delta, key, entry)
    return bool(tagged) and (not identity or identity in tagged)


def _identity(delta: Delta, key: Key, entry: RegisteredVersion) -> str:
    thing = delta.after.frozen(key)
    return thing.manifest.tree_sha256 if thing and thing.manifest else entry.tree_sha256


def _with_tag(key: Key) -> Iterator[str]:
    """Yield the command for the branch that is checked out and all its tags, and the one for exactly this push."""
    yield "git mlv push"
    yield f"git push --atomic REMOTE BRANCH {tag_name(key)}   # the same for another branch or remote"


def _with_another_number(delta: Delta, context: Context, key: Key) -> tuple[str, ...]:
    """Return the commands that keep both where somebody else tagged other files; none when this is published as it is."""
    mine, before = delta.after.frozen(key), delta.before.frozen(key)
    pushing = context.moment == "push"
    if mine is None or mine.manifest is None or (pushing and before and before.manifest == mine.manifest):
        return ()
    if context.released(key, mine.manifest.tree_sha256):
        return (f"git tag -d {tag_name(key)} && git fetch --tags",)  # the tag here is the one that nobody else has
    version = free_version(key, delta.after, delta.before, taken=lambda other: bool(context.tagged(other)))
    return (
        *make_room(
            key,
            version,
            untag=[key] if mine.manifest.tree_sha256 in context.tagged_here(key) else [],
            join="git pull --no-rebase --no-edit" if pushing else "",
            retag=[key],
        ),
        *(("git mlv push",) if pushing else ()),
    )


def _way_back(delta: Delta, context: Context, path: str, key: Key) -> tuple[str, ...]:
    """Return what undoes it: a registry that the receiver does not have yet has other versions in it, which stay."""
    if delta.before.tree.entry(path):
        return back(delta, context, path)
    told = context.way_back((path,))
    return (f"git mlv promote {key.name} {key.version} dev",) if told is None else told


def _finding(delta: Delta, context: Context, key: Key, path: str, entry: RegisteredVersion, reason: str) -> Finding:
    tag = f"git mlv tag-model {key.name} {key.version}"
    keep = {
        _NOT_PUSHED: tuple(_with_tag(key)),
        _NOT_HERE: ("git fetch --tags", f"{tag}   # when no remote has it"),
        _OTHERWISE: _with_another_number(delta, context, key) if reason == _OTHERWISE else (),
    }
    return Finding(
        code="MLV203",
        path=path,
        key=key,
        message=f"{key} is in {entry.stage} and {reason}",
        change=f"puts {key} into {entry.stage}",
        keep=keep.get(reason, (tag,)),
        undo=_way_back(delta, context, path, key),
    )
