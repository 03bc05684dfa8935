"""Thousands of small files are checked out by several processes; whatever is unusual is left to the one that asked."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from mlvgit.core.digest import Digest, of_bytes
from mlvgit.errors import IntegrityError, MlvError
from mlvgit.store import checkout, drafts, forked
from mlvgit.store.checkout import Placement
from mlvgit.store.objects import ObjectStore
from mlvgit.store.scan import scan
from tests.store.standins import Counting

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or (os.cpu_count() or 1) < 2, reason="forks on Linux with several cores only"
)
FILES = {f"{number % 7}/{number:04}": f"{number}\n".encode() * (number % 90 + 1) for number in range(1100)}
PARENT = os.getpid()


class Shown(Counting):
    """What a command shows of its progress, in its own process only."""

    def advance(self, nbytes: int) -> None:
        assert os.getpid() == PARENT
        super().advance(nbytes)


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that were forked."""
    found: list[int] = []
    real = os.fork

    def fork() -> int:
        found.append(real())
        return found[-1]

    monkeypatch.setattr(os, "fork", fork)
    return found


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """A store with so many small files that forking pays (the limit is lowered)."""
    for name, data in FILES.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    store = ObjectStore(tmp_path / "objects")
    store.take(list(scan(tmp_path / "in")))
    monkeypatch.setattr(checkout, "LEAST_FORKED", 1000)
    monkeypatch.setattr(forked, "can_fork", lambda: True)
    return store


WANTED = [Placement(of_bytes(data), name) for name, data in FILES.items()]


def below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_file_gets_its_bytes_and_is_counted_once(store: ObjectStore, children: list[int], tmp_path: Path) -> None:
    seen = Shown()

    placed = store.place_all(WANTED, tmp_path / "out", progress=seen)

    assert children
    assert below(tmp_path / "out") == FILES
    assert placed.failed == ()
    assert placed.added_bytes == seen.done == seen.total == sum(map(len, FILES.values()))
    assert not any(path.stat().st_mode & 0o222 for path in (tmp_path / "out").rglob("*") if path.is_file())


def test_files_that_stand_there_already_take_no_room(store: ObjectStore, tmp_path: Path) -> None:
    store.place_all(WANTED, tmp_path / "out")
    assert store.place_all(WANTED, tmp_path / "out").added_bytes == 0


def test_other_bytes_under_a_name_stay_and_are_named(store: ObjectStore, children: list[int], tmp_path: Path) -> None:
    taken = [name for number, name in enumerate(FILES) if number in (3, 500, 1099)]
    for name in taken:
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_bytes(b"mine")

    placed = store.place_all(WANTED, tmp_path / "out")

    assert children
    assert sorted(placement.relative for placement, _ in placed.failed) == sorted(taken)
    assert all("other bytes" in error.message for _, error in placed.failed)
    assert below(tmp_path / "out") == FILES | dict.fromkeys(taken, b"mine")


def test_a_link_in_the_place_of_a_folder_is_not_written_through(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/3").symlink_to(tmp_path / "elsewhere")

    placed = store.place_all(WANTED, tmp_path / "out", replace=True)

    assert {placement.relative[0] for placement, _ in placed.failed} == {"3"}
    assert below(tmp_path / "elsewhere") == {}


def test_a_child_that_dies_leaves_its_files_to_the_parent(
    store: ObjectStore, children: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = drafts.Drafts.write

    def deadly(self: drafts.Drafts, relative: str, *args: object) -> Digest | MlvError:
        if os.getpid() != PARENT and relative.endswith("7"):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, relative, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(drafts.Drafts, "write", deadly)

    assert store.place_all(WANTED, tmp_path / "out", replace=True).failed == ()
    assert children
    found = below(tmp_path / "out")
    assert {name: data for name, data in found.items() if "/.mlv-tmp-" not in name} == FILES


def test_an_interrupt_ends_the_children(store: ObjectStore, children: list[int], tmp_path: Path) -> None:
    class Interrupting(Shown):
        def advance(self, nbytes: int) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.place_all(WANTED, tmp_path / "out", progress=Interrupting())

    assert children
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def test_bytes_of_a_damaged_pack_are_refused_and_the_others_come(store: ObjectStore, tmp_path: Path) -> None:
    name = "3/0003"
    extents = store.extents(of_bytes(FILES[name]))
    assert extents is not None
    pack = store.path(extents[0].object)
    pack.chmod(0o644)
    with pack.open("r+b") as file:
        file.seek(extents[0].offset)
        file.write(b"X")

    placed = store.place_all(WANTED, tmp_path / "out")

    assert [placement.relative for placement, _ in placed.failed] == [name]
    assert isinstance(placed.failed[0][1], IntegrityError)
    assert not store.has(of_bytes(FILES[name])), "the pack is in quarantine"
    assert below(tmp_path / "out") == {each: data for each, data in FILES.items() if each != name}


def test_a_whole_object_is_used_where_the_pack_is_damaged(store: ObjectStore, tmp_path: Path) -> None:
    name = "3/0003"
    extents = store.extents(of_bytes(FILES[name]))
    assert extents is not None
    store.put(of_bytes(FILES[name]), FILES[name])
    pack = store.path(extents[0].object)
    pack.chmod(0o644)
    with pack.open("r+b") as file:
        file.seek(extents[0].offset)
        file.write(b"X")

    assert store.place_all(WANTED, tmp_path / "out").failed == ()
    assert below(tmp_path / "out") == FILES
