"""Everything that is printed: results on standard output, talk on standard error.

Colour and tables on a terminal, plain text in a pipe; `NO_COLOR` is honoured. Text from outside is made printable here.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from mlvgit.core.text import count, printable

if TYPE_CHECKING:
    from mlvgit.store.hashing import Progress

__all__ = ["Output", "flush_output"]

MOST_SHOWN = 20
"""Lines about things that may be thousands."""
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Output:
    """Where a command's results and talk go.

    Args:
        json: the result is one JSON object on standard output, and nothing else.
        quiet: what went well is not worth a word; warnings and errors are.
    """

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.as_json = json
        self.quiet = quiet

    def say(self, text: str = "") -> None:
        """Print a line of the result."""
        if not self.as_json and not self.quiet:
            _print(text, sys.stdout)

    def some(self, lines: Sequence[str], what: str) -> None:
        """Print the first lines of what may be many, and how many more there are.

        Args:
            what: one of what each line is about, such as "file".
        """
        for line in lines[:MOST_SHOWN]:
            self.say(line)
        if len(lines) > MOST_SHOWN:
            self.say(f"  ... and {count(len(lines) - MOST_SHOWN, f'more {what}')}")

    def raw(self, text: str) -> None:
        """Print exactly this, also with --json: a path for a script."""
        _print(text, sys.stdout)

    def json(self, value: Mapping[str, Any]) -> None:
        """Print the result as JSON, when that was asked for."""
        if self.as_json:
            exact = (sys.stdout.encoding or "").lower().startswith("utf")
            _print(_visible(json.dumps(value, indent=2, ensure_ascii=not exact, default=str)), sys.stdout)

    def talk(self, text: str) -> None:
        """Say something beside the result."""
        if not self.quiet:
            _print(text, sys.stderr)

    def next(self, command: str) -> None:
        """Say what to type next."""
        if not self.as_json and not self.quiet:
            _print(f"{self.style('next:', 'dim')} {command}", sys.stdout)

    def warn(self, text: str) -> None:
        """Warn."""
        _print(f"{self.style('warning:', 'yellow', sys.stderr)} {text}", sys.stderr)

    def error(self, text: str, *, hint: str = "") -> None:
        """Say what failed and the way out."""
        for line in text.split("\n"):
            _print(self.style(printable(line), "red", sys.stderr), sys.stderr)
        for line in hint.split("\n") if hint else []:
            _print(f"{self.style('hint:', 'yellow', sys.stderr)} {printable(line)}", sys.stderr)

    def table(self, rows: Sequence[Sequence[str]], heading: Sequence[str] = ()) -> None:
        """Print rows in columns; tab-separated in a pipe."""
        if self.as_json or self.quiet:
            return
        cells = [[printable(cell) for cell in row] for row in rows]
        if not self.is_terminal(sys.stdout):
            for row in cells:
                _print("\t".join(row), sys.stdout)
            return
        shown = [list(heading), *cells] if heading else cells
        widths = [max(len(row[column]) for row in shown) for column in range(len(shown[0]))] if shown else []
        for number, row in enumerate(shown):
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            _print(self.style(line, "bold") if heading and number == 0 else line, sys.stdout)

    @staticmethod
    def is_terminal(stream: TextIO) -> bool:
        """Say whether a person looks at `stream`."""
        return stream.isatty()

    def style(self, text: str, name: str, stream: TextIO | None = None) -> str:
        """Colour `text` for a terminal."""
        stream = stream or sys.stdout
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not self.is_terminal(stream):
            return text
        return f"\x1b[{_STYLES[name]}m{text}\x1b[0m"

    @contextmanager
    def progress(self, what: str) -> "Iterator[Progress | None]":
        """Show a bar on standard error while bytes are read, when a person looks and it takes over a second."""
        if self.quiet or not self.is_terminal(sys.stderr) or os.environ.get("TERM") == "dumb":
            yield None
            return
        from mlvgit.cli.progress import Bar

        bar = Bar(what)
        try:
            yield bar
        finally:
            bar.close()


def _print(text: str, stream: TextIO) -> None:
    """Print a line; a reader that went away (`| head -1`) hears no more, and the command goes on to its end."""
    with _unheard(stream):
        print(text, file=stream, flush=stream is sys.stderr)


def flush_output() -> None:
    """Bring what was printed to whoever still reads it."""
    with _unheard(sys.stdout):
        sys.stdout.flush()


@contextmanager
def _unheard(stream: TextIO) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _visible(text: str) -> str:
    """Write as JSON escapes what could drive a terminal, or hide in it: JSON itself lets most of that through."""
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(char if char.isprintable() or char == "\n" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return "\\u007f" if char == "\x7f" else json.dumps(char)[1:-1]
