"""Many small files get their names together: after one flush, each alone, and none when the flush fails."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mlvgit.core.digest import Digest, of_bytes
from mlvgit.errors import IntegrityError, MachineError, MlvError
from mlvgit.store import atomic
from mlvgit.store.atomic import TEMPORARY_PREFIX, Draft, can_flush_file_system
from mlvgit.store.checkout import Placement
from mlvgit.store.copies import hash_and_copy
from mlvgit.store.drafts import LEAST_FILES, Drafts, write_together
from mlvgit.store.objects import ObjectStore
from mlvgit.store.scan import scan

pytestmark = pytest.mark.skipif(not can_flush_file_system(), reason="files are flushed one by one here")

NAMES = [f"{number % 3}/{number}.txt" for number in range(LEAST_FILES + 3)]


def bytes_of(name: str) -> bytes:
    return f"the bytes of {name}".encode()


def filling(data: bytes) -> Callable[[Draft], Digest]:
    def fill(draft: Draft) -> Digest:
        draft.write(data)
        return of_bytes(data)

    return fill


def standing(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def published(root: Path, names: list[str]) -> dict[str, int | MlvError]:
    with Drafts(root) as drafts:
        for name in names:
            drafts.write(name, 0o644, filling(bytes_of(name)))
        return dict(drafts.publish(replace=False))


@pytest.fixture
def flushes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where the file system is flushed; each flush fails once the list has "fail"."""
    found: list[str] = []
    real = atomic._syncfs()
    assert real is not None

    def syncfs(fd: int) -> int:
        if "fail" in found:
            ctypes.set_errno(errno.EIO)
            return -1
        found.append(os.readlink(f"/proc/self/fd/{fd}"))
        return real(fd)

    monkeypatch.setattr(atomic, "_syncfs", lambda: syncfs)
    return found


def test_all_get_their_names_after_one_flush(tmp_path: Path, flushes: list[str]) -> None:
    outcomes = published(tmp_path, NAMES)
    assert standing(tmp_path) == {name: bytes_of(name) for name in NAMES}
    assert outcomes == {name: len(bytes_of(name)) for name in NAMES}
    assert flushes == [str(tmp_path)]


def test_no_file_has_its_name_before_the_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real = atomic._syncfs()
    assert real is not None
    monkeypatch.setattr(atomic, "_syncfs", lambda: lambda fd: seen.extend(standing(tmp_path)) or real(fd))
    published(tmp_path, NAMES)
    assert len(seen) == len(NAMES)
    assert all(name.rpartition("/")[2].startswith(TEMPORARY_PREFIX) for name in seen)


def test_a_failed_flush_gives_no_name_and_leaves_nothing(tmp_path: Path, flushes: list[str]) -> None:
    flushes.append("fail")
    with pytest.raises(MachineError, match="Input/output error"):
        published(tmp_path, NAMES)
    assert standing(tmp_path) == {}


def test_a_name_that_is_taken_fails_alone_unless_it_has_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / NAMES[0]).write_bytes(b"somebody else's")
    (tmp_path / NAMES[3]).write_bytes(bytes_of(NAMES[3]))
    outcomes = published(tmp_path, NAMES)
    assert isinstance(outcomes.pop(NAMES[0]), IntegrityError)
    assert outcomes.pop(NAMES[3]) == 0
    assert outcomes == {name: len(bytes_of(name)) for name in NAMES if name not in (NAMES[0], NAMES[3])}
    assert standing(tmp_path) == {name: bytes_of(name) for name in NAMES} | {NAMES[0]: b"somebody else's"}


def test_a_symlink_on_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root/1").symlink_to(tmp_path / "elsewhere")
    with Drafts(tmp_path / "root") as drafts, pytest.raises(IntegrityError, match="symbolic link"):
        drafts.write("1/a.txt", 0o644, filling(b"a"))
    assert standing(tmp_path / "elsewhere") == {}


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def broken(draft: Draft) -> Digest:
        draft.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Drafts(tmp_path) as drafts:  # noqa: PT012 - the second write raises
        drafts.write("0/a", 0o644, filling(b"a"))
        drafts.write("0/b", 0o644, broken)
    assert standing(tmp_path) == {}


def test_few_folders_are_held_open_at_a_time(tmp_path: Path) -> None:
    names = [f"{folder:03}/{number}" for folder in range(200) for number in range(3)]
    open_at_once: list[int] = []

    def fill(name: str, draft: Draft) -> Digest:
        open_at_once.append(len(os.listdir("/proc/self/fd")))
        draft.write(name.encode())
        return of_bytes(name.encode())

    before = len(os.listdir("/proc/self/fd"))
    found = list(write_together(tmp_path, reversed(names), str, lambda _: 0o644, fill, replace=False))
    assert {name: outcome for name, outcome, _ in found} == {name: of_bytes(name.encode()) for name in names}
    assert standing(tmp_path) == {name: name.encode() for name in names}
    assert max(open_at_once) - before < 100


@pytest.mark.parametrize("together", [True, False], ids=["one flush for all", "where only files can be flushed"])
def test_many_files_are_copied_and_placed_alike(
    tmp_path: Path, flushes: list[str], monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    if not together:
        monkeypatch.setattr("mlvgit.store.copies.can_flush_file_system", lambda: False)
    for name in NAMES:
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_bytes(bytes_of(name))
    (tmp_path / "source/0/0.txt").chmod(0o755)
    files = scan(tmp_path / "source")
    digests = hash_and_copy(files, tmp_path / "copy")
    assert digests == [of_bytes(bytes_of(file.relative)) for file in files]
    assert standing(tmp_path / "copy") == standing(tmp_path / "source")
    assert os.access(tmp_path / "copy/0/0.txt", os.X_OK) or os.geteuid() == 0
    assert (tmp_path / "copy/0/0.txt").stat().st_mode & 0o100
    assert not (tmp_path / "copy/1/1.txt").stat().st_mode & 0o100
    store = ObjectStore(tmp_path / "objects")
    store.take(files)
    placed = store.place_all(
        [Placement(digest, file.relative) for digest, file in zip(digests, files, strict=True)], tmp_path / "placed"
    )
    assert not placed.failed
    assert placed.added_bytes == sum(digest.size for digest in digests)
    assert standing(tmp_path / "placed") == standing(tmp_path / "source")
    assert not any(path.stat().st_mode & 0o222 for path in (tmp_path / "placed").rglob("*.txt"))
    assert len(flushes) == (1 if together else 0)  # what is checked out of the store is not flushed


def test_damage_in_the_store_fails_the_files_that_need_it_alone(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_bytes(bytes_of(name))
    store = ObjectStore(tmp_path / "objects")
    files = scan(tmp_path / "source")
    digests = store.take(files)
    other = of_bytes(b"apart")
    store.put(other, b"apart")
    object_ = store.path(other)
    object_.chmod(0o644)
    object_.write_bytes(b"apaRt")
    wanted = [Placement(digest, file.relative) for digest, file in zip(digests, files, strict=True)]
    placed = store.place_all([*wanted, Placement(other, "0/other.txt")], tmp_path / "placed")
    assert [(placement.relative, type(error)) for placement, error in placed.failed] == [
        ("0/other.txt", IntegrityError)
    ]
    assert standing(tmp_path / "placed") == standing(tmp_path / "source")
    assert not store.has(other)
    assert list(store.quarantine.iterdir())
