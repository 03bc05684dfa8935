"""One byte flipped where bytes are kept: every command that would use it refuses it by name, or heals it first."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Playground, Ran, Sandbox

KINDS = {
    "object": {"big.bin": bytes(range(256)) * 500},
    "pack": {"a.bin": b"scan a" * 50, "b.bin": b"scan b" * 100},
}
FROZEN = "data/snapshots/scans_v0.1"
WEIGHTS = "models/clf/v0.1.0/model.pkl"


@pytest.fixture(scope="module", params=KINDS)
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A store-kept snapshot and model, pushed to a folder; a branch without them."""
    files = KINDS[request.param]
    playground = Playground(tmp_path_factory.mktemp("flipped"))
    server = playground.server()
    repo = playground.init()
    repo.git("remote", "add", "origin", "../server.git")
    repo.mlv("init")
    repo.mlv("remote", "add", "shelf", "../shelf")
    repo.commit("Set up mlvgit")
    repo.git("branch", "empty")
    for name, data in files.items():
        repo.write(f"raw/{name}", data)
    repo.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    repo.write("out/model.pkl", b"weights" + next(iter(files.values())))
    repo.mlv("model", "add", "clf", "v0.1.0", "out/model.pkl", "--storage", "store", "-m", "Add")
    repo.mlv("promote", "clf", "v0.1.0", "production", "--tag", "-m", "first")
    shutil.rmtree(repo / "raw")
    shutil.rmtree(repo / "out")
    assert server.path.exists()
    return playground.folder, files


class Kept:
    """The repository and the folder that it was pushed to."""

    def __init__(self, playground: Playground, files: dict[str, bytes]) -> None:
        self.repo = Sandbox(playground, playground.folder / "repo")
        self.shelf = playground.folder / "shelf"
        self.files = {f"{FROZEN}/{name}": data for name, data in files.items()}
        self.files[WEIGHTS] = b"weights" + next(iter(files.values()))

    @property
    def store(self) -> Path:
        return self.repo / ".git/mlv/objects"

    def forget_workspace(self) -> None:
        for folder in (FROZEN, "models/clf/v0.1.0"):
            shutil.rmtree(self.repo / folder)

    def forget_store(self) -> None:
        shutil.rmtree(self.store)

    def assert_no_wrong_bytes(self) -> None:
        """Every file of the working directory that stands has its own bytes."""
        for path, data in self.files.items():
            if (self.repo / path).exists():
                assert self.repo.read(path) == data, path

    def assert_all_here(self) -> None:
        for path, data in self.files.items():
            assert self.repo.read(path) == data, path


@pytest.fixture
def kept(playground: Playground, template: tuple[Path, dict[str, bytes]]) -> Kept:
    folder, files = template
    for name in ("repo", "server.git", "shelf"):
        shutil.copytree(folder / name, playground.folder / name, symlinks=True)
    kept = Kept(playground, files)
    kept.repo.mlv("install")
    return kept


def flip(folder: Path) -> list[str]:
    """Flip a bit in the middle of every object; return their names."""
    flipped = []
    for path in sorted((folder / "sha256").rglob("*")):
        if path.is_file():
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.chmod(0o644)
            path.write_bytes(data)
            path.chmod(0o444)
            flipped.append(path.parent.name + path.name)
    assert flipped
    return flipped


def whole(folder: Path) -> bool:
    """Say whether every object is what its name says."""
    objects = [path for path in (folder / "sha256").rglob("*") if path.is_file()]
    return all(hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name + path.name for path in objects)


COMMANDS: dict[str, Callable[[Sandbox], Ran]] = {
    "restore": lambda repo: repo.mlv("restore", "scans@v0.1", check=False),
    "resolve": lambda repo: repo.mlv("resolve", "clf@production", "model.pkl", check=False),
    "resolve-snapshot": lambda repo: repo.mlv("resolve", "scans@v0.1", check=False),
    "pull": lambda repo: repo.mlv("pull", "--all", check=False),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_byte_flipped_in_the_store_is_refused_by_name_where_no_other_copy_stands(kept: Kept, command: str) -> None:
    kept.forget_workspace()
    flip(kept.store)

    ran = COMMANDS[command](kept.repo)

    assert ran.status in (1, 4), ran.said
    assert any(
        path in ran.said or hashlib.sha256(data).hexdigest()[:12] in ran.said for path, data in kept.files.items()
    )
    assert "Traceback" not in ran.said
    kept.assert_no_wrong_bytes()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_byte_flipped_in_the_store_is_healed_from_the_remote(kept: Kept, command: str) -> None:
    kept.repo.mlv("push")
    kept.forget_workspace()
    flip(kept.store)

    ran = COMMANDS[command](kept.repo)

    assert ran.status == 0, ran.said
    kept.assert_no_wrong_bytes()
    if command.startswith("resolve"):
        assert Path(ran.out.strip()).exists()
    kept.repo.mlv("pull", "--all")
    kept.assert_all_here()
    assert whole(kept.store)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_byte_flipped_on_the_remote_is_refused_by_name_where_no_other_copy_stands(kept: Kept, command: str) -> None:
    kept.repo.mlv("push")
    kept.forget_workspace()
    kept.forget_store()
    flip(kept.shelf)

    ran = COMMANDS[command](kept.repo)

    assert ran.status == 1, ran.said
    assert "shelf" in ran.said
    kept.assert_no_wrong_bytes()
    assert not list(kept.store.glob("sha256/*/*"))


def test_a_checkout_leaves_flipped_bytes_out_and_says_so(kept: Kept) -> None:
    kept.repo.checkout("empty")
    flip(kept.store)
    kept.forget_workspace() if (kept.repo / FROZEN).exists() else None

    said = kept.repo.git("checkout", "main").said

    kept.assert_no_wrong_bytes()
    assert not any((kept.repo / path).exists() for path in kept.files) or "mlv" in said


def test_a_push_sends_no_flipped_byte_where_no_other_copy_stands(kept: Kept) -> None:
    kept.forget_workspace()
    flip(kept.store)

    ran = kept.repo.mlv("push", check=False)

    assert ran.status in (1, 4), ran.said
    assert any(hashlib.sha256(data).hexdigest()[:12] in ran.said for data in kept.files.values()), ran.said
    assert not (kept.shelf / "sha256").exists() or whole(kept.shelf)
    assert kept.repo.git("ls-remote", "origin").out == ""


def test_a_git_push_sends_no_flipped_byte_where_no_other_copy_stands(kept: Kept) -> None:
    kept.forget_workspace()
    flip(kept.store)

    ran = kept.repo.push("--atomic", "origin", "main", "clf@v0.1.0", check=False)

    assert ran.status != 0
    assert not (kept.shelf / "sha256").exists() or whole(kept.shelf)
    assert kept.repo.git("ls-remote", "origin").out == ""


@pytest.mark.parametrize("how", ["mlv push", "git push"])
def test_a_push_heals_a_flipped_byte_from_the_working_directory(kept: Kept, how: str) -> None:
    flip(kept.store)

    if how == "mlv push":
        kept.repo.mlv("push")
    else:
        kept.repo.push("--atomic", "origin", "main", "clf@v0.1.0")

    assert whole(kept.shelf)
    assert whole(kept.store)
    kept.forget_store()
    kept.forget_workspace()
    kept.repo.mlv("pull", "--all")
    kept.assert_all_here()


def test_freezing_the_same_bytes_again_heals_a_flipped_byte(kept: Kept) -> None:
    shutil.copytree(kept.repo / FROZEN, kept.repo / "raw")
    flip(kept.store)

    kept.repo.mlv("snapshot", "create", "again", "v0.1", "raw", "--storage", "store", "-m", "Freeze again")

    for path, data in kept.files.items():
        if path.startswith(FROZEN):
            assert kept.repo.read(path.replace("scans", "again")) == data
    kept.repo.mlv("verify", "again@v0.1")


def test_fsck_finds_and_quarantines_a_flipped_byte_and_heals_it(kept: Kept) -> None:
    names = flip(kept.store)

    said = kept.repo.mlv("fsck").said

    assert "healed" in said
    assert whole(kept.store)
    assert len(os.listdir(kept.store / "quarantine")) == len(names)


def test_fsck_of_a_remote_finds_a_flipped_byte_and_sends_it_anew(kept: Kept) -> None:
    kept.repo.mlv("push")
    flip(kept.shelf)

    kept.repo.mlv("fsck", "--remote", "shelf")

    assert whole(kept.shelf)


def test_verification_tells_a_flipped_byte_in_the_working_directory(kept: Kept) -> None:
    path = next(iter(kept.files))
    os.chmod(kept.repo / path, 0o644)
    data = bytearray(kept.repo.read(path))
    data[len(data) // 2] ^= 1
    stat = os.stat(kept.repo / path)
    kept.repo.write(path, bytes(data))
    os.utime(kept.repo / path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    ran = kept.repo.mlv("verify", "scans@v0.1", check=False)

    assert ran.status == 1
    assert path in ran.said
