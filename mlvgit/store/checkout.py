"""Putting files of the store into a workspace, many at once: hashed on the way, read-only.

Nothing is flushed, as Git flushes no file that it checks out: the store has the bytes, durably. After a power cut a file
may be short; its stat is then not the one that was written down, so that the next commit says so, and `restore` mends it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from mlvgit.core.digest import Digest
from mlvgit.core.text import short
from mlvgit.errors import IntegrityError, MlvError
from mlvgit.store.atomic import Draft
from mlvgit.store.batches import LEAST_FORKED
from mlvgit.store.drafts import LEAST_FILES, write_together
from mlvgit.store.extents import Extent
from mlvgit.store.packs import Opened
from mlvgit.store.parallel import run_each
from mlvgit.store.place import place_bytes, write_expected
from mlvgit.store.reading import SMALL_BYTES, Meter, Progress, one_work

__all__ = ["Checkout", "Placed", "Placement"]


class Placement(NamedTuple):
    """An object, and the file that is to have its bytes, relative to a folder."""

    digest: Digest
    relative: str


class Placed(NamedTuple):
    """What placing files did.

    Attributes:
        added_bytes: what it took of the disk.
        failed: the files that are not there, and why.
    """

    added_bytes: int
    failed: tuple[tuple[Placement, MlvError], ...]


Find = Callable[[Digest], tuple[Extent, ...] | None]


class Store(Protocol):
    """What is asked of the store that gives the bytes."""

    links: bool

    def open(self, digest: Digest) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading."""

    def finder(self) -> Find:
        """Return what gives the ranges of objects that a file's bytes are, for thousands of files in a row."""

    def descriptor(self, digest: Digest) -> int:
        """Open an object."""

    def check(self, digest: Digest) -> bool:
        """Hash a file and set aside what is damaged of it."""

    def link(self, digest: Digest, root: Path, relative: str) -> bool:
        """Make a file a second name of an object, and say whether that could be done."""


class Checkout:
    """One placing of files; see `ObjectStore.place_all`."""

    def __init__(self, store: Store, root: Path, mode: int, *, replace: bool) -> None:
        self._store = store
        self._root = root
        self._mode = mode & ~0o222
        self._replace = replace
        self._added: list[int] = []

    def run(self, wanted: Sequence[Placement], progress: Progress | None) -> Placed:
        """Place all of `wanted`; each fails alone."""
        small = [placement for placement in wanted if placement.digest.size <= SMALL_BYTES]
        if len(small) < LEAST_FILES or self._store.links:
            small = []
        known = frozenset(small)
        rest = [placement for placement in wanted if placement not in known]
        with one_work(progress, sum(map(_weight, wanted)), len(wanted)) as shown:
            failed = [*self._together(small, Meter(shown)), *run_each(rest, self._one, _weight, shown)]
        return Placed(sum(self._added), tuple(failed))

    def _together(self, small: Sequence[Placement], meter: Meter) -> list[tuple[Placement, MlvError]]:
        if not small:
            return []
        failed: list[tuple[Placement, MlvError]] = []
        find = self._store.finder()
        left = self._forked(small, find, meter)
        for placement, outcome, taken in self._write(left, find):
            meter.advance(placement.digest.size)
            self._added.append(taken)
            problem = outcome if isinstance(outcome, MlvError) else None
            if isinstance(problem, IntegrityError) and self._store.check(placement.digest):
                problem = self._again(placement)
            if problem:
                failed.append((placement, problem))
        return failed

    def _again(self, placement: Placement) -> MlvError | None:
        """Place a file whose bytes are here in another way than was tried; return why it could not be placed."""
        try:
            self._one(placement, Meter(None))
        except MlvError as error:
            return error
        return None

    def _forked(self, small: Sequence[Placement], find: Find, meter: Meter) -> Sequence[Placement]:
        """Place files with one process a core when that pays; return those that were left out."""
        if len(small) < LEAST_FORKED:
            return small
        from mlvgit.store.forked import can_fork, fill_slots

        if not can_fork():
            return small
        small = sorted(small, key=attrgetter("relative"))  # those of a folder by the same process

        def fill(portion: range) -> list[bytes | None]:
            files = small[portion.start : portion.stop]
            known = {
                placement.relative: bytes([taken > 0])
                for placement, outcome, taken in self._write(files, find)
                if isinstance(outcome, Digest)
            }
            return [known.get(placement.relative) for placement in files]

        def told(portion: range) -> None:
            meter.advance(sum([each.digest.size for each in small[portion.start : portion.stop]]))

        done, took = fill_slots(len(small), 1, fill, told)
        self._added.append(sum([each.digest.size for each, taken in zip(small, took, strict=True) if taken]))
        return [placement for placement, there in zip(small, done, strict=True) if not there]

    def _write(self, small: Sequence[Placement], find: Find) -> Iterator[tuple[Placement, Digest | MlvError, int]]:
        with Opened(self._store.descriptor) as opened:

            def fill(placement: Placement, draft: Draft) -> Digest:
                digest, relative = placement
                extents = find(digest)
                if extents is None:
                    raise IntegrityError(f"{short(digest.sha256)} is not in the store")
                return write_expected(draft, relative, opened.read(extents), digest)

            yield from write_together(
                self._root,
                small,
                attrgetter("relative"),
                lambda _: self._mode,
                fill,
                replace=self._replace,
                durable=False,
            )

    def _one(self, placement: Placement, meter: Meter) -> None:
        digest, relative = placement
        try:
            if self._may_link(relative) and self._store.link(digest, self._root, relative):
                return
            with self._store.open(digest) as file:
                taken = place_bytes(
                    self._root,
                    relative,
                    file,
                    digest,
                    mode=self._mode,
                    replace=self._replace,
                    durable=False,
                    meter=meter,
                )
        except IntegrityError:
            self._store.check(digest)
            raise
        self._added.append(taken)

    def _may_link(self, relative: str) -> bool:
        if not self._store.links or self._mode & 0o111:
            return False
        return not (self._replace and os.path.lexists(self._root / relative))


def _weight(placement: Placement) -> int:
    return placement.digest.size
