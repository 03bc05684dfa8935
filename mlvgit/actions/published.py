"""What is published, and what of the rest its owner gave leave to replace.

Published = reachable from a protected branch as the remote last showed it, or from a model tag. What is not published
may be replaced or taken back when the user said so; that is remembered for exactly one identity, in the clone.
"""

import json
from collections.abc import Callable, Iterable
from functools import cache

from mlvgit.actions.project import Project, version_of
from mlvgit.actions.trails import stage_trail
from mlvgit.records.layout import Key
from mlvgit.repo.history import protected_refs, remotes
from mlvgit.repo.repository import Repository
from mlvgit.repo.tags import ModelTag, list_model_tags, read_tag, tag_ref_name
from mlvgit.rules.catalog import Catalog
from mlvgit.store.atomic import write_atomic

__all__ = [
    "allow_replacing",
    "is_replaceable",
    "published_by",
    "published_identities",
    "registry_published",
    "released",
    "tags_of",
]

_FILE = "replaceable.json"
MAX_REMEMBERED = 10_000


def published_by(project: Project, tips: Iterable[str], *, with_tags: bool = True) -> Callable[[Key], frozenset[str]]:
    """Return a function from a key to the identities under which `tips` and the model tags publish it."""
    catalogs = [project.committed(tip) for tip in dict.fromkeys(tips)]
    known: dict[Key, frozenset[str]] = {}
    all_tags = cache(lambda: list_model_tags(project.repo))

    def published(key: Key) -> frozenset[str]:
        if key not in known:
            found = {identity for catalog in catalogs for identity in identities_in(catalog, key)}
            if with_tags:
                found.update(_tagged(project, key, all_tags))
            known[key] = frozenset(found)
        return known[key]

    return published


def registry_published(project: Project, tips: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that says whether one of `tips` has a file at the path of a registry."""
    trees = [project.committed(tip).tree for tip in dict.fromkeys(tips)]
    return lambda path: any(tree.entry(path) is not None for tree in trees)


def published_identities(project: Project, key: Key) -> frozenset[str]:
    """Return the identities under which `key` is published, as far as this clone knows."""
    tips = protected_refs(project.repo, project.settings.protect).values()
    return published_by(project, tips)(key)


def tags_of(project: Project, key: Key, identity: str) -> list[ModelTag]:
    """Return the model tags here that publish `key` with this identity: of a snapshot, those of what was made from it."""
    named = {f"{key.name}_{key.version}", f"{key.name}@{key.version}"}

    def publishes(tag: ModelTag) -> bool:
        if key.kind == "model":
            return tag.key == key and tag.tree_sha256 == identity
        held = tag.commit and not named.isdisjoint(tag.data)
        return bool(held) and identity in identities_in(project.committed(tag.commit), key)

    tags = list_model_tags(project.repo, key.name if key.kind == "model" else None)
    return [tag for tag in tags if tag.name == tag_ref_name(tag.root, tag.model, tag.version) and publishes(tag)]


def released(project: Project, protect: Iterable[str]) -> Callable[[Key, str], bool]:
    """Return a function that says whether the remotes show a model version, with an identity, that needed a model tag.

    Such a tag is most probably there when it is not here: `git pull` brings those of its own commits alone, and a
    tagged commit may lie beside the branch. No remote is asked.

    Args:
        protect: the patterns of protected branches, none for the usual ones.
    """

    @cache
    def shown() -> tuple[list[str], Callable[[str, str], tuple[str, ...]]]:
        """Look only when a rule wants to know: of most commits none does."""
        repo = project.repo
        known = [*protected_refs(repo, protect).values(), repo.resolve("@{upstream}") or ""] if remotes(repo) else []
        tips = [tip for tip in dict.fromkeys(known) if tip]
        return tips, stage_trail(project, tips)

    def was_released(key: Key, identity: str) -> bool:
        tips, trail = shown()
        for catalog in map(project.committed, tips):
            root = catalog.root(key.root)
            if root is None or identity not in identities_in(catalog, key):
                continue
            stages = map(root.settings.stage, trail(root.layout.registry(key.name), key.version))
            if any(stage and stage.tag for stage in stages):
                return True
        return False

    return was_released


def identities_in(catalog: Catalog, key: Key) -> set[str]:
    """Return the identities that `catalog` has for this name and version, whatever its spelling and root's folders."""
    version = version_of(key)
    found = set()
    exact = catalog.frozen(key)
    same = (
        [key]
        if exact
        else [other for other in catalog.keys(key.kind, key.name, key.root) if version_of(other) == version]
    )
    for other in same:
        frozen = catalog.frozen(other)
        if frozen and frozen.manifest:
            found.add(frozen.manifest.tree_sha256)
    return found


def _tagged(project: Project, key: Key, all_tags: Callable[[], list[ModelTag]]) -> set[str]:
    if key.kind == "model":
        tag = read_tag(project.repo, "refs/tags/" + tag_ref_name(key.root, key.name, key.version))
        return {tag.tree_sha256} if tag and (tag.model, tag.version) == (key.name, key.version) else set()
    found: set[str] = set()
    for tag in all_tags():
        if f"{key.name}_{key.version}" in tag.data or f"{key.name}@{key.version}" in tag.data:
            found.update(identities_in(project.committed(tag.commit), key))
    return found


def allow_replacing(repo: Repository, key: Key, identity: str) -> None:
    """Remember that the frozen thing `key` with this identity may be replaced or taken back."""
    remembered = _load(repo)
    entry = [*key, identity]
    if entry not in remembered:
        data = json.dumps([*remembered, entry][-MAX_REMEMBERED:], indent=0)
        write_atomic(repo.state_dir / _FILE, data.encode() + b"\n")


def is_replaceable(repo: Repository) -> Callable[[Key, str], bool]:
    """Return a function that says whether the user gave leave to replace `key` with this identity."""
    remembered = {tuple(entry) for entry in _load(repo)}

    def replaceable(key: Key, identity: str) -> bool:
        return (*key, identity) in remembered

    return replaceable


def _load(repo: Repository) -> list[list[str]]:
    try:
        loaded = json.loads((repo.state_dir / _FILE).read_bytes())
    except (OSError, ValueError):
        return []
    return [entry for entry in loaded if isinstance(entry, list)] if isinstance(loaded, list) else []
