"""Second names of a store's lists: nothing else says what is in a pack, so a list whose first name is gone gets it back."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from mlvgit.core.digest import is_sha256
from mlvgit.core.text import short
from mlvgit.errors import IntegrityError, MlvError
from mlvgit.store.atomic import ensure_directory, remove_durably, write_atomic
from mlvgit.store.extents import MAX_LIST_BYTES
from mlvgit.store.folders import listing

__all__ = ["LISTED", "SecondNames", "read_list"]

LISTED: Final = "listed"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class SecondNames:
    """The folder `listed/` of a store; iterating yields the names in it.

    Args:
        store: the store's folder.
    """

    def __init__(self, store: Path) -> None:
        self._folder = store / LISTED

    def __iter__(self) -> Iterator[str]:
        return filter(is_sha256, listing(self._folder))

    def path(self, name: str) -> Path:
        """Return where a list stands by its second name, or would."""
        return self._folder / name

    def add(self, name: str, first: Path, data: bytes) -> None:
        """Give a list a second name, a link where the file system has them; all goes on where that cannot be done."""
        with suppress(OSError, MlvError):
            ensure_directory(self._folder)
            try:
                os.link(first, self.path(name), follow_symlinks=False)
            except FileExistsError:
                pass
            except OSError:
                write_atomic(self.path(name), data, mode=0o444, durable=False)

    def discard(self, name: str) -> None:
        """Remove a second name, if there is one, durably.

        Raises:
            MachineError: the system refuses.
        """
        if os.path.lexists(self.path(name)):
            remove_durably(self.path(name))


def read_list(path: Path, name: str) -> bytes:
    """Return the bytes of a list, compared with its name.

    Raises:
        IntegrityError: it is missing, damaged or too long.
    """
    try:
        fd = os.open(path, _READ)
        with os.fdopen(fd, "rb") as file:
            data = file.read(min(os.fstat(fd).st_size, MAX_LIST_BYTES) + 1)
    except OSError as error:
        raise IntegrityError(f"the list {short(name)} cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != name:
        raise IntegrityError(f"the list {short(name)} is damaged")
    return data
