"""A model tag says something else than the commit that it points to.

What it finds:
    A pushed model tag of ours whose name in the tag object is not the name of the ref, or not that of its model and
    version; whose commit has no manifest of that version with the `tree_sha256` and the bytes that the tag vouches for;
    or whose commit has the version in the registry with another identity.

Why:
    Git lets any tag object stand under any name. A signed tag of an old version under the name of a new one verifies.

Example:
    git update-ref refs/tags/iris_clf@v0.3.0 "$(git rev-parse iris_clf@v0.1.0)"
    git push origin iris_clf@v0.3.0

Way out:
    `git tag -d NAME`, then `git mlv tag-model iris_clf v0.3.0` on the commit that holds the version.
"""

from collections.abc import Iterator

from mlvgit.core.digest import of_bytes
from mlvgit.core.text import printable, short
from mlvgit.records.layout import Key
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.delta import Delta
from mlvgit.rules.lookup import registered
from mlvgit.rules.model import Context, Finding, TagFacts, Tree
from mlvgit.rules.wording import quoted


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find pushed model tags that contradict their commit."""
    del delta
    for move in context.tag_moves:
        if move.after is None:
            continue
        names = list(_misnamed(move.ref, move.after))
        facts = list(_contradicted(move.after, move.tree)) if move.tree is not None else []
        for message in (*names, *facts):
            yield _finding(move.ref, move.after, message)


def _misnamed(ref: str, tag: TagFacts) -> Iterator[str]:
    name = ref.removeprefix("refs/tags/")
    if tag.header_name != name:
        yield f"is {printable(tag.header_name)} by its own text"
    meant = (f"{tag.root}=" if tag.root else "") + f"{tag.model}@{tag.version}"
    if name != meant:
        yield f"vouches for {printable(meant)}"


def _contradicted(tag: TagFacts, tree: Tree) -> Iterator[str]:
    catalog = Catalog(tree)
    key = Key(tag.root, "model", tag.model, tag.version)
    thing = catalog.frozen(key)
    if thing is None or thing.manifest is None:
        yield f"points to {short(tag.commit)}, which has no manifest of {printable(str(key))}"
        return
    if thing.manifest.tree_sha256 != tag.tree_sha256:
        yield f"vouches for the tree {short(tag.tree_sha256)}, its commit has {short(thing.manifest.tree_sha256)}"
    elif _sha256(tree, thing.manifest_path) != tag.manifest_sha256:
        yield "vouches for other bytes of the manifest than its commit has"
    entry = registered(catalog, key)
    if entry is not None and entry.tree_sha256 not in ("", tag.tree_sha256):
        yield f"vouches for the tree {short(tag.tree_sha256)}, the registry has {short(entry.tree_sha256)}"


def _sha256(tree: Tree, path: str) -> str:
    try:
        return of_bytes(tree.read(path)).sha256
    except KeyError:
        return ""


def _finding(ref: str, tag: TagFacts, message: str) -> Finding:
    name = ref.removeprefix("refs/tags/")
    return Finding(
        code="MLV502",
        path="",
        key=Key(tag.root, "model", tag.model, tag.version),
        message=f"the model tag {printable(name)} {message}",
        change=f"publishes {printable(name)}, which cannot be trusted",
        keep=(f"git mlv tag-model {printable(tag.model)} {printable(tag.version)}",),
        undo=(f"git tag -d {quoted(name)}",),
    )
