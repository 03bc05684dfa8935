"""The batch API of Git LFS: a host is asked where up to a hundred objects are, or are to go, and by whose leave.

https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md is what is spoken here. What a host answers is not
believed: addresses and headers are looked at before they are used, words are cleaned of secrets and of controls.
"""

import json
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any, Final, NamedTuple, Protocol

from mlvgit.core.digest import Digest, object_name
from mlvgit.core.text import printable
from mlvgit.remotes.http import Client, Request, Unanswered, is_loopback, origin, split

__all__ = ["AT_ONCE", "WHERE", "Action", "Batches", "Found", "GitHost", "Refused"]

AT_ONCE: Final = 100
"""How many objects one question names at most."""
MEDIA: Final = "application/vnd.git-lfs+json"
_MOST: Final = 8 << 20
_EARLY: Final = 30.0
_NEVER: Final = float("inf")
_CONNECTION: Final = frozenset(("host", "connection", "content-length", "transfer-encoding", "expect", "upgrade", "te"))
_NOT_FOUND: Final = 404
_ENTITY_TOO_LARGE: Final = 413


class GitHost(Protocol):
    """What Git knows of the host: where its LFS server is, and who the user is there."""

    def endpoint(self, operation: str) -> tuple[str, Mapping[str, str], float]:
        """Return the URL for `download` or `upload`, the headers that go with it, and for how many seconds; 0 = no end."""

    def credential(self, url: str) -> tuple[str, str] | None:
        """Return user name and password for a URL, or None."""

    def settle(self, url: str, credential: tuple[str, str], *, good: bool) -> None:
        """Tell who gave a credential whether it was taken."""


class Refused(Exception):  # noqa: N818 - it never leaves this folder
    """The host does not do what it was asked; the text is for people and has no secret.

    Attributes:
        status: of HTTP, 0 when there was none.
        hint: what to do now.
    """

    def __init__(self, said: str, status: int = 0, hint: str = "") -> None:
        super().__init__(said)
        self.status = status
        self.hint = hint


class Action(NamedTuple):
    """Where an object is, or is to go.

    Attributes:
        own: headers that only this host may read.
        until: when it ends, on the monotonic clock.
    """

    url: str
    own: Mapping[str, str]
    until: float


class Found(NamedTuple):
    """What the host says of one object.

    Attributes:
        size: in bytes, as it says.
        actions: by their names; empty when there is nothing to be done.
        code, message: what is wrong with it; 0 when nothing is.
    """

    size: int
    actions: Mapping[str, Action]
    code: int = 0
    message: str = ""


class Batches:
    """Questions to one host; for several threads at once, which wait for each other.

    Attributes:
        place: where the host was last found, for messages; "" before that.
    """

    def __init__(self, host: GitHost, client: Client) -> None:
        self.place = ""
        self._host = host
        self._client = client
        self._endpoints: dict[str, tuple[str, Mapping[str, str], float]] = {}
        self._credentials: dict[tuple[str, str, int], str] = {}
        self._secrets: set[str] = set()
        self._lock = RLock()

    def ask(self, operation: str, digests: Sequence[Digest]) -> dict[str, Found]:
        """Ask about up to `AT_ONCE` objects; what the host says nothing of is not in the answer.

        Raises:
            Refused, Unanswered: nothing is known.
            IntegrityError: a name is no SHA-256.
            MlvError: Git knows no host.
        """
        for digest in digests:
            object_name(digest.sha256)  # looks at it
        with self._lock:
            try:
                return self._asked(operation, digests)
            except Refused as error:
                if error.status != _ENTITY_TOO_LARGE or len(digests) == 1:
                    raise
            half = len(digests) // 2
            return {**self.ask(operation, digests[:half]), **self.ask(operation, digests[half:])}

    def confirm(self, action: Action, digest: Digest) -> None:
        """Let the host verify an object that it was given.

        Raises:
            Refused, Unanswered: it does not stand by it.
        """
        document = {"oid": digest.sha256, "size": digest.size}
        with self._client.answer(_request(action.url, document, action.own)) as response:
            self.check(response)

    def check(self, response: Any) -> None:
        """Look at a status, and take what was said when it is none of success.

        Raises:
            Refused: it is no success.
        """
        if 200 <= response.status < 300:
            return
        said = self._words(response)
        hint = "" if said and response.status == _NOT_FOUND else _HINTS.get(response.status, "")
        raise Refused(_sentence(response.status, said), response.status, hint)

    def _asked(self, operation: str, digests: Sequence[Digest]) -> dict[str, Found]:
        document = {
            "operation": operation,
            "transfers": ["basic"],
            "objects": [{"oid": digest.sha256, "size": digest.size} for digest in digests],
            "hash_algo": "sha256",
        }
        url, own, _ = self._endpoint(operation)
        with self._authorised(url, own, document) as response:
            self.check(response)
            answer = self._document(response)
        if answer.get("transfer", "basic") != "basic" or answer.get("hash_algo", "sha256") != "sha256":
            raise Refused("it wants a transfer or a hash that was not offered")
        wanted = {digest.sha256 for digest in digests}
        objects = answer.get("objects")
        found: dict[str, Found] = {}
        for each in objects if isinstance(objects, list) else ():
            if isinstance(each, dict) and each.get("oid") in wanted:
                found[each["oid"]] = self._found(each, url)
        return found

    def _endpoint(self, operation: str) -> tuple[str, Mapping[str, str], float]:
        known = self._endpoints.get(operation)
        if known is None or known[2] < time.monotonic() + _EARLY:
            url, own, seconds = self._host.endpoint(operation)
            self.place = split(url)._replace(query="", fragment="").geturl()
            if own and not _may_carry(url):
                raise Refused("its address is http, over which no credential is sent", hint=_HTTPS)
            self._secrets.update(own.values())
            known = (url.rstrip("/"), dict(own), time.monotonic() + seconds if seconds else _NEVER)
            self._endpoints[operation] = known
        return known

    @contextmanager
    def _authorised(self, url: str, own: Mapping[str, str], document: Mapping[str, Any]) -> Iterator[Any]:
        """Ask as nobody, then, when the host wants to know who asks, as whom `git credential` says."""
        place = origin(url)
        asked = f"{url}/objects/batch"
        token = self._credentials.get(place)
        with self._client.answer(_request(asked, document, _with(own, token))) as response:
            if response.status != 401:
                yield response
                return
            said = _sentence(response.status, self._words(response))
        if _has_authorization(own):
            raise Refused(f"{said}; it refused the Authorization header that Git has for it", 401, _HEADER)
        if not _may_carry(url):
            raise Refused(f"{said}; its address is http, over which no credential is sent", 401, _HTTPS)
        credential = self._host.credential(url)
        if credential is None:
            raise Refused(f"{said}; git credential has none for it", 401, _WHO)
        token = "Basic " + b64encode(":".join(credential).encode()).decode()
        self._secrets.update((credential[1], token, token.removeprefix("Basic ")))
        with self._client.answer(_request(asked, document, _with(own, token))) as response:
            good = response.status != 401
            self._host.settle(url, credential, good=good)
            if not good:
                said = _sentence(401, self._words(response))
                raise Refused(
                    f"{said}; it refused the credentials{_of(*credential)} that git credential gave", 401, _WRONG
                )
            self._credentials[place] = token
            yield response

    def _document(self, response: Any) -> dict[str, Any]:
        raw = _read(response, _MOST)
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise Refused("what answers there is no LFS server", response.status, WHERE)
        return answer

    def _found(self, each: Mapping[str, Any], endpoint: str) -> Found:
        size = each.get("size")
        error = each.get("error")
        if isinstance(error, dict):
            code = error.get("code")
            return Found(-1, {}, code if isinstance(code, int) and code else 500, self._clean(error.get("message")))
        actions: dict[str, Action] = {}
        given = each.get("actions", each.get("_links"))
        for name, action in given.items() if isinstance(given, dict) else ():
            if name in ("download", "upload", "verify"):
                actions[name] = self._action(action, endpoint, authenticated=each.get("authenticated") is True)
        return Found(size if isinstance(size, int) else -1, actions)

    def _action(self, given: Any, endpoint: str, *, authenticated: bool) -> Action:
        url = given.get("href") if isinstance(given, dict) else None
        if not isinstance(url, str):
            raise Refused("it gives no address for an object")
        parts = split(url)
        if split(endpoint).scheme == "https" and parts.scheme != "https":
            raise Refused("it sends us on from https to http, which is not followed")
        own = _headers(given.get("header"))
        self._secrets.update(own.values())
        token = self._credentials.get(origin(endpoint))
        if token and not authenticated and not _has_authorization(own) and origin(url) == origin(endpoint):
            own = {**own, "Authorization": token}
        return Action(url, own, _until(given))

    def _words(self, response: Any) -> str:
        """Return what a server of LFS says of an error, "" when it is none."""
        try:
            document = json.loads(_read(response, _MOST))
        except (ValueError, RecursionError, Unanswered):
            return ""
        return self._clean(document.get("message")) if isinstance(document, dict) else ""

    def _clean(self, words: Any) -> str:
        text = words if isinstance(words, str) else ""
        for secret in sorted(self._secrets, key=len, reverse=True):
            if secret:
                text = text.replace(secret, "***")
        return printable(text.strip().split("\n")[0][:200])


_HTTPS: Final = "name its https address: git config lfs.url https://HOST/PATH"
_WRONG: Final = "the helpers of git credential were told so: give the right ones when git asks, as git push does"
_HEADER: Final = "git config --get-all http.extraHeader sets it, or the host does over ssh (git-lfs-authenticate)"
_WHO: Final = "Git has no credential for it: git credential fill asks the same helpers; or push once with plain git"
WHERE: Final = "git config lfs.url, remote.NAME.lfsurl, .lfsconfig or the remote's URL say where it is looked for"
_TOKEN: Final = 32
"""Letters of the shortest token."""
_STATUS: Final = {
    401: "it does not know who asks",
    403: "it does not allow that",
    404: "there is no LFS server, or it does not show itself",
    413: "too much at once",
    429: "too many questions",
    507: "its disk is full",
    509: "its bandwidth is used up",
}
_HINTS: Final = {403: "ask for the right to write in that repository", 404: WHERE}


def _of(user: str, password: str) -> str:
    """Say whose a credential is; some hosts take a token in place of the name, which is not shown."""
    return f" of {printable(user)}" if 0 < len(user) < _TOKEN and password != "x-oauth-basic" else ""


def _sentence(status: int, said: str) -> str:
    return ": ".join(filter(None, (f"HTTP {status}", said or _STATUS.get(status, ""))))


def _request(url: str, document: Mapping[str, Any], own: Mapping[str, str]) -> Request:
    raw = json.dumps(document, separators=(",", ":")).encode()
    return Request("POST", url, {"Accept": MEDIA, "Content-Type": MEDIA}, own, lambda: [raw], len(raw))


def _with(own: Mapping[str, str], token: str | None) -> Mapping[str, str]:
    return {**own, "Authorization": token} if token else own


def _has_authorization(headers: Mapping[str, str]) -> bool:
    return any(name.lower() == "authorization" for name in headers)


def _may_carry(url: str) -> bool:
    """Say whether a credential may be sent there."""
    parts = split(url)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def _headers(given: Any) -> dict[str, str]:
    """Return the headers that an action names; those of the connection are ours."""
    found: dict[str, str] = {}
    for name, value in given.items() if isinstance(given, dict) else ():
        if not isinstance(value, str) or not (name + value).isascii() or not (name + value).isprintable():
            raise Refused("it names a header that is none")
        if not name or any(char in ' ():;,/<>=?@[]{}"\\' for char in name):
            raise Refused("it names a header that is none")
        if name.lower() not in _CONNECTION:
            found[name] = value
    return found


def _until(given: Mapping[str, Any]) -> float:
    seconds = given.get("expires_in")
    if isinstance(seconds, int | float) and seconds:
        return time.monotonic() + seconds
    at = given.get("expires_at")
    if isinstance(at, str) and at:
        from datetime import UTC, datetime

        try:
            end = datetime.fromisoformat(at)
        except ValueError:
            return _NEVER
        if end.tzinfo is None:
            end = end.replace(tzinfo=UTC)
        left = (end - datetime.now(UTC)).total_seconds()
        return time.monotonic() + left if left > -365 * 86_400 else _NEVER  # the year 1 says that there is no end
    return _NEVER


def _read(response: Any, most: int) -> bytes:
    """Read a body of limited size.

    Raises:
        Unanswered: it breaks off, or is larger.
    """
    import urllib3

    try:
        raw: bytes = response.read(most + 1)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unanswered("the connection broke off") from error
    if len(raw) > most:
        raise Unanswered("its answer has no end")
    return raw
