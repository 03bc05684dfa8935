"""Trails: the stages that a version went through, along the commits that changed its registry, and how it came in."""

from collections.abc import Callable, Iterable, Mapping

from mlvgit.actions.project import Project
from mlvgit.errors import MlvError
from mlvgit.records.registry import Registry
from mlvgit.repo.history import first_parent_log_of_path
from mlvgit.rules.model import Entry

__all__ = ["came_with", "stage_trail"]


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


def came_with(project: Project, tips: Iterable[str]) -> Callable[[str, str], Mapping[str, str] | None]:
    """Return a function that tells what else changed when a version came into its registry; see `Context.came_with`.

    Args:
        project: where to look.
        tips: full commit ids; first parents count, from the first of these that has the version.
    """
    starts = list(dict.fromkeys(tips))

    def moved(path: str, version: str) -> Mapping[str, str] | None:
        for tip in starts:
            stages = _stages(project, project.repo.commit_tree(tip).entry(path), path)
            if stages and version in stages:
                return _coming(project, tip, path, version, stages)
        return None

    return moved


def _coming(project: Project, tip: str, path: str, version: str, stages: Mapping[str, str]) -> Mapping[str, str] | None:
    log = first_parent_log_of_path(project.repo, tip, path)
    next(log, None)  # the newest commit left what is there now
    came: Mapping[str, str] | None = None
    for older in (*(_stages(project, change.entry, path) for change in log), {}):
        if older is None or older.get(version, stages.get(version)) != stages.get(version):
            return None  # its stage changed, or it came in more than once
        if came is None and version not in older:
            others = (*older, *(each for each in stages if each not in older and each != version))
            came = {each: older.get(each, "") for each in others if older.get(each) != stages.get(each)}
        stages = older
    return came


def _stages(project: Project, entry: Entry | None, path: str) -> dict[str, str] | None:
    """Return version -> stage; None when the registry cannot be read."""
    try:
        registry = Registry.parse(project.repo.blob(entry.oid), path) if entry else Registry(name="")
    except (MlvError, KeyError):
        return None
    return {each.version: each.stage for each in registry.versions}
