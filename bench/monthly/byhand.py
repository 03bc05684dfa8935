"""What somebody without mlvgit writes by hand: manifests, run records, registries, and their merging."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from bench.monthly.ledger import Files
from bench.monthly.people import Person

Document = dict[str, Any]


def snapshot_folder(name: str, version: str) -> str:
    """Return where a snapshot stands."""
    return f"data/snapshots/{name}_{version}"


def model_folder(name: str, version: str) -> str:
    """Return where a model version stands."""
    return f"models/{name}/{version}"


def registry_path(model: str) -> str:
    """Return where a registry stands."""
    return f"models/{model}/registry.json"


def manifest_path(folder: str) -> str:
    """Return where the manifest of a frozen folder stands."""
    return f"{folder}.manifest.json"


def identity(files: Files) -> str:
    """Return the identity of a frozen folder, as docs/formats.md defines it."""
    lines = (
        f"{hashlib.sha256(data).hexdigest()}  {name}\n"
        for name, data in sorted(files.items(), key=lambda item: item[0].encode())
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_folder(person: Person, folder: str, files: Files) -> None:
    """Write the files of a folder."""
    for name, data in files.items():
        path = person / folder / name
        if path.exists():
            path.chmod(0o644)
        person.write(f"{folder}/{name}", data)


def entries(folder: str, files: Files) -> list[Document]:
    """Return the list of files of a manifest."""
    return [
        {"path": f"{folder}/{name}", "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in sorted(files.items())
    ]


def write_manifest(person: Person, folder: str, files: Files, **head: str | list[str]) -> str:
    """Write the least manifest that the format allows; return its path."""
    document = {**head, "files": entries(folder, files), "created_utc": "2026-01-01T00:00:00Z"}
    path = manifest_path(folder)
    person.write(path, json.dumps(document, indent=2) + "\n")
    return path


def write_record(person: Person, run_id: str, **facts: str) -> str:
    """Write a run record as the format page shows it; return its path."""
    lock = hashlib.sha256(person.read("env/requirements.lock")).hexdigest()
    path = f"runs/{run_id}.yaml"
    person.write(
        path,
        f"run_id: {run_id}\ncode_commit: {facts['code']}\ndata_snapshot: {facts['data']}\n"
        f'params: {{seed: 42, C: 1.0, penalty: l2}}\nenv: {{python: 3.10, requirements_lock: "sha256:{lock}"}}\n'
        f"outputs: {{model: {facts['model']}, model_version: {facts['version']}{facts.get('more', '')}}}\n",
    )
    return path


# registries


def read_registry(person: Person, model: str) -> Document:
    """Return a registry, an empty one where there is none."""
    path = person / registry_path(model)
    return json.loads(path.read_text()) if path.exists() else {"name": model, "versions": []}


def registry_text(document: Document) -> str:
    """Write a registry with one version on a line, in the order of the document."""
    head = {key: value for key, value in document.items() if key != "versions"}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    versions = ",\n".join(f"    {json.dumps(entry)}" for entry in document["versions"])
    return "{\n" + "\n".join(lines) + f'\n  "versions": [\n{versions}\n  ]\n}}\n'


def write_registry(person: Person, model: str, document: Document) -> str:
    """Write a registry; return its path."""
    path = registry_path(model)
    person.write(path, registry_text(document))
    return path


def put_into(document: Document, version: str, stage: str) -> None:
    """Set the stage of a version, entering it where it is not known; who was in production before is archived."""
    if stage == "production":
        for entry in document["versions"]:
            if entry["stage"] == "production":
                entry["stage"] = "archived"
    for entry in document["versions"]:
        if entry["version"] == version:
            entry["stage"] = stage
            return
    document["versions"].append({"version": version, "stage": stage})


def merge_by_hand(person: Person, model: str, serves: str | None) -> None:
    """Resolve a conflict in a registry as a careful person does: both sides' versions, one in production."""
    path = registry_path(model)
    sides = []
    for stage in (1, 2, 3):
        shown = person.git("show", f":{stage}:{path}", check=False)
        sides.append(json.loads(shown.out) if shown.status == 0 else {"name": model, "versions": []})
    base, ours, theirs = ({entry["version"]: entry for entry in side["versions"]} for side in sides)
    merged = []
    for version in dict.fromkeys((*ours, *theirs)):
        entry = _merge_entry(base.get(version), ours.get(version), theirs.get(version))
        if entry is None:
            continue
        if version == serves:
            entry["stage"] = "production"
        elif entry["stage"] == "production":
            entry["stage"] = "archived"
        merged.append(entry)
    person.write(path, registry_text({**sides[1], "versions": merged}))
    person.git("add", path)


def _merge_entry(base: Document | None, ours: Document | None, theirs: Document | None) -> Document | None:
    if ours is None or theirs is None:
        kept = ours if theirs is None else theirs
        return None if kept == base else dict(kept or {})
    merged: Document = {}
    for key in dict.fromkeys((*ours, *theirs)):
        one, other, before = (None if side is None else side.get(key) for side in (ours, theirs, base))
        if key == "comments":
            value: Any = _united(one or [], other or [])
        else:
            value = other if one == before or one is None else one
        if value:
            merged[key] = value
    return merged


def _united(one: Iterable[Document], other: Iterable[Document]) -> list[Document]:
    unique = {json.dumps(comment, sort_keys=True): comment for comment in (*one, *other)}
    return [unique[key] for key in sorted(unique)]
