"""Repositories in memory: a tree of paths and bytes that tests build, change and judge."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from mlvgit.core.digest import Digest, of_bytes
from mlvgit.records.layout import Key
from mlvgit.records.manifest import new_manifest
from mlvgit.records.settings import Settings
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.delta import Delta
from mlvgit.rules.engine import judge
from mlvgit.rules.model import Context, Entry, Finding

FILE, EXECUTABLE, LINK, MODULE = 0o100644, 0o100755, 0o120000, 0o160000
IRIS = Key("", "snapshot", "iris", "v0.1")
MODEL = Key("", "model", "iris_clf", "v0.1.0")
IRIS_CSV = b"5.1,3.5,1.4,0.2,setosa\n"


class World:
    """A tree of files; every method returns a changed copy, and the whole is a `Tree`."""

    def __init__(
        self, files: Mapping[str, tuple[int, bytes]] | None = None, absent: frozenset[str] = frozenset()
    ) -> None:
        self.files = dict(files or {})
        self.label = "memory"
        self.absent = absent
        self.hashed: list[str] = []

    def __repr__(self) -> str:
        return f"World({self.files!r}, absent={self.absent!r})"

    # building

    def put(self, path: str, data: bytes | str, mode: int = FILE) -> World:
        raw = data.encode() if isinstance(data, str) else data
        return World({**self.files, path: (mode, raw)}, self.absent)

    def drop(self, *paths: str) -> World:
        gone = [path for path in self.files if any(path == each or path.startswith(each + "/") for each in paths)]
        return World({path: file for path, file in self.files.items() if path not in gone}, self.absent)

    def move(self, old: str, new: str) -> World:
        def renamed(path: str) -> str:
            if not old:
                return f"{new}/{path}"
            return new + path[len(old) :] if path == old or path.startswith(old + "/") else path

        return World({renamed(path).lstrip("/"): file for path, file in self.files.items()}, self.absent)

    def swap(self, path: str, old: str, new: str) -> World:
        text = self.files[path][1].decode()
        assert old in text
        return self.put(path, text.replace(old, new))

    def snapshot(self, name: str, version: str, files: Mapping[str, bytes], root: str = "", **details: Any) -> World:
        prefix = f"data/snapshots/{name}_{version}"
        return self._freeze("snapshot", name, version, files, prefix, root, details)

    def model(self, name: str, version: str, files: Mapping[str, bytes], root: str = "", **details: Any) -> World:
        return self._freeze("model", name, version, files, f"models/{name}/{version}", root, details)

    def _freeze(self, kind, name, version, files, prefix, root, details) -> World:
        digests = [(path, of_bytes(data)) for path, data in files.items()]
        made = new_manifest(kind, name, version, digests, prefix=prefix, created_utc="2026-01-01T00:00:00Z", **details)
        top = root + "/" if root else ""
        world = self.put(f"{top}{prefix}.manifest.json", made.dump())
        for path, data in files.items():
            world = world.put(f"{top}{prefix}/{path}", data)
        return world

    def registry(self, model: str, root: str = "", **stages: Any) -> World:
        """Write a registry; `v0_1_0="production"` or `v0_1_0={"stage": ..., "tree_sha256": ...}`."""
        top = root + "/" if root else ""
        versions = [
            {"version": version.replace("_", "."), **(each if isinstance(each, dict) else {"stage": each})}
            for version, each in stages.items()
        ]
        return self.put(f"{top}models/{model}/registry.json", json.dumps({"name": model, "versions": versions}))

    def run(self, run_id: str, root: str = "", **facts: Any) -> World:
        top = root + "/" if root else ""
        made = {"run_id": run_id, "code_commit": "9f2e1c4", "data_snapshot": "iris_v0.1", **facts}
        return self.put(f"{top}runs/{run_id}.yaml", json.dumps(made, indent=1))

    # reading, as a Tree

    def entry(self, path: str) -> Entry | None:
        file = self.files.get(path)
        return Entry(file[0], hashlib.sha1(file[1]).hexdigest()) if file else None

    def below(self, folder: str) -> Mapping[str, Entry]:
        return {path: self.entry(path) for path in self.files if not folder or path.startswith(folder + "/")}

    def names(self, folder: str) -> Mapping[str, bool]:
        rests = [path[len(folder) + 1 :] if folder else path for path in self.below(folder)]
        return {rest.split("/")[0]: "/" in rest for rest in rests}

    def find(self, name: str) -> list[str]:
        return sorted(path for path in self.files if path.rsplit("/", 1)[-1] == name)

    def read(self, path: str) -> bytes:
        return self.files[path][1]

    def digests(self, paths: Iterable[str]) -> Mapping[str, Digest | None]:
        wanted = list(paths)
        self.hashed += wanted
        return {
            path: None if path in self.absent or path not in self.files else of_bytes(self.read(path))
            for path in wanted
        }

    @property
    def catalog(self) -> Catalog:
        return Catalog(self)


def delta_of(before: World, after: World) -> Delta:
    paths = sorted({*before.files, *after.files})
    changes = {
        path: (before.entry(path), after.entry(path)) for path in paths if before.entry(path) != after.entry(path)
    }
    return Delta(before.catalog, after.catalog, changes)


def settings_of(world: World) -> dict[str, Settings]:
    return {root.layout.root: root.settings for root in world.catalog.roots}


def published_in(*worlds: World):
    """Return what `Context.published` is when these trees are on protected branches."""

    def published(key: Key) -> frozenset[str]:
        things = [world.catalog.frozen(key) for world in worlds]
        return frozenset(thing.manifest.tree_sha256 for thing in things if thing and thing.manifest)

    return published


def context_for(before: World, moment: str = "commit", **facts: Any) -> Context:
    if moment == "push":
        facts.setdefault("published", published_in(before))
    return Context(moment=moment, trusted=facts.pop("trusted", None) or settings_of(before), **facts)


def judged(before: World, after: World, moment: str = "commit", **facts: Any) -> list[Finding]:
    return judge([delta_of(before, after)], context_for(before, moment, **facts))


def codes(before: World, after: World, moment: str = "commit", **facts: Any) -> list[str]:
    return sorted({finding.code for finding in judged(before, after, moment, **facts)})


def refused(before: World, after: World, moment: str = "commit", **facts: Any) -> list[str]:
    found = judged(before, after, moment, **facts)
    return sorted({finding.code for finding in found if finding.severity == "error"})


def identity(world: World, key: Key) -> str:
    return world.catalog.frozen(key).manifest.tree_sha256


def valid() -> World:
    """A small repository in which everything is in order."""
    world = World().put("README.md", "hello\n").put("train.py", "print('hi')\n")
    world = world.snapshot("iris", "v0.1", {"iris.csv": IRIS_CSV, "more/notes.txt": b"made by hand\n"})
    world = world.snapshot(
        "iris", "v0.2", {"iris.csv": IRIS_CSV + b"4.9,3.0,1.4,0.2,setosa\n"}, derived_from=("iris_v0.1",)
    )
    for number, (version, f1) in enumerate((("v0.1.0", 0.91), ("v0.2.0", 0.94)), 1):
        metrics = json.dumps({"f1": f1, "timestamp": "2026"}).encode()
        files = {"model.pkl": b"weights " + version.encode(), "metrics.json": metrics, "params.json": b'{"seed": 42}'}
        world = world.model("iris_clf", version, files, run=f"2026-01-0{number}-iris")
        world = world.run(
            f"2026-01-0{number}-iris",
            data_snapshot=f"iris_v0.{number}",
            params={"seed": 42},
            env={"python": "3.10", "container_image": "ghcr.io/org/ml@sha256:" + "0" * 64},
            outputs={"model": "iris_clf", "model_version": version, "metrics": {"f1": f1}},
        )
    entries = {
        "v0_1_0": {"stage": "archived", "tree_sha256": identity(world, MODEL), "run": "2026-01-01-iris"},
        "v0_2_0": {"stage": "production", "tree_sha256": identity(world, MODEL._replace(version="v0.2.0"))},
    }
    return world.registry("iris_clf", **entries)


def vouched(world: World):
    """Return what `Context.tagged` is when every model version of a tree has its tag."""
    return published_in(world)
