"""What is known of one model version: its metrics, parameters, data and run."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlvgit.actions.contents import read_frozen
from mlvgit.actions.project import Project
from mlvgit.core import jsontext
from mlvgit.errors import IntegrityError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.records.registry import RegisteredVersion
from mlvgit.records.run import RunRecord
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.lookup import Usage

__all__ = ["Side", "model_side", "run_record", "runs_of"]


class Side(NamedTuple):
    """What is known of a model version.

    Attributes:
        stage: dev, when the registry does not name the version.
        metrics, params: what `metrics.json` and `params.json` say (hashed first), else what the run's record says; keys
            of nested objects are joined by dots.
        data: the snapshots that it was trained on.
        run: id of the run that made it, or "".
        problems: why something could not be read.
    """

    key: Key
    manifest: Manifest
    stage: str
    metrics: Mapping[str, Any]
    params: Mapping[str, Any]
    data: tuple[str, ...]
    run: str
    problems: tuple[str, ...] = ()


def model_side(project: Project, frozen: Frozen, manifest: Manifest, catalog: Catalog) -> Side:
    """Gather what is known of a frozen model version in `catalog`."""
    key = frozen.key
    registry = catalog.registry(key.root, key.name)
    entry = registry.version(key.version) if registry else None
    run = next(iter(runs_of(catalog, key, manifest, entry)), "")
    problems: list[str] = []
    record = run_record(catalog, key, run)
    facts = {}
    for name in ("metrics", "params"):
        told = getattr(record, name) if record else {}
        facts[name] = _flat(_facts(project, frozen, f"{name}.json", catalog, problems) or told)
    return Side(
        key=key,
        manifest=manifest,
        stage=entry.stage if entry else "dev",
        metrics=facts["metrics"],
        params=facts["params"],
        data=(entry.data_snapshots if entry else ())
        or manifest.derived_from
        or (record.data_snapshots if record else ()),
        run=run,
        problems=tuple(problems),
    )


def runs_of(catalog: Catalog, key: Key, manifest: Manifest, entry: RegisteredVersion | None) -> tuple[str, ...]:
    """List the ids of the runs that made a model version: the one that it names, then those whose records name it."""
    named = (entry.run if entry else "") or manifest.run
    return tuple(dict.fromkeys(filter(None, (named, *Usage(catalog).runs(key)))))


def run_record(catalog: Catalog, key: Key, run: str) -> RunRecord | None:
    """Return the record of the run `run` in the root of `key`; None when there is none that can be read."""
    path = catalog.run_paths(key.root).get(run) if run else None
    record = catalog.run(path).value if path else None
    return record if isinstance(record, RunRecord) else None


def _facts(project: Project, frozen: Frozen, name: str, catalog: Catalog, problems: list[str]) -> Mapping[str, Any]:
    if frozen.manifest is None or name not in frozen.manifest.by_relative():
        return {}
    try:
        reading = jsontext.read(read_frozen(project, frozen, name, catalog))
    except IntegrityError as error:
        problems.append(error.message)
        return {}
    if not reading.readable or not isinstance(reading.value, dict):
        why = f": {reading.problems[0].message}" if reading.problems else " holds no JSON object"
        problems.append(f"{frozen.directory}/{name}{why}")
        return {}
    return reading.value


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, each in value.items():
        if isinstance(each, Mapping) and each:
            found.update(_flat(each, f"{prefix}{key}."))
        else:
            found[f"{prefix}{key}"] = each
    return found
