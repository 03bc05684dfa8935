"""Many small files in one object, and new versions as what they have not in common with the one before."""

from __future__ import annotations

import errno
import os
import random
import shutil
from pathlib import Path

import pytest

from mlvgit.core.digest import Digest, of_bytes
from mlvgit.errors import IntegrityError, MachineError
from mlvgit.store import chunks
from mlvgit.store.chunks import CUT, Matcher, cutter
from mlvgit.store.objects import ObjectStore
from mlvgit.store.repacking import repack
from mlvgit.store.scan import scan
from tests.store.standins import Bytes

MIB = 1 << 20


def some_bytes(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def write(folder: Path, files: dict[str, bytes]) -> list:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return list(scan(folder))


def small_files(number: int, seed: int = 0) -> dict[str, bytes]:
    return {f"{index:05}": some_bytes(100 + index % 4000, seed + index) for index in range(number)}


def kept(store: ObjectStore) -> list[Path]:
    """What takes room: a list's second name is a link."""
    return [path for path in store.folder.rglob("*") if path.is_file() and path.parent.name != "listed"]


def size_of(store: ObjectStore) -> int:
    return sum(path.stat().st_size for path in kept(store))


def comes_back(store: ObjectStore, data: bytes) -> bool:
    with store.open(of_bytes(data)) as file:
        return file.read() == data and store.check(of_bytes(data))


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


def test_thousands_of_small_files_are_two_files_and_each_comes_back(store: ObjectStore, tmp_path: Path) -> None:
    files = small_files(2000) | {"empty": b"", "twice": some_bytes(100, 0)}

    digests = store.take(write(tmp_path / "in", files))

    assert digests == [of_bytes(files[name]) for name in sorted(files)]
    assert len(kept(store)) == 2
    for data in files.values():
        assert comes_back(store, data)
    for name, data in list(files.items())[:10]:
        store.place(of_bytes(data), tmp_path / "out", name)
        assert (tmp_path / "out" / name).read_bytes() == data


def test_small_files_that_are_here_already_are_not_kept_twice(store: ObjectStore, tmp_path: Path) -> None:
    store.take(write(tmp_path / "in", small_files(100)))
    before = size_of(store)

    store.take(write(tmp_path / "more", small_files(100) | {"x": b"one more"}))

    assert size_of(store) - before < 1000
    assert comes_back(store, b"one more")


@pytest.mark.parametrize(
    ("change", "most"),
    [
        (lambda old: old[: 8 * MIB] + some_bytes(MIB // 6, 1) + old[8 * MIB :], 0.03),
        (lambda old: old[: 8 * MIB] + some_bytes(MIB // 6, 1) + old[8 * MIB + MIB // 6 :], 0.03),
        (lambda old: old[: 8 * MIB] + old[8 * MIB + MIB // 6 :], 0.01),
        (lambda old: old + some_bytes(MIB // 6, 1), 0.02),
        (lambda old: some_bytes(10, 1) + old, 0.01),
        (lambda old: old[:-1], 0.01),
        (lambda old: old[8 * MIB :] + old[: 8 * MIB], 0.01),
        (lambda old: old[: 3 * MIB] + old[MIB : 2 * MIB] + old[3 * MIB :], 0.01),
    ],
    ids=["inserted", "changed", "taken-out", "appended", "in-front", "cut-off", "swapped", "repeated"],
)
def test_of_a_new_version_only_what_the_old_one_has_not_is_kept(
    store: ObjectStore, tmp_path: Path, change, most: float
) -> None:
    old = some_bytes(16 * MIB)
    new = change(old)
    (before,) = store.take(write(tmp_path / "one", {"f": old}))
    size = size_of(store)

    (digest,) = store.take(write(tmp_path / "two", {"f": new}), base={"f": before})

    assert digest == of_bytes(new)
    assert size_of(store) - size <= most * len(old)
    assert comes_back(store, new)
    assert comes_back(store, old)


def test_a_third_version_builds_on_the_second(store: ObjectStore, tmp_path: Path) -> None:
    data = some_bytes(4 * MIB)
    before: dict[str, Digest] = {}
    for number in range(6):
        (before["f"],) = store.take(write(tmp_path / "in", {"f": data}), base=before)
        assert comes_back(store, data)
        data = data[: number * MIB // 2] + some_bytes(1000, number + 1) + data[number * MIB // 2 :]

    assert size_of(store) < 4 * MIB * 1.03


def test_a_version_that_did_not_change_adds_nothing(store: ObjectStore, tmp_path: Path) -> None:
    data = some_bytes(MIB)
    (before,) = store.take(write(tmp_path / "one", {"f": data}))
    there = kept(store)

    assert store.take(write(tmp_path / "two", {"f": data}), base={"f": before}) == [before]

    assert kept(store) == there


def test_a_file_with_nothing_in_common_is_an_object_of_its_own(store: ObjectStore, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("mlvgit.store.intake.PACK_BYTES", MIB)
    (before,) = store.take(write(tmp_path / "one", {"f": some_bytes(MIB)}))
    new = some_bytes(2 * MIB, 1)

    (digest,) = store.take(write(tmp_path / "two", {"f": new}), base={"f": before})

    assert store.path(digest).read_bytes() == new
    assert not list(store.lists.names())


def test_a_list_names_what_cut_the_files(store: ObjectStore, tmp_path: Path) -> None:
    (before,) = store.take(write(tmp_path / "one", {"f": some_bytes(MIB)}))
    store.take(write(tmp_path / "two", {"f": b"x" + some_bytes(MIB)}), base={"f": before})

    (name,) = store.lists.names()

    assert store.lists.bytes_of(name).splitlines()[1].decode() == f"cut {CUT}"


def test_the_cutter_cuts_where_it_did_when_this_was_written() -> None:
    found = cutter()
    assert found is not None
    lengths = [chunk.length for chunk in found.cut_buf(some_bytes(200_000))]

    assert lengths == [17431, 6102, 19513, 24220, 16896, 22881, 8747, 23726, 18227, 22730, 19527]


@pytest.mark.parametrize("damage", ["flipped", "cut-short", "missing"])
def test_a_damaged_pack_is_refused_by_each_of_its_files_and_kept_in_quarantine(
    store: ObjectStore, tmp_path: Path, damage: str
) -> None:
    files = small_files(20)
    digests = store.take(write(tmp_path / "in", files))
    (pack,) = {extent.object for digest in digests for extent in store.extents(digest) or ()}
    spoil(store.path(pack), damage)

    for number, digest in enumerate(digests):
        with pytest.raises(IntegrityError):
            store.place(digest, tmp_path / "out", f"{number}")
        assert not store.has(digest)
        assert not store.check(digest)

    assert list(tmp_path.glob("out/*")) == []
    assert store.needing(pack) == sorted(digests)
    if damage == "flipped":
        assert [path.name.partition(".")[0] for path in store.quarantine.iterdir()] == [pack.sha256]


def spoil(path: Path, damage: str) -> None:
    path.chmod(0o644)
    data = path.read_bytes()
    if damage == "flipped":
        path.write_bytes(bytes(byte ^ 1 for byte in data))
    elif damage == "cut-short":
        path.write_bytes(data[:-1])
    else:
        path.unlink()


@pytest.mark.parametrize("damage", ["flipped", "cut-short", "missing"])
def test_taking_the_same_small_files_in_again_heals_a_damaged_pack(
    store: ObjectStore, tmp_path: Path, damage: str
) -> None:
    files = small_files(20)
    (digest, *_) = store.take(write(tmp_path / "in", files))
    ((pack, _, _),) = store.extents(digest) or ()
    spoil(store.path(pack), damage)

    ObjectStore(store.folder).take(write(tmp_path / "in", files))

    assert all(comes_back(store, data) for data in files.values())


@pytest.mark.parametrize("damage", ["flipped", "cut-short", "missing"])
def test_a_damaged_predecessor_takes_nothing_along(store: ObjectStore, tmp_path: Path, damage: str) -> None:
    old, new = some_bytes(MIB), b"new" + some_bytes(MIB)
    (before,) = store.take(write(tmp_path / "one", {"f": old}))
    spoil(store.path(before), damage)

    store.take(write(tmp_path / "two", {"f": new}), base={"f": before})

    assert comes_back(store, new)


def test_the_same_bytes_again_heal_a_damaged_predecessor(store: ObjectStore, tmp_path: Path) -> None:
    data = some_bytes(MIB)
    (before,) = store.take(write(tmp_path / "one", {"f": data}))
    spoil(store.path(before), "flipped")

    store.take(write(tmp_path / "two", {"f": data}), base={"f": before})

    assert comes_back(store, data)


def test_a_list_that_lies_makes_a_read_fail_and_is_set_aside(store: ObjectStore, tmp_path: Path) -> None:
    (real,) = store.take(write(tmp_path / "in", {"f": b"real bytes"}))
    claimed = of_bytes(b"claimed by")
    store.lists.add(f"mlv-extents 1\nobject {real.sha256} 10\nfile {claimed.sha256} 10\n 0 0 10\n".encode())
    assert store.has(claimed)

    with pytest.raises(IntegrityError):
        store.place(claimed, tmp_path / "out", "f")

    assert not store.has(claimed)
    assert store.check(real)
    assert not list(ObjectStore(store.folder).lists.names())


def test_an_object_stays_while_another_file_is_a_range_of_it(store: ObjectStore, tmp_path: Path) -> None:
    old, new = some_bytes(MIB), b"new" + some_bytes(MIB)
    (first,) = store.take(write(tmp_path / "one", {"f": old}))
    (second,) = store.take(write(tmp_path / "two", {"f": new}), base={"f": first})

    store.remove(first)
    assert comes_back(store, new)

    store.remove(first, second, *store.physical([second])[0])
    assert kept(store) == []


def new_bytes(old: bytes, new: bytes) -> int:
    """How many bytes of `new` are not found in `old`."""
    found: list[int] = []
    cuts = cutter()
    assert cuts is not None
    matcher = Matcher(Bytes(old), cuts, lambda *_: None, lambda piece: found.append(len(piece)))
    matcher.feed(memoryview(new))
    matcher.finish()
    return sum(found)


@pytest.mark.parametrize("all_bytes", [0, chunks._ALL_BYTES])
def test_what_was_put_in_taken_out_or_moved_in_a_large_file_is_found(
    monkeypatch: pytest.MonkeyPatch, all_bytes: int
) -> None:
    monkeypatch.setattr(chunks, "_ALL_BYTES", all_bytes)
    old = some_bytes(16 * MIB)
    lost = 0 if all_bytes else len(old) // chunks._PATIENCE
    edges = 4 * 64 * 1024

    assert new_bytes(old, old) == 0
    assert new_bytes(old, old[: 5 * MIB] + b"in" * 50_000 + old[5 * MIB :]) < 100_000 + edges
    assert new_bytes(old, old[: 5 * MIB] + some_bytes(MIB, 9) + old[5 * MIB :]) < MIB + edges
    assert new_bytes(old, old[: 5 * MIB] + old[6 * MIB :]) < edges
    assert new_bytes(old, old[: 2 * MIB] + old[15 * MIB :]) < lost + edges
    assert new_bytes(old, old[8 * MIB :] + old[: 8 * MIB]) < lost + edges
    copied_twice = old[: 12 * MIB] + old[: 4 * MIB] + old[12 * MIB :] + old[: 4 * MIB]
    assert new_bytes(old, copied_twice) < lost + 2 * edges


def test_the_more_is_new_the_further_it_is_looked_in_the_file_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_ALL_BYTES", 0)
    monkeypatch.setattr(chunks, "_PATIENCE", 1)  # never the whole file
    monkeypatch.setattr(chunks, "_LOOK", 1024)
    old = some_bytes(16 * MIB)
    edges = 4 * 64 * 1024

    assert new_bytes(old, old[: 5 * MIB] + old[9 * MIB :]) < MIB + edges
    assert new_bytes(old, old[9 * MIB :] + old[:MIB]) < 9 * MIB // 4 + MIB + edges


def test_a_disk_that_fills_up_in_the_middle_of_a_write_is_said(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = write(tmp_path / "in", small_files(2000))
    real = os.write

    def half(fd: int, data: memoryview) -> int:
        if len(data) < MIB:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(fd, memoryview(data)[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(MachineError, match="No space left"):
        store.take(sources)
    assert kept(store) == []


def test_removing_some_files_of_a_pack_leaves_the_others(store: ObjectStore, tmp_path: Path) -> None:
    files = small_files(20)
    digests = store.take(write(tmp_path / "in", files))

    store.remove(*digests[:10])

    assert [store.has(digest) for digest in digests] == [False] * 10 + [True] * 10
    assert all(store.check(digest) for digest in digests[10:])


def test_what_a_file_needs_elsewhere_are_its_objects_and_its_list(store: ObjectStore, tmp_path: Path) -> None:
    old, new = some_bytes(MIB), b"new" + some_bytes(MIB)
    (first,) = store.take(write(tmp_path / "one", {"f": old}))
    (second,) = store.take(write(tmp_path / "two", {"f": new}), base={"f": first})

    assert store.physical([first]) == ([first], [])
    objects, lists = store.physical([second])

    other = ObjectStore(tmp_path / "other")
    for each in objects:
        other.put(each, store.path(each).read_bytes())
    for name in lists:
        other.lists.add(store.lists.bytes_of(name))
    assert comes_back(other, new)
    with pytest.raises(IntegrityError):
        store.physical([of_bytes(b"never seen")])


def test_a_small_file_that_changed_since_it_was_scanned_is_an_error_and_nothing_is_kept(
    store: ObjectStore, tmp_path: Path
) -> None:
    files = write(tmp_path / "in", small_files(20))
    Path(files[3].path).write_bytes(b"other")

    with pytest.raises(IntegrityError, match="changed since it was scanned"):
        store.take(files)

    assert kept(store) == []


def test_bytes_that_only_forgotten_files_had_are_gone_after_repacking(store: ObjectStore, tmp_path: Path) -> None:
    secret, old = some_bytes(5000, 77), some_bytes(MIB)
    files = small_files(20) | {"secret": secret}
    digests = store.take(write(tmp_path / "in", files))
    (first,) = store.take(write(tmp_path / "one", {"f": old[:500_000] + secret + old[500_000:]}))
    base, more = {"f": first}, b"new" + old
    (second,) = store.take(write(tmp_path / "two", {"f": more}), base=base)
    (third,) = store.take(write(tmp_path / "three", {"f": more + b"er"}), base={"f": second})
    size = size_of(store)
    store.remove(of_bytes(secret), first)

    freed = repack(store, {third.sha256})

    assert 5000 <= freed + 200 <= size - size_of(store) + 400
    assert not any(secret[1000:1020] in path.read_bytes() for path in kept(store))
    assert all(comes_back(store, data) for data in (more, more + b"er", *small_files(20).values()))
    assert all(store.check(each) for each in digests if each != of_bytes(secret))
    assert repack(store, set()) == 0


def test_an_object_that_is_needed_itself_is_not_written_anew(store: ObjectStore, tmp_path: Path) -> None:
    old = some_bytes(MIB)
    (first,) = store.take(write(tmp_path / "one", {"f": old}))
    store.take(write(tmp_path / "two", {"f": old[:300_000]}), base={"f": first})

    assert repack(store, {first.sha256}) == 0
    assert comes_back(store, old)
    store.remove(first)
    assert repack(store, set(), used=0.2) == 0
    assert repack(store, set(), used=0.5) > 700_000
    assert comes_back(store, old[:300_000])


def test_a_list_whose_name_is_gone_or_taken_by_other_bytes_comes_back(store: ObjectStore, tmp_path: Path) -> None:
    files = small_files(8)
    digests = store.take(write(tmp_path / "in", files))
    (named,) = store.lists.names()
    path = store.lists.path(named)

    shutil.rmtree(store.folder / "extents")
    assert not ObjectStore(store.folder).absent(digests)

    path.unlink()
    path.write_bytes(b"no list")
    again = ObjectStore(store.folder)
    assert again.check_lists() == []
    assert not again.absent(digests)

    shutil.rmtree(store.folder / "listed")
    assert ObjectStore(store.folder).check_lists() == []
    assert os.listdir(store.folder / "listed") == [named]

    shutil.rmtree(store.folder / "extents")
    second = store.folder / "listed" / named
    second.unlink()
    second.write_bytes(b"no list")
    last = ObjectStore(store.folder)
    with pytest.raises(IntegrityError, match="so nothing was removed"):
        last.remove(digests[0])
    last.check_lists()
    last.remove(digests[0])
