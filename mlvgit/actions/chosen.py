"""Choosing versions to let go of: by name, by age, by how many newer ones there are; and what of them is here."""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from mlvgit.actions.away import lacked
from mlvgit.actions.clock import utc_now
from mlvgit.actions.project import Project, version_of
from mlvgit.actions.stored import held_by, object_store, retired_error
from mlvgit.core.digest import Digest
from mlvgit.core.digests import Digests, packed, unique
from mlvgit.core.references import parse_reference
from mlvgit.core.text import printable
from mlvgit.errors import UsageError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.records.settings import Settings
from mlvgit.repo.history import remote_tips
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.lookup import read_registry
from mlvgit.rules.storage import is_emptied, kept_in_store

__all__ = [
    "Freeable",
    "Here",
    "Missing",
    "choose",
    "freeable",
    "here_of",
    "is_pushed",
    "is_stored",
    "may_come",
    "missing",
    "seconds_of",
    "serves",
    "stored_versions",
    "usual_versions",
]

_SPAN = re.compile(r"([0-9]+)([smhdw])", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Here(NamedTuple):
    """What is on this machine of a version whose bytes Git does not hold.

    Attributes:
        objects: in the store.
        files: in the workspace: path from the top -> (what its manifest says, what stands there).
    """

    objects: tuple[Digest, ...]
    files: dict[str, tuple[Digest, os.stat_result]]


class Freeable(NamedTuple):
    """What could be let go of, as far as is known without asking a remote: the most that it frees."""

    keys: tuple[Key, ...]
    bytes: int


class Missing(NamedTuple):
    """What does not stand in the working directory of what a pull that names nothing brings.

    Attributes:
        keys: the versions.
        files: how many files that the store keeps of them.
        bytes: their sizes.
    """

    keys: tuple[Key, ...] = ()
    files: int = 0
    bytes: int = 0


def seconds_of(text: str) -> int:
    """Read a span of time: `30d`, `12h`, `2w`; a bare 0 is none.

    Raises:
        UsageError: it is none.
    """
    match = _SPAN.fullmatch(text.strip())
    if match is None and text.strip() != "0":
        raise UsageError(f"{printable(text)!r} is not a span of time", hint="write 30d, 12h or 2w")
    return int(match[1]) * _UNITS[match[2]] if match else 0


def stored_versions(catalog: Catalog) -> list[Key]:
    """Return the versions whose bytes Git does not hold; what was never fetched, not even its list of files, is none."""
    found = [(key, catalog.frozen(key)) for key in catalog.keys(root=None)]
    return [
        key
        for key, frozen in found
        if frozen and (manifest := frozen.manifest) and manifest.entries_here and kept_in_store(manifest, key)
    ]


def is_stored(frozen: Frozen) -> bool:
    """Say whether the store is to have bytes of a version, as far as that is known without its list of files."""
    manifest = frozen.manifest
    return manifest is not None and (manifest.listed or bool(kept_in_store(manifest, frozen.key)))


def usual_versions(catalog: Catalog, settings: Settings, stored: Callable[[Key], bool]) -> list[Key]:
    """Return what a pull that names nothing brings: the newest snapshot of each dataset, and what serves.

    Args:
        stored: says whether the store keeps a version; it is asked about as few as can be.
    """
    newest: dict[tuple[str, str], Key] = {}
    for key in reversed(catalog.keys("snapshot", root=None)):
        if (key.root, key.name) not in newest and stored(key):
            newest[key.root, key.name] = key
    serving = [key for key in catalog.keys("model", root=None) if _serves(catalog, settings, key) and stored(key)]
    return [*reversed(newest.values()), *serving]


def may_come(project: Project, catalog: Catalog, keys: Iterable[Key]) -> Iterator[Key]:
    """Yield those of these versions of HEAD that a pull brings unasked.

    What is not to be on this machine does not come, nor, again, what is about to be taken back.
    """
    index = project.repo.index_tree()
    for key in keys:
        frozen = catalog.frozen(key)
        path = frozen.manifest_path if frozen else ""
        stays = index.entry(path) is not None or path in index.unmerged
        if stays and key.name not in project.settings_or_default.local_never:
            yield key


def choose(
    project: Project, references: Sequence[str] = (), *, keep_newest: int | None = None, older_than: str = ""
) -> list[Key]:
    """Return the stored versions of HEAD that are meant.

    Args:
        references: versions; with `keep_newest` or `older_than` a bare name means all versions of it. None: all.
        keep_newest: leave so many of each dataset and model; and, as with `older_than`, what serves.
        older_than: leave what was frozen since; what does not say when is left too.

    Raises:
        UsageError: a reference means nothing, or nothing whose bytes the store keeps.
        IntegrityError: one means a version that was retired.
    """
    catalog = project.committed()
    stored = stored_versions(catalog)
    by_rule = keep_newest is not None or bool(older_than)
    chosen = [key for text in references for key in _named(project, catalog, stored, text, by_rule=by_rule)]
    chosen = list(dict.fromkeys(chosen)) if references else stored
    if keep_newest is not None:
        newest = _newest(stored, keep_newest)
        chosen = [key for key in chosen if key not in newest]
    if older_than:
        limit = _before(seconds_of(older_than))
        chosen = [key for key in chosen if "" < _created(catalog, key) < limit]
    return [key for key in chosen if not serves(project, catalog, key)] if by_rule else chosen


def _named(project: Project, catalog: Catalog, stored: list[Key], text: str, *, by_rule: bool) -> list[Key]:
    key = project.find(text, catalog)
    if by_rule and parse_reference(text).wanted == "default":
        return [each for each in stored if each[:3] == key[:3]]
    if key not in stored:
        frozen = catalog.frozen(key)
        if frozen and frozen.manifest and is_emptied(frozen.manifest):
            raise retired_error(key, frozen.manifest)
        raise UsageError(f"{key} has no bytes that the store keeps: Git holds it")
    return [key]


def _newest(stored: Sequence[Key], number: int) -> set[Key]:
    found: dict[tuple[str, str, str], list[Key]] = {}
    for key in stored:
        found.setdefault(key[:3], []).append(key)
    return {key for keys in found.values() for key in sorted(keys, key=version_of)[::-1][:number]}


def _before(seconds: int) -> str:
    now = datetime.strptime(utc_now(), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return (now - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _created(catalog: Catalog, key: Key) -> str:
    frozen = catalog.frozen(key)
    return frozen.manifest.created_utc if frozen and frozen.manifest else ""


def serves(project: Project, catalog: Catalog, key: Key) -> bool:
    """Say whether a model version is in a stage that holds one."""
    return _serves(catalog, project.settings_or_default, key)


def _serves(catalog: Catalog, settings: Settings, key: Key) -> bool:
    registry = read_registry(catalog, key.root, key.name) if key.kind == "model" else None
    entry = registry.version(key.version) if registry else None
    return bool(entry and entry.stage in settings.exclusive)


def is_pushed(project: Project, key: Key, manifest: Manifest) -> bool:
    """Say whether a branch of a remote, as last seen, has exactly this version."""
    for oid in remote_tips(project.repo):
        there = project.committed(oid).frozen(key)
        if there and there.manifest and there.manifest.tree_sha256 == manifest.tree_sha256:
            return True
    return False


def here_of(project: Project, frozen: Frozen, manifest: Manifest) -> Here:
    """Return what is here of a version; what Git tracks of it does not count."""
    store = object_store(project)
    index = project.staged().tree
    objects: dict[Digest, None] = {}
    files = {}
    for relative, digest in kept_in_store(manifest, frozen.key).items():
        path = f"{frozen.directory}/{relative}"
        if index.entry(path) is not None:
            continue
        if store.has(digest):
            objects[digest] = None
        try:
            found = os.lstat(project.top / path)
        except OSError:
            continue
        if stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode):
            files[path] = (digest, found)
    return Here(tuple(objects), files)


def missing(project: Project, head: Catalog) -> Missing:
    """Say what `git mlv pull` alone would bring to the working directory; no remote is asked, nothing is hashed."""
    if project.repo.top is None:
        return Missing()

    def stored(key: Key) -> bool:
        frozen = head.frozen(key)
        return frozen is not None and is_stored(frozen)

    keys = may_come(project, head, usual_versions(head, project.settings_or_default, stored))
    lacking = [(key, *lacked(project, frozen)) for key in keys if (frozen := head.frozen(key))]
    lacking = [each for each in lacking if each[1]]
    return Missing(
        keys=tuple(key for key, _, _ in lacking),
        files=sum(files for _, files, _ in lacking),
        bytes=sum(size for _, _, size in lacking),
    )


def freeable(project: Project) -> Freeable:
    """Say what `drop --keep-newest 1` could free at most; no remote is asked, nothing is hashed."""
    # Without a remote nobody could prove that bytes stand elsewhere.
    if project.repo.top is None or not project.settings_or_default.remotes:
        return Freeable((), 0)
    catalog = project.committed()
    going = choose(project, keep_newest=1)
    store = object_store(project) if going else None
    held = set(held_by(project).folders()) if going else set()
    needed: set[bytes] = set()
    for key in stored_versions(catalog) if going else ():
        frozen = catalog.frozen(key)
        if key not in going and frozen and frozen.manifest:
            needed.update(map(packed, kept_in_store(frozen.manifest, key).values()))
    keys, total = [], 0
    for key in going:
        frozen, manifest = project.frozen(key, catalog)
        wanted = kept_in_store(manifest, key).values()
        alone = Digests(unique(wanted, needed))
        freed = sum(alone.sizes) - sum(store.absent(alone).sizes) if store else 0
        if frozen.directory in held:
            freed += sum(digest.size for digest in wanted)
        if freed and is_pushed(project, key, manifest):
            keys.append(key)
            total += freed
    return Freeable(tuple(keys), total)
