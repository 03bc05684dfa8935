"""Spelling: `clf v0.2.0` and `clf@v0.2.0` are one version, whichever of both a command's arguments are made for."""

import argparse
from collections.abc import Iterable, Iterator
from typing import Final

__all__ = ["respelled", "verb_of"]

ONE_WORD: Final = frozenset({"REF", "SNAPSHOT", "REF|PATH"})
"""Arguments that take NAME@VERSION in one word."""
NAMES: Final = frozenset({"MODEL", "DATASET"})
"""Arguments that take a name, where the version may be the next argument."""


def respelled(parser: argparse.ArgumentParser, words: list[str]) -> list[str]:
    """Return `words` with names and versions joined or parted as the arguments of the command ask for.

    Where an argument is a reference, a version after a bare name joins it, and one after a whole reference is of the same
    name: `diff iris v0.1 v0.2` is `diff iris@v0.1 iris@v0.2`. Where name and version are two arguments, they are parted.
    """
    used, start = verb_of(parser, words)
    places = [action for action in used._actions if not action.option_strings]  # argparse has no public way to ask
    taken = [(_metavar(action), action.nargs in ("*", "+")) for action in places]
    if not any(place in ONE_WORD | NAMES for place, _ in taken) or not any("v" in word for word in words[start:]):
        return words
    return [*words[:start], *_spell(taken, _arguments(used, words[start:]))]


def verb_of(parser: argparse.ArgumentParser, words: list[str]) -> tuple[argparse.ArgumentParser, int]:
    """Return the parser of the verb (`snapshot diff`), else that of the command, and where its words begin."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) and words and words[0] in action.choices:
            return action.choices[words[0]], 1
    return parser, 0


def _metavar(action: argparse.Action) -> str:
    return action.metavar if isinstance(action.metavar, str) else ""


def _arguments(parser: argparse.ArgumentParser, words: list[str]) -> Iterator[tuple[str, bool]]:
    """Yield every word, and whether it is an argument: no option, and no value of one."""
    options, value = True, False
    for word in words:
        if value or not options or word == "-" or not word.startswith("-"):
            yield word, not value
            value = False
            continue
        options = word != "--"
        action = parser._option_string_actions.get(word)
        value = action is not None and action.nargs is None
        yield word, False


def _spell(places: list[tuple[str, bool]], words: Iterable[tuple[str, bool]]) -> list[str]:
    from mlvgit.core.versions import is_model_version, is_snapshot_version

    spelled: list[str] = []
    at, name, waiting = 0, "", -1  # the next argument; of whom the last reference is; where one has no version yet
    for word, is_argument in words:
        if not is_argument:
            spelled.append(word)
            continue
        is_version = is_snapshot_version(word) or is_model_version(word)
        if is_version and waiting >= 0:
            spelled[waiting] += f"@{word}"
            waiting = -1
            continue
        place, many = places[at] if at < len(places) else ("", True)
        at += not many
        waiting = -1
        if place in ONE_WORD:
            spelled.append(f"{name}@{word}" if is_version and name else word)
            name, is_bare = _named(spelled[-1], is_version=spelled[-1] == word and is_version)
            waiting = len(spelled) - 1 if is_bare else -1
        elif place in NAMES and "@v" in word and at < len(places) and places[at][0].startswith("VERSION"):
            spelled += word.split("@", 1)
            at += not places[at][1]
        else:
            spelled.append(word)
    return spelled


def _named(word: str, *, is_version: bool) -> tuple[str, bool]:
    """Return the name in a reference, and whether it is all there is; "" for what is none."""
    from mlvgit.core.references import is_name, split_snapshot_name

    name, at, _ = word.partition("@")
    bare = name.removeprefix("data:").removeprefix("model:")
    if not is_name(bare) or is_version:
        return "", False
    folder = None if at else split_snapshot_name(bare)
    return (folder[0] if folder else name), not at and folder is None
