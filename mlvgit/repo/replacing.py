"""Replacing a small file of Git's folder: whole or not at all, on the disk before it has its name."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["replace_file"]

_SCRATCH = ".mlv-new-"
"""Ends, with the number of a process, the name of a file that is being written."""


def replace_file(path: str | os.PathLike[str], portions: Iterable[bytes], mode: int | None = None) -> None:
    """Write a file whole, or not at all; what stood there, a link as well, is replaced.

    Args:
        path: its folder is made when missing. What a killed command left beside it is removed.
        mode: permission bits; None for what the umask leaves.

    Raises:
        OSError: it cannot be written; what stood there stands.
    """
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    for other in os.listdir(folder):
        if other.startswith(name + _SCRATCH) and not _lives(other.removeprefix(name + _SCRATCH)):
            _remove(os.path.join(folder, other))
    scratch = f"{os.fspath(path)}{_SCRATCH}{os.getpid()}"
    try:
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666 if mode is None else 0o600)
        with open(descriptor, "wb") as file:
            file.writelines(portions)
            file.flush()
            if mode is not None:
                os.chmod(scratch, mode)
            os.fsync(file.fileno())  # an empty file after a power cut would hide what stood there
        os.replace(scratch, path)
    except OSError:
        _remove(scratch)
        raise


def _lives(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return int(process) != os.getpid()


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
