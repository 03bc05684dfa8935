"""What the doctor says: one line each, with the command that mends it."""

from typing import Literal, NamedTuple

__all__ = ["Level", "Symptom", "bad", "ok", "warning"]

Level = Literal["ok", "warning", "bad"]


class Symptom(NamedTuple):
    """One thing that was looked at.

    Attributes:
        area: what it belongs to, one word.
        level: "bad" when something that should guard does not, or cannot work.
        text: what was found.
        mend: a command, or what to do; "" when nothing is to be done.
    """

    area: str
    level: Level
    text: str
    mend: str = ""


def ok(area: str, text: str) -> Symptom:
    """Say that something is as it should be."""
    return Symptom(area, "ok", text)


def warning(area: str, text: str, mend: str) -> Symptom:
    """Say what may surprise."""
    return Symptom(area, "warning", text, mend)


def bad(area: str, text: str, mend: str) -> Symptom:
    """Say what does not guard, or does not work."""
    return Symptom(area, "bad", text, mend)
