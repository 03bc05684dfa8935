"""What stands in a store's folder: found, opened and read; nothing is written here.

A file is an object of its own, or ranges of objects that a list names (`store.extents`). Nothing is believed because it
stands here: whoever reads bytes hashes them.
"""

import functools
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from mlvgit.core.digest import Digest, object_name
from mlvgit.core.digests import Digests, unique
from mlvgit.core.text import short
from mlvgit.errors import IntegrityError, MachineError, way_out
from mlvgit.store.atomic import machine_errors
from mlvgit.store.extentlists import Lists
from mlvgit.store.extents import Extent
from mlvgit.store.folders import listing
from mlvgit.store.packs import ExtentFile, Ranges
from mlvgit.store.reading import digest_of

__all__ = ["Stock"]

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Stock:
    """Files below a folder, by their digests.

    Args:
        folder: normally `<git common dir>/mlv/objects`; it may not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lists = Lists(folder, twice=True)
        self._prefix = f"{folder}/"

    def path(self, digest: Digest) -> Path:
        """Return where the object of `digest` stands, or would."""
        return self.folder / object_name(digest.sha256)

    def has(self, digest: Digest) -> bool:
        """Say whether a file of that name and size can be read here; its bytes are not hashed."""
        return self.extents(digest) is not None

    def absent(self, digests: Iterable[Digest]) -> Digests:
        """Return those of many files that cannot be read here, each once; see `has`."""
        find = self.finder()
        return Digests(digest for digest in unique(digests) if find(digest) is None)

    def finder(self) -> Callable[[Digest], tuple[Extent, ...] | None]:
        """Return what `extents` is for thousands of files in a row: what changes meanwhile is not seen."""
        self.lists.refresh()
        has_object = functools.cache(self.has_object)

        def find(digest: Digest) -> tuple[Extent, ...] | None:
            for _, extents in self.lists.ways(digest, fresh=False):
                if all(has_object(each.object) for each in extents):
                    return extents
            return (Extent(digest, 0, digest.size),) if self.has_object(digest) else None

        return find

    def extents(self, digest: Digest, *, fresh: bool = True) -> tuple[Extent, ...] | None:
        """Return the ranges of objects that a file's bytes are; None when an object of each way to get it is missing.

        Args:
            digest: the file.
            fresh: False for thousands of files in a row: lists that others add meanwhile are not seen.
        """
        if self.has_object(digest):
            return (Extent(digest, 0, digest.size),)
        for _, extents in self.lists.ways(digest, fresh=fresh):
            if all(map(self.has_object, {extent.object for extent in extents})):
                return extents
        return None

    def whereabouts(self, digest: Digest) -> tuple[Extent, ...]:
        """Return what `extents` does.

        Raises:
            IntegrityError: there is no such file here.
        """
        found = self.extents(digest)
        if found is None:
            raise IntegrityError(f"{short(digest.sha256)} is not in the store")
        return found

    def has_object(self, digest: Digest) -> bool:
        """Say whether an object of that name and size is here: a file, or what files are ranges of.

        Raises:
            MachineError: the system does not let us look: that is not known to be absent.
        """
        try:
            found = os.lstat(f"{self._prefix}{object_name(digest.sha256)}")
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._unreadable(digest, error) from error
        return stat.S_ISREG(found.st_mode) and found.st_size == digest.size

    def _unreadable(self, digest: Digest, error: OSError) -> MachineError:
        return MachineError(f"cannot look at {self.path(digest)}: {error.strerror}", hint=way_out(error))

    @property
    def quarantine(self) -> Path:
        """Where damaged objects are kept; it may not exist yet."""
        return self.folder / "quarantine"

    def __iter__(self) -> Iterator[Digest]:
        """Yield every object with its present size, sorted by name, then the files that are ranges of objects."""
        seen: set[str] = set()
        for part in sorted(listing(self.folder / "sha256")):
            for rest in sorted(listing(self.folder / "sha256" / part)):
                if len(part) == 2 and len(rest) == 62:
                    seen.add(part + rest)
                    yield Digest((self.folder / "sha256" / part / rest).lstat().st_size, part + rest)
        yield from sorted(digest for digest in self.lists.files() if digest.sha256 not in seen)

    @contextmanager
    def open(self, digest: Digest) -> Iterator[BinaryIO]:
        """Open a file for reading. Its bytes are not hashed: whoever reads them does that.

        Raises:
            IntegrityError: there is no such file here, or an object of it is no regular file.
        """
        extents = None if self.has_object(digest) else self.extents(digest)
        if extents is None:
            with os.fdopen(self.descriptor(digest), "rb") as file:
                yield file
        else:
            with self.joined(extents) as file:
                yield file

    def joined(self, extents: Sequence[Extent]) -> BinaryIO:
        """Open ranges of objects as the file that they are, one after the other; see `open`."""
        return cast("BinaryIO", ExtentFile(Ranges(extents, self.descriptor)))

    def descriptor(self, digest: Digest) -> int:
        """Open an object and return its file descriptor, which the caller closes.

        Raises:
            IntegrityError: there is no such object, or it is no regular file.
        """
        try:
            fd = os.open(f"{self._prefix}{object_name(digest.sha256)}", _OPEN)
        except PermissionError as error:
            raise self._unreadable(digest, error) from error
        except OSError as error:
            raise IntegrityError(f"the object {short(digest.sha256)} is not in the store: {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise IntegrityError(f"the object {short(digest.sha256)} in the store is not a file")
        return fd

    def any_descriptor(self, digest: Digest) -> int:
        """Do what `descriptor` does, or open what was set aside under that name: most of it may be right.

        Raises:
            IntegrityError: neither is here.
        """
        try:
            return self.descriptor(digest)
        except IntegrityError:
            for path in self.quarantine.glob(f"{digest.sha256}.*"):
                with suppress(OSError):
                    return os.open(path, _OPEN)
            raise

    def gives(self, extents: Sequence[Extent], digest: Digest) -> bool:
        """Say whether ranges of objects have a file's bytes; they are hashed.

        Raises:
            MachineError: they cannot be read.
        """
        with self.joined(extents) as file, machine_errors(f"read {short(digest.sha256)} in the store"):
            try:
                return digest_of(file) == digest
            except IntegrityError:
                return False

    def needing(self, digest: Digest) -> list[Digest]:
        """Return the files that are ranges of an object, itself left out."""
        found = {
            file
            for _, files in self.lists.known()
            for file, extents in files.items()
            if any(extent.object.sha256 == digest.sha256 for extent in extents)
        }
        return sorted(found)

    def physical(self, digests: Iterable[Digest]) -> tuple[list[Digest], list[str]]:
        """Return the objects, and the names of the lists, without which these files cannot be read elsewhere.

        Raises:
            IntegrityError: one is not here.
        """
        objects: dict[Digest, None] = {}
        lists: dict[str, None] = {}
        has_object = functools.cache(self.has_object)  # most are ranges of a few packs
        for digest in digests:
            ways = () if self.has_object(digest) else self.lists.ways(digest, fresh=False)
            for name, extents in ways:
                if all(has_object(each.object) for each in extents):
                    lists[name] = None
                    break
            else:
                extents = self.whereabouts(digest)
            objects.update(dict.fromkeys(extent.object for extent in extents))
        return list(objects), list(lists)
