"""What killed commands left in a store: files that never got their name."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from mlvgit.store.atomic import TEMPORARY_PREFIX
from mlvgit.store.folders import listing
from mlvgit.store.packs import INCOMING
from mlvgit.store.secondnames import LISTED

__all__ = ["Leftover", "leftovers"]

_AGES: Final = {"sha256": 3_600, "extents": 3_600, LISTED: 3_600, INCOMING: 86_400}
"""Folder -> seconds since the last write after which nobody writes on; what is incoming may be sent for hours."""


class Leftover(NamedTuple):
    """A file without a name, and its size in bytes."""

    path: Path
    bytes: int


def leftovers(store: Path) -> list[Leftover]:
    """Find what killed commands left in the store at this folder.

    Raises:
        MachineError: a folder of it cannot be listed.
    """
    found = []
    now = time.time()
    for part, age in _AGES.items():
        top = store / part
        inside = listing(top)
        for folder in (top, *(top / name for name in sorted(inside) if len(name) == 2)):
            for name in sorted(inside if folder == top else listing(folder)):
                if name.startswith(TEMPORARY_PREFIX):
                    with suppress(FileNotFoundError):
                        standing = (folder / name).lstat()
                        if standing.st_mtime < now - age:
                            found.append(Leftover(folder / name, standing.st_size))
    return found
