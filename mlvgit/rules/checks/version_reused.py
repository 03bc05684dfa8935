"""The name and version of something published now stand for other files.

What it finds:
    A new manifest whose name and version are published already, on a protected branch or by a model tag, with another
    `tree_sha256`; also when the version is only spelled differently (`v0.1` and `v0.1.0`).

Why:
    Two people would freeze different data under one name, and each result would depend on whom you ask.

Example:
    # a colleague has published iris v0.2; on your older branch:
    git mlv snapshot create iris v0.2 my-data/ && git commit -m "Freeze v0.2" && git push

Way out:
    `git mlv renumber iris@v0.2 v0.3` gives yours the next free version, with everything that refers to it.
"""

from collections.abc import Iterator

from mlvgit.core.text import short
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.delta import Delta, Pair
from mlvgit.rules.freezing import published
from mlvgit.rules.lookup import spellings
from mlvgit.rules.model import Context, Finding
from mlvgit.rules.wording import about, next_version


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find versions that are taken by something else."""
    for pair in delta.pairs:
        thing = pair.after
        if thing is None or thing.manifest is None or pair.same_identity:
            continue
        identity = thing.manifest.tree_sha256
        known = published(context, thing.key)
        if known and identity not in known:
            yield _finding(delta, context, thing, identity, f"published with tree {short(min(known))}")
        elif not known:
            other = _other_spelling(delta, pair, thing)
            if other:
                yield _finding(delta, context, thing, identity, f"there as {other.key.version} with other files")


def _other_spelling(delta: Delta, pair: Pair, thing: Frozen) -> Frozen | None:
    for key in spellings(thing.key)[1:]:
        other = delta.after.frozen(key)
        if other and other.manifest and thing.manifest and other.manifest.tree_sha256 != thing.manifest.tree_sha256:
            return other if pair.before is None else None
    return None


def _finding(delta: Delta, context: Context, thing: Frozen, identity: str, taken: str) -> Finding:
    return about(
        delta,
        context,
        thing,
        code="MLV206",
        path=thing.manifest_path,
        message=f"{thing.key} is already {taken}",
        frozen=f"{thing.key} is {taken}",
        change=f"gives {thing.key} the tree {short(identity)}",
        keep=(f"git mlv renumber {thing.key} {next_version(delta.after, thing.key)}",),
        undo=(f"git mlv restore {thing.key}",),
    )
