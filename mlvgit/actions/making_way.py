"""Bytes of another manifest in a store-kept folder make way for those that are wanted, where the store has them too.

Git switches manifests where no hook sees it (`git reset --hard`, `git rebase --abort`), and the folder stays as it was.
"""

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from mlvgit.actions.needed import needed_objects
from mlvgit.actions.placing import Wanted
from mlvgit.actions.project import Project
from mlvgit.actions.stored import held_by, hold, object_store
from mlvgit.actions.verify import Verdict, differences_on_disk
from mlvgit.core.paths import folders_of
from mlvgit.errors import MlvError
from mlvgit.repo.held import GONE, manifest_of, stamps
from mlvgit.rules.storage import kept_in_store
from mlvgit.store.atomic import TEMPORARY_PREFIX, machine_errors
from mlvgit.store.folders import remove_hollow
from mlvgit.store.hashing import hash_files
from mlvgit.store.scan import SourceFile, is_readable, stat_key

__all__ = ["Left", "make_room_for", "make_way", "regular"]


class Left(NamedTuple):
    """Paths of what stays in the place of what is wanted.

    Attributes:
        altered: its bytes are nowhere else.
        unreadable: what it is is not known, as it may not be read.
    """

    altered: list[str]
    unreadable: list[str]


def make_room_for(project: Project, versions: Iterable[Wanted]) -> Left:
    """Remove what stands otherwise than wanted and is in the store too; return what stays.

    Hashed is only what may have changed since this worktree was given it.

    Args:
        versions: whose folders stand in the working directory.
    """
    standing = [each for each in versions if each.manifest.storage == "store"]
    if not standing:  # then nothing else that this worktree holds is looked at either
        return Left([], [])
    given, left = held_by(project), Left([], [])
    moved = given.moved()
    held = frozenset() if given.damaged else frozenset(given.folders())
    for wanted in standing:
        directory = wanted.frozen.directory
        if directory not in held:
            names = frozenset(kept_in_store(wanted.manifest, wanted.frozen.key))
        else:
            paths = moved | given.paths(directory) if manifest_of(directory) in moved else moved
            names = frozenset(path.removeprefix(directory + "/") for path in paths if path.startswith(directory + "/"))
        found = _compare(project, wanted, names)
        left.altered.extend(found.altered)
        left.unreadable.extend(found.unreadable)
    return left


def _compare(project: Project, wanted: Wanted, names: frozenset[str]) -> Left:
    """Compare the files of these names with what is wanted; remember them when all that stands is as it is to be."""
    frozen, only = wanted.frozen, wanted.only
    stored = frozenset(kept_in_store(wanted.manifest, frozen.key)).intersection(names)
    stored = stored if only is None else stored & only
    if not stored and only is not None:
        return Left([], [])
    seen = {manifest_of(frozen.directory), *(f"{frozen.directory}/{name}" for name in stored)}
    before = stamps(str(project.top), seen)
    verdict = differences_on_disk(project.top / frozen.directory, frozen, only=stored)
    strange = frozenset(names - wanted.manifest.by_relative().keys())
    if only is not None:  # files of a folder that stands in the place of one of those
        strange = frozenset(name for name in strange if only.intersection(folders_of(name)))
    altered = make_way(project, verdict._replace(extra=tuple(sorted(strange))))
    if not (altered or verdict.unreadable) and only is None:
        removed = (f"{frozen.directory}/{name}" for name in (*verdict.changed, *strange))
        hold(project, [frozen.directory], {**before, **dict.fromkeys(removed, GONE)})
    return Left(altered, [f"{frozen.directory}/{name}" for name in verdict.unreadable])


def make_way(project: Project, verdict: Verdict) -> list[str]:
    """Remove the files of a store-kept folder that are not as frozen, where the store has their bytes whole, and keeps them.

    What the manifest does not name is removed only where this worktree was given it. What nothing needs in the store goes
    from there some day: that is no copy.

    Returns:
        Paths of altered files that stay, since their bytes are nowhere else; what may not be read is none of them.
    """
    folder = project.top / verdict.directory
    given = held_by(project).paths(verdict.directory)
    strange = {name for name in verdict.extra if f"{verdict.directory}/{name}" in given}
    altered = set(verdict.changed).difference(verdict.unreadable)
    files = list(regular(folder, sorted(altered | strange)))
    store, needed = object_store(project), _needed(project) if files else frozenset()
    for file, digest in zip(files, hash_files(files), strict=True):
        if digest.sha256 in needed and store.check(digest) and _remove(file):
            altered.discard(file.relative)
    altered -= {name for name in altered if remove_hollow(folder, name)}
    return [f"{verdict.directory}/{name}" for name in sorted(altered)]


def _needed(project: Project) -> Collection[str]:
    try:
        return needed_objects(project)
    except MlvError:  # it is not known, as in a shallow clone
        return frozenset()


def _remove(file: SourceFile) -> bool:
    """Remove a file that is as it was when it was hashed; say whether it was: nobody writes to it under the other name."""
    aside = os.path.join(os.path.dirname(file.path), TEMPORARY_PREFIX + os.urandom(8).hex())
    with machine_errors(f"remove {file.path}"):
        os.rename(file.path, aside)
        found = stat_key(os.lstat(aside))
        if found[:4] == file.stat[:4]:  # a rename may change the ctime
            os.unlink(aside)
            return True
        os.rename(aside, file.path)
    return False


def regular(folder: Path, names: Iterable[str]) -> Iterator[SourceFile]:
    """Yield the files of these names that can be read and stand in a folder, behind no link."""
    real = os.path.realpath(folder)
    for name in names:
        path = f"{folder}/{name}"
        inside = os.path.realpath(os.path.dirname(path)) == os.path.dirname(f"{real}/{name}")
        if inside and os.path.isfile(path) and not os.path.islink(path):
            found = os.lstat(path)
            if is_readable(path, found):
                yield SourceFile(relative=name, path=path, stat=stat_key(found))
