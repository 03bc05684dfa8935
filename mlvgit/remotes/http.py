"""HTTP for remotes that speak it, through urllib3 (extra `mlvgit[lfs]`): time-outs of silence, few retries, closed mouths.

A redirect is followed with the same method and body; to another scheme, host or port none of the caller's own headers
go along, and never from https to http. Nothing above one portion is held in memory.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from threading import Lock
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from mlvgit import __version__
from mlvgit.core.jsontext import EMPTY
from mlvgit.core.text import printable
from mlvgit.errors import MachineError
from mlvgit.remotes.base import Patience
from mlvgit.remotes.causes import cause_of

__all__ = ["Client", "Request", "Unanswered", "is_loopback", "origin", "pieces", "split"]

PAUSE: Final = 0.5
"""Seconds before the second try; each further one waits twice as long."""
LONGEST: Final = 60.0
"""The most seconds that are waited when a server names a time."""
PIECE: Final = 1 << 16
_AGAIN: Final = frozenset((408, 429, 500, 502, 503, 504))
_MOVED: Final = frozenset((301, 302, 307, 308))
_HOPS: Final = 5
_LEAST_VISIBLE = 0x21


class Unanswered(Exception):  # noqa: N818 - it never leaves this folder
    """No answer came, or none that may be followed; the text is for people and has no secret.

    Attributes:
        hint: what to do now.
    """

    def __init__(self, said: str, hint: str = "") -> None:
        super().__init__(said)
        self.hint = hint


class Request(NamedTuple):
    """One question.

    Attributes:
        headers: what may be told to whoever answers.
        own: what only the host of `url` may read, such as Authorization.
        body: gives the body anew for every try; None for no body.
        length: of the body, in bytes.
    """

    method: str
    url: str
    headers: Mapping[str, str] = EMPTY
    own: Mapping[str, str] = EMPTY
    body: Callable[[], Iterable[bytes]] | None = None
    length: int = 0


class Client:
    """Connections to servers, kept open; for several threads at once.

    Args:
        named: where a person finds the address of the server.
    """

    def __init__(self, remote: str, patience: Patience, named: str) -> None:
        self._remote = remote
        self._named = named
        self._patience = patience
        self._managers: dict[str, Any] = {}
        self._lock = Lock()

    @contextmanager
    def answer(self, request: Request) -> Iterator[Any]:
        """Ask, again where that may help, and give the response, whatever its status; its body is not read yet.

        Raises:
            Unanswered: no answer came.
            MachineError: urllib3 is not installed.
        """
        response = self._tried(request)
        try:
            yield response
        finally:
            response.close()

    def _tried(self, request: Request) -> Any:
        urllib3 = self._library()
        pause = PAUSE
        for left in reversed(range(1 + self._patience.retries)):
            try:
                response = self._followed(request)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                if not left:
                    raise self._unanswered(error, request.url) from error
                wait = pause
            else:
                if response.status not in _AGAIN or not left:
                    return response
                wait = _asked_to_wait(response, pause)
                response.close()
            time.sleep(wait)
            pause *= 2
        raise AssertionError  # the last try returned or raised

    def _followed(self, request: Request) -> Any:
        url, own = request.url, request.own
        split(url)
        for _ in range(_HOPS):
            response = self._once(request, url, own)
            target = response.headers.get("Location", "")
            if response.status not in _MOVED or not target:
                return response
            response.close()
            target = urljoin(url, target)
            if split(url).scheme == "https" and split(target).scheme != "https":
                raise Unanswered("it sends us on from https to http, which is not followed")
            if origin(target) != origin(url):
                own = {}
            url = target
        raise Unanswered("it sends us on and on")

    def _once(self, request: Request, url: str, own: Mapping[str, str]) -> Any:
        urllib3 = self._library()
        headers = {"User-Agent": f"mlvgit/{__version__}", **request.headers, **own}
        if request.body is not None:
            headers["Content-Length"] = str(request.length)
        return self._manager(url).urlopen(
            request.method,
            url,
            body=request.body() if request.body else None,
            headers=headers,
            timeout=urllib3.Timeout(connect=self._patience.connect, read=self._patience.silence),
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def _manager(self, url: str) -> Any:
        from urllib.request import getproxies, proxy_bypass

        urllib3 = self._library()
        parts = split(url)
        direct = is_loopback(parts.hostname or "") or proxy_bypass(parts.hostname or "")
        proxy = "" if direct else getproxies().get(parts.scheme, "")
        with self._lock:
            if proxy not in self._managers:
                made = urllib3.ProxyManager(proxy, maxsize=16) if proxy else urllib3.PoolManager(maxsize=16)
                self._managers[proxy] = made
            return self._managers[proxy]

    def _unanswered(self, error: Exception, url: str) -> Unanswered:
        """Say what kept an answer from coming; the library's own words may hold a URL with its signature."""
        known = self._library().exceptions
        cause = cause_of(f"{type(error).__name__} {error}", split(url).netloc, self._named)
        if cause is not None and not isinstance(error, known.ProxyError):
            return Unanswered(*cause)
        for kind, words in (
            (known.NewConnectionError, "it cannot be reached"),
            (known.ConnectTimeoutError, f"it did not answer within {self._patience.connect:g} s"),
            (known.ReadTimeoutError, f"it said nothing for {self._patience.silence:g} s"),
            (known.SSLError, "its certificate is not trusted"),
            (known.ProxyError, "the proxy does not let us through"),
        ):
            if isinstance(error, kind):
                return Unanswered(words)
        return Unanswered("the connection broke off")

    def _library(self) -> Any:
        try:
            import urllib3
        except ImportError as error:
            raise MachineError(
                f"the remote {self._remote} needs urllib3, which is not installed", hint="pip install 'mlvgit[lfs]'"
            ) from error
        return urllib3


def split(url: str) -> SplitResult:
    """Take a URL apart that somebody else may have written.

    Raises:
        Unanswered: it is none of http or https, names no host, or has a password or a control character in it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unanswered("it names an address that is none") from None
    visible = all(ord(char) >= _LEAST_VISIBLE and char.isprintable() for char in url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not visible or "@" in parts.netloc or port == 0:
        raise Unanswered(
            f"it names an address that is not asked: {printable(parts.scheme)}://{printable(parts.netloc)}"
        )
    return parts


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port: what must be equal for a secret to go along."""
    parts = split(url)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or (443 if parts.scheme == "https" else 80)


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine, so that what is said to it crosses no wire."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def pieces(portions: Iterable[bytes]) -> Iterator[bytes]:
    """Cut what is sent into pieces so small that a slow line takes each in time."""
    for portion in portions:
        for start in range(0, len(portion), PIECE):
            yield portion[start : start + PIECE]


def _asked_to_wait(response: Any, usual: float) -> float:
    said = response.headers.get("Retry-After", "")
    return min(float(said), LONGEST) if said.isascii() and said.isdigit() else usual
