"""Real disks that are full or read-only, and sixteen commands at once: nothing is lost, and the same command again succeeds."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Playground, Sandbox

BUSY = 5
MACHINE = 3
CREATE = ("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", "-m", "Freeze scans")


@contextmanager
def mounted(*words: str | Path) -> Iterator[None]:
    """Mount something for a while; the last word is where."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    done = subprocess.run(["mount", *words], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", words[-1]], check=True)


def sound(repo: Sandbox) -> None:
    """Store and repository are whole."""
    repo.mlv("fsck")
    repo.git("fsck", "--no-progress", "--connectivity-only")


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_freeze_on_a_full_disk_changes_nothing_and_succeeds_once_there_is_room(
    playground: Playground, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=6m", "tmpfs", disk):
        playground.run("git", "init", "--quiet", str(disk / "repo"), cwd=disk)
        repo = Sandbox(playground, disk / "repo")
        repo.mlv("init")
        repo.commit("Set up")
        source = tmp_path / "raw"
        source.mkdir()
        for number in range(3):
            (source / f"{number}.bin").write_bytes(os.urandom(700_000))
        (source / "small").mkdir()
        for number in range(40):
            (source / f"small/{number}.txt").write_bytes(os.urandom(1000))
        (disk / "filler").write_bytes(bytes(3_000_000))
        before = repo.head()
        create = [str(source) if word == "raw" else word for word in CREATE]

        failed = repo.mlv(*create, check=False)

        assert failed.status == MACHINE
        assert "No space left on device" in failed.said
        assert "Traceback" not in failed.said
        assert repo.head() == before
        assert repo.git("status", "--porcelain").out == ""
        (disk / "filler").unlink()
        sound(repo)
        repo.mlv(*create)
        repo.mlv("verify")
        sound(repo)
        assert files_below(repo / "data/snapshots/scans_v0.1") == files_below(source)


def test_of_two_disks_the_one_that_is_full_is_named(playground: Playground, repo: Sandbox, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    repo.mlv("init")
    repo.mlv("remote", "add", "shelf", str(tmp_path / "shelf"), "-m", "Name a remote")
    repo.write("raw/a.bin", bytes(20_000_000))  # large ones are written to the store and the workspace at once
    repo.mlv(*CREATE)
    repo.server()
    repo.mlv("push")
    with mounted("-t", "tmpfs", "-o", "size=10m", "tmpfs", disk):
        playground.run("git", "clone", "--quiet", f"file://{repo.path}", str(disk / "clone"), cwd=disk)
        clone = Sandbox(playground, disk / "clone")
        clone.git("config", "mlv.store", str(tmp_path / "store"))
        (tmp_path / "store").mkdir()

        failed = clone.mlv("pull", check=False)

        assert failed.status == MACHINE
        assert f"cannot write {clone.path}/data/snapshots/scans_v0.1/a.bin: No space left on device" in failed.said
        assert "objects" not in failed.err


def test_a_store_that_is_mounted_read_only_is_named_and_nothing_is_changed(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.commit("Set up")
    repo.write("raw/a.bin", os.urandom(5000))
    repo.write("other/b.bin", b"first")
    repo.mlv("snapshot", "create", "first", "v0.1", "other", "--storage", "store", "-m", "First")
    objects = repo / ".git/mlv/objects"
    stood = files_below(objects)
    with mounted("--bind", objects, objects):
        subprocess.run(["mount", "-o", "remount,bind,ro", objects], check=True)

        failed = repo.mlv(*CREATE, check=False)

        assert failed.status == MACHINE
        assert "read-only" in failed.said.lower()
        assert files_below(objects) == stood
        assert not (repo / "data/snapshots/scans_v0.1").exists()
        repo.mlv("verify")
        repo.mlv("restore", "first@v0.1")
    repo.mlv(*CREATE)
    repo.mlv("verify")
    sound(repo)


def test_sixteen_freezes_at_once_all_come_in(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.commit("Set up")
    names = [f"set{number}" for number in range(16)]
    for name in names:
        repo.write(f"raw/{name}/own.bin", os.urandom(70_000))
        repo.write(f"raw/{name}/shared.bin", bytes(range(256)) * 300)  # the same object for all
        for number in range(10):
            repo.write(f"raw/{name}/{number}.txt", f"{number}")

    def create(name: str) -> tuple[str, int]:
        words = ("snapshot", "create", name, "v0.1", f"raw/{name}", "--storage", "store")
        return name, repo.mlv(*words, check=False).status

    with ThreadPoolExecutor(16) as crew:
        ended = dict(crew.map(create, names))

    assert set(ended.values()) <= {0, BUSY}
    for name in [name for name, status in ended.items() if status == BUSY]:
        assert create(name)[1] == 0
    repo.git("commit", "-qm", "Sixteen snapshots")
    assert len(repo.mlv("verify").out.splitlines()) == 16
    sound(repo)


def test_the_same_freeze_sixteen_times_at_once_is_one_freeze(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.commit("Set up")
    repo.write("raw/a.bin", os.urandom(70_000))
    words = CREATE[:-2]

    with ThreadPoolExecutor(16) as crew:
        ended = list(crew.map(lambda _: repo.mlv(*words, check=False), range(16)))

    assert {each.status for each in ended} <= {0, BUSY}
    assert sum("froze scans@v0.1" in each.said for each in ended) == 1
    repo.git("commit", "-qm", "One snapshot")
    repo.mlv("verify")
    sound(repo)


def test_of_two_freezes_of_one_version_at_once_with_other_bytes_one_is_refused(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.commit("Set up")
    for number in range(8):
        repo.write(f"raw/{number}/a.bin", bytes([number]) * 70_000)

    with ThreadPoolExecutor(8) as crew:
        ended = list(crew.map(lambda number: repo.mlv(*CREATE[:4], f"raw/{number}", check=False), range(8)))

    assert sum(each.status == 0 for each in ended) == 1
    (frozen,) = [number for number, each in enumerate(ended) if each.status == 0]
    assert all("frozen with other bytes" in each.said for each in ended if each.status not in (0, BUSY))
    assert repo.read("data/snapshots/scans_v0.1/a.bin") == bytes([frozen]) * 70_000
    repo.mlv("verify")


def test_a_collection_beside_freezes_removes_nothing_that_they_need(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.commit("Set up")
    for number in range(6):
        repo.write(f"raw/{number}/a.bin", os.urandom(70_000))

    def create(number: int) -> int:
        words = ("snapshot", "create", f"set{number}", "v0.1", f"raw/{number}", "--storage", "store")
        return repo.mlv(*words, check=False).status

    def collect(_: int) -> int:
        return repo.mlv("gc", "--grace", "0", check=False).status

    with ThreadPoolExecutor(12) as crew:
        freezing = [crew.submit(create, number) for number in range(6)]
        collecting = [crew.submit(collect, number) for number in range(6)]

    assert {each.result() for each in collecting} <= {0, BUSY}
    for number, status in enumerate(each.result() for each in freezing):
        assert status == 0 or (status == BUSY and create(number) == 0)
    repo.git("commit", "-qm", "Six snapshots")
    for folder in (repo / "data/snapshots").iterdir():
        if folder.is_dir():
            for file in folder.iterdir():
                file.unlink()
    for number in range(6):
        repo.mlv("restore", f"set{number}@v0.1")
    repo.mlv("verify")
    sound(repo)
