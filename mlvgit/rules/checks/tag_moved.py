"""A model tag that is published was moved or deleted.

What it finds:
    A push that deletes a model tag of ours which the receiver has, points it at another commit, makes it vouch for
    other files, or replaces it by something that is no model tag. Tags that are not ours are left alone.

Why:
    A tag is what people cite: `iris_clf@v0.2.0` must mean tomorrow what it means today. A signature does not help, a
    moved tag verifies as well.

Example:
    git tag -f -a 'iris_clf@v0.2.0' -m again && git push -f origin 'iris_clf@v0.2.0'

Way out:
    Undo: `git fetch origin tag iris_clf@v0.2.0 --force` brings the published tag back.
    Keep: what is released now is another version: `git mlv tag-model iris_clf v0.2.1`.
"""

from collections.abc import Iterator

from mlvgit.core.text import printable, short
from mlvgit.records.layout import Key
from mlvgit.rules.delta import Delta
from mlvgit.rules.model import Context, Finding, TagFacts, TagMove
from mlvgit.rules.wording import quoted


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find published model tags that a push takes away or changes."""
    del delta
    for move in context.tag_moves:
        if move.before is not None and move.after != move.before:
            yield _finding(move, move.before)


def _finding(move: TagMove, old: TagFacts) -> Finding:
    name = move.ref.removeprefix("refs/tags/")
    what = _what(move, old)
    return Finding(
        code="MLV501",
        path="",
        key=Key(old.root, "model", old.model, old.version),
        message=f"the model tag {printable(name)} {what}",
        frozen=f"{printable(name)} is published: commit {short(old.commit)}, tree {short(old.tree_sha256)}",
        change=what,
        keep=(f"git mlv tag-model {printable(old.model)} NEXT_VERSION",),
        undo=(f"git fetch REMOTE --force {quoted(f'refs/tags/{name}:refs/tags/{name}')}",),
    )


def _what(move: TagMove, old: TagFacts) -> str:
    new = move.after
    if new is None:
        return "is deleted, or no model tag any more"
    if new.commit != old.commit:
        return f"is moved from commit {short(old.commit)} to {short(new.commit)}"
    return "is replaced by one that says something else"
