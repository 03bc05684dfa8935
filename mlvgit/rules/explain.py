"""Explaining a rule: its file's docstring is the documentation, read here for `git mlv explain` and docs/rules.md. Pure."""

from typing import NamedTuple

from mlvgit.core.text import nearest
from mlvgit.errors import UsageError
from mlvgit.rules.table import RULES, Rule

__all__ = ["SECTIONS", "Explanation", "all_codes", "explain"]

SECTIONS = ("What it finds", "Why", "Example", "Way out")
"""The sections of every rule's documentation, in order."""


class Explanation(NamedTuple):
    """The documentation of a rule.

    Attributes:
        summary: one sentence.
        sections: (title, text) in the order of `SECTIONS`; lines of the text are as written, not wrapped anew.
        at_commit, at_push: "refuses" or "warns"; "" when the rule is not asked there.
        note: when it does less.
    """

    code: str
    name: str
    summary: str
    sections: tuple[tuple[str, str], ...]
    at_commit: str
    at_push: str
    note: str


def all_codes() -> tuple[str, ...]:
    """Return the codes of all rules, in order."""
    return tuple(RULES)


def explain(code_or_name: str) -> Explanation:
    """Return the documentation of a rule.

    Args:
        code_or_name: `MLV101`, in any case, `101`, or `snapshot-changed-in-place`.

    Raises:
        UsageError: there is no such rule; the hint names the nearest one.
    """
    wanted = code_or_name.strip()
    for rule in RULES.values():
        if wanted.upper() in (rule.code, rule.code.removeprefix("MLV")) or wanted.lower() == rule.name:
            return _explanation(rule)
    names = [word for rule in RULES.values() for word in (rule.code, rule.name)]
    near = nearest(wanted.upper(), names) or nearest(wanted.lower(), names)
    hint = f"git mlv explain {near}" if near else f"the rules are {', '.join(RULES)}"
    raise UsageError(f"there is no rule {code_or_name!r}", hint=hint)


def _explanation(rule: Rule) -> Explanation:
    # the docstring of the module that holds the function; python -OO leaves none
    written = str(rule.check.__globals__["__doc__"] or rule.name).strip()
    summary, _, rest = written.partition("\n\n")
    return Explanation(rule.code, rule.name, summary, tuple(_sections(rest)), rule.at_commit, rule.at_push, rule.note)


def _sections(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.endswith(":") and line[:-1] in SECTIONS:
            found.append((line[:-1], []))
        elif found:
            found[-1][1].append(line.removeprefix("    "))
    return [(title, "\n".join(lines).strip("\n")) for title, lines in found]
