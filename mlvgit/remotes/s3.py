"""Any S3 as a remote, through obstore (extra `mlvgit[s3]`); credentials come from the AWS chain, never from mlv.yaml.

An object's key is the SHA-256 of its bytes, so to write it again is harmless, and no conditional put is needed. Bytes
are hashed before the last portion leaves: a source that changed never becomes an object, as a multipart upload that
is not completed has no name, and a small one is not begun.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from mlvgit.core.digest import Digest, object_name
from mlvgit.core.text import printable, short
from mlvgit.errors import MachineError, RemoteError
from mlvgit.remotes.base import Limited, Reader, portions

__all__ = ["S3Remote"]

ASKING: Final = 16
"""How many objects are asked about at once."""
PART: Final = 16 << 20
"""Bytes of one part of a multipart upload."""
_RETRY: Final[Any] = {"max_retries": 5, "retry_timeout": timedelta(seconds=60)}


class S3Remote:
    """Objects below a prefix of a bucket.

    Args:
        bucket, prefix: from `s3://bucket/prefix`.
        endpoint: the server's address where it is not Amazon's; http is spoken only to one that says http://.
    """

    def __init__(self, name: str, bucket: str, prefix: str, endpoint: str = "", region: str = "") -> None:
        self.name = name
        self._bucket = bucket
        self._prefix = prefix.strip("/")
        self.url = f"s3://{bucket}/{self._prefix}".rstrip("/")
        self._endpoint = endpoint
        self._region = region
        self._opened: Any = None

    def presence(self, digests: Iterable[Digest]) -> dict[str, bool | None]:
        """See `Remote`."""
        wanted = list(digests)
        if not wanted:
            return {}
        from concurrent.futures import ThreadPoolExecutor

        self._store()
        with ThreadPoolExecutor(ASKING, "mlvgit-s3") as pool:
            return dict(zip([digest.sha256 for digest in wanted], pool.map(self._has, wanted), strict=True))

    def upload(self, digest: Digest, source: Path) -> None:
        """See `Remote`."""
        import obstore

        with self._failing("take", digest):
            data = b"".join(portions(digest, source)) if digest.size <= PART else portions(digest, source)
            obstore.put(self._store(), self._key(digest), data, chunk_size=PART, max_concurrency=4)

    @contextmanager
    def download(self, digest: Digest) -> Iterator[Reader]:
        """See `Remote`."""
        import obstore

        with self._failing("give", digest):
            parts = iter(obstore.get(self._store(), self._key(digest)).stream(min_chunk_size=1 << 20))
        yield Limited(_Chunks(parts, lambda: self._failing("give", digest)), digest.size + 1)

    def _key(self, digest: Digest) -> str:
        return f"{self._prefix}/{object_name(digest.sha256)}" if self._prefix else object_name(digest.sha256)

    def _has(self, digest: Digest) -> bool | None:
        import obstore

        try:
            found = obstore.head(self._store(), self._key(digest))
        except FileNotFoundError:
            return False
        except Exception as error:
            if _is_ours(error):
                return None
            raise
        return bool(found["size"] == digest.size)

    def _store(self) -> Any:
        if self._opened is None:
            try:
                from obstore.store import S3Store
            except ImportError as error:
                raise MachineError(
                    f"the remote {self.name} needs obstore, which is not installed", hint="pip install 'mlvgit[s3]'"
                ) from error
            config: dict[str, Any] = {"checksum_algorithm": "SHA256"}
            if self._endpoint:
                config |= {"endpoint": self._endpoint, "virtual_hosted_style_request": False}
            region = self._region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
            if region or self._endpoint:
                config["region"] = region or "us-east-1"
            client: Any = {
                "allow_http": self._endpoint.lower().startswith("http://"),
                "connect_timeout": timedelta(seconds=10),
                "timeout": timedelta(minutes=10),
            }
            try:
                self._opened = S3Store(self._bucket, client_options=client, retry_config=_RETRY, **config)
            except Exception as error:
                if not _is_ours(error):
                    raise
                raise RemoteError(f"{self.name} ({printable(self.url)}) cannot be opened: {_said(error)}") from error
        return self._opened

    @contextmanager
    def _failing(self, verb: str, digest: Digest) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise RemoteError(f"{self.name} ({printable(self.url)}) does not have {short(digest.sha256)}") from error
        except Exception as error:
            if not _is_ours(error):
                raise
            raise RemoteError(
                f"{self.name} ({printable(self.url)}) does not {verb} {short(digest.sha256)}: {_said(error)}",
                hint="credentials are looked for in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a web identity, the "
                "container's or the machine's role",
            ) from error


class _Chunks:
    """Turns a stream of chunks into a reader."""

    def __init__(self, parts: Iterator[Any], failing: Any) -> None:
        self._parts = parts
        self._failing = failing
        self._held = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        if not self._held:
            with self._failing():
                self._held = memoryview(bytes(next(self._parts, b"")))
        given, self._held = bytes(self._held[:size]), self._held[size:]
        return given


def _is_ours(error: Exception) -> bool:
    """Say whether an error is the library's or the system's, and no mistake in this file."""
    return isinstance(error, OSError) or type(error).__module__.startswith("obstore")


def _said(error: Exception) -> str:
    """Return the first line of what the library says: the rest is its own structures, and may name keys."""
    return printable(str(error).strip().split("\n")[0][:200]) or type(error).__name__
