"""The project at hand: the repository, the mlv root of the current folder, its catalogs, and looking references up."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlvgit import __version__
from mlvgit.core.digest import Digest
from mlvgit.core.references import Reference, parse_reference
from mlvgit.core.text import nearest
from mlvgit.core.versions import Version, model_version, snapshot_version
from mlvgit.errors import RefusedError, SettingsError, UsageError
from mlvgit.records.layout import SETTINGS_NAME, Key, Layout
from mlvgit.records.manifest import Manifest
from mlvgit.records.registry import Registry
from mlvgit.records.settings import Settings
from mlvgit.repo.repository import Repository
from mlvgit.rules.catalog import Catalog, Frozen, Parsed

__all__ = ["Project", "version_of"]

MOST_NAMED = 3
_KINDS = {"data": "snapshot", "model": "model"}
"""What the word before the colon of a reference says."""


def version_of(key: Key) -> Version:
    """Parse the version of `key` by the grammar of its kind."""
    return snapshot_version(key.version) if key.kind == "snapshot" else model_version(key.version)


class Project:
    """A repository seen from one of its mlv roots.

    Attributes:
        repo: the repository.
        root: the mlv root that holds the current folder, "" for the top.
        fetching: the command gets bytes from remotes, and so gets lists of files that are not here too.
    """

    def __init__(self, *, repo: Repository, root: str = "") -> None:
        self.repo = repo
        self.root = root
        self.fetching = False
        self._parsed: Parsed = {}
        self._catalogs: dict[str, Catalog] = {}
        self._settings: Settings | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str] = ".") -> "Project":
        """Open the repository around `path`.

        Raises:
            MachineError: there is none, or Git refuses to use it.
        """
        repo = Repository.open(path)
        project = cls(repo=repo)
        if repo.top is not None:
            here = os.path.relpath(os.path.realpath(path), os.path.realpath(repo.top))
            if here != "." and not here.startswith(".."):
                project.root = project._root_around(Path(here).as_posix())
        return project

    def _root_around(self, folder: str) -> str:
        """Return the deepest mlv root that holds `folder`; all files are looked at only when HEAD and disk disagree."""
        on_disk = folder
        while on_disk and not os.path.lexists(self.top / on_disk / SETTINGS_NAME):
            on_disk = on_disk.rpartition("/")[0]
        committed = self.committed().root_of(folder + "/x").layout.root
        return committed if committed == on_disk else self.working().root_of(folder + "/x").layout.root

    @property
    def top(self) -> Path:
        """The top of the working directory.

        Raises:
            UsageError: the repository is bare.
        """
        if self.repo.top is None:
            raise UsageError("this repository is bare: there is no working directory to change")
        return self.repo.top

    # catalogs

    def working(self) -> Catalog:
        """What the working directory says (the last commit, in a bare repository)."""
        if "worktree" not in self._catalogs:
            if self.repo.top is None:
                return self.committed()
            self._catalogs["worktree"] = Catalog(self.repo.worktree_tree(), self._parsed, self.find_list)
        return self._catalogs["worktree"]

    def committed(self, commit: str | None = None) -> Catalog:
        """What a commit says; HEAD by default, nothing when there is no commit yet."""
        oid = commit or self.repo.head()
        name = oid or "empty"
        if name not in self._catalogs:
            tree = self.repo.commit_tree(oid) if oid else self.repo.empty_tree()
            self._catalogs[name] = Catalog(tree, self._parsed, self.find_list)
        return self._catalogs[name]

    def staged(self) -> Catalog:
        """What the index says; read anew at each call."""
        return Catalog(self.repo.index_tree(), self._parsed, self.find_list)

    def find_list(self, digest: Digest) -> bytes | None:
        """Return the list of a huge version's files, hashed; None when it is not here (see `fetching`) in one piece."""
        from mlvgit.actions.lists import read_list

        return read_list(self, digest)

    @contextmanager
    def alone(self, purpose: str, *, wait: float = 10.0) -> Iterator[None]:
        """Hold the lock of commands that write; what others wrote before it was held is seen.

        Args:
            purpose, wait: see `store.lock.exclusive`.

        Raises:
            BusyError, MachineError: see there.
        """
        from mlvgit.store.lock import exclusive  # commands that only read do without

        with exclusive(self.repo.state_dir, purpose, wait=wait):
            self.refresh()
            yield

    def refresh(self) -> None:
        """Forget what the working directory said, after a command wrote to it."""
        self.forget_files()
        self._settings = None

    def forget_files(self) -> None:
        """Let go of the catalogue of the working directory, which names each untracked file, but not of its settings."""
        self._catalogs.pop("worktree", None)

    @property
    def settings(self) -> Settings:
        """The settings of the current root, as the working directory has them.

        Raises:
            SettingsError: mlv.yaml cannot be read.
        """
        if self._settings is None:
            self._settings = self._read_settings()
        return self._settings

    def _read_settings(self) -> Settings:
        catalog = self.working()
        error = catalog.settings_error(self.root)
        if error:
            raise error
        root = catalog.root(self.root)
        settings = root.settings if root else Settings()
        if not settings.satisfied_by(__version__):
            raise UsageError(
                f"{settings.layout(self.root).settings_path} asks for mlvgit {settings.requires} or later; this is {__version__}",
                hint="pip install --upgrade mlvgit",
            )
        return settings

    @property
    def settings_or_default(self) -> Settings:
        """The settings, or the defaults when mlv.yaml cannot be read: for commands that mend."""
        try:
            return self.settings
        except (SettingsError, UsageError):
            return Settings()

    def require_settings(self) -> None:
        """Raise what `settings` raises: before something is said not to be named in a file that cannot be read."""
        _ = self.settings

    @property
    def layout(self) -> Layout:
        """The folders of the current root."""
        return self.settings.layout(self.root)

    # references

    def find(self, text: str, catalog: Catalog) -> Key:
        """Look up a snapshot or a model version: by its name, or by the path of its folder or of something in it.

        Raises:
            UsageError: nothing has that name, or both a dataset and a model have it.
        """
        if at := self._frozen_around(text, catalog):
            return at
        reference = parse_reference(text)
        if reference.kind in ("run", "bytes"):
            raise UsageError(f"{text} is not a snapshot or a model version")
        kinds = [reference.kind] if reference.kind else ["snapshot", "model"]
        found = [key for kind in kinds for key in self._candidates(reference, kind, catalog)]
        if not found:
            raise self._unknown(reference, catalog)
        if len({(key.kind, key.name) for key in found}) > 1:
            raise UsageError(f"{text} is both a dataset and a model", hint=f"write data:{text} or model:{text}")
        return found[0]

    def _frozen_around(self, text: str, catalog: Catalog) -> Key | None:
        """Return the version that has a path, given from here or from the top; None when it is no such path."""
        scheme, colon, rest = text.partition(":")
        path = rest if colon and scheme in _KINDS else text
        for each in self.paths_from_top(path) if "/" in path else ():
            key = catalog.place(each).key or catalog.place(f"{each}/_").key
            if key and catalog.frozen(key) and _KINDS.get(scheme, key.kind) == key.kind:
                return key
        return None

    def paths_from_top(self, path: str) -> tuple[str, ...]:
        """Return what a path may mean, from the top: as it is read from the current folder, and from the top."""
        return (os.path.relpath(os.path.abspath(path), self.top), os.path.normpath(path)) if self.repo.top else ()

    def find_snapshot(self, text: str, catalog: Catalog) -> Key:
        """Look up a snapshot."""
        return self.find(text if text.startswith("data:") else "data:" + text, catalog)

    def find_model(self, text: str, catalog: Catalog) -> Key:
        """Look up a model version."""
        return self.find(text if text.startswith("model:") else "model:" + text, catalog)

    def _candidates(self, reference: Reference, kind: str, catalog: Catalog) -> list[Key]:
        if kind == "snapshot" and reference.wanted == "stage":
            return []
        if kind == "model" and reference.wanted in ("stage", "default"):
            if not self.has_model(reference.name, catalog):
                return []
            return [self.in_stage(reference.name, reference.selector or "production", catalog, reference.wanted)]
        keys = catalog.keys("snapshot" if kind == "snapshot" else "model", reference.name, self.root)
        if reference.wanted == "version":
            wanted = reference.selector
            return [key for key in keys if key.version == wanted or version_of(key).canonical == wanted]
        if kind == "model":
            keys = [key for key in keys if not version_of(key).prerelease] or keys
        return keys[-1:]

    def has_model(self, name: str, catalog: Catalog) -> bool:
        """Say whether the current root has a model of this name."""
        return catalog.has_model(self.root, name)

    def in_stage(self, model: str, stage: str, catalog: Catalog, wanted: str = "stage") -> Key:
        """Return the version of `model` in `stage`; with the `wanted` "default" no stage was named, nor a version.

        Raises:
            UsageError: none is, or several are.
        """
        registry = catalog.registry(self.root, model) or Registry(name=model, versions=())
        found = registry.in_stage(stage)
        if not found:
            known = sorted({entry.stage for entry in registry.versions})
            meant = nearest(stage, list(self.settings_or_default.stage_names))
            if meant and meant != stage:
                raise UsageError(f"{stage!r} is not a stage", hint=f"did you mean {meant}, as in {model}@{meant}?")
            hint = f"git mlv promote {model} VERSION {stage}"
            hint += f"   (stages in use: {', '.join(known)})" if known else ""
            have = [str(key) for key in catalog.keys("model", model, self.root)][: -MOST_NAMED - 1 : -1]
            if wanted == "default" and have:
                hint = f"name the version that is meant: {', '.join(have)}\n{hint}"
            raise UsageError(f"no version of {model} is in {stage} (at {catalog.tree.label})", hint=hint)
        if len(found) > 1:
            listed = ", ".join(entry.version for entry in found)
            raise RefusedError(
                f"{model} has {len(found)} versions in {stage}: {listed}",
                hint=f"git mlv promote {model} VERSION {stage}   (archives the others)",
            )
        return Key(self.root, "model", model, found[0].version)

    def other_kind(self, name: str, kind: str, catalog: Catalog) -> UsageError | None:
        """Return the error for a name that a model has where a dataset is meant, or the other way round."""
        if kind == "model" and catalog.keys("snapshot", name, self.root):
            return UsageError(f"{name} is a dataset, not a model", hint=f"git mlv snapshot list {name}")
        if kind == "snapshot" and self.has_model(name, catalog):
            return UsageError(f"{name} is a model, not a dataset", hint=f"git mlv model list {name}")
        return None

    def _unknown(self, reference: Reference, catalog: Catalog) -> UsageError:
        keys = [key for key in catalog.keys(root=self.root) if reference.kind in ("", key.kind)]
        if reference.wanted == "version" and any(key.name == reference.name for key in keys):
            have = ", ".join(key.version for key in keys if key.name == reference.name)
            return UsageError(f"{reference.name} has no version {reference.selector}", hint=f"there is: {have}")
        other = self.other_kind(reference.name, reference.kind, catalog)
        if other:
            return other
        standing = self.working()
        here = standing.keys(name=reference.name, root=self.root) if catalog is not standing else []
        shown = reference.text.removeprefix("data:").removeprefix("model:")
        if any(reference.kind in ("", key.kind) for key in here):
            return UsageError(f"{shown} is frozen here and not committed yet", hint="git commit")
        near = nearest(reference.name, sorted({key.name for key in keys}))
        return UsageError(
            f"nothing is called {shown}",
            hint=f"did you mean {near}?" if near else "git mlv snapshot list, git mlv model list",
        )

    def frozen(self, key: Key, catalog: Catalog) -> tuple[Frozen, Manifest]:
        """Return what freezes `key`.

        Raises:
            UsageError: nothing does.
            DocumentError: its manifest cannot be read.
        """
        frozen = catalog.frozen(key)
        if frozen is None:
            raise UsageError(
                f"{key} has no manifest (in {catalog.tree.label})", hint=f"freeze it: {freeze_command(key)}"
            )
        if frozen.manifest is None:
            raise frozen.error or UsageError(f"{frozen.manifest_path} cannot be read")
        return frozen, frozen.manifest


def freeze_command(key: Key) -> str:
    """Return the command that freezes the folder of `key` where it stands."""
    noun = "snapshot create" if key.kind == "snapshot" else "model add"
    return f"git mlv {noun} {key.name} {key.version}"
