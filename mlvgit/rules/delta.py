"""The delta: what differs between two trees, sorted by what it means to us. Pure.

Everything is derived on demand from the changed paths, so that the work is proportional to the change; only a change of
settings that moves our folders looks at all that stands in them.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from mlvgit.errors import DocumentError
from mlvgit.records.layout import SETTINGS_NAME, Key, Place
from mlvgit.records.registry import Registry
from mlvgit.records.run import RunRecord
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.contents import Contents
from mlvgit.rules.lookup import Usage, spellings
from mlvgit.rules.model import Change, Changes, EmptyTree

__all__ = ["Delta", "Pair", "RegistryPair", "RunPair", "everything", "run_path"]


class Pair(NamedTuple):
    """One frozen thing before and after the change; at least one is there."""

    before: Frozen | None
    after: Frozen | None

    @property
    def key(self) -> Key:
        """The thing as it is called now, or was called when it is gone."""
        return (self.after or self.before).key  # type: ignore[union-attr]  # at least one is there

    @property
    def moved(self) -> bool:
        """Whether it stands elsewhere now."""
        return self.before is not None and self.after is not None and self.before.directory != self.after.directory

    @property
    def same_identity(self) -> bool:
        """Whether it was there before with the same list of files."""
        old, new = self.before and self.before.manifest, self.after and self.after.manifest
        return old is not None and new is not None and old.tree_sha256 == new.tree_sha256


class RegistryPair(NamedTuple):
    """A model's registry before and after the change.

    Attributes:
        root: the mlv root that holds it after the change (before it, when it is gone).
        path: where it stands, or stood.
        before, after: None when there is none, or when it cannot be read.
        error: why `after` cannot be read.
        oid: the blob after the change, "" when there is none.
    """

    root: str
    model: str
    path: str
    before: Registry | None
    after: Registry | None
    error: DocumentError | None
    oid: str


class RunPair(NamedTuple):
    """A run record before and after the change; None where there is none or it is not ours."""

    root: str
    run_id: str
    path: str
    before_path: str
    before: RunRecord | None
    after: RunRecord | None


class Delta:
    """What changed between two catalogs.

    Args:
        before: what stood before.
        after: what stands, or is to stand, now.
        changes: every path that differs between their trees.

    Attributes:
        contents: the bytes of `after`, hashed once.
        told: what findings say about a frozen thing, by key and identity, worked out once for all of its files.
    """

    def __init__(self, before: Catalog, after: Catalog, changes: Changes) -> None:
        self.before = before
        self.after = after
        self.changes = changes
        self.contents = Contents(after.tree)
        self._pairs: dict[Key, Pair] = {}
        self._begins: dict[str, bool] = {}
        self.told: dict[tuple[Key, str], dict[str, object]] = {}

    # what changed, by kind

    @cached_property
    def _places(self) -> list[tuple[str, Change, Place, Place]]:
        """(path, change, place before, place after) of the changed paths that are ours."""
        nowhere = Place("")
        found = []
        for path, change in self.changes.items():
            old = self.before.place(path) if change[0] else nowhere
            new = self.after.place(path) if change[1] else nowhere
            if old.kind or new.kind:
                found.append((path, change, old, new))
        return found

    @cached_property
    def relaid(self) -> tuple[str, ...]:
        """The roots that came, went, or have their folders elsewhere now."""
        old = {root.layout.root: root.layout for root in self.before.roots}
        new = {root.layout.root: root.layout for root in self.after.roots}
        if old == new:
            return ()
        broken = {error.path for error in self.after.settings_errors}
        names = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        return tuple(sorted(name for name in names if name not in new or new[name].settings_path not in broken))

    @cached_property
    def files(self) -> dict[Key, list[str]]:
        """Frozen thing -> changed paths in its directory, as either tree sees it."""
        found: dict[Key, dict[str, None]] = {}
        for path, _, old, new in self._places:
            for place in (old, new):
                if place.kind == "file" and place.key:
                    found.setdefault(place.key, {})[path] = None
        return {key: list(paths) for key, paths in found.items()}

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """The frozen things, and directories that have no manifest, that the change touches."""
        found: dict[Key, None] = {}
        for _, _, old, new in self._places:
            for place in (old, new):
                if place.key and place.kind in ("file", "manifest", "course-manifest"):
                    found[place.key] = None
        for root in self.relaid:
            found.update(dict.fromkeys([*self.before.keys(root=root), *self.after.keys(root=root)]))
        return tuple(found)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The touched frozen things, each once even when it moved."""
        found: dict[tuple[Key | None, Key | None], Pair] = {}
        for key in self.keys:
            pair = self.pair(key)
            if pair.before or pair.after:
                found[pair.before and pair.before.key, pair.after and pair.after.key] = pair
        return tuple(found.values())

    def pair(self, key: Key) -> Pair:
        """Return a frozen thing on both sides, following it when it moved whole with the same identity."""
        if key not in self._pairs:
            old, new = self.before.frozen(key), self.after.frozen(key)
            if old and not new:
                new = _moved(old, self.before, self.after)
            elif new and not old:
                old = _moved(new, self.after, self.before)
            self._pairs[key] = Pair(old, new)
        return self._pairs[key]

    @cached_property
    def registries(self) -> tuple[RegistryPair, ...]:
        """The registries that changed, moved ones paired."""
        touched: dict[tuple[str, str], None] = {}
        for path, _, old, new in self._places:
            for place, catalog in ((old, self.before), (new, self.after)):
                if place.kind == "registry":
                    touched[catalog.claim(path)[0].layout.root, place.name] = None
        for root in self.relaid:
            for catalog in (self.before, self.after):
                touched.update(dict.fromkeys((root, model) for model in catalog.models(root)))
        return tuple(self._pair_registries(touched))

    def _pair_registries(self, touched: dict[tuple[str, str], None]) -> Iterator[RegistryPair]:
        taken = set()
        for root, model in touched:
            if self._registry_path(self.after, root, model):
                old_root = root if self._registry_path(self.before, root, model) else self._came_from(root, model)
                taken.add((old_root, model))
                yield self._registry_pair(old_root, root, model)
        for root, model in touched:
            if (root, model) not in taken and self._registry_path(self.before, root, model):
                yield self._registry_pair(root, None, model)

    def _registry_pair(self, old_root: str | None, new_root: str | None, model: str) -> RegistryPair:
        path = self._registry_path(self.after, new_root, model) or self._registry_path(self.before, old_root, model)
        entry = self.after.tree.entry(path) if new_root is not None else None
        after, error = _registry(self.after, new_root, model)
        before, _ = _registry(self.before, old_root, model)
        root = new_root if new_root is not None else old_root or ""
        return RegistryPair(root, model, path, before, after, error, entry.oid if entry else "")

    def _came_from(self, root: str, model: str) -> str | None:
        for each in self.before.roots:
            old = each.layout.root
            gone = self._registry_path(self.before, old, model) and not self._registry_path(self.after, old, model)
            if old != root and gone:
                return old
        return None

    @staticmethod
    def _registry_path(catalog: Catalog, root: str | None, model: str) -> str:
        each = catalog.root(root) if root is not None else None
        path = each.layout.registry(model) if each else ""
        return path if path and catalog.tree.entry(path) else ""

    @cached_property
    def runs(self) -> tuple[RunPair, ...]:
        """The run records that changed; other files in the folder of runs are not ours."""
        touched: dict[tuple[str, str], None] = {}
        for path, _, old, new in self._places:
            for place, catalog in ((old, self.before), (new, self.after)):
                if place.kind == "run":
                    touched[catalog.claim(path)[0].layout.root, place.name] = None
        for root in self.relaid:
            for catalog in (self.before, self.after):
                touched.update(dict.fromkeys((root, run_id) for run_id in catalog.run_paths(root)))
        return tuple(self._pair_runs(touched))

    def _pair_runs(self, touched: dict[tuple[str, str], None]) -> Iterator[RunPair]:
        taken = set()
        for root, run_id in touched:
            path = run_path(self.after, root, run_id)
            if path:
                old_root = root if run_path(self.before, root, run_id) else self._run_came_from(root, run_id)
                taken.add((old_root, run_id))
                yield self._run_pair(root, run_id, path, run_path(self.before, old_root, run_id))
        for root, run_id in touched:
            old = run_path(self.before, root, run_id)
            if old and (root, run_id) not in taken:
                yield self._run_pair(root, run_id, "", old)

    def _run_pair(self, root: str, run_id: str, path: str, old: str) -> RunPair:
        before = self.before.run(old).value if old else None
        after = self.after.run(path).value if path else None
        return RunPair(
            root,
            run_id,
            path or old,
            old,
            before if isinstance(before, RunRecord) else None,
            after if isinstance(after, RunRecord) else None,
        )

    def _run_came_from(self, root: str, run_id: str) -> str:
        for each in self.before.roots:
            old = each.layout.root
            if old != root and run_path(self.before, old, run_id) and not run_path(self.after, old, run_id):
                return old
        return root

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """The roots whose `mlv.yaml` changed, came or went."""
        paths = [path for path in self.changes if path == SETTINGS_NAME or path.endswith("/" + SETTINGS_NAME)]
        return tuple(sorted(path.removesuffix(SETTINGS_NAME).rstrip("/") for path in paths))

    def begins(self, root: str) -> bool:
        """Say whether `root` is only now taken into use: before it had no settings, and nothing that they could guard."""
        if root not in self._begins:
            had = self.before.root(root) is not None and (
                self.before.tree.entry(self.settings_path(root)) is not None
                or bool(self.before.keys(root=root))
                or bool(self.before.models(root))
            )
            self._begins[root] = not had
        return self._begins[root]

    @cached_property
    def settings_written(self) -> tuple[str, ...]:
        """The `mlv.yaml` files that are new or changed."""
        paths = (self.settings_path(root) for root in self.settings)
        return tuple(path for path in paths if self.changes[path][1] is not None)

    @staticmethod
    def settings_path(root: str) -> str:
        """Return where the settings of `root` stand."""
        return f"{root}/{SETTINGS_NAME}" if root else SETTINGS_NAME

    @cached_property
    def usage(self) -> Usage:
        """Who uses what, after the change."""
        return Usage(self.after)

    @cached_property
    def written(self) -> dict[str, Place]:
        """Changed path -> what it is, of everything of ours that `after` holds."""
        return {path: new for path, change, _, new in self._places if change[1] and new.kind}

    @cached_property
    def arrivals(self) -> dict[str, str]:
        """Blob id -> a path that has it now and did not before: where a renamed file went."""
        found: dict[str, str] = {}
        for path, (old, new) in self.changes.items():
            if new and new.oid and (old is None or old.oid != new.oid):
                found.setdefault(new.oid, path)
        return found

    @cached_property
    def known_blobs(self) -> frozenset[str]:
        """Blob ids that changed paths had before: what a rename brings is not new."""
        return frozenset(old.oid for old, _ in self.changes.values() if old and old.oid)


def everything(catalog: Catalog) -> Delta:
    """Return the delta from nothing to all that a catalog knows: what `check --all` judges."""
    changes: dict[str, Change] = {}
    for root in catalog.roots:
        for folder in root.layout.folders:
            changes.update((path, (None, entry)) for path, entry in catalog.tree.below(folder).items())
    for path in catalog.tree.find(SETTINGS_NAME):
        changes[path] = (None, catalog.tree.entry(path))
    return Delta(Catalog(EmptyTree()), catalog, changes)


def run_path(catalog: Catalog, root: str | None, run_id: str) -> str:
    """Return where the record of `run_id` stands in `root`, "" when there is none."""
    each = catalog.root(root) if root is not None else None
    if each is None:
        return ""
    path = each.layout.run(run_id)
    other = path.removesuffix(".yaml") + ".yml"
    return next((each for each in (path, other) if catalog.tree.entry(each)), "")


def _moved(thing: Frozen, here: Catalog, there: Catalog) -> Frozen | None:
    """Find on the other side what `thing` moved to or came from: same name, version and identity, elsewhere."""
    if thing.manifest is None:
        return None
    for root in there.roots:
        for key in spellings(thing.key._replace(root=root.layout.root)):
            other = there.frozen(key) if key != thing.key and here.frozen(key) is None else None
            if other and other.manifest and other.manifest.tree_sha256 == thing.manifest.tree_sha256:
                return other
    return None


def _registry(catalog: Catalog, root: str | None, model: str) -> tuple[Registry | None, DocumentError | None]:
    if root is None:
        return None, None
    try:
        return catalog.registry(root, model), None
    except DocumentError as error:
        return None, error
