"""Versions: snapshots `vMAJOR.MINOR[.PATCH]`, models SemVer 2.0.0 with a leading `v`. Pure.

Source: https://semver.org/spec/v2.0.0.html, items 2, 9, 10 and 11.
"""

import re
from functools import lru_cache, total_ordering
from typing import Literal

from mlvgit.errors import UsageError

__all__ = ["Part", "Version", "is_model_version", "is_snapshot_version", "model_version", "snapshot_version"]

Part = Literal["major", "minor", "patch"]
KEPT = 8192
"""How many parsed versions are kept: long lists are sorted again and again."""

_NUMBER = r"(?:0|[1-9][0-9]*)"
_SNAPSHOT = re.compile(rf"v({_NUMBER})\.({_NUMBER})(?:\.({_NUMBER}))?")
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_MODEL = re.compile(
    rf"v({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)


@total_ordering
class Version:
    """A parsed version; equal when the numbers are, so that `v0.1` is `v0.1.0`.

    Attributes:
        text: as it was written.
        numbers: (major, minor, patch).
        prerelease: identifiers after `-`.
        build: text after `+`; takes part in equality (two builds are two versions) but not in precedence.
    """

    __slots__ = ("build", "numbers", "prerelease", "text")

    def __init__(
        self, text: str, numbers: tuple[int, int, int], prerelease: tuple[str, ...] = (), build: str = ""
    ) -> None:
        self.text = text
        self.numbers = numbers
        self.prerelease = prerelease
        self.build = build

    @property
    def key(self) -> tuple[object, ...]:
        """What two spellings of one version share."""
        return (self.numbers, self.prerelease, self.build)

    @property
    def canonical(self) -> str:
        """All three numbers written out: `v0.1` and `v0.1.0` both give `v0.1.0`."""
        text = "v" + ".".join(map(str, self.numbers))
        if self.prerelease:
            text += "-" + ".".join(self.prerelease)
        return text + ("+" + self.build if self.build else "")

    def bump(self, part: Part) -> str:
        """Return the next version; a snapshot written with two numbers keeps two unless `part` is "patch"."""
        major, minor, patch = self.numbers
        major, minor, patch = {
            "major": (major + 1, 0, 0),
            "minor": (major, minor + 1, 0),
            "patch": (major, minor, patch + 1),
        }[part]
        short = self.text.count(".") == 1 and not patch
        return f"v{major}.{minor}" if short else f"v{major}.{minor}.{patch}"

    @property
    def order(self) -> tuple[object, ...]:
        """What versions are sorted by; as the key of a long list it is much faster than the version itself."""
        identifiers = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in self.prerelease)
        return (self.numbers, not self.prerelease, identifiers, self.build)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.key == other.key

    def __lt__(self, other: "Version") -> bool:
        return self.order < other.order

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Version({self.text!r})"


def is_snapshot_version(text: str) -> bool:
    """Say whether `text` is a snapshot version."""
    return _SNAPSHOT.fullmatch(text) is not None


def is_model_version(text: str) -> bool:
    """Say whether `text` is a model version."""
    return _MODEL.fullmatch(text) is not None


@lru_cache(maxsize=KEPT)
def snapshot_version(text: str) -> Version:
    """Parse a snapshot version such as `v0.1` or `v1.2.3`.

    Raises:
        UsageError: `text` is anything else.
    """
    match = _SNAPSHOT.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{text!r} is not a snapshot version",
            hint=f"write it as vMAJOR.MINOR or vMAJOR.MINOR.PATCH, for example {_guess(text, 2)}",
        )
    major, minor, patch = match.groups(default="0")
    return Version(text, (int(major), int(minor), int(patch)))


@lru_cache(maxsize=KEPT)
def model_version(text: str) -> Version:
    """Parse a model version such as `v0.1.0` or `v2.0.0-rc.1`.

    Raises:
        UsageError: `text` is anything else.
    """
    match = _MODEL.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{text!r} is not a model version", hint=f"write it as vMAJOR.MINOR.PATCH, for example {_guess(text, 3)}"
        )
    major, minor, patch, prerelease, build = match.groups()
    return Version(
        text, (int(major), int(minor), int(patch)), tuple(prerelease.split(".")) if prerelease else (), build or ""
    )


def _guess(text: str, length: int) -> str:
    numbers = re.findall(r"[0-9]{1,9}", text, re.ASCII)[:3] or ["0", "1"]
    numbers += ["0"] * (length - len(numbers))
    return "v" + ".".join(str(int(number)) for number in numbers)
