"""The Python interface, for training and serving scripts: the same checks and the same errors as the commands.

    import mlvgit

    repo = mlvgit.open()
    repo.snapshot("iris@v0.1").verify()
    path = repo.model("iris_clf").production.path("model.pkl")

Nothing is handed out without being hashed: a path, bytes, metrics and parameters are what the committed manifest says, or
an `mlvgit.errors.IntegrityError` is raised. Everything is answered from one commit, HEAD when `open` was called.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from mlvgit.actions.contents import read_frozen
from mlvgit.actions.models import listing
from mlvgit.actions.project import Project
from mlvgit.actions.serving import resolve
from mlvgit.actions.sides import run_record, runs_of
from mlvgit.core import jsontext
from mlvgit.core.text import nearest
from mlvgit.errors import DocumentError, Problem, UsageError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import FileEntry, Manifest
from mlvgit.records.registry import Comment, RegisteredVersion
from mlvgit.rules.catalog import Catalog, Frozen

__all__ = ["File", "Model", "ModelVersion", "Repo", "Snapshot", "open"]


class File(NamedTuple):
    """A frozen file.

    Attributes:
        path: relative to the frozen directory, with `/`.
        size: in bytes.
        sha256: 64 hexadecimal digits in lower case.
    """

    path: str
    size: int
    sha256: str


def open(path: str | os.PathLike[str] = ".", *, at: str = "") -> "Repo":
    """Open the repository around `path`; names are looked up in the mlv root that holds it.

    Args:
        path: a folder.
        at: the commit (or branch, or tag) to answer from; HEAD when it is not given.

    Raises:
        MachineError: there is no repository, or Git refuses to use it.
        UsageError: `at` is not a commit here.
        SettingsError: `mlv.yaml` cannot be read.
    """
    project = Project.open(path)
    commit = project.repo.resolve(at) if at else project.repo.head()
    if at and commit is None:
        raise UsageError(f"{at} is not a commit here", hint="git fetch")
    return Repo(project, commit or "")


class Repo:
    """A repository, as one commit has it. Not for several threads at once: open one in each.

    Attributes:
        commit: full id of the commit that answers, "" before the first one.
    """

    __slots__ = ("_catalog", "_project", "commit")

    def __init__(self, project: Project, commit: str) -> None:
        self._project = project
        self._catalog: Catalog = project.committed(commit or None)
        self.commit = commit

    def __repr__(self) -> str:
        return f"<mlvgit.Repo {str(self._project.repo.top or self._project.repo.git_dir)!r} at {self.commit[:12]}>"

    def __enter__(self) -> "Repo":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the Git process that reads objects; it is started again when it is needed."""
        self._project.repo.close()

    def snapshot(self, reference: str) -> "Snapshot":
        """Return a snapshot: `iris@v0.1`, `iris_v0.1`, or `iris` and `iris@latest` for the newest.

        Raises:
            UsageError: there is none of that name.
            DocumentError: its manifest cannot be read.
        """
        return Snapshot(
            self._project, self.commit, *self._frozen(self._project.find_snapshot(_text(reference), self._catalog))
        )

    def snapshots(self, dataset: str | None = None) -> list["Snapshot"]:
        """Return all snapshots (of one dataset), by name and rising version.

        Raises:
            DocumentError: a manifest cannot be read.
        """
        keys = self._catalog.keys("snapshot", dataset, self._project.root)
        return [Snapshot(self._project, self.commit, *self._frozen(key)) for key in keys]

    def model(self, name: str) -> "Model":
        """Return a model.

        Raises:
            UsageError: there is none of that name.
        """
        if not self._project.has_model(_text(name), self._catalog):
            known = self._catalog.models(self._project.root)
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else f"known models: {', '.join(known) or 'none yet'}"
            raise UsageError(f"there is no model {name} (in {self._catalog.tree.label})", hint=hint)
        return Model(self, name)

    def models(self) -> list["Model"]:
        """Return all models, by name."""
        return [Model(self, name) for name in self._catalog.models(self._project.root)]

    def _frozen(self, key: Key) -> tuple[Frozen, Manifest]:
        return self._project.frozen(key, self._catalog)

    def _version(self, key: Key) -> "ModelVersion":
        frozen, manifest = self._frozen(key)
        registry = self._catalog.registry(key.root, key.name)
        entry = registry.version(key.version) if registry else None
        return ModelVersion(self._project, self.commit, frozen, manifest, entry)


def _text(name: str) -> str:
    """Return a name that was given as one.

    Raises:
        UsageError: something else was given, such as the thing itself.
    """
    if not isinstance(name, str):
        raise UsageError(
            f"expected a text such as 'iris@v0.1', not {name!r}", hint="a thing that was found has its name in .ref"
        )
    return name


class _FrozenThing:
    """What snapshots and model versions have in common.

    Attributes:
        name: of the dataset, or of the model.
        version: as it is written.
        tree_sha256: the identity: what `sha256sum` says of the list of its files.
    """

    __slots__ = ("_catalog", "_commit", "_frozen", "_manifest", "_project", "name", "tree_sha256", "version")

    def __init__(self, project: Project, commit: str, frozen: Frozen, manifest: Manifest) -> None:
        self._project = project
        self._commit = commit
        self._catalog = project.committed(commit or None)
        self._frozen = frozen
        self._manifest = manifest
        self.name = frozen.key.name
        self.version = frozen.key.version
        self.tree_sha256 = manifest.tree_sha256

    def __repr__(self) -> str:
        return f"<mlvgit.{type(self).__name__} {self.ref} {self.tree_sha256[:12]}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _FrozenThing):
            return NotImplemented
        return (self._frozen.key, self.tree_sha256) == (other._frozen.key, other.tree_sha256)

    def __hash__(self) -> int:
        return hash((self._frozen.key, self.tree_sha256))

    @property
    def ref(self) -> str:
        """How commands name it: `iris@v0.1`."""
        return str(self._frozen.key)

    @property
    def created_utc(self) -> str:
        """When it was frozen, ISO 8601 in UTC; "" when the manifest does not say."""
        return self._manifest.created_utc

    @property
    def notes(self) -> str:
        """What the person who froze it wrote."""
        return self._manifest.notes

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The user's own keys of the manifest."""
        return dict(self._manifest.metadata)

    def files(self) -> list[File]:
        """Return the list of its files, by path; nothing is read from disk."""
        entries: Mapping[str, FileEntry] = self._manifest.by_relative()
        return [File(path, entry.size_bytes, entry.sha256) for path, entry in sorted(entries.items())]

    def verify(self) -> None:
        """Hash every file on disk.

        Raises:
            IntegrityError: one has other bytes or is missing, or there is one too many; names the first.
        """
        self._resolved("")

    def path(self, file: str = "") -> Path:
        """Return where a file (or, for "", the whole folder) lies on disk, after hashing what is asked for.

        Raises:
            UsageError: it has no such file, or the repository is bare.
            IntegrityError: the bytes on disk are not the frozen ones.
        """
        return self._resolved(file)

    def read(self, file: str) -> bytes:
        """Return the bytes of a file: exactly those that were hashed, from disk or else from Git.

        Raises:
            UsageError: it has no such file.
            IntegrityError: the frozen bytes are neither on disk nor in Git.
        """
        if file not in self._manifest.by_relative():
            listed = ", ".join(list(self._manifest.by_relative())[:10])
            raise UsageError(f"{self.ref} has no file {file}", hint=f"it has: {listed}")
        return read_frozen(self._project, self._frozen, file, self._catalog)

    def _resolved(self, file: str) -> Path:
        scheme = "data:" if self._frozen.key.kind == "snapshot" else "model:"
        return resolve(self._project, scheme + self.ref, file, self._commit or None).path


class Snapshot(_FrozenThing):
    """A frozen data set."""

    __slots__ = ()

    @property
    def derived_from(self) -> tuple[str, ...]:
        """The snapshots that it was made from, as the manifest names them (`iris_v0.1`)."""
        return self._manifest.derived_from


class ModelVersion(_FrozenThing):
    """A frozen version of a model."""

    __slots__ = ("_entry",)

    def __init__(
        self, project: Project, commit: str, frozen: Frozen, manifest: Manifest, entry: RegisteredVersion | None
    ) -> None:
        super().__init__(project, commit, frozen, manifest)
        self._entry = entry

    @property
    def stage(self) -> str:
        """Its stage; a version that the registry does not name is in dev."""
        return self._entry.stage if self._entry else "dev"

    @property
    def data(self) -> tuple[str, ...]:
        """The snapshots that it was trained on, each good for `Repo.snapshot`."""
        registered = self._entry.data_snapshots if self._entry else ()
        return registered or self._manifest.derived_from

    @property
    def run(self) -> str:
        """Id of the run that made it, "" when nothing says; the first of `runs`."""
        return next(iter(self.runs), "")

    @property
    def runs(self) -> tuple[str, ...]:
        """Ids of the runs that made it: the one that it names, then those whose records name it."""
        return runs_of(self._catalog, self._frozen.key, self._manifest, self._entry)

    @property
    def comments(self) -> tuple[Comment, ...]:
        """What people said about it, oldest first: `at`, `by`, `text`."""
        return self._entry.comments if self._entry else ()

    @property
    def metrics(self) -> dict[str, Any]:
        """What `metrics.json` says, hashed first; without that file, what the run's record says.

        Raises:
            IntegrityError: the frozen bytes of the file are not here.
            DocumentError: the file holds no JSON object.
        """
        return self._facts("metrics")

    @property
    def params(self) -> dict[str, Any]:
        """What `params.json` says; see `metrics`."""
        return self._facts("params")

    def _facts(self, name: str) -> dict[str, Any]:
        file = f"{name}.json"
        if file not in self._manifest.by_relative():
            record = run_record(self._catalog, self._frozen.key, self.run)
            return dict(getattr(record, name)) if record else {}
        reading = jsontext.read(self.read(file))
        if not reading.readable or not isinstance(reading.value, dict):
            problems = reading.problems or (Problem(1, "$", "expected a JSON object"),)
            raise DocumentError(f"{self._frozen.directory}/{file}", problems)
        return reading.value


class Model:
    """A model: its versions, and which of them serves.

    Attributes:
        name: as its folder is called.
    """

    __slots__ = ("_repo", "name")

    def __init__(self, repo: Repo, name: str) -> None:
        self._repo = repo
        self.name = name

    def __repr__(self) -> str:
        return f"<mlvgit.Model {self.name}>"

    @property
    def production(self) -> ModelVersion:
        """The version that serves; the same as `stage("production")`."""
        return self.stage("production")

    def stage(self, stage: str) -> ModelVersion:
        """Return the version in a stage.

        Raises:
            UsageError: none is.
            RefusedError: several are.
            DocumentError: the registry or the manifest cannot be read.
        """
        project = self._repo._project
        return self._repo._version(project.in_stage(self.name, _text(stage), self._repo._catalog))

    def version(self, version: str) -> ModelVersion:
        """Return a version: `v0.2.0`, or `latest`.

        Raises:
            UsageError: there is none, or it is not frozen.
            DocumentError: its manifest cannot be read.
        """
        reference = f"{self.name}@{_text(version)}"
        return self._repo._version(self._repo._project.find_model(reference, self._repo._catalog))

    def versions(self) -> list[ModelVersion]:
        """Return the frozen versions, rising.

        Raises:
            DocumentError: a manifest or the registry cannot be read.
        """
        lines = listing(self._repo._catalog, self._repo._project.root, self.name)
        return [self._repo._version(line.key) for line in lines if self._repo._catalog.frozen(line.key)]
