"""Columns of digests are the digests that were put into them, whatever else is asked of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlvgit.core.digest import Digest, of_bytes
from mlvgit.core.digests import Digests, NamedDigests, unique

digests = st.builds(Digest, st.integers(0, 1 << 53), st.binary(min_size=32, max_size=32).map(bytes.hex))


@given(st.lists(digests))
def test_what_is_put_in_comes_out_in_its_order(given: list[Digest]) -> None:
    columns = Digests(given)

    assert list(columns) == given
    assert columns == given
    assert [columns[index] for index in range(len(columns))] == given
    assert [*columns.sha256()] == [digest.sha256 for digest in given]
    assert columns[1:3] == given[1:3]
    assert columns[::-1] == given[::-1]


@given(st.lists(digests), st.lists(digests))
def test_two_are_equal_when_their_digests_are(first: list[Digest], second: list[Digest]) -> None:
    assert (Digests(first) == Digests(second)) == (first == second)
    assert (Digests(first) == second) == (first == second)


@given(st.lists(digests))
def test_places_are_filled_in_any_order(given: list[Digest]) -> None:
    columns = Digests.blank(len(given))
    for index in reversed(range(len(given))):
        columns.put(index, given[index].size, bytes.fromhex(given[index].sha256))

    assert columns == given


def test_a_place_that_is_not_there_is_an_error() -> None:
    columns = Digests([of_bytes(b"1")])

    assert columns[-1] == of_bytes(b"1")
    with pytest.raises(IndexError):
        columns[1]


@given(st.lists(digests, max_size=5).flatmap(lambda few: st.lists(st.sampled_from(few)) if few else st.just([])))
def test_each_comes_once_in_its_order_and_what_others_had_does_not(given: list[Digest]) -> None:
    seen: set[bytes] = set()

    assert [*unique(given, seen)] == [*dict.fromkeys(given)]
    assert [*unique(given, seen)] == []


def test_the_same_sha256_with_another_size_is_another_thing() -> None:
    one, other = Digest(1, "a" * 64), Digest(2, "a" * 64)

    assert [*unique([one, other, one])] == [one, other]


def test_named_ones_are_pairs() -> None:
    named = NamedDigests(["a", "b"], Digests([of_bytes(b"1"), of_bytes(b"2")]))

    assert list(named) == [("a", of_bytes(b"1")), ("b", of_bytes(b"2"))]
    assert (len(named), ("b", of_bytes(b"2")) in named, ("b", of_bytes(b"1")) in named) == (2, True, False)
