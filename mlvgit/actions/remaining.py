"""What an erasure does not undo: what was made with the bytes, and where copies may be that nothing here can reach."""

import os
from collections.abc import Collection, Iterator, Sequence

from mlvgit.actions.copies import in_git
from mlvgit.actions.project import Project
from mlvgit.actions.remotes import kind_of
from mlvgit.core.digest import Digest
from mlvgit.core.text import count, printable
from mlvgit.records.layout import Key
from mlvgit.records.run import RunRecord
from mlvgit.repo.worktrees import worktrees
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.lookup import Usage, canonical, model_candidates, read_registry, registered, snapshot_named
from mlvgit.rules.wording import quoted
from mlvgit.store.atomic import machine_errors

__all__ = ["impact", "remaining", "role"]

MOST_NAMED = 20
"""Paths that a sentence names."""


def impact(catalog: Catalog, keys: Sequence[Key]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return who was made with these versions, and what of that, or of themselves, is in an exclusive stage now."""
    touched = _with_derived(catalog, keys)
    usage = Usage(catalog)
    users: dict[str, None] = {}
    for key in touched:
        if key not in keys:
            users[f"{key} was derived from them"] = None
        users.update(dict.fromkeys(usage.users(key)))
    trained = {canonical(key) for key in touched} | _trained(catalog, touched)
    serving: list[str] = []
    for root in catalog.roots:
        for model in catalog.models(root.layout.root):
            registry = read_registry(catalog, root.layout.root, model)
            for entry in registry.versions if registry else ():
                key = root.layout.model_key(model, entry.version)
                data = {named for text in entry.data_snapshots if (named := snapshot_named(key.root, text))}
                made = key in trained or not trained.isdisjoint(map(canonical, data))
                if made and entry.stage in root.settings.exclusive:
                    serving.append(f"{key} ({entry.stage})")
    return tuple(users), tuple(serving)


def role(catalog: Catalog, key: Key) -> str:
    """Say what makes a version one that is missed: its stage when that is an exclusive one, that it is the newest; or ""."""
    root, entry = catalog.root(key.root), registered(catalog, key)
    if root and entry and entry.stage in root.settings.exclusive:
        return entry.stage
    return f"the newest of {key.name}" if key == catalog.keys(key.kind, key.name, key.root)[-1] else ""


def _with_derived(catalog: Catalog, keys: Sequence[Key]) -> list[Key]:
    """Return these versions, and the snapshots that were derived from them, at whatever distance."""
    made_from: dict[Key, set[Key]] = {}
    for key in catalog.keys("snapshot", root=None):
        frozen = catalog.frozen(key)
        for text in frozen.manifest.derived_from if frozen and frozen.manifest else ():
            parent = snapshot_named(key.root, text)
            if parent:
                made_from.setdefault(canonical(parent), set()).add(key)
    found = dict.fromkeys(keys)
    todo = list(keys)
    while todo:
        for child in sorted(made_from.get(canonical(todo.pop()), ())):
            if child not in found:
                found[child] = None
                todo.append(child)
    return list(found)


def _trained(catalog: Catalog, keys: Sequence[Key]) -> set[Key]:
    """Return the model versions whose run records, or manifests, name one of these snapshots."""
    wanted = {canonical(key) for key in keys}
    found: set[Key] = set()
    for root in catalog.roots:
        for path in catalog.run_paths(root.layout.root).values():
            record = catalog.run(path).value
            if not isinstance(record, RunRecord):
                continue
            named = (snapshot_named(root.layout.root, text) for text in record.data_snapshots)
            if any(key is not None and canonical(key) in wanted for key in named):
                found.update(model_candidates(catalog, root.layout.root, record))
    return found


def remaining(project: Project, dead: Collection[Digest], paths: Collection[str]) -> Iterator[str]:
    """Say where the bytes of files may be after they were erased, a sentence each.

    Args:
        dead: the bytes.
        paths: the files, from the top.
    """
    yield from _tracked(project, dead, paths)
    for remote in project.settings_or_default.remotes:
        kind = kind_of(remote.url)
        if kind == "lfs":
            yield (
                f"the remote {remote.name} is an LFS server, which deletes nothing when it is asked: its host's settings do; "
                "older commits of its branch mlv/lfs still name them"
            )
        elif kind in ("s3", "gs", "az", "gcs", "azure"):
            yield f"the bucket of {remote.name} keeps what is deleted when it has versions, soft deletion or a lock"
    with machine_errors("read the worktrees of this repository"):
        known = worktrees(project.repo)
    for each in known:
        if each.top is not None and os.path.realpath(each.top) != os.path.realpath(project.top):
            yield f"the worktree {printable(str(each.top))} may have the files: git mlv pull there, with this commit"
    yield "other clones: git mlv pull removes them there, once the clone has this commit"
    yield "backups, and copies that were made by other means"


def _tracked(project: Project, dead: Collection[Digest], paths: Collection[str]) -> Iterator[str]:
    found = in_git(project, dead, paths)
    if found.now:
        some = " ".join(map(quoted, found.now[:MOST_NAMED])) + (" ..." if len(found.now) > MOST_NAMED else "")
        yield (
            f"Git tracks the same bytes here as {count(len(found.now), 'other file')}: git rm {some}, and commit that, then "
            "rewrite the history"
        )
    if found.past:
        named = " ".join(f"--path {quoted(path)}" for path in found.past[:MOST_NAMED])
        more = f" ... ({len(found.past)} paths)" if len(found.past) > MOST_NAMED else ""
        yield (
            f"Git's history has them, here, on every server and in every clone: git filter-repo --invert-paths {named}{more} "
            "rewrites it, and then everybody clones anew"
        )
    if found.loose:
        yield (
            f"Git has {count(found.loose, 'object')} with these bytes here that no branch and no tag leads to: git gc "
            "--prune=now removes them once no reflog leads to them either"
        )
