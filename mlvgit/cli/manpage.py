"""The man page, written from the same parsers as the help. `git mlv --help` shows it."""

from collections.abc import Iterable, Iterator

from mlvgit import __version__
from mlvgit.cli.main import COMMANDS, GROUPS
from mlvgit.cli.shape import Option, Place, Shape

__all__ = ["manpage", "usage"]

_DESCRIPTION = """\
git mlv freezes data sets and model versions: a directory, and a manifest beside it that lists every file with its size
and SHA-256. A registry says which version of a model is in which stage. Git's hooks refuse the commits, merges and pushes
that would alter what is frozen, name one version twice, or put two versions into production.
"""
_REFERENCES = (
    ("iris@v0.1, iris_v0.1", "a snapshot; iris@latest and iris alone are the newest"),
    ("iris_clf@v0.2.0", "a model version"),
    ("iris v0.1, iris_clf v0.2.0", "the same in two words, as arguments; options take one"),
    ("iris_clf@production", "the version that is in a stage; iris_clf alone is what is in production"),
    ("data:NAME, model:NAME", "settle which one is meant where a data set and a model share a name"),
)
_STATUSES = (
    ("0", "fine"),
    ("1", "a rule found something, or something does not verify"),
    ("2", "usage or settings"),
    ("3", "the environment: the disk, a permission, Git"),
    ("4", "a remote"),
    ("5", "busy: another command is writing here"),
    ("130", "interrupted"),
)
_FILES = (
    ("mlv.yaml", "settings; its directory is an mlv root"),
    ("data/snapshots/NAME_vX.Y", "a frozen data set; NAME_vX.Y.manifest.json beside it is its manifest"),
    ("models/NAME/vX.Y.Z", "a frozen model version, with its manifest beside it"),
    ("models/NAME/registry.json", "the stages of a model's versions"),
    ("runs/ID.yaml", "the record of a training run"),
)
_ENVIRONMENT = (
    ("MLVGIT_DEBUG", "when set, a failure shows where it happened"),
    ("NO_COLOR", "when set, nothing is coloured"),
    ("SOURCE_DATE_EPOCH", "seconds since 1970 that stand for the clock in what is written"),
)
_COMPLETION = """\
The scripts stand in share/ of the prefix that mlvgit is installed in. bash-completion 2.12 and fish find them through PATH or
XDG_DATA_DIRS; zsh needs PREFIX/share/zsh/site-functions in fpath before compinit. Anywhere, this does it for one shell:
"""


def manpage(shapes: Iterable[Shape]) -> str:
    """Write share/man/man1/git-mlv.1."""
    return "\n".join(_lines(list(shapes))) + "\n"


def usage(shape: Shape) -> str:
    """Return what is typed, on one line."""
    words = ["git mlv", shape.name]
    words += [_option_usage(option) for option in shape.options if "--help" not in option.flags]
    words += ["VERB"] if shape.verbs else [_place_usage(place) for place in shape.places]
    return " ".join(words)


def _option_usage(option: Option) -> str:
    return f"[{option.flags[0]} {option.metavar}]" if option.metavar else f"[{option.flags[0]}]"


def _place_usage(place: Place) -> str:
    text = place.metavar + ("..." if place.many else "")
    return f"[{text}]" if place.optional else text


def _lines(shapes: list[Shape]) -> Iterator[str]:
    yield '.\\" Written by python -m mlvgit.cli.generate; do not edit.'
    yield f'.TH GIT\\-MLV 1 "" "mlvgit {_escape(__version__)}" "mlvgit"'
    yield ".SH NAME"
    yield "git\\-mlv \\- data and model versions as trustworthy as commits"
    yield ".SH SYNOPSIS"
    yield ".nf"
    yield "\\fBgit mlv\\fR [\\-C \\fIDIR\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]"
    yield "\\fBgit mlv help\\fR \\fICOMMAND\\fR"
    yield ".fi"
    yield ".SH DESCRIPTION"
    yield from _text(_DESCRIPTION)
    yield ".SH COMMANDS"
    for group, title in GROUPS.items():
        yield f'.SS "{_escape(title)}"'
        yield from _table((name, command.summary) for name, command in COMMANDS.items() if command.group == group)
    yield ".SH OPTIONS"
    yield from _table([("-C DIR", "go to this folder first")])
    yield from _commands(shapes)
    for heading, rows in (
        ("REFERENCES", _REFERENCES),
        ("EXIT STATUS", _STATUSES),
        ("FILES", _FILES),
        ("ENVIRONMENT", _ENVIRONMENT),
    ):
        yield f'.SH "{heading}"'
        yield from _table(rows)
    yield ".SH COMPLETION"
    yield from _text(_COMPLETION)
    yield from _example('. "$(dirname "$(dirname "$(command -v git-mlv)")")/share/bash-completion/completions/git-mlv"')
    yield '.SH "SEE ALSO"'
    yield ".BR git (1),"
    yield ".BR githooks (5),"
    yield ".BR gitattributes (5)"


def _commands(shapes: list[Shape]) -> Iterator[str]:
    for shape in shapes:
        yield (
            f'.SH "GIT MLV {_escape(shape.name.upper())}"' if " " not in shape.name else f'.SS "{_escape(shape.name)}"'
        )
        yield from (".nf", f"\\fB{_escape(usage(shape))}\\fR", ".fi", ".PP")
        if shape.description or " " in shape.name:
            yield from _text(shape.description or shape.summary[:1].upper() + shape.summary[1:] + ".")
        yield from _table((place.metavar, place.help) for place in shape.places if place.help)
        yield from _table(
            (_flags(option), option.help or _choices(option))
            for option in shape.options
            if "--help" not in option.flags
        )
        if shape.epilog and " " not in shape.name:
            yield from _examples(shape.epilog)


def _flags(option: Option) -> str:
    flags = ", ".join(option.flags)
    return f"{flags} {option.metavar}" if option.metavar else flags


def _choices(option: Option) -> str:
    return option.kind[1:].replace(",", ", ") if option.kind.startswith("=") else ""


def _table(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for word, text in rows:
        yield ".TP"
        yield f"\\fB{_escape(word)}\\fR"
        yield from _text(text) if text else ("\\&",)


def _text(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield _escape(line) if line.strip() else ".PP"


def _examples(epilog: str) -> Iterator[str]:
    """Show an epilog: its headings as text, its indented lines as they are typed."""
    yield ".PP"
    shown: list[str] = []
    for line in epilog.splitlines():
        if line.startswith(" "):
            shown.append(line.strip())
        elif line.strip():
            yield from _example(*shown)
            shown = []
            yield from _text(line[:1].upper() + line[1:])
    yield from _example(*shown)


def _example(*lines: str) -> Iterator[str]:
    if lines:
        yield from (".PP", ".RS 4", ".nf", *map(_escape, lines), ".fi", ".RE")


def _escape(text: str) -> str:
    r"""Write text so that troff prints exactly it: groff_char(7) on `\e`, `\-`, `\(aq`, `\(ga`, `\(ha` and `\(ti`."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    escaped = escaped.replace("^", "\\(ha").replace("~", "\\(ti").replace('"', "\\(dq")
    return "\\&" + escaped if escaped.startswith(".") else escaped
