"""Remembered digests of worktree files, so that a file that did not move is not hashed again.

An entry is trusted on the ground that Git trusts its index on (Documentation/technical/racy-git.txt): device, inode,
size, mtime and ctime are the same, and both times were clearly past when the hashing started. A file written twice
within the granularity of its file system's clock could otherwise keep its times with other bytes.

The file: 8 bytes of magic, records of 72 bytes (`_RECORD`), CRC-32 of all that. Damage of any kind is an empty cache.
"""

import os
import struct
import zlib
from pathlib import Path

from mlvgit.core.digest import Digest
from mlvgit.errors import MachineError
from mlvgit.store.atomic import write_atomic
from mlvgit.store.scan import StatKey

__all__ = ["GRANULARITY_NS", "MAX_ENTRIES", "StatCache"]

GRANULARITY_NS = 2_000_000_000
"""The coarsest clock of a file system in use (FAT), in nanoseconds."""
MAX_ENTRIES = 500_000
"""More are not remembered: the list would cost more than hashing."""

_MAGIC = b"mlvstat1"
_KEY = struct.Struct("<QQQqq")
_RECORD = struct.Struct("<40s32s")
_CHECK = struct.Struct("<I")


class StatCache:
    """Digests by stat; one file, loaded when first asked, saved when told.

    Two processes that save at once lose one's additions, nothing else.

    Args:
        path: the file, normally `<state_dir>/cache/stat`.
    """

    __slots__ = ("_changed", "_entries", "_path", "_used")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[bytes, bytes] | None = None
        self._used: set[bytes] = set()
        self._changed = False

    def get(self, stat: StatKey) -> Digest | None:
        """Return the digest of the file that has this stat, or None when it must be hashed."""
        key = _pack(stat)
        sha256 = self._load().get(key)
        if sha256 is None:
            return None
        self._used.add(key)
        return Digest(stat.size, sha256.hex())

    def put(self, stat: StatKey, digest: Digest, hashed_at: int) -> None:
        """Remember a digest, unless the file is so new that its times prove nothing.

        Args:
            stat: what `fstat` said before and after the file was hashed.
            digest: what came out.
            hashed_at: when the hashing started, `time.time_ns()`.
        """
        if max(stat.mtime_ns, stat.ctime_ns) + GRANULARITY_NS >= hashed_at or digest.size != stat.size:
            return
        key, sha256 = _pack(stat), bytes.fromhex(digest.sha256)
        self._used.add(key)
        if self._load().get(key) != sha256:
            self._load()[key] = sha256
            self._changed = True

    def save(self) -> bool:
        """Write what was added; say whether the file now has it. A cache that cannot be written is no failure."""
        if not self._changed:
            return True
        entries = self._load()
        if len(entries) > MAX_ENTRIES:
            entries = {key: entries[key] for key in self._used}
        data = _MAGIC + b"".join(_RECORD.pack(key, sha256) for key, sha256 in entries.items())
        try:
            write_atomic(self._path, data + _CHECK.pack(zlib.crc32(data)), durable=False)
        except MachineError:
            return False
        self._changed = False
        return True

    def _load(self) -> dict[bytes, bytes]:
        if self._entries is None:
            self._entries = _read(self._path)
        return self._entries


def _pack(stat: StatKey) -> bytes:
    return _KEY.pack(stat.dev, stat.ino, stat.size, stat.mtime_ns, stat.ctime_ns)


def _read(path: Path) -> dict[bytes, bytes]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            data = file.read()
    except OSError:
        return {}
    body = memoryview(data)[: -_CHECK.size]
    if len(data) < len(_MAGIC) + _CHECK.size or not data.startswith(_MAGIC):
        return {}
    if (len(body) - len(_MAGIC)) % _RECORD.size or _CHECK.unpack(data[-_CHECK.size :]) != (zlib.crc32(body),):
        return {}
    return dict(_RECORD.iter_unpack(body[len(_MAGIC) :]))
