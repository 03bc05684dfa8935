"""Bringing store-kept bytes to where a worktree wants them: fetched where the store lacks them, many files at once."""

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mlvgit.actions.healing import Healer
from mlvgit.actions.project import Project
from mlvgit.actions.stored import hold, may_be_here, object_store
from mlvgit.actions.transfer import fetch
from mlvgit.core.digest import BIG_BYTES, Digest
from mlvgit.core.digests import Digests, NamedDigests
from mlvgit.core.text import count
from mlvgit.errors import IntegrityError, MlvError
from mlvgit.records.manifest import Manifest
from mlvgit.repo.held import stamps
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.storage import kept_in_store
from mlvgit.store.atomic import Draft, machine_errors
from mlvgit.store.checkout import Placement
from mlvgit.store.extents import Extent
from mlvgit.store.folders import parent_of
from mlvgit.store.parallel import as_one, portions
from mlvgit.store.place import write_expected
from mlvgit.store.reading import Progress, Readable, one_work

if TYPE_CHECKING:
    from mlvgit.store.objects import ObjectStore

__all__ = ["Wanted", "bring", "lacking", "place"]

_FEW: Final = 3


class Wanted(NamedTuple):
    """A version whose files are to be here.

    Attributes:
        only: these of its files, by their names in the frozen directory; None for all.
    """

    frozen: Frozen
    manifest: Manifest
    only: frozenset[str] | None = None


class _Lacking(NamedTuple):
    """Store-kept files of a version that do not stand on disk."""

    wanted: Wanted
    files: NamedDigests

    @property
    def paths(self) -> Iterator[str]:
        """Their paths from the top."""
        return (f"{self.wanted.frozen.directory}/{name}" for name in self.files.names)

    def placements(self) -> Iterator[Placement]:
        """Yield what is to be placed."""
        return map(Placement, self.files.digests, self.paths)


def lacking(project: Project, wanted: Wanted) -> _Lacking:
    """Return the files of a version that are wanted and do not stand in the working directory."""
    folder = f"{project.top}/{wanted.frozen.directory}"
    names, digests = [], Digests()
    empty = not os.path.lexists(folder)
    for relative, digest in kept_in_store(wanted.manifest, wanted.frozen.key).items():
        if (wanted.only is None or relative in wanted.only) and (empty or not os.path.lexists(f"{folder}/{relative}")):
            names.append(relative)
            digests.append(*digest)
    return _Lacking(wanted, NamedDigests(names, digests))


def bring(
    project: Project,
    versions: Iterable[Wanted],
    progress: Progress | None = None,
    *,
    lost: Iterable[Digest] | None = None,
) -> list[str]:
    """Put the files of store-kept versions that are missing on disk back, fetching what the store lacks.

    What stands there with other bytes is left alone: `restore` is for that.

    Args:
        lost: what the store did not have when it was asked; None when it was not: it is asked about this alone then.

    Returns:
        The paths that were written, from the top of the repository.

    Raises:
        RefusedError: bytes that are not to be on this machine.
        RemoteError, IntegrityError: some could not be brought, all of them named; the others are there.
    """
    missing = [lacking(project, wanted) for wanted in versions if wanted.manifest.storage == "store"]
    for each in missing:
        if each.files:
            may_be_here(project, each.wanted.frozen.key)
    new = {
        each.wanted.frozen.directory for each in missing if not (project.top / each.wanted.frozen.directory).exists()
    }
    problem: MlvError | None = None
    twofold = _Twofold(project, missing)
    try:
        wanted = chain.from_iterable(each.files.digests for each in missing) if lost is None else lost
        fetch(project, wanted, progress, name=partial(_path_of, missing), into=twofold)
    except MlvError as error:  # what is here whole is of use all the same
        problem = error
    store = object_store(project)
    whole = [each for each in missing if not problem or not store.absent(each.files.digests)]
    left = (each for one in whole for each in one.placements() if each.relative not in twofold.placed)
    total = sum(sum(each.files.digests.sizes) for each in whole)
    with one_work(progress, total, sum(len(each.files) for each in whole)) as shown:
        place(project, left, progress=shown)
    written = [path for each in whole for path in each.paths]
    directories = [each.wanted.frozen.directory for each in whole]
    hold(project, [directory for directory in directories if directory in new])
    if known := [directory for directory in directories if directory not in new]:
        hold(project, known, stamps(str(project.top), written))
    if problem:
        raise _with_way_round(store, missing, problem)
    return written


def _path_of(missing: Iterable[_Lacking], wanted: Digest) -> str:
    """Return where a file is missing, as a person calls it."""
    paths = (
        path
        for each in missing
        for path, digest in zip(each.paths, each.files.digests, strict=True)
        if digest == wanted
    )
    return next(paths, "")


def _with_way_round(store: "ObjectStore", missing: Iterable[_Lacking], problem: MlvError) -> MlvError:
    """Add to an error how to get the files that did come, when few of a version did not."""
    for wanted, files in missing:
        lacking = frozenset(store.absent(files.digests))
        names = [name for name, digest in files if digest in lacking]
        if 0 < len(names) <= _FEW and len(names) < len(files):
            without = " ".join(f"--exclude {shlex.quote(name)}" for name in names)
            ways = [problem.hint, f"git mlv pull {wanted.frozen.key} {without}   (the other files, which are whole)"]
            return type(problem)(problem.message, hint="\n".join(filter(None, ways)))
    return problem


class _Twin(Draft):
    """A draft that is written beside one of the store, which may be on another disk: an error names the disk that it is of."""

    def __init__(self, folder: int, name: str, path: Path) -> None:
        super().__init__(folder, name, mode=0o444, durable=False)
        self._path = path

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """See `Draft.write`."""
        with machine_errors(f"write {self._path}"):
            super().write(data)


class _Twofold:
    """Large files that come are written to where they are wanted at once, and hashed once; see `fetch`.

    Attributes:
        placed: the paths that have their bytes.
    """

    def __init__(self, project: Project, missing: Iterable[_Lacking]) -> None:
        self.placed: set[str] = set()
        self._store = object_store(project)
        self._top = project.top
        self._paths = {
            digest: path for each in missing for digest, path in each.placements() if digest.size >= BIG_BYTES
        }

    def put(self, digest: Digest, reader: Readable) -> None:
        """Take an object in; see `ObjectStore.put`."""
        path = self._path(digest)
        if path is None:
            self._store.put(digest, reader)
            return
        with self._drafted(path) as draft:
            self._store.put(digest, reader, draft)

    def gives(self, extents: Sequence[Extent], digest: Digest) -> bool:
        """Say whether ranges of objects have a file's bytes; see `ObjectStore.gives`."""
        path = self._path(digest)
        if path is None:
            return self._store.gives(extents, digest)
        with suppress(IntegrityError), self._drafted(path) as draft, self._store.joined(extents) as file:
            write_expected(draft, path, file, digest)
            return True
        return self._store.gives(extents, digest)  # the bytes are others, or a link stands in the way

    @contextmanager
    def _drafted(self, path: str) -> Iterator[Draft]:
        """Give what is written the name of a file that is wanted, unless something has it."""
        # One flush, of the store's: what is checked out is not flushed, see `store.checkout`.
        with (
            machine_errors(f"write {self._top / path}"),
            parent_of(self._top, path, create=True) as (folder, name),
            _Twin(folder, name, self._top / path) as draft,
        ):
            yield draft
            with suppress(FileExistsError):  # whoever places what is left looks at it
                draft.publish(replace=False)
                self.placed.add(path)

    def _path(self, digest: Digest) -> str | None:
        return None if digest not in self._paths or self._is_one_file else self._paths[digest]

    @cached_property
    def _is_one_file(self) -> bool:
        return self._store.shares_with(self._top)


def place(
    project: Project,
    placements: Iterable[Placement],
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
    healer = Healer(project)
    bad: list[MlvError] = []
    for portion in portions(placements):
        failed = store.place_all(portion, project.top, mode=mode, replace=replace, progress=progress).failed
        damaged = [placement for placement, error in failed if isinstance(error, IntegrityError)]
        healed = [each for each in damaged if store.has(each.digest) or healer.heal(each.digest)]
        again = dict(store.place_all(healed, project.top, mode=mode, replace=replace).failed) if healed else {}
        bad += [again.get(each, error) for each, error in failed if each not in healed or each in again]
    if bad:
        raise as_one(bad, f"{count(len(bad), 'file')} could not be written")
