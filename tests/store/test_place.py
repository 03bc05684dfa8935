"""Only verified bytes get a name, nothing that stands there is lost, and no symlink leads a write elsewhere."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from mlvgit.core.digest import Digest, of_bytes
from mlvgit.errors import IntegrityError, MachineError
from mlvgit.store.place import make_read_only, make_writable, place_bytes

DATA = b"sepal,petal\n5.1,1.4\n"
NAME = "data/snapshots/iris_v0.1/iris.csv"


class Endless:
    """A reader that never ends, and counts what was asked of it."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int, /) -> bytes:
        self.given += size
        return bytes(size)


class Dripping:
    """A reader that gives one byte at a time."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def read(self, size: int, /) -> bytes:
        first, self.rest = self.rest[:1], self.rest[1:]
        return first


class Breaking:
    """A reader that fails half-way."""

    def __init__(self) -> None:
        self.given = False

    def read(self, size: int, /) -> bytes:
        if self.given:
            raise ConnectionResetError(104, "Connection reset by peer")
        self.given = True
        return DATA[:5]


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())


@pytest.mark.parametrize("source", [DATA, io.BytesIO(DATA), Dripping(DATA)], ids=["bytes", "file", "dripping"])
def test_right_bytes_get_their_name_and_folders(tmp_path: Path, source: bytes | io.BytesIO) -> None:
    place_bytes(tmp_path, NAME, source, of_bytes(DATA))

    assert (tmp_path / NAME).read_bytes() == DATA
    assert files_below(tmp_path) == [NAME]


def test_a_root_that_was_removed_is_made_again(tmp_path: Path) -> None:
    place_bytes(tmp_path / "gone" / "root", "iris.csv", DATA, of_bytes(DATA))

    assert (tmp_path / "gone" / "root" / "iris.csv").read_bytes() == DATA


def test_no_bytes_are_placed_too(tmp_path: Path) -> None:
    place_bytes(tmp_path, "empty", b"", of_bytes(b""), mode=0o444)

    assert (tmp_path / "empty").stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (DATA.replace(b"5", b"6"), "hash to "),
        (DATA[:-1], "are 19 bytes, expected 20"),
        (DATA + b"x", "are more than the 20 B expected"),
        (Endless(), "are more than the 20 B expected"),
    ],
    ids=["altered", "short", "long", "endless"],
)
def test_wrong_bytes_get_no_name(tmp_path: Path, source: bytes | Endless, said: str) -> None:
    with pytest.raises(IntegrityError, match=said):
        place_bytes(tmp_path, NAME, source, of_bytes(DATA))

    assert files_below(tmp_path) == []
    if isinstance(source, Endless):
        assert source.given == len(DATA) + 1


def test_a_reader_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="Connection reset"):
        place_bytes(tmp_path, NAME, Breaking(), of_bytes(DATA))

    assert files_below(tmp_path) == []


def test_the_same_bytes_are_left_alone(tmp_path: Path) -> None:
    place_bytes(tmp_path, NAME, DATA, of_bytes(DATA))
    before = (tmp_path / NAME).stat()

    place_bytes(tmp_path, NAME, DATA, of_bytes(DATA))

    after = (tmp_path / NAME).stat()
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)
    assert files_below(tmp_path) == [NAME]


def test_other_bytes_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "iris.csv").write_bytes(b"a week of work")

    with pytest.raises(IntegrityError, match=r"iris.csv is there already, with other bytes; it was not touched"):
        place_bytes(tmp_path, "iris.csv", DATA, of_bytes(DATA))

    assert (tmp_path / "iris.csv").read_bytes() == b"a week of work"
    assert files_below(tmp_path) == ["iris.csv"]


def test_replacing_when_told_so_makes_a_new_inode(tmp_path: Path) -> None:
    (tmp_path / "iris.csv").write_bytes(b"old")
    os.link(tmp_path / "iris.csv", tmp_path / "other name")

    place_bytes(tmp_path, "iris.csv", DATA, of_bytes(DATA), replace=True)

    assert (tmp_path / "iris.csv").read_bytes() == DATA
    assert (tmp_path / "other name").read_bytes() == b"old"


def test_a_symlink_at_the_name_is_never_written_through(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"precious")
    (tmp_path / "iris.csv").symlink_to("outside")

    with pytest.raises(IntegrityError, match="is there already"):
        place_bytes(tmp_path, "iris.csv", DATA, of_bytes(DATA))
    place_bytes(tmp_path, "iris.csv", DATA, of_bytes(DATA), replace=True)

    assert (tmp_path / "outside").read_bytes() == b"precious"
    assert not (tmp_path / "iris.csv").is_symlink()


@pytest.mark.parametrize("part", ["data", "data/snapshots", "data/snapshots/iris_v0.1"])
@pytest.mark.parametrize("dangling", [True, False])
def test_a_symlinked_folder_on_the_way_is_refused(tmp_path: Path, part: str, dangling: bool) -> None:
    outside = tmp_path / "outside"
    if not dangling:
        (outside / "snapshots" / "iris_v0.1").mkdir(parents=True)
    root = tmp_path / "root"
    (root / part).parent.mkdir(parents=True)
    (root / part).symlink_to(outside)

    with pytest.raises(IntegrityError, match=r"on the way to .* is a symbolic link or a file, not a folder"):
        place_bytes(root, NAME, DATA, of_bytes(DATA))

    assert files_below(outside) == []


def test_a_file_where_a_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"not a folder")

    with pytest.raises(IntegrityError, match="not a folder"):
        place_bytes(tmp_path, NAME, DATA, of_bytes(DATA))


def test_a_root_behind_a_symlink_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    place_bytes(tmp_path / "link", NAME, DATA, of_bytes(DATA))

    assert (tmp_path / "real" / NAME).read_bytes() == DATA


@pytest.mark.parametrize(
    "name",
    ["", "/etc/evil", "../evil", "a/../../evil", "a//b", ".git/hooks/pre-commit", "a/.GIT/x", "a\nb", "a\\b", "a/"],
)
def test_unsafe_names_are_refused(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    root.mkdir()

    with pytest.raises(IntegrityError, match="the name"):
        place_bytes(root, name, DATA, of_bytes(DATA))

    assert files_below(tmp_path) == []


def test_a_full_disk_leaves_the_workspace_as_it_was(small_disk: Path) -> None:
    data = bytes(1 << 20)

    with pytest.raises(MachineError, match="No space left"):
        place_bytes(small_disk, "big.bin", data, of_bytes(data))

    assert files_below(small_disk) == []


def test_files_lose_and_regain_the_permission_to_write_and_folders_do_not(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_bytes(b"")
    (tmp_path / "run.sh").chmod(0o775)
    (tmp_path / "folder").mkdir()
    (tmp_path / "target").write_bytes(b"")
    (tmp_path / "link").symlink_to("target")
    os.mkfifo(tmp_path / "pipe")
    before = (tmp_path / "folder").stat().st_mode, (tmp_path / "target").stat().st_mode
    paths = [tmp_path / name for name in ("run.sh", "folder", "link", "pipe", "missing")]

    make_read_only(paths)
    assert (tmp_path / "run.sh").stat().st_mode & 0o777 == 0o555
    make_writable(paths)
    assert (tmp_path / "run.sh").stat().st_mode & 0o777 == 0o755

    assert ((tmp_path / "folder").stat().st_mode, (tmp_path / "target").stat().st_mode) == before


def test_expected_bytes_of_a_hostile_size_are_not_asked_for(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="expected 9,999,999,999,999"):
        place_bytes(tmp_path, "iris.csv", io.BytesIO(DATA), Digest(9_999_999_999_999, "0" * 64))
