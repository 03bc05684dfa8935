"""Versions: the grammar and the order, with the semver package as the oracle for models."""

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st

from mlvgit.core.versions import (
    Version,
    is_model_version,
    is_snapshot_version,
    model_version,
    snapshot_version,
)
from mlvgit.errors import UsageError

identifiers = st.text(st.sampled_from("0123456789abcXYZ-"), min_size=1, max_size=5)
numbers = st.integers(0, 10**6)
loose = st.builds(
    lambda parts, pre, build: (
        ".".join(parts) + ("-" + ".".join(pre) if pre else "") + ("+" + ".".join(build) if build else "")
    ),
    st.lists(st.one_of(numbers.map(str), st.sampled_from(["00", "01", ""])), min_size=2, max_size=4),
    st.lists(identifiers, max_size=3),
    st.lists(identifiers, max_size=2),
)
sound = st.builds(
    lambda a, b, c, pre, build: (
        f"{a}.{b}.{c}" + ("-" + ".".join(pre) if pre else "") + ("+" + ".".join(build) if build else "")
    ),
    numbers,
    numbers,
    numbers,
    st.lists(identifiers, max_size=3),
    st.lists(identifiers, max_size=2),
).filter(semver.Version.is_valid)


@given(loose)
def test_a_model_version_is_what_semver_says_with_a_v(text: str) -> None:
    assert is_model_version("v" + text) == semver.Version.is_valid(text)


@given(sound, sound)
def test_models_are_ordered_as_semver_orders_them(one: str, other: str) -> None:
    first, second = model_version("v" + one), model_version("v" + other)
    expected = semver.Version.parse(one).compare(semver.Version.parse(other))

    if expected:
        assert (first < second) == (expected < 0)
    assert (first == second) == (one == other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v",
        "v1",
        "1.0",
        "v1.0.0.0",
        "v01.0",
        "v1.00",
        "V1.0",
        "v1.0\n",
        " v1.0",
        "v1.0-rc.1",
        "v\u0661.\u0660",
        "v-1.0",
        "v1.0.",
        "v1.0+x",
    ],
)
def test_what_is_not_a_snapshot_version_is_refused_with_an_example(text: str) -> None:
    assert not is_snapshot_version(text)
    with pytest.raises(UsageError) as caught:
        snapshot_version(text)
    assert "vMAJOR.MINOR" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["v1.0", "v1.0.0\n", "v1.0.0-", "v1.0.0-01", "v1.0.0-a..b", "1.0.0", "v1.0.0+", "v1.0.0-é"]
)
def test_what_is_not_a_model_version_is_refused_with_an_example(text: str) -> None:
    assert not is_model_version(text)
    with pytest.raises(UsageError) as caught:
        model_version(text)
    assert "vMAJOR.MINOR.PATCH" in caught.value.hint


def test_two_and_three_numbers_are_one_snapshot_version() -> None:
    assert snapshot_version("v0.1") == snapshot_version("v0.1.0")
    assert hash(snapshot_version("v0.1")) == hash(snapshot_version("v0.1.0"))
    assert snapshot_version("v0.1").canonical == "v0.1.0"
    assert str(snapshot_version("v0.1")) == "v0.1"


def test_snapshots_are_ordered_by_number() -> None:
    texts = ["v0.10", "v0.9", "v1.0", "v0.9.1"]

    assert [str(v) for v in sorted(map(snapshot_version, texts))] == ["v0.9", "v0.9.1", "v0.10", "v1.0"]


@pytest.mark.parametrize(
    ("text", "part", "bumped"),
    [("v0.1", "minor", "v0.2"), ("v0.1", "major", "v1.0"), ("v0.1", "patch", "v0.1.1"), ("v0.1.3", "minor", "v0.2.0")],
)
def test_a_snapshot_is_bumped_in_its_own_style(text: str, part: str, bumped: str) -> None:
    assert snapshot_version(text).bump(part) == bumped  # type: ignore[arg-type]


def test_bumping_a_release_candidate_leaves_the_candidate() -> None:
    assert model_version("v1.2.3-rc.1+x").bump("minor") == "v1.3.0"


def test_two_builds_are_two_versions() -> None:
    assert model_version("v1.0.0+a") != model_version("v1.0.0+b")
    assert model_version("v1.0.0") != "v1.0.0"
    assert repr(Version("v1.0", (1, 0, 0))) == "Version('v1.0')"
