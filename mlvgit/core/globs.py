"""Path patterns of settings: `*` stops at a slash, `**` does not. Pure.

Matched position by position, not by a regular expression: settings may be hostile, and `*a*a*a*a…` takes a regular
expression exponential time.
"""

import re
from collections.abc import Callable
from functools import lru_cache

__all__ = ["matches"]

_CLASS = r"\[[!^]?\]?[^\]/]*\]"
_TOKEN = re.compile(rf"\*\*/|\*\*|\*|\?|{_CLASS}|\[|[^*?\[]+", re.DOTALL)


def matches(pattern: str, path: str) -> bool:
    """Say whether `path` fits `pattern`; takes at most time proportional to the product of their lengths.

    Args:
        pattern: `*` is any run of characters but `/`, `**` any run, `**/` any folders or none, `?` one character but
            `/`, `[a-z]` one of those and `[!a-z]` one of all others; a pattern that ends in `/` means everything below. All
            else is literal, and so is a whole pattern that is the path itself.
        path: POSIX, relative.
    """
    if pattern == path:
        return True
    reached = {0}
    for token in _tokens(pattern):
        reached = _advance(token, path, reached)
        if not reached:
            return False
    return len(path) in reached


@lru_cache(maxsize=1024)
def _tokens(pattern: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(pattern + "**" if pattern.endswith("/") else pattern))


def _advance(token: str, path: str, reached: set[int]) -> set[int]:
    """Return the places in `path` where `token` may end when it begins at one of `reached`."""
    first = min(reached)
    if token == "**":
        return set(range(first, len(path) + 1))
    if token == "**/":
        return reached | {place + 1 for place in range(first, len(path)) if path[place] == "/"}
    if token == "?":
        return {place + 1 for place in reached if place < len(path) and path[place] != "/"}
    if token == "*":
        return _within_a_name(path, reached)
    if token[0] == "[" and len(token) > 1:
        fits = _one_of(token)
        return {place + 1 for place in reached if place < len(path) and path[place] != "/" and fits(path[place])}
    return {place + len(token) for place in reached if path.startswith(token, place)}


@lru_cache(maxsize=1024)
def _one_of(token: str) -> Callable[[str], bool]:
    """Return whether a character is one of a class: `[abc]`, `[a-z]`, `[!a-z]`; as fnmatch(7) has it."""
    inside = token[1:-1]
    others = inside[:1] in ("!", "^")
    inside = inside[others:]
    ranges = [(found[0], found[-1]) for found in re.findall(r".-.|.", inside, re.DOTALL)]
    return lambda each: any(first <= each <= last for first, last in ranges) != others


def _within_a_name(path: str, reached: set[int]) -> set[int]:
    found: set[int] = set()
    for start in reached:
        place = start
        while place not in found:
            found.add(place)
            if place == len(path) or path[place] == "/":
                break
            place += 1
    return found
