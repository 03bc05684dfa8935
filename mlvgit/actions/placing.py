"""Bringing store-kept bytes to where a worktree wants them: fetched where the store lacks them, many files at once."""

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from mlvgit.actions.healing import Healer
from mlvgit.actions.project import Project
from mlvgit.actions.stored import hold, may_be_here, object_store
from mlvgit.actions.transfer import Parcel, fetch
from mlvgit.core.digest import BIG_BYTES, Digest
from mlvgit.core.text import count
from mlvgit.errors import IntegrityError, MlvError
from mlvgit.records.manifest import Manifest
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.storage import kept_in_store
from mlvgit.store.atomic import Draft, machine_errors
from mlvgit.store.checkout import Placement
from mlvgit.store.folders import parent_of
from mlvgit.store.parallel import as_one
from mlvgit.store.reading import Progress, Readable, Teed

if TYPE_CHECKING:
    from mlvgit.store.objects import ObjectStore

__all__ = ["Wanted", "absent", "bring", "place"]

_FEW: Final = 3


class Wanted(NamedTuple):
    """A version whose files are to be here.

    Attributes:
        only: these of its files, by their names in the frozen directory; None for all.
    """

    frozen: Frozen
    manifest: Manifest
    only: frozenset[str] | None = None


def absent(project: Project, wanted: Wanted) -> dict[str, Digest]:
    """Return the store-kept files of a version that do not stand on disk, by their paths from the top."""
    directory = wanted.frozen.directory
    top = str(project.top)
    return {
        f"{directory}/{relative}": digest
        for relative, digest in kept_in_store(wanted.manifest, wanted.frozen.key).items()
        if (wanted.only is None or relative in wanted.only) and not os.path.lexists(f"{top}/{directory}/{relative}")
    }


def bring(project: Project, versions: Iterable[Wanted], progress: Progress | None = None) -> list[str]:
    """Put the files of store-kept versions that are missing on disk back, fetching what the store lacks.

    What stands there with other bytes is left alone: `restore` is for that.

    Returns:
        The paths that were written, from the top of the repository.

    Raises:
        RefusedError: bytes that are not to be on this machine.
        RemoteError, IntegrityError: some could not be brought, all of them named; the others are there.
    """
    stored = [wanted for wanted in versions if wanted.manifest.storage == "store"]
    missing = [(wanted, absent(project, wanted)) for wanted in stored]
    for wanted, found in missing:
        if found:
            may_be_here(project, wanted.frozen.key)
    everything = {path: digest for _, found in missing for path, digest in found.items()}
    new = {wanted.frozen.directory for wanted in stored if not (project.top / wanted.frozen.directory).exists()}
    problem: MlvError | None = None
    twofold = _Twofold(project, everything)
    try:
        fetch(
            project,
            everything.values(),
            progress,
            names={digest.sha256: path for path, digest in everything.items()},
            put=twofold.put,
        )
    except MlvError as error:  # what is here whole is of use all the same
        problem = error
    store = object_store(project)
    whole = [(wanted, found) for wanted, found in missing if not problem or all(map(store.has, found.values()))]
    written = {path: digest for _, found in whole for path, digest in found.items()}
    left = [Placement(digest, path) for path, digest in written.items() if path not in twofold.placed]
    place(project, left, progress=progress)
    directories = [wanted.frozen.directory for wanted, _ in whole]
    hold(project, [directory for directory in directories if directory in new])
    hold(project, [directory for directory in directories if directory not in new], written)
    if problem:
        raise _with_way_round(store, missing, problem)
    return list(written)


def _with_way_round(
    store: "ObjectStore", missing: Iterable[tuple[Wanted, Mapping[str, Digest]]], problem: MlvError
) -> MlvError:
    """Add to an error how to get the files that did come, when few of a version did not."""
    for wanted, found in missing:
        lacking = {digest.sha256 for digest in store.absent(found.values())}
        names = [path[len(wanted.frozen.directory) + 1 :] for path, digest in found.items() if digest.sha256 in lacking]
        if 0 < len(names) <= _FEW and len(names) < len(found):
            without = " ".join(f"--exclude {shlex.quote(name)}" for name in names)
            ways = [problem.hint, f"git mlv pull {wanted.frozen.key} {without}   (the other files, which are whole)"]
            return type(problem)(problem.message, hint="\n".join(filter(None, ways)))
    return problem


class _Twofold:
    """Large objects that come whole are written into the store and to where they are wanted at once, and hashed once.

    Args:
        wanted: where objects are wanted, from the top.

    Attributes:
        placed: the paths that have their bytes.
    """

    def __init__(self, project: Project, wanted: Mapping[str, Digest]) -> None:
        self.placed: set[str] = set()
        self._store = object_store(project)
        self._top = project.top
        self._paths = {digest: path for path, digest in wanted.items() if digest.size >= BIG_BYTES}

    def put(self, parcel: Parcel, reader: Readable) -> None:
        """Take an object in; see `fetch`."""
        path = self._paths.get(parcel.digest)
        if path is None or self._is_one_file:
            self._store.put(parcel.digest, reader)
            return
        # One flush, of the store's: what is checked out is not flushed, see `store.checkout`.
        with (
            machine_errors(f"write {self._top / path}"),
            parent_of(self._top, path, create=True) as (folder, name),
            Draft(folder, name, mode=0o444) as draft,
        ):
            self._store.put(parcel.digest, Teed(reader, draft.write))
            with suppress(FileExistsError):  # whoever places what is left looks at it
                draft.publish(replace=False, durable=False)
                self.placed.add(path)

    @cached_property
    def _is_one_file(self) -> bool:
        return self._store.shares_with(self._top)


def place(
    project: Project,
    placements: Sequence[Placement],
    *,
    mode: int = 0o644,
    replace: bool = False,
    progress: Progress | None = None,
) -> None:
    """Write files, by their paths from the top; an object that turns out to be damaged is healed, and its files written then.

    Raises:
        IntegrityError, MachineError: some could not be written, all of them named; the others are there.
    """
    store = object_store(project)
    failed = store.place_all(placements, project.top, mode=mode, replace=replace, progress=progress).failed
    damaged = [placement for placement, error in failed if isinstance(error, IntegrityError)]
    healer = Healer(project)
    healed = [each for each in damaged if not store.has(each.digest) and healer.heal(each.digest)]
    again = dict(store.place_all(healed, project.top, mode=mode, replace=replace).failed) if healed else {}
    bad = [again.get(placement, error) for placement, error in failed if placement not in healed or placement in again]
    if bad:
        raise as_one(bad, f"{count(len(bad), 'file')} could not be written")
