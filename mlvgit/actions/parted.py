"""A remote as a place of files: some are objects there, others are ranges of objects, as lists that stand there say.

The lists of a remote are kept here as well, so that each is read once; which of them are there is asked once a command.
What was seen damaged there is remembered, and is no copy until it was read whole.
"""

import hashlib
import json
import threading
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, NamedTuple

from mlvgit.core.digest import OBJECTS, Digest
from mlvgit.core.digests import Digests, unique
from mlvgit.core.text import printable, short
from mlvgit.errors import IntegrityError, MlvError, RemoteError
from mlvgit.store.atomic import ensure_directory, write_atomic
from mlvgit.store.extentlists import Lists, list_name
from mlvgit.store.extents import MAX_LIST_BYTES, Extent, NewerListError, dump, parse
from mlvgit.store.parallel import portions
from mlvgit.store.reading import Counted, Meter, digest_of

if TYPE_CHECKING:
    from mlvgit.remotes.base import Reader, Remote
    from mlvgit.store.objects import ObjectStore

__all__ = ["EXTENTS", "Lacking", "Part", "Parted", "read_whole"]

EXTENTS = "extents"
"""The space of lists."""
_DAMAGED: Final = "damaged.json"


class Lacking(NamedTuple):
    """What files lack to be on a remote: those to bring whole, objects of the others, and the lists that name these."""

    whole: Digests
    objects: list[Digest]
    lists: list[Digest]

    @property
    def total_bytes(self) -> int:
        """What it takes to bring all but the lists."""
        return sum(self.whole.sizes) + sum(each.size for each in self.objects)


class Part(NamedTuple):
    """How a remote has a file that is no object there."""

    list_name: str
    extents: tuple[Extent, ...]

    @property
    def objects(self) -> set[Digest]:
        """What its bytes are ranges of."""
        return {extent.object for extent in self.extents}


def read_whole(remote: "Remote", digest: Digest, meter: Meter) -> None:
    """Read an object of a remote to its end, and hash it.

    Raises:
        IntegrityError: it has other bytes.
        RemoteError: it cannot be read, or is not there.
    """
    with remote.download(digest) as reader:
        found = digest_of(Counted(reader, meter))
    if found != digest:
        raise IntegrityError(f"{remote.name} has other bytes under {digest.sha256}")


class Parted:
    """A `Remote` that answers for files.

    Args:
        remote: what keeps objects and lists.
        cache: a folder for copies of its lists.
    """

    def __init__(self, remote: "Remote", cache: Path) -> None:
        self.plain = remote
        self.name = remote.name
        self.url = remote.url
        self.whole_only = remote.whole_only
        self.trouble: MlvError | None = None
        self.notices = remote.notices
        self._cache = Lists(cache)
        self._damaged = _read_damaged(cache / _DAMAGED)
        self._fresh = False
        self._sent = False
        self._bad: set[str] = set()
        """Lists that are there with other bytes than their name says; the copy here, if any, can heal them."""
        self._lock = threading.RLock()

    def presence(self, digests: Iterable[Digest], space: str = OBJECTS) -> dict[str, bool | None]:
        """See `Remote`; a file is there as an object, or when all objects are that a list there says it is ranges of."""
        wanted = list(dict.fromkeys(digests))
        if space != OBJECTS or self.whole_only or not wanted:
            return self._plainly(wanted, space)
        try:
            parts = self.parts(wanted)
        except RemoteError as error:
            said = self._plainly(wanted, space)
            self.trouble = self.trouble or error
            return {sha256: there or None for sha256, there in said.items()}
        found: dict[str, bool | None] = {digest.sha256: True for digest in parts}
        return found | self._plainly([digest for digest in wanted if digest not in parts], space)

    def _plainly(self, digests: Sequence[Digest], space: str) -> dict[str, bool | None]:
        said = self.plain.presence(digests, space) if digests else {}
        self.trouble = self.plain.trouble or self.trouble
        if space == OBJECTS and self._damaged:
            doubted = [digest for digest in digests if digest in self._damaged and said.get(digest.sha256)]
            said = {**said, **{digest.sha256: self._is_whole_now(digest) for digest in doubted}}
        return said

    def _is_whole_now(self, digest: Digest) -> bool | None:
        try:
            read_whole(self.plain, digest, Meter(None))
        except IntegrityError:
            return False
        except RemoteError as error:
            self.trouble = error
            return None
        self.seen([digest], ())
        return True

    def seen(self, read: Iterable[Digest], damaged: Iterable[Digest]) -> None:
        """Remember which of the objects that were read there are damaged: they count as there once they were read whole.

        Raises:
            MachineError: it cannot be written down.
        """
        with self._lock:
            path = self._cache.folder / _DAMAGED
            before = _read_damaged(path)
            self._damaged = (before - frozenset(read)) | frozenset(damaged)
            if self._damaged != before:
                ensure_directory(self._cache.folder)
                write_atomic(path, json.dumps(sorted(self._damaged)).encode())

    def known_damaged(self, digests: Iterable[Digest]) -> list[Digest]:
        """Return those of some objects that had other bytes there when they were read last."""
        return [digest for digest in digests if digest in self._damaged]

    def read_anew(self) -> None:
        """Take nothing for damaged while everything is read again, until `seen`."""
        self._damaged = frozenset()

    def parts(self, digests: Iterable[Digest]) -> dict[Digest, Part]:
        """Return how this has those of some files that are ranges of objects, which it has just said are there.

        Raises:
            RemoteError: it does not say which lists it has, or does not give them.
        """
        if self.whole_only:
            return {}
        ways = {digest: found for digest in digests if (found := self.claimed(digest))}
        objects = {each for found in ways.values() for part in found for each in part.objects}
        there = self._plainly(sorted(objects), OBJECTS) if objects else {}
        return {
            digest: whole[0]
            for digest, found in ways.items()
            if (whole := [part for part in found if all(there.get(each.sha256) for each in part.objects)])
        }

    def claimed(self, digest: Digest) -> list[Part]:
        """Return how lists there say that a file is ranges of objects, which may not be there.

        Raises:
            RemoteError: it does not say which lists it has, or does not give one of them.
        """
        return [Part(*way) for way in self.lists().find(digest, fresh=False) if way[0] not in self._bad]

    def lacking(self, store: "ObjectStore", digests: Iterable[Digest], held: Container[Digest] = ()) -> Lacking:
        """Return what files that a store has, and this not, lack to be here.

        Args:
            held: objects that are not to come here: what is ranges of them comes whole.

        Raises:
            RemoteError: it does not say what it has.
        """
        whole, objects, names = Digests(), dict[Digest, None](), dict[str, None]()
        for portion in portions(unique(digests)):
            parted = [] if self.whole_only else [each for each in portion if not store.has_object(each)]
            absent = frozenset(store.absent(parted))
            parted = [each for each in parted if each not in absent and not (held and _needs(store, each, held))]
            found, named = store.physical(parted)
            objects.update(dict.fromkeys(found))
            names.update(dict.fromkeys(named))
            apart = frozenset(parted)
            whole.extend(each for each in portion if each not in apart)
        lists = [Digest(store.lists.path(name).stat().st_size, name) for name in names]
        there = self._plainly([*objects], OBJECTS)
        listed = self._plainly(lists, EXTENTS)
        return Lacking(
            whole=Digests(each for each in whole if each not in objects),
            objects=[each for each in objects if not there[each.sha256]],
            lists=[each for each in lists if not listed[each.sha256]],
        )

    def lists(self) -> Lists:
        """Return the lists that stand there.

        Raises:
            RemoteError: it does not say which they are, or does not give one of them.
        """
        with self._lock:
            if not self._fresh:
                there = {each.sha256: each for each in self.plain.names(EXTENTS)}
                known = set(self._cache.names())
                whole = {sha256 for sha256, _ in self._cache.known()}
                for gone in known - (there.keys() & whole):
                    self._cache.remove(gone)
                for sha256, each in sorted(there.items()):
                    if sha256 not in known & whole:
                        self._copy(each)
                    elif self._cache.path(sha256).stat().st_size != each.size:
                        self._bad.add(sha256)
                self._fresh = True
            return self._cache

    def check_lists(self) -> list[Digest]:
        """Read every list there anew, whatever is known of it; return those that are damaged: nobody goes by them then.

        Returns:
            With the sizes that they have there. One of a later version of the format is none of them.

        Raises:
            RemoteError: it does not say which they are, or does not give one of them.
        """
        if self.whole_only:
            return []
        self.lists()
        there = list(self.plain.names(EXTENTS))
        damaged = [each for each in there if not _is_list(self._read(each), each.sha256)]
        self._bad = {each.sha256 for each in damaged}
        return sorted(damaged, key=lambda each: each.sha256)

    def heal_list(self, damaged: Digest, store: "ObjectStore") -> Digest | None:
        """Send a damaged list anew from a copy that is here; return it, None when there was no copy.

        Raises:
            RemoteError: it does not take it.
        """
        for lists in (self._cache, store.lists):
            path = lists.path(damaged.sha256)
            if path.is_file() and _is_list(path.read_bytes(), damaged.sha256):
                whole = Digest(path.stat().st_size, damaged.sha256)
                self.upload(whole, path, EXTENTS)
                return whole
        return None

    def list_bytes(self, damaged: Digest) -> bytes:
        """Return what stands there in place of a list.

        Raises:
            RemoteError: it does not give it, or it is too long to be taken for one.
        """
        data = self._read(damaged)
        if len(data) != damaged.size:
            raise RemoteError(f"{self.name} gives {list_name(damaged.sha256)} with another length than it says")
        return data

    def remove_list(self, damaged: Digest) -> None:
        """Remove what stands there in place of a list, and is none.

        Raises:
            RemoteError: it does not allow it.
        """
        self.plain.delete(damaged, EXTENTS)
        self._bad.discard(damaged.sha256)

    def require_known_lists(self) -> Lists:
        """Return the lists that stand there, when all of them can be read.

        Raises:
            RemoteError: one is damaged or of a newer format, so that what it needs is unknown.
        """
        lists = self.lists()
        known = {name for name, _ in lists.known()} - self._bad
        if unknown := {each.sha256 for each in self.plain.names(EXTENTS)} - known:
            damaged = unknown & self._bad
            state = "that is damaged" if damaged else "of a newer mlvgit"
            raise RemoteError(
                f"{self.name} ({printable(self.url)}) has a list of extents, {short(min(damaged or unknown))}, {state}: what "
                "it needs is not known, so nothing was removed",
                hint=f"git mlv fsck --remote {self.name}   (in a clone that has it: sends it anew; else it says what is left)"
                if damaged
                else "pip install --upgrade mlvgit",
            )
        return lists

    def _copy(self, name: Digest) -> None:
        try:
            self._cache.add(self._read(name), name.sha256)
        except NewerListError:
            pass  # its files are not there for us
        except IntegrityError:
            self._bad.add(name.sha256)

    def _read(self, name: Digest) -> bytes:
        with self.plain.download(name, EXTENTS) as reader:
            data = bytearray()
            while len(data) <= MAX_LIST_BYTES and (portion := reader.read(1 << 20)):
                data += portion
        return bytes(data)

    def upload(self, digest: Digest, source: Path, space: str = OBJECTS) -> None:
        """See `Remote`."""
        self.plain.upload(digest, source, space)
        if not self._sent:
            ensure_directory(self._cache.folder)  # that it is there says that this remote was used from here
            self._sent = True
        if space == EXTENTS:
            with self._lock:
                self._cache.add(source.read_bytes(), digest.sha256)
                self._bad.discard(digest.sha256)

    def download(self, digest: Digest, space: str = OBJECTS) -> "AbstractContextManager[Reader]":
        """See `Remote`; a file that is no object is put together here, of all objects that it has ranges of."""
        if space == OBJECTS and (part := self.parts([digest]).get(digest)):
            return self._together(part)
        return self.plain.download(digest, space)

    @contextmanager
    def _together(self, part: Part) -> "Iterator[Reader]":
        from mlvgit.store.objects import ObjectStore

        with TemporaryDirectory(prefix="mlvgit-") as folder:
            store = ObjectStore(Path(folder))
            for each in sorted(part.objects):
                with self.plain.download(each) as reader:
                    store.put(each, reader)
            with store.joined(part.extents) as file:
                yield file

    def names(self, space: str = OBJECTS) -> Iterator[Digest]:
        """See `Remote`; objects that files are ranges of are left out, and those files are named."""
        if space != OBJECTS or self.whole_only:
            yield from self.plain.names(space)
            return
        lists = self.lists()
        needed = lists.objects()
        yield from (each for each in self.plain.names(space) if each.sha256 not in needed)
        yield from list(lists.files())

    def delete(self, digest: Digest, space: str = OBJECTS) -> None:
        """See `Remote` and `discard`."""
        if space == OBJECTS:
            self.discard([digest])
        else:
            self.plain.delete(digest, space)

    def discard(self, digests: Iterable[Digest], needed: Container[str] | None = None) -> None:
        """Let go of files; an object goes when no other file is a range of it.

        Args:
            digests: the files, and objects that no list names.
            needed: SHA-256 of what is needed itself: objects that only these files were ranges of go as well, unless
                they are that. None: those stay.

        Raises:
            RemoteError: it cannot be reached, does not allow it, or has a list that is damaged or of a newer format, so
                that what is needed is unknown.
        """
        dead = dict.fromkeys(digests)
        if self.whole_only:
            for digest in dead:
                self.plain.delete(digest)
            return
        lists = self.require_known_lists()
        before = {each for _, table in lists.known() for each in table.objects}
        for name, files in list(lists.known()):
            left = {file: extents for file, extents in files.items() if file not in dead}
            if len(left) < len(files):
                self._replace(lists, name, dump(left) if left else b"")
        used = lists.objects()
        alone = [each for each in before if needed is not None and each.sha256 not in needed]
        for digest in (*dead, *sorted(alone)):
            if digest.sha256 not in used:
                self.plain.delete(digest)

    def _replace(self, lists: Lists, name: str, data: bytes) -> None:
        """Bring the list that takes the place of another, then remove that."""
        old = Digest(lists.path(name).stat().st_size, name)
        if data:
            new = lists.add(data)
            self.plain.upload(Digest(len(data), new), lists.path(new), EXTENTS)
        self.plain.delete(old, EXTENTS)
        lists.remove(name)


def _needs(store: "ObjectStore", digest: Digest, objects: Container[Digest]) -> bool:
    """Say whether a store has a file as ranges of one of these objects."""
    return any(extent.object in objects for _, extents in store.lists.find(digest) for extent in extents)


def _is_list(data: bytes, sha256: str) -> bool:
    """Say whether these are the bytes of a list of that name, of whatever version of the format."""
    if hashlib.sha256(data).hexdigest() != sha256:
        return False
    try:
        parse(data)
    except NewerListError:
        pass
    except IntegrityError:
        return False
    return True


def _read_damaged(path: Path) -> frozenset[Digest]:
    with suppress(OSError, ValueError, TypeError):
        return frozenset(Digest(int(size), str(sha256)) for size, sha256 in json.loads(path.read_bytes()))
    return frozenset()
