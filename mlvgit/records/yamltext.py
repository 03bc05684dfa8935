"""YAML text: the canonical writing of plain data, which every YAML reader takes for the same values. Pure.

Block style, a key on a line. A text is written bare only when no reader (YAML 1.1 or 1.2) could take it for anything
else; otherwise in double quotes with JSON's escapes.
"""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from mlvgit.core.jsontext import encoded
from mlvgit.errors import UsageError

__all__ = ["dump"]

MAX_PLAIN_KEY: Final = 1000
"""YAML readers look at most 1024 characters ahead for the colon."""

_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_./+-]*(?:[ @:=][A-Za-z0-9_./+-]+)*", re.ASCII)
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def dump(document: Mapping[str, Any]) -> bytes:
    """Write `document` (JSON's types only) as YAML.

    Raises:
        UsageError: a text in it is not UTF-8, or a number is not finite.
    """
    return encoded("\n".join(_mapping(document, 0)) + "\n")


def text(value: str) -> str:
    """Write a text as a scalar."""
    if _BARE.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return '"' + "".join(_ESCAPES.get(char) or (char if char.isprintable() else _escape(char)) for char in value) + '"'


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not isfinite(value):
        raise UsageError(f"{value} cannot be written: it is not a finite number")
    written = repr(value)
    # YAML 1.1 asks for a point in a number with an exponent
    return written.replace("e", ".0e") if "e" in written and "." not in written else written


def _mapping(value: Mapping[str, Any], indent: int) -> list[str]:
    lines: list[str] = []
    for key, inner in value.items():
        written = text(key)
        if len(written) > MAX_PLAIN_KEY:
            lines.append(" " * indent + "? " + written)
            written = ""
        lines += _entry(" " * indent + written + ":", inner, indent)
    return lines


def _entry(head: str, value: Any, indent: int) -> list[str]:
    if isinstance(value, Mapping):
        return [head, *_mapping(value, indent + 2)] if value else [f"{head} {{}}"]
    if isinstance(value, list | tuple):
        return [head, *_list(value, indent + 2)] if value else [f"{head} []"]
    return [f"{head} {_scalar(value)}"]


def _list(value: "list[Any] | tuple[Any, ...]", indent: int) -> list[str]:
    lines: list[str] = []
    for inner in value:
        lines += _entry(" " * indent + "-", inner, indent)
    return lines
