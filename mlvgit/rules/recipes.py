"""Recipes: the run records that a change concerns, and the model versions that they made. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from mlvgit.records.layout import Key
from mlvgit.records.run import RunRecord
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.delta import Delta, run_path
from mlvgit.rules.lookup import canonical, model_candidates, registered, snapshot_named

__all__ = ["Recipe", "changed_recipes", "concerned_recipes", "made_by"]


class Recipe(NamedTuple):
    """A run record of the tree after the change."""

    root: str
    path: str
    record: RunRecord


def changed_recipes(delta: Delta) -> Iterator[Recipe]:
    """Yield the run records that the change wrote; one that only moved says nothing new."""
    for pair in delta.runs:
        if pair.after is not None and pair.after != pair.before:
            yield Recipe(pair.root, pair.path, pair.after)


def concerned_recipes(delta: Delta) -> Iterator[Recipe]:
    """Yield the run records that the change wrote, and those of model versions and snapshots that it touched.

    A run stands and falls with what it names: a promotion asks about the run that made the version, and what was taken
    away is asked for in all runs.
    """
    seen = set()
    for recipe in (*changed_recipes(delta), *_of_touched_models(delta), *_of_vanished(delta)):
        if recipe.path not in seen:
            seen.add(recipe.path)
            yield recipe


def made_by(catalog: Catalog, recipe: Recipe) -> Key | None:
    """Return the model version that came out of a run, None when there is none or it cannot be told."""
    keys = model_candidates(catalog, recipe.root, recipe.record)
    return keys[0] if len(keys) == 1 else None


def _of_touched_models(delta: Delta) -> Iterator[Recipe]:
    keys = [pair.after.key for pair in delta.pairs if pair.after and pair.after.key.kind == "model"]
    for registry in delta.registries:
        for entry in registry.after.versions if registry.after else ():
            old = registry.before.version(entry.version) if registry.before else None
            if old is None or old.stage != entry.stage:
                keys.append(Key(registry.root, "model", registry.model, entry.version))
    for key in keys:
        for run_id in _runs_named_for(delta.after, key):
            found = _recipe(delta.after, key.root, run_path(delta.after, key.root, run_id))
            if found:
                yield found


def _runs_named_for(catalog: Catalog, key: Key) -> set[str]:
    thing, entry = catalog.frozen(key), registered(catalog, key)
    named = {thing.manifest.run if thing and thing.manifest else "", entry.run if entry else ""}
    return named - {""}


def _of_vanished(delta: Delta) -> Iterator[Recipe]:
    gone = {canonical(pair.key) for pair in delta.pairs if pair.after is None}
    for root in {key.root for key in gone}:
        for path in delta.after.run_paths(root).values():
            found = _recipe(delta.after, root, path)
            if found and not gone.isdisjoint(_named_by(found)):
                yield found


def _named_by(recipe: Recipe) -> Iterator[Key]:
    for text in recipe.record.data_snapshots:
        key = snapshot_named(recipe.root, text)
        if key:
            yield canonical(key)
    if recipe.record.model and recipe.record.model_version:
        yield Key(recipe.root, "model", recipe.record.model, recipe.record.model_version)


def _recipe(catalog: Catalog, root: str, path: str) -> Recipe | None:
    record = catalog.run(path).value if path else None
    return Recipe(root, path, record) if isinstance(record, RunRecord) else None
