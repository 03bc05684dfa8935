"""Buckets where data lies: what is below a prefix, and its bytes as they stream, held against what was listed.

A source can be sent to another process or machine: it is a URL, and is opened there, with the credentials of that place.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple, cast
from urllib.parse import urlsplit

from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError, SettingsError, UsageError
from mlvgit.records.settings import Remote as Named
from mlvgit.remotes.base import Browsed, Limited, ObjectStat, Reader, Remote
from mlvgit.remotes.table import open_remote

__all__ = ["SCHEMES", "BucketSource", "ObjectStat", "SourceObject", "open_target", "without_markers"]

SCHEMES: Final = ("s3", "gs", "az")
"""The kinds of buckets that can be read where they are."""


class SourceObject(NamedTuple):
    """One object of a source.

    Attributes:
        relative: its name below the source.
        stat: as it was listed.
    """

    relative: str
    stat: ObjectStat


class BucketSource(NamedTuple):
    """Objects below a prefix of a bucket.

    Attributes:
        url: `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`.
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
        return without_markers(sorted(SourceObject(name, stat) for name, stat in _browsed(self).everything()))

    @contextmanager
    def opened(self, item: SourceObject) -> Iterator[Reader]:
        """Open an object; at most one byte more than its size is given.

        Raises:
            IntegrityError: it is not what was listed.
            RemoteError: it cannot be read, on opening or at any read.
        """
        remote = _browsed(self)
        doing = f"give {printable(item.relative)}"
        with remote.failing(doing):
            try:
                stat, reader = remote.give(item.relative)
            except FileNotFoundError as error:
                raise IntegrityError(f"{self.named(item)} was removed since it was listed") from error
            if stat != item.stat:
                raise IntegrityError(f"{self.named(item)} changed since it was listed")
        yield Limited(reader, item.stat.size + 1, lambda: remote.failing(doing))

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


def _browsed(source: BucketSource) -> Browsed:
    scheme = urlsplit(source.url).scheme.lower()
    if scheme not in SCHEMES:
        known = ", ".join(f"{each}://" for each in SCHEMES)
        raise UsageError(f"{printable(source.url)} is nothing that can be hashed where it lies: a folder, {known} are")
    return cast("Browsed", _opened(source.url, source.endpoint))
