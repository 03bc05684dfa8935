"""Files on an SFTP server: read and written a window of requests ahead, and seen without following a link."""

import os
import stat
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

from mlvgit.remotes.sftp import (
    CREATE,
    EXCLUSIVE,
    FAILURE,
    NO_SUCH_FILE,
    WRITE,
    Attributes,
    Reply,
    Session,
    SftpError,
    Status,
)

__all__ = ["Stream", "chain", "entries", "look", "made", "sweep", "write"]

CHUNK: Final = 32 << 10
"""Bytes of one request; every server takes this much."""
WINDOW: Final = 64
"""Requests of one transfer that are under way at once: 2 MiB."""
_TEMPORARY: Final = b".mlv-tmp-"
_DAY: Final = 86_400


class Stream:
    """Reads a file, a window of requests ahead of the reader."""

    def __init__(self, session: Session, handle: bytes, limit: int) -> None:
        self._session = session
        self._handle = handle
        self._limit = limit
        self._next = 0
        self._held = memoryview(b"")
        self._asked: deque[tuple[int, int, Reply]] = deque()

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        if not self._held:
            self._held = memoryview(self._portion())
        given, self._held = bytes(self._held[:size]), self._held[size:]
        return given

    def _portion(self) -> bytes:
        while len(self._asked) < WINDOW and self._next < self._limit:
            length = min(CHUNK, self._limit - self._next)
            self._ask(self._next, length)
            self._next += length
        if not self._asked:
            return b""
        offset, length, reply = self._asked.popleft()
        data = reply.data()
        if not data:
            self._asked.clear()
            self._next = self._limit
        elif len(data) < length:
            self._ask(offset + len(data), length - len(data))
            self._asked.rotate(1)
        return data

    def _ask(self, offset: int, length: int) -> None:
        self._asked.append((offset, length, self._session.read(self._handle, offset, length)))


def write(session: Session, path: bytes, data: Iterable[bytes]) -> None:
    """Write a thing beside its folder, flush it where the server can, and give it its name: it is whole or not there."""
    temporary = b"%b/%b%b" % (chain(path)[0], _TEMPORARY, os.urandom(8).hex().encode())
    handle = session.open(temporary, WRITE | CREATE | EXCLUSIVE, 0o444).handle()
    sent: deque[Reply] = deque()
    offset = 0
    try:
        for portion in data:
            left = memoryview(portion)
            while left:
                if len(sent) == WINDOW:
                    sent.popleft().ok()
                sent.append(session.write(handle, offset, left[:CHUNK]))
                offset += len(left[:CHUNK])
                left = left[CHUNK:]
        for reply in sent:
            reply.ok()
        session.flush(handle)
        session.close_handle(handle).ok()
        session.rename(temporary, path)
    except BaseException:
        with suppress(SftpError, Status):
            session.close_handle(handle)
            session.remove(temporary).ok()
        raise


def made(session: Session, folder: bytes) -> Attributes:
    """Make a folder that may be there already, and say what stands there now."""
    try:
        session.make_folder(folder).ok()
    except Status as refused:
        try:
            return session.lstat(folder).attributes()
        except Status:
            raise refused from None
    return session.lstat(folder).attributes()


def sweep(session: Session, space: bytes) -> None:
    """Remove what lost connections left: drafts that nobody has written to for a day."""
    before = time.time() - _DAY
    with suppress(Status):
        old = [
            name
            for name, each in session.entries(space)
            if name.startswith(_TEMPORARY) and each.changed is not None and each.changed < before
        ]
        for name in old:
            session.remove(space + b"/" + name).ok()


def entries(session: Session, folder: bytes) -> list[tuple[bytes, Attributes]]:
    """List a folder that is ours; what is not there, or is a link, has nothing."""
    try:
        return list(session.entries(folder)) if stat.S_ISDIR(session.lstat(folder).attributes().mode) else []
    except Status as status:
        if status.code == NO_SUCH_FILE:
            return []
        raise


def look(session: Session, paths: Sequence[bytes]) -> dict[bytes, Attributes | Status]:
    """See what stands at the paths of things; no link on the way is followed."""
    asked: dict[bytes, Reply] = {}
    for path in paths:
        for each in chain(path):
            if each not in asked:
                asked[each] = session.lstat(each)
    seen: dict[bytes, Attributes | Status] = {}
    for each, reply in asked.items():
        try:
            seen[each] = reply.attributes()
        except Status as status:
            seen[each] = status
    return {path: _reached([seen[each] for each in chain(path)]) for path in paths}


def chain(path: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the folder of a thing's space, its own, and its path."""
    folder = path.rpartition(b"/")[0]
    return folder.rpartition(b"/")[0], folder, path


def _reached(seen: Sequence[Attributes | Status]) -> Attributes | Status:
    for each in seen[:-1]:
        if isinstance(each, Status):
            return each
        if not stat.S_ISDIR(each.mode):
            return Status(FAILURE, "a folder on the way is a link, or none")
    return seen[-1]
