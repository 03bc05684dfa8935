"""Writing is all or nothing, and durable: also when the disk is full, a flush fails or the process is killed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from mlvgit.errors import MachineError
from mlvgit.store import atomic
from mlvgit.store.atomic import (
    TEMPORARY_PREFIX,
    Draft,
    ensure_directory,
    remove_durably,
    remove_leftovers,
    rename_durably,
    write_atomic,
)

ROOT = Path(__file__).resolve().parents[2]


def leftovers(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.startswith(TEMPORARY_PREFIX)]


def test_a_new_file_in_new_folders_is_written_whole(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a" / "b" / "state.json", b"{}\n")

    assert (tmp_path / "a" / "b" / "state.json").read_bytes() == b"{}\n"
    assert leftovers(tmp_path / "a" / "b") == []


def test_a_relative_path_without_folder_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    write_atomic(Path("state.json"), b"{}")

    assert (tmp_path / "state.json").read_bytes() == b"{}"


def test_no_bytes_make_an_empty_file(tmp_path: Path) -> None:
    write_atomic(tmp_path / "empty", b"")

    assert (tmp_path / "empty").read_bytes() == b""


def test_replacing_makes_a_new_inode_so_that_other_names_of_the_old_one_keep_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "first").write_bytes(b"old")
    os.link(tmp_path / "first", tmp_path / "second")

    write_atomic(tmp_path / "first", b"new")

    assert (tmp_path / "first").read_bytes() == b"new"
    assert (tmp_path / "second").read_bytes() == b"old"


def test_a_symlink_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "link").symlink_to("target")

    write_atomic(tmp_path / "link", b"new")

    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"precious"


@pytest.mark.parametrize("mode", [0o600, 0o755, 0o444])
def test_an_explicit_mode_is_exact(tmp_path: Path, mode: int) -> None:
    write_atomic(tmp_path / "file", b"x", mode=mode)

    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_the_mode_of_the_replaced_file_stays(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "file").chmod(0o640)

    write_atomic(tmp_path / "file", b"new")

    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_the_umask_decides_the_mode_of_a_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "file", b"x")
    finally:
        os.umask(before)

    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_a_folder_in_the_way_is_an_error_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()

    with pytest.raises(MachineError, match=r"cannot write .*state"):
        write_atomic(tmp_path / "state", b"x")

    assert leftovers(tmp_path) == []


def test_a_system_that_takes_a_few_bytes_at_a_time_gets_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:3]))

    write_atomic(tmp_path / "file", b"0123456789")

    assert (tmp_path / "file").read_bytes() == b"0123456789"


@pytest.mark.parametrize("failing", [1, 2])
def test_a_failed_flush_is_an_error_and_never_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    (tmp_path / "file").write_bytes(b"old")
    calls: list[int] = []

    def fsync(fd: int) -> None:
        calls.append(fd)
        if len(calls) == failing:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(MachineError, match="Input/output error"):
        write_atomic(tmp_path / "file", b"new")

    assert len(calls) == failing
    assert leftovers(tmp_path) == []
    if failing == 1:  # the bytes: not published; the second is the folder, when the name is already there
        assert (tmp_path / "file").read_bytes() == b"old"


def test_every_new_folder_the_file_and_its_folder_are_flushed_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        flushed.append(os.readlink(f"/proc/self/fd/{fd}") if sys.platform == "linux" else "?")
        real(fd)

    if sys.platform != "linux":
        pytest.skip("reads the names of open files from /proc")
    monkeypatch.setattr(os, "fsync", fsync)

    write_atomic(tmp_path / "a" / "b" / "file", b"x")

    top = str(tmp_path)
    assert flushed[:2] == [top, top + "/a"]
    assert flushed[2].startswith(f"{top}/a/b/{TEMPORARY_PREFIX}")
    assert flushed[3] == top + "/a/b"


def test_an_interrupt_while_writing_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(fd: int, data: bytes) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "file", b"x")

    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_the_old_file_and_says_so(small_disk: Path) -> None:
    write_atomic(small_disk / "file", b"old")

    with pytest.raises(MachineError, match="No space left") as caught:
        write_atomic(small_disk / "file", bytes(1 << 20))

    assert "free some space" in caught.value.hint
    assert (small_disk / "file").read_bytes() == b"old"
    assert leftovers(small_disk) == []
    write_atomic(small_disk / "file", b"new")
    assert (small_disk / "file").read_bytes() == b"new"


def test_a_process_killed_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from mlvgit.store.atomic import write_atomic
        path = Path(sys.argv[1])
        print("ready", flush=True)
        while True:
            for letter in b"ab":
                write_atomic(path, bytes([letter]) * 300_000)
        """
    )
    path = tmp_path / "file"
    write_atomic(path, b"a" * 300_000)
    for attempt in range(6):
        writer = subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=ROOT, stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.004 * attempt)
        writer.kill()
        writer.wait()
        writer.stdout.close()

        assert path.read_bytes() in (b"a" * 300_000, b"b" * 300_000)

    remove_leftovers(tmp_path)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(sys.platform != "linux", reason="strace is for Linux")
@pytest.mark.parametrize(
    ("call", "when", "expected"),
    [
        ("fsync", 1, b"old"),
        ("rename,renameat,renameat2", 1, b"old"),
        ("fsync", 2, b"new"),
    ],
    ids=["before the bytes are flushed", "before the rename", "before the folder is flushed"],
)
def test_a_process_killed_at_a_chosen_system_call_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, call: str, when: int, expected: bytes
) -> None:
    try:
        works = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        works = False
    if not works:
        pytest.skip("strace is missing or may not trace here")
    write_atomic(tmp_path / "file", b"old")
    script = (
        "import sys; from pathlib import Path; from mlvgit.store.atomic import write_atomic\n"
        "write_atomic(Path(sys.argv[1]), b'new')"
    )
    trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
    trace += ["-e", f"inject={call}:signal=KILL:when={when}"]
    done = subprocess.run([*trace, sys.executable, "-c", script, str(tmp_path / "file")], cwd=ROOT, capture_output=True)

    assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
    # strace delivers the signal when the call returns, so a rename may have happened
    assert (tmp_path / "file").read_bytes() in {expected, b"new" if "rename" in call else expected}
    remove_leftovers(tmp_path)
    assert os.listdir(tmp_path) == ["file"]


def test_publishing_without_replacing_refuses_a_taken_name(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"old")
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with Draft(folder, "taken") as draft:
            draft.write(b"new")
            with pytest.raises(FileExistsError):
                draft.publish(replace=False)
    finally:
        os.close(folder)

    assert (tmp_path / "taken").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["taken"]


@pytest.mark.parametrize("taken", [True, False])
def test_publishing_works_where_the_file_system_has_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    def link(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    if taken:
        (tmp_path / "name").write_bytes(b"old")
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with Draft(folder, "name") as draft:
            draft.write(b"new")
            if taken:
                with pytest.raises(FileExistsError):
                    draft.publish(replace=False)
            else:
                draft.publish(replace=False)
    finally:
        os.close(folder)

    assert (tmp_path / "name").read_bytes() == (b"old" if taken else b"new")
    assert os.listdir(tmp_path) == ["name"]


def test_a_folder_is_made_with_all_above_it_and_a_second_time_nothing_happens(tmp_path: Path) -> None:
    ensure_directory(tmp_path / "a" / "b" / "c")
    ensure_directory(tmp_path / "a" / "b" / "c")

    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_a_file_where_a_folder_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")

    with pytest.raises(MachineError, match="cannot make the folder"):
        ensure_directory(tmp_path / "a" / "b")
    with pytest.raises(MachineError, match="cannot make the folder"):
        ensure_directory(tmp_path / "a")


def test_removing_says_whether_there_was_anything(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")

    assert remove_durably(tmp_path / "a") is True
    assert remove_durably(tmp_path / "a") is False


def test_a_rename_moves_a_folder_whole_or_says_why_not(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").write_bytes(b"x")
    (tmp_path / "there").mkdir()

    rename_durably(tmp_path / "old", tmp_path / "there" / "new")

    assert (tmp_path / "there" / "new" / "file").read_bytes() == b"x"
    with pytest.raises(MachineError, match="cannot rename"):
        rename_durably(tmp_path / "old", tmp_path / "new")


def test_leftovers_of_a_killed_command_are_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / (atomic.TEMPORARY_PREFIX + "0123")).write_bytes(b"half")
    (tmp_path / "kept").write_bytes(b"whole")

    assert remove_leftovers(tmp_path) == 1
    assert os.listdir(tmp_path) == ["kept"]


def test_what_was_left_just_now_may_be_somebody_s_who_is_writing(tmp_path: Path) -> None:
    for name, age in (("old", 7200), ("new", 0)):
        path = tmp_path / f"{TEMPORARY_PREFIX}{name}"
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age, time.time() - age))

    assert remove_leftovers(tmp_path, age=3600) == 1
    assert os.listdir(tmp_path) == [f"{TEMPORARY_PREFIX}new"]
