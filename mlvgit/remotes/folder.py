"""A folder as a remote: a shared disk, a mounted share, a backup. Links in it are not followed.

An object is written under another name in its folder, flushed, renamed, and the folder flushed, so that it is complete
or not there. `sha256sum` and `cp` alone can read it back: an object's name is the SHA-256 of its bytes.

A folder that is one of ours has a marker. A share that is not mounted leaves an empty folder, or none: without the marker
an empty folder is taken for that, unless something is mounted there, and bytes are not put where nobody finds them again.
"""

import errno
import json
import os
import shlex
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final

from mlvgit.core.digest import Digest, object_name
from mlvgit.core.text import printable, short
from mlvgit.errors import MlvError, RemoteError, way_out
from mlvgit.remotes.base import OBJECTS, Limited, Reader, failed, lacking, named, portions, unmade

__all__ = ["MARKER", "FolderRemote"]

MARKER: Final = "mlv-remote.json"
"""The file that says that a folder is a remote, and of which format."""
FORMAT: Final = "1.0"
_TEMPORARY: Final = ".mlv-tmp-"
_DAY: Final = 86_400
_SEND_BYTES: Final = 8 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderRemote:
    """Objects below a folder.

    Args:
        makes: the first upload makes the folder where its parent exists. False for a path that is relative: in a clone
            that stands elsewhere it leads to another place, where nobody finds the bytes.

    Attributes:
        used: it was there before, so that it is not made anew: it was moved, or is not mounted.
        tried: it is only tried out, so that it is not made: its path may be mistyped.
    """

    whole_only = False

    def __init__(self, name: str, folder: Path, *, makes: bool = True) -> None:
        self.name = name
        self.url = str(folder)
        self.trouble: MlvError | None = None
        self.notices: list[str] = []
        self.used = False
        self.tried = False
        self._folder = folder
        self._makes = makes
        self._swept: set[str] = set()

    def begin(self) -> None:
        """Mark the folder as a remote of ours if it is there and empty, or a path that is relative: it is to be one.

        Raises:
            RemoteError: it cannot be written.
        """
        if not self._makes and not self._folder.exists() and self._folder.parent.is_dir():
            with self._failing("take its marker"):
                self._make()
        with self._failing("take its marker"), suppress(FileNotFoundError), _opened(self._folder, follow=True) as root:
            if not os.listdir(root):
                _mark(root)

    def presence(self, digests: Iterable[Digest], space: str = OBJECTS) -> dict[str, bool | None]:
        """See `Remote`. A folder that can be made has nothing; one that is not mounted or not readable is unknown."""
        wanted = [(digest, *_parted(digest, space)) for digest in digests]
        try:
            with self._failing("say what it has"):
                try:
                    with self._root() as root:
                        return {each[0].sha256: self._has(root, *each) for each in wanted}
                except FileNotFoundError:
                    return dict.fromkeys((digest.sha256 for digest, _, _ in wanted), False)
        except RemoteError as error:
            self.trouble = error
            return dict.fromkeys(digest.sha256 for digest, _, _ in wanted)

    def upload(self, digest: Digest, source: Path, space: str = OBJECTS) -> None:
        """See `Remote`."""
        place, name = _parted(digest, space)
        with (
            self._failing(f"take {short(digest.sha256)}"),
            self._root(create=True) as root,
            _inside(root, place, create=True) as folder,
        ):
            if place not in self._swept:
                self._swept.add(place)
                _sweep(folder)
            try:
                _write(folder, name, portions(digest, source))
            except IsADirectoryError:  # whoever made that folder may want it back
                aside = f"{name}.was-{os.urandom(4).hex()}"
                os.rename(name, aside, src_dir_fd=folder, dst_dir_fd=folder)
                self.notices.append(f"moved the folder {place}/{name} aside: {place}/{aside}")
                _write(folder, name, portions(digest, source))

    @contextmanager
    def download(self, digest: Digest, space: str = OBJECTS) -> Iterator[Reader]:
        """See `Remote`."""
        place, name = _parted(digest, space)
        doing = f"give {short(digest.sha256)}"
        with self._failing(doing):
            try:
                with self._root() as root, _inside(root, place) as folder:
                    fd = os.open(name, _READ, dir_fd=folder)
            except FileNotFoundError as error:
                if not self._folder.exists():
                    raise failed(self, f"have {short(digest.sha256)}", "there is no such folder") from error
                raise lacking(self, digest) from error
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise failed(self, doing, f"{place}/{name} is not a file")
        with os.fdopen(fd, "rb", buffering=0) as file:
            yield Limited(file, digest.size + 1, lambda: self._failing(doing))

    def names(self, space: str = OBJECTS) -> Iterator[Digest]:
        """See `Remote`."""
        with self._failing("list what it has"), suppress(FileNotFoundError), self._root() as root:
            with _inside(root, space) as top:
                places = sorted(os.listdir(top))
            for place in places:
                yield from _listed(root, space, place)

    def delete(self, digest: Digest, space: str = OBJECTS) -> None:
        """See `Remote`."""
        place, name = _parted(digest, space)
        with (
            self._failing(f"delete {short(digest.sha256)}"),
            suppress(FileNotFoundError),
            self._root() as root,
            _inside(root, place) as folder,
        ):
            os.unlink(name, dir_fd=folder)
            os.fsync(folder)

    def _has(self, root: int, digest: Digest, place: str, name: str) -> bool | None:
        try:
            with _inside(root, place) as folder:
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        except OSError as error:
            self.trouble = failed(self, f"say whether it has {short(digest.sha256)}", error.strerror or "")
            return None
        return stat.S_ISREG(found.st_mode) and found.st_size == digest.size

    @contextmanager
    def _root(self, *, create: bool = False) -> Iterator[int]:
        """Open the folder itself, which may be a link: the user named it.

        Raises:
            FileNotFoundError: it is not there, and could be made.
            RemoteError: it looks like a share that is not mounted, or is of a newer format.
        """
        makes = self._makes and not self.used and not self.tried
        if create and makes and not self._folder.exists() and self._folder.parent.is_dir():
            self._make()
        try:
            opened = os.open(self._folder, _FOLDER & ~os.O_NOFOLLOW)
        except FileNotFoundError:
            if self._folder.parent.is_dir() and makes:
                raise
            if not makes and (not self._makes or self._folder.parent.is_dir()):
                raise self._never_made() from None
            raise failed(
                self, "exist", f"nor does {self._folder.parent}", hint="mount it, or make the folder above it"
            ) from None
        with _closing(opened) as root:
            if not self._is_marked(root):
                if not os.listdir(root) and not os.path.ismount(self._folder):
                    raise self._not_mounted()
                if create:
                    _mark(root)
            yield root

    def _never_made(self) -> MlvError:
        making = f"mkdir {shlex.quote(self.url)} && {self._marking()}"
        new = f"when it is to be a new remote: {making}"
        if self._makes and not self.used:
            return unmade(self, making)
        if self._makes:
            return failed(
                self,
                "exist",
                "there is no such folder any more, and this clone has used it",
                hint=f"mount it, move it back, or name in mlv.yaml where it is now; {new}",
            )
        return failed(
            self,
            "exist",
            "there is no such folder, and a relative path leads elsewhere from each clone",
            hint=f"put it or a link there, or name it in mlv.yaml by a path that is the same for all; {new}",
        )

    def _make(self) -> None:
        """Make the folder with its marker in it, at once: nobody sees it without."""
        parent = self._folder.parent
        draft = parent / f"{_TEMPORARY}{os.urandom(8).hex()}"
        draft.mkdir()
        try:
            with _opened(draft) as fd:
                _mark(fd)
            os.rename(draft, self._folder)
        except OSError:
            with suppress(FileNotFoundError):
                (draft / MARKER).unlink()
            draft.rmdir()
            if not self._folder.is_dir():  # else somebody was quicker
                raise
            return
        with _opened(parent) as fd:
            os.fsync(fd)
        self.notices.append(f"made the folder {printable(self.url)}")

    def _is_marked(self, root: int) -> bool:
        try:
            with os.fdopen(os.open(MARKER, _READ, dir_fd=root), "rb") as file:
                text = file.read(4096)
        except FileNotFoundError:
            return False
        try:
            major = int(str(json.loads(text)["format"]).split(".")[0])
        except (ValueError, TypeError, KeyError):
            raise failed(self, "have a marker that can be read", f"{MARKER} should say {_marker()!r}") from None
        if major > 1:
            raise failed(self, "have a format that is known here", f"{MARKER} says {major}", hint="upgrade mlvgit")
        return True

    def _not_mounted(self) -> RemoteError:
        return RemoteError(
            f"{self.name} ({printable(self.url)}) is an empty folder without {MARKER}: a share that is not mounted?",
            hint=f"mount it; or, when it is to be a new remote: {self._marking()}",
        )

    def _marking(self) -> str:
        return f"echo '{_marker()}' >{printable(shlex.quote(str(self._folder / MARKER)))}"

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise failed(self, what, error.strerror or str(error), hint=way_out(error)) from error


def _parted(digest: Digest, space: str) -> tuple[str, str]:
    place, _, name = object_name(digest.sha256, space).rpartition("/")
    return place, name


@contextmanager
def _closing(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)


def _opened(path: Path, *, follow: bool = False) -> AbstractContextManager[int]:
    return _closing(os.open(path, _FOLDER & ~os.O_NOFOLLOW if follow else _FOLDER))


@contextmanager
def _inside(root: int, place: str, *, create: bool = False) -> Iterator[int]:
    """Open a folder below another, link by link, following none."""
    fd = os.dup(root)
    try:
        for part in place.split("/"):
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=fd)
                    os.fsync(fd)
            inner = os.open(part, _FOLDER, dir_fd=fd)
            fd, outer = inner, fd
            os.close(outer)
        yield fd
    finally:
        os.close(fd)


def _listed(root: int, space: str, place: str) -> Iterator[Digest]:
    """Yield the things in one folder of a space; what is no folder, or is gone meanwhile, has none."""
    if named(f"{place}/{'0' * 62}", 0) is None:
        return
    try:
        with _inside(root, f"{space}/{place}") as folder, os.scandir(folder) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                digest = named(f"{place}/{entry.name}", found.st_size)
                if digest and stat.S_ISREG(found.st_mode):
                    yield digest
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise


def _sweep(folder: int) -> None:
    """Remove what killed uploads left: drafts that nobody has written to for a day."""
    before = time.time() - _DAY
    for name in os.listdir(folder):
        if name.startswith(_TEMPORARY):
            with suppress(OSError):
                if os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime < before:
                    os.unlink(name, dir_fd=folder)


def _mark(root: int) -> None:
    _write(root, MARKER, [_marker().encode() + b"\n"])


def _marker() -> str:
    return json.dumps({"format": FORMAT})


def _send(fd: int, offset: int, length: int) -> None:
    """Begin to bring bytes to the disk, so that the flush waits for less; see posix_fadvise(2)."""
    with suppress(AttributeError, OSError):
        os.posix_fadvise(fd, offset, length, os.POSIX_FADV_DONTNEED)


def _write(folder: int, name: str, data: Iterable[bytes]) -> None:
    temporary = f"{_TEMPORARY}{os.urandom(8).hex()}"
    fd = os.open(temporary, _WRITE, 0o444, dir_fd=folder)
    try:
        with os.fdopen(fd, "wb", buffering=0) as file:
            size = unsent = 0
            for portion in data:
                left = memoryview(portion)
                while left:
                    left = left[file.write(left) :]
                size += len(portion)
                unsent += len(portion)
                if unsent >= _SEND_BYTES:
                    _send(fd, size - unsent, unsent)
                    unsent = 0
            os.fsync(fd)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)
