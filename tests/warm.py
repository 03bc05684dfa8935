"""`git mlv` without the time that Python takes to start: each call is a process of its own, forked from one that has imported all.

A suite of thousands of calls would spend most of its time on the same imports. What a call gets is what a program gets:
its own process, folder, environment, umask and three streams, and an end by itself. Whatever the start itself decides
(`git mlv -h`, another PATH, another locale, a variable of Python's) goes to the installed program.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import io
import os
import pickle
import pkgutil
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import mlvgit

ROOT = Path(__file__).resolve().parent.parent
_EXTRAS = ("azure", "gcs", "s3", "buckets", "http", "lfs", "lfsbatch", "generate", "__main__")
_LENGTH = struct.Struct("!I")
_DECIDES_THE_START = ("PATH", "PYTHON", "LC_", "LANG", "COVERAGE")


class Order(NamedTuple):
    """What is to be run, and where."""

    arguments: tuple[str, ...]
    cwd: str
    environment: dict[str, str]
    umask: int


class Warm:
    """The process that calls are forked from; started when first needed, one for each worker of the tests."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mlv-warm-")
        self._address = str(Path(self._folder.name) / "socket")
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "MLV", "PYTHON"))
        }
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(self._address)
        listening.listen(64)
        with listening:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(listening.fileno())],
                cwd=ROOT,
                pass_fds=[listening.fileno()],
                stdin=subprocess.PIPE,
                env={**environment, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )
        atexit.register(self.close)

    def run(self, order: Order, given: bytes, timeout: float) -> tuple[int, bytes, bytes]:
        """Return the exit status and what was said on both streams."""
        with (
            socket.socket(socket.AF_UNIX) as connection,
            tempfile.TemporaryFile() as stdin,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            stdin.write(given)
            stdin.seek(0)
            connection.settimeout(timeout)
            connection.connect(self._address)
            words = pickle.dumps(order)
            streams = [each.fileno() for each in (stdin, out, err)]
            socket.send_fds(connection, [_LENGTH.pack(len(words))], streams)
            connection.sendall(words)
            (status,) = struct.unpack("!i", _exactly(connection, 4))
            return status, _all(out), _all(err)

    def close(self) -> None:
        """End the process and whatever it still runs."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin
        self._process.stdin.close()
        self._folder.cleanup()


@functools.cache
def _warm() -> Warm:
    return Warm()


def run(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], given: bytes, timeout: float
) -> tuple[int, bytes, bytes]:
    """Run `git mlv ARGUMENTS` and return its exit status, and what it said on both streams."""
    umask = os.umask(0o022)
    os.umask(umask)
    return _warm().run(Order(tuple(arguments), str(cwd), dict(environment), umask), given, timeout)


def fits(words: Sequence[str], more: Mapping[str, str]) -> bool:
    """Say whether a call may be forked: nothing of it is decided before the program's own first line."""
    return (
        tuple(words[:2]) == ("git", "mlv")
        and len(words) > 2
        and not words[2].startswith("-")
        and not {"-h", "--help"} & set(words)
        and not any(name.startswith(_DECIDES_THE_START) for name in more)
    )


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        portion = connection.recv(size - len(data))
        if not portion:
            raise EOFError("the other side is gone")
        data += portion
    return data


def _all(file: io.BufferedRandom) -> bytes:
    file.seek(0)
    return file.read()


def _serve(listening: socket.socket) -> None:
    """Fork for each call, until the tests are gone; returns only in the process of a call, which then is that program."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        if 0 in select.select([listening, 0], [], [])[0]:  # the end of a pipe that nobody writes to
            os._exit(0)
        connection, _ = listening.accept()
        if os.fork():
            connection.close()
            continue
        listening.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        first, streams, _, _ = socket.recv_fds(connection, _LENGTH.size, 3)
        order = pickle.loads(_exactly(connection, *_LENGTH.unpack(first)))
        child = os.fork()
        if not child:
            connection.close()
            _become(order, streams)
            return
        _, ended = os.waitpid(child, 0)
        connection.sendall(struct.pack("!i", os.waitstatus_to_exitcode(ended)))
        os._exit(0)


def _become(order: Order, streams: list[int]) -> None:
    """Take over what a program is given when it starts."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.umask(order.umask)
    os.chdir(order.cwd)
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv = [str(Path(sys.executable).parent / "git-mlv"), *order.arguments]


def import_all() -> None:
    """Import what a command may need, but no extra."""
    for module in pkgutil.walk_packages(mlvgit.__path__, "mlvgit."):
        if module.name.rpartition(".")[2] not in _EXTRAS:
            importlib.import_module(module.name)


if __name__ == "__main__":
    from mlvgit.cli.main import main

    import_all()
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    sys.exit(main())
