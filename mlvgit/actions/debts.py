"""Debts: the way back of what stands in history already, and of what Git does not have."""

from collections.abc import Iterator
from functools import cache, partial
from itertools import islice

from mlvgit.actions.judging import empty
from mlvgit.actions.project import Project
from mlvgit.repo.history import states_of_path
from mlvgit.rules.delta import Delta
from mlvgit.rules.engine import judge
from mlvgit.rules.model import Context, Tree
from mlvgit.rules.wording import quoted

__all__ = ["with_ways_back"]

MOST_LOOKED_AT = 50
_DOCUMENTS = ("settings", "manifest", "course-manifest", "registry", "run")
_NEEDED = ("settings", "registry")  # taking one out altogether is no way back


class _Standing:
    """What HEAD, the index and the working directory have of a path."""

    def __init__(self, project: Project) -> None:
        repo = project.repo
        self.project = project
        self.head = repo.head()
        self.committed: Tree = project.committed().tree
        self.changed = cache(lambda: repo.changes(self.committed, project.working().tree))
        self.index = cache(repo.index_tree)

    def is_tracked(self, path: str) -> bool:
        """Say whether Git has a file, or anything below a folder."""
        return _holds(self.index(), path)

    def is_debt(self, path: str) -> bool:
        """Say whether HEAD has a file, or a folder, just as the working directory does."""
        if not _holds(self.committed, path):
            return False
        return not any(each == path or each.startswith(path + "/") for each in self.changed())


def with_ways_back(project: Project, context: Context, *, everything: bool) -> Context:
    """Return `context` with the ways back for a judgement of the working directory.

    Args:
        everything: also what HEAD has is judged as new.
    """
    standing = _Standing(project)
    back = partial(_way_back, standing, context, everything)
    return context._replace(way_back=back, is_debt=standing.is_debt if everything else context.is_debt)


def _way_back(
    standing: _Standing, context: Context, everything: bool, paths: tuple[str, ...]
) -> tuple[str, ...] | None:
    words = " ".join(map(quoted, paths))
    if not any(standing.is_tracked(path) for path in paths):
        return (f"mv -n {words} .",)
    if not (everything and all(standing.is_debt(path) for path in paths)):
        return None
    kind = standing.project.committed().place(paths[0]).kind
    if kind in _DOCUMENTS:
        commit = _last_sound(standing, context, paths[0])
        if commit:
            return (f"git checkout {commit[:12]} -- {words}",)
    flags = "-q" if all(standing.committed.entry(path) for path in paths) else "-r -q"
    return () if kind in _NEEDED else (f"git rm {flags} {words}",)


def _last_sound(standing: _Standing, context: Context, path: str) -> str:
    """Return the newest commit in which the document at `path` had no error, or now has none, no warning; or ""."""
    judged = partial(_severities, standing.project, context, path)
    harm = "error" if "error" in judged(standing.head or "") else "warning"
    commits = islice(_earlier(standing, path), MOST_LOOKED_AT)
    return next((commit for commit in commits if not judged(commit) & {"error", harm}), "")


def _severities(project: Project, context: Context, path: str, commit: str) -> set[str]:
    catalog = project.committed(commit)
    delta = Delta(empty(project), catalog, {path: (None, catalog.tree.entry(path))})
    return {finding.severity for finding in judge([delta], context) if finding.path == path}


def _earlier(standing: _Standing, path: str) -> Iterator[str]:
    repo = standing.project.repo
    for state in states_of_path(repo, [standing.head] if standing.head else [], path):
        parent = repo.resolve(f"{state.commit}^")
        entry = repo.commit_tree(parent).entry(path) if parent and state.before else None
        if parent and entry and entry.oid == state.before:
            yield parent


def _holds(tree: Tree, path: str) -> bool:
    return tree.entry(path) is not None or bool(tree.below(path))
