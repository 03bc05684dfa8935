"""The catalog: what a tree says about snapshots, models and runs, read on demand. Pure over a Tree."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple, TypeVar

from mlvgit.core.paths import is_within
from mlvgit.core.references import is_model_name, split_snapshot_name
from mlvgit.core.versions import is_model_version, model_version, snapshot_version
from mlvgit.errors import DocumentError, Problem, SettingsError
from mlvgit.records.filelist import FileList, ListSource
from mlvgit.records.layout import MANIFEST_SUFFIX, NOT_OURS, SETTINGS_NAME, FrozenKind, Key, Layout, Place
from mlvgit.records.manifest import Manifest
from mlvgit.records.registry import Registry
from mlvgit.records.settings import Settings
from mlvgit.rules.trees import MODE_UNREADABLE, Tree

__all__ = ["Catalog", "Document", "Frozen", "Parsed", "Root"]

T = TypeVar("T")


def _parse_run(data: bytes, path: str) -> object:
    from mlvgit.records.run import RunRecord  # most commands read none

    return RunRecord.parse(data, path)


_PARSERS: dict[str, Callable[[bytes, str], object]] = {
    "manifest": Manifest.parse,
    "registry": Registry.parse,
    "run": _parse_run,
    "settings": Settings.parse,
}
Parsed = dict[tuple[str, str], object]
"""Documents read before, by (kind, blob id): share one between catalogs, and a blob is parsed once."""


class Root(NamedTuple):
    """An mlv root: a directory with its own settings."""

    settings: Settings
    layout: Layout


class Frozen(NamedTuple):
    """A frozen thing as a tree shows it.

    Attributes:
        key: which.
        directory: the frozen directory, from the top of the repository.
        manifest_path: where its manifest stands.
        manifest: what it says; None when it cannot be read, and `error` says why.
    """

    key: Key
    directory: str
    manifest_path: str
    manifest: Manifest | None
    error: DocumentError | None = None


class Document(NamedTuple):
    """A value or the error that reading it gave; both None when there is no such file."""

    value: object | None
    error: DocumentError | None


NOTHING = Document(None, None)
_NOT_A_FILE = "is not here as a file: a link or a submodule stands on the way to it, or Git has not fetched it"


class Catalog:
    """What `tree` says, read on demand.

    Args:
        tree: where to look.
        parsed: documents that were read before.
        lists: where the lists of files are that manifests name; None: nowhere.
    """

    def __init__(self, tree: Tree, parsed: Parsed | None = None, lists: ListSource | None = None) -> None:
        self.tree = tree
        self._lists = lists
        self._parsed = {} if parsed is None else parsed
        self._frozen: dict[Key, Frozen | None] = {}
        self._roots: dict[str, Root | None] = {}
        self._keys: dict[tuple[str, str | None], list[Key]] = {}  # of a root: of a model, of all datasets
        self._unhashed: Parsed = {}

    @cached_property
    def roots(self) -> tuple[Root, ...]:
        """The mlv roots, deepest first; the top of the repository is always one."""
        names = {"", *(path.removesuffix(SETTINGS_NAME).rstrip("/") for path in self.tree.find(SETTINGS_NAME))}
        ordered = sorted(names, key=lambda root: (-root.count("/") if root else 1, root))
        return tuple(root for name in ordered if (root := self.root(name)))

    @cached_property
    def settings_errors(self) -> tuple[DocumentError, ...]:
        """What is wrong with the settings of any root."""
        return tuple(error for root in reversed(self.roots) if (error := self.settings_error(root.layout.root)))

    def settings_error(self, name: str) -> DocumentError | None:
        """Return what is wrong with the settings of the root with this directory."""
        return self._read("settings", _settings_path(name), Settings.parse).error

    def root(self, name: str) -> Root | None:
        """Return the root with this directory; the others are not looked for."""
        if name not in self._roots:
            document = self._read("settings", _settings_path(name), Settings.parse)
            settings = document.value if isinstance(document.value, Settings) else Settings()
            there = not name or document != NOTHING
            self._roots[name] = Root(settings, settings.layout(name)) if there else None
        return self._roots[name]

    def root_of(self, path: str) -> Root:
        """Return the deepest root that holds `path`."""
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            root = self.root(folder)
            if root is not None:
                return root
        raise AssertionError("the top of the repository is always a root")

    def claim(self, path: str) -> tuple[Root, Place]:
        """Say which root `path` belongs to, and what it is there.

        The deepest root that knows the path decides, so that a root put inside another one's folders does not hide
        them; what none knows belongs to the deepest one that holds it.
        """
        holding = [root for root in self.roots if is_within(path, root.layout.root)]
        found = (holding[0], NOT_OURS)
        for root in holding:
            place = root.layout.place(path)
            if place.kind == "course-manifest":
                return root, Place("course-manifest", self._course_key(root))
            if place.kind not in ("", "loose"):
                return root, place
            if place.kind and not found[1].kind:
                found = (root, place)
        return found

    def place(self, path: str) -> Place:
        """Say what `path` is; a course manifest comes with the key of the snapshot that it names."""
        return self.claim(path)[1]

    # frozen things

    def keys(self, kind: FrozenKind | None = None, name: str | None = None, root: str | None = None) -> list[Key]:
        """List the frozen things that have a manifest, by root, kind, name and rising version."""
        found: list[Key] = []
        roots = self.roots if root is None else filter(None, [self.root(root)])
        for each in sorted(roots, key=lambda one: one.layout.root):
            if kind != "model":
                found += [key for key in self._snapshot_keys(each) if name in (None, key.name)]
            if kind != "snapshot":
                for model in [name] if name is not None else self.models(each.layout.root):
                    found += self._model_keys(each, model)
        return found

    def _snapshot_keys(self, root: Root) -> list[Key]:
        asked = (root.layout.root, None)
        if asked not in self._keys:
            self._keys[asked] = sorted(set(self._find_snapshots(root)), key=_order)
        return self._keys[asked]

    def _model_keys(self, root: Root, model: str) -> list[Key]:
        asked = (root.layout.root, model)
        if asked not in self._keys:
            self._keys[asked] = sorted(self._find_versions(root, model), key=_order)
        return self._keys[asked]

    def _find_snapshots(self, root: Root) -> Iterator[Key]:
        for child, is_folder in self.tree.names(root.layout.snapshots_dir).items():
            named = split_snapshot_name(child.removesuffix(MANIFEST_SUFFIX))
            if not is_folder and child.endswith(MANIFEST_SUFFIX) and named:
                yield root.layout.snapshot_key(*named)
        if course := self._course_key(root):
            yield course

    def _find_versions(self, root: Root, model: str) -> Iterator[Key]:
        for child, is_folder in self.tree.names(f"{root.layout.models_dir}/{model}").items():
            version = child.removesuffix(MANIFEST_SUFFIX)
            if not is_folder and version != child and is_model_version(version):
                yield root.layout.model_key(model, version)

    def unfrozen(self, root: Root) -> list[Key]:
        """List the snapshot and model-version folders of `root` that have no manifest."""
        have = {(key.kind, key.name, key.version) for key in self.keys(root=root.layout.root)}
        found = []
        for child, is_folder in self.tree.names(root.layout.snapshots_dir).items():
            named = split_snapshot_name(child)
            if is_folder and named and ("snapshot", *named) not in have:
                found.append(root.layout.snapshot_key(*named))
        for model in self.models(root.layout.root):
            for child, is_folder in self.tree.names(f"{root.layout.models_dir}/{model}").items():
                if is_folder and is_model_version(child) and ("model", model, child) not in have:
                    found.append(root.layout.model_key(model, child))
        return sorted(found, key=_order)

    def frozen(self, key: Key) -> Frozen | None:
        """Return the frozen thing with exactly this key; None when no manifest freezes it."""
        if key not in self._frozen:
            self._frozen[key] = self._find_frozen(key)
        return self._frozen[key]

    def _find_frozen(self, key: Key) -> Frozen | None:
        root = self.root(key.root)
        if root is None:
            return None
        path = root.layout.manifest(key)
        if self.tree.entry(path) is None:
            if key.kind != "snapshot" or self._course_key(root) != key:
                return None
            path = root.layout.course_manifest
        document = self._read("manifest", path, Manifest.parse)
        manifest = document.value if isinstance(document.value, Manifest) else None
        return Frozen(key, root.layout.directory(key), path, manifest, document.error)

    def _course_key(self, root: Root) -> Key | None:
        document = self._read("manifest", root.layout.course_manifest, Manifest.parse)
        manifest = document.value
        if isinstance(manifest, Manifest) and manifest.kind == "snapshot":
            return root.layout.snapshot_key(manifest.name, manifest.version)
        return None

    # models and runs

    def models(self, root: str) -> list[str]:
        """List the models of `root`: folders with a registry, a frozen version or a version folder."""
        each = self.root(root)
        if each is None:
            return []
        return sorted(
            name
            for name, is_folder in self.tree.names(each.layout.models_dir).items()
            if is_folder and is_model_name(name) and self._is_model(f"{each.layout.models_dir}/{name}")
        )

    def has_model(self, root: str, name: str) -> bool:
        """Say whether `models` would list this model; the others are not looked at."""
        each = self.root(root)
        return each is not None and is_model_name(name) and self._is_model(f"{each.layout.models_dir}/{name}")

    def _is_model(self, folder: str) -> bool:
        return any(
            child == "registry.json" or is_model_version(child.removesuffix(MANIFEST_SUFFIX))
            for child in self.tree.names(folder)
        )

    def registry(self, root: str, model: str) -> Registry | None:
        """Return a model's registry; None when it has none.

        Raises:
            DocumentError: it cannot be read.
        """
        each = self.root(root)
        if each is None:
            return None
        document = self._read("registry", each.layout.registry(model), Registry.parse)
        if document.error:
            raise document.error
        return document.value if isinstance(document.value, Registry) else None

    def run_paths(self, root: str) -> dict[str, str]:
        """Return run id -> path of every file that may be a run record of `root`, sorted by id."""
        each = self.root(root)
        if each is None:
            return {}
        found = {}
        for child, is_folder in sorted(self.tree.names(each.layout.runs_dir).items(), reverse=True):
            place = each.layout.place(f"{each.layout.runs_dir}/{child}")
            if not is_folder and place.kind == "run":
                found[place.name] = f"{each.layout.runs_dir}/{child}"  # of .yml and .yaml the latter
        return dict(sorted(found.items()))

    def run(self, path: str) -> Document:
        """Read the run record at `path`."""
        return self._read("run", path, _parse_run)

    def document(self, kind: str, path: str) -> Document:
        """Read the document of ours at `path`.

        Args:
            kind: "manifest", "registry", "run" or "settings".
        """
        return self._read(kind, path, _PARSERS[kind])

    def _read(self, kind: str, path: str, parse: Callable[[bytes, str], T]) -> Document:
        entry = self.tree.entry(path)
        if entry is None:
            return NOTHING
        # a file that Git has not hashed may be another one for the next catalog
        known, key = (self._parsed, (kind, entry.oid)) if entry.oid else (self._unhashed, (kind, path))
        if key not in known:
            try:
                known[key] = parse(self.tree.read(path), path)
            except DocumentError as error:
                known[key] = error
            except KeyError:
                why = _NOT_A_FILE
                if entry.mode == MODE_UNREADABLE:
                    why = f"cannot be read: permission denied; chmod u+r {path} mends it where it is yours"
                refuse = SettingsError if kind == "settings" else DocumentError
                known[key] = refuse(path, (Problem(0, "$", why, "MLV106"),))
        value = known[key]
        if isinstance(value, Manifest) and isinstance(value.files, FileList) and self._lists:
            value.files.source = self._lists
        return Document(None, value) if isinstance(value, DocumentError) else Document(value, None)


def _settings_path(root: str) -> str:
    return f"{root}/{SETTINGS_NAME}" if root else SETTINGS_NAME


def _order(key: Key) -> tuple[object, ...]:
    version = snapshot_version(key.version) if key.kind == "snapshot" else model_version(key.version)
    return (key.root, key.kind != "snapshot", key.name, version.order)
