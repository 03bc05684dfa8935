"""Taking sources in without a second copy: a source gets a second name in the store, and later loses its first.

Until everything is in place a source keeps its name and its bytes: a process killed at any instant leaves it where it
was. What cannot be linked (another file system, a file of somebody else, one with more names, one that is being written)
is copied by the caller; in the end only what is unchanged is removed.
"""

import os
import signal
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError
from mlvgit.store.atomic import flush, machine_errors
from mlvgit.store.folders import flush_folder, open_folder, split
from mlvgit.store.reading import open_source
from mlvgit.store.scan import SourceFile, StatKey, stat_key

__all__ = ["Departure"]


class Departure:
    """Sources that are to leave their place, each when its bytes stand elsewhere for good.

    Args:
        files: as they were scanned, and hashed since.
    """

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self.files = files
        self._linked: dict[str, tuple[SourceFile, int, Path, str]] = {}
        self._since: dict[str, tuple[StatKey, int]] = {}  # how those were then, and how many names they had
        self._folders: set[tuple[Path, str]] = set()
        self._unlinked: set[tuple[int, int]] = set()

    def link(self, file: SourceFile, root: Path, relative: str, mode: int) -> bool:
        """Give a source a second name below `root`, with these permission bits; say whether that could be done.

        A name that is taken is left alone. `flush` makes the names durable.

        Raises:
            IntegrityError: the source changed since it was scanned, or somebody is writing it.
            MachineError: the system refuses.
        """
        with machine_errors(f"take {file.path} in"):
            try:
                fd = open_source(file.path)
            except OSError as error:
                raise _changed(file) from error
            try:
                found = os.fstat(fd)
                if stat_key(found) != file.stat:
                    raise _changed(file)
                known = _has_name(found, root, relative)
                if found.st_nlink != 1 + known or found.st_uid != os.geteuid():
                    return False
                return self._link(fd, found.st_mode, file, root, relative, mode, known=known)
            finally:
                os.close(fd)

    def _link(
        self, fd: int, before: int, file: SourceFile, root: Path, relative: str, mode: int, *, known: bool
    ) -> bool:
        folder, name = split(relative)
        flush(fd)
        if stat_key(os.fstat(fd)) != file.stat:  # that took a while
            raise _changed(file)
        parent = open_folder(root, folder, create=True)
        try:
            try:
                if not known:
                    os.link(file.path, name, dst_dir_fd=parent, follow_symlinks=False)
            except OSError:
                return False  # another disk, no links here, or the name is taken
            self._linked[file.path] = (file, stat.S_IMODE(before), root, relative)
            self._folders.add((root, folder))
            os.fchmod(fd, mode)
            since = os.fstat(fd)
            self._since[file.path] = stat_key(since), since.st_nlink
            if _is_being_written(fd):
                raise IntegrityError(f"{printable(file.path)} is being written by another process; it stays")
            if not _same_bytes(os.stat(name, dir_fd=parent, follow_symlinks=False), file.stat):
                raise _changed(file)
        finally:
            os.close(parent)
        return True

    def flush(self) -> None:
        """Bring the second names to the disk.

        Raises:
            MachineError: the system refuses.
        """
        for root, folder in sorted(self._folders):
            with machine_errors(f"write {root / folder}"):
                flush_folder(root, folder)
        self._folders.clear()

    def require_unchanged(self) -> None:
        """Make sure that all sources are as they were hashed.

        Raises:
            IntegrityError: one changed meanwhile.
        """
        for file in self.files:
            if not self._is_unchanged(file):
                raise _changed(file)

    def undo(self) -> None:
        """Take second names and permissions back; what fails here costs no bytes, as the sources stand."""
        for file, mode, root, relative in self._linked.values():
            folder, name = split(relative)
            with suppress(OSError, IntegrityError):
                fd = open_folder(root, folder)
                try:
                    found = os.stat(name, dir_fd=fd, follow_symlinks=False)
                    if os.path.samestat(found, os.lstat(file.path)):
                        os.unlink(name, dir_fd=fd)
                finally:
                    os.close(fd)
            with suppress(OSError):
                os.chmod(file.path, mode)
        self._linked.clear()

    def finish(self) -> tuple[str, ...]:
        """Remove the sources, whose bytes all stand elsewhere now, and folders that they leave empty.

        Returns:
            The sources that changed at the last moment, or could not be removed; they stay.
        """
        stay: list[str] = []
        folders: set[Path] = set()
        for file in self.files:
            path = file.path
            try:
                if not self._is_unchanged(file):
                    stay.append(path)
                    continue
                found = os.lstat(path)
                os.unlink(path)
                self._unlinked.add((found.st_dev, found.st_ino))
            except OSError:
                stay.append(path)
                continue
            depth = file.relative.count("/")
            parents = Path(path).parents
            folders.update(parents[level] for level in range(depth))
        for folder in sorted(folders, key=lambda path: -len(path.parts)):
            with suppress(OSError):
                folder.rmdir()
        return tuple(stay)

    def _is_unchanged(self, file: SourceFile) -> bool:
        try:
            found = os.lstat(file.path)
        except OSError:
            return False
        if (found.st_dev, found.st_ino) in self._unlinked:  # its ctime moved by our hand
            return _same_bytes(found, file.stat)
        if file.path in self._linked:
            since, names = self._since.get(file.path, (None, 0))
            further = found.st_nlink != names  # a checkout by hard link moved its ctime once more
            return _same_bytes(found, file.stat) and (further or stat_key(found) == since)
        return stat_key(found) == file.stat


def _has_name(source: os.stat_result, root: Path, relative: str) -> bool:
    """Say whether a source has its second name already, from a command that was killed."""
    try:
        return os.path.samestat(source, os.lstat(root / relative))
    except OSError:
        return False


def _same_bytes(found: os.stat_result, expected: StatKey) -> bool:
    """Compare what a new name or new permissions leave alone."""
    now = stat_key(found)
    return now[:4] == expected[:4] and stat.S_ISREG(found.st_mode)


def _is_being_written(fd: int) -> bool:
    """Say whether any process has a file open for writing; False where the system does not tell.

    A lease for reading is refused exactly then. It is given back at once; who opens the file in between waits for that,
    and the signal that tells us is one that is ignored.
    """
    if sys.platform != "linux":
        return False
    import errno
    import fcntl

    try:
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    with suppress(OSError):
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _changed(file: SourceFile) -> IntegrityError:
    return IntegrityError(f"{printable(file.path)} changed while it was taken in; it stays where it is")
