"""The one lock of commands that write: who holds it is written in it, and a dead holder blocks nobody.

The system drops an `flock` when its holder ends, however it ends. The file itself is never removed: two processes could
otherwise each hold a lock on a different file of the same name. Readers take no lock. Git's hooks run as children of
commands that hold it, so a hook must not take it.
"""

import errno
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlvgit.core.text import printable
from mlvgit.errors import BusyError, MachineError
from mlvgit.store.atomic import ensure_directory, machine_errors, share

__all__ = ["LOCK_NAME", "exclusive"]

LOCK_NAME = "lock"
_MAX_NOTE = 4096
_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.1


class _Held:
    """What this process knows of one lock: a lock among its threads, how deep, and the open file."""

    __slots__ = ("depth", "fd", "pid", "threads")

    def __init__(self) -> None:
        self.threads = threading.RLock()
        self.depth = 0
        self.fd = -1
        self.pid = os.getpid()


_held: dict[str, _Held] = {}
_table = threading.Lock()


@contextmanager
def exclusive(directory: Path, purpose: str, *, wait: float = 10.0) -> Iterator[None]:
    """Hold `<directory>/lock` while the block runs; a thread that holds it may take it again.

    Args:
        directory: is made when missing; normally `<git common dir>/mlv`.
        purpose: what the command does, for whoever has to wait, for example "promote iris_clf v0.2.0".
        wait: seconds to wait for another holder; 0 tries once.

    Raises:
        BusyError: somebody else held it all that time; says who and since when.
        MachineError: the file system has no locks, or refuses the file.
    """
    deadline = time.monotonic() + wait
    ensure_directory(directory)
    path = os.path.join(os.path.realpath(directory), LOCK_NAME)
    held = _entry(path)
    if not held.threads.acquire(timeout=max(wait, 0)):
        raise _busy(path)
    try:
        if not held.depth:
            held.fd = _acquire(path, deadline)
            _write_note(held.fd, purpose)
        held.depth += 1
        try:
            yield
        finally:
            held.depth -= 1
            if not held.depth:
                _release(held)
    finally:
        held.threads.release()


def _entry(path: str) -> _Held:
    with _table:
        held = _held.get(path)
        if held is None or held.pid != os.getpid():  # after a fork the parent holds it, not this process
            held = _held[path] = _Held()
        return held


def _acquire(path: str, deadline: float) -> int:
    pause = _FIRST_PAUSE
    while True:
        fd = _try(path)
        if fd >= 0:
            return fd
        left = deadline - time.monotonic()
        if left <= 0:
            raise _busy(path)
        time.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE)


def _try(path: str) -> int:
    """Return the open, locked file, or -1 when another process has it."""
    import fcntl

    with machine_errors(f"open the lock {path}"):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
        if not os.fstat(fd).st_size:
            share(fd, Path(path).parent)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_still(path, fd):
            return fd
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EINTR):
            os.close(fd)
            raise MachineError(
                f"cannot lock {printable(path)}: {error.strerror}",
                hint="the file system has no locks; keep the repository on a local disk",
            ) from error
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return -1


def _is_still(path: str, fd: int) -> bool:
    """Say whether the locked file is the one that others will open (somebody may have removed it by hand)."""
    try:
        named = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(named, os.fstat(fd))


def _write_note(fd: int, purpose: str) -> None:
    note = {
        "pid": os.getpid(),
        "host": os.uname().nodename,
        "purpose": purpose[:1000],
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    data = json.dumps(note).encode()
    try:
        os.pwrite(fd, data, 0)
        os.ftruncate(fd, len(data))
    except OSError:
        pass  # the disk is full: the lock holds all the same, it only cannot say for whom


def _release(held: _Held) -> None:
    fd, held.fd = held.fd, -1
    try:
        os.ftruncate(fd, 0)
    except OSError:
        pass
    finally:
        os.close(fd)  # drops the lock


def _busy(path: str) -> BusyError:
    return BusyError(
        f"another mlvgit command is writing here: {_holder(path)}",
        hint="wait until it has ended, then run the same command again",
    )


def _holder(path: str) -> str:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            note = json.loads(os.read(fd, _MAX_NOTE))
        finally:
            os.close(fd)
        text = f"{note['purpose']!s} (process {note['pid']!s} on {note['host']!s}, since {note['since']!s})"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "it has not said who it is"
    return printable(text)
