"""Moving files and folders away from their place whole: as before or as after, whatever their permissions are.

A folder whose parent changes must be writable itself (its `..` changes), which a frozen folder need not be. Only another
file system takes a copy, which is complete before the first name is gone.
"""

import errno
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mlvgit.store.atomic import TEMPORARY_PREFIX, ensure_directory, machine_errors
from mlvgit.store.folders import opened_up

__all__ = ["move", "move_together"]


def move(source: Path, target: Path) -> Path:
    """Move a file, folder or symlink to a name that is free, and return it; folders above it are made.

    Raises:
        MachineError: the system refuses; it stands where it stood.
    """
    ensure_directory(target.parent)
    with machine_errors(f"set {source} aside"):
        try:
            with _let_go(source):
                os.rename(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _carry_over(source, target)
    return target


def move_together(moves: Sequence[tuple[Path, Path]]) -> None:
    """Move several things, or none.

    Raises:
        MachineError: the system refuses one of them; all stand where they stood.
    """
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            move(source, target)
            done.append((source, target))
    except BaseException:
        for source, target in reversed(done):
            move(target, source)
        for parent in {target.parent for _, target in moves}:
            with suppress(OSError):
                parent.rmdir()
        raise


@contextmanager
def _let_go(source: Path) -> Iterator[None]:
    """Let a folder of ours change its parent, for the moment."""
    try:
        fd = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # no folder, or one that the rename itself says more about
        yield
        return
    try:
        with opened_up(fd):
            yield
    finally:
        os.close(fd)


def _carry_over(source: Path, target: Path) -> None:
    """Do what a rename does, on another file system."""
    draft, gone = _temporary(target), _temporary(source)
    try:
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, draft, symlinks=True)
        else:
            shutil.copy2(source, draft, follow_symlinks=False)
        os.rename(source, gone)
    except BaseException as error:
        _remove(draft)
        if isinstance(error, shutil.Error):  # (source, target, reason) of each file
            raise OSError(errno.EIO, str(error.args[0][0][2])) from error
        raise
    os.rename(draft, target)
    _remove(gone)


def _temporary(path: Path) -> Path:
    return path.with_name(TEMPORARY_PREFIX + os.urandom(8).hex())


def _remove(path: Path) -> None:
    """Remove what is only a copy; folders in it may be read-only."""
    for parent, _, _ in os.walk(path):
        with suppress(OSError):
            os.chmod(parent, os.stat(parent).st_mode | stat.S_IRWXU)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
