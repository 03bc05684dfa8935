"""The entry of a model version in the registry of its model."""

from mlvgit.actions.clock import utc_now
from mlvgit.records.layout import Key
from mlvgit.records.registry import RegisteredVersion, Registry
from mlvgit.rules.catalog import Catalog

__all__ = ["entry_for"]


def entry_for(catalog: Catalog, key: Key) -> tuple[Registry, RegisteredVersion]:
    """Return the registry of `key`'s model and the entry of `key`, made from its manifest when there is none yet."""
    registry = catalog.registry(key.root, key.name) or Registry(name=key.name, versions=())
    entry = registry.version(key.version)
    frozen = catalog.frozen(key)
    manifest = frozen.manifest if frozen else None
    if entry is None:
        entry = RegisteredVersion(version=key.version, stage="dev", registered_utc=utc_now())
    if manifest is not None and not entry.tree_sha256:
        entry = entry._replace(
            tree_sha256=manifest.tree_sha256,
            run=entry.run or manifest.run,
            data_snapshots=entry.data_snapshots or manifest.derived_from,
        )
    return registry, entry
