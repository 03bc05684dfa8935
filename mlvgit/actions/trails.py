"""Trails: the stages that a version went through, along all commits that changed its registry."""

from collections.abc import Callable, Iterable

from mlvgit.actions.project import Project
from mlvgit.errors import MlvError
from mlvgit.records.registry import Registry

__all__ = ["stage_trail"]


def stage_trail(project: Project, tips: Iterable[str]) -> Callable[[str, str], tuple[str, ...]]:
    """Return a function from a registry's path and a version to the stages that it held, oldest first.

    Args:
        project: where to look.
        tips: full commit ids; all commits that they reach count, merged branches too.
    """
    starts = list(dict.fromkeys(tips))
    read: dict[str, list[Registry]] = {}

    def registries(path: str) -> list[Registry]:
        if path not in read:
            read[path] = list(_registries(project, starts, path))
        return read[path]

    def trail(path: str, version: str) -> tuple[str, ...]:
        stages: list[str] = []
        for registry in registries(path):
            entry = registry.version(version)
            if entry is not None and stages[-1:] != [entry.stage]:
                stages.append(entry.stage)
        return tuple(stages)

    return trail


def _registries(project: Project, starts: list[str], path: str) -> Iterable[Registry]:
    repo = project.repo
    if not starts:
        return
    listed = repo.git.text("rev-list", "--topo-order", "--reverse", *starts, "--", path)
    seen = ""
    for commit in listed.split():
        entry = repo.commit_tree(commit).entry(path)
        if entry is None or entry.oid == seen:
            continue
        seen = entry.oid
        try:
            yield Registry.parse(repo.blob(entry.oid), path)
        except (MlvError, KeyError):
            continue
