"""JSON read in Python: slowly, with the line of everything and every problem. Pure."""

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from mlvgit.core.jsontext import MAX_DEPTH, MAX_WHOLE, Path, json_path
from mlvgit.errors import Problem

__all__ = ["Scanner"]

MAX_PROBLEMS: Final = 100
_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_.+-]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONSTANTS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}
_NOT_NUMBERS = frozenset({"NaN", "nan", "Infinity", "-Infinity", "inf", "-inf"})


class _StopScan(Exception):  # noqa: N818 - never leaves this module
    """The text cannot be read on."""


class Scanner:
    """Reads JSON in Python, keeps lines and collects every problem; stops at the first that hides the structure."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[Problem] = []
        self.lines: dict[Path, int] = {}
        self.whole = False
        self._breaks = [match.start() for match in re.finditer("\n", text)]

    def scan(self) -> Any:
        """Return the value, or None when the structure is broken (`whole` is then False)."""
        try:
            start = self._skip(0)
            value, end = self._value(start, ())
            end = self._skip(end)
            if end != len(self.text):
                self._stop(end, (), f"expected the end of the document, found {self._seen(end)}")
        except _StopScan:
            return None
        self.whole = True
        return value

    def _line(self, offset: int) -> int:
        return bisect_right(self._breaks, offset - 1) + 1

    def _note(self, offset: int, path: Path, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(self._line(offset), json_path(path), message))

    def _stop(self, offset: int, path: Path, message: str) -> NoReturn:
        self._note(offset, path, message)
        raise _StopScan

    def _skip(self, offset: int) -> int:
        match = _SPACE.match(self.text, offset)
        return match.end() if match else offset

    def _seen(self, offset: int) -> str:
        word = _WORD.match(self.text, offset)
        found = word[0][:20] if word else self.text[offset : offset + 1]
        return repr(found) if found else "the end of the document"

    def _value(self, offset: int, path: Path) -> tuple[Any, int]:
        self.lines.setdefault(path, self._line(offset))
        first = self.text[offset : offset + 1]
        if first in ("{", "["):
            if len(path) >= MAX_DEPTH:
                self._stop(offset, (), f"is nested deeper than {MAX_DEPTH} levels")
            return self._members(offset, path) if first == "{" else self._items(offset, path)
        if first == '"':
            return self._string(offset, path)
        return self._scalar(offset, path)

    def _members(self, offset: int, path: Path) -> tuple[dict[str, Any], int]:
        made: dict[str, Any] = {}
        offset = self._skip(offset + 1)
        if self.text[offset : offset + 1] == "}":
            return made, offset + 1
        while True:
            if self.text[offset : offset + 1] != '"':
                self._stop(offset, path, f"expected a key in double quotes, found {self._seen(offset)}")
            key, end = self._string(offset, path)
            here = (*path, key)
            if key in made:
                first = self.lines.get(here, 0)
                self._note(offset, here, f"the key {json.dumps(key)} stands twice (first on line {first})")
            else:
                self.lines[here] = self._line(offset)
            end = self._skip(end)
            if self.text[end : end + 1] != ":":
                self._stop(end, here, f"expected ':' after the key, found {self._seen(end)}")
            made[key], end = self._value(self._skip(end + 1), here)
            end = self._skip(end)
            closing = self.text[end : end + 1]
            if closing == "}":
                return made, end + 1
            if closing != ",":
                self._stop(end, here, f"expected ',' or '}}', found {self._seen(end)}")
            offset = self._skip(end + 1)

    def _items(self, offset: int, path: Path) -> tuple[list[Any], int]:
        made: list[Any] = []
        offset = self._skip(offset + 1)
        if self.text[offset : offset + 1] == "]":
            return made, offset + 1
        while True:
            here = (*path, len(made))
            value, end = self._value(offset, here)
            made.append(value)
            end = self._skip(end)
            closing = self.text[end : end + 1]
            if closing == "]":
                return made, end + 1
            if closing != ",":
                self._stop(end, here, f"expected ',' or ']', found {self._seen(end)}")
            offset = self._skip(end + 1)

    def _string(self, offset: int, path: Path) -> tuple[str, int]:
        match = _STRING.match(self.text, offset)
        if match is None:
            self._stop(offset, path, "this text has no closing quote on its line, or a control character or bad escape")
        text: str = json.loads(match[0])
        if _SURROGATE.search(text):
            self._note(offset, path, "has half of a surrogate pair, which is no character")
        return text, match.end()

    def _scalar(self, offset: int, path: Path) -> tuple[Any, int]:
        word = _WORD.match(self.text, offset)
        if word is None:
            self._stop(offset, path, f"expected a value, found {self._seen(offset)}")
        if word[0] in _CONSTANTS:
            return _CONSTANTS[word[0]], word.end()
        if word[0] in _NOT_NUMBERS:
            self._note(offset, path, f"{word[0]} is not a JSON number")
            return 0.0, word.end()
        number = _NUMBER.fullmatch(self.text, offset, word.end())
        if number is None:
            self._stop(offset, path, f"expected a value, found {self._seen(offset)}")
        return self._number(offset, path, number)

    def _number(self, offset: int, path: Path, match: re.Match[str]) -> tuple[int | float, int]:
        try:
            return (_real(match[0]) if match[1] else _whole(match[0])), match.end()
        except ValueError:
            shown = match[0] if len(match[0]) <= 24 else match[0][:20] + "..."
            self._note(offset, path, f"the number {shown} is too large to be kept exactly; write it as text in quotes")
            return 0, match.end()


def _whole(text: str) -> int:
    number = int(text)
    if -MAX_WHOLE <= number <= MAX_WHOLE:
        return number
    raise ValueError("whole number out of range")


def _real(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError("number out of range")
    return number
