"""Object storage through obstore: what S3 and Azure have in common.

An object's key is the SHA-256 of its bytes, so to write it again is harmless, and no conditional put is needed. Bytes
are hashed before the last portion leaves: a source that changed never becomes an object, as a multipart upload that
is not completed has no name, and a small one is not begun.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from mlvgit.core.digest import Digest, object_name
from mlvgit.core.text import short
from mlvgit.errors import MachineError, MlvError
from mlvgit.remotes.base import (
    OBJECTS,
    PORTION,
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

__all__ = ["BucketRemote", "Door", "Parts", "import_obstore", "only_to"]

PART: Final = 16 << 20
"""Bytes of one part of a multipart upload."""
PARTS: Final = 9_000
"""How many parts an upload has at most; S3 takes 10,000."""
_FOREVER: Final = timedelta(days=365)


class Door(NamedTuple):
    """How a kind of bucket is opened.

    Attributes:
        extra: the extra of mlvgit that brings the library.
        open: makes the store, given how long and how often to try; it adds which hosts may be spoken to (`only_to`).
        looked: where credentials are looked for, for the person who has none.
        named: where a person finds the address of the server.
        noun: what a bucket is called.
        make: the command that makes one, which is called NAME there.
        machine: the address that gives credentials to a machine of the provider; asked last, and nobody's elsewhere.
    """

    extra: str
    open: Callable[[Any, Any], Any]
    looked: str
    named: str
    noun: str
    make: str
    machine: str


class BucketRemote:
    """Objects below a prefix of a bucket.

    Args:
        url: as in mlv.yaml.
        prefix: what stands before the names of spaces; "" for none.

    Attributes:
        prefix: the same with a slash at its end; "" for none.
        door: how it is opened.
    """

    whole_only = False

    def __init__(self, name: str, url: str, prefix: str, door: Door, patience: Patience) -> None:
        self.name = name
        self.url = url
        self.trouble: MlvError | None = None
        self.notices: list[str] = []
        self.prefix = f"{prefix}/" if prefix else ""
        self.door = door
        self._patience = patience
        self._opened: dict[bool, Any] = {}
        self._stands = False
        self._lock = Lock()

    def presence(self, digests: Iterable[Digest], space: str = OBJECTS) -> dict[str, bool | None]:
        """See `Remote`."""
        import_obstore(self.name, self.door.extra)
        return presences(self, digests, lambda digest: self._has(digest, space))

    def upload(self, digest: Digest, source: Path, space: str = OBJECTS) -> None:
        """See `Remote`."""
        obstore = import_obstore(self.name, self.door.extra)
        part = max(PART, -(-digest.size // PARTS))
        data = portions(digest, source)
        with self.failing(
            f"take {short(digest.sha256)}", clearing="it broke off, and its parts could not be cleared away"
        ):
            obstore.put(
                self.store(sending=True),
                self._key(digest, space),
                b"".join(data) if digest.size <= PART else data,
                chunk_size=part,
                max_concurrency=4,
            )

    @contextmanager
    def download(self, digest: Digest, space: str = OBJECTS) -> Iterator[Reader]:
        """See `Remote`."""
        obstore = import_obstore(self.name, self.door.extra)
        doing = f"give {short(digest.sha256)}"
        with self.failing(doing):
            try:
                found = obstore.get(self.store(), self._key(digest, space))
            except FileNotFoundError as error:
                if _no_bucket(error):
                    raise
                raise lacking(self, digest) from error
            parts = iter(found.stream(min_chunk_size=PORTION))
        yield Limited(Parts(parts), digest.size + 1, lambda: self.failing(doing))

    def names(self, space: str = OBJECTS) -> Iterator[Digest]:
        """See `Remote`."""
        obstore = import_obstore(self.name, self.door.extra)
        below = f"{self.prefix}{space}/"
        last = None
        with self.failing("list what it has"):
            for page in obstore.list(self.store(), prefix=below, chunk_size=1000):
                for entry in page:
                    digest = named(entry["path"].removeprefix(below), entry["size"])
                    if digest is not None and digest != last:  # a server that was just written to may name one twice
                        yield digest
                        last = digest

    def everything(self) -> Iterator[tuple[str, ObjectStat]]:
        """See `Browsed`."""
        obstore = import_obstore(self.name, self.door.extra)
        with self.failing("list what it has"):
            for page in obstore.list(self.store(), prefix=self.prefix or None, chunk_size=1000):
                for entry in page:
                    if entry["path"].startswith(self.prefix):
                        yield entry["path"].removeprefix(self.prefix), _stat(entry)

    def give(self, name: str) -> tuple[ObjectStat, Reader]:
        """See `Browsed`."""
        found = import_obstore(self.name, self.door.extra).get(self.store(), self.prefix + name)
        return _stat(found.meta), Parts(iter(found.stream(min_chunk_size=PORTION)))

    def delete(self, digest: Digest, space: str = OBJECTS) -> None:
        """See `Remote`."""
        obstore = import_obstore(self.name, self.door.extra)
        with self.failing(f"delete {short(digest.sha256)}"):
            for left in range(self._patience.retries, -1, -1):
                try:
                    obstore.delete(self.store(), self._key(digest, space))
                except FileNotFoundError as error:
                    if _no_bucket(error):
                        raise
                    return
                except obstore.exceptions.GenericError:  # the library sends this once, as it does not know what we know
                    if not left:
                        raise
                else:
                    return

    def _key(self, digest: Digest, space: str) -> str:
        return self.prefix + object_name(digest.sha256, space)

    def _has(self, digest: Digest, space: str) -> bool:
        import obstore

        with self.failing(f"say whether it has {short(digest.sha256)}"):
            try:
                return obstore.head(self.store(), self._key(digest, space))["size"] == digest.size
            except FileNotFoundError:
                self._require_bucket(self._key(digest, space))
                return False

    def _require_bucket(self, key: str) -> None:
        """Make sure, once, that it is not the bucket that is missing: the answer to HEAD has no room to say so.

        Raises:
            FileNotFoundError: it is.
        """
        import obstore

        with self._lock:
            if self._stands:
                return
            try:
                obstore.get(self.store(), key)
            except FileNotFoundError as error:
                if _no_bucket(error):
                    raise
            self._stands = True

    def store(self, *, sending: bool = False) -> Any:
        """Open the bucket. Silence limits what is read; while bytes are sent nothing can be heard, and time does."""
        if sending not in self._opened:
            client: dict[str, Any] = {
                "connect_timeout": timedelta(seconds=self._patience.connect),
                "timeout": timedelta(seconds=self._patience.request) if sending else _FOREVER,
            }
            if not sending:
                client["read_timeout"] = timedelta(seconds=self._patience.silence)
            limit = timedelta(seconds=2 * self._patience.silence)
            retry = {"max_retries": self._patience.retries, "retry_timeout": limit}
            self._opened[sending] = self.door.open(client, retry)
        return self._opened[sending]

    @contextmanager
    def failing(self, what: str, *, clearing: str = "") -> Iterator[None]:
        """Turn what the library raises into "it does not WHAT".

        Args:
            clearing: what is said besides when it is the clearing away that failed, of which alone the library tells then.

        Raises:
            RemoteError: it did.
        """
        try:
            yield
        except Exception as error:
            if not isinstance(error, OSError) and not type(error).__module__.startswith("obstore"):
                raise  # ours, or a mistake in this file
            said = _said(error)
            if f" {self.door.machine}:" in said:
                said = "no credentials were found"
            elif _no_bucket(error):
                raise failed(
                    self, what, f"there is no {self.door.noun} {self._bucket} ({said})", hint=self._made, sure=True
                ) from error
            elif cause := cause_of(str(error), _host(said), self.door.named):
                raise failed(self, what, cause.why, hint=cause.hint, sure=True) from error
            elif clearing and said.startswith("DELETE "):
                said = f"{clearing}: {said}"
            raise failed(self, what, said, hint=looked_for(said, self.door.looked)) from error

    @property
    def _bucket(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def _made(self) -> str:
        """What to do about a bucket that is not there."""
        return f"mend its name in mlv.yaml (remotes: {self.name}), or make it: {self.door.make.replace('NAME', self._bucket)}"


class Parts:
    """Turns a stream of parts into a reader."""

    def __init__(self, parts: Iterator[Any]) -> None:
        self._parts = parts
        self._held = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        if not self._held:
            self._held = memoryview(bytes(next(self._parts, b"")))
        given, self._held = bytes(self._held[:size]), self._held[size:]
        return given


def _no_bucket(error: Exception) -> bool:
    """Say whether it is the bucket that is not there."""
    return re.search(r"<Code>(NoSuchBucket|ContainerNotFound)</Code>", str(error)) is not None


def _host(said: str) -> str:
    """Return the host that was asked, as `_said` names it."""
    found = re.search(r"https?://([^/\s]*[^/\s:])", said)
    return found[1] if found else "it"


def _said(error: Exception) -> str:
    """Return what went wrong, and with which server, without what the library says around it."""
    text = str(error).strip() or type(error).__name__
    line = re.sub(r"^.*Error performing (\w+) ([^\s/]*(?://[^\s/]*)?)\S* in .*? - ", r"\1 \2: ", text.split("\n")[0])
    line = re.sub(r":?\s*(<.*)?$", "", line.replace("Server returned non-2xx status code: ", ""))
    code = re.search(r"<Code>(\w+)</Code>", text)
    return f"{line} ({code[1]})" if code else line


def only_to(address: str, *hosts: str) -> dict[str, Any]:
    """Return options of the client with which no other host is spoken to, and http only where the address says so.

    The library follows redirects to anywhere, and takes session tokens and signatures along. What is not for these
    hosts is therefore sent to a proxy that cannot be: nothing listens on port 0. Where a real proxy is set up, that is
    what decides who is spoken to.

    Args:
        address: of the server, as a URL.
        hosts: others that are needed, such as those that give credentials; with all below them.
    """
    from urllib.request import getproxies

    options: dict[str, Any] = {"allow_http": address.lower().startswith("http://")}
    if not getproxies().keys() - {"no"}:
        names = [urlsplit(address).hostname or "", *hosts]
        options |= {"proxy_url": "http://127.0.0.1:0", "proxy_excludes": ",".join(filter(None, names))}
    return options


def import_obstore(name: str, extra: str) -> Any:
    """Return the library.

    Raises:
        MachineError: it is not installed.
    """
    try:
        import obstore
        import obstore.exceptions
        import obstore.store
    except ImportError as error:
        raise MachineError(
            f"the remote {name} needs obstore, which is not installed", hint=f"pip install 'mlvgit[{extra}]'"
        ) from error
    return obstore


def _stat(meta: object) -> ObjectStat:
    found: dict[str, object] = dict(meta)  # type: ignore[call-overload]
    tag = str(found.get("e_tag") or found["last_modified"]).removeprefix("W/").strip('"')
    return ObjectStat(int(str(found["size"])), tag)
