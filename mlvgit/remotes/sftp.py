"""The SFTP protocol, version 3, spoken through the pipes of a program; many requests are under way at once.

Not the `sftp` program itself: its batch language answers with sentences for people, asks about one name at a time, and
does not say which step failed. The protocol has a dozen packets and exact answers, and one connection serves all threads.
"""

import itertools
import os
import select
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple, TypeVar

from mlvgit.core.text import printable

__all__ = [
    "CREATE",
    "EXCLUSIVE",
    "FAILURE",
    "NO_SUCH_FILE",
    "READ",
    "WRITE",
    "Attributes",
    "Reply",
    "Session",
    "SftpError",
    "UnopenedError",
    "Status",
]

READ, WRITE, CREATE, EXCLUSIVE = 0x01, 0x02, 0x08, 0x20
NO_SUCH_FILE: Final = 2
FAILURE: Final = 4
_END_OF_FILE: Final = 1
_WORDS: Final = {2: "no such file", 3: "permission denied", 4: "failure", 8: "not supported"}
_LONGEST: Final = 1 << 20  # no server answers with more than 256 KiB: this is not the protocol, but somebody's greeting
_STATUS, _HANDLE, _DATA, _NAME, _ATTRS = 101, 102, 103, 104, 105
_SIZE, _OWNER, _MODE, _TIMES, _MORE = 0x01, 0x02, 0x04, 0x08, 0x80000000

_Value = TypeVar("_Value")


class SftpError(Exception):
    """The connection is no more, or never was; the text says what was last heard."""


class UnopenedError(SftpError):
    """There never was a connection."""


class Status(Exception):  # noqa: N818 - the protocol's own word
    """The server answered a request with a status that is not OK.

    Attributes:
        code: of the protocol: 2 no such file, 3 permission denied, 4 failure.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(printable(text[:200]).lower() or _WORDS.get(code, f"status {code}"))
        self.code = code


class Attributes(NamedTuple):
    """What the server says of a file.

    Attributes:
        size: in bytes; None where it does not say.
        mode: its kind and permissions; 0 where it does not say.
        changed: when it was written to last, in seconds since 1970; None where it does not say.
    """

    size: int | None
    mode: int
    changed: int | None


class _Fields:
    """The fields of a packet, read one after another."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, length: int) -> bytes:
        taken = self._body[self._at : self._at + length]
        self._at += length
        if len(taken) < length:
            raise SftpError("a packet is shorter than it says")
        return taken

    def number(self, length: int = 4) -> int:
        return int.from_bytes(self.take(length), "big")

    def text(self) -> bytes:
        return self.take(self.number())

    def attributes(self) -> Attributes:
        flags = self.number()
        size = self.number(8) if flags & _SIZE else None
        if flags & _OWNER:
            self.take(8)
        mode = self.number() if flags & _MODE else 0
        changed = None
        if flags & _TIMES:
            self.take(4)
            changed = self.number()
        for _ in range(self.number() if flags & _MORE else 0):
            self.text(), self.text()
        return Attributes(size, mode, changed)

    def names(self) -> dict[bytes, Attributes]:
        found = {}
        for _ in range(self.number()):
            name, _ = self.text(), self.text()
            found[name] = self.attributes()
        return found

    def rest(self) -> bool:
        return self._at < len(self._body)


class Reply:
    """The answer to one request, which may not have come yet. Every question waits, and raises `SftpError` or `Status`."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._queue: SimpleQueue[tuple[int, bytes] | None] = SimpleQueue()

    def put(self, answer: tuple[int, bytes] | None) -> None:
        """Hand over kind and body of the answer; None when there will be none."""
        self._queue.put(answer)

    def wait(self) -> tuple[int, bytes]:
        """Return kind and body of the answer.

        Raises:
            SftpError: the connection ended, or was silent for too long.
        """
        while True:
            try:
                answer = self._queue.get(timeout=self._session.patience)
            except Empty:
                self._session.end_if_silent()
                continue
            if answer is None:
                raise SftpError(self._session.why)
            return answer

    def ok(self) -> None:
        """Be sure that it was done."""
        self._expect(_STATUS)

    def handle(self) -> bytes:
        """Return the handle of what was opened."""
        return self._expect(_HANDLE).text()

    def attributes(self) -> Attributes:
        """Return the attributes of a file."""
        return self._expect(_ATTRS).attributes()

    def data(self) -> bytes:
        """Return bytes of a file; none at its end."""
        return self._until_the_end(_DATA, _Fields.text, b"")

    def names(self) -> dict[bytes, Attributes]:
        """Return names in a folder, links not followed; none when all were given."""
        return self._until_the_end(_NAME, _Fields.names, {})

    def _until_the_end(self, kind: int, read: Callable[[_Fields], _Value], end: _Value) -> _Value:
        try:
            return read(self._expect(kind))
        except Status as status:
            if status.code == _END_OF_FILE:
                return end
            raise

    def _expect(self, kind: int) -> _Fields:
        found, body = self.wait()
        fields = _Fields(body)
        if found == _STATUS:
            code = fields.number()
            if code or kind != _STATUS:
                raise Status(code, fields.text().decode("utf-8", "replace") if fields.rest() else "")
        elif found != kind:
            raise SftpError(f"packet {found} came where {kind} was expected")
        return fields


class Session:
    """A connection, which any number of threads may use.

    Args:
        command: the program whose standard input and output lead to the server.
        patience: for how many seconds nothing may be heard while an answer is awaited.
        greeting: the same for the first answer.

    Attributes:
        why: why the connection ended; "" while it lives.
        extensions: what the server offers beside version 3.

    Raises:
        UnopenedError: there is no connection.
        OSError: the program cannot be started.
    """

    def __init__(self, command: Sequence[str], patience: float, greeting: float) -> None:
        self.patience = greeting
        self.why = ""
        self.extensions: dict[bytes, bytes] = {}
        self._ids = itertools.count()
        self._waiting: dict[int, Reply] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._heard = time.monotonic()
        self._owner = os.getpid()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the session
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0
            )
        except OSError:
            self._errors.close()
            raise
        assert self._process.stdin
        self._to = self._process.stdin.fileno()
        os.set_blocking(self._to, False)
        hello = self._waiting[_HELLO] = Reply(self)
        self._reader = threading.Thread(target=self._read, name="mlvgit-sftp", daemon=True)
        self._reader.start()
        try:
            self._send(b"\0\0\0\5\1\0\0\0\3")
            kind, body = hello.wait()
            fields = _Fields(body)
            while kind == 2 and fields.rest():
                name, self.extensions[name] = fields.text(), fields.text()
        except SftpError as error:
            self.close()
            raise UnopenedError(str(error)) from error
        except BaseException:
            self.close()
            raise
        self.patience = patience

    def request(self, kind: int, *fields: bytes | memoryview) -> Reply:
        """Send a request; its answer is waited for with what is returned."""
        number = next(self._ids) & 0xFFFFFFFF
        reply = Reply(self)
        with self._lock:
            if self.why:
                raise SftpError(self.why)
            self._waiting[number] = reply
        body = b"".join(fields)
        self._send(b"%b%c%b%b" % (_number(len(body) + 5), kind, _number(number), body))
        return reply

    def open(self, path: bytes, flags: int, mode: int = 0) -> Reply:
        """Open a file; `mode` are its permissions when it is made."""
        return self.request(3, _text(path), _number(flags), _number(_MODE) + _number(mode) if mode else _number(0))

    def close_handle(self, handle: bytes) -> Reply:
        """Close a file or a folder."""
        return self.request(4, _text(handle))

    def read(self, handle: bytes, offset: int, length: int) -> Reply:
        """Read; a server may give less than `length` before the end."""
        return self.request(5, _text(handle), offset.to_bytes(8, "big"), _number(length))

    def write(self, handle: bytes, offset: int, data: bytes | memoryview) -> Reply:
        """Write; servers take at least 32 KiB at once."""
        return self.request(6, _text(handle), offset.to_bytes(8, "big"), _number(len(data)), data)

    def lstat(self, path: bytes) -> Reply:
        """Ask for the attributes of what stands at a path, a link not followed."""
        return self.request(7, _text(path))

    def stat(self, path: bytes) -> Reply:
        """Ask for the attributes of what a path leads to."""
        return self.request(17, _text(path))

    def entries(self, path: bytes) -> Iterator[tuple[bytes, Attributes]]:
        """Yield the names in a folder, with what a link itself is.

        Raises:
            Status: it cannot be read, or is not there.
        """
        handle = self.request(11, _text(path)).handle()
        try:
            while found := self.request(12, _text(handle)).names():
                yield from found.items()
        finally:
            with suppress(SftpError):
                self.close_handle(handle)

    def remove(self, path: bytes) -> Reply:
        """Remove a file."""
        return self.request(13, _text(path))

    def make_folder(self, path: bytes) -> Reply:
        """Make a folder; one that is there already answers "failure"."""
        return self.request(14, _text(path), _number(0))

    def flush(self, handle: bytes) -> None:
        """Have the bytes of a file on the server's disk, where it can do that."""
        if b"fsync@openssh.com" in self.extensions:
            self.request(200, _text(b"fsync@openssh.com"), _text(handle)).ok()

    def rename(self, old: bytes, new: bytes) -> None:
        """Rename, over what stands there: at once where the server can, else by removing it first."""
        if b"posix-rename@openssh.com" in self.extensions:
            self.request(200, _text(b"posix-rename@openssh.com"), _text(old), _text(new)).ok()
            return
        for last in (False, True):
            try:
                self.request(18, _text(old), _text(new)).ok()
            except Status:
                if last:
                    raise
                self.remove(new).ok()
            else:
                return

    def end_if_silent(self) -> None:
        """End the connection when nothing was heard for as long as we are patient."""
        if time.monotonic() - self._heard >= self.patience:
            self._end(f"no answer for {self.patience:g} seconds")

    def close(self) -> None:
        """End the connection and the program."""
        if self._owner != os.getpid():  # a forked copy of us ends nothing
            return
        self._end("the connection was closed")
        with self._writing:
            if self._process.stdin:
                self._process.stdin.close()
        self._process.wait()
        self._reader.join(2)

    def _end(self, why: str) -> None:
        with self._lock:
            self.why = self.why or why
            waiting, self._waiting = self._waiting, {}
        self._process.kill()
        for reply in waiting.values():
            reply.put(None)

    def _send(self, packet: bytes) -> None:
        left = memoryview(packet)
        with self._writing:
            while left:
                if self.why:
                    raise SftpError(self.why)
                try:
                    left = left[os.write(self._to, left) :]
                except BlockingIOError:
                    poll = select.poll()
                    poll.register(self._to, select.POLLOUT)
                    if not poll.poll(self.patience * 1000):
                        self.end_if_silent()
                except OSError:
                    self._reader.join(5)  # it knows what was said
                    self._end("the connection was lost")

    def _read(self) -> None:
        assert self._process.stdout
        why = ""
        with open(self._process.stdout.fileno(), "rb", buffering=1 << 18, closefd=False) as stream:
            while not why:
                head = stream.read(9)
                length = int.from_bytes(head[:4], "big")
                if len(head) < 9:
                    break
                if not 5 <= length <= _LONGEST:
                    why = f"the server says something else than SFTP: {printable(head.decode('latin-1'))}..."
                    break
                body = stream.read(length - 5)
                if len(body) < length - 5:
                    break
                self._heard = time.monotonic()
                number = _HELLO if head[4] == 2 else int.from_bytes(head[5:], "big")
                with self._lock:
                    reply = self._waiting.pop(number, None)
                if reply:
                    reply.put((head[4], body))
        self._end(why or self._said())
        self._process.stdout.close()
        self._errors.close()

    def _said(self) -> str:
        """Return what the program said before it ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        size = self._errors.seek(0, os.SEEK_END)
        lines = os.pread(self._errors.fileno(), 4096, max(0, size - 4096)).decode("utf-8", "replace").splitlines()
        said = [printable(line.strip()) for line in lines if line.strip()]
        return "; ".join(said[-2:]) or f"the connection ended (status {self._process.returncode})"


_HELLO: Final = -1


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def _text(value: bytes) -> bytes:
    return _number(len(value)) + value
