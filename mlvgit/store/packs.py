"""Packs: new bytes of many files in one object, and files read from ranges of objects.

A pack is an object like any other, named by its SHA-256. One flush brings thousands of small files to the disk.
"""

import hashlib
import io
import os
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from mlvgit.core.digest import Digest, object_name
from mlvgit.core.text import short
from mlvgit.errors import IntegrityError
from mlvgit.store.atomic import Draft, ensure_directory, machine_errors
from mlvgit.store.extentlists import Lists
from mlvgit.store.extents import Extent
from mlvgit.store.folders import flush_folder, open_folder

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["INCOMING", "PACK_BYTES", "ExtentFile", "Opened", "Packer", "Ranges", "publish_object"]

INCOMING: Final = "incoming"
PACK_BYTES: Final = 64 << 20
"""A pack that has reached this size is closed."""
PACK_MOST_FILES: Final = 50_000
"""Or so many files, which are held in memory until then."""
_HELD_BYTES: Final = 1 << 20
_OPEN_OBJECTS: Final = 64


class Opened:
    """Objects that stay open while many small files are read from them; not shared between threads.

    Args:
        opener: opens an object and returns a file descriptor, which is closed here.
    """

    def __init__(self, opener: Callable[[Digest], int]) -> None:
        self._opener = opener
        self._open: dict[Digest, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def read(self, extents: Sequence[Extent]) -> bytes:
        """Return the bytes of ranges of objects, as far as the objects go; they are not hashed.

        Raises:
            IntegrityError: an object is missing.
            OSError: it cannot be read.
        """
        if len(extents) == 1:
            return os.pread(self.descriptor(extents[0].object), extents[0].length, extents[0].offset)
        return b"".join([os.pread(self.descriptor(each.object), each.length, each.offset) for each in extents])

    def descriptor(self, digest: Digest) -> int:
        """Return the descriptor of an object; it stays open here."""
        found = self._open.get(digest)
        if found is None:
            if len(self._open) >= _OPEN_OBJECTS:
                os.close(self._open.pop(next(iter(self._open))))
            found = self._open[digest] = self._opener(digest)
        return found

    def close(self) -> None:
        """Close what was opened; safe to call twice."""
        while self._open:
            os.close(self._open.popitem()[1])


class Ranges:
    """Random access to the bytes of a file that is kept as ranges of objects.

    Args:
        extents: the ranges.
        opener: opens an object and returns a file descriptor, which is closed here.
    """

    def __init__(self, extents: Sequence[Extent], opener: Callable[[Digest], int]) -> None:
        self._extents = extents
        self._opened = Opened(opener)
        self._starts: list[int] = []
        self.size = 0
        for extent in extents:
            self._starts.append(self.size)
            self.size += extent.length

    def into(self, buffer: memoryview, position: int) -> int:
        """Fill `buffer` from `position` on, as far as the file goes, and return how many bytes that were.

        Raises:
            IntegrityError: an object is missing, or shorter than it was.
            OSError: it cannot be read.
        """
        wanted = max(0, min(len(buffer), self.size - position))
        done = 0
        while done < wanted:
            index = bisect_right(self._starts, position + done) - 1
            extent = self._extents[index]
            skipped = position + done - self._starts[index]
            length = min(wanted - done, extent.length - skipped)
            got = os.preadv(
                self._opened.descriptor(extent.object), [buffer[done : done + length]], extent.offset + skipped
            )
            if not got:
                raise IntegrityError(f"the object {short(extent.object.sha256)} in the store is shorter than it was")
            done += got
        return done

    def located(self) -> Iterator[tuple[int, int, int]]:
        """Yield where the bytes stand, one range after the other: an open file, offset and length; each until the next.

        Raises:
            IntegrityError: an object is missing.
        """
        for extent in self._extents:
            yield self._opened.descriptor(extent.object), extent.offset, extent.length

    def cut(self, offset: int, length: int) -> list[Extent]:
        """Return the ranges of objects that a range of the file is."""
        found: list[Extent] = []
        index = bisect_right(self._starts, offset) - 1
        while length:
            extent = self._extents[index]
            skipped = offset - self._starts[index]
            taken = min(length, extent.length - skipped)
            found.append(Extent(extent.object, extent.offset + skipped, taken))
            offset += taken
            length -= taken
            index += 1
        return found

    def close(self) -> None:
        """Close what was opened; safe to call twice."""
        self._opened.close()


class ExtentFile(io.RawIOBase):
    """A file kept as ranges of objects, read from its beginning."""

    def __init__(self, ranges: Ranges) -> None:
        super().__init__()
        self._ranges = ranges
        self._position = 0

    def located(self) -> Iterator[tuple[int, int, int]]:
        """See `Ranges.located`."""
        return self._ranges.located()

    def readable(self) -> bool:
        """Say that this is for reading."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill `buffer` with what comes next; see `Ranges.into`."""
        got = self._ranges.into(memoryview(buffer).cast("B"), self._position)
        self._position += got
        return got

    def close(self) -> None:
        """Close the objects as well."""
        self._ranges.close()
        super().close()


class _New(NamedTuple):
    """A range of the pack that is being written, whose name is not known yet."""

    offset: int
    length: int


class Packer:
    """Writes packs and the lists that say what is in them; a context manager, which discards what was not closed.

    Args:
        folder: the store's.
        lists: its lists.
        added: gets the bytes of the disk that each pack took.
        cut: see `dump`.
    """

    def __init__(self, folder: Path, lists: Lists, added: list[int], *, cut: str = "") -> None:
        self._folder = folder
        self._lists = lists
        self._added = added
        self._cut = cut
        self._files: dict[Digest, list[Extent | _New]] = {}
        self._parts: list[Extent | _New] = []
        self._draft: Draft | None = None
        self._incoming = -1
        self._whole = hashlib.sha256()
        self._held = bytearray()
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._discard()

    def __contains__(self, digest: Digest) -> bool:
        """Say whether the file is among those that will be closed."""
        return digest in self._files

    def new(self, data: bytes | memoryview) -> None:
        """Append bytes that nothing kept has to the file that is being put together."""
        if not len(data):
            return
        last = self._parts[-1] if self._parts else None
        if isinstance(last, _New):
            self._parts[-1] = _New(last.offset, last.length + len(data))
        else:
            self._parts.append(_New(self._size, len(data)))
        self._size += len(data)
        self._held += data
        if len(self._held) >= _HELD_BYTES:
            self._write()

    def kept(self, extents: Sequence[Extent]) -> None:
        """Append bytes that objects have already."""
        for extent in extents:
            last = self._parts[-1] if self._parts else None
            if isinstance(last, Extent) and last.object == extent.object and last.offset + last.length == extent.offset:
                self._parts[-1] = last._replace(length=last.length + extent.length)
            else:
                self._parts.append(extent)

    def nothing_new(self) -> bool:
        """Say whether objects have all that was appended to the file."""
        return not any(isinstance(part, _New) for part in self._parts)

    def leave(self) -> None:
        """Forget the file that is being put together; what was written of it stays in the pack, unnamed."""
        self._parts = []

    def end(self, digest: Digest) -> None:
        """End the file: it is `digest`, made of what was appended since the last one. Closes a pack that is full."""
        self._files[digest] = self._parts
        self._parts = []
        if self._size >= PACK_BYTES or len(self._files) >= PACK_MOST_FILES:
            self.close()

    def close(self) -> None:
        """Bring what was written to the disk: the pack, then the list that names it.

        Raises:
            MachineError: the store cannot be written.
        """
        if not self._files:
            return
        pack = self._publish() if self._size else None
        named = {
            digest: tuple(_settled(part, pack) for part in parts)
            for digest, parts in self._files.items()
            if digest != pack  # nothing in it was found elsewhere: it is the file
        }
        self._files = {}
        if named:
            self._lists.write(named, cut=self._cut)

    def _write(self) -> None:
        with machine_errors(f"write {self._folder}"):
            if self._draft is None:
                ensure_directory(self._folder / INCOMING)
                self._incoming = open_folder(self._folder, INCOMING)
                self._draft = Draft(self._incoming, "pack", mode=0o444)
            self._whole.update(self._held)
            self._draft.write(self._held)
            self._held.clear()

    def _publish(self) -> Digest:
        self._write()
        assert self._draft is not None
        pack = Digest(self._size, self._whole.hexdigest())
        with machine_errors(f"write {self._folder}"):
            taken = publish_object(self._folder, self._draft, pack)
            flush_folder(self._folder, f"sha256/{pack.sha256[:2]}", create=True)
        self._added.append(taken)
        self._discard()
        return pack

    def _discard(self) -> None:
        if self._draft is not None:
            self._draft.discard()
            self._draft = None
        if self._incoming >= 0:
            os.close(self._incoming)
            self._incoming = -1
        self._whole = hashlib.sha256()
        self._held = bytearray()  # a write that failed may still look at the other one, which then cannot be emptied
        self._size = 0


def _settled(part: Extent | _New, pack: Digest | None) -> Extent:
    if isinstance(part, Extent):
        return part
    assert pack is not None
    return Extent(pack, part.offset, part.length)


def publish_object(folder: Path, draft: Draft, digest: Digest) -> int:
    """Give a draft the name of its digest below a store; what has the name is replaced.

    The caller flushes the folder that the object then stands in.

    Returns:
        How many bytes the disk took for it: none for a clone, and for what was there.

    Raises:
        OSError: the system refuses.
    """
    parent, _, name = object_name(digest.sha256).rpartition("/")
    target = open_folder(folder, parent, create=True)
    try:
        known = _size(name, target) == digest.size
        draft.publish_into(target, name)
    finally:
        os.close(target)
    return 0 if known or draft.shares_blocks else digest.size


def _size(name: str, folder: int) -> int:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_size
    except FileNotFoundError:
        return -1
