"""Putting verified bytes under their name in a workspace.

No existing file is ever opened for writing: its inode may have other names. No folder on the way may be a symlink.
Bytes get their name only when they are what the manifest says, and never in place of other bytes unless told so.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from mlvgit.core.digest import BIG_BYTES, Digest, Hasher
from mlvgit.core.text import printable, short, size
from mlvgit.errors import IntegrityError
from mlvgit.store.atomic import Draft, ensure_directory, flush_directory, machine_errors
from mlvgit.store.copying import copy_open
from mlvgit.store.folders import parent_of
from mlvgit.store.reading import BUFFER_BYTES, Counted, Meter, Readable, attempt

__all__ = ["make_read_only", "make_writable", "place_bytes", "require_same", "write_expected"]


def place_bytes(
    root: Path,
    relative: str,
    data_or_reader: bytes | Readable,
    expected: Digest,
    *,
    mode: int = 0o666,
    replace: bool = False,
    durable: bool = True,
    meter: Meter | None = None,
    twin: Draft | None = None,
) -> int:
    """Put bytes under the name `relative` below `root`, if they are what `expected` says.

    The same bytes that stand there already are left alone. An open file is cloned or copied by the system where that is
    possible.

    Args:
        root: a folder that is trusted, for example the top of the worktree; symlinks below it are refused.
            Made when missing.
        relative: POSIX; missing folders are made.
        data_or_reader: the bytes, or what they are read from (not beyond one byte more than expected).
        expected: their size and SHA-256.
        mode: permission bits, from which the umask is taken away.
        replace: take the place of other bytes; only for bytes that are known to stand elsewhere too.
        durable: False for bytes that stand elsewhere, durably: nothing is flushed.
        meter: told of every portion.
        twin: gets the same bytes; the caller publishes it.

    Returns:
        How many bytes of the disk that took: none for a clone, and for bytes that stood there.

    Raises:
        IntegrityError: the bytes differ, the name is unsafe or leads through a symlink, or is taken by other bytes.
        MachineError: the disk is full, a permission is missing. In all cases the workspace is as before.
    """
    shown = str(root / relative)
    ensure_directory(root)
    with machine_errors(f"write {shown}"), parent_of(root, relative, create=True) as (folder, name):
        with Draft(folder, name, mode=mode, durable=durable) as draft:
            write_expected(draft, relative, data_or_reader, expected, meter, twin)
            added = 0 if draft.shares_blocks else expected.size
            try:
                draft.publish(replace=replace)
            except FileExistsError:
                require_same(folder, name, shown, expected)
                added = 0
        if durable:
            flush_directory(folder)
    return added


def write_expected(
    draft: Draft,
    relative: str,
    data_or_reader: bytes | Readable,
    expected: Digest,
    meter: Meter | None = None,
    twin: Draft | None = None,
) -> Digest:
    """Put bytes into a draft and return `expected`, if they are what it says; see `place_bytes`.

    Raises:
        IntegrityError: they are not.
        OSError: they cannot be read or written.
    """
    found = _fill([draft, twin] if twin else [draft], data_or_reader, expected, meter)
    if found != expected:
        raise IntegrityError(f"the bytes for {printable(relative)} {_difference(found, expected)}")
    return expected


def require_same(folder: int, name: str, shown: str, expected: Digest) -> None:
    """Make sure that the file `name` in the open folder has the bytes of `expected`.

    Args:
        folder: open folder that the name stands in.
        name: one path component.
        shown: how to call the file in a message.
        expected: its digest.

    Raises:
        IntegrityError: it has other bytes, or is not a regular file.
    """
    outcome, _ = attempt(name, None, bytearray(BUFFER_BYTES), None, None, dir_fd=folder)
    if outcome == expected:
        return
    reason = "with other bytes" if isinstance(outcome, Digest) else f"({outcome.message})"
    raise IntegrityError(f"{printable(shown)} is there already, {reason}; it was not touched")


def make_read_only(paths: Iterable[str | Path]) -> None:
    """Take the permission to write from files (never folders); a convenience that may fail, and then does nothing."""
    for path in paths:
        _change_mode(path, lambda mode: mode & ~0o222)


def make_writable(paths: Iterable[Path]) -> None:
    """Give the owner of files the permission to write back; may fail, and then does nothing."""
    for path in paths:
        _change_mode(path, lambda mode: mode | 0o200)


def _fill(drafts: Sequence[Draft], source: bytes | Readable, expected: Digest, meter: Meter | None) -> Digest:
    if isinstance(source, Counted):
        copied = copy_open(drafts, source.reader, expected.size, source.meter)
    else:
        copied = copy_open(drafts, source, expected.size, meter)
    if copied is not None:
        return copied
    total = 0
    with Hasher(beside=expected.size >= BIG_BYTES) as hasher:
        for portion in _portions(source, expected.size + 1):
            hasher.update(portion)
            for draft in drafts:
                draft.write(portion)
            total += len(portion)
            if meter is not None:
                meter.advance(len(portion))
        return Digest(total, hasher.hexdigest())


def _portions(source: bytes | Readable, limit: int) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    while limit and (portion := source.read(min(BUFFER_BYTES, limit))):
        yield portion
        limit -= len(portion)


def _difference(found: Digest, expected: Digest) -> str:
    if found.size > expected.size:
        return f"are more than the {size(expected.size)} expected"
    if found.size < expected.size:
        return f"are {found.size:,} bytes, expected {expected.size:,}"
    return f"hash to {short(found.sha256)}, expected {short(expected.sha256)}"


def _change_mode(path: str | Path, change: Callable[[int], int]) -> None:
    try:
        standing = stat.S_IMODE(os.lstat(path).st_mode)
        if change(standing) == standing:  # one call for each of thousands of files
            return
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        mode = os.fstat(fd).st_mode
        wanted = change(stat.S_IMODE(mode))
        if stat.S_ISREG(mode) and wanted != stat.S_IMODE(mode):  # what is right keeps its ctime
            os.fchmod(fd, wanted)
    except OSError:
        pass  # not ours, or a file system without modes
    finally:
        os.close(fd)
