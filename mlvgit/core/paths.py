"""Names of files in a frozen directory: which are safe on every system, which collide. Pure.

Source of the `.git` look-alikes: Git's t/t0060-path-utils.sh and the advisories behind it (CVE-2014-9390,
CVE-2019-1352, CVE-2019-1353); HFS+ ignores some code points, NTFS trailing dots, spaces and `:stream` suffixes.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

__all__ = [
    "JUNK_NAMES",
    "TEMPORARY_PREFIX",
    "all_fine",
    "collisions",
    "fold",
    "folders_of",
    "is_junk",
    "is_within",
    "unsafe_reason",
]

MAX_PATH_BYTES = 4096
MAX_NAME_BYTES = 255

TEMPORARY_PREFIX = ".mlv-tmp-"
"""How the names of unfinished files begin; whatever bears it while nobody holds the lock is rubbish."""
JUNK_NAMES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints"})
"""Files that systems and notebooks leave behind: neither frozen nor extra."""

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*+(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*+)*+", re.ASCII)
_ALL_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*+(?:[/\n][A-Za-z0-9_][A-Za-z0-9_.-]*+)*+", re.ASCII)
_HFS_IGNORED = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_GIT_SHORT = re.compile(r"git~[0-9]+", re.ASCII)
_DRIVE = re.compile(r"[A-Za-z]:", re.ASCII)


def unsafe_reason(path: str) -> str:
    """Say why `path` may not name a frozen file, or "" when it may.

    Args:
        path: relative, as a manifest writes it; bytes that are not UTF-8 as surrogates.
    """
    lowered = path.lower()
    if _PLAIN.fullmatch(path) and len(path) <= MAX_NAME_BYTES and ".git" not in lowered and "git~" not in lowered:
        return ""
    return _whole_reason(path) or next(filter(None, map(_name_reason, path.split("/"))), "")


def all_fine(paths: list[str]) -> bool:
    """Say quickly that `unsafe_reason` and `collisions` find nothing in `paths`; False says nothing.

    A hundred thousand plain names are judged in a few calls over all of them at once.
    """
    whole = "\n".join(paths)
    lowered = whole.lower()
    plain = (
        ".git" not in lowered
        and "git~" not in lowered
        and whole.count("\n") == len(paths) - 1
        and max(map(len, paths)) <= MAX_NAME_BYTES
        and _ALL_PLAIN.fullmatch(whole) is not None
    )
    return plain and _surely_apart(paths, whole, lowered)


def _surely_apart(paths: list[str], whole: str, lowered: str) -> bool:
    folded = set(paths if lowered == whole else lowered.split("\n"))
    folders = _folders({path.rpartition("/")[0] for path in paths})
    folded_folders = {folder.lower() for folder in folders}
    return len(folded) == len(paths) and len(folded_folders) == len(folders) and folded.isdisjoint(folded_folders)


def _folders(innermost: set[str]) -> set[str]:
    found: set[str] = set()
    for inner in innermost:
        folder = inner
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _whole_reason(path: str) -> str:
    if not path:
        return "is empty"
    try:
        encoded = path.encode("utf-8")
    except UnicodeEncodeError:
        return "is not UTF-8"
    if len(encoded) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    if path.startswith("/"):
        return "is absolute"
    if "\\" in path:
        return "has a backslash; write / between folders"
    if _DRIVE.match(path):
        return "begins with a drive letter"
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") or char in _BIDI for char in path):
        return "has a control character"
    return ""


def _name_reason(name: str) -> str:
    if not name:
        return "has an empty part (//, or a / at the end)"
    if name in (".", ".."):
        return f"has the part {name!r}"
    if len(name.encode("utf-8")) > MAX_NAME_BYTES:
        return f"has a part longer than {MAX_NAME_BYTES} bytes"
    if _is_git(name):
        return f"has the part {name!r}, which some systems take for .git"
    return ""


def _is_git(name: str) -> bool:
    bare = unicodedata.normalize("NFC", name.translate(_HFS_IGNORED)).casefold()
    bare = bare.split(":", 1)[0].rstrip(". ")
    return bare == ".git" or _GIT_SHORT.fullmatch(bare) is not None


def fold(path: str) -> str:
    """Return what two names share that some file system takes for one (letter case, Unicode normalisation)."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def collisions(paths: Iterable[str]) -> list[tuple[str, str]]:
    """List the pairs of `paths` that some file system takes for one, folders on the way included.

    A file that is also a folder of another entry (`a` and `a/b`) collides too.
    """
    spelt: dict[str, str] = {}
    files: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    for path in paths:
        key = fold(path)
        if key in files:
            found.append((files[key], path))
        files.setdefault(key, path)
    parents_seen: set[str] = set()
    for path in files.values():
        parent = path
        while "/" in parent:
            parent = parent.rsplit("/", 1)[0]
            if parent in parents_seen:
                break
            parents_seen.add(parent)
            key = fold(parent)
            other = spelt.setdefault(key, parent)
            if other != parent:
                found.append((other, parent))
            if key in files:
                found.append((files[key], path))
    return found


def is_junk(path: str) -> bool:
    """Say whether `path` is, or lies in, something that a system, or a command that was killed, leaves behind."""
    return not JUNK_NAMES.isdisjoint(path.split("/")) or f"/{TEMPORARY_PREFIX}" in f"/{path}"


def folders_of(path: str) -> Iterator[str]:
    """Yield the folders that `path` lies in, the innermost first."""
    while path := path.rpartition("/")[0]:
        yield path


def is_within(path: str, folder: str) -> bool:
    """Say whether `path` lies below `folder`, by components; everything lies below ""."""
    return not folder or path.startswith(folder + "/")
