"""Verifying: frozen bytes against their manifest, on disk and in a commit."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from mlvgit.actions.project import Project
from mlvgit.actions.stored import held_by
from mlvgit.core.digest import Digest
from mlvgit.core.paths import is_junk
from mlvgit.errors import IntegrityError, MlvError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.storage import is_hole, kept_in_store, needed_objects
from mlvgit.store.hashing import Progress, hash_files
from mlvgit.store.scan import SourceFile, is_readable, stat_key

__all__ = [
    "Verdict",
    "committed_differences",
    "differences_on_disk",
    "extra_files",
    "never_brought",
    "verify",
    "without_manifests",
]


class Verdict(NamedTuple):
    """What re-hashing a frozen thing gave.

    Attributes:
        changed, missing, extra: paths relative to the frozen directory.
        unreadable: those of the changed ones that the system does not let us read: their bytes may be right.
        error: why it could not be judged at all, "" when it could.
        away: store-kept files, relative as well, that were never brought here, of a folder of which others were.
        verified_bytes: bytes that were hashed and match.
        sparse: files are left out by a sparse checkout.
    """

    key: Key
    directory: str
    manifest: Manifest | None
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    away: tuple[str, ...] = ()
    error: str = ""
    verified_bytes: int = 0
    sparse: bool = False
    unreadable: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Everything was hashed and is what the manifest says."""
        return not (self.changed or self.missing or self.extra or self.error or self.sparse)

    @property
    def absent(self) -> bool:
        """None of its bytes was ever fetched from the store into this worktree, or all were let go; or it is sparse."""
        if self.sparse:
            return not (self.changed or self.missing or self.extra or self.error)
        if self.manifest is None or self.changed or self.extra or self.error:
            return False
        if not self.manifest.entries_here:
            return True
        stored = kept_in_store(self.manifest, self.key)
        return bool(stored) and stored.keys() == set(self.missing)


def verify(project: Project, keys: Iterable[Key], catalog: Catalog, progress: Progress | None = None) -> list[Verdict]:
    """Hash every file of `keys` on disk and compare it with its manifest in `catalog`."""
    return [_verify_one(project, key, catalog, progress) for key in keys]


def without_manifests(project: Project, catalog: Catalog) -> list[Verdict]:
    """Name what Git's index has frozen and `catalog`, the working directory, says nothing of: a manifest was deleted."""
    here, staged = set(catalog.keys(root=None)), project.staged()
    gone = [frozen for key in staged.keys(root=None) if key not in here and (frozen := staged.frozen(key))]
    left_out = _left_out(project, *(frozen.manifest_path for frozen in gone)) if gone else ()
    return [
        Verdict(
            key=frozen.key,
            directory=frozen.directory,
            manifest=frozen.manifest,
            error=f"{frozen.manifest_path} is gone, and Git's index has it",
        )
        for frozen in gone
        if frozen.manifest_path not in left_out
    ]


def _verify_one(project: Project, key: Key, catalog: Catalog, progress: Progress | None) -> Verdict:
    frozen = catalog.frozen(key)
    directory = frozen.directory if frozen else ""
    if frozen is None or frozen.manifest is None:
        error = frozen.error.message if frozen and frozen.error else "it has no manifest"
        return Verdict(key=key, directory=directory, manifest=None, error=error)
    if not frozen.manifest.entries_here and not os.path.lexists(project.top / directory):
        return Verdict(key=key, directory=directory, manifest=frozen.manifest, missing=(directory,))
    try:
        verdict = _without_sparse(project, differences_on_disk(project.top / directory, frozen, progress))
        away = never_brought(project, frozen, verdict.missing) if verdict.missing and not verdict.absent else ()
        return verdict._replace(missing=tuple(sorted(set(verdict.missing) - set(away))), away=away)
    except MlvError as error:
        return Verdict(key=key, directory=directory, manifest=frozen.manifest, error=error.message)


def never_brought(project: Project, frozen: Frozen, missing: Iterable[str]) -> tuple[str, ...]:
    """Return those of the missing files of a version that this worktree was never given, such as a part that was not pulled.

    Args:
        missing: by their names in the frozen directory.
    """
    if frozen.manifest is None:
        return ()
    stored = kept_in_store(frozen.manifest, frozen.key)
    given = held_by(project).paths(frozen.directory)
    return tuple(name for name in missing if name in stored and f"{frozen.directory}/{name}" not in given)


def _without_sparse(project: Project, verdict: Verdict) -> Verdict:
    """Take files that a sparse checkout leaves out for what they are."""
    if not verdict.missing:
        return verdict
    left_out = _left_out(project, verdict.directory)
    missing = tuple(name for name in verdict.missing if f"{verdict.directory}/{name}" not in left_out)
    return verdict._replace(missing=missing, sparse=len(missing) < len(verdict.missing))


def _left_out(project: Project, *paths: str) -> set[str]:
    """Return what a sparse checkout leaves out of files and folders; see git-ls-files(1), `-t`."""
    if project.repo.config("core.sparsecheckout") != "true":
        return set()
    listed = project.repo.git.lines0("ls-files", "-t", "-z", "--", *paths)
    return {line[2:] for line in listed if line.startswith("S ")}


def differences_on_disk(
    folder: Path, frozen: Frozen, progress: Progress | None = None, only: frozenset[str] | None = None
) -> Verdict:
    """Compare the files in `folder` with the manifest of `frozen`.

    Args:
        folder: the frozen directory on disk.
        frozen: its manifest must be readable.
        progress: told of the bytes.
        only: relative paths to look at; None for all, and then files that the manifest does not name are found too.

    Raises:
        IntegrityError: a file changed while it was read.
    """
    manifest = frozen.manifest
    if manifest is None:
        raise IntegrityError(f"{frozen.manifest_path} cannot be read")
    wanted = manifest.by_relative()
    if only is not None:
        wanted = {relative: wanted[relative] for relative in only}
    present: list[SourceFile] = []
    missing: list[str] = []
    changed: list[str] = []
    unreadable: list[str] = []
    ways: dict[str, _Way] = {}
    for relative, entry in wanted.items():
        try:
            file = _regular(f"{folder}", relative, ways)
        except FileNotFoundError:
            missing += [] if is_hole(manifest, entry) else [relative]
            continue
        except PermissionError:
            unreadable.append(relative)
            continue
        if file is None or file.stat.size != entry.size_bytes:
            changed.append(relative)
        else:
            present.append(file)
    digests = hash_files(present, progress=progress) if present else []
    verified = 0
    for file, digest in zip(present, digests, strict=True):
        if digest.sha256 == wanted[file.relative].sha256:
            verified += digest.size
        else:
            changed.append(file.relative)
    return Verdict(
        key=frozen.key,
        directory=frozen.directory,
        manifest=manifest,
        changed=tuple(sorted((*changed, *unreadable))),
        missing=tuple(sorted(missing)),
        extra=tuple(extra_files(folder, manifest)) if only is None else (),
        verified_bytes=verified,
        unreadable=tuple(sorted(unreadable)),
    )


_Way = Literal["real", "link", "none"]
"""Whether a folder is reached through real folders, through a symlink, or not there."""


def _regular(folder: str, relative: str, ways: dict[str, _Way]) -> SourceFile | None:
    """Return a file, or None unless it is a regular one reached through real folders; `ways` has those seen so far.

    Raises:
        FileNotFoundError: nothing is there.
        PermissionError: it may not be looked at, or not be read.
    """
    inside = relative.rpartition("/")[0]
    way = ways.get(inside)
    if way is None:
        way = ways[inside] = _way(folder, inside)
    path = f"{folder}/{relative}"
    if way == "none" or (way == "link" and not os.path.lexists(path)):
        raise FileNotFoundError(path)
    if way == "link":
        return None
    try:
        found = os.lstat(path)
    except (FileNotFoundError, PermissionError):
        raise
    except NotADirectoryError:
        raise FileNotFoundError(path) from None
    except OSError:
        return None
    if (found.st_mode & 0o170000) != 0o100000:
        return None
    if not is_readable(path, found):
        raise PermissionError
    return SourceFile(relative=relative, path=path, stat=stat_key(found))


def _way(folder: str, inside: str) -> _Way:
    parts = inside.split("/") if inside else []
    if any(os.path.islink(f"{folder}/{'/'.join(parts[:number])}") for number in range(1, len(parts) + 1)):
        return "link"
    return "real" if os.path.lexists(f"{folder}/{inside}") else "none"


def extra_files(folder: Path, manifest: Manifest) -> list[str]:
    """List what stands in a frozen folder and is neither in its manifest nor litter of an operating system."""
    known = manifest.by_relative()
    found = []
    for parent, folders, names in os.walk(folder):
        inside = os.path.relpath(parent, folder)
        prefix = "" if inside == "." else Path(inside).as_posix() + "/"
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        for name in [*names, *links]:
            relative = prefix + name
            if relative not in known and not is_junk(relative):
                found.append(relative)
    return sorted(found)


def committed_differences(project: Project, catalog: Catalog, frozen: Frozen) -> list[str]:
    """Compare the bytes that Git and the store hold of a frozen thing with its manifest; sentences, empty when all is well.

    Objects of the store are hashed; of those that are not here, a remote must say that it has them.
    """
    manifest = frozen.manifest
    if manifest is None:
        return [f"{frozen.manifest_path} cannot be read"]
    stored = set(needed_objects(manifest, frozen.key))
    paths = {
        f"{frozen.directory}/{relative}": entry
        for relative, entry in manifest.by_relative().items()
        if not is_hole(manifest, entry)
    }
    digests = catalog.tree.digests(paths)
    found = []
    outside: dict[Digest, str] = {}
    for path, entry in paths.items():
        digest = digests.get(path)
        wanted = Digest(entry.size_bytes, entry.sha256)
        if digest is None and wanted in stored:
            outside[wanted] = path
        elif digest is None:
            found.append(f"{path} is missing")
        elif digest != wanted:
            found.append(f"{path} has other bytes")
    if not outside:
        return found
    from mlvgit.actions.transfer import lost

    return found + [f"the bytes of {outside[digest]} are nowhere" for digest in lost(project, outside)]
