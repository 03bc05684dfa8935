"""The Git host's own LFS server as a remote, through the batch API (extra `mlvgit[lfs]`): no bucket is needed.

Objects stay whole, and a host neither lists nor deletes them by this API. Most hosts do delete what no pointer in the
repository names: whoever uploads sees to it that one does. The empty file has no object in Git LFS; it is always there.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final, NoReturn

from mlvgit.core.digest import Digest
from mlvgit.core.text import printable, short
from mlvgit.errors import MlvError, RemoteError, UsageError
from mlvgit.remotes.base import OBJECTS, PORTION, Limited, Patience, Reader, failed, lacking, portions
from mlvgit.remotes.http import Client, Request, Unanswered, pieces
from mlvgit.remotes.lfsbatch import AT_ONCE, WHERE, Action, Batches, Found, GitHost, Refused

__all__ = ["LfsRemote"]

_GONE: Final = frozenset((404, 410))
_INVALID: Final = 422
_RENEW: Final = frozenset((401, 403, 404, 410))
_RESUMES: Final = 3
_PARTIAL: Final = 206
_SOON: Final = 5.0


class LfsRemote:
    """Objects on an LFS server.

    Args:
        url: for messages.
        host: what Git knows of it.
    """

    whole_only = True

    def __init__(self, name: str, url: str, host: GitHost, patience: Patience) -> None:
        self.name = name
        self.url = url
        self.trouble: MlvError | None = None
        self.notices: list[str] = []
        self._client = Client(name, patience, WHERE)
        self._batches = Batches(host, self._client)
        self._lock = Lock()
        self._asking = Lock()
        self._waiting: dict[tuple[str, str], Digest] = {}
        self._known: dict[tuple[str, str], Found] = {}
        self._lacked: dict[str, Digest] = {}

    def presence(self, digests: Iterable[Digest], space: str = OBJECTS) -> dict[str, bool | None]:
        """See `Remote`. Asked as a download is, which needs the right to read alone, and moves no bytes."""
        self._only_whole(space)
        wanted = list(dict.fromkeys(digests))
        answer: dict[str, bool | None] = {digest.sha256: True for digest in wanted if not digest.size}
        asked = [digest for digest in wanted if digest.size]
        for start in range(0, len(asked), AT_ONCE):
            some = asked[start : start + AT_ONCE]
            try:
                with self._failing("say what it has"):
                    answer |= self._presence(some)
            except RemoteError as error:
                self.trouble = error
                return {**answer, **{digest.sha256: None for digest in asked[start:]}}
        return answer

    def upload(self, digest: Digest, source: Path, space: str = OBJECTS) -> None:
        """See `Remote`. What the host says to have, it does not take again."""
        self._only_whole(space)
        if not digest.size:
            return
        with self._failing(f"take {short(digest.sha256)}"):
            found = self._where("upload", digest)
            if "upload" not in found.actions:
                return
            try:
                self._put(digest, source, found.actions["upload"])
            except Refused as error:
                if error.status not in _RENEW:
                    raise
                found = self._where("upload", digest)  # what was asked a while ago may have ended
                if "upload" in found.actions:
                    self._put(digest, source, found.actions["upload"])
            if "verify" in found.actions:
                self._batches.confirm(found.actions["verify"], digest)

    @contextmanager
    def download(self, digest: Digest, space: str = OBJECTS) -> Iterator[Reader]:
        """See `Remote`. A connection that breaks off is taken up again where it broke."""
        self._only_whole(space)
        failing = f"give {short(digest.sha256)}"
        body = _Body(self._client, self._batches)
        try:
            if digest.size:
                with self._failing(failing):
                    try:
                        body.open(self._download(digest))
                    except Refused as error:
                        if error.status not in _RENEW:
                            raise
                        body.open(self._download(digest))
            yield Limited(body, digest.size + 1, lambda: self._failing(failing))
        finally:
            body.close()

    def names(self, space: str = OBJECTS) -> Iterator[Digest]:
        """See `Remote`; this kind cannot.

        Raises:
            UsageError: always.
        """
        self._cannot("list what it has")

    def delete(self, digest: Digest, space: str = OBJECTS) -> None:
        """See `Remote`; this kind cannot.

        Raises:
            UsageError: always.
        """
        self._cannot(f"delete {short(digest.sha256)}")

    def _presence(self, some: Sequence[Digest]) -> dict[str, bool | None]:
        try:
            operation, found = "download", self._batches.ask("download", some)
        except Refused as error:
            if error.status not in (*_GONE, _INVALID):
                raise
            # Some hosts say this of the whole question when they have nothing of it: who may write is told more.
            operation, found = "upload", self._batches.ask("upload", some)
        return {digest.sha256: self._there(operation, digest, found.get(digest.sha256)) for digest in some}

    def _there(self, operation: str, digest: Digest, found: Found | None) -> bool | None:
        if found is None or (found.code and found.code not in (*_GONE, _INVALID)):
            said = found.message or f"error {found.code}" if found else "it leaves the object out"
            self.trouble = failed(self, f"say whether it has {short(digest.sha256)}", said)
            return None
        there = not found.code and found.size in (-1, digest.size)
        there = there and ("upload" not in found.actions if operation == "upload" else "download" in found.actions)
        with self._lock:
            if not found.code:
                self._known[operation, digest.sha256] = found
            if not there and operation == "download":
                self._lacked[digest.sha256] = digest
        return there

    def _where(self, operation: str, digest: Digest) -> Found:
        """Return what the host says of one object; who waits for an answer, or was found lacking, is asked about with it."""
        with self._lock:
            self._waiting[operation, digest.sha256] = digest
        with self._asking:
            with self._lock:
                known = self._known.pop((operation, digest.sha256), None)
                asked = [] if known is not None and _lasts(known) else self._together(operation, digest)
                self._waiting.pop((operation, digest.sha256), None)
                self._lacked.pop(digest.sha256, None)
            if asked:
                answer = self._batches.ask(operation, asked)
                known = answer.pop(digest.sha256, None)
                with self._lock:
                    self._known.update({(operation, sha256): found for sha256, found in answer.items()})
        if known is None:
            raise Refused("it leaves the object out")
        if known.code:
            raise Refused(known.message or f"error {known.code}", known.code)
        return known

    def _together(self, operation: str, digest: Digest) -> list[Digest]:
        """Return what to ask about in one question, this object first."""
        others = [each for (wanted, _), each in self._waiting.items() if wanted == operation]
        if operation == "upload":
            others += self._lacked.values()
        asked = list(dict.fromkeys([digest, *others]))[:AT_ONCE]
        for each in asked:
            self._lacked.pop(each.sha256, None)
        return asked

    def _download(self, digest: Digest) -> Action:
        try:
            found = self._where("download", digest)
        except Refused as error:
            if error.status in _GONE and not error.hint:
                raise lacking(self, digest) from error
            raise
        if "download" not in found.actions:
            raise Refused("it gives no address for the object")
        return found.actions["download"]

    def _put(self, digest: Digest, source: Path, action: Action) -> None:
        usual = {"Content-Type": "application/octet-stream"}
        if any(name.lower() == "content-type" for name in action.own):
            usual = {}
        request = Request(
            "PUT", action.url, usual, action.own, lambda: pieces(portions(digest, source)), length=digest.size
        )
        with self._client.answer(request) as response:
            self._batches.check(response)

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (Refused, Unanswered) as error:
            self.url = self._batches.place or self.url
            raise failed(self, what, str(error), hint=error.hint) from error

    def _only_whole(self, space: str) -> None:
        if space != OBJECTS:
            self._cannot(f"keep parts of files ({printable(space)}); it keeps whole ones")

    def _cannot(self, what: str) -> NoReturn:
        raise UsageError(
            f"{self.name} ({printable(self.url)}) is a Git LFS server, which cannot {what}",
            hint="what a host keeps is told by the pointers in the repository; its own pages free its space",
        )


class _Body:
    """The bytes of an object as they come; nothing before it is opened."""

    def __init__(self, client: Client, batches: Batches) -> None:
        self._client = client
        self._batches = batches
        self._action: Action | None = None
        self._entered: Any = None
        self._response: Any = None
        self._at = 0
        self._left = _RESUMES

    def open(self, action: Action) -> None:
        self.close()
        self._action = action
        own = {**action.own, "Range": f"bytes={self._at}-"} if self._at else action.own
        self._entered = self._client.answer(Request("GET", action.url, own=own))
        self._response = self._entered.__enter__()
        self._batches.check(self._response)

    def read(self, size: int, /) -> bytes:
        import urllib3

        while self._response is not None:
            try:
                got: bytes = self._response.read(size, decode_content=False)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                self._resume(error)
                continue
            self._at += len(got)
            return got
        return b""

    def close(self) -> None:
        if self._entered is not None:
            self._entered.__exit__(None, None, None)
            self._entered = self._response = None

    def _resume(self, error: Exception) -> None:
        if not self._left or self._action is None:
            raise Unanswered("the connection broke off") from error
        self._left -= 1
        at = self._at
        self.open(self._action)
        if self._response.status == _PARTIAL:
            if not self._response.headers.get("Content-Range", "").startswith(f"bytes {at}-"):
                raise Unanswered("the connection broke off, and it goes on elsewhere") from error
            return
        self._at = 0  # it gives the whole object again: what came is not given a second time
        while self._at < at and self.read(min(PORTION, at - self._at)):
            pass


def _lasts(found: Found) -> bool:
    ends: Sequence[float] = [action.until for action in found.actions.values()]
    return not ends or min(ends) > time.monotonic() + _SOON
