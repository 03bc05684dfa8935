"""What a folder promises as a remote beyond what every kind does: that it is the one that was meant, and stays clean."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlvgit.core.digest import object_name, of_bytes
from mlvgit.errors import RemoteError
from mlvgit.remotes.folder import MARKER, FolderRemote

DATA = b"bytes"
DIGEST = of_bytes(DATA)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "source"
    made.write_bytes(DATA)
    return made


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "a shelf"


def read(remote: FolderRemote) -> bytes:
    with remote.download(DIGEST) as reader:
        return reader.read(1000)


def test_a_folder_is_made_once_with_its_marker_and_that_is_said(shelf: Path, path: Path) -> None:
    remote = FolderRemote("shelf", shelf)
    assert remote.presence([DIGEST]) == {DIGEST.sha256: False}
    assert not shelf.exists()

    remote.upload(DIGEST, path)
    FolderRemote("shelf", shelf).upload(DIGEST, path)

    assert remote.notices == [f"made the folder {shelf}"]
    assert json.loads((shelf / MARKER).read_text()) == {"format": "1.0"}
    assert sorted(os.listdir(shelf)) == [MARKER, "sha256"]
    assert sorted(os.listdir(shelf.parent)) == ["a shelf", "source"]


def test_sixteen_that_come_first_make_one_folder(shelf: Path, path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: FolderRemote("shelf", shelf).upload(DIGEST, path), range(16)))

    assert read(FolderRemote("shelf", shelf)) == DATA
    assert sorted(os.listdir(shelf.parent)) == ["a shelf", "source"]


def test_a_folder_whose_parent_is_not_there_is_not_made(tmp_path: Path, path: Path) -> None:
    remote = FolderRemote("shelf", tmp_path / "mnt" / "shelf")

    assert remote.presence([DIGEST]) == {DIGEST.sha256: None}
    with pytest.raises(RemoteError, match="does not exist: nor does") as refused:
        remote.upload(DIGEST, path)
    with pytest.raises(RemoteError):
        list(remote.names())

    assert "mount it" in refused.value.hint
    assert not (tmp_path / "mnt").exists()


def test_an_empty_folder_without_a_marker_is_a_share_that_is_not_mounted(shelf: Path, path: Path) -> None:
    shelf.mkdir()
    remote = FolderRemote("shelf", shelf)

    assert remote.presence([DIGEST]) == {DIGEST.sha256: None}
    for attempt in (lambda: remote.upload(DIGEST, path), lambda: list(remote.names()), lambda: remote.delete(DIGEST)):
        with pytest.raises(RemoteError, match="is an empty folder without mlv-remote"):
            attempt()
    assert os.listdir(shelf) == []

    assert remote.trouble is not None
    subprocess.run(remote.trouble.hint.partition("a new remote: ")[2], shell=True, check=True)
    remote.upload(DIGEST, path)
    assert read(remote) == DATA


def test_a_folder_from_before_markers_gets_one_at_the_next_upload(shelf: Path, path: Path) -> None:
    (shelf / object_name(DIGEST.sha256)).parent.mkdir(parents=True)
    (shelf / object_name(DIGEST.sha256)).write_bytes(DATA)
    remote = FolderRemote("shelf", shelf)
    assert remote.presence([DIGEST]) == {DIGEST.sha256: True}
    assert read(remote) == DATA
    assert not (shelf / MARKER).exists()

    remote.upload(DIGEST, path)

    assert (shelf / MARKER).exists()


@pytest.mark.parametrize(("text", "said"), [('{"format": "2.0"}', "format"), ("garbage", MARKER), ("[]", MARKER)])
def test_a_marker_that_is_not_understood_stops_everything(shelf: Path, path: Path, text: str, said: str) -> None:
    shelf.mkdir()
    (shelf / MARKER).write_text(text)
    remote = FolderRemote("shelf", shelf)

    assert remote.presence([DIGEST]) == {DIGEST.sha256: None}
    with pytest.raises(RemoteError, match=said):
        remote.upload(DIGEST, path)


def test_what_a_killed_upload_left_is_removed_after_a_day_and_not_before(shelf: Path, path: Path) -> None:
    FolderRemote("shelf", shelf).upload(DIGEST, path)
    folder = (shelf / object_name(DIGEST.sha256)).parent
    for name, age in ((".mlv-tmp-old", 25), (".mlv-tmp-young", 23), ("other", 1000)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age * 3600,) * 2)

    FolderRemote("shelf", shelf).upload(DIGEST, path)

    assert sorted(os.listdir(folder)) == [".mlv-tmp-young", DIGEST.sha256[2:], "other"]


@pytest.mark.parametrize("which", ["object", "folder", "space"])
def test_a_link_in_a_folder_is_not_followed(tmp_path: Path, shelf: Path, path: Path, which: str) -> None:
    remote = FolderRemote("shelf", shelf)
    remote.upload(DIGEST, path)
    there = shelf / object_name(DIGEST.sha256)
    moved = {"object": there, "folder": there.parent, "space": there.parent.parent}[which]
    moved.rename(tmp_path / "elsewhere")
    moved.symlink_to(tmp_path / "elsewhere")

    assert remote.presence([DIGEST])[DIGEST.sha256] is not True
    with pytest.raises(RemoteError):
        read(remote)
    if which == "space":
        with pytest.raises(RemoteError):
            list(remote.names())
    else:
        assert list(remote.names()) == []


def test_the_folder_itself_may_be_a_link(tmp_path: Path, shelf: Path, path: Path) -> None:
    FolderRemote("shelf", shelf).upload(DIGEST, path)
    (tmp_path / "link").symlink_to(shelf)

    assert read(FolderRemote("shelf", tmp_path / "link")) == DATA


def test_a_write_that_fails_half_way_leaves_no_draft_and_no_object(shelf: Path, path: Path) -> None:
    remote = FolderRemote("shelf", shelf)
    remote.upload(DIGEST, path)
    path.write_bytes(b"x" * 3_000_000)
    big = of_bytes(b"x" * 3_000_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, before[1]))
    try:
        with pytest.raises(RemoteError, match=r"does not take .*: File too large"):
            remote.upload(big, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert remote.presence([big]) == {big.sha256: False}
    assert os.listdir(shelf / "sha256" / big.sha256[:2]) == []
