"""Taking bytes that others hold already by their SHA-256, which what was read is held against.

Git LFS: a tracked pointer among what is frozen counts as the bytes that it names. The Hugging Face cache: the links of a
snapshot lead to blobs beside it, of which those that were large at their origin are named by their SHA-256.
"""

import os
import re
import shlex
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from mlvgit.actions.project import Project
from mlvgit.core.digest import Digest, is_sha256
from mlvgit.core.digests import Digests
from mlvgit.core.text import count, printable, short
from mlvgit.errors import IntegrityError, MachineError, RefusedError
from mlvgit.rules.contents import MAX_POINTER_BYTES, pointer
from mlvgit.store.scan import SourceFile, Sources, stat_key

__all__ = ["as_blobs", "as_pointed", "behind_pointers", "hub_repository"]

_LEAST: Final = 126
"""Bytes of the shortest pointer; what is shorter, or longer than any, is not looked into."""
_HUB: Final = re.compile(r"(.*/(?:models|datasets|spaces)--[^/]+)/(?:snapshots/.+|blobs/[^/]+)", re.DOTALL)
"""A place in a repository of the Hugging Face cache, and that repository.

Source: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
"""


def behind_pointers(project: Project, files: Sources, *, move: bool = False) -> tuple[Sources, dict[str, Digest]]:
    """Put in place of pointers that Git tracks the objects of Git LFS that they name, under the same names.

    Args:
        move: the files are to be gone afterwards.

    Returns:
        The files, and what those must turn out to be that stood as pointers, by their names.

    Raises:
        RefusedError: Git LFS has not fetched an object, or would lose it.
        MachineError: a file cannot be read.
    """
    named = {file.path: found for file in files if (found := _pointer(file)) is not None}
    tracked = _tracked(project, list(named)) if named else frozenset()
    if not tracked:
        return files, {}
    if move:
        path = next(file.path for file in files if file.path in tracked)
        raise RefusedError(
            f"{printable(path)} is a Git LFS pointer, and what belongs to Git LFS is not moved away",
            hint="leave --move out, and its bytes are copied",
        )
    taken = [_object(project, file, named[file.path]) if file.path in tracked else file for file in files]
    missing = [file for file, there in zip(files, taken, strict=True) if there is None]
    if missing:
        more = f", and {count(len(missing) - 1, 'more')}" if len(missing) > 1 else ""
        raise RefusedError(
            f"{printable(missing[0].path)} is a Git LFS pointer, and the bytes that it names are not here{more}",
            hint="git lfs pull",
        )
    promised = {file.relative: named[file.path] for file in files if file.path in tracked}
    return Sources.of(file for file in taken if file is not None), promised


def as_pointed(promised: Mapping[str, Digest], files: Sequence[SourceFile], digests: Sequence[Digest]) -> None:
    """Hold what was read against what pointers said.

    Raises:
        IntegrityError: an object of Git LFS is damaged.
    """
    for file, found in zip(files, digests, strict=True) if promised else ():
        digest = promised.get(file.relative, found)
        if found != digest:
            raise IntegrityError(
                f"the Git LFS object {short(digest.sha256)} of {printable(file.relative)} is damaged: its bytes are others",
                hint="git lfs fsck   (sets it aside), then git lfs pull",
            )


def hub_repository(source: Path) -> str:
    """Return the folder of the cached Hugging Face repository that a source is a snapshot of, or lies in one; else ""."""
    found = _HUB.fullmatch(os.path.realpath(source.parent) + os.sep + source.name if source.name else "")
    return found[1] if found and os.path.isdir(os.path.join(found[1], "blobs")) else ""


def as_blobs(files: Sources, digests: Digests) -> None:
    """Hold what was read from blobs of the Hugging Face cache against their names, where these are SHA-256.

    Raises:
        IntegrityError: a blob is damaged.
    """
    for relative, path, found in zip(files.names, files.paths(), digests.sha256(), strict=True):
        name = path.rpartition("/")[2]
        if name != found and is_sha256(name) and _HUB.fullmatch(path):
            raise IntegrityError(
                f"the blob {short(name)} of {printable(relative)} in the Hugging Face cache is damaged: its bytes are "
                f"{short(found)}",
                hint=f"rm {shlex.quote(path)}   then download it again",
            )


def _pointer(file: SourceFile) -> Digest | None:
    if not _LEAST <= file.stat.size < MAX_POINTER_BYTES:
        return None
    try:
        with open(file.path, "rb") as opened:
            return pointer(opened.read(MAX_POINTER_BYTES))
    except OSError as error:
        raise MachineError(f"cannot read {printable(file.path)}: {error.strerror}") from error


def _tracked(project: Project, paths: Sequence[str]) -> frozenset[str]:
    """Return those of `paths` which Git tracks in this repository as the pointers that stand there."""
    top = os.path.realpath(project.top)
    index = project.repo.index_tree()
    found = set()
    for path in paths:
        relative = os.path.relpath(os.path.realpath(path), top)
        entry = None if relative.startswith("..") else index.entry(relative)
        if entry is not None and pointer(project.repo.blob(entry.oid)) == pointer(Path(path).read_bytes()):
            found.add(path)
    return frozenset(found)


def _object(project: Project, file: SourceFile, digest: Digest) -> SourceFile | None:
    storage = project.repo.common_dir / (project.repo.config("lfs.storage") or "lfs")
    path = storage / "objects" / digest.sha256[:2] / digest.sha256[2:4] / digest.sha256
    try:
        there = path.lstat()
    except OSError:
        return None
    if not stat.S_ISREG(there.st_mode):
        return None
    return file._replace(path=str(path), stat=stat_key(there))
