"""Serving: the path of a model's files, handed out only after their bytes were hashed and match."""

from pathlib import Path
from typing import NamedTuple

from mlvgit.actions.project import Project
from mlvgit.actions.stored import retired_error
from mlvgit.actions.verify import differences_on_disk
from mlvgit.core.text import UNREADABLE, short
from mlvgit.errors import IntegrityError, UsageError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.storage import is_hole

__all__ = ["Resolved", "identity", "resolve"]


class Resolved(NamedTuple):
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

    Args:
        project: where to look.
        reference: what is asked for.
        file: only this file of it, relative to the frozen directory.
        commit: full id of the commit whose registry and manifest answer, HEAD by default. The working directory's path
            is handed out for another one too, when its bytes are those of that commit's manifest.

    Raises:
        UsageError: no such version, stage or file.
        IntegrityError: the bytes on disk are not what the manifest says.
    """
    project.fetching = True
    oid = commit or project.repo.head()
    catalog = project.committed(oid)
    key = project.find(reference, catalog)
    frozen, manifest = project.frozen(key, catalog)
    folder = project.top / frozen.directory
    if file and file not in manifest.by_relative():
        raise UsageError(f"{key} has no file {file}", hint="it has: " + ", ".join(list(manifest.by_relative())[:10]))
    only = frozenset({file}) if file else None
    holes = [name for name, entry in manifest.by_relative().items() if is_hole(manifest, entry)]
    if manifest.retired and (file in holes if file else holes):
        raise retired_error(key, manifest, file or holes[0], f", and {key} is not handed out")
    verdict = differences_on_disk(folder, frozen, only=only)
    if verdict.missing:
        from mlvgit.actions.placing import Wanted, bring

        if bring(project, [Wanted(frozen, manifest, only)]):
            verdict = differences_on_disk(folder, frozen, only=only)
    if not verdict.ok:
        wrong = (verdict.changed or verdict.missing or verdict.extra)[0]
        said = "has other bytes" if verdict.changed else "is missing" if verdict.missing else "is not in the manifest"
        said = UNREADABLE if wrong in verdict.unreadable else said
        raise IntegrityError(
            f"{frozen.directory}/{wrong} {said}, and {key} is not handed out",
            hint=_way_out(project, key, manifest, oid or ""),
        )
    return Resolved(key=key, path=folder / file if file else folder, manifest=manifest, commit=oid or "")


def identity(project: Project, reference: str, catalog: Catalog) -> str:
    """Return what a reference means in `catalog`, with the identity of its bytes, in words that can be compared.

    Raises:
        UsageError: it means nothing there.
    """
    key = project.find(reference, catalog)
    frozen = catalog.frozen(key)
    tree = frozen.manifest.tree_sha256 if frozen and frozen.manifest else ""
    return f"{key}, tree {short(tree)}" if tree else str(key)


def _way_out(project: Project, key: Key, manifest: Manifest, commit: str) -> str:
    """Name the command that brings the bytes: what HEAD freezes can be restored, another commit needs a place."""
    here = project.committed().frozen(key)
    if here and here.manifest and here.manifest.tree_sha256 == manifest.tree_sha256:
        return f"git mlv restore {key}"
    return f"git worktree add ../at-{short(commit)} {short(commit)}   (then ask there)"
