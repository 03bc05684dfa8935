"""Clashes: both sides of a merge, rebase or pick froze something under one name and version. What leads out of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from mlvgit.actions.project import Project
from mlvgit.actions.published import published_by, published_identities, tags_of
from mlvgit.records.layout import Key
from mlvgit.repo.conflicts import Commits, Sides, commits_in_merge
from mlvgit.repo.history import merge_bases, protected_refs
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.lookup import read_registry, registered
from mlvgit.rules.wording import free_version, make_room, quoted, tag_name

__all__ = ["CONTINUE", "Clash", "clash_of", "contested", "unsettled", "who_serves"]

CONTINUE = {
    "merge": "git commit --no-edit",
    "rebase": "git rebase --continue",
    "cherry-pick": "git cherry-pick --continue",
    "revert": "git revert --continue",
    "am": "git am --continue",
}


class Clash(NamedTuple):
    """One name and version, frozen on both sides.

    Attributes:
        path: the manifest.
        same: both sides froze the same files; only what is free differs.
        renumber: the commands that keep both; none when the number is ours by publication, or both sides are the same.
        settle: the commands that leave what is checked out as it is; none when that would be refused.
    """

    key: Key
    path: str
    directory: str
    same: bool
    renumber: tuple[str, ...]
    settle: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What happened, without a full stop."""
        files = "the same files, and say other things about them" if self.same else "other files under this number"
        return f"both sides froze {self.key}, with {files}"


def unsettled(project: Project, stages: Mapping[str, Sides]) -> list[Clash]:
    """Return the clashes of what Git is in the middle of, without those that are settled.

    Args:
        stages: the paths in conflict.
    """
    operation, head = project.repo.operation(), project.repo.head()
    if not operation or head is None:
        return []
    sides = commits_in_merge(project.repo) or Commits("", head, "")  # `git am` has no other commit
    keys = dict.fromkeys(
        key for path in contested(project, sides, stages) if (key := project.committed().place(path).key)
    )
    found = (clash_of(project, key, sides, operation) for key in keys)
    upstream = _upstream(project, sides, operation)
    return [clash for clash in found if clash and not _is_settled(project, clash, stages, upstream)]


def contested(project: Project, sides: Commits, stages: Mapping[str, Sides]) -> Iterator[str]:
    """Yield what is in conflict, and the manifests that both sides added and that differ."""
    yield from stages
    if not sides.theirs:
        return
    base = project.committed(sides.base).tree if sides.base else project.repo.empty_tree()
    changes = project.repo.changes(project.committed(sides.ours).tree, project.committed(sides.theirs).tree)
    for path, (mine, other) in changes.items():
        if mine and other and base.entry(path) is None:
            yield path


def _is_settled(project: Project, clash: Clash, stages: Mapping[str, Sides], upstream: str) -> bool:
    if any(path == clash.path or path.startswith(clash.directory + "/") for path in stages):
        return False
    now = project.working().frozen(clash.key)
    if now is None or now.manifest is None:
        return False
    return clash.same or now.manifest.tree_sha256 in _known(project, clash.key, upstream)


def clash_of(project: Project, key: Key, sides: Commits, operation: str) -> Clash | None:
    """Return how both sides froze `key`; None when one of them did not.

    Args:
        operation: see `Repository.operation`.
    """
    ours, theirs = project.committed(sides.ours), project.committed(sides.theirs) if sides.theirs else None
    mine, other = ours.frozen(key), theirs.frozen(key) if theirs else None
    if mine is None or mine.manifest is None:
        return None
    if theirs is None:
        return Clash(key, mine.manifest_path, mine.directory, False, (), _settle(project, mine, operation))
    if other is None or other.manifest is None:
        return None
    same = mine.manifest.tree_sha256 == other.manifest.tree_sha256
    upstream = _upstream(project, sides, operation)
    known = _known(project, key, upstream)
    kept = mine.manifest.tree_sha256 in known
    picked = operation != "merge"
    mover = other.manifest.tree_sha256 if picked else mine.manifest.tree_sha256
    renumber: tuple[str, ...] = ()
    # A rebase replays the commit that took the number, and then the one that made room, which goes on from it.
    made_room = operation == "rebase" and _has_made_room(project, key, mover)
    if upstream and not same and mover not in known:
        tags = [tag.key for tag in tags_of(project, key, mover)]
        join = f"git merge {_name(project, upstream)}"
        version = free_version(key, ours, theirs)
        own = _of_rebase(project, "orig-head", sides.ours)
        decide = who_serves(project, key, version, own, upstream)
        room = (join,) if made_room else make_room(key, version, untag=tags, join=join, retag=tags, decide=decide)
        # Whose tag had no place here while ours had its name: it comes with no merge.
        more = (
            *(("git fetch --tags",) if tags else ()),
            *(("git mlv push",) if _is_fetched(project, upstream) else ()),
        )
        renumber = (f"git {operation} --abort", *room, *more)
    settle = _settle(project, mine, operation) if not (made_room and renumber) and (same or kept or picked) else ()
    if settle and renumber:  # what is left out is one's own, and may be registered and tagged
        settle = (settle[0], *_left_out(project, key, mover, settle[1:]))
    return Clash(key, mine.manifest_path, mine.directory, same, renumber, settle)


def who_serves(project: Project, key: Key, version: str, own: str, upstream: str) -> tuple[str, ...]:
    """Return the commands that decide who serves where both sides put `key` into a stage that holds one version.

    Args:
        version: the number that ours has before both come together.
        own: the commit of ours.
        upstream: theirs.
    """
    root, mine = project.committed(own).root(key.root), registered(project.committed(own), key)
    if key.kind != "model" or root is None or mine is None or mine.stage not in root.settings.exclusive:
        return ()
    base = next(iter(merge_bases(project.repo, own, upstream)), "")
    before, there = (
        [entry.version for entry in registry.in_stage(mine.stage)] if registry else []
        for commit in (base, upstream)
        for registry in [read_registry(project.committed(commit), key.root, key.name) if commit else None]
    )
    if not there or there == before:
        return ()
    take = f"git mlv merge --repair --take {key.name}="
    return (
        f"{take}{there[0]}   # theirs stays in {mine.stage}; with {key.name}={version} yours takes its place",
        CONTINUE["merge"],
    )


def _left_out(project: Project, key: Key, identity: str, go_on: Sequence[str]) -> tuple[str, ...]:
    """Return how a rebase goes on without the `key` that it replays: its registry and its tag go with it."""
    steps = tuple(go_on)
    if key.kind == "model":
        tip, root = _of_rebase(project, "orig-head", ""), project.committed().root(key.root)
        entry = registered(project.committed(tip), key) if tip else None
        ours = registered(project.committed(), key)
        repair = "git mlv merge --repair"
        if root and root.layout.registry(key.name) in project.repo.index_tree().unmerged:
            steps = (repair, *steps)
        elif entry and ours and entry.tree_sha256 == identity != ours.tree_sha256:
            steps = (*steps, repair, *steps)  # the commit that promoted it comes later
    if tags := tags_of(project, key, identity):
        steps += (f"git tag -d {' '.join(tag_name(tag.key) for tag in tags)}", "git fetch --tags")
    return steps


def _is_fetched(project: Project, commit: str) -> bool:
    """Say whether a remote, as last seen, has a commit."""
    return bool(project.repo.git.text("for-each-ref", "--count=1", f"--contains={commit}", "refs/remotes"))


def _upstream(project: Project, sides: Commits, operation: str) -> str:
    """Return the commit that the user's own branch comes together with; "" where another number would not help."""
    return {"merge": sides.theirs, "rebase": _onto(project, sides.ours)}.get(operation, "")


def _known(project: Project, key: Key, upstream: str) -> frozenset[str]:
    """Return the identities that keep the number: those that a remote shows, and of tags only where it shows none.

    A tag here may never have been pushed, and then it does not make ours what everybody has.
    """
    tips = list(protected_refs(project.repo, project.settings.protect).values())
    if upstream and _is_fetched(project, upstream):
        tips.append(upstream)
    return published_by(project, tips, with_tags=False)(key) or published_identities(project, key)


def _settle(project: Project, mine: Frozen, operation: str) -> tuple[str, ...]:
    head, index = project.committed().tree, project.repo.index_tree()
    paths = quoted(mine.manifest_path)
    if any(True for tree in (head, index) for _ in tree.below(mine.directory)):  # Git knows none that the store keeps
        paths += f" {quoted(mine.directory)}"
    take = f"git restore --source=HEAD --staged --worktree -- {paths}"
    inside = mine.directory + "/"
    changed = project.repo.changes(head, index)
    alone = all(path == mine.manifest_path or path.startswith(inside) for path in changed)
    if operation in ("cherry-pick", "am") and alone:
        return (take, f"git {operation} --skip")
    return (take, CONTINUE.get(operation, "git commit"))


def _has_made_room(project: Project, key: Key, identity: str) -> bool:
    """Say whether the branch that is rebased has `key` no more, or no more as the commit that is replayed froze it."""
    tip = _of_rebase(project, "orig-head", "")
    frozen = project.committed(tip).frozen(key) if tip else None
    return bool(tip) and (frozen is None or frozen.manifest is None or frozen.manifest.tree_sha256 != identity)


def _onto(project: Project, otherwise: str) -> str:
    return _of_rebase(project, "onto", otherwise)


def _of_rebase(project: Project, name: str, otherwise: str) -> str:
    for folder in ("rebase-merge", "rebase-apply"):
        try:
            return (project.repo.git_dir / folder / name).read_text("ascii").strip()
        except OSError:
            continue
    return otherwise


def _name(project: Project, commit: str) -> str:
    """Return what a person calls a commit: a branch, when one points to it."""
    args = ("for-each-ref", f"--points-at={commit}", "--format=%(refname:short)", "refs/heads", "refs/remotes")
    names = project.repo.git.text(*args).split("\n")
    return quoted(next((name for name in names if name and not name.endswith("/HEAD")), commit[:12]))
