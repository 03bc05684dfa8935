"""JSON text: strict reading that knows lines, canonical writing with one entry on a line. Pure.

Strict: UTF-8 without a byte order mark, no duplicate keys, no NaN or infinity, whole numbers within +-2**53, no lone
surrogates, at most 32 levels. The standard library's C scanner reads; the slow one of `jsonscan` runs only when
something is wrong or when the line of something is asked for.
"""

import json
import re
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
DEFAULT_MAX_BYTES: Final = 64 * 1024 * 1024

_ESCAPE = re.compile(r"\\.", re.DOTALL)
_NUMBERS: Final = {int, float}


def json_path(path: Path) -> str:
    """Write `path` as people read it: `$.files[3].sha256`, `$.metadata["odd key"]`."""
    parts = ["$"]
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", part, re.ASCII):
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
            from mlvgit.core.jsonscan import Scanner

            scanner = Scanner(self._text)
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
        for match in re.finditer(r"^(?:<{7}|\|{7}|>{7})(?: .*)?$|^={7}$", text, re.MULTILINE)
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
    from mlvgit.core.jsonscan import Scanner

    scanner = Scanner(text)
    value = scanner.scan()
    return Reading(text, value, tuple(scanner.problems), readable=scanner.whole)


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
    if "\\u" in escapes and re.search(r"\\u[dD][89a-fA-F]", text):
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
