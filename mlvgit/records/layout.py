"""Where things stand below an mlv root: paths to places and back. Pure.

All paths are relative to the top of the repository, POSIX, without a trailing slash.
"""

from typing import Literal, NamedTuple

from mlvgit.core.references import is_model_name, is_run_id, split_snapshot_name
from mlvgit.core.versions import is_model_version

__all__ = ["SETTINGS_NAME", "Key", "Layout", "Place"]

SETTINGS_NAME = "mlv.yaml"
MANIFEST_SUFFIX = ".manifest.json"
RUN_SUFFIXES = (".yaml", ".yml")

FrozenKind = Literal["snapshot", "model"]
PlaceKind = Literal["settings", "file", "manifest", "course-manifest", "registry", "run", "loose", ""]


class Key(NamedTuple):
    """Which frozen thing: the root it belongs to, what it is, its name and its version as written.

    Two keys that spell one snapshot version differently (`v0.1`, `v0.1.0`) are two keys; see `Version.key`.
    """

    root: str
    kind: FrozenKind
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


class Place(NamedTuple):
    """What a path is to us.

    Attributes:
        kind: "file" lies in a frozen directory; "manifest" freezes one; "course-manifest" is the shared
            `data/snapshots/manifest.json`; "loose" lies below our folders and is none of these; "" is not ours.
        key: the frozen thing, for "file" and "manifest".
        name: the model of a "registry", the run id of a "run".
    """

    kind: PlaceKind
    key: Key | None = None
    name: str = ""


NOT_OURS = Place("")


class Layout(NamedTuple):
    """The folders of one mlv root.

    Attributes:
        root: the directory of `mlv.yaml`, "" for the top of the repository.
        snapshots, models, runs: folders relative to the root.
    """

    root: str = ""
    snapshots: str = "data/snapshots"
    models: str = "models"
    runs: str = "runs"

    @property
    def _prefix(self) -> str:
        return self.root + "/" if self.root else ""

    @property
    def settings_path(self) -> str:
        """Where `mlv.yaml` stands."""
        return self._prefix + SETTINGS_NAME

    @property
    def snapshots_dir(self) -> str:
        """The folder of all snapshots, from the top of the repository."""
        return self._prefix + self.snapshots

    @property
    def models_dir(self) -> str:
        """The folder of all models, from the top of the repository."""
        return self._prefix + self.models

    @property
    def runs_dir(self) -> str:
        """The folder of run records, from the top of the repository."""
        return self._prefix + self.runs

    @property
    def folders(self) -> tuple[str, str, str]:
        """Our three folders, from the top of the repository."""
        return (self.snapshots_dir, self.models_dir, self.runs_dir)

    def relative(self, path: str) -> str:
        """Turn a path from the top of the repository into the one that documents of this root write."""
        return path.removeprefix(self._prefix)

    def absolute(self, path: str) -> str:
        """Turn a path that a document of this root writes into one from the top of the repository."""
        return self._prefix + path

    def directory(self, key: Key) -> str:
        """Return the frozen directory of `key`."""
        if key.kind == "snapshot":
            return f"{self.snapshots_dir}/{key.name}_{key.version}"
        return f"{self.models_dir}/{key.name}/{key.version}"

    def manifest(self, key: Key) -> str:
        """Return where the manifest of `key` stands, beside its directory."""
        return self.directory(key) + MANIFEST_SUFFIX

    @property
    def course_manifest(self) -> str:
        """The manifest that names its snapshot inside, beside the snapshots' directories."""
        return self.snapshots_dir + "/manifest.json"

    def registry(self, model: str) -> str:
        """Return where the registry of `model` stands."""
        return f"{self.models_dir}/{model}/registry.json"

    def run(self, run_id: str) -> str:
        """Return where the record of run `run_id` stands."""
        return f"{self.runs_dir}/{run_id}.yaml"

    def snapshot_key(self, name: str, version: str) -> Key:
        """Return the key of a snapshot of this root."""
        return Key(self.root, "snapshot", name, version)

    def model_key(self, name: str, version: str) -> Key:
        """Return the key of a model version of this root."""
        return Key(self.root, "model", name, version)

    def place(self, path: str) -> Place:
        """Say what `path` (from the top of the repository) is to this root."""
        if path.startswith(self.snapshots_dir + "/"):
            return self._snapshot_place(path[len(self.snapshots_dir) + 1 :])
        if path.startswith(self.models_dir + "/"):
            return self._model_place(path[len(self.models_dir) + 1 :])
        if path.startswith(self.runs_dir + "/"):
            return self._run_place(path[len(self.runs_dir) + 1 :])
        return Place("settings") if path == self.settings_path else NOT_OURS

    def _snapshot_place(self, rest: str) -> Place:
        first, slash, _ = rest.partition("/")
        if not slash and first == "manifest.json":
            return Place("course-manifest")
        named = split_snapshot_name(first if slash else first.removesuffix(MANIFEST_SUFFIX))
        if named is None or not (slash or first.endswith(MANIFEST_SUFFIX)):
            return Place("loose")
        return Place("file" if slash else "manifest", self.snapshot_key(*named))

    def _model_place(self, rest: str) -> Place:
        model, _, inside = rest.partition("/")
        if not inside or not is_model_name(model):
            return Place("loose")
        if inside == "registry.json":
            return Place("registry", name=model)
        version, slash, _ = inside.partition("/")
        if slash and is_model_version(version):
            return Place("file", self.model_key(model, version))
        bare = version.removesuffix(MANIFEST_SUFFIX)
        if not slash and bare != version and is_model_version(bare):
            return Place("manifest", self.model_key(model, bare))
        return Place("loose")

    def _run_place(self, rest: str) -> Place:
        for suffix in RUN_SUFFIXES:
            run_id = rest.removesuffix(suffix)
            if run_id != rest and is_run_id(run_id):
                return Place("run", name=run_id)
        return Place("loose")
