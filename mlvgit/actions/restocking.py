"""What the store lost and a working directory still has goes into the store again, hashed: no remote is asked for it."""

import os
import stat
from collections.abc import Collection, Iterable

from mlvgit.actions.making_way import regular
from mlvgit.actions.placing import Wanted
from mlvgit.actions.project import Project
from mlvgit.actions.stored import object_store
from mlvgit.core.digest import Digest
from mlvgit.rules.storage import kept_in_store
from mlvgit.store.hashing import hash_files
from mlvgit.store.reading import Progress

__all__ = ["standing", "take_in"]


def standing(project: Project, wanted: Wanted, absent: Collection[Digest]) -> dict[str, Digest]:
    """Return the files of a version that are absent from the store and stand in the working directory, as far as size tells.

    By their names in its folder.
    """
    folder = f"{project.top}/{wanted.frozen.directory}"
    return {
        name: digest
        for name, digest in kept_in_store(wanted.manifest, wanted.frozen.key).items()
        if digest in absent
        and (wanted.only is None or name in wanted.only)
        and _size(f"{folder}/{name}") == digest.size
    }


def take_in(
    project: Project, versions: Iterable[Wanted], absent: Collection[Digest], progress: Progress | None = None
) -> list[str]:
    """Take into the store what it lacks and the working directory has whole.

    Args:
        versions: whose folders stand in the working directory.
        absent: what the store lacks.

    Returns:
        The paths of files that stand there with other bytes, from the top.

    Raises:
        IntegrityError: a file is being written.
        MachineError: a file cannot be read, or the store not written.
    """
    altered: list[str] = []
    store = object_store(project)
    for wanted in versions:
        names = standing(project, wanted, absent)
        files = list(regular(project.top / wanted.frozen.directory, sorted(names)))
        found = list(zip(files, hash_files(files, progress=progress), strict=True))
        store.take([file for file, digest in found if digest == names[file.relative]], progress)
        altered += [
            f"{wanted.frozen.directory}/{file.relative}" for file, digest in found if digest != names[file.relative]
        ]
    return altered


def _size(path: str) -> int:
    """Return the size of a file, -1 when none stands there."""
    try:
        found = os.lstat(path)
    except OSError:
        return -1
    return found.st_size if stat.S_ISREG(found.st_mode) else -1
