"""Faults in the calls that change a disk: the N-th of them fails, writes half, or is where the process is killed.

To be imported in a process that may be broken: `install` puts wrappers in the place of the functions of `os`, `io` and
`fcntl` that write, rename, flush, link, remove, make folders and make files. Calls are counted over threads and forked
children alike. A program that is started (Git) counts as a place to be killed at, not as one that fails.
"""

from __future__ import annotations

import builtins
import ctypes
import errno
import fcntl
import io
import mmap
import os
import signal
import stat
from collections.abc import Callable
from typing import Any

from mlvgit.store import atomic

KILLED = "killed"
SHORT = "short-write"
FAULTS = {"disk-full": errno.ENOSPC, "input-output-error": errno.EIO}
"""What a call fails with; besides these a fault is `KILLED` or `SHORT`."""
FOR_EVER = "+"
"""At the end of a fault: all later calls that take room fail too, as on a disk that stays full."""

_FICLONE = 0x40049409
_BY_NAME = (
    "rename",
    "replace",
    "link",
    "symlink",
    "unlink",
    "remove",
    "rmdir",
    "mkdir",
    "fsync",
    "fdatasync",
    "ftruncate",
)
_TAKES_ROOM = frozenset({"write", "pwrite", "rename", "replace", "link", "symlink", "mkdir", "open", "clone", "copy"})


class Counter:
    """How many calls there were, and whether the fault was met; shared with forked children."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 16)

    def count(self) -> int:
        number = int.from_bytes(self._shared[:8], "big") + 1
        self._shared[:8] = number.to_bytes(8, "big")
        return number

    def meet(self, name: str) -> None:
        self._shared[8:16] = name.encode()[:8].ljust(8)

    def reset(self) -> None:
        self._shared[:] = bytes(16)

    @property
    def calls(self) -> int:
        return int.from_bytes(self._shared[:8], "big")

    @property
    def met(self) -> str:
        """The call that the fault was put into, "" when none was reached."""
        return self._shared[8:16].rstrip(b" \0").decode()


class Shim:
    """The wrappers.

    Args:
        number: the call that fails, from 1; 0 lets all pass and counts.
        fault: of `FAULTS`, `KILLED` or `SHORT`.
    """

    def __init__(self, number: int, fault: str, counter: Counter) -> None:
        self.number = number
        self.for_ever = fault.endswith(FOR_EVER)
        self.fault = fault.removesuffix(FOR_EVER)
        self.counter = counter

    def install(self) -> None:
        for name in _BY_NAME:
            self._wrap(os, name, lambda call, name: lambda *args, **more: (self._due(name), call(*args, **more))[1])
        self._wrap(os, "open", self._opening)
        self._wrap(os, "write", self._writing)
        self._wrap(os, "pwrite", self._writing)
        self._wrap(os, "copy_file_range", self._copying)
        self._wrap(fcntl, "ioctl", self._cloning)
        flushing = self._flushing(atomic._syncfs())
        atomic._syncfs = lambda: flushing  # type: ignore[assignment]
        for name in ("posix_spawn", "fork") if self.fault == KILLED else ():
            self._wrap(os, name, lambda call, name: lambda *args, **more: (self._due(name), call(*args, **more))[1])
        opening = self._opening_file(io.open)
        io.open = builtins.open = opening  # type: ignore[assignment]

    @staticmethod
    def _wrap(module: Any, name: str, make: Callable[[Any, str], Any]) -> None:
        call = getattr(module, name)
        wrapped = make(call, name)
        setattr(module, name, wrapped)
        for known in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
            if call in known:
                known.add(wrapped)

    def _due(self, name: str, half: Callable[[], int] | None = None) -> int | None:
        """Count a call; at the N-th kill this process, raise, or return what half of it did."""
        if self.fault == SHORT and half is None:
            return None
        number = self.counter.count()
        if number != self.number and not (self.for_ever and 0 < self.number < number and name in _TAKES_ROOM):
            return None
        self.counter.meet(name)
        if self.fault == KILLED:
            if half:
                half()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == SHORT:
            assert half is not None
            return half()
        if half and not self.for_ever:
            half()
        raise OSError(FAULTS[self.fault], os.strerror(FAULTS[self.fault]) + " (injected)")

    def _writing(self, call: Callable[..., int], name: str) -> Callable[..., int]:
        def wrapped(fd: int, data: Any, *at: int) -> int:
            if not _is_kept(fd):
                return call(fd, data, *at)
            view = memoryview(data).cast("B")
            done = self._due(name, lambda: call(fd, view[: max(1, len(view) // 2)], *at) if len(view) > 1 else 0)
            return done or call(fd, data, *at)

        return wrapped

    def _copying(self, call: Callable[..., int], _: str) -> Callable[..., int]:
        def wrapped(source: int, target: int, length: int, offset: int) -> int:
            done = self._due("copy", lambda: call(source, target, max(1, length // 2), offset))
            return done or call(source, target, length, offset)

        return wrapped

    def _flushing(self, call: Callable[[int], int] | None) -> Callable[[int], int] | None:
        def wrapped(fd: int) -> int:
            assert call is not None
            try:
                self._due("syncfs")
            except OSError as error:
                ctypes.set_errno(error.errno)
                return -1
            return call(fd)

        return wrapped if call else None

    def _opening(self, call: Callable[..., int], _: str) -> Callable[..., int]:
        def wrapped(path: Any, flags: int, *args: Any, **more: Any) -> int:
            if flags & os.O_CREAT:
                self._due("open")
            return call(path, flags, *args, **more)

        return wrapped

    def _cloning(self, call: Callable[..., Any], _: str) -> Callable[..., Any]:
        def wrapped(fd: int, request: int, *args: Any) -> Any:
            if request == _FICLONE:
                self._due("clone")
            return call(fd, request, *args)

        return wrapped

    def _opening_file(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **more: Any) -> Any:
            if not set(mode) & set("wxa+"):
                return call(file, mode, buffering, *args, **more)
            if not isinstance(file, int):
                self._due("open")
            plain = "".join(letter for letter in mode if letter not in "bt")
            raw = _Raw(file, plain, closefd=more.pop("closefd", True), opener=more.pop("opener", None))
            if buffering == 0:
                return raw
            if "+" in mode:
                buffered: Any = io.BufferedRandom(raw)
            else:
                buffered = io.BufferedWriter(raw)
            return buffered if "b" in mode else io.TextIOWrapper(buffered, *args, **more)

        return wrapped


class _Raw(io.FileIO):
    """A file whose bytes go through `os.write`, where the wrappers are."""

    def write(self, data: Any) -> int:  # type: ignore[override]
        return os.write(self.fileno(), data)


def _is_kept(fd: int) -> bool:
    """Say whether bytes written here reach a disk: no pipe, no terminal, no file in memory."""
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        return False
    try:
        return not os.readlink(f"/proc/self/fd/{fd}").startswith("/memfd:")
    except OSError:
        return True
