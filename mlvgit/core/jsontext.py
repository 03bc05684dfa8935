"""JSON text: strict reading that knows lines, canonical writing with one entry on a line. Pure.

Strict: UTF-8 without a byte order mark, no duplicate keys, no NaN or infinity, whole numbers within +-2**53, no lone
surrogates, at most 32 levels. The standard library's C scanner reads; the slow scanner of this module runs only when
something is wrong or when the line of something is asked for.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn

from mlvgit.core.text import printable
from mlvgit.errors import Problem, UsageError

__all__ = [
    "EMPTY",
    "MAX_DEPTH",
    "MAX_WHOLE",
    "Path",
    "Reading",
    "canonical",
    "compact",
    "decode",
    "encoded",
    "json_path",
    "read",
]

EMPTY: Final[Mapping[str, Any]] = {}
"""An object without keys, for what is not said; nobody writes into it."""

Path = tuple[str | int, ...]
"""Where a value stands in a document: keys and list positions from the top."""

MAX_DEPTH: Final = 32
MAX_WHOLE: Final = 2**53
MAX_PROBLEMS: Final = 100
DEFAULT_MAX_BYTES: Final = 64 * 1024 * 1024

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONFLICT = re.compile(r"^(?:<{7}|\|{7}|>{7})(?: .*)?$|^={7}$", re.MULTILINE)
_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_.+-]+")
_CONSTANTS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}
_NUMBERS: Final = {int, float}
_NOT_NUMBERS = frozenset({"NaN", "nan", "Infinity", "-Infinity", "inf", "-inf"})


def json_path(path: Path) -> str:
    """Write `path` as people read it: `$.files[3].sha256`, `$.metadata["odd key"]`."""
    parts = ["$"]
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif _KEY.fullmatch(part):
            parts.append(f".{part}")
        else:
            parts.append(f"[{json.dumps(part)}]")
    return "".join(parts)


class Reading:
    """What reading a JSON document gave.

    Attributes:
        value: the data; meaningless when not `readable`.
        readable: whether the text is JSON at all, so that its shape can be judged too.
        problems: all that is wrong with it as text; a document with any must be refused.
    """

    __slots__ = ("_lines", "_text", "problems", "readable", "value")

    def __init__(self, text: str, value: Any, problems: tuple[Problem, ...] = (), *, readable: bool = True) -> None:
        self.value = value
        self.readable = readable
        self.problems = problems
        self._text = text
        self._lines: dict[Path, int] | None = None

    def line(self, path: Path) -> int:
        """Return the 1-based line of what stands at `path`, or of the nearest thing around it; 0 when unknown."""
        if self._lines is None:
            scanner = _Scanner(self._text)
            scanner.scan()
            self._lines = scanner.lines
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 0)


def decode(data: bytes, max_bytes: int) -> tuple[str, tuple[Problem, ...]]:
    """Turn the bytes of a document into text, or say why they are none: too many, UTF-16, a BOM, not UTF-8."""
    if len(data) > max_bytes:
        return "", (Problem(0, "$", f"has {len(data):,} bytes; at most {max_bytes:,} are read"),)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:4]:
        return "", (Problem(1, "$", "is UTF-16 or UTF-32; save it as UTF-8"),)
    if data.startswith(b"\xef\xbb\xbf"):
        return "", (Problem(1, "$", "begins with a byte order mark; save it as UTF-8 without BOM"),)
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return "", (Problem(line, "$", f"byte 0x{data[error.start]:02x} is not UTF-8; save it as UTF-8"),)


def conflict_markers(text: str) -> tuple[Problem, ...]:
    """Name the lines that an unfinished merge left behind."""
    return tuple(
        Problem(text.count("\n", 0, match.start()) + 1, "$", f"conflict marker {match[0][:7]}: finish the merge")
        for match in _CONFLICT.finditer(text)
    )


def read(data: bytes, *, max_bytes: int = DEFAULT_MAX_BYTES) -> Reading:
    """Read a JSON document strictly; what is wrong with it is in the result, nothing is raised."""
    text, problems = decode(data, max_bytes)
    if problems:
        return Reading("", None, problems, readable=False)
    try:
        value = _QUICK.decode(text)
        if _is_sound(value, text):
            return Reading(text, value)
    except (ValueError, RecursionError):
        pass
    markers = conflict_markers(text)
    if markers:
        return Reading("", None, markers, readable=False)
    scanner = _Scanner(text)
    value = scanner.scan()
    return Reading(text, value, tuple(scanner.problems), readable=scanner.whole)


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


def _constant(text: str) -> NoReturn:
    raise ValueError(text)


_QUICK: Final = json.JSONDecoder(parse_constant=_constant)


def _is_sound(value: Any, text: str) -> bool:
    """Check what the standard scanner lets pass: depth, numbers, keys that stand twice, halves of characters.

    Having the scanner call back for every object and number would cost more than this walk over what it made. A key
    that stands twice shows as a text with more strings in it than the value has.
    """
    escapes = _ESCAPE.findall(text)
    strings = (text.count('"') - escapes.count('\\"')) // 2
    if "\\u" in escapes and _SURROGATE_ESCAPE.search(text):
        return False
    level = [value]
    strings -= type(value) is str
    for depth in range(MAX_DEPTH + 1):
        kinds = set(map(type, level))
        if depth == MAX_DEPTH and not kinds.isdisjoint((dict, list)):
            return False
        if kinds & _NUMBERS:
            numbers = level if kinds <= _NUMBERS else [item for item in level if type(item) in _NUMBERS]
            if not (-MAX_WHOLE <= min(numbers) <= max(numbers) <= MAX_WHOLE) and not _are_exact(numbers):
                return False
        mappings = level if kinds == {dict} else [item for item in level if type(item) is dict] if dict in kinds else []
        lists = [item for item in level if type(item) is list] if list in kinds else []
        level = [inner for outer in mappings for inner in outer.values() if type(inner) is not str]
        level += [inner for outer in lists for inner in outer if type(inner) is not str]
        # every key and every text among the values is a string of the document
        strings += len(level) - 2 * sum(map(len, mappings)) - sum(map(len, lists))
        if not level:
            return strings == 0
    return False


def _are_exact(numbers: list[int | float]) -> bool:
    return all(
        number - number == 0 if type(number) is float else -MAX_WHOLE <= number <= MAX_WHOLE for number in numbers
    )


class _StopScan(Exception):  # noqa: N818 - never leaves this module
    """The text cannot be read on."""


class _Scanner:
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


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def compact(value: Any) -> str:
    """Write a value on one line.

    Raises:
        UsageError: a number is not finite.
    """
    try:
        return _ENCODER.encode(value)
    except ValueError as error:
        raise UsageError("a number that is not finite cannot be written") from error


def encoded(text: str) -> bytes:
    """Encode a document.

    Raises:
        UsageError: a text in it came from bytes that are not UTF-8.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        around = printable(text[max(0, error.start - 20) : error.end + 20])
        raise UsageError(f"a text that is not UTF-8 cannot be written: {around}") from error


def canonical(document: Mapping[str, Any], *, spread: Iterable[str] = ()) -> bytes:
    """Write a document: a key on a line, and for the keys in `spread` an entry of their list on a line.

    Raises:
        UsageError: a text in it is not UTF-8, or a number is not finite.
    """
    wide = frozenset(spread)
    lines = []
    for key, value in document.items():
        if key in wide and value:
            entries = ",\n".join(f"    {compact(entry)}" for entry in value)
            lines.append(f"  {compact(key)}: [\n{entries}\n  ]")
        else:
            lines.append(f"  {compact(key)}: {compact(value)}")
    return encoded("{\n" + ",\n".join(lines) + "\n}\n")
