"""Clashes: both sides of a merge, rebase or pick froze something under one name and version. What leads out of it."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from mlvgit.actions.project import Project, version_of
from mlvgit.actions.published import published_identities
from mlvgit.records.layout import Key
from mlvgit.repo.conflicts import Commits, Sides, commits_in_merge
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.wording import next_version, quoted

__all__ = ["CONTINUE", "Clash", "clash_of", "unsettled"]

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
        key for path in _contested(project, sides, stages) if (key := project.committed().place(path).key)
    )
    found = (clash_of(project, key, sides, operation) for key in keys)
    return [clash for clash in found if clash and not _is_settled(project, clash, stages)]


def _contested(project: Project, sides: Commits, stages: Mapping[str, Sides]) -> Iterator[str]:
    """Yield what is in conflict, and the manifests that both sides added and that differ."""
    yield from stages
    if not sides.theirs:
        return
    base = project.committed(sides.base).tree if sides.base else project.repo.empty_tree()
    changes = project.repo.changes(project.committed(sides.ours).tree, project.committed(sides.theirs).tree)
    for path, (mine, other) in changes.items():
        if mine and other and base.entry(path) is None:
            yield path


def _is_settled(project: Project, clash: Clash, stages: Mapping[str, Sides]) -> bool:
    if any(path == clash.path or path.startswith(clash.directory + "/") for path in stages):
        return False
    now = project.working().frozen(clash.key)
    if now is None or now.manifest is None:
        return False
    return clash.same or now.manifest.tree_sha256 in published_identities(project, clash.key)


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
    known = published_identities(project, key)
    kept = mine.manifest.tree_sha256 in known
    picked = operation != "merge"
    mover = other.manifest.tree_sha256 if picked else mine.manifest.tree_sha256
    renumber = () if same or mover in known else _renumber(project, key, ours, theirs, sides, operation)
    settle = _settle(project, mine, operation) if same or kept or picked else ()
    return Clash(key, mine.manifest_path, mine.directory, same, renumber, settle)


def _renumber(
    project: Project, key: Key, ours: Catalog, theirs: Catalog, sides: Commits, operation: str
) -> tuple[str, ...]:
    """Give the version of the user's own branch another number; only a merge brings both together then."""
    if operation not in ("merge", "rebase"):
        return ()
    abort = f"git {operation} --abort"
    upstream = sides.theirs if operation == "merge" else _onto(project, sides.ours)
    version = _free(key, ours, theirs)
    move = f"git mlv renumber {key} {version} -m {quoted(f'Make room for the other {key}')}"
    return (abort, move, f"git merge {_name(project, upstream)}")


def _free(key: Key, *catalogs: Catalog) -> str:
    """Return the first version that no side has."""
    newest = max((key, *(key._replace(version=next_version(catalog, key)) for catalog in catalogs)), key=version_of)
    while any(catalog.frozen(newest) for catalog in catalogs):
        newest = newest._replace(version=next_version(catalogs[0], newest))
    return newest.version


def _settle(project: Project, mine: Frozen, operation: str) -> tuple[str, ...]:
    paths = f"{quoted(mine.manifest_path)} {quoted(mine.directory)}"
    take = f"git restore --source=HEAD --staged --worktree -- {paths}"
    inside = mine.directory + "/"
    index = project.repo.index_tree()
    changed = project.repo.changes(project.committed().tree, index)
    alone = all(path == mine.manifest_path or path.startswith(inside) for path in changed)
    if operation in ("cherry-pick", "am") and alone:
        return (take, f"git {operation} --skip")
    return (take, CONTINUE.get(operation, "git commit"))


def _onto(project: Project, otherwise: str) -> str:
    for folder in ("rebase-merge", "rebase-apply"):
        try:
            return (project.repo.git_dir / folder / "onto").read_text("ascii").strip()
        except OSError:
            continue
    return otherwise


def _name(project: Project, commit: str) -> str:
    """Return what a person calls a commit: a branch, when one points to it."""
    args = ("for-each-ref", f"--points-at={commit}", "--format=%(refname:short)", "refs/heads", "refs/remotes")
    names = project.repo.git.text(*args).split("\n")
    return quoted(next((name for name in names if name and not name.endswith("/HEAD")), commit[:12]))
