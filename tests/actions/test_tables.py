"""Tables compared by their rows."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlvgit.actions import tables
from mlvgit.actions.tables import Opener, RowChanges, UnreadableError, compare_tables, kind_of_table


def opener(data: bytes, size: int = 7) -> Opener:
    """Give `data` in small pieces, so that lines and characters are cut."""

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(data), size):
            yield data[start : start + size]

    return pieces


def compare(kind: str, before: str | bytes, after: str | bytes, show: int = 0) -> RowChanges:
    old, new = (each.encode() if isinstance(each, str) else each for each in (before, after))
    return compare_tables(kind, opener(old), opener(new), show=show)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.csv", "CSV"),
        ("deep/A.CSV", "CSV"),
        ("a.tsv", "TSV"),
        ("a.jsonl", "JSONL"),
        ("a.ndjson", "JSONL"),
        ("a.parquet", ""),
        ("csv", ""),
        ("a.csv.gz", ""),
    ],
)
def test_a_table_is_known_by_the_ending_of_its_name(path: str, kind: str) -> None:
    assert kind_of_table(path) == kind


def test_rows_that_came_and_went_are_counted_as_often_as_they_stand_there() -> None:
    found = compare("CSV", "a,b\n1,2\n1,2\n3,4\n", "a,b\n3,4\n1,2\n5,6\n5,6\n")

    assert (found.rows_before, found.rows_after) == (3, 4)
    assert (found.added, found.removed) == (2, 1)


def test_the_order_of_rows_does_not_matter() -> None:
    found = compare("CSV", "a,b\n1,2\n3,4\n", "a,b\n3,4\n1,2\n")

    assert (found.added, found.removed) == (0, 0)


def test_a_new_column_does_not_make_every_row_new() -> None:
    found = compare("CSV", "a,b\n1,2\n3,4\n", "b,c,a\n2,x,1\n4,y,9\n", show=5)

    assert found.columns_added == ("c",)
    assert found.columns_removed == ()
    assert found.common_only
    assert (found.rows_added, found.rows_removed) == (("9,4",), ("3,4",))


def test_columns_in_another_order_are_the_same_rows() -> None:
    found = compare("CSV", "a,b\n1,2\n", "b,a\n2,1\n")

    assert (found.added, found.removed, found.columns_added, found.common_only) == (0, 0, (), False)


def test_a_table_without_a_heading_is_compared_by_whole_rows() -> None:
    found = compare("CSV", "5.1,setosa\n6.2,virginica\n", "5.1,setosa\n6.3,virginica\n")

    assert (found.rows_before, found.rows_after, found.added, found.removed) == (2, 2, 1, 1)
    assert found.columns_added == found.columns_removed == ()


def test_two_first_rows_of_words_are_not_taken_for_renamed_columns() -> None:
    found = compare("CSV", "ada,paris\nbob,rome\n", "eve,oslo\nbob,rome\n")

    assert (found.added, found.removed, found.columns_added) == (1, 1, ())


def test_an_index_column_without_a_name_is_a_heading_all_the_same() -> None:
    found = compare("CSV", ",a\n0,1\n", ",a,b\n0,1,2\n")

    assert found.columns_added == ("b",)
    assert (found.added, found.removed) == (0, 0)


def test_line_breaks_in_quotes_belong_to_the_row() -> None:
    found = compare("CSV", 'a,b\n1,"x\ny"\n', 'a,b\n1,"x\ny"\n2,"z\n"\n', show=3)

    assert (found.rows_before, found.rows_after, found.added) == (1, 2, 1)
    assert found.rows_added == ("2,z\n",)


def test_semicolons_separate_too_and_a_byte_order_mark_is_passed_over() -> None:
    found = compare("CSV", "\ufeffa;b\r\n1,5;2\r\n", "a;b;c\r\n1,5;2;3\r\n")

    assert found.columns_added == ("c",)
    assert (found.added, found.removed) == (0, 0)


def test_quotes_in_a_tsv_are_letters() -> None:
    found = compare("TSV", 'a\tb\n"x\t1\n', 'a\tb\n"x\t1\ny"\t2\n')

    assert (found.rows_after, found.added) == (2, 1)


def test_bytes_that_are_not_utf8_are_compared_all_the_same() -> None:
    found = compare("CSV", b"a,b\n\xe9,1\n", b"a,b\n\xe9,1\n\xe8,2\n")

    assert (found.added, found.removed) == (1, 0)


def test_keys_of_json_lines_are_columns_and_their_order_does_not_matter() -> None:
    found = compare("JSONL", '{"x": 1, "y": 2}\n{"x": 3}\n', '{"y":2,"x":1}\n\n{"x":4,"z":0}\n', show=5)

    assert found.columns_added == ("z",)
    assert (found.rows_after, found.added, found.removed) == (2, 1, 1)
    assert (found.rows_added, found.rows_removed) == (('{"x": 4}',), ('{"x": 3}',))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("CSV", b'a,b\n1,"never closed\n'),
        ("CSV", b'a,b\n1,"x"y"\n'),
        ("CSV", b"a,b\n1,\0\n"),
        ("CSV", "a,b\n1,2\n".encode("utf-16")),
        ("TSV", b"a\rb\n"),
        ("JSONL", b'{"a": 1}\n{"a": \n'),
        ("JSONL", b"[" * 100_000 + b"\n"),
        ("JSONL", b'{"a": ' + b"1" * 10_000 + b"}\n"),
    ],
)
def test_what_is_no_table_is_called_unreadable(kind: str, data: bytes) -> None:
    sound = b'{"a": 1}\n' if kind == "JSONL" else b"a,b\n1,2\n"

    with pytest.raises(UnreadableError):
        compare_tables(kind, opener(sound), opener(data, 4096))
    with pytest.raises(UnreadableError):
        compare_tables(kind, opener(data, 4096), opener(sound))


def test_a_line_without_an_end_is_not_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_LINE", 1000)

    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 100

    with pytest.raises(UnreadableError, match="longer than"):
        compare_tables("CSV", endless, opener(b"a\n"))


def test_empty_files_have_no_rows() -> None:
    for kind in ("CSV", "TSV", "JSONL"):
        assert compare(kind, "", "").rows_after == 0
    assert compare("CSV", "", "a,b\n1,2\n").added == 2


def test_the_first_rows_are_shown_and_no_more_than_were_asked_for() -> None:
    after = "a,b\n" + "".join(f"{number},x\n" for number in range(50))

    found = compare("CSV", "a,b\n0,y\n", after, show=3)

    assert found.rows_added == ("0,x", "1,x", "2,x")
    assert found.rows_removed == ("0,y",)


ROWS = st.lists(st.sampled_from("abcdefgh"), max_size=40)


@given(before=ROWS, after=ROWS)
def test_counts_are_those_of_the_multisets(before: list[str], after: list[str]) -> None:
    old, new = ("".join(f"1,{row}\n" for row in rows) for rows in (before, after))

    found = compare("CSV", old, new)

    assert found.added == (Counter(after) - Counter(before)).total()
    assert found.removed == (Counter(before) - Counter(after)).total()


def test_counts_are_the_same_when_memory_does_not_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_LEFT", 10)
    monkeypatch.setattr(tables, "BATCH", 16)
    before = [f"{number},x\n" for number in range(500)]
    after = [*reversed(before[3:]), "new,1\n", "new,1\n"]

    found = compare("CSV", "".join(before), "".join(after), show=9)

    assert (found.added, found.removed) == (2, 3)
    assert found.rows_added == ("new,1", "new,1")
    assert found.rows_removed == ("0,x", "1,x", "2,x")
