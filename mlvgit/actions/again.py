"""Freezing again what was removed on purpose: allowed, as a consent may be given anew, but never without a word."""

from typing import NamedTuple

from mlvgit.actions.project import Project
from mlvgit.core.digest import Digest
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest, Retired

__all__ = ["Again", "frozen_again"]


class Again(NamedTuple):
    """Files whose bytes were retired elsewhere.

    Attributes:
        key: the version that says so.
        why: what it says.
        names: the files, as they are called in the new version.
    """

    key: Key
    why: Retired
    names: tuple[str, ...]


def frozen_again(project: Project, key: Key, manifest: Manifest) -> list[Again]:
    """Find the files of a version that was just frozen whose bytes another version here says were retired."""
    tombstones = _tombstones(project, key)
    if not tombstones:
        return []
    known: dict[Digest, tuple[Key, Retired]] = {}
    for other, why, retired in tombstones:
        for entry in retired.files if retired.entries_here else ():
            if entry.size_bytes and why.covers(entry.path):
                known.setdefault(Digest(entry.size_bytes, entry.sha256), (other, why))
    found: dict[Key, tuple[Retired, list[str]]] = {}
    for name, entry in manifest.by_relative().items():
        if said := known.get(Digest(entry.size_bytes, entry.sha256)):
            found.setdefault(said[0], (said[1], []))[1].append(name)
    return [Again(other, why, tuple(names)) for other, (why, names) in found.items()]


def _tombstones(project: Project, but: Key) -> list[tuple[Key, Retired, Manifest]]:
    """Return the versions of which something was retired; no manifest is parsed that has not even the word."""
    catalog = project.working()
    found = []
    for key in catalog.keys(root=None):
        root = catalog.root(key.root)
        if key == but or root is None or not _may_say_so(project, root.layout.manifest(key)):
            continue
        frozen = catalog.frozen(key)
        if frozen and frozen.manifest and frozen.manifest.retired:
            found.append((key, frozen.manifest.retired, frozen.manifest))
    return found


def _may_say_so(project: Project, path: str) -> bool:
    try:
        return b'"retired"' in (project.top / path).read_bytes()
    except OSError:
        return True  # it stands elsewhere: the catalog knows
