"""Lists of extents and what finds them: everything written is read back, and nothing broken is believed."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlvgit.core.digest import Digest
from mlvgit.errors import IntegrityError
from mlvgit.store import chunks
from mlvgit.store.chunks import Matcher, cutter
from mlvgit.store.extents import Extent, ExtentTable, dump, parse
from tests.store.standins import Bytes

settings.register_profile("patient", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
patient = settings.get_profile("patient")
hexes = st.integers(0, 10**9).map(lambda number: hashlib.sha256(b"%d" % number).hexdigest())

objects = st.builds(Digest, st.integers(1, 10**15), hexes)


@st.composite
def ranges(draw: st.DrawFn, chosen: list[Digest]) -> Extent:
    it = draw(st.sampled_from(chosen))
    offset = draw(st.integers(0, it.size - 1))
    return Extent(it, offset, draw(st.integers(1, it.size - offset)))


@st.composite
def files(draw: st.DrawFn) -> dict[Digest, tuple[Extent, ...]]:
    chosen = draw(st.lists(objects, min_size=1, max_size=4, unique_by=lambda it: it.sha256))
    found = {}
    for name in draw(st.lists(hexes, min_size=1, max_size=5, unique=True)):
        extents = tuple(draw(st.lists(ranges(chosen), max_size=4)))
        found[Digest(sum(extent.length for extent in extents), name)] = extents
    return found


@patient
@given(files())
def test_what_is_written_is_read_back_and_written_the_same(said: dict[Digest, tuple[Extent, ...]]) -> None:
    data = dump(said)

    assert parse(data) == said
    assert dump(parse(data)) == data
    assert vars(ExtentTable.of(said)).items() <= vars(parse(data)).items()  # who wrote it knows what it says, unread


@patient
@given(files(), st.data())
def test_a_list_with_a_byte_changed_is_refused_or_the_only_way_to_write_what_it_says(
    said: dict[Digest, tuple[Extent, ...]], data: st.DataObject
) -> None:
    written = bytearray(dump(said))
    written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))

    try:
        read = parse(bytes(written))
    except IntegrityError:
        return

    assert dump(read) == bytes(written)
    assert all(extent.offset + extent.length <= extent.object.size for each in read.values() for extent in each)


@patient
@given(st.binary(max_size=300))
def test_whatever_is_read_is_a_list_or_refused(data: bytes) -> None:
    try:
        parse(data)
    except IntegrityError:
        return
    raise AssertionError(data)


pieces = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 90_000)), max_size=5)


@patient
@given(pieces, pieces, st.integers(2000, 200_000), st.booleans())
def test_what_a_version_has_of_the_one_before_and_what_is_new_put_together_are_the_version(
    before: list[tuple[int, int]], after: list[tuple[int, int]], portion: int, large: bool
) -> None:
    old, new = (b"".join(PATTERNS[kind][:length] for kind, length in each) for each in (before, after))
    found = cutter()
    assert found is not None
    together = bytearray()
    with pytest.MonkeyPatch.context() as patch:
        if large:
            patch.setattr(chunks, "_ALL_BYTES", 0)
        matcher = Matcher(
            Bytes(old), found, lambda offset, length: together.extend(old[offset : offset + length]), together.extend
        )

    for start in range(0, len(new), portion):
        matcher.feed(memoryview(new)[start : start + portion])
    matcher.finish()

    assert together == new


PATTERNS = [bytes((seed * index * index + index) % 251 for index in range(90_000)) for seed in range(5)] + [
    bytes(90_000)
]
