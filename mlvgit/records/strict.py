"""Documents read strictly: bytes to plain data, with a line for every value and every problem at once. Pure.

JSON is read by `core.jsontext`; YAML from the parser's events, so that lines are known and nothing is ever constructed:
no aliases, anchors, tags, merge keys or second documents, and only JSON's types (YAML 1.2 core schema). A scalar that
the schema calls text keeps what was written: `python: 3.10`, `code_commit: 0123456`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from mlvgit import schemas
from mlvgit.core import jsontext
from mlvgit.core.jsontext import MAX_DEPTH, MAX_WHOLE, Path, json_path
from mlvgit.core.text import printable
from mlvgit.errors import DocumentError, Problem, SettingsError

if TYPE_CHECKING:
    from yaml.events import Event, ScalarEvent

__all__ = ["Document", "read_json", "read_plain_yaml", "read_yaml"]

MAX_SHOWN: Final = 100
MAX_MANIFEST_BYTES: Final = 256 * 1024 * 1024
MAX_REGISTRY_BYTES: Final = 16 * 1024 * 1024
MAX_YAML_BYTES: Final = 1024 * 1024
MAX_YAML_NODES: Final = 100_000

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL: Final[Mapping[str, bool]] = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", re.ASCII)


class Document:
    """A document on its way to becoming a value: its data and what is wrong with it so far.

    Attributes:
        path: the document, as the user knows it.
        kind: which schema it must fit.
        value: plain data; a mapping once `check_shape` has passed.
        readable: whether there is any data.
        newer: whether it is of a newer minor version of the format than ours.
    """

    def __init__(self, path: str, kind: schemas.Kind, reading: "jsontext.Reading | YamlReading") -> None:
        self.path = path
        self.kind: schemas.Kind = kind
        self.value: Any = reading.value
        self.readable = reading.readable
        self.newer = False
        self._reading = reading
        self._problems: list[Problem] = list(reading.problems)

    def note(self, where: Path, message: str, code: str = "MLV106") -> None:
        """Add a problem with the value at `where`."""
        self._problems.append(Problem(self._reading.line(where), json_path(where), message, code))

    def check_shape(self) -> bool:
        """Judge format version and schema; say whether the parts may be looked at.

        Raises:
            DocumentError: there is no data, or the format is of a newer major version than ours.
        """
        if not self.readable:
            self.refuse()
        self._check_format()
        found = schemas.problems(self.kind, self.value, newer=self.newer)
        for where, message in found[:MAX_SHOWN]:
            self.note(where, message)
        if len(found) > MAX_SHOWN:
            self._problems.append(Problem(0, "$", f"and {len(found) - MAX_SHOWN:,} more problems of this kind"))
        return not found

    def _check_format(self) -> None:
        text = self.value.get("format") if isinstance(self.value, dict) else None
        match = re.fullmatch(r"([0-9]{1,6})\.([0-9]{1,6})", text, re.ASCII) if isinstance(text, str) else None
        if match is None:
            return
        major, minor = int(match[1]), int(match[2])
        if major != schemas.MAJOR:
            line = self._reading.line(("format",))
            needs = f"mlvgit {major}.0 or later reads it" if major > schemas.MAJOR else "no mlvgit ever wrote that"
            problem = Problem(line, "$.format", f"format {text} is not known here (1.x is): {needs}")
            raise self._error((problem,), hint="pip install --upgrade mlvgit" if major > schemas.MAJOR else "")
        self.newer = minor > schemas.MINOR

    def refuse(self) -> None:
        """Raise all problems, if there are any.

        Raises:
            DocumentError: there is at least one; SettingsError for mlv.yaml.
        """
        if self._problems:
            ordered = sorted(dict.fromkeys(self._problems), key=lambda problem: problem.line)
            raise self._error(tuple(ordered))

    def _error(self, found: tuple[Problem, ...], hint: str = "") -> DocumentError:
        kind = SettingsError if self.kind == "settings" else DocumentError
        return kind(self.path, tuple(p._replace(message=printable(p.message)) for p in found), hint=hint)

    def unknown(self, known: Iterable[str]) -> dict[str, Any]:
        """Return the keys at the top that are not in `known`: what a newer minor version added."""
        return without(self.value, known)


def without(mapping: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Return the part of `mapping` whose keys are not in `known`."""
    extra = mapping.keys() - known  # quick for the usual case, that there are none
    return {key: value for key, value in mapping.items() if key in extra} if extra else {}


def read_json(data: bytes, path: str, kind: schemas.Kind, *, max_bytes: int) -> Document:
    """Read JSON bytes; problems are in the result."""
    return Document(path, kind, jsontext.read(data, max_bytes=max_bytes))


def read_yaml(data: bytes, path: str, kind: schemas.Kind, *, max_bytes: int = MAX_YAML_BYTES) -> Document:
    """Read YAML bytes (JSON is YAML too); problems are in the result."""
    text, problems = jsontext.decode(data, max_bytes)
    if not problems:
        problems = jsontext.conflict_markers(text)
    if problems:
        return Document(path, kind, YamlReading(None, list(problems), {}, readable=False))
    reading: YamlReading | jsontext.Reading = _YamlReader(text, schemas.schema(kind)).read()
    if not reading.readable and text.lstrip()[:1] == "{":  # tabs and \u pairs, which JSON has and YAML has not
        reading = jsontext.read(data, max_bytes=max_bytes)
    return Document(path, kind, reading)


def read_plain_yaml(data: bytes, path: str) -> Any:
    """Return the data of YAML that is no document of ours, by the same strict reading.

    Raises:
        DocumentError: it has what JSON cannot say, or what readers understand differently.
    """
    text, problems = jsontext.decode(data, MAX_YAML_BYTES)
    reading = _YamlReader(text, {}).read() if not problems else YamlReading(None, list(problems), {}, readable=False)
    if reading.problems:
        raise DocumentError(path, reading.problems)
    return reading.value


class YamlReading:
    """What reading a YAML document gave; the same face as `jsontext.Reading`."""

    def __init__(self, value: Any, problems: list[Problem], lines: dict[Path, int], *, readable: bool) -> None:
        self.value = value
        self.problems = tuple(problems)
        self.readable = readable
        self._lines = lines

    def line(self, path: Path) -> int:
        """Return the 1-based line of what stands at `path`, or of the nearest thing around it; 0 when unknown."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 0)


def _line(event: "Event") -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


class _StopReading(Exception):  # noqa: N818 - never leaves this module
    """What follows cannot be told apart any more."""


class _YamlReader:
    """Turns the events of PyYAML's parser into plain data, guided by a schema."""

    def __init__(self, text: str, root: Mapping[str, Any]) -> None:
        import yaml

        self._yaml = yaml
        self._text = text
        self._root = root
        self._problems: list[Problem] = []
        self._lines: dict[Path, int] = {}
        self._nodes = 0
        self._events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    def read(self) -> YamlReading:
        """Return data and problems."""
        value: Any = None
        readable = False
        try:
            value, readable = self._documents()
        except _StopReading:
            pass
        except self._yaml.YAMLError as error:
            self._problems.append(self._syntax(error))
        return YamlReading(value, self._problems, self._lines, readable=readable)

    def _syntax(self, error: Exception) -> Problem:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        said = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
        line = mark.line + 1 if mark else 0
        if "nesting depth" in said:  # the library's own limit, met while it looks ahead for the end of a key
            return Problem(line, "$", f"nests deeper than {MAX_DEPTH} levels")
        return Problem(line, "$", f"is not YAML: {said}")

    def _note(self, event: "Event", path: Path, message: str) -> None:
        self._problems.append(Problem(_line(event), json_path(path), message))
        if len(self._problems) > MAX_SHOWN:
            raise _StopReading

    def _documents(self) -> tuple[Any, bool]:
        events = self._yaml.events
        value: Any = None
        count = 0
        for event in self._events:
            if isinstance(event, events.DocumentStartEvent):
                count += 1
                if count > 1:
                    self._note(event, (), "a second document begins; one file holds one")
                    raise _StopReading
                if event.tags or event.version:
                    self._note(event, (), "directives such as %TAG and %YAML are not read")
            elif not isinstance(event, events.StreamStartEvent | events.StreamEndEvent | events.DocumentEndEvent):
                value = self._node(event, (), self._root)
        if not count:
            self._problems.append(Problem(0, "$", "is empty"))
        return value, bool(count)

    def _node(self, event: "Event", path: Path, node: Mapping[str, Any]) -> Any:
        events = self._yaml.events
        self._lines.setdefault(path, _line(event))
        self._nodes += 1
        if self._nodes > MAX_YAML_NODES:
            self._note(event, (), f"has more than {MAX_YAML_NODES:,} values")
            raise _StopReading
        if isinstance(event, events.AliasEvent):
            self._note(event, path, f"the alias *{event.anchor} is not read; write the value out")
            return None
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor is not None:
            self._note(event, path, f"the anchor &{anchor} is not read; leave it out")
        if tag is not None:
            self._note(event, path, f"the tag {tag} is not read; leave it out")
        if isinstance(event, events.ScalarEvent):
            return self._scalar(event, path, node)
        if len(path) >= MAX_DEPTH:
            self._note(event, path[:1], f"is nested deeper than {MAX_DEPTH} levels")
            raise _StopReading
        return self._mapping(path, node) if isinstance(event, events.MappingStartEvent) else self._list(path, node)

    def _list(self, path: Path, node: Mapping[str, Any]) -> list[Any]:
        made: list[Any] = []
        inner = schemas.member(self._root, node, 0)
        for event in self._events:
            if isinstance(event, self._yaml.events.SequenceEndEvent):
                break
            made.append(self._node(event, (*path, len(made)), inner))
        return made

    def _mapping(self, path: Path, node: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, self._yaml.events.MappingEndEvent):
                break
            key = self._key(event, path)
            here = (*path, key)
            if key in made:
                self._note(event, here, f"the key {key!r} stands twice (first on line {self._lines.get(here, 0)})")
            self._lines.setdefault(here, _line(event))
            made[key] = self._node(next(self._events), here, schemas.member(self._root, node, key))
        return made

    def _key(self, event: "Event", path: Path) -> str:
        events = self._yaml.events
        if isinstance(event, events.AliasEvent):
            self._note(event, path, f"the alias *{event.anchor} is not read; write the key out")
            raise _StopReading
        if not isinstance(event, events.ScalarEvent):
            self._note(event, path, "a key must be plain text")
            raise _StopReading
        if event.anchor is not None or event.tag is not None:
            self._note(event, path, "anchors and tags are not read; leave them out")
        if event.value == "<<" and not event.style:  # None or "", as libyaml is there or not
            self._note(event, path, "the merge key << is not read; write the keys out")
        return str(event.value)

    def _scalar(self, event: "ScalarEvent", path: Path, node: Mapping[str, Any]) -> Any:
        text: str = event.value
        if event.style or schemas.keeps_text(node):
            return text
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        return self._number(event, path, text)

    def _number(self, event: "ScalarEvent", path: Path, text: str) -> Any:
        if _NOT_FINITE.fullmatch(text):
            self._note(event, path, f"{text} is not a JSON number; leave it out, or write it as text in quotes")
            return 0.0
        try:
            if _INT.fullmatch(text):
                return self._bounded(int(text))
            if _BASED.fullmatch(text):
                return self._bounded(int(text, 0))
            if _FLOAT.fullmatch(text):
                return self._bounded(float(text))
        except ValueError:
            short = text if len(text) <= 24 else text[:20] + "..."
            self._note(event, path, f"the number {short} is too large to be kept exactly; write it as text in quotes")
            return 0
        return text

    @staticmethod
    def _bounded(number: int | float) -> int | float:
        if isinstance(number, int) and not -MAX_WHOLE <= number <= MAX_WHOLE:
            raise ValueError("whole number out of range")
        if isinstance(number, float) and number - number != 0:
            raise ValueError("number out of range")
        return number
