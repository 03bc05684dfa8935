"""Model tags for tests."""

import hashlib

from mlvgit.rules.model import Context, TagFacts, TagMove
from tests.rules.world import MODEL, World, identity, valid

NAME = "iris_clf@v0.1.0"


def facts(world: World | None = None, **changed) -> TagFacts:
    world = world or valid()
    manifest = world.read("models/iris_clf/v0.1.0.manifest.json")
    told = {
        "ref": "refs/tags/" + NAME,
        "header_name": NAME,
        "root": "",
        "model": "iris_clf",
        "version": "v0.1.0",
        "commit": "c" * 40,
        "tree_sha256": identity(world, MODEL),
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
    }
    return TagFacts(**{**told, **changed})


def pushing(before: TagFacts | None, after: TagFacts | None, tree: World | None = None) -> Context:
    ref = (after or before).ref
    return Context(moment="push", trusted={}, tag_moves=(TagMove(ref, before, after, tree if after else None),))
