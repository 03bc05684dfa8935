"""Cloning: on file systems that share blocks a copy takes no room, is hashed all the same, and is nobody else's."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlvgit.core.digest import Digest
from mlvgit.errors import IntegrityError
from mlvgit.remotes.folder import FolderRemote
from mlvgit.store import cloning
from mlvgit.store.copies import hash_and_copy
from mlvgit.store.objects import ObjectStore
from mlvgit.store.place import place_bytes
from mlvgit.store.reading import Counted, Meter
from mlvgit.store.scan import scan

DATA = os.urandom(1 << 20) * 8
LARGE = DATA * 2 + DATA[:4096]
SMALL = b"a few bytes"


@pytest.fixture(scope="module", params=["xfs", "btrfs"])
def disk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system that can clone, in a file of this one."""
    kind: str = request.param
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    if not shutil.which(f"mkfs.{kind}"):
        pytest.skip(f"mkfs.{kind} is not installed ({kind}progs, {kind}-progs)")
    folder = tmp_path_factory.mktemp(kind)
    image, mounted = folder / "image", folder / "disk"
    mounted.mkdir()
    with image.open("wb") as file:
        file.truncate(400 << 20)
    made = subprocess.run([f"mkfs.{kind}", "-q", str(image)], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"cannot make {kind}: {made.stderr.strip()}")
    done = subprocess.run(["mount", "-o", "loop", str(image), str(mounted)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot mount {kind} from a file here: {done.stderr.strip()}")
    try:
        yield mounted
    finally:
        subprocess.run(["umount", str(mounted)], check=True)
        image.unlink()


@pytest.fixture
def folder(disk: Path, request: pytest.FixtureRequest) -> Path:
    made = disk / hashlib.sha256(request.node.name.encode()).hexdigest()[:12]
    made.mkdir()
    return made


def used(folder: Path) -> int:
    os.sync()
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def digest_of(data: bytes) -> Digest:
    return Digest(len(data), hashlib.sha256(data).hexdigest())


def test_a_frozen_file_takes_its_room_once_in_source_store_and_workspace(folder: Path) -> None:
    source = folder / "in"
    source.mkdir()
    (source / "big").write_bytes(DATA)
    before = used(folder)

    store = ObjectStore(folder / "objects")
    (digest,) = store.take(list(scan(source)))
    placed = store.place(digest, folder / "out", "big")

    assert digest == digest_of(DATA)
    assert (store.added_bytes, placed) == (0, 0)
    assert used(folder) - before < len(DATA) // 4
    assert (folder / "out" / "big").read_bytes() == DATA


def test_a_write_to_a_clone_leaves_the_object_alone(folder: Path) -> None:
    source = folder / "in"
    source.mkdir()
    (source / "big").write_bytes(DATA)
    store = ObjectStore(folder / "objects")
    (digest,) = store.take(list(scan(source)))
    store.place(digest, folder / "out", "big")

    for path in (source / "big", folder / "out" / "big"):
        path.chmod(0o644)
        with path.open("r+b") as file:
            file.write(b"other")

    assert store.check(digest)


def test_a_damaged_object_is_not_cloned_into_the_workspace(folder: Path) -> None:
    source = folder / "in"
    source.mkdir()
    (source / "big").write_bytes(DATA)
    store = ObjectStore(folder / "objects")
    (digest,) = store.take(list(scan(source)))
    store.path(digest).chmod(0o644)
    with store.path(digest).open("r+b") as file:
        file.seek(len(DATA) // 2)
        file.write(b"!")

    with pytest.raises(IntegrityError):
        store.place(digest, folder / "out", "big")

    assert not (folder / "out" / "big").exists()
    assert not store.has(digest)


def test_a_source_that_changed_since_it_was_scanned_is_not_taken(folder: Path) -> None:
    source = folder / "in"
    source.mkdir()
    (source / "big").write_bytes(DATA)
    files = list(scan(source))
    with (source / "big").open("r+b") as file:
        file.write(b"other")

    store = ObjectStore(folder / "objects")
    with pytest.raises(IntegrityError, match="changed"):
        store.take(files)

    assert list(store) == []


def test_small_files_are_copied_and_counted(folder: Path) -> None:
    source = folder / "in"
    source.mkdir()
    (source / "small").write_bytes(SMALL)

    added: list[int] = []
    hash_and_copy(list(scan(source)), folder / "out", added=added)

    assert added == [len(SMALL)]
    assert (folder / "out" / "small").read_bytes() == SMALL


def test_another_disk_gets_a_copy(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "big").write_bytes(DATA)
    store = ObjectStore(folder / "objects")

    (digest,) = store.take(list(scan(tmp_path / "in")))

    assert store.added_bytes == len(DATA)
    assert store.check(digest)


def test_what_comes_from_a_folder_remote_on_the_same_disk_takes_its_room_once(folder: Path) -> None:
    digest = digest_of(DATA)
    (folder / "in").write_bytes(DATA)
    remote = FolderRemote("shelf", folder / "shelf")
    remote.upload(digest, folder / "in")
    before = used(folder)

    store = ObjectStore(folder / "objects")
    with remote.download(digest) as reader:
        store.put(digest, Counted(reader, Meter(None)))

    assert store.check(digest)
    assert used(folder) - before < len(DATA) // 4


def test_the_part_of_a_file_that_stands_as_it_did_before_takes_no_room(folder: Path) -> None:
    source = folder / "in"
    source.mkdir()
    (source / "big").write_bytes(LARGE)
    store = ObjectStore(folder / "objects")
    (first,) = store.take(list(scan(source)))
    (source / "big").write_bytes(LARGE + b"appended" * 1000)
    (second,) = store.take(list(scan(source)), base={"big": first})
    assert not store.has_object(second)
    before = used(folder)

    store.place(second, folder / "out", "big")

    assert (folder / "out/big").read_bytes() == LARGE + b"appended" * 1000
    assert used(folder) - before < len(LARGE) // 4


def test_what_is_read_from_its_middle_is_not_cloned_from_its_beginning(folder: Path) -> None:
    (folder / "both").write_bytes(b"head" + DATA)
    with (folder / "both").open("rb") as file:
        file.seek(4)
        place_bytes(folder, "out", file, digest_of(DATA))

    assert (folder / "out").read_bytes() == DATA


def test_a_file_system_that_cannot_clone_says_no_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(DATA)
    with subprocess.Popen(["cat", tmp_path / "in"], stdout=subprocess.PIPE) as cat:
        assert cat.stdout is not None
        with (tmp_path / "out").open("wb") as target:
            assert not cloning.clone(cat.stdout.fileno(), target.fileno())
        place_bytes(tmp_path, "piped", cat.stdout, digest_of(DATA))
    assert (tmp_path / "piped").read_bytes() == DATA


def test_what_is_stored_twice_takes_room_once(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a").write_bytes(SMALL)
    (source / "b").write_bytes(SMALL)
    store = ObjectStore(tmp_path / "objects")

    store.take(list(scan(source)))
    store.take(list(scan(source)))

    assert store.added_bytes == len(SMALL)
