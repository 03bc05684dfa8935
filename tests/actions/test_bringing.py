"""`--move`: sources are taken in without a second copy, stay when they change, and are never lost on the way."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Playground, Sandbox

DATA = b"pixels" * 50_000
FOLDER = "data/snapshots/scans_v0.1"


def object_of(repo: Sandbox, data: bytes) -> Path:
    name = hashlib.sha256(data).hexdigest()
    return repo / ".git/mlv/objects/sha256" / name[:2] / name[2:]


def move(repo: Sandbox, *words: str, storage: str = "store", check: bool = True) -> str:
    done = repo.mlv("snapshot", "create", "scans", "v0.1", *words, "--move", "--storage", storage, check=check)
    assert check or done.status == 1, done.said
    return done.said


@pytest.fixture
def raw(repo: Sandbox) -> Path:
    """`raw/` with two files, one in a folder."""
    repo.write("raw/a.bin", DATA)
    repo.write("raw/deep/b.bin", DATA[1:])
    return repo / "raw"


def test_a_moved_source_becomes_the_object_itself_and_is_gone(repo: Sandbox, raw: Path) -> None:
    inode = (raw / "a.bin").stat().st_ino

    said = move(repo, "raw")

    assert object_of(repo, DATA).stat().st_ino == inode
    assert "+0 B in the store" in said
    assert repo.read(f"{FOLDER}/a.bin") == DATA
    assert (repo / FOLDER / "a.bin").stat().st_ino != inode
    assert repo.read(f"{FOLDER}/deep/b.bin") == DATA[1:]
    assert list(raw.iterdir()) == []
    repo.mlv("verify")
    repo.mlv("fsck")


def test_what_git_keeps_is_moved_into_the_working_directory_with_no_copy_at_all(repo: Sandbox, raw: Path) -> None:
    inode = (raw / "a.bin").stat().st_ino

    said = move(repo, "raw", storage="git")

    assert (repo / FOLDER / "a.bin").stat().st_ino == inode
    assert "+0 B in the working directory" in said
    assert not (raw / "a.bin").exists()
    repo.git("commit", "-qm", "Freeze")
    assert repo.read(f"{FOLDER}/a.bin") == DATA


def test_a_model_is_moved_with_what_belongs_to_it(repo: Sandbox) -> None:
    repo.write("out/model.pkl", DATA)
    repo.write("out/metrics.json", '{"f1": 0.9}\n')

    repo.mlv("model", "add", "clf", "v0.1.0", "out/model.pkl", "--metrics", "out/metrics.json", "--move")

    assert list((repo / "out").iterdir()) == []
    assert repo.read("models/clf/v0.1.0/model.pkl") == DATA


def test_a_file_with_another_name_is_copied_as_a_write_through_that_name_would_reach_the_store(
    repo: Sandbox, raw: Path
) -> None:
    os.link(raw / "a.bin", repo / "other")

    move(repo, "raw")
    (repo / "other").chmod(0o644)
    (repo / "other").write_bytes(b"altered")

    assert object_of(repo, DATA).read_bytes() == DATA
    assert not (raw / "a.bin").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open")
def test_a_source_that_somebody_is_writing_is_refused_and_stays(repo: Sandbox, raw: Path) -> None:
    mode = (raw / "deep/b.bin").stat().st_mode
    with (raw / "deep/b.bin").open("r+b") as file:
        said = move(repo, "raw", check=False)
        file.write(b"more")

    assert "is being written" in said
    assert (raw / "a.bin").read_bytes() == DATA
    assert (raw / "deep/b.bin").stat().st_mode == mode
    assert not object_of(repo, DATA).exists()
    assert not (repo / FOLDER).exists()
    move(repo, "raw")


@pytest.mark.parametrize("storage", ["store", "git"])
def test_a_refused_freeze_leaves_the_sources_as_they_were(repo: Sandbox, raw: Path, storage: str) -> None:
    move(repo, "raw", storage=storage)
    repo.write("raw/a.bin", b"other bytes")
    before = (raw / "a.bin").stat()

    move(repo, "raw", storage=storage, check=False)

    after = (raw / "a.bin").stat()
    assert (raw / "a.bin").read_bytes() == b"other bytes"
    assert (after.st_mode, after.st_nlink) == (before.st_mode, 1)


def test_the_same_command_again_lets_go_of_a_source_that_stands_in_place(repo: Sandbox, raw: Path) -> None:
    shutil.copytree(raw, repo / "again")
    move(repo, "raw")

    said = move(repo, "again")

    assert "frozen already" in said
    assert not (repo / "again/a.bin").exists()


def test_a_source_whose_frozen_bytes_were_altered_stays(repo: Sandbox, raw: Path) -> None:
    shutil.copytree(raw, repo / "again")
    move(repo, "raw")
    (repo / FOLDER / "a.bin").chmod(0o644)
    repo.write(f"{FOLDER}/a.bin", b"!" + DATA[1:])

    said = move(repo, "again")

    assert "stays where it is" in said
    assert repo.read("again/a.bin") == DATA


def test_frozen_files_are_not_moved_into_another_version(repo: Sandbox, raw: Path) -> None:
    move(repo, "raw")

    refused = repo.mlv("snapshot", "create", "scans", "v0.2", FOLDER, "--move", check=False)

    assert refused.status == 1
    assert repo.read(f"{FOLDER}/a.bin") == DATA


@pytest.mark.parametrize("words", [[], ["raw", "--dereference"]], ids=["no-source", "links-followed"])
def test_move_without_a_source_of_its_own_is_refused(repo: Sandbox, raw: Path, words: list[str]) -> None:
    assert repo.mlv("snapshot", "create", "scans", "v0.1", *words, "--move", check=False).status == 2
    assert (raw / "a.bin").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")
def test_a_source_on_another_disk_is_copied_and_removed(repo: Sandbox, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("cannot mount a tmpfs here")
    try:
        (disk / "a.bin").write_bytes(DATA)
        move(repo, str(disk / "a.bin"))
        assert os.listdir(disk) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert object_of(repo, DATA).read_bytes() == DATA
    assert repo.read(f"{FOLDER}/a.bin") == DATA


FAULTS = """
import os, shutil, sys
from pathlib import Path
from mlvgit.actions.project import Project
from mlvgit.actions.snapshots import SnapshotPlan, create
from mlvgit.errors import MlvError
import mlvgit.repo.repository, mlvgit.store.moving

storage, fault = sys.argv[1:]
DATA = {"a.bin": b"alpha" * 30000, "b.bin": b"beta"}

def failing(call, left):
    def wrapped(*args, **more):
        left[0] -= 1
        if left[0] == 0:
            if fault == "kill":
                os._exit(9)
            raise OSError(int(fault), "injected")
        return call(*args, **more)
    return wrapped

def attempt(number):
    os.chdir(f"repo-{number}")
    left = [number]
    for name in ("write", "rename", "fsync", "mkdir", "link", "unlink", "fchmod"):
        setattr(os, name, failing(getattr(os, name), left))
    try:
        run()
    except (MlvError, OSError):
        os._exit(1)
    os._exit(0 if left[0] > 0 else 1)

def run():
    plan = SnapshotPlan(dataset="d", version="v0.1", sources=(Path("raw"),), storage=storage, move=True)
    create(Project.open(), plan)

def somewhere(repo, name):
    return [path for path in (repo / "raw" / name, repo / "data/snapshots/d_v0.1" / name)
            if path.is_file() and path.read_bytes() == DATA[name]]

for number in range(1, 200):
    repo = Path(f"repo-{number}")
    shutil.copytree("template", repo, symlinks=True)
    (repo / "raw").mkdir()
    for name, data in DATA.items():
        (repo / "raw" / name).write_bytes(data)
    child = os.fork()
    if not child:
        try:
            attempt(number)
        finally:
            os._exit(3)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 1, 9), (number, status)
    for name in DATA:
        assert somewhere(repo, name), (number, name, "lost")
    os.chdir(repo)
    if status and os.path.exists("raw/a.bin") and os.path.exists("raw/b.bin"):
        try:
            run()
        except MlvError as error:
            assert "nothing has frozen" in str(error), (number, error)
    os.chdir("..")
    for name in DATA:
        assert somewhere(repo, name), (number, name, "lost by the second run")
    shutil.rmtree(repo)
    if status == 0:
        print(number)
        sys.exit(0)
sys.exit("faults never ran out")
"""


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["store", "git"])
@pytest.mark.parametrize("fault", ["kill", "28"], ids=["killed", "disk-full"])
def test_no_byte_is_lost_whichever_call_fails(playground: Playground, storage: str, fault: str) -> None:
    template = playground.init("template")
    template.commit_files("Begin", note=b"x")

    done = playground.run(
        sys.executable, "-c", FAULTS, storage, fault, cwd=playground.folder, PYTHONPATH=str(ROOT), check=False
    )

    assert done.status == 0, done.said
    assert int(done.out) > 10
