"""Text for people: nothing that drives a terminal gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlvgit.core.text import count, nearest, printable, short, size


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本", "plain é 日本"),
        ("\x1b]0;pwn\x07", "\\x1b]0;pwn\\x07"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb", "a\\u200bb"),
        ("a\nb", "a\\x0ab"),
        ("a\udcffb", "a\\xffb"),
        ("\U000e0001", "\\U000e0001"),
        ("\x85", "\\x85"),
    ],
)
def test_what_cannot_be_seen_is_written_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(blacklist_categories=())))
def test_printable_text_is_printable(text: str) -> None:
    assert printable(text).isprintable()
    printable(text).encode("utf-8")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (4608, "4.5 KiB"),
        (2 * 1024**3, "2.0 GiB"),
        (5 * 1024**5, "5120.0 TiB"),
    ],
)
def test_sizes_are_in_words(number: int, words: str) -> None:
    assert size(number) == words


def test_counts_agree_with_their_noun() -> None:
    assert (count(1, "file"), count(1200, "file"), count(2, "entry", "entries")) == (
        "1 file",
        "1,200 files",
        "2 entries",
    )


def test_the_nearest_word_is_found_or_nothing() -> None:
    assert nearest("filez", ["path", "files"]) == "files"
    assert nearest("size", ["path", "size_bytes"]) == "size_bytes"
    assert nearest("zzz", ("path", "files")) == ""


def test_a_hash_is_shortened() -> None:
    assert short("0123456789abcdef") == "0123456789ab"
