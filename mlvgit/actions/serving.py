"""Serving: the path of a model's files, handed out only after their bytes were hashed and match."""

from dataclasses import dataclass
from pathlib import Path

from mlvgit.actions.project import Project
from mlvgit.actions.verify import differences_on_disk
from mlvgit.errors import IntegrityError, UsageError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest

__all__ = ["Resolved", "resolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A verified place on disk.

    Attributes:
        path: the file, or the frozen directory when no file was asked for; absolute.
        commit: the commit whose registry and manifest answered.
    """

    key: Key
    path: Path
    manifest: Manifest
    commit: str


def resolve(project: Project, reference: str, file: str = "", commit: str | None = None) -> Resolved:
    """Return where a model version or snapshot lies on disk, after hashing what is asked for.

    Raises:
        UsageError: no such version, stage or file.
        IntegrityError: the bytes on disk are not what the manifest says.
    """
    oid = commit or project.repo.head()
    catalog = project.committed(oid)
    key = project.find(reference, catalog)
    frozen, manifest = project.frozen(key, catalog)
    folder = project.top / frozen.directory
    if file and file not in manifest.by_relative():
        raise UsageError(f"{key} has no file {file}", hint="it has: " + ", ".join(list(manifest.by_relative())[:10]))
    verdict = differences_on_disk(folder, frozen, only=frozenset({file}) if file else None)
    if not verdict.ok:
        wrong = (verdict.changed or verdict.missing or verdict.extra)[0]
        said = "has other bytes" if verdict.changed else "is missing" if verdict.missing else "is not in the manifest"
        raise IntegrityError(
            f"{frozen.directory}/{wrong} {said}, and {key} is not handed out", hint=f"git mlv restore {key}"
        )
    return Resolved(key=key, path=folder / file if file else folder, manifest=manifest, commit=oid or "")
