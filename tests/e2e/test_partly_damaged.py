"""One damaged byte costs one file: what is whole beside it is found again, and nothing that may have it is let go of."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mlvgit.errors import IntegrityError
from mlvgit.store.chunks import cutter
from mlvgit.store.moving import Departure
from mlvgit.store.scan import scan
from tests.conftest import AS_OWNER, Sandbox
from tests.e2e.conftest import Team

FOLDER = "data/snapshots/x_v0.1"
NAMES = [f"f{number}" for number in range(11)]
OBJECTS = ".git/mlv/objects"


def flip(path: Path, offset: int) -> None:
    mode = path.stat().st_mode & 0o777
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)
    path.chmod(mode)


def objects(repo: Sandbox, space: str = "sha256") -> list[Path]:
    return [path for path in (repo / OBJECTS / space).rglob("*") if path.is_file()]


def offset_of(pack: Path, data: bytes) -> int:
    return pack.read_bytes().index(data)


@pytest.fixture
def frozen(repo: Sandbox) -> Sandbox:
    """Eleven small files are one pack, and stand in the store alone."""
    repo.mlv("init")
    repo.commit("Set up")
    for name in NAMES:
        repo.write(f"raw/{name}", f"file number {name}\n")
    repo.mlv("snapshot", "create", "x", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    shutil.rmtree(repo / "raw")
    return repo


def alone(repo: Sandbox) -> Sandbox:
    shutil.rmtree(repo / FOLDER)
    return repo


def test_a_damaged_pack_gives_all_files_but_the_one_that_is_damaged(frozen: Sandbox) -> None:
    (pack,) = objects(alone(frozen))
    flip(pack, offset_of(pack, b"file number f1\n"))
    frozen.mlv("pull", f"{FOLDER}/f1", check=False)

    looked = frozen.mlv("fsck", check=False)
    frozen.mlv("pull", "x@v0.1", "-X", "f1")

    assert looked.status == 1
    assert {path.name for path in (frozen / FOLDER).iterdir()} == {*NAMES} - {"f1"}
    assert frozen.read(f"{FOLDER}/f2") == b"file number f2\n"


def test_a_version_that_does_not_have_the_damaged_bytes_of_a_large_file_is_whole(repo: Sandbox) -> None:
    assert cutter() is not None
    repo.mlv("init")
    repo.commit("Set up")
    data = os.urandom(3_000_000)
    repo.write("raw/big", data)
    repo.mlv("snapshot", "create", "x", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    (base,) = objects(repo)
    repo.write("raw/big", data[:2_400_000] + b"altered" * 30_000 + data[2_610_000:])
    repo.mlv("snapshot", "create", "x", "v0.2", "raw", "--storage", "store", "-m", "Again")
    for version in ("v0.1", "v0.2"):
        shutil.rmtree(repo / f"data/snapshots/x_{version}")
    flip(base, 2_500_000)

    looked = repo.mlv("fsck", check=False)
    repo.mlv("pull", "x@v0.2")

    assert looked.status == 1
    assert repo.read("data/snapshots/x_v0.2/big") == data[:2_400_000] + b"altered" * 30_000 + data[2_610_000:]
    assert repo.mlv("pull", "x@v0.1", check=False).status != 0


def test_a_list_that_may_not_be_read_is_not_damaged(frozen: Sandbox) -> None:
    (named,) = objects(alone(frozen), "extents")
    mode = named.stat().st_mode
    named.chmod(0)

    looked = frozen.run(*AS_OWNER, "git", "mlv", "fsck", check=False)
    named.chmod(mode)

    assert looked.status == 3
    assert "ermission denied" in looked.said
    frozen.mlv("pull", "x@v0.1")


def test_gc_keeps_what_a_damaged_list_may_have_named(frozen: Sandbox) -> None:
    (pack,) = objects(alone(frozen))
    (named,) = objects(frozen, "extents")
    whole = named.read_bytes()
    flip(named, 60)
    frozen.mlv("fsck", check=False)

    frozen.mlv("gc", "--grace", "0", check=False)

    assert pack.exists()
    named.parent.mkdir(exist_ok=True)
    named.write_bytes(whole)
    frozen.mlv("pull", "x@v0.1")


def test_files_that_a_pack_had_before_it_was_found_damaged_are_taken_in_again(frozen: Sandbox) -> None:
    (pack,) = objects(frozen)
    flip(pack, offset_of(pack, b"file number f9\n"))
    shutil.copytree(frozen / FOLDER, frozen / "again")

    frozen.mlv("snapshot", "create", "y", "v0.1", "again", "--storage", "store", "-m", "The same")
    shutil.rmtree(frozen / "data/snapshots/y_v0.1")
    frozen.mlv("pull", "y@v0.1")

    assert {path.name for path in (frozen / "data/snapshots/y_v0.1").iterdir()} == {*NAMES}
    frozen.mlv("verify", "y@v0.1")


def test_all_files_that_need_a_healed_object_are_written(team: Team) -> None:
    ada = team.ada
    ada.mlv("remote", "add", "shelf", str(team.playground.folder / "shelf"), "-m", "Name a remote")
    data = os.urandom(200_000)
    for name in ("a", "b"):
        ada.write(f"raw/{name}", data)
    ada.mlv("snapshot", "create", "x", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    ada.mlv("push")
    shutil.rmtree(ada / FOLDER)
    flip(objects(ada)[0], 1000)

    ada.mlv("pull", "x@v0.1")

    assert ada.read(f"{FOLDER}/a") == ada.read(f"{FOLDER}/b") == data


def test_a_source_that_changes_while_it_is_flushed_is_not_taken_for_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in/f"
    source.parent.mkdir()
    source.write_bytes(b"before")
    (file,) = scan(source.parent)
    real = os.fsync

    def fsync(fd: int) -> None:
        real(fd)
        source.write_bytes(b"after!")
        os.utime(source, ns=(file.stat.mtime_ns, file.stat.mtime_ns))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(IntegrityError, match="changed while it was taken in"):
        Departure([file]).link(file, tmp_path, "out", 0o444)
    assert source.read_bytes() == b"after!"
    assert not (tmp_path / "out").exists()


def test_a_source_that_changes_after_it_was_linked_stays(tmp_path: Path) -> None:
    source = tmp_path / "in/f"
    source.parent.mkdir()
    source.write_bytes(b"before")
    (file,) = scan(source.parent)
    departure = Departure([file])
    assert departure.link(file, tmp_path, "out", 0o644)

    source.write_bytes(b"after!")
    os.utime(source, ns=(file.stat.mtime_ns, file.stat.mtime_ns))

    assert departure.finish() == (str(source),)
    assert source.read_bytes() == b"after!"
