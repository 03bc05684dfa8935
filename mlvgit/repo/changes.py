"""What differs between two trees."""

from typing import TYPE_CHECKING

from mlvgit.repo.git import encode
from mlvgit.repo.status import raw_changes
from mlvgit.repo.trees import GitTree
from mlvgit.rules.model import MODE_SYMLINK, Change, Entry

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = ["between"]


def between(repo: "Repository", before: GitTree, after: GitTree) -> dict[str, Change]:
    """Return path -> (before, after) of every file that differs, sorted; a rename is two changes.

    Only what Git names as changed, below or in the layers over the commits, is looked at.
    """
    candidates = {*before.delta, *after.delta}
    if before.base != after.base:
        candidates.update(_between_commits(repo, before.base, after.base))
    found: dict[str, Change] = {}
    for path in sorted(candidates):
        change = (before.entry(path), after.entry(path))
        if change[0] != change[1]:
            found[path] = change
    return _without_equal(repo, found)


def _between_commits(repo: "Repository", before: str, after: str) -> set[str]:
    args = ("diff-tree", "-r", "--raw", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=none")
    return set(raw_changes(repo.git.lines0(*args, before, after, "--"))[0])


def _without_equal(repo: "Repository", changes: dict[str, Change]) -> dict[str, Change]:
    """Drop files on disk that Git would store as the blob that the other side has."""
    doubtful = [
        path for path, (old, new) in changes.items() if old and new and old.mode == new.mode and _half_known(old, new)
    ]
    if not doubtful:
        return changes
    oids = _would_be(repo, doubtful)
    equal = {path for path in doubtful if oids.get(path) in _oids(changes[path])}
    return {path: change for path, change in changes.items() if path not in equal}


def _half_known(old: Entry, new: Entry) -> bool:
    return bool(old.oid) != bool(new.oid) and old.mode != MODE_SYMLINK


def _oids(change: Change) -> set[str]:
    """Return the blob ids that a change names."""
    return {entry.oid for entry in change if entry and entry.oid}


def _would_be(repo: "Repository", paths: list[str]) -> dict[str, str]:
    """Return the blob ids under which Git would store files on disk."""
    # A line that begins with a quote is unquoted, and one that ends with CR loses it: such names become arguments.
    listed = [path for path in paths if not path.startswith('"') and "\n" not in path and not path.endswith("\r")]
    output = repo.git.text("hash-object", "--stdin-paths", input=b"".join(encode(path) + b"\n" for path in listed))
    found = dict(zip(listed, output.split("\n"), strict=False))
    for path in set(paths) - set(listed):
        found[path] = repo.git.text("hash-object", "--", path)
    return found
