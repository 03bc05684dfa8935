"""Model versions: add, list, comment."""

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from mlvgit.actions.bringing import cannot_move
from mlvgit.actions.clock import utc_now
from mlvgit.actions.freeze import FreezeResult, Freezing, freeze, gather
from mlvgit.actions.given import as_json, is_yaml, read_object
from mlvgit.actions.project import Project, version_of
from mlvgit.actions.registering import entry_for
from mlvgit.core.references import is_model_name
from mlvgit.core.versions import Part, model_version
from mlvgit.errors import UsageError
from mlvgit.records.inventory import Inventory
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.records.registry import Comment, RegisteredVersion
from mlvgit.rules.catalog import Catalog
from mlvgit.store.atomic import write_atomic
from mlvgit.store.hashing import Progress
from mlvgit.store.scan import Passed, Sources

__all__ = ["ModelPlan", "ModelVersion", "add", "comment", "facts", "listing", "next_version"]


class ModelPlan(NamedTuple):
    """What `model add` was asked for.

    Attributes:
        files: model files; none freezes the folder where it stands.
        metrics, params: JSON files that become `metrics.json` and `params.json`.
        run: id of the run that made it.
        data: references of the snapshots that it was trained on.
        storage, move: see `Freezing`.
        inventory: what was hashed elsewhere, in place of files; None when something here is to be frozen.
    """

    model: str
    version: str
    files: tuple[Path, ...] = ()
    metrics: Path | None = None
    params: Path | None = None
    run: str = ""
    data: tuple[str, ...] = ()
    notes: str = ""
    replace: bool = False
    dereference: bool = False
    storage: str = ""
    move: bool = False
    inventory: Inventory | None = None


class ModelVersion(NamedTuple):
    """A line of `model list`.

    Attributes:
        manifest: None when the folder is not frozen, or its manifest cannot be read.
        registered: what the registry says; None when it does not name the version (which is `dev`).
    """

    key: Key
    manifest: Manifest | None
    registered: RegisteredVersion | None

    @property
    def stage(self) -> str:
        """The stage; a version that the registry does not name is in dev."""
        return self.registered.stage if self.registered else "dev"


def add(project: Project, plan: ModelPlan, progress: Progress | None = None) -> FreezeResult:
    """Freeze a new model version.

    Raises:
        UsageError: the name or version is not one, or a JSON file cannot be read.
        RefusedError, IntegrityError: see `freeze`.
    """
    if not is_model_name(plan.model):
        raise UsageError(
            f"{plan.model!r} cannot name a model", hint="letters, digits, _ and -; no dots (GTO's grammar)"
        )
    if not plan.version:
        raise UsageError("which version?", hint=f"git mlv model add {plan.model} v0.1.0 ...   (or --bump minor)")
    key = project.layout.model_key(plan.model, model_version(plan.version).text)
    data = [project.find_snapshot(text, project.working()) for text in plan.data]
    fields: dict[str, Any] = {"derived_from": tuple(f"{each.name}_{each.version}" for each in data)}
    fields.update({name: value for name in ("run", "notes") if (value := getattr(plan, name))})
    if plan.move and (not plan.files or plan.dereference):
        raise cannot_move()
    passed = Passed()
    wanted = Freezing(key, None, fields, plan.replace, plan.storage, plan.move, passed)
    if plan.inventory is not None:
        return _add_listed(project, plan, wanted, plan.inventory)
    with TemporaryDirectory(prefix="mlv-") as scratch:
        files = _files(plan, passed, Path(scratch))
        return freeze(project, wanted._replace(files=files), progress)


def _add_listed(project: Project, plan: ModelPlan, wanted: Freezing, inventory: Inventory) -> FreezeResult:
    from mlvgit.actions.elsewhere import freeze_inventory

    if plan.files or plan.dereference:
        raise UsageError("--manifest lists all files of the version", hint="leave files and --dereference out")
    beside = {}
    for name, source in (("metrics.json", plan.metrics), ("params.json", plan.params)):
        if source is not None:
            beside[name] = as_json(source)
    return freeze_inventory(project, wanted, inventory, beside)


def next_version(project: Project, model: str, part: Part) -> str:
    """Return the version after the newest of `model`.

    Raises:
        UsageError: there is nothing to count on from.
    """
    keys = [
        *project.working().keys("model", model, project.root),
        *project.committed().keys("model", model, project.root),
    ]
    if not keys:
        raise UsageError(f"{model} has no version to count on from", hint=f"git mlv model add {model} v0.1.0 ...")
    return max(version_of(key) for key in keys).bump(part)


def _files(plan: ModelPlan, passed: Passed, scratch: Path) -> Sources | None:
    if not plan.files:
        if plan.metrics or plan.params:
            raise UsageError(
                "--metrics and --params come with the model's files",
                hint=f"git mlv model add {plan.model} {plan.version} model.pkl --metrics metrics.json",
            )
        return None
    found = {file.relative: file for file in gather(plan.files, dereference=plan.dereference, passed=passed)}
    for name, given in (("metrics.json", plan.metrics), ("params.json", plan.params)):
        if given is not None:
            data, source = as_json(given), given
            if is_yaml(given):
                source = scratch / name
                write_atomic(source, data, durable=False)
            found[name] = gather([source], dereference=plan.dereference)[0]._replace(relative=name)
        elif name in found:
            read_object(Path(found[name].path))
    return Sources.of(found.values())


def listing(catalog: Catalog, root: str, model: str | None = None) -> list[ModelVersion]:
    """List the model versions of `root`: frozen, registered or standing in a folder."""
    found: dict[tuple[str, str], ModelVersion] = {}
    for name in [model] if model else catalog.models(root):
        registry = catalog.registry(root, name)
        each = catalog.root(root)
        if each is None:
            continue
        keys = {key.version: key for key in catalog.keys("model", name, root)}
        for version in [*keys, *(entry.version for entry in (registry.versions if registry else ()))]:
            key = each.layout.model_key(name, version)
            frozen = catalog.frozen(key)
            found[name, version] = ModelVersion(
                key=key,
                manifest=frozen.manifest if frozen else None,
                registered=registry.version(version) if registry else None,
            )
    return sorted(found.values(), key=lambda line: (line.key.name, version_of(line.key).order))


def facts(catalog: Catalog, directory: str, name: str) -> Mapping[str, Any]:
    """Return what `metrics.json` or `params.json` of a model version says; empty when it says nothing readable."""
    try:
        value = json.loads(catalog.tree.read(f"{directory}/{name}"))
    except (KeyError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def comment(project: Project, reference: str, text: str, by: str) -> tuple[Key, str]:
    """Add a comment to a model version; returns which, and the path of its registry, which is staged.

    Raises:
        UsageError: there is no such version, or no text.
    """
    if not text.strip():
        raise UsageError("the comment is empty")
    with project.alone("git mlv comment"):
        catalog = project.working()
        key = project.find_model(reference, catalog)
        registry, entry = entry_for(catalog, key)
        entry = entry._replace(comments=(*entry.comments, Comment(at=utc_now(), by=by, text=text.strip())))
        path = project.layout.registry(key.name)
        write_atomic(project.top / path, registry.with_version(entry).dump())
        project.repo.stage([path], force=True)
        project.refresh()
        return key, path
