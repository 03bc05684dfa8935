"""The shape of the command line: every command's options and arguments, read from its parser. For help and completion."""

import argparse
from collections.abc import Iterator
from typing import NamedTuple

from mlvgit.cli.main import COMMANDS, build_parser
from mlvgit.rules.explain import all_codes, explain

__all__ = ["Option", "Place", "Shape", "command_shapes", "shapes", "value_kind"]

KINDS = {
    "MODEL": "models",
    "DATASET": "datasets",
    "SNAPSHOT": "snapshots",
    "REF": "refs",
    "STAGE": "stages",
    "COMMIT": "commits",
    "COMMIT|DATE": "commits",
    "REV": "commits",
    "BASE..TIP": "commits",
    "MODEL=VERSION": "taken",
    "COMMAND": "commands",
    "FILE": "files",
    "PATH": "files",
    "VERSION SOURCE": "files",
    "DIR": "files",
    "DIR|URL": "files",
}
"""Metavar -> what the shell proposes there; see the functions of the completion scripts."""

_OF_A_COMMAND = {
    "model list MODEL": "models",
    "model show REF": "modelrefs",
    "model path REF": "modelrefs",
    "model diff REF": "modelrefs",
    "comment REF": "modelrefs",
    "tag-model VERSION": "versions",
    "promote VERSION": "versions",
    "rollback VERSION": "versions",
    "record VERSION": "versions",
    "model path FILE": "",
    "snapshot path FILE": "",
    "resolve FILE": "",
    "restore PATH": "",
    "record --command": "",
    "record --python": "",
    "snapshot create --remove": "",
}
"""Where something else is meant: command and metavar, or option -> kind; "" for nothing to propose."""


class Option(NamedTuple):
    """An option of a command.

    Attributes:
        flags: how it is spelled, short first.
        metavar: what its value is called, "" when it takes none.
        kind: what the shell proposes for the value: a kind of `KINDS`, "=a,b" for a fixed list, "" for nothing.
        help: one line.
    """

    flags: tuple[str, ...]
    metavar: str
    kind: str
    help: str


class Place(NamedTuple):
    """A positional argument; see `Option` for the attributes.

    Attributes:
        many: it may be repeated.
        optional: it may be left out.
    """

    metavar: str
    kind: str
    help: str
    many: bool
    optional: bool


class Shape(NamedTuple):
    """A command, or a verb of one (`snapshot create`).

    Attributes:
        name: the words after `git mlv`.
        summary: one line.
        description, epilog: what its help says before and after the options.
        verbs: the words that may follow, where it has verbs.
    """

    name: str
    summary: str
    description: str
    epilog: str
    options: tuple[Option, ...]
    places: tuple[Place, ...]
    verbs: tuple[str, ...]


def shapes() -> list[Shape]:
    """Return the commands that people type, each followed by its verbs."""
    return [shape for name, command in COMMANDS.items() if command.group for shape in command_shapes(name)]


def command_shapes(name: str) -> list[Shape]:
    """Return a command and its verbs."""
    return list(_walk(name, COMMANDS[name].summary, build_parser(name)))


def _walk(name: str, summary: str, parser: argparse.ArgumentParser) -> Iterator[Shape]:
    options: list[Option] = []
    places: list[Place] = []
    verbs: dict[str, tuple[str, argparse.ArgumentParser]] = {}
    for action in parser._actions:  # argparse has no public way to ask
        if isinstance(action, argparse._SubParsersAction):
            helps = {each.dest: each.help or "" for each in action._choices_actions}
            verbs = {verb: (helps.get(verb, ""), sub) for verb, sub in action.choices.items()}
        elif action.help == argparse.SUPPRESS:
            continue
        elif action.option_strings:
            options.append(_option(name, action))
        else:
            places.append(_place(name, action))
    yield Shape(
        name, summary, parser.description or "", parser.epilog or "", tuple(options), tuple(places), tuple(verbs)
    )
    for verb, (help_text, sub) in verbs.items():
        yield from _walk(f"{name} {verb}", help_text, sub)


def _option(name: str, action: argparse.Action) -> Option:
    metavar = "" if action.nargs == 0 else _metavar(action)
    usual = value_kind(name, metavar, action.choices) if metavar else ""
    kind = _OF_A_COMMAND.get(f"{name} {action.option_strings[-1]}", usual)
    return Option(tuple(action.option_strings), metavar, kind, _help(action))


def _place(name: str, action: argparse.Action) -> Place:
    metavar = _metavar(action)
    many = action.nargs in ("*", "+", argparse.REMAINDER)
    optional = action.nargs in ("*", "?", argparse.REMAINDER)
    return Place(metavar, value_kind(name, metavar, action.choices), _help(action), many, optional)


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    return "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()


def _help(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")


def value_kind(name: str, metavar: str, choices: object = None) -> str:
    """Say what may stand for `metavar` in the command `name`; see `Option.kind`."""
    if isinstance(choices, list | tuple):
        return "=" + ",".join(map(str, choices))
    if metavar == "CODE":
        rules = [explain(code) for code in all_codes()]
        return "=" + ",".join([*(rule.code for rule in rules), *(rule.name for rule in rules)])
    return _OF_A_COMMAND.get(f"{name} {metavar}", KINDS.get(metavar, ""))
