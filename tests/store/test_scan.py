"""A source is judged by lstat: what cannot be frozen is refused by name, all of it at once, before anything is opened."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest

from mlvgit.errors import UsageError
from mlvgit.store.scan import scan, stat_key

pytestmark = pytest.mark.timeout(30)


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode("utf-8", "surrogateescape"))
    return folder


def names(source: Path, *, dereference: bool = False) -> list[str]:
    return [file.relative for file in scan(source, dereference=dereference)]


def refusal(source: Path, *, dereference: bool = False) -> str:
    with pytest.raises(UsageError) as caught:
        scan(source, dereference=dereference)
    return caught.value.message


def test_files_come_sorted_by_name_as_bytes_with_their_stat(tmp_path: Path) -> None:
    fill(tmp_path, "b.csv", "a/z", "a-b", "a/b/c", "é", "Z")

    files = scan(tmp_path)

    assert [file.relative for file in files] == ["Z", "a-b", "a/b/c", "a/z", "b.csv", "é"]
    assert all(file.stat == stat_key(os.lstat(tmp_path / file.relative)) for file in files)
    assert all(Path(file.path).samefile(tmp_path / file.relative) for file in files)


def test_one_file_is_a_source(tmp_path: Path) -> None:
    fill(tmp_path, "iris.csv", "other")

    assert names(tmp_path / "iris.csv") == ["iris.csv"]


def test_names_with_spaces_quotes_dashes_and_letters_of_all_scripts_are_taken(tmp_path: Path) -> None:
    wanted = ["-rf", "a b", "it's", 'quo"te', "Größe", "数据", "🙂", "x" * 255]
    fill(tmp_path, *wanted)

    assert sorted(names(tmp_path)) == sorted(wanted)


def test_what_systems_and_notebooks_leave_behind_is_passed_over(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", ".DS_Store", "sub/Thumbs.db", ".ipynb_checkpoints/a.csv")
    os.mkfifo(tmp_path / ".ipynb_checkpoints" / "pipe")

    assert names(tmp_path) == ["a.csv"]


def test_the_caller_may_pass_over_other_names(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "b.tmp", "sub/c.tmp")

    assert [file.relative for file in scan(tmp_path, skip=lambda name: name.endswith(".tmp"))] == ["a.csv"]


@pytest.mark.parametrize("make", ["missing", "nothing", "only folders", "only junk"])
def test_a_source_without_files_is_refused(tmp_path: Path, make: str) -> None:
    source = tmp_path / "source"
    if make != "missing":
        source.mkdir()
    if make == "only folders":
        (source / "a" / "b").mkdir(parents=True)
    if make == "only junk":
        fill(source, ".DS_Store")

    assert ("does not exist" if make == "missing" else "has no files") in refusal(source)


def test_fifos_sockets_devices_and_links_are_refused_together_and_not_opened(tmp_path: Path) -> None:
    fill(tmp_path, "good.csv")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "link").symlink_to("good.csv")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.open(".", os.O_RDONLY)
        os.chdir(tmp_path)  # the names of sockets are short
        try:
            server.bind("door")
        finally:
            os.fchdir(here)
            os.close(here)

        message = refusal(tmp_path)

    assert message.splitlines() == [
        f"4 names in {tmp_path} cannot be frozen:",
        "  door: is a socket",
        "  link: is a symbolic link",
        "  pipe: is a FIFO",
        "  zero: is a symbolic link",
    ]


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/tty", "/dev/full"])
def test_a_device_as_the_source_is_refused(path: str) -> None:
    if not os.path.exists(path):
        pytest.skip(f"no {path} here")

    assert "is a device" in refusal(Path(path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_inside_the_source_is_refused(tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / "zero", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this container makes no devices")

    assert "zero: is a device" in refusal(tmp_path)


def test_a_link_as_the_source_is_refused_unless_it_is_to_be_followed(tmp_path: Path) -> None:
    fill(tmp_path / "real", "a.csv")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").symlink_to("real/a.csv")

    assert "is a symbolic link" in refusal(tmp_path / "link")
    assert names(tmp_path / "link", dereference=True) == ["a.csv"]
    assert names(tmp_path / "file", dereference=True) == ["file"]


def test_links_that_stay_inside_are_followed_when_asked(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "real/b.csv")
    (tmp_path / "c.csv").symlink_to("a.csv")
    (tmp_path / "again").symlink_to(tmp_path / "real")

    files = scan(tmp_path, dereference=True)

    assert [file.relative for file in files] == ["a.csv", "again/b.csv", "c.csv", "real/b.csv"]
    assert Path(files[2].path).read_bytes() == b"a.csv"
    assert not Path(files[2].path).is_symlink()


def test_links_out_of_the_source_to_nowhere_and_in_circles_are_refused(tmp_path: Path) -> None:
    source = fill(tmp_path / "data", "a.csv", "x/b", "y/c")
    fill(tmp_path / "data-secret", "key")
    (source / "out").symlink_to("../data-secret/key")
    (source / "etc").symlink_to("/etc")
    (source / "nowhere").symlink_to("missing")
    (source / "self").symlink_to("self")
    (source / "up").symlink_to(".")
    (source / "x" / "to_y").symlink_to("../y")
    (source / "y" / "to_x").symlink_to("../x")

    message = refusal(source, dereference=True)

    assert "  out: is a symbolic link that leads out of the source" in message
    assert "  etc: is a symbolic link that leads out of the source" in message
    assert "  nowhere: is a symbolic link that leads nowhere" in message
    assert "  self: is a symbolic link that leads nowhere" in message
    assert "  up: is a symbolic link to a folder that holds it" in message
    assert "  x/to_y/to_x: is a symbolic link to a folder that holds it" in message


def test_a_link_to_a_fifo_is_refused_when_followed(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")

    assert "  link: is a FIFO" in refusal(tmp_path, dereference=True)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("two\nlines", r"two\x0alines: has a control character"),
        ("back\\slash", "has a backslash"),
        ("\udcff", "is not UTF-8"),
        (".Git", "some systems take for .git"),
        ("git~1", "some systems take for .git"),
        ("\x1b[2J", r"\x1b[2J: has a control character"),
    ],
)
def test_unsafe_names_are_refused_and_shown_harmlessly(tmp_path: Path, name: str, reason: str) -> None:
    fill(tmp_path, "a.csv", name)

    message = refusal(tmp_path)

    assert reason in message
    assert len(message.splitlines()) == 2


def test_an_unsafe_folder_is_named_once_and_not_entered(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "GIT~2/a", "GIT~2/b")

    assert refusal(tmp_path).splitlines()[1:] == ["  GIT~2: has the part 'GIT~2', which some systems take for .git"]


def test_a_git_repository_inside_the_source_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "lib/.git/HEAD", "work/.git", "lib/b.csv")

    message = refusal(tmp_path)

    assert "  lib/.git: is a Git repository" in message
    assert "  work/.git: is a Git repository" in message


def test_names_that_some_systems_take_for_one_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, "Iris.csv", "iris.csv", "Maße", "MASSE")

    message = refusal(tmp_path)

    assert "  iris.csv: is, on some systems, the same name as Iris.csv" in message
    assert "the same name as MASSE" in message


def test_a_long_list_shows_the_first_twenty_and_how_many_more(tmp_path: Path) -> None:
    for number in range(25):
        os.mkfifo(tmp_path / f"pipe{number:02}")

    lines = refusal(tmp_path).splitlines()

    assert lines[0].startswith("25 names")
    assert lines[20] == "  pipe19: is a FIFO"
    assert lines[21:] == ["  and 5 more"]


def test_all_unreadable_files_and_folders_are_named_at_once(ordinary_folder: Path) -> None:
    folder = fill(ordinary_folder, "a.csv", "b.csv", "c.csv", "closed/d.csv")
    (folder / "a.csv").chmod(0)
    (folder / "b.csv").chmod(0o200)
    (folder / "closed").chmod(0)
    try:
        message = refusal(folder)
    finally:
        (folder / "closed").chmod(0o700)

    assert message.splitlines()[1:] == [
        "  a.csv: cannot be read (permission denied)",
        "  b.csv: cannot be read (permission denied)",
        "  closed: cannot be listed (Permission denied)",
    ]


def test_hard_links_empty_and_sparse_files_are_ordinary_files(tmp_path: Path) -> None:
    fill(tmp_path, "a")
    os.link(tmp_path / "a", tmp_path / "b")
    (tmp_path / "empty").write_bytes(b"")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 30)

    files = scan(tmp_path)

    assert [(file.relative, file.stat.size) for file in files] == [
        ("a", 1),
        ("b", 1),
        ("empty", 0),
        ("sparse", 1 << 30),
    ]
    assert files[0].stat == files[1].stat


def test_folders_nested_deeper_than_the_interpreters_stack_are_walked(tmp_path: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    os.chdir(tmp_path)
    try:
        for _ in range(1200):
            os.mkdir("d")
            os.chdir("d")
        Path("file").write_bytes(b"deep")
        os.fchdir(here)
        assert names(tmp_path) == ["d/" * 1200 + "file"]
    finally:
        os.fchdir(here)
        os.close(here)
        subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)  # pytest cannot: it recurses


def test_many_files_are_listed_quickly(tmp_path: Path) -> None:
    for folder in range(20):
        (tmp_path / f"{folder:02}").mkdir()
        for number in range(200):
            (tmp_path / f"{folder:02}" / f"file {number}").touch()

    start = time.process_time()
    files = scan(tmp_path)

    assert len(files) == 4_000
    assert time.process_time() - start < 1
