"""What serves: per model the version in production, since when, from which data, and whether it can be trusted."""

import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from mlvgit.actions.events import stage_events
from mlvgit.actions.project import Project
from mlvgit.actions.sides import model_side
from mlvgit.actions.tagging import find_tag
from mlvgit.errors import DocumentError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.records.registry import RegisteredVersion
from mlvgit.records.settings import Settings
from mlvgit.repo.history import protected_refs
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.lookup import read_registry

__all__ = ["Serving", "all_serving", "tag_state"]

EVENTS_LOOKED_AT = 500
PRODUCTION = "production"
_METRICS = ("f1", "f1_score", "f1_macro", "accuracy", "auc", "roc_auc", "r2", "rmse", "mae", "loss")


class Serving(NamedTuple):
    """What serves of one model, by the registry of HEAD.

    Attributes:
        version: "" when no version is in the stage.
        since: when it came there, ISO 8601; "" when history does not say (or not within its newest 500 changes).
        commit: the commit that put it there, or "".
        metric: (name, value) of the metric that stands for the others; None when there is none.
        data: the snapshots that it was trained on.
        tag: "tagged", "not tagged" or "tagged with other bytes".
        bytes: "present" (every file is on disk with its size; not hashed), "missing" or "altered".
        released: the version that the release branch has there, when it is another one.
        problem: why it cannot be said what serves; "" otherwise.
    """

    model: str
    stage: str
    version: str = ""
    since: str = ""
    commit: str = ""
    metric: tuple[str, object] | None = None
    data: tuple[str, ...] = ()
    tag: str = ""
    bytes: str = ""
    released: str = ""
    problem: str = ""


def _serving_stages(settings: Settings) -> list[str]:
    return [PRODUCTION] if settings.stage(PRODUCTION) else sorted(settings.exclusive)


def all_serving(project: Project, head: Catalog, commit: str | None = None) -> Iterator[Serving]:
    """Yield what serves of each model of the current root, by the registries in `head`, the tree of `commit` (HEAD)."""
    tips = list(protected_refs(project.repo, project.settings.protect).values())
    released = project.committed(tips[0]) if tips else head
    for model in head.models(project.root):
        for stage in _serving_stages(project.settings):
            yield _serving(project, head, released, model, stage, commit)


def _serving(project: Project, head: Catalog, released: Catalog, model: str, stage: str, at: str | None) -> Serving:
    try:
        registry = head.registry(project.root, model)
    except DocumentError as error:
        return Serving(model=model, stage=stage, problem=error.message.split("\n")[0])
    found = registry.in_stage(stage) if registry else ()
    other = read_registry(released, project.root, model)
    there = [entry.version for entry in other.in_stage(stage)] if other else []
    elsewhere = ", ".join(there) if there != [entry.version for entry in found] else ""
    if len(found) > 1:
        listed = ", ".join(entry.version for entry in found)
        return Serving(model=model, stage=stage, released=elsewhere, problem=f"{len(found)} versions: {listed}")
    if not found:
        return Serving(model=model, stage=stage, released=elsewhere)
    return _served(project, head, model, found[0], elsewhere, at)


def _served(
    project: Project, head: Catalog, model: str, entry: RegisteredVersion, released: str, at: str | None
) -> Serving:
    key = project.layout.model_key(model, entry.version)
    frozen = head.frozen(key)
    since, commit = _since(project, model, entry, at)
    if frozen is None or frozen.manifest is None:
        problem = frozen.error.message.split("\n")[0] if frozen and frozen.error else f"{key} has no manifest"
        return Serving(
            model=model,
            stage=entry.stage,
            version=entry.version,
            since=since,
            commit=commit,
            data=entry.data_snapshots,
            tag="tagged" if find_tag(project, key) else "not tagged",
            bytes="missing",
            released=released,
            problem=problem,
        )
    side = model_side(project, frozen, frozen.manifest, head)
    return Serving(
        model=model,
        stage=entry.stage,
        version=entry.version,
        since=since,
        commit=commit,
        metric=_one_metric(side.metrics),
        data=side.data,
        tag=tag_state(project, key, frozen.manifest),
        bytes=_bytes(project, head, frozen.directory, frozen.manifest),
        released=released,
    )


def _since(project: Project, model: str, entry: RegisteredVersion, at: str | None) -> tuple[str, str]:
    for event in stage_events(project, model, at, limit=EVENTS_LOOKED_AT):
        for change in event.changes:
            if change.version == entry.version and change.after == entry.stage:
                return event.at, event.commit
    return "", ""


def _one_metric(metrics: Mapping[str, object]) -> tuple[str, object] | None:
    numbers = {name: value for name, value in metrics.items() if isinstance(value, int | float)}
    for name in _METRICS:
        if name in numbers:
            return name, numbers[name]
    return next(iter(numbers.items()), None)


def tag_state(project: Project, key: Key, manifest: Manifest) -> str:
    """Say whether a model tag vouches for a version: "tagged", "not tagged" or "tagged with other bytes"."""
    tag = find_tag(project, key)
    if tag is None:
        return "not tagged"
    return "tagged" if tag.tree_sha256 == manifest.tree_sha256 else "tagged with other bytes"


def _bytes(project: Project, head: Catalog, directory: str, manifest: Manifest) -> str:
    """Compare sizes only: `git mlv verify` hashes."""
    if project.repo.top is None:
        tree = head.tree
        return "present" if all(tree.entry(f"{directory}/{path}") for path in manifest.by_relative()) else "missing"
    found = "present"
    for path, entry in manifest.by_relative().items():
        try:
            size = os.lstat(project.top / directory / path).st_size
        except OSError:
            return "missing"
        if size != entry.size_bytes:
            found = "altered"
    return found
