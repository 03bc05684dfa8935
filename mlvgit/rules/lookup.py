"""Lookup: what the names that documents write stand for, and who uses a thing. Pure over a Catalog."""

from collections.abc import Iterator
from functools import cached_property

from mlvgit.core.references import parse_reference
from mlvgit.core.versions import is_snapshot_version, snapshot_version
from mlvgit.errors import DocumentError, UsageError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.records.registry import RegisteredVersion, Registry
from mlvgit.records.run import RunRecord
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.storage import is_hole

__all__ = [
    "Usage",
    "canonical",
    "model_candidates",
    "model_exists",
    "read_registry",
    "registered",
    "sharing",
    "snapshot_named",
    "spellings",
]


def canonical(key: Key) -> Key:
    """Return the key that all spellings of a version share: `v0.1` becomes `v0.1.0`."""
    if key.kind == "snapshot" and is_snapshot_version(key.version):
        return key._replace(version=snapshot_version(key.version).canonical)
    return key


def spellings(key: Key) -> tuple[Key, ...]:
    """List the keys that spell the same version, the given one first: `v0.1` is `v0.1.0`."""
    if key.kind != "snapshot" or not is_snapshot_version(key.version):
        return (key,)
    major, minor, patch = snapshot_version(key.version).numbers
    texts = [f"v{major}.{minor}.{patch}"] if patch else [f"v{major}.{minor}", f"v{major}.{minor}.0"]
    return (key, *(key._replace(version=text) for text in texts if text != key.version))


def snapshot_named(root: str, text: str) -> Key | None:
    """Return the snapshot that a document of `root` means by `iris_v0.1` or `iris@v0.1`; None when it names none."""
    try:
        reference = parse_reference(text)
    except UsageError:
        return None
    if reference.kind in ("run", "bytes", "model") or reference.wanted != "version":
        return None
    if not is_snapshot_version(reference.selector):
        return None
    return Key(root, "snapshot", reference.name, reference.selector)


def read_registry(catalog: Catalog, root: str, model: str) -> Registry | None:
    """Return a model's registry, None when there is none that can be read."""
    try:
        return catalog.registry(root, model)
    except DocumentError:
        return None


def registered(catalog: Catalog, key: Key) -> RegisteredVersion | None:
    """Return the registry's entry of a model version."""
    registry = read_registry(catalog, key.root, key.name)
    return registry.version(key.version) if registry else None


def model_candidates(catalog: Catalog, root: str, record: RunRecord) -> list[Key]:
    """List the model versions that a run record may mean: one, unless it leaves the model out and several have it."""
    if not record.model_version:
        return []
    if record.model:
        return [Key(root, "model", record.model, record.model_version)]
    keys = [Key(root, "model", model, record.model_version) for model in catalog.models(root)]
    return [key for key in keys if model_exists(catalog, key)]


def model_exists(catalog: Catalog, key: Key) -> bool:
    """Say whether a model version has a manifest, a registry entry or a folder."""
    if catalog.frozen(key) or registered(catalog, key):
        return True
    root = catalog.root(key.root)
    return root is not None and bool(catalog.tree.names(root.layout.directory(key)))


def sharing(catalog: Catalog, thing: Frozen) -> list[Key]:
    """List the other versions that have some of the bytes of `thing`, and would lose them with it."""
    own = _bytes_of(thing.manifest)
    found = (catalog.frozen(key) for key in catalog.keys(root=None) if key != thing.key)
    return [other.key for other in found if other and not own.isdisjoint(_bytes_of(other.manifest))]


def _bytes_of(manifest: Manifest | None) -> frozenset[str]:
    if manifest is None or not manifest.entries_here:
        return frozenset()
    return frozenset(each.sha256 for each in manifest.files if each.size_bytes and not is_hole(manifest, each))


class Usage:
    """Who names what, over all run records and registries of a catalog; made when a refusal is to be explained.

    Args:
        catalog: where to look.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def users(self, key: Key) -> tuple[str, ...]:
        """List who uses `key`: model versions with their stage, runs."""
        if key.kind == "model":
            entry = registered(self._catalog, key)
            return (
                *((f"{key} is in {entry.stage}",) if entry else ()),
                *(f"run {run_id}" for run_id in self.runs(key)),
            )
        return self._by_snapshot.get(canonical(key), ())

    def runs(self, key: Key) -> tuple[str, ...]:
        """List the ids of the runs whose records say that a model version came out of them."""
        return self._by_model.get(key, ())

    @cached_property
    def _by_snapshot(self) -> dict[Key, tuple[str, ...]]:
        found: dict[Key, dict[str, None]] = {}
        told: set[tuple[Key, Key | None]] = set()
        for root, record in self._records():
            made = model_candidates(self._catalog, root, record)[:1]
            words = f"run {record.run_id}" + (f" -> {self._with_stage(made[0])}" if made else "")
            for text in record.data_snapshots:
                key = snapshot_named(root, text)
                if key:
                    found.setdefault(canonical(key), {})[words] = None
                    told.add((canonical(key), made[0] if made else None))
        for model, entry in self._entries():
            for text in entry.data_snapshots:
                key = snapshot_named(model.root, text)
                if key and (canonical(key), model) not in told:
                    found.setdefault(canonical(key), {})[f"{model} ({entry.stage})"] = None
        return {key: tuple(words) for key, words in found.items()}

    @cached_property
    def _by_model(self) -> dict[Key, tuple[str, ...]]:
        found: dict[Key, tuple[str, ...]] = {}
        for root, record in self._records():
            for key in model_candidates(self._catalog, root, record):
                found[key] = (*found.get(key, ()), record.run_id)
        return found

    def _with_stage(self, key: Key) -> str:
        entry = registered(self._catalog, key)
        return f"{key} ({entry.stage})" if entry else str(key)

    def _records(self) -> Iterator[tuple[str, RunRecord]]:
        for root in self._catalog.roots:
            for path in self._catalog.run_paths(root.layout.root).values():
                record = self._catalog.run(path).value
                if isinstance(record, RunRecord):
                    yield root.layout.root, record

    def _entries(self) -> Iterator[tuple[Key, RegisteredVersion]]:
        for root in self._catalog.roots:
            for model in self._catalog.models(root.layout.root):
                registry = read_registry(self._catalog, root.layout.root, model)
                for entry in registry.versions if registry else ():
                    yield root.layout.model_key(model, entry.version), entry
