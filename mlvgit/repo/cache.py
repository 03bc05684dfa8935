"""What was found out about blobs, by blob id, on disk: a hint that anybody may delete.

Digests are records of fixed width, appended: blob id, size in bytes (8 bytes, big endian), SHA-256, CRC-32 of all that
(4 bytes). A record that is torn or damaged is passed over. Blobs that lack something are their ids, one after the other.
"""

import os
import zlib
from collections.abc import Iterable
from pathlib import Path

from mlvgit.core.digest import Digest

__all__ = ["BlobSet", "DigestCache"]

_OID_BYTES = {"sha1": 20, "sha256": 32}
_TAIL = 8 + 32


class DigestCache:
    """What is known about blobs, read when first asked."""

    def __init__(self, folder: Path, object_format: str) -> None:
        self._path = folder / f"blobs-{object_format}"
        self._width = _OID_BYTES[object_format]
        self._known: dict[bytes, bytes] | None = None
        self._new: list[bytes] = []

    def get(self, oid: str) -> Digest | None:
        """Return what is remembered about a blob."""
        tail = self._load().get(bytes.fromhex(oid))
        return Digest(int.from_bytes(tail[:8]), tail[8:].hex()) if tail else None

    def add(self, oid: str, digest: Digest) -> None:
        """Remember a digest; `flush` writes it down."""
        key, tail = bytes.fromhex(oid), digest.size.to_bytes(8) + bytes.fromhex(digest.sha256)
        if self._load().get(key) != tail:
            self._load()[key] = tail
            self._new.append(key + tail + zlib.crc32(key + tail).to_bytes(4))

    def flush(self) -> None:
        """Append what is new; a folder that cannot be written to is no error."""
        if not self._new:
            return
        records, self._new = b"".join(self._new), []
        _append(self._path, records, self._record)

    @property
    def _record(self) -> int:
        return self._width + _TAIL + 4

    def _load(self) -> dict[bytes, bytes]:
        if self._known is None:
            self._known = {}
            try:
                raw = self._path.read_bytes()
            except OSError:
                raw = b""
            step, body = self._record, self._width + _TAIL
            for start in range(0, len(raw) - step + 1, step):
                record = raw[start : start + step]
                if zlib.crc32(record[:body]).to_bytes(4) == record[body:]:
                    self._known[record[: self._width]] = record[self._width : body]
        return self._known


class BlobSet:
    """Blobs of which one thing was found out once: a blob never changes."""

    def __init__(self, path: Path, object_format: str) -> None:
        """Read the ids in the file at `path`; there may be none yet."""
        self._path = path
        self._width = _OID_BYTES[object_format]
        try:
            raw = path.read_bytes()
        except OSError:
            raw = b""
        self._known = {raw[start : start + self._width] for start in range(0, len(raw), self._width)}

    def __contains__(self, oid: str) -> bool:
        return bytes.fromhex(oid) in self._known

    def add(self, oids: Iterable[str]) -> None:
        """Remember blobs, here and on disk."""
        new = set(map(bytes.fromhex, oids)) - self._known
        self._known |= new
        if new:
            _append(self._path, b"".join(sorted(new)), self._width)


def _append(path: Path, records: bytes, width: int) -> None:
    """Append records to a file, after what completes a torn one; a folder that cannot be written to is no error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            torn = os.fstat(descriptor).st_size % width
            os.write(descriptor, bytes(width - torn if torn else 0) + records)
        finally:
            os.close(descriptor)
    except OSError:
        return
