"""A folder as a remote: a shared disk, a mounted share, a backup. Links in it are not followed.

An object is written under another name in its folder, flushed, renamed, and the folder flushed, so that it is complete
or not there. `sha256sum` and `cp` alone can read it back: an object's name is the SHA-256 of its bytes.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlvgit.core.digest import Digest, object_name
from mlvgit.core.text import printable, short
from mlvgit.errors import RemoteError
from mlvgit.remotes.base import Limited, Reader, portions

__all__ = ["FolderRemote"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderRemote:
    """Objects below a folder, which is made at the first upload."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.url = str(folder)
        self._folder = folder

    def presence(self, digests: Iterable[Digest]) -> dict[str, bool | None]:
        """See `Remote`. A folder that is not there has nothing; one that cannot be read is unknown."""
        return {digest.sha256: self._has(digest) for digest in digests}

    def upload(self, digest: Digest, source: Path) -> None:
        """See `Remote`."""
        with self._failing("take", digest):
            folder = self._enter(digest, create=True)
            try:
                self._write(folder, digest, source)
            finally:
                os.close(folder)

    @contextmanager
    def download(self, digest: Digest) -> Iterator[Reader]:
        """See `Remote`."""
        with self._failing("give", digest):
            folder = self._enter(digest)
            try:
                fd = os.open(digest.sha256[2:], _READ, dir_fd=folder)
            finally:
                os.close(folder)
        with os.fdopen(fd, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise RemoteError(f"{object_name(digest.sha256)} in {printable(self.url)} is not a file")
            yield Limited(file, digest.size + 1)

    def _has(self, digest: Digest) -> bool | None:
        try:
            folder = self._enter(digest)
            try:
                found = os.stat(digest.sha256[2:], dir_fd=folder, follow_symlinks=False)
            finally:
                os.close(folder)
        except FileNotFoundError:
            return False
        except OSError:
            return None
        return stat.S_ISREG(found.st_mode) and found.st_size == digest.size

    def _enter(self, digest: Digest, *, create: bool = False) -> int:
        if create:
            self._folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._folder, _FOLDER & ~os.O_NOFOLLOW)  # the folder itself may be a link: the user named it
        try:
            for part in ("sha256", digest.sha256[:2]):
                if create:
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=fd)
                        os.fsync(fd)
                inner = os.open(part, _FOLDER, dir_fd=fd)
                fd, outer = inner, fd
                os.close(outer)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def _write(self, folder: int, digest: Digest, source: Path) -> None:
        temporary = f".mlv-tmp-{os.urandom(8).hex()}"
        fd = os.open(temporary, _WRITE, 0o444, dir_fd=folder)
        try:
            with os.fdopen(fd, "wb", buffering=0) as file:
                for portion in portions(digest, source):
                    left = memoryview(portion)
                    while left:
                        left = left[file.write(left) :]
                os.fsync(fd)
            os.rename(temporary, digest.sha256[2:], src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise
        os.fsync(folder)

    @contextmanager
    def _failing(self, verb: str, digest: Digest) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise RemoteError(f"{self.name} ({printable(self.url)}) does not have {short(digest.sha256)}") from error
        except OSError as error:
            raise RemoteError(
                f"{self.name} ({printable(self.url)}) does not {verb} {short(digest.sha256)}: {error.strerror}"
            ) from error
