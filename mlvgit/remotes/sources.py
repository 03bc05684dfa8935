"""Buckets where data lies: what is below a prefix, and its bytes as they stream, held against what was listed.

A source can be sent to another process or machine: it is a URL, and is opened there, with the credentials of that place.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError, RemoteError, SettingsError, UsageError
from mlvgit.records.settings import Remote as Named
from mlvgit.remotes.base import PORTION, Limited, Reader, Remote
from mlvgit.remotes.buckets import BucketRemote, Parts, import_obstore
from mlvgit.remotes.table import open_remote

__all__ = ["SCHEMES", "BucketSource", "ObjectStat", "SourceObject", "open_target", "without_markers"]

SCHEMES: Final = ("s3", "az")
"""The kinds of buckets that can be read where they are."""


class ObjectStat(NamedTuple):
    """What a bucket says of an object's bytes without giving them.

    Attributes:
        size: in bytes.
        tag: another one when the bytes are others: its ETag, or the time when it was written where it has none.
    """

    size: int
    tag: str


class SourceObject(NamedTuple):
    """One object of a source.

    Attributes:
        relative: its name below the source.
        path: its key.
        stat: as it was listed.
    """

    relative: str
    path: str
    stat: ObjectStat


class BucketSource(NamedTuple):
    """Objects below a prefix of a bucket.

    Attributes:
        url: `s3://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`.
        endpoint: the server's address where it is not the provider's.
    """

    url: str
    endpoint: str = ""

    def listed(self) -> list[SourceObject]:
        """List the objects, sorted by name.

        Raises:
            UsageError: the URL can mean no bucket.
            RemoteError: it cannot be listed to its end.
            MachineError: a library is not installed.
        """
        remote = _bucket(self)
        obstore = import_obstore(remote.name, remote.door.extra)
        found = []
        with remote.failing("list what it has"):
            for page in obstore.list(remote.store(), prefix=remote.prefix or None, chunk_size=1000):
                for entry in page:
                    if entry["path"].startswith(remote.prefix):
                        name = entry["path"].removeprefix(remote.prefix)
                        found.append(SourceObject(name, entry["path"], _stat(entry)))
        return without_markers(sorted(found))

    @contextmanager
    def opened(self, item: SourceObject) -> Iterator[Reader]:
        """Open an object; at most one byte more than its size is given.

        Raises:
            IntegrityError: it is not what was listed.
            RemoteError: it cannot be read, on opening or at any read.
        """
        remote = _bucket(self)
        obstore = import_obstore(remote.name, remote.door.extra)
        doing = f"give {printable(item.path)}"
        with remote.failing(doing):
            try:
                found = obstore.get(remote.store(), item.path)
            except FileNotFoundError as error:
                raise IntegrityError(f"{self.named(item)} was removed since it was listed") from error
            if _stat(found.meta) != item.stat:
                raise IntegrityError(f"{self.named(item)} changed since it was listed")
            parts = iter(found.stream(min_chunk_size=PORTION))
        yield Limited(Parts(parts), item.stat.size + 1, lambda: remote.failing(doing))

    def named(self, item: SourceObject) -> str:
        """Return how an object is called in messages."""
        return printable(f"{self.url.rstrip('/')}/{item.relative}")


def without_markers(objects: list[SourceObject]) -> list[SourceObject]:
    """Leave out what consoles make of a folder: an empty object that is named as the folder of others."""
    folders = {folder for each in objects for folder in _folders(each.relative)}
    return [each for each in objects if each.stat.size or each.relative not in folders]


def _folders(name: str) -> Iterator[str]:
    while name := name.rpartition("/")[0]:
        yield name


def open_target(url: str, endpoint: str = "") -> Remote:
    """Return the remote that a URL on the command line means, below the folder `/` when it is a folder's path.

    Raises:
        UsageError: it can be none.
    """
    return _opened(url, endpoint)


@lru_cache(maxsize=8)
def _opened(url: str, endpoint: str) -> Remote:
    try:
        return open_remote(Named("it", url, endpoint), Path("/"))
    except SettingsError as error:
        said = "; ".join(dict.fromkeys(problem.message for problem in error.problems))
        raise UsageError(said) from error


def _bucket(source: BucketSource) -> BucketRemote:
    scheme = urlsplit(source.url).scheme.lower()
    if scheme not in SCHEMES:
        known = " and ".join(f"{each}://" for each in SCHEMES)
        raise UsageError(f"{printable(source.url)} is nothing that can be hashed where it lies: a folder, {known} are")
    remote = _opened(source.url, source.endpoint)
    if not isinstance(remote, BucketRemote):
        raise RemoteError(f"{printable(source.url)} cannot be listed")
    return remote


def _stat(meta: object) -> ObjectStat:
    found: dict[str, object] = dict(meta)  # type: ignore[call-overload]
    tag = str(found.get("e_tag") or found["last_modified"]).removeprefix("W/").strip('"')
    return ObjectStat(int(str(found["size"])), tag)
