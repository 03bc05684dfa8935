"""Digests are those of bytes that held still: on all cores, with any executor, and while copying."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from mlvgit.core.digest import Digest, of_bytes
from mlvgit.core.digests import Digests
from mlvgit.errors import IntegrityError, MachineError
from mlvgit.store import forked, reading
from mlvgit.store.atomic import TEMPORARY_PREFIX
from mlvgit.store.batches import Outcomes
from mlvgit.store.copies import hash_and_copy
from mlvgit.store.hashing import hash_files, hash_path
from mlvgit.store.reading import Meter, Progress, hash_batch
from mlvgit.store.scan import SourceFile, scan, sizes_of, stat_key

pytestmark = pytest.mark.timeout(60)


class Counting:
    """Progress that only counts."""

    def __init__(self) -> None:
        self.total_bytes = self.total_files = self.seen = 0
        self.finished = 0

    def start(self, total_bytes: int, total_files: int) -> None:
        self.total_bytes, self.total_files = total_bytes, total_files

    def advance(self, nbytes: int) -> None:
        self.seen += nbytes

    def finish(self) -> None:
        self.finished += 1


class Meddling(Counting):
    """Does something to the files as soon as the first bytes were read."""

    def __init__(self, deed: object) -> None:
        super().__init__()
        self.deed = deed

    def advance(self, nbytes: int) -> None:
        super().advance(nbytes)
        if callable(self.deed):
            deed, self.deed = self.deed, None
            deed()


@pytest.fixture
def mixed(tmp_path: Path) -> list[SourceFile]:
    """Files of all sizes around the limits of the reader, 12 MiB in all."""
    source = tmp_path / "source"
    sizes = [0, 1, 65_535, 65_536, 65_537, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 9 << 20]
    for number, size in enumerate([*sizes, *range(40)]):
        path = source / f"folder {number % 3}" / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    return scan(source)


def expected(files: list[SourceFile]) -> list[Digest]:
    return [of_bytes(Path(file.path).read_bytes()) for file in files]


def test_digests_are_those_of_hashlib_in_the_order_of_the_files(mixed: list[SourceFile]) -> None:
    assert hash_files(mixed) == expected(mixed)


def test_no_files_have_no_digests() -> None:
    assert hash_files([]) == []


def test_progress_sees_every_byte_once_and_the_end(mixed: list[SourceFile]) -> None:
    progress = Counting()

    hash_files(mixed, progress=progress)

    assert progress.total_files == len(mixed)
    assert progress.seen == progress.total_bytes == sum(file.stat.size for file in mixed)
    assert progress.finished == 1


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_any_executor_gives_the_same_digests_and_is_left_running(mixed: list[SourceFile], kind: str) -> None:
    progress = Counting()
    pool = ThreadPoolExecutor(2) if kind == "threads" else ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    with pool:
        assert hash_files(mixed, executor=pool, progress=progress) == expected(mixed)
        assert pool.submit(len, "abc").result() == 3

    assert progress.seen == progress.total_bytes


def test_an_error_crosses_a_process_whole(mixed: list[SourceFile]) -> None:
    Path(mixed[5].path).write_bytes(b"changed")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool, pytest.raises(IntegrityError) as caught:
        hash_files(mixed, executor=pool)

    assert caught.value.message == f"{mixed[5].path} changed since it was scanned"


def test_empty_sparse_and_hard_linked_files_have_the_digests_of_their_bytes(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "first").write_bytes(b"linked")
    os.link(tmp_path / "first", tmp_path / "second")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(5 << 20)

    digests = hash_files(scan(tmp_path))

    assert digests[0] == Digest(0, hashlib.sha256().hexdigest())
    assert digests[1] == digests[2] == of_bytes(b"linked")
    assert digests[3] == of_bytes(bytes(5 << 20))


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def truncate(path: Path) -> None:
    os.truncate(path, 10)


def rewrite_with_the_same_size_and_times(path: Path) -> None:
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"other bytes")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path: Path) -> None:
    path.with_name("new").write_bytes(bytes(path.stat().st_size))
    path.with_name("new").rename(path)


def touch(path: Path) -> None:
    os.utime(path)


CHANGES = [append, truncate, rewrite_with_the_same_size_and_times]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("size", [8 << 20, 1 << 21])
def test_a_file_changed_while_it_is_hashed_is_an_error(tmp_path: Path, change: object, size: int) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(bytes(size))
    files = scan(path)
    time.sleep(0.01)  # the clock of the file system has to move

    with pytest.raises(IntegrityError, match=r"data.bin changed while it was hashed"):
        hash_files(files, progress=Meddling(lambda: change(path)))  # type: ignore[operator]


@pytest.mark.parametrize("change", [*CHANGES, replace, touch])
@pytest.mark.parametrize("size", [100, 1 << 20])
def test_a_file_changed_between_scan_and_hash_is_an_error(tmp_path: Path, change: object, size: int) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(bytes(size))
    files = scan(path)
    time.sleep(0.01)
    change(path)  # type: ignore[operator]

    with pytest.raises(IntegrityError, match=r"data.bin changed since it was scanned"):
        hash_files(files)


def test_a_file_that_grows_all_the_time_is_given_up_on(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(bytes(2 << 20))
    grown: list[int] = []

    def grow(portion: memoryview) -> None:
        append(path)
        grown.append(len(portion))

    with pytest.raises(IntegrityError, match="changed while it was hashed"):
        reading.stream(path, None, bytearray(1 << 10), None, grow)

    assert sum(grown) <= (2 << 20) + (1 << 10)


@pytest.mark.parametrize("what", ["symlink", "fifo", "socket", "device", "folder", "nothing"])
@pytest.mark.timeout(10)
def test_a_file_swapped_for_something_else_is_refused_without_waiting(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the names of sockets are short
    path = Path("data.bin")
    path.write_bytes(b"data")
    Path("secret").write_bytes(b"data")
    files = scan(path)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as server:
        if what == "symlink":
            path.symlink_to("secret")
        elif what == "fifo":
            os.mkfifo(path)
        elif what == "socket":
            server.bind(str(path))
        elif what == "device":
            path.symlink_to("/dev/zero")
        elif what == "folder":
            path.mkdir()

        with pytest.raises(IntegrityError, match="removed since" if what == "nothing" else "not a regular file"):
            hash_files(files)
        if what != "nothing":
            with pytest.raises(IntegrityError, match="not a regular file"):
                hash_path(path)


def test_nothing_is_read_out_of_a_fifo_that_took_a_file_s_place(tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"data")
    files = scan(path)
    path.unlink()
    os.mkfifo(path)
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(fd, b"for another")
        with pytest.raises(IntegrityError, match="not a regular file"):
            hash_files(files)
        assert os.read(fd, 100) == b"for another"
    finally:
        os.close(fd)


def test_all_changed_files_of_a_batch_are_named(mixed: list[SourceFile]) -> None:
    small = [file for file in mixed if 0 < file.stat.size < 40]
    for file in small:
        Path(file.path).write_bytes(b"changed" * 10)

    with pytest.raises(IntegrityError) as caught:
        hash_files(small)

    assert caught.value.message.startswith(f"{len(small)} files could not be hashed:\n  ")
    assert caught.value.message.endswith(f"  and {len(small) - 20} more")


def test_a_file_that_may_not_be_read_is_an_error_of_the_machine(ordinary_folder: Path) -> None:
    path = ordinary_folder / "data.bin"
    path.write_bytes(b"data")
    files = scan(path)
    path.chmod(0)
    files = [files[0]._replace(stat=stat_key(path.stat()))]

    with pytest.raises(MachineError, match=r"cannot read .*data.bin: Permission denied"):
        hash_files(files)


def test_an_interrupt_stops_the_threads_within_a_portion(tmp_path: Path) -> None:
    for number in range(4):
        with (tmp_path / f"{number}").open("wb") as file:
            file.truncate(8 << 30)

    class Interrupting(Counting):
        def advance(self, nbytes: int) -> None:
            super().advance(nbytes)
            if self.seen > 4 << 20:
                raise KeyboardInterrupt

    progress = Interrupting()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        hash_files(scan(tmp_path), progress=progress)

    assert time.monotonic() - start < 5
    assert progress.finished == 1


def test_a_small_amount_is_hashed_without_starting_threads(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    seen: list[int] = []

    class Watching(Counting):
        def advance(self, nbytes: int) -> None:
            seen.append(threading.get_ident())

    hash_files(scan(tmp_path), progress=Watching())

    assert set(seen) == {threading.get_ident()}


def test_one_path_is_hashed_with_the_stat_that_it_had(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"data")

    assert hash_path(tmp_path / "a") == (of_bytes(b"data"), stat_key(os.lstat(tmp_path / "a")))


# -- thousands of small files, in forked processes


def in_processes(files: list[SourceFile], progress: Progress | None = None) -> Digests:
    outcomes = Outcomes(len(files))
    forked.hash_small(files, sizes_of(files), range(len(files)), outcomes, Meter(progress))
    return outcomes.settle()


@pytest.fixture
def thousands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[SourceFile]:
    """So many small files that forking pays (the limit is lowered), and a bigger one."""
    monkeypatch.setattr("mlvgit.store.batches.LEAST_FORKED", 1000)
    for number in range(1100):
        path = tmp_path / "source" / f"{number // 500}" / f"{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{number}\n".encode() * (number % 50))
    (tmp_path / "source" / "big").write_bytes(os.urandom(200_000))
    return scan(tmp_path / "source")


needs_fork = pytest.mark.skipif(
    sys.platform != "linux" or (os.cpu_count() or 1) < 2, reason="forks on Linux with several cores only"
)


@pytest.mark.parametrize("fork", [pytest.param(True, marks=needs_fork), False])
def test_thousands_of_files_have_the_digests_of_their_bytes(
    thousands: list[SourceFile], monkeypatch: pytest.MonkeyPatch, fork: bool
) -> None:
    monkeypatch.setattr("mlvgit.store.forked.can_fork", lambda: fork)
    progress = Counting()

    assert hash_files(thousands, progress=progress) == expected(thousands)
    assert progress.seen == progress.total_bytes


@needs_fork
def test_files_changed_are_named_by_the_parent_too(
    thousands: list[SourceFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlvgit.store.forked.can_fork", lambda: True)
    touched = [thousands[10], thousands[300], thousands[900]]
    for file in touched:
        Path(file.path).write_bytes(b"changed")

    with pytest.raises(IntegrityError) as caught:
        hash_files(thousands)

    assert [line.split()[0] for line in caught.value.message.splitlines()[1:]] == [file.path for file in touched]


@needs_fork
def test_a_child_that_dies_leaves_its_files_to_the_parent(
    thousands: list[SourceFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = os.getpid()
    real = reading.small_sha256
    done: list[int] = []

    def deadly(file: SourceFile, buffer: bytearray) -> bytes | None:
        done.append(1)
        if os.getpid() != parent and len(done) > 20:
            os.kill(os.getpid(), 9)
        return real(file, buffer)

    monkeypatch.setattr(forked, "small_sha256", deadly)

    assert in_processes(thousands) == expected(thousands)


@needs_fork
def test_a_system_without_room_for_processes_is_no_failure(
    thousands: list[SourceFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fork() -> int:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(os, "fork", fork)

    assert in_processes(thousands) == expected(thousands)


@needs_fork
def test_an_interrupt_ends_the_children(thousands: list[SourceFile], monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[int] = []
    real = os.fork

    def fork() -> int:
        children.append(real())
        return children[-1]

    monkeypatch.setattr(os, "fork", fork)

    class Interrupting(Counting):
        def advance(self, nbytes: int) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_processes(thousands, Interrupting())

    assert children
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def test_a_process_with_threads_is_not_forked() -> None:
    event = threading.Event()
    thread = threading.Thread(target=event.wait)
    thread.start()
    try:
        assert not forked.can_fork()
    finally:
        event.set()
        thread.join()


def test_a_batch_gives_a_failure_the_place_of_its_digest(mixed: list[SourceFile]) -> None:
    Path(mixed[1].path).unlink()

    outcomes = hash_batch(mixed[:3])

    assert outcomes[0] == of_bytes(Path(mixed[0].path).read_bytes())
    assert isinstance(outcomes[1], IntegrityError)
    assert outcomes[2] == of_bytes(Path(mixed[2].path).read_bytes())


# -- hashing while copying


def test_a_copy_has_the_bytes_and_digests_of_its_source(mixed: list[SourceFile], tmp_path: Path) -> None:
    progress = Counting()

    digests = hash_and_copy(mixed, tmp_path / "new" / "copy", progress)

    assert digests == expected(mixed)
    copied = scan(tmp_path / "new" / "copy")
    assert [file.relative for file in copied] == [file.relative for file in mixed]
    assert expected(copied) == digests
    assert progress.seen == progress.total_bytes


def test_a_second_copy_keeps_what_is_there(mixed: list[SourceFile], tmp_path: Path) -> None:
    hash_and_copy(mixed, tmp_path / "copy")
    first = scan(tmp_path / "copy")

    assert hash_and_copy(mixed, tmp_path / "copy") == expected(mixed)
    assert [file.stat.ino for file in scan(tmp_path / "copy")] == [file.stat.ino for file in first]
    assert not [name for name in os.listdir(tmp_path / "copy") if name.startswith(TEMPORARY_PREFIX)]


@pytest.mark.parametrize("there", ["file", "folder", "symlink", "fifo"])
@pytest.mark.timeout(10)
def test_whatever_has_the_name_already_is_not_touched(tmp_path: Path, there: str) -> None:
    (tmp_path / "a.csv").write_bytes(b"new bytes")
    target = tmp_path / "copy" / "a.csv"
    target.parent.mkdir()
    (tmp_path / "elsewhere").write_bytes(b"new bytes")
    if there == "file":
        target.write_bytes(b"precious!")
    elif there == "folder":
        target.mkdir()
    elif there == "symlink":
        target.symlink_to("../elsewhere")
    else:
        os.mkfifo(target)

    with pytest.raises(IntegrityError, match="is there already"):
        hash_and_copy(scan(tmp_path / "a.csv"), tmp_path / "copy")

    assert os.listdir(tmp_path / "copy") == ["a.csv"]
    if there == "file":
        assert target.read_bytes() == b"precious!"
    assert target.is_symlink() == (there == "symlink")


def test_a_symlinked_folder_on_the_way_is_refused(mixed: list[SourceFile], tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "copy" / "folder 1").symlink_to(tmp_path / "outside")

    with pytest.raises(IntegrityError, match="'folder 1' on the way to folder 1 is a symbolic link"):
        hash_and_copy(mixed, tmp_path / "copy")

    assert os.listdir(tmp_path / "outside") == []


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"data")
    hostile = scan(tmp_path / "a.csv")[0]._replace(relative="../evil.csv")

    with pytest.raises(IntegrityError, match=r"\.\./evil.csv"):
        hash_and_copy([hostile], tmp_path / "copy")

    assert not (tmp_path / "evil.csv").exists()


@pytest.mark.parametrize("change", [append, truncate])
def test_a_source_that_changes_while_it_is_copied_leaves_no_copy(tmp_path: Path, change: object) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(bytes(4 << 20))
    files = scan(path)
    time.sleep(0.01)

    with pytest.raises(IntegrityError, match="changed while it was hashed"):
        hash_and_copy(files, tmp_path / "copy", Meddling(lambda: change(path)))  # type: ignore[operator]

    assert os.listdir(tmp_path / "copy") == []


def test_a_full_disk_is_named_as_the_copy_s_fault_and_leaves_no_half_file(small_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(bytes(1 << 20))

    with pytest.raises(MachineError, match=r"cannot write .*copy/big.bin: No space left") as caught:
        hash_and_copy(scan(tmp_path / "big.bin"), small_disk / "copy")

    assert "free some space" in caught.value.hint
    assert os.listdir(small_disk / "copy") == []


def test_a_copy_is_executable_where_its_source_is(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "run").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "source" / "run").chmod(0o755)
    (tmp_path / "source" / "text").write_bytes(b"text")
    (tmp_path / "source" / "text").chmod(0o400)

    hash_and_copy(scan(tmp_path / "source"), tmp_path / "copy")

    assert (tmp_path / "copy" / "run").stat().st_mode & 0o100
    assert (tmp_path / "copy" / "text").stat().st_mode & 0o700 == 0o600
