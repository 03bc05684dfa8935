"""Patterns of settings."""

import time

import pytest

from mlvgit.core.globs import matches


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*.tmp", "a.tmp", True),
        ("*.tmp", "b/a.tmp", False),
        ("**/*.tmp", "a.tmp", True),
        ("**/*.tmp", "x/y/a.tmp", True),
        ("data/**", "data/x/y", True),
        ("data/**", "data", False),
        ("data/", "data/x/y", True),
        ("data/*/x", "data/a/x", True),
        ("data/*/x", "data/a/b/x", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("a.c", "abc", False),
        ("[a]", "[a]", True),
        ("[a]", "a", True),
        ("p-[12]/*", "p-2/x", True),
        ("p-[12]/*", "p-3/x", False),
        ("00[0-4].csv", "003.csv", True),
        ("00[0-4].csv", "00[0-4].csv", True),
        ("00[!0-4].csv", "003.csv", False),
        ("00[!0-4].csv", "007.csv", True),
        ("a[!b]c", "a/c", False),
        ("a[b", "a[b", True),
        ("[]a]", "]", True),
        ("[a-]", "-", True),
        ("release/*", "release/1.0", True),
        ("a", "a\n", False),
    ],
)
def test_a_star_stops_at_a_slash_and_two_do_not(pattern: str, path: str, fits: bool) -> None:
    assert matches(pattern, path) is fits


def test_a_hostile_pattern_ends_soon() -> None:
    start = time.perf_counter()

    assert not matches("*a" * 40 + "b", "a" * 500)
    assert not matches("**/" * 30 + "b", "a/" * 500)

    assert time.perf_counter() - start < 5
