"""Tables compared by their rows, in CSV, TSV and JSON Lines of any size: how many came and went, and which columns.

Both files are streamed side by side and rows that are in both cancel out, wherever they stand; what is left over is
kept as hashes, and on disk when that gets much. Contents are looked at only to show some of them.
"""

import csv
import json
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from io import StringIO
from itertools import chain, islice
from typing import IO, NamedTuple, Protocol

__all__ = ["SUFFIXES", "Opener", "RowChanges", "UnreadableError", "compare_tables", "kind_of_table"]

Opener = Callable[[], Iterator[bytes]]
"""Gives the bytes of a file from its beginning, in pieces; called once for each pass."""

Row = tuple[str, ...] | str

SUFFIXES = {".csv": "CSV", ".tsv": "TSV", ".tab": "TSV", ".jsonl": "JSONL", ".ndjson": "JSONL"}
MAX_LINE = 16 << 20
"""The longest line or field, in characters: a file with one quote too many would otherwise be read whole."""
MAX_COLUMNS = 10_000
MAX_LEFT = 1_000_000
"""Rows left over in memory, about 100 MB, before they go to disk."""
PARTS = 64
BATCH = 8_192
MAX_WANTED = 100_000
_PAIR = struct.Struct("<qq")
_DELIMITERS = ",;\t|"


class UnreadableError(Exception):
    """A file is not what its name says; the message is the reason."""


class RowChanges(NamedTuple):
    """How two tables differ.

    Attributes:
        kind: "CSV", "TSV" or "JSONL".
        rows_before, rows_after: rows without the heading.
        added, removed: rows that only the one or the other has, counted as often as they stand there.
        columns_added, columns_removed: names, where both tables name their columns.
        common_only: columns differ, and rows were compared by those that both have.
        rows_added, rows_removed: the first of them as one line each, when they were asked for.
    """

    kind: str
    rows_before: int
    rows_after: int
    added: int
    removed: int
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    common_only: bool = False
    rows_added: tuple[str, ...] = ()
    rows_removed: tuple[str, ...] = ()


def kind_of_table(path: str) -> str:
    """Return "CSV", "TSV" or "JSONL" for a file that is a table by its name, else ""."""
    return SUFFIXES.get("." + path.rpartition(".")[2].lower(), "") if "." in path else ""


def compare_tables(kind: str, before: Opener, after: Opener, *, show: int = 0) -> RowChanges:
    """Compare two tables.

    Args:
        kind: from `kind_of_table`.
        before, after: their bytes.
        show: at most so many of the rows added, and of those removed, are returned.

    Raises:
        UnreadableError: one of them is not a table of this kind.
    """
    limit = csv.field_size_limit(MAX_LINE)
    try:
        tables = _json_lines(before, after) if kind == "JSONL" else _separated(kind, before, after)
        return _compare(kind, tables, show)
    except csv.Error as error:
        raise UnreadableError(str(error)) from error
    finally:
        csv.field_size_limit(limit)


class _Table(Protocol):
    """Rows that can be gone through more than once."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows from the first."""

    def shown(self, row: Row) -> str:
        """Write a row as one line."""


class _Pair(NamedTuple):
    """Two tables and what is known of their columns."""

    before: _Table
    after: _Table
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    common_only: bool = False


def _compare(kind: str, pair: _Pair, show: int) -> RowChanges:
    numbers = [0, 0]
    before, after = pair.before.rows(), pair.after.rows()
    with _Balance() as balance:
        while True:
            old, new = list(islice(before, BATCH)), list(islice(after, BATCH))
            if not old and not new:
                break
            numbers[0] += len(old)
            numbers[1] += len(new)
            if old != new:
                balance.add(old, new)
        added, wanted = balance.total(show)
    return RowChanges(
        kind=kind,
        rows_before=numbers[0],
        rows_after=numbers[1],
        added=added,
        removed=added + numbers[0] - numbers[1],
        columns_added=pair.columns_added,
        columns_removed=pair.columns_removed,
        common_only=pair.common_only,
        rows_added=_samples(pair.after, wanted, 1, show),
        rows_removed=_samples(pair.before, wanted, -1, show),
    )


def _samples(table: _Table, wanted: dict[int, int], sign: int, show: int) -> tuple[str, ...]:
    left = {key: number for key, number in wanted.items() if number * sign > 0}
    most = min(show, sum(map(abs, left.values())))
    found: list[str] = []
    for row in table.rows() if most else ():
        key = hash(row)
        if left.get(key, 0):
            left[key] -= sign
            found.append(table.shown(row))
            if len(found) == most:
                break
    return tuple(found)


class _Balance:
    """How often each row, by its hash, stands in one table more than in the other."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._parts: list[IO[bytes]] = []

    def __enter__(self) -> "_Balance":
        return self

    def __exit__(self, *_: object) -> None:
        for part in self._parts:
            part.close()

    def add(self, before: list[Row], after: list[Row]) -> None:
        """Count rows that the one and the other table have."""
        old, new = Counter(map(hash, before)), Counter(map(hash, after))
        for key, _ in old.items() ^ new.items():  # the loop is over rows that do not cancel out at once
            old_number, new_number = old.pop(key, 0), new.pop(key, 0)
            number = self._counts.get(key, 0) + new_number - old_number
            if number:
                self._counts[key] = number
            else:
                self._counts.pop(key, None)
        if len(self._counts) > MAX_LEFT:
            self._spill()

    def total(self, wanted: int) -> tuple[int, dict[int, int]]:
        """Return how many rows only the second has, and (when some are wanted) the differences by hash."""
        added = 0
        found: dict[int, int] = {}
        for counts in self._all():
            added += sum(number for number in counts.values() if number > 0)
            if wanted and len(found) < MAX_WANTED:
                found.update((key, number) for key, number in counts.items() if number)
        return added, found

    def _spill(self) -> None:
        if not self._parts:
            import tempfile

            self._parts = [tempfile.TemporaryFile(prefix="mlv-") for _ in range(PARTS)]  # noqa: SIM115 - closed in __exit__
        for key, number in self._counts.items():
            self._parts[key % PARTS].write(_PAIR.pack(key, number))
        self._counts = {}

    def _all(self) -> Iterator[dict[int, int]]:
        if not self._parts:
            yield self._counts
            return
        self._spill()
        for part in self._parts:
            counts: dict[int, int] = {}
            part.seek(0)
            while data := part.read(_PAIR.size << 12):
                for key, number in _PAIR.iter_unpack(data):
                    counts[key] = counts.get(key, 0) + number
            yield counts


def _lines(open_it: Opener) -> Iterator[str]:
    """Return the lines, with their newline; bytes that are not UTF-8 become surrogates."""
    return chain.from_iterable(_blocks(open_it))


def _blocks(open_it: Opener) -> Iterator[Iterable[str]]:
    rest = b""
    first = True
    for piece in chain(filter(None, open_it()), (b"",)):
        whole, newline, rest = (rest + piece).rpartition(b"\n")
        if len(rest) > MAX_LINE:
            raise UnreadableError(f"a line is longer than {MAX_LINE >> 20} MiB")
        data = whole + newline if piece else rest
        text = data.decode("utf-8", "surrogateescape")
        if "\0" in text:
            raise UnreadableError("it has NUL bytes")
        yield StringIO(text.removeprefix("\ufeff") if first else text, newline="\n")
        first = first and not data


# CSV and TSV


class _Separated:
    """A CSV or TSV file.

    Args:
        kind: TSV knows no quotes.
        open_it: its bytes.
    """

    def __init__(self, kind: str, open_it: Opener) -> None:
        self._open = open_it
        first = next(_lines(open_it), "")
        self._delimiter = "\t" if kind == "TSV" else max(_DELIMITERS, key=lambda each: (first.count(each), each == ","))
        self._quoted = kind != "TSV"
        self.first = tuple(next(self._all(), ()))
        self.heading = False
        self.columns: list[int] | None = None

    def _all(self) -> Iterator[Row]:
        lines = _lines(self._open)
        if self._quoted:
            rows = csv.reader(lines, delimiter=self._delimiter, strict=True)
        else:
            rows = csv.reader(lines, delimiter=self._delimiter, quoting=csv.QUOTE_NONE, strict=True)
        return map(tuple, filter(None, rows))

    def rows(self) -> Iterator[Row]:
        """Return the rows after the heading; of `columns` only, when that is set."""
        rows = self._all()
        if self.heading:
            next(rows, None)
        return rows if self.columns is None else map(self._chosen, rows)

    def _chosen(self, row: Row) -> Row:
        return tuple(row[column] if column < len(row) else "" for column in self.columns or ())

    def shown(self, row: Row) -> str:
        """Write a row with its separators."""
        return row if isinstance(row, str) else self._delimiter.join(row)


def _separated(kind: str, before: Opener, after: Opener) -> _Pair:
    old, new = _Separated(kind, before), _Separated(kind, after)
    if not (_is_heading(old.first) and _is_heading(new.first)):
        return _Pair(old, new)
    common = [name for name in old.first if name in new.first]
    if not common and len(old.first) == len(new.first):
        return _Pair(old, new)  # two rows of words rather than headings
    old.heading = new.heading = True
    if old.first != new.first and common:
        old.columns = [old.first.index(name) for name in common]
        new.columns = [new.first.index(name) for name in common]
    added, removed = _names(new.first, old.first), _names(old.first, new.first)
    return _Pair(old, new, added, removed, bool(common and (added or removed)))


def _names(these: Iterable[str], those: Iterable[str]) -> tuple[str, ...]:
    known = frozenset(those)
    return tuple(name or "(no name)" for name in these if name not in known)


def _is_heading(cells: tuple[str, ...]) -> bool:
    names = {cell.strip() for cell in cells}
    return len(names) == len(cells) > 0 and names != {""} and not any(map(_is_number, names))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# JSON Lines


class _JsonLines:
    """A file with one JSON value on a line."""

    def __init__(self, open_it: Opener) -> None:
        self._open = open_it
        self.columns: frozenset[str] | None = None
        names: dict[str, None] = {}
        for value in self._all():
            if isinstance(value, dict):
                names.update(dict.fromkeys(value))
                if len(names) > MAX_COLUMNS:
                    raise UnreadableError(f"it has more than {MAX_COLUMNS:,} keys")
        self.names = tuple(names)

    def _all(self) -> Iterator[object]:
        for number, line in enumerate(_lines(self._open), 1):
            if line.strip():
                try:
                    yield json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise UnreadableError(f"line {number} is not JSON") from error

    def rows(self) -> Iterator[Row]:
        """Yield each value in one spelling; of `columns` only, when that is set."""
        for value in self._all():
            if self.columns is not None and isinstance(value, dict):
                value = {key: each for key, each in value.items() if key in self.columns}  # noqa: PLW2901
            yield json.dumps(value, sort_keys=True, ensure_ascii=False)

    def shown(self, row: Row) -> str:
        """Write a row as JSON."""
        return row if isinstance(row, str) else ""


def _json_lines(before: Opener, after: Opener) -> _Pair:
    old, new = _JsonLines(before), _JsonLines(after)
    added, removed = _names(new.names, old.names), _names(old.names, new.names)
    common = frozenset(old.names) & frozenset(new.names)
    if (added or removed) and common:
        old.columns = new.columns = common
    return _Pair(old, new, added, removed, bool(common and (added or removed)))
