"""Path patterns of settings: `*` stops at a slash, `**` does not. Pure."""

import re
from functools import lru_cache

__all__ = ["matches"]


def matches(pattern: str, path: str) -> bool:
    """Say whether `path` fits `pattern`.

    Args:
        pattern: `*` is any run of characters but `/`, `**` any run, `**/` any folders or none, `?` one character but
            `/`; a pattern that ends in `/` means everything below. All else is literal.
        path: POSIX, relative.
    """
    return _compiled(pattern).fullmatch(path) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if pattern.endswith("/"):
        pattern += "**"
    # runs of stars are folded, so that no pattern takes exponential time
    pattern = re.sub(r"(?:\*\*/)+", "**/", re.sub(r"\*{3,}", "**", pattern))
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.compile("".join(words.get(part) or re.escape(part) for part in parts), re.DOTALL)
