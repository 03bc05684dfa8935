"""One writer at a time, who says who it is, waits a limited time, and blocks nobody once it is dead."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlvgit.errors import BusyError, MachineError
from mlvgit.store.lock import LOCK_NAME, exclusive

ROOT = Path(__file__).resolve().parents[2]

HOLDER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from mlvgit.store.lock import exclusive
    with exclusive(Path(sys.argv[1]), sys.argv[2]):
        print("held", flush=True)
        time.sleep(60)
    """
)


@contextmanager
def held_by_another(directory: Path, purpose: str = "promote iris_clf v0.2.0") -> Iterator[subprocess.Popen[bytes]]:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(directory), purpose], cwd=ROOT, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"held\n"
        yield holder
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_the_lock_says_who_holds_it_and_is_empty_but_there_afterwards(tmp_path: Path) -> None:
    with exclusive(tmp_path / "mlv", "freeze iris v0.1"):
        note = json.loads((tmp_path / "mlv" / LOCK_NAME).read_bytes())

    assert note["pid"] == os.getpid()
    assert note["purpose"] == "freeze iris v0.1"
    assert note["host"]
    assert note["since"].endswith("Z")
    assert (tmp_path / "mlv" / LOCK_NAME).read_bytes() == b""


def test_a_busy_lock_names_its_holder_after_the_limited_wait(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as holder:
        start = time.monotonic()
        with pytest.raises(BusyError) as caught, exclusive(tmp_path, "mine", wait=0.2):
            pass
        waited = time.monotonic() - start

    assert f"promote iris_clf v0.2.0 (process {holder.pid} on " in caught.value.message
    assert "since 20" in caught.value.message
    assert caught.value.exit_status == 5
    assert 0.2 <= waited < 2


def test_no_wait_tries_once(tmp_path: Path) -> None:
    with held_by_another(tmp_path), pytest.raises(BusyError), exclusive(tmp_path, "mine", wait=0):
        pass


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_a_dead_holder_blocks_nobody(tmp_path: Path, signum: int) -> None:
    with held_by_another(tmp_path) as holder:
        holder.send_signal(signum)
        holder.wait()

        with exclusive(tmp_path, "mine", wait=1):
            assert json.loads((tmp_path / LOCK_NAME).read_bytes())["pid"] == os.getpid()


def test_a_holder_that_ends_within_the_wait_is_waited_for(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as holder:
        timer = threading.Timer(0.2, holder.kill)
        timer.start()
        with exclusive(tmp_path, "mine", wait=10):
            pass
        timer.join()


def test_the_holder_may_take_it_again_and_lets_go_only_at_the_end(tmp_path: Path) -> None:
    with exclusive(tmp_path, "outer"):
        with exclusive(tmp_path, "inner"):
            pass
        assert json.loads((tmp_path / LOCK_NAME).read_bytes())["purpose"] == "outer"


def test_another_name_of_the_same_folder_is_the_same_lock(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    with exclusive(tmp_path / "real", "outer"), exclusive(tmp_path / "link", "inner", wait=0):
        pass


def test_another_thread_of_the_process_waits_its_turn(tmp_path: Path) -> None:
    refused: list[BusyError] = []

    def other() -> None:
        try:
            with exclusive(tmp_path, "other", wait=0.05):
                pass
        except BusyError as error:
            refused.append(error)

    with exclusive(tmp_path, "mine"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    assert len(refused) == 1


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path, "mine"):
        raise ZeroDivisionError
    other = subprocess.run(
        [sys.executable, "-c", HOLDER.replace("60", "0"), str(tmp_path), "other"], cwd=ROOT, capture_output=True
    )

    assert other.returncode == 0


@pytest.mark.parametrize("damage", [b"", b"not json", b"[]", b'{"pid": 1}', b"\xff\xfe", b"[" * 5000])
def test_a_damaged_note_does_not_hide_that_it_is_busy(tmp_path: Path, damage: bytes) -> None:
    with held_by_another(tmp_path):
        (tmp_path / LOCK_NAME).write_bytes(damage)
        with pytest.raises(BusyError, match="has not said who it is"), exclusive(tmp_path, "mine", wait=0):
            pass


def test_control_characters_of_a_note_are_shown_as_escapes(tmp_path: Path) -> None:
    with (
        held_by_another(tmp_path, "\x1b[2Jevil"),
        pytest.raises(BusyError) as caught,
        exclusive(tmp_path, "mine", wait=0),
    ):
        pass

    assert "\\x1b[2Jevil" in caught.value.message


def test_a_symlink_in_place_of_the_lock_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / LOCK_NAME).symlink_to("precious")

    with pytest.raises(MachineError), exclusive(tmp_path, "mine"):
        pass

    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_lock_file_removed_by_hand_does_not_let_two_in(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as first:
        (tmp_path / LOCK_NAME).unlink()
        with held_by_another(tmp_path, "second"):  # the name is new, so the first no longer guards it
            assert first.poll() is None
            with pytest.raises(BusyError, match="second"), exclusive(tmp_path, "third", wait=0):
                pass


def test_sixteen_processes_that_contend_each_get_their_turn_alone(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from mlvgit.store.lock import exclusive
        counter = Path(sys.argv[1]) / "counter"
        for _ in range(5):
            with exclusive(Path(sys.argv[1]), "count", wait=60):
                counter.write_text(str(int(counter.read_text()) + 1))
        """
    )
    (tmp_path / "counter").write_text("0")
    workers = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT) for _ in range(16)]

    assert [worker.wait() for worker in workers] == [0] * 16
    assert (tmp_path / "counter").read_text() == "80"
