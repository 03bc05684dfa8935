"""Google Cloud Storage as a remote, through its own client (extra `mlvgit[gcs]`), with the credentials that it finds.

mlv.yaml names no address for it: what would be sent there is a token that works everywhere. The environment may
(`STORAGE_EMULATOR_HOST`).
"""

import io
import os
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from mlvgit.core.digest import Digest, object_name
from mlvgit.core.text import short
from mlvgit.errors import MachineError, MlvError
from mlvgit.remotes.base import (
    OBJECTS,
    Limited,
    ObjectStat,
    Patience,
    Reader,
    failed,
    lacking,
    looked_for,
    named,
    portions,
    presences,
)
from mlvgit.remotes.causes import cause_of

__all__ = ["GcsRemote"]

PART: Final = 16 << 20
"""Bytes of one request of a transfer; a multiple of 256 KiB, as the service wants."""
LOOKED: Final = (
    "GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, and the machine's service account"
)


_NAMED: Final = "STORAGE_EMULATOR_HOST names it; without it, Google's own is asked"
_NO_BUCKET: Final = r"^404 (GET|POST) \S+/b/[^/\s]+/o(\?|:|\s|$)"
"""What is said when a bucket is to list, or to take, something; of an object that is not there another address is named."""


class GcsRemote:
    """Objects below a prefix of a bucket.

    Args:
        prefix: what stands before the names of spaces; "" for none.
        client: one that is set up already; None for one with the credentials of this machine.
    """

    whole_only = False

    def __init__(self, name: str, url: str, bucket: str, prefix: str, patience: Patience, client: Any = None) -> None:
        self.name = name
        self.url = url
        self.trouble: MlvError | None = None
        self.notices: list[str] = []
        self._named = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._patience = patience
        self._client = client
        self._lock = threading.Lock()
        self._stands = False
        self._standing = threading.Lock()

    def presence(self, digests: Iterable[Digest], space: str = OBJECTS) -> dict[str, bool | None]:
        """See `Remote`."""
        return presences(self, digests, lambda digest: self._has(digest, space))

    def upload(self, digest: Digest, source: Path, space: str = OBJECTS) -> None:
        """See `Remote`."""
        with self.failing(f"take {short(digest.sha256)}"):
            blob = self._blob(digest, space)
            blob.chunk_size = PART
            data = _Source(portions(digest, source), digest.size)
            blob.upload_from_file(data, size=digest.size, content_type="application/octet-stream", **self._trying())

    @contextmanager
    def download(self, digest: Digest, space: str = OBJECTS) -> Iterator[Reader]:
        """See `Remote`."""
        doing = f"give {short(digest.sha256)}"
        with self.failing(doing):
            blob = self._blob(digest, space)
            found = blob.bucket.get_blob(blob.name, **self._trying(asking=True))
            if found is None:
                self._require_bucket()
                raise lacking(self, digest)
            opened = found.open("rb", chunk_size=PART, **self._trying())
        yield Limited(opened, digest.size + 1, lambda: self.failing(doing))

    def names(self, space: str = OBJECTS) -> Iterator[Digest]:
        """See `Remote`."""
        below = f"{self._prefix}{space}/"
        with self.failing("list what it has"):
            fields = "items(name,size),nextPageToken"
            for blob in self._bucket().list_blobs(prefix=below, fields=fields, **self._trying(asking=True)):
                digest = named(blob.name.removeprefix(below), blob.size)
                if digest is not None:
                    yield digest

    def everything(self) -> Iterator[tuple[str, ObjectStat]]:
        """See `Browsed`."""
        with self.failing("list what it has"):
            fields = "items(name,size,generation),nextPageToken"
            for blob in self._bucket().list_blobs(
                prefix=self._prefix or None, fields=fields, **self._trying(asking=True)
            ):
                yield blob.name.removeprefix(self._prefix), ObjectStat(int(blob.size), str(blob.generation))

    def give(self, name: str) -> tuple[ObjectStat, Reader]:
        """See `Browsed`; what is read is of the generation that is said."""
        blob = self._bucket().get_blob(self._prefix + name, **self._trying(asking=True))
        if blob is None:
            raise FileNotFoundError(name)
        return ObjectStat(int(blob.size), str(blob.generation)), blob.open("rb", chunk_size=PART, **self._trying())

    def delete(self, digest: Digest, space: str = OBJECTS) -> None:
        """See `Remote`."""
        with self.failing(f"delete {short(digest.sha256)}"):
            blob = self._blob(digest, space)
            blob.bucket.delete_blobs([blob], on_error=lambda _: self._require_bucket(), **self._trying(asking=True))

    def _has(self, digest: Digest, space: str) -> bool:
        with self.failing(f"say whether it has {short(digest.sha256)}"):
            blob = self._blob(digest, space)
            found = blob.bucket.get_blob(blob.name, **self._trying(asking=True))
            if found is None:
                self._require_bucket()
            return found is not None and found.size == digest.size

    def _require_bucket(self) -> None:
        """Make sure, once, that it is not the bucket that is missing: what is said of an object does not tell.

        An account that may not list is believed.

        Raises:
            NotFound: it is.
        """
        from google.api_core.exceptions import Forbidden

        with self._standing:
            if not self._stands:
                with suppress(Forbidden):
                    next(
                        iter(
                            self._bucket().list_blobs(max_results=1, fields="items(name)", **self._trying(asking=True))
                        ),
                        None,
                    )
                self._stands = True

    def _blob(self, digest: Digest, space: str) -> Any:
        name = self._prefix + object_name(digest.sha256, space)
        return self._bucket().blob(name)

    def _bucket(self) -> Any:
        try:
            from google.cloud import storage
        except ImportError as error:
            raise MachineError(
                f"the remote {self.name} needs google-cloud-storage, which is not installed",
                hint="pip install 'mlvgit[gcs]'",
            ) from error
        with self._lock:
            if self._client is None:
                self._client = storage.Client(project=os.environ.get("GOOGLE_CLOUD_PROJECT"))
        return self._client.bucket(self._named)

    def _trying(self, *, asking: bool = False) -> dict[str, Any]:
        """Return how long to wait and to try; what only asks gives up earlier, as people wait for the answer."""
        from google.cloud.storage.retry import DEFAULT_RETRY

        silence = self._patience.silence / (2 if asking else 1)
        retry = DEFAULT_RETRY.with_timeout(2 * silence).with_delay(0.2, 10, 2)
        return {"retry": retry, "timeout": (self._patience.connect, silence)}

    @contextmanager
    def failing(self, what: str) -> Iterator[None]:
        """Turn what goes wrong in the client's library into errors of ours."""
        try:
            yield
        except Exception as error:
            if not isinstance(error, OSError) and type(error).__module__.split(".")[0] not in ("google", "requests"):
                raise  # ours, or a mistake in this file
            said = str(error) or type(error).__name__
            if re.search(_NO_BUCKET, said):
                make = f"gcloud storage buckets create gs://{self._named}"
                hint = f"mend its name in mlv.yaml (remotes: {self.name}), or make it: {make}"
                raise failed(self, what, f"there is no bucket {self._named}", hint=hint, sure=True) from error
            if cause := cause_of(said, _host(said), _NAMED):
                raise failed(self, what, cause.why, hint=cause.hint, sure=True) from error
            raise failed(self, what, said, hint=looked_for(said, LOOKED)) from error


def _host(said: str) -> str:
    found = re.search(r"\(host='([^']*)', port=(\d+)\)", said)
    return f"{found[1]}:{found[2]}" if found else "it"


class _Source(io.RawIOBase):
    """A file of the client's over portions, which can go back by one request, for a request that is sent again."""

    def __init__(self, portions: Iterator[bytes], size: int) -> None:
        self._portions = portions
        self._size = size
        self._held = bytearray()
        self._start = 0
        self._at = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return the next `size` bytes; those before are let go. The last come only when all are right."""
        del self._held[: self._at - self._start]
        self._start = self._at
        if size < 0 or self._at + size >= self._size:
            self._held += b"".join(self._portions)
        while len(self._held) < size and (portion := next(self._portions, b"")):
            self._held += portion
        data = bytes(self._held[: size if size >= 0 else None])
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go back, or stay."""
        if whence or not self._start <= offset <= self._start + len(self._held):
            raise io.UnsupportedOperation("the server wants bytes again that it said it had")
        self._at = offset
        return offset

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at
