"""Path patterns of settings: `*` stops at a slash, `**` does not. Pure.

Matched position by position, not by a regular expression: settings may be hostile, and `*a*a*a*a…` takes a regular
expression exponential time.
"""

import re
from functools import lru_cache

__all__ = ["matches"]

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+", re.DOTALL)


def matches(pattern: str, path: str) -> bool:
    """Say whether `path` fits `pattern`; takes at most time proportional to the product of their lengths.

    Args:
        pattern: `*` is any run of characters but `/`, `**` any run, `**/` any folders or none, `?` one character but
            `/`; a pattern that ends in `/` means everything below. All else is literal.
        path: POSIX, relative.
    """
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
    return {place + len(token) for place in reached if path.startswith(token, place)}


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
