"""Taking files into the store: whole, into packs, or as what the version before has not."""

import functools
import hashlib
import os
from array import array
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from mlvgit.core.digest import Digest
from mlvgit.core.digests import Digests
from mlvgit.errors import IntegrityError, MlvError
from mlvgit.store.atomic import Draft, ensure_directory, machine_errors
from mlvgit.store.batches import Outcomes, run_batches
from mlvgit.store.chunks import CUT, Matcher, cutter
from mlvgit.store.copies import COPY_THREADS, fill
from mlvgit.store.extentlists import Lists
from mlvgit.store.extents import Extent
from mlvgit.store.folders import flush_folder, open_folder
from mlvgit.store.packs import INCOMING, PACK_BYTES, Opened, Packer, Ranges, publish_object
from mlvgit.store.reading import BUFFER_BYTES, SMALL_BYTES, Meter, Outcome, Progress, attempt, one_work, small_bytes
from mlvgit.store.scan import SourceFile, sizes_of

__all__ = ["Intake"]

PACK_FILES: Final = 8
"""Fewer small files are objects of their own."""


class Store(Protocol):
    """What is asked of the store that takes files in."""

    folder: Path
    lists: Lists
    added: list[int]

    def extents(self, digest: Digest, *, fresh: bool = True) -> tuple[Extent, ...] | None:
        """Return the ranges of objects that a file's bytes are; None when it is not here."""

    def descriptor(self, digest: Digest) -> int:
        """Open an object."""

    def check(self, digest: Digest) -> bool:
        """Hash a file and set aside what is damaged of it."""


class Intake:
    """One taking in of files.

    Args:
        store: what takes them.
        files: what `scan` returned.
        base: by their names, what files were in the version before.
    """

    def __init__(self, store: Store, files: Sequence[SourceFile], base: Mapping[str, Digest]) -> None:
        self._store = store
        self._files = files
        self._outcomes = Outcomes(len(files))
        self._buffer = bytearray(BUFFER_BYTES)
        self._sizes = sizes_of(files)
        self._small = array("Q", (index for index, size in enumerate(self._sizes) if size <= SMALL_BYTES))
        if len(self._small) < PACK_FILES:
            del self._small[:]
        self._cutter = cutter() if base else None
        self._damaged = False
        """Whether an object was set aside, of which files had been found here before."""
        self._changed: dict[int, tuple[Digest, tuple[Extent, ...]]] = {}
        for index, file in enumerate(files) if self._cutter else ():
            before = base.get(file.relative)
            if before and file.stat.size > SMALL_BYTES and (extents := store.extents(before)):
                self._changed[index] = before, extents

    def run(self, progress: Progress | None) -> Digests:
        """Take all files in; see `ObjectStore.take`."""
        ensure_directory(self._store.folder / INCOMING)
        packed = bool(self._small)
        whole = [
            index
            for index, size in enumerate(self._sizes)
            if index not in self._changed and not (packed and size <= SMALL_BYTES)
        ]
        with one_work(progress, sum(self._sizes), len(self._files)) as share:
            for index, digest in zip(whole, self._take_whole(whole, share), strict=True):
                self._outcomes[index] = digest
            if packed or self._changed:
                self._take_apart(Meter(share))
        return self._outcomes.settle()

    def _take_whole(self, indices: Sequence[int], progress: Progress | None) -> Digests:
        folder = self._store.folder
        files = [self._files[index] for index in indices]
        digests = run_batches(
            functools.partial(_take, folder, self._store.added), files, progress=progress, threads=COPY_THREADS
        )
        with machine_errors(f"write {folder}"):
            for relative in (*sorted({f"sha256/{digest.sha256[:2]}" for digest in digests}), "sha256"):
                flush_folder(folder, relative, create=True)
        return digests

    def _take_apart(self, meter: Meter) -> None:
        self._store.lists.refresh()
        with self._packer() as shared, Opened(self._store.descriptor) as opened:
            unsaid = 0
            for index in self._small:
                self._outcomes[index] = self._pack(self._files[index], shared, opened)
                unsaid += self._sizes[index]
                if unsaid > BUFFER_BYTES:
                    meter.advance(unsaid)
                    unsaid = 0
            meter.advance(unsaid)
            if self._damaged:
                opened.close()  # what was set aside is open here still, and had files that are here no more
                for index in self._small:
                    self._outcomes[index] = self._pack(self._files[index], shared, opened)
            for index, (before, extents) in self._changed.items():
                file = self._files[index]
                if file.stat.size < PACK_BYTES:
                    self._outcomes[index] = self._change(file, before, extents, shared, meter)
                    continue
                with self._packer() as own:
                    self._outcomes[index] = self._change(file, before, extents, own, meter)
                    own.close()
            self._outcomes.settle()
            shared.close()

    def _packer(self) -> Packer:
        return Packer(self._store.folder, self._store.lists, self._store.added, cut=CUT if self._changed else "")

    def _pack(self, file: SourceFile, packer: Packer, opened: Opened) -> Outcome:
        data: bytes | memoryview | None = small_bytes(file, self._buffer)
        if data is None:
            portions = bytearray()
            outcome, _ = attempt(file.path, file.stat, self._buffer, None, portions.extend)
            if isinstance(outcome, MlvError):
                return outcome
            data = bytes(portions)
        digest = Digest(len(data), hashlib.sha256(data).hexdigest())
        if digest not in packer and not self._has(digest, data, opened):
            packer.new(data)
            packer.end(digest)
        return digest

    def _has(self, digest: Digest, data: bytes | memoryview, opened: Opened) -> bool:
        """Say whether the store gives these very bytes; what is damaged is set aside."""
        extents = self._store.extents(digest, fresh=False)
        if extents is None:
            return False
        with suppress(OSError, IntegrityError):
            if opened.read(extents) == data:
                return True
        self._store.check(digest)
        self._damaged = True
        return False

    def _change(
        self, file: SourceFile, before: Digest, extents: tuple[Extent, ...], packer: Packer, meter: Meter
    ) -> Outcome:
        assert self._cutter is not None
        ranges = Ranges(extents, self._store.descriptor)
        try:
            matcher = Matcher(
                _AsFarAsItGoes(ranges),
                self._cutter,
                lambda offset, length: packer.kept(ranges.cut(offset, length)),
                packer.new,
            )
            outcome, _ = attempt(file.path, file.stat, self._buffer, meter, matcher.feed)
            if isinstance(outcome, MlvError):
                packer.leave()
                return outcome
            matcher.finish()
        finally:
            ranges.close()
        if packer.nothing_new() and self._store.extents(outcome) is not None:
            packer.leave()
            return outcome
        if outcome == before:  # and yet not what stands there
            packer.leave()
            self._store.check(before)
            return _take(self._store.folder, self._store.added, [file], None)[0]
        packer.end(outcome)
        return outcome


class _AsFarAsItGoes:
    """The file before, which may turn out to be damaged: what cannot be read of it is not there."""

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self.size = ranges.size

    def into(self, buffer: memoryview, position: int) -> int:
        """See `Ranges.into`."""
        try:
            return self._ranges.into(buffer, position)
        except (OSError, IntegrityError):
            return 0


def _take(folder: Path, added: list[int], files: Sequence[SourceFile], meter: Meter | None) -> list[Outcome]:
    buffer = bytearray(BUFFER_BYTES)
    return [_take_one(folder, added, file, buffer, meter) for file in files]


def _take_one(folder: Path, added: list[int], file: SourceFile, buffer: bytearray, meter: Meter | None) -> Outcome:
    try:
        with machine_errors(f"write {folder}"):
            incoming = open_folder(folder, INCOMING)
            try:
                with Draft(incoming, "object", mode=0o444) as draft:
                    outcome = fill(draft, f"{folder}", file, buffer, meter)
                    if isinstance(outcome, Digest):
                        added.append(publish_object(folder, draft, outcome))
                    return outcome
            finally:
                os.close(incoming)
    except MlvError as error:
        return error
