"""Seeing that ranges of objects have the bytes of files, as somebody's list claims."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress

from mlvgit.core.digest import Digest
from mlvgit.core.text import short
from mlvgit.errors import IntegrityError
from mlvgit.store.atomic import machine_errors
from mlvgit.store.extents import Extent
from mlvgit.store.packs import Opened
from mlvgit.store.reading import SMALL_BYTES

__all__ = ["Extents", "proved"]

Extents = tuple[Extent, ...]


def proved(
    claimed: Mapping[Digest, Extents],
    opener: Callable[[Digest], int],
    gives: Callable[[Extents, Digest], bool],
) -> dict[Digest, Extents]:
    """Return the files whose bytes ranges of objects have, as is claimed; they are hashed.

    Args:
        claimed: the ranges that files are said to be.
        opener: opens an object and returns a file descriptor, which is closed here.
        gives: says it of one file that is not small.

    Raises:
        MachineError: they cannot be read.
    """
    found: dict[Digest, Extents] = {}
    with Opened(opener) as opened:
        for digest, extents in claimed.items():
            true = False
            if digest.size > SMALL_BYTES or sum([extent.length for extent in extents]) != digest.size:
                true = gives(extents, digest)
            else:
                with machine_errors(f"read {short(digest.sha256)} in the store"), suppress(IntegrityError):
                    true = hashlib.sha256(opened.read(extents)).hexdigest() == digest.sha256
            if true:
                found[digest] = extents
    return found
