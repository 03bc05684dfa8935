"""What is needed: the objects that any manifest names which anything in this repository still leads to."""

import functools
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mlvgit.actions.project import Project
from mlvgit.actions.stored import object_store
from mlvgit.core.digest import Digest, is_sha256
from mlvgit.core.text import printable, short
from mlvgit.errors import DocumentError, IntegrityError, MlvError, RefusedError
from mlvgit.records.filelist import FileList, ListSource
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.repo.repository import Repository
from mlvgit.repo.roots import reachable_manifests, refuse_if_cut_off
from mlvgit.repo.worktrees import Worktree, worktrees
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.storage import known_objects
from mlvgit.store.atomic import machine_errors
from mlvgit.store.objects import ObjectStore

__all__ = ["PIN", "UNREADABLE", "needed_files", "needed_objects"]

PIN = "mlv.pin"
"""The setting of Git (several may stand) that names what is kept: `sha256:HEX`, or a commit."""
UNREADABLE = "mlv.unreadableManifest"
"""The setting of Git that names the blob of a manifest which cannot be read, and which nobody can mend any more."""

_SHA256 = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_SUFFIX = ".manifest.json"


def needed_objects(project: Project, extra: Iterable[str] = ()) -> set[str]:
    """Return the SHA-256 of every object that something needs.

    Branches, remote-tracking branches, tags, stashes, `refs/mlv`, reflogs; of every worktree what is checked out, in
    its index, under way, and frozen in its working directory; what `discard` set aside; pins.

    Args:
        extra: further commits to start from, by full id.

    Raises:
        RefusedError: something of that cannot be read, so that what it needs is not known.
    """
    needed: set[str] = set()
    for each in _needing(project, extra):
        needed.update(_named(each) if isinstance(each, Manifest) else _words(each))
    return needed


def needed_files(project: Project) -> Iterator[Digest]:
    """Yield what all manifests among that have in the store, which name it with its size.

    Raises:
        RefusedError: see `needed_objects`.
    """
    for each in _needing(project):
        if isinstance(each, Manifest):
            yield from known_objects(each, Key("", each.kind, each.name, each.version))


def _needing(project: Project, extra: Iterable[str] = ()) -> Iterator[Manifest | bytes]:
    """Yield the manifests that something leads to, and texts in which whatever looks like a SHA-256 is needed."""
    repo = project.repo
    refuse_if_cut_off(repo)
    lists = functools.partial(_list_in, object_store(project))
    with machine_errors("read the worktrees of this repository"):
        trees = worktrees(repo)
    for each in trees:  # first what is on disk: work moves from there to the index, and then to a commit
        yield from _standing(repo, each, lists)
    yield from _set_aside(repo)
    pinned, commits = _pins(repo)
    roots = reachable_manifests(repo, trees, [*extra, *commits])
    excused = frozenset(repo.config_all(UNREADABLE))
    oids = list(roots.manifests)
    for oid, found in zip(oids, repo.objects(oids), strict=True):
        path = roots.manifests[oid]
        if found is None or found[0] != "blob":
            raise RefusedError(f"the manifest {printable(path)} ({short(oid)}) is not here", hint="git fsck")
        yield _parsed(found[1], path, oid, lists, excused)
    yield from roots.words
    yield from pinned


def _words(text: bytes) -> Iterator[str]:
    return (match.decode() for match in _SHA256.findall(text))


def _parsed(
    data: bytes, path: str, oid: str, lists: ListSource, excused: frozenset[str] = frozenset()
) -> Manifest | bytes:
    """Read a manifest.

    A file that is only called like one is somebody else's: what looks like a SHA-256 in it is kept all the same.

    Raises:
        RefusedError: it is a manifest, or may have been one, and cannot be read to its end.
    """
    try:
        manifest = Manifest.parse(data, path)
    except DocumentError as error:
        if oid not in excused and _may_be_ours(data, path):
            blob = f"git config --add {UNREADABLE} {oid}" if oid else "git mlv check"
            raise RefusedError(
                f"a manifest cannot be read, so that what it needs is not known: {error.message}",
                hint=f"{blob}   (keeps what can be read of it)" if oid else blob,
            ) from error
        return data
    if manifest.unknown:
        raise RefusedError(
            f"{printable(path)} was written by a newer mlvgit: what it needs is not known",
            hint="pip install --upgrade mlvgit",
        )
    if isinstance(manifest.files, FileList):
        manifest.files.source = lists
    return manifest


def _named(manifest: Manifest) -> Iterator[str]:
    """Yield the SHA-256 of what a manifest names, whatever holds its bytes.

    Raises:
        RefusedError: the list of its files is not here.
    """
    if isinstance(manifest.files, FileList):
        yield manifest.files.digest.sha256
    try:
        yield from (entry.sha256 for entry in manifest.files)
    except MlvError as error:
        raise RefusedError(
            f"what {manifest.name}@{manifest.version} needs is not known: {error.message}",
            hint=error.hint or f"git mlv pull {manifest.name}@{manifest.version}",
        ) from error


def _may_be_ours(data: bytes, path: str) -> bool:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return path.endswith(_SUFFIX) or b'"dataset"' in data or b'"model"' in data
    return isinstance(value, dict) and ("dataset" in value or "model" in value) and "files" in value


def _standing(repo: Repository, worktree: Worktree, lists: ListSource) -> Iterator[Manifest | bytes]:
    """Yield the manifests in a working directory, whether Git knows them or not."""
    if worktree.top is None:
        return
    if not worktree.top.is_dir():
        raise RefusedError(
            f"the worktree {printable(str(worktree.top))} is not there, and may need any object",
            hint="mount its disk, or when it is gone for good: git worktree prune",
        )
    same = repo.top is not None and os.path.realpath(repo.top) == os.path.realpath(worktree.top)
    other = repo if same else Repository.open(worktree.top, repo.git.elsewhere(worktree.top).given)
    try:
        catalog = Catalog(other.worktree_tree())
        for error in catalog.settings_errors:
            raise RefusedError(f"where manifests stand is not known: {error.message}", hint="git mlv check")
        for root in catalog.roots:
            layout = root.layout
            for folder in (layout.snapshots_dir, layout.models_dir):
                for path in _manifest_files(worktree.top / folder, deep=folder == layout.models_dir):
                    yield _parsed(_read(path), str(path), "", lists)
    finally:
        if not same:
            other.close()


def _manifest_files(folder: Path, *, deep: bool) -> Iterator[Path]:
    """Yield the manifests in a folder, and with `deep` in those below it: frozen directories have none of ours."""
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise RefusedError(f"manifests cannot be looked for: {printable(str(folder))}: {error.strerror}") from error
    for name in names:
        if name.endswith("manifest.json"):
            yield folder / name
        elif deep:
            yield from _manifest_files(folder / name, deep=False)


def _set_aside(repo: Repository) -> Iterator[bytes]:
    for parent, _, names in os.walk(repo.state_dir / "aside", onerror=_cannot_look):
        for name in names:
            if name.endswith("manifest.json"):
                yield _read(Path(parent) / name)


def _cannot_look(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise RefusedError(f"manifests cannot be looked for: {error.filename}: {error.strerror}") from error


def _list_in(store: ObjectStore, digest: Digest) -> bytes | None:
    """Return the list of a huge version's files, when it is here; whoever asked compares it with its name."""
    try:
        with store.open(digest) as file:
            return file.read(digest.size + 1)
    except IntegrityError:
        return None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b"{}"  # it went just now: where to is looked at after this
    except OSError as error:
        raise RefusedError(f"a manifest cannot be read: {printable(str(path))}: {error.strerror}") from error


def _pins(repo: Repository) -> tuple[list[bytes], list[str]]:
    """Return what is pinned: names of objects, and commits."""
    names = []
    commits = []
    for text in repo.config_all(PIN):
        word = text.removeprefix("sha256:")
        if is_sha256(word) and (word != text or repo.resolve(word) is None):
            names.append(word.encode())
            continue
        oid = repo.resolve(text)
        if oid is None:
            raise RefusedError(
                f"git config {PIN} is {printable(text)!r}, which is neither sha256:HEX nor a commit here",
                hint=f"git config --unset {PIN} {printable(text)}",
            )
        commits.append(oid)
    return names, commits
