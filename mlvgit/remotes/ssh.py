"""A folder on another machine as a remote, over SSH: the user's own `ssh` makes the connection, SFTP does the rest.

So `~/.ssh/config`, the agent, known hosts and jump hosts hold as everywhere, and `GIT_SSH_COMMAND` names another program
as it does for Git. An object is written under another name, flushed where the server can, and renamed: it is complete or
not there. The folder looks like any folder remote: `sftp`, `rsync` or `cp` alone can read it back.
"""

import os
import re
import shutil
import stat
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from mlvgit.core.digest import Digest, object_name
from mlvgit.core.text import printable, short
from mlvgit.errors import MachineError, RemoteError, UsageError
from mlvgit.remotes.base import Limited, Reader, portions
from mlvgit.remotes.sftp import (
    CREATE,
    EXCLUSIVE,
    FAILURE,
    NO_SUCH_FILE,
    READ,
    WRITE,
    Attributes,
    Reply,
    Session,
    SftpError,
    Status,
)

__all__ = ["Place", "SshRemote"]

PATIENCE: Final = 60.0
"""Seconds without a word from the server after which the connection is given up."""
WITH_A_PERSON: Final = 300.0
"""The same until the first word, where ssh may ask a person for a passphrase."""
CHUNK: Final = 32 << 10
"""Bytes of one request; every server takes this much."""
WINDOW: Final = 64
"""Requests of one transfer that are under way at once: 2 MiB."""
ASKING: Final = 1024
"""How many objects are asked about at once."""

_URL = re.compile(r"ssh://(?:([^@/]*)@)?(\[[0-9A-Fa-f:.]+\]|[^:/@]*)(?::([0-9]*))?(/.*)?", re.IGNORECASE | re.DOTALL)
# What ssh may pass to a shell (%h and %r of a ProxyCommand) holds nothing that a shell takes for more than a name.
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.@+-]*", re.ASCII)
_OPTIONS: Final = (
    *("-x", "-a", "-T"),  # no display, no agent, no terminal over there
    *("-o", "PermitLocalCommand=no"),
    *("-o", "ClearAllForwardings=yes"),
    *("-o", "RemoteCommand=none"),
    *("-o", "ControlMaster=no"),  # use a connection that is there, but be none that others would lose with us
)


class Place(NamedTuple):
    """What an `ssh://` URL means.

    Attributes:
        user: "" for what ssh takes by itself.
        port: 0 for what ssh takes by itself.
        folder: on the server; relative to the account's home unless it begins with a slash.
    """

    user: str
    host: str
    port: int
    folder: str

    @classmethod
    def parse(cls, name: str, url: str) -> "Place":
        """Read `ssh://[user@]host[:port]/path`; `/~/path` is below the account's home.

        Raises:
            UsageError: it is none, or would be taken for an option, a command or two lines.
        """
        match = _URL.fullmatch(url)
        user, host, port, path = (
            (unquote(part or "", errors="surrogateescape") for part in match.groups()) if match else ("", "", "", "")
        )
        folder = path.removeprefix("/~/") if path.startswith("/~/") else path
        number = int(port) if port.isdecimal() and len(port) < 6 else 0
        for wrong, what in (
            (match is None, "is not ssh://user@host:port/path"),
            (not _HOST.fullmatch(host), "has a host that is no name of a host"),
            (match and match[1] is not None and not _USER.fullmatch(user), "has a user that is no name of an account"),
            (port and not 0 < number < 65536, "has a port that is none"),
            (not folder.strip("/") or folder.startswith("/~"), "names no folder"),
            (not folder.isprintable(), "has a character in its path that cannot be seen"),
        ):
            if wrong:
                raise UsageError(
                    f"the URL of the remote {name} {what}: {printable(url)}", hint="url: ssh://USER@HOST/FOLDER"
                )
        return cls(user, host.strip("[]"), number, folder.rstrip("/"))

    @property
    def arguments(self) -> list[str]:
        """The options of ssh that lead there."""
        return [*(["-p", str(self.port)] if self.port else []), *(["-l", self.user] if self.user else [])]

    @property
    def by_hand(self) -> str:
        """The command that connects there."""
        return " ".join(["ssh", *self.arguments, self.host])


class SshRemote:
    """Objects below a folder of another machine, which is made at the first upload.

    Args:
        name: as in mlv.yaml.
        url: as in mlv.yaml.

    Raises:
        UsageError: see `Place.parse`. Nothing is connected to before something is asked.
    """

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self._place = Place.parse(name, url)
        self._opened: Session | None = None
        self._ready: set[bytes] = set()
        self._lock = threading.Lock()

    def presence(self, digests: Iterable[Digest]) -> dict[str, bool | None]:
        """See `Remote`. A folder that is not there has nothing; one that cannot be read is unknown."""
        left = iter(digests)
        found: dict[str, bool | None] = {}
        while wanted := list(islice(left, ASKING)):
            found.update(dict.fromkeys(digest.sha256 for digest in wanted))
            with suppress(SftpError):
                seen = self._look(self._session(), wanted)
                found.update({digest.sha256: _is_whole(seen[digest], digest) for digest in wanted})
        return found

    def upload(self, digest: Digest, source: Path) -> None:
        """See `Remote`."""
        with self._failing("take", digest):
            session = self._session()
            path = self._path(digest)
            self._make(session, path.rpartition(b"/")[0])
            _write(session, path, digest, source)

    @contextmanager
    def download(self, digest: Digest) -> Iterator[Reader]:
        """See `Remote`."""
        with self._failing("give", digest):
            session = self._session()
            seen = self._look(session, [digest])[digest]
            if isinstance(seen, Status):
                raise seen
            if not stat.S_ISREG(seen.mode or 0):
                raise RemoteError(f"{object_name(digest.sha256)} in {printable(self.url)} is not a file")
            handle = session.open(self._path(digest), READ).handle()
        limit = digest.size + 1 if seen.size is None else min(digest.size + 1, seen.size)
        try:
            yield Limited(_Stream(session, handle, limit, lambda: self._failing("give", digest)), digest.size + 1)
        finally:
            with suppress(SftpError):
                session.close_handle(handle)

    def _path(self, digest: Digest) -> bytes:
        return f"{self._place.folder}/{object_name(digest.sha256)}".encode()

    def _session(self) -> Session:
        with self._lock:
            if self._opened is None or self._opened.why:
                if self._opened:
                    self._opened.close()
                try:
                    self._opened = Session(self._command(), PATIENCE, WITH_A_PERSON if os.isatty(2) else PATIENCE)
                except OSError as error:
                    raise MachineError(
                        f"cannot run ssh for the remote {self.name}: {error.strerror}",
                        hint="install the OpenSSH client, or name a program in GIT_SSH_COMMAND",
                    ) from error
                self._ready = set()
                weakref.finalize(self, Session.close, self._opened)
            return self._opened

    def _command(self) -> list[str]:
        nobody = () if os.isatty(2) else ("-o", "BatchMode=yes")
        options = [*_OPTIONS, *nobody, *self._place.arguments, "-s", "--", self._place.host, "sftp"]
        given = os.environ.get("GIT_SSH_COMMAND")
        if given:
            return [
                "/bin/sh",
                "-c",
                given + ' "$@"',
                given,
                *options,
            ]  # as Git does; it is the user's, not a repository's
        folders = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(folder)]
        return [shutil.which("ssh", path=os.pathsep.join(folders)) or "/usr/bin/ssh", *options]

    def _look(self, session: Session, digests: Iterable[Digest]) -> dict[Digest, Attributes | Status]:
        """See what stands under the names of objects; no link on the way is followed."""
        paths = {digest: self._path(digest) for digest in digests}
        asked: dict[bytes, Reply] = {}
        for path in paths.values():
            for each in _inner(path):
                if each not in asked:
                    asked[each] = session.lstat(each)
        seen: dict[bytes, Attributes | Status] = {}
        for each, reply in asked.items():
            try:
                seen[each] = reply.attributes()
            except Status as status:
                seen[each] = status
        return {digest: _reached([seen[each] for each in _inner(path)]) for digest, path in paths.items()}

    def _make(self, session: Session, folder: bytes) -> None:
        """Make the folder of an object, and those around it; the inner two must be no links."""
        if folder in self._ready:
            return
        top = self._place.folder.encode()
        for end in [at for at, char in enumerate(top + b"/") if char == 0x2F and at]:
            try:
                session.stat(top[:end]).attributes()
            except Status:
                with suppress(Status):  # somebody else may have made it meanwhile
                    session.make_folder(top[:end]).ok()
        for inner in (folder.rpartition(b"/")[0], folder):
            with suppress(Status):
                session.make_folder(inner).ok()
            if not stat.S_ISDIR(session.lstat(inner).attributes().mode or 0):
                raise RemoteError(f"{printable(os.fsdecode(inner))} in {printable(self.url)} is not a folder")
        self._ready.add(folder)

    @contextmanager
    def _failing(self, verb: str, digest: Digest) -> Iterator[None]:
        try:
            yield
        except Status as status:
            what = f"{self.name} ({printable(self.url)})"
            if status.code == NO_SUCH_FILE and verb == "give":
                raise RemoteError(f"{what} does not have {short(digest.sha256)}") from status
            self._ready.clear()  # a folder may have been taken away
            raise RemoteError(f"{what} does not {verb} {short(digest.sha256)}: {status}") from status
        except (SftpError, OSError) as error:
            raise RemoteError(
                f"{self.name} ({printable(self.url)}) does not {verb} {short(digest.sha256)}: {error}",
                hint=f"connect by hand, to see what is missing: {self._place.by_hand}",
            ) from error


class _Stream:
    """Reads a file, a window of requests ahead of the reader."""

    def __init__(self, session: Session, handle: bytes, limit: int, failing: Callable[[], Any]) -> None:
        self._session = session
        self._handle = handle
        self._limit = limit
        self._failing = failing
        self._next = 0
        self._held = memoryview(b"")
        self._asked: deque[tuple[int, int, Reply]] = deque()

    def read(self, size: int, /) -> bytes:
        if not self._held:
            with self._failing():
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


def _write(session: Session, path: bytes, digest: Digest, source: Path) -> None:
    temporary = path.rpartition(b"/")[0] + f"/.mlv-tmp-{os.urandom(8).hex()}".encode()
    handle = session.open(temporary, WRITE | CREATE | EXCLUSIVE, 0o444).handle()
    sent: deque[Reply] = deque()
    offset = 0
    try:
        for portion in portions(digest, source):
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


def _inner(path: bytes) -> list[bytes]:
    """Return an object's path and the two folders that are ours, outermost first."""
    folder = path.rpartition(b"/")[0]
    return [folder.rpartition(b"/")[0], folder, path]


def _reached(chain: Sequence[Attributes | Status]) -> Attributes | Status:
    for each in chain[:-1]:
        if isinstance(each, Status):
            return each
        if not stat.S_ISDIR(each.mode or 0):
            return Status(FAILURE, "a folder on the way is a link, or none")
    return chain[-1]


def _is_whole(seen: Attributes | Status, digest: Digest) -> bool | None:
    if isinstance(seen, Status):
        return False if seen.code == NO_SUCH_FILE else None
    return stat.S_ISREG(seen.mode or 0) and seen.size == digest.size
