"""Putting files of the store into a workspace, many at once: hashed on the way, read-only.

Nothing is flushed, as Git flushes no file that it checks out: the store has the bytes, durably. After a power cut a file
may be short; its stat is then not the one that was written down, so that the next commit says so, and `restore` mends it.
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from mlvgit.core.digest import Digest
from mlvgit.errors import IntegrityError, MlvError
from mlvgit.store.atomic import Draft
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


class Store(Protocol):
    """What is asked of the store that gives the bytes."""

    links: bool

    def open(self, digest: Digest) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading."""

    def whereabouts(self, digest: Digest) -> tuple[Extent, ...]:
        """Return the ranges of objects that a file's bytes are."""

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
        failed: list[tuple[Placement, MlvError]] = []
        with Opened(self._store.descriptor) as opened:
            for placement, outcome, taken in write_together(
                self._root,
                small,
                lambda placement: placement.relative,
                lambda _: self._mode,
                partial(self._fill, opened, meter),
                replace=self._replace,
                durable=False,
            ):
                self._added.append(taken)
                if isinstance(outcome, MlvError):
                    failed.append((placement, outcome))
        return failed

    def _fill(self, opened: Opened, meter: Meter, placement: Placement, draft: Draft) -> Digest:
        digest, relative = placement
        try:
            return write_expected(draft, relative, opened.read(self._store.whereabouts(digest)), digest)
        except IntegrityError:
            self._store.check(digest)
            raise
        finally:
            meter.advance(digest.size)

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
