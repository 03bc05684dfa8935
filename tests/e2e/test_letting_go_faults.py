"""Letting go of bytes, killed or failing at every removal and write: nothing needed is lost, and the same again succeeds."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Playground, Ran, Sandbox

ONE, TWO = b"one" * 4000, b"two" * 4000
FOLDER = "data/snapshots/scans_v0.1"
NEWER = "data/snapshots/scans_v0.2"
SHIM = """
import os, sys
left, fault = int(sys.argv[1]), sys.argv[2]
def failing(call):
    def wrapped(*args, **more):
        global left
        left -= 1
        if left == 0:
            sys.stderr.write("injected\\n")
            sys.stderr.flush()
            if fault == "kill":
                os.kill(os.getpid(), 9)
            raise OSError(int(fault), "injected")
        return call(*args, **more)
    return wrapped
for name in ("unlink", "remove", "rmdir", "rename", "replace", "fsync", "mkdir", "utime"):
    setattr(os, name, failing(getattr(os, name)))
from mlvgit.cli.main import main
sys.exit(main(sys.argv[3:]))
"""


@pytest.fixture
def lab(playground: Playground) -> Sandbox:
    """A guarded clone: `scans` v0.1 (two files) and v0.2 (one of them) are pushed, the bytes too."""
    lab = playground.init("lab")
    lab.mlv("init")
    lab.write("mlv.yaml", f"remotes:\n  shelf: {{url: {playground.folder / 'shelf'}}}\n")
    lab.git("add", "--all")
    lab.git("commit", "-qm", "Set up")
    lab.server()
    for version, files in (("v0.1", {"a": ONE, "b": TWO}), ("v0.2", {"b": TWO})):
        for name, data in files.items():
            lab.write(f"raw/in/{name}.bin", data)
        lab.mlv("snapshot", "create", "scans", version, "raw", "--storage", "store", "-m", "Freeze")
        shutil.rmtree(lab / "raw")
    lab.push("origin", "main")
    return lab


def faulty(lab: Sandbox, number: int, fault: str, *command: str) -> Ran:
    return lab.run(sys.executable, "-c", SHIM, str(number), fault, *command, check=False)


def same_again(lab: Sandbox, place: Path) -> Sandbox:
    """A copy of the whole playground at the same path as before the command."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(lab.playground.folder / "kept", place, symlinks=True)
    return Sandbox(lab.playground, place)


def through_all_faults(
    lab: Sandbox, fault: str, command: tuple[str, ...], holds: Callable[[Sandbox, Ran], None], least: int
) -> None:
    shutil.copytree(lab.path, lab.playground.folder / "kept", symlinks=True)
    for number in range(1, 60):
        again = same_again(lab, lab.path)
        ran = faulty(again, number, fault, *command)
        assert "Traceback" not in ran.err
        again.mlv("fsck")
        again.git("fsck", "--no-dangling")
        holds(again, ran)
        if "injected" not in ran.err:
            assert ran.status == 0
            assert number > least
            return
        assert again.mlv(*command).status == 0
        holds(again, ran)
    pytest.fail("faults never ran out")


@pytest.mark.parametrize("fault", ["kill", "5"], ids=["killed", "input-output-error"])
def test_a_drop_that_fails_anywhere_loses_nothing_and_is_no_finding_at_the_next_commit(
    lab: Sandbox, fault: str
) -> None:
    def holds(repo: Sandbox, ran: Ran) -> None:
        assert repo.read(f"{NEWER}/in/b.bin") == TWO
        repo.git("commit", "-q", "--allow-empty", "-m", "Go on")
        repo.mlv("pull", "scans@v0.1")
        assert (repo.read(f"{FOLDER}/in/a.bin"), repo.read(f"{FOLDER}/in/b.bin")) == (ONE, TWO)

    through_all_faults(lab, fault, ("drop", "scans@v0.1"), holds, 5)


@pytest.mark.parametrize("fault", ["kill", "5"], ids=["killed", "input-output-error"])
def test_a_collection_that_fails_anywhere_loses_nothing_that_is_needed(lab: Sandbox, fault: str) -> None:
    lab.write("raw/c.bin", b"three" * 4000)
    lab.mlv("snapshot", "create", "scans", "v0.3", "raw", "--storage", "store")
    lab.git("rm", "-q", "-f", "data/snapshots/scans_v0.3.manifest.json")
    shutil.rmtree(lab / "data/snapshots/scans_v0.3")
    shutil.rmtree(lab / "raw")

    def holds(repo: Sandbox, ran: Ran) -> None:
        shutil.rmtree(repo / FOLDER)
        (repo / "mlv.yaml").rename(repo / "kept.yaml")  # no remote can help
        repo.mlv("pull", "scans@v0.1")
        (repo / "kept.yaml").rename(repo / "mlv.yaml")
        assert (repo.read(f"{FOLDER}/in/a.bin"), repo.read(f"{FOLDER}/in/b.bin")) == (ONE, TWO)

    through_all_faults(lab, fault, ("gc", "--grace", "0"), holds, 1)
