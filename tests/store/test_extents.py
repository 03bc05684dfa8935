"""Lists of extents: one way to write them, read strictly, and never more than a hint where bytes are."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlvgit.core.digest import Digest, of_bytes
from mlvgit.errors import IntegrityError
from mlvgit.store.extentlists import Lists
from mlvgit.store.extents import Extent, NewerListError, dump, parse

A, B, C, D = (char * 64 for char in "abcd")
GOOD = f"""mlv-extents 1
object {A} 100
object {B} 10
file {C} 15
 0 90 10
 1 0 5
file {D} 0
""".encode()
FILES = {
    Digest(15, C): (Extent(Digest(100, A), 90, 10), Extent(Digest(10, B), 0, 5)),
    Digest(0, D): (),
}


def test_a_list_says_which_ranges_of_which_objects_a_file_is() -> None:
    assert parse(GOOD) == FILES


def test_equal_contents_are_equal_bytes_whatever_their_order() -> None:
    backwards = dict(reversed(FILES.items()))

    assert dump(backwards) == dump(FILES) == GOOD


def test_what_cut_the_files_is_named_and_changes_nothing_for_a_reader() -> None:
    data = dump(FILES, cut="fastcdc-2020 4096 16384 65536")

    assert data.splitlines()[1] == b"cut fastcdc-2020 4096 16384 65536"
    assert parse(data) == FILES


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mlv-extents 1", "mlv-extents 01"),
        ("mlv-extents 1", "mlv-extents one"),
        (f"object {A} 100", f"object {A.upper()} 100"),
        (f"object {A} 100", f"object {A[:-1]} 100"),
        (f"object {A} 100", f"object {A} 0100"),
        (f"object {A} 100", f"object {A} -100"),
        (f"object {A} 100", f"object {A} 99999999999999999"),
        (f"object {A} 100", f"object {A} 99"),
        (f"object {A} 100\nobject {B} 10\n", f"object {B} 10\nobject {A} 100\n"),
        (f"object {A} 100\n", f"object {A} 100\nobject {A} 100\n"),
        (f"object {B} 10\n", f"object {B} 10\nobject {C} 10\n"),
        (" 0 90 10", " 0 91 10"),
        (" 0 90 10", " 2 90 10"),
        (" 0 90 10", " 0 90 0"),
        (" 0 90 10", " 0  90 10"),
        (" 0 90 10", "0 90 10"),
        (" 0 90 10\n", ""),
        (" 0 90 10\n", " 0 90 9\n"),
        (f"file {C} 15\n 0 90 10\n 1 0 5\n", ""),
        (f"file {D} 0\n", f"file {C} 0\n"),
        (f"file {D} 0\n", f"file {B} 0\n"),
        (f"file {D} 0\n", f"file {D} 1\n"),
        (f"file {D} 0\n", f"file {D} 0"),
        (f"file {D} 0\n", f"file {D} 0\n\n"),
        (f"file {D} 0\n", f"file {D} 0\r\n"),
        (f"file {D} 0\n", f"file {D} 0\nobject {D} 1\n"),
        ("mlv-extents 1\n", "mlv-extents 1\ncut \x1b[2J\n"),
        ("mlv-extents 1\n", "mlv-extents 1\ncut a\ncut a\n"),
    ],
)
def test_what_cannot_be_is_refused(old: str, new: str) -> None:
    changed = GOOD.decode().replace(old, new, 1).encode()
    assert changed != GOOD

    with pytest.raises(IntegrityError) as refused:
        parse(changed)

    assert "\x1b" not in refused.value.message


def test_a_list_of_a_later_format_is_told_from_a_damaged_one() -> None:
    with pytest.raises(NewerListError, match="newer than this mlvgit"):
        parse(GOOD.replace(b"mlv-extents 1\n", b"mlv-extents 2\n"))


def test_a_list_is_kept_under_the_name_of_its_bytes_and_found_by_its_files(tmp_path: Path) -> None:
    name = Lists(tmp_path).add(GOOD)

    assert name == hashlib.sha256(GOOD).hexdigest()
    assert (tmp_path / "extents" / name[:2] / name[2:]).read_bytes() == GOOD
    assert list(Lists(tmp_path).find(Digest(15, C))) == [(name, FILES[Digest(15, C)])]
    assert list(Lists(tmp_path).find(Digest(14, C))) == []


def test_a_list_that_another_process_adds_is_seen(tmp_path: Path) -> None:
    lists = Lists(tmp_path)
    assert not lists.find(Digest(15, C))

    Lists(tmp_path).add(GOOD)

    assert lists.find(Digest(15, C))


def test_threads_that_ask_while_the_lists_are_read_all_get_the_answer(tmp_path: Path) -> None:
    pack = Digest(20_000, A)
    files = {of_bytes(b"%d" % number): (Extent(pack, number, len(b"%d" % number)),) for number in range(10_000)}
    Lists(tmp_path).write(files)
    fresh = Lists(tmp_path)
    together = threading.Barrier(8)

    def ask(digest: Digest) -> int:
        together.wait()
        return len(fresh.find(digest))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, list(files)[-8:])) == [1] * 8


def test_a_damaged_list_is_no_list_and_keeps_anything_from_being_removed(tmp_path: Path) -> None:
    lists = Lists(tmp_path)
    path = lists.path(lists.add(GOOD))
    path.chmod(0o644)
    path.write_bytes(GOOD.replace(b" 0 90 10", b" 0 80 10"))

    again = Lists(tmp_path)

    assert not again.find(Digest(15, C))
    with pytest.raises(IntegrityError, match="not known"):
        again.drop([of_bytes(b"anything")])


def test_a_file_that_is_dropped_is_named_no_more_and_the_others_still_are(tmp_path: Path) -> None:
    lists = Lists(tmp_path)
    old = lists.add(GOOD)

    lists.drop([Digest(15, C)])

    for each in (lists, Lists(tmp_path)):
        assert list(each.files()) == [Digest(0, D)]
        assert old not in list(each.names())
    lists.drop([Digest(0, D)])
    assert list(Lists(tmp_path).names()) == []


def test_what_would_be_a_long_list_becomes_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlvgit.store.extentlists._LONG", 6)
    pack = Digest(1000, "a" * 64)
    files = {Digest(10, f"{number:064x}"): (Extent(pack, 10 * number, 10),) for number in range(10)}

    Lists(tmp_path).write(files)

    read = Lists(tmp_path)
    assert len(list(read.names())) == 4
    assert {file: read.find(file)[0][1] for file in files} == files


def test_a_list_is_parsed_once_however_often_a_command_opens_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = Lists(tmp_path).add(GOOD)
    monkeypatch.setattr("mlvgit.store.extentlists.parse", lambda data: pytest.fail("parsed again"))

    assert list(Lists(tmp_path).find(Digest(15, C))) == [(name, FILES[Digest(15, C)])]
