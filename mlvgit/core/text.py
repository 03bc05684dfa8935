"""Text for people: control characters made visible, sizes and counts in words. Pure."""

import unicodedata
from typing import Final

__all__ = ["UNREADABLE", "count", "nearest", "printable", "short", "size"]

UNREADABLE: Final = "cannot be read (permission denied)"
"""What is said of a file that the system does not let us read."""


def printable(text: str) -> str:
    """Return `text` with everything that could drive a terminal, or hide in it, written as an escape.

    Controls, bidirectional and zero-width marks, line separators and undecodable bytes (surrogates) become `\\x1b`,
    `\\u202e` and the like; printable text of any script stays.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def short(identity: str, length: int = 12) -> str:
    """Shorten a hash for people."""
    return identity[:length]


def size(number: int) -> str:
    """Write a number of bytes: `812 B`, `4.5 KiB`, `2.0 GiB`."""
    if number < 1024:
        return f"{number} B"
    value = float(number)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1024 or unit == "TiB":
            break
    return f"{value:.1f} {unit}"


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun: `1 file`, `3 files`, `2 entries`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def nearest(word: str, known: "list[str] | tuple[str, ...]") -> str:
    """Return the member of `known` that `word` was probably meant to be, or "" when none is near."""
    import difflib  # only when something is already wrong

    found = difflib.get_close_matches(unicodedata.normalize("NFKC", word), known, n=1, cutoff=0.6)
    begun = [candidate for candidate in known if len(word) > 2 and candidate.startswith(word)]
    return found[0] if found else begun[0] if begun else ""
