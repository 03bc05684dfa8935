"""A folder on another machine as a remote, over SSH: the user's own `ssh` makes the connection, SFTP does the rest.

So `~/.ssh/config`, the agent, known hosts and jump hosts hold as everywhere, and `GIT_SSH_COMMAND` names another program
as it does for Git. A thing is written under another name, flushed where the server can, and renamed: it is complete or
not there. The folder looks like any folder remote: `sftp`, `rsync` or `cp` alone can read it back.
"""

import errno
import os
import re
import shlex
import shutil
import stat
import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

from mlvgit.core.digest import Digest, object_name
from mlvgit.core.text import printable, short
from mlvgit.errors import MachineError, MlvError, RemoteError, way_out
from mlvgit.remotes.base import GOES_ON, OBJECTS, Limited, Patience, Reader, failed, lacking, named, portions, unmade
from mlvgit.remotes.sftp import NO_SUCH_FILE, READ, Attributes, Session, SftpError, Status, UnopenedError
from mlvgit.remotes.sftpfiles import Stream, chain, entries, look, made, sweep, write

__all__ = ["Place", "SshRemote"]

WITH_A_PERSON: Final = 300.0
"""Seconds until the first word of the server, where ssh may ask a person for a passphrase."""
ASKING: Final = 1024
"""How many things are asked about at once."""
LISTING: Final = 16
"""How many folders are listed at once."""

_URL = re.compile(r"ssh://(?:([^@/]*)@)?(\[[0-9A-Fa-f:.]+\]|[^:/@]*)(?::([0-9]*))?(/.*)?", re.IGNORECASE | re.DOTALL)
# ssh may pass both to a shell (%h and %r of a ProxyCommand): they hold nothing that a shell takes for more than a name.
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
    def parse(cls, url: str) -> "Place":
        """Read `ssh://[user@]host[:port]/path`; `/~/path` is below the account's home.

        Raises:
            ValueError: it is none, or could be taken for an option, a command or two lines; says what is wrong with it.
        """
        match = _URL.fullmatch(url)
        if match is None:
            raise ValueError("is not ssh://USER@HOST:PORT/FOLDER")
        user, host, port, path = (unquote(part or "", errors="surrogateescape") for part in match.groups())
        folder = path.removeprefix("/~/") if path.startswith("/~/") else path
        number = int(port) if port.isdecimal() and len(port) < 6 else 0
        if not _HOST.fullmatch(host):
            raise ValueError("has a host that is no name of a host")
        if match[1] is not None and not _USER.fullmatch(user):
            raise ValueError("has a user that is no name of an account")
        if port and not 0 < number < 65536:
            raise ValueError("has a port that is none")
        if not folder.strip("/") or folder.startswith("/~"):
            raise ValueError("names no folder")
        if not folder.isprintable():
            raise ValueError("has a character in its path that cannot be seen")
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
    """Things below a folder of another machine, which is made at the first upload where its parent exists.

    Args:
        name, url: as in mlv.yaml.
        place: what the URL means; nothing is connected to before something is asked.

    Attributes:
        tried: it is only tried out, so that the folder is not made: its path may be mistyped.
    """

    whole_only = False

    def __init__(self, name: str, url: str, place: Place, patience: Patience) -> None:
        self.name = name
        self.url = url
        self.trouble: MlvError | None = None
        self.notices: list[str] = []
        self.tried = False
        self._place = place
        self._patience = patience
        self._opened: Session | None = None
        self._ready: set[bytes] = set()
        self._lock = threading.Lock()

    def presence(self, digests: Iterable[Digest], space: str = OBJECTS) -> dict[str, bool | None]:
        """See `Remote`. A folder that is not there has nothing; one that cannot be read is unknown."""
        left = [(digest, self._path(digest, space)) for digest in digests]
        found: dict[str, bool | None] = {}
        for start in range(0, len(left), ASKING):
            wanted = left[start : start + ASKING]
            found.update(dict.fromkeys(digest.sha256 for digest, _ in wanted))
            try:
                with self._failing("say what it has"):
                    seen = look(self._session(), [path for _, path in wanted])
            except RemoteError as error:
                self.trouble = error
                continue
            found.update({digest.sha256: self._is_whole(digest, seen[path]) for digest, path in wanted})
        return found

    def upload(self, digest: Digest, source: Path, space: str = OBJECTS) -> None:
        """See `Remote`."""
        path = self._path(digest, space)
        with self._failing(f"take {short(digest.sha256)}"):
            session = self._session()
            self._make(session, path)
            write(session, path, portions(digest, source))

    @contextmanager
    def download(self, digest: Digest, space: str = OBJECTS) -> Iterator[Reader]:
        """See `Remote`."""
        path = self._path(digest, space)
        doing = f"give {short(digest.sha256)}"
        with self._failing(doing):
            session = self._session()
            seen = look(session, [path])[path]
            if isinstance(seen, Status):
                raise lacking(self, digest) if seen.code == NO_SUCH_FILE else seen
            if not stat.S_ISREG(seen.mode):
                raise failed(self, doing, f"{object_name(digest.sha256, space)} is not a file")
            handle = session.open(path, READ).handle()
        limit = digest.size + 1 if seen.size is None else min(digest.size + 1, seen.size)
        try:
            yield Limited(Stream(session, handle, limit), digest.size + 1, lambda: self._failing(doing))
        finally:
            with suppress(SftpError):
                session.close_handle(handle)

    def names(self, space: str = OBJECTS) -> Iterator[Digest]:
        """See `Remote`."""
        from concurrent.futures import ThreadPoolExecutor

        top = f"{self._place.folder}/{space}".encode()

        def listed(place: str) -> list[Digest]:
            folder = top + b"/" + place.encode()
            with self._failing("list what it has"):
                found = [(name, each) for name, each in entries(session, folder) if stat.S_ISREG(each.mode)]
            digests = [named(f"{place}/{os.fsdecode(name)}", each.size or 0) for name, each in found]
            return [digest for digest in digests if digest]

        with self._failing("list what it has"):
            session = self._session()
            inner = [(os.fsdecode(name), each) for name, each in entries(session, top)]
        places = [name for name, each in inner if stat.S_ISDIR(each.mode) and named(f"{name}/{'0' * 62}", 0)]
        with ThreadPoolExecutor(LISTING, "mlvgit-ssh") as pool:
            left = iter(sorted(places))
            while some := list(islice(left, LISTING)):
                for each in pool.map(listed, some):
                    yield from each

    def delete(self, digest: Digest, space: str = OBJECTS) -> None:
        """See `Remote`."""
        path = self._path(digest, space)
        with self._failing(f"delete {short(digest.sha256)}"):
            session = self._session()
            seen = look(session, [path])[path]
            try:
                if isinstance(seen, Status):
                    raise seen
                session.remove(path).ok()
            except Status as status:
                if status.code != NO_SUCH_FILE:
                    raise

    def _path(self, digest: Digest, space: str) -> bytes:
        return f"{self._place.folder}/{object_name(digest.sha256, space)}".encode()

    def _is_whole(self, digest: Digest, seen: Attributes | Status) -> bool | None:
        if isinstance(seen, Attributes):
            return stat.S_ISREG(seen.mode) and seen.size == digest.size
        if seen.code == NO_SUCH_FILE:
            return False
        self.trouble = failed(self, f"say whether it has {short(digest.sha256)}", str(seen))
        return None

    def _session(self) -> Session:
        with self._lock:
            if self._opened is None or self._opened.why:
                if self._opened:
                    self._opened.close()
                silence = self._patience.silence
                first = max(silence, WITH_A_PERSON) if os.isatty(2) else silence
                try:
                    self._opened = Session(self._command(), silence, first)
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

    def _make(self, session: Session, path: bytes) -> None:
        """Make the folders of a thing; the two that are ours must be no links."""
        space, folder, _ = chain(path)
        if folder in self._ready:
            return
        top = self._place.folder.encode()
        try:
            session.stat(top).attributes()
        except Status as status:
            if status.code != NO_SUCH_FILE:
                raise
            if self.tried:
                making = shlex.quote(f"mkdir {shlex.quote(self._place.folder)}")
                raise unmade(self, f"{self._place.by_hand} {making}") from status
            self._make_top(session, top)
        for inner in (space, folder):
            if not stat.S_ISDIR(made(session, inner).mode):
                raise failed(self, "have its folders", f"{os.fsdecode(inner)} is a link, or no folder")
        if space not in self._ready:
            sweep(session, space)
        self._ready |= {space, folder}

    def _make_top(self, session: Session, top: bytes) -> None:
        try:
            session.make_folder(top).ok()
        except Status as status:
            with suppress(Status):
                session.stat(top).attributes()
                return  # somebody was quicker
            raise failed(
                self, f"let {os.fsdecode(top)} be made", str(status), hint="make the folder above it there"
            ) from status
        self.notices.append(f"made the folder {printable(self.url)}")

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        try:
            yield
        except Status as status:
            self._ready.clear()  # a folder may have been taken away
            raise failed(self, what, str(status), hint=_way_out(status)) from status
        except SftpError as error:
            never = isinstance(error, UnopenedError)
            hint = "connect by hand, to see what is missing" if never else f"{GOES_ON}; where it breaks off again"
            raise failed(self, what, str(error), hint=f"{hint}: {self._place.by_hand}") from error


_PERMISSION_DENIED: Final = 3


def _way_out(status: Status) -> str:
    """Name what mends the two causes that people meet; a full disk is a mere failure in the protocol."""
    if status.code == _PERMISSION_DENIED:
        return way_out(PermissionError(errno.EACCES, ""))
    return way_out(OSError(errno.ENOSPC, "")) if "space" in str(status) else ""
