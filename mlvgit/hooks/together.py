"""What stands and falls together: of an accident that is undone by halves, the next commit completes the rest."""

from __future__ import annotations

from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from mlvgit.records.layout import Place
    from mlvgit.rules.model import Change, Changes

__all__ = ["together"]


class _Groups(NamedTuple):
    """What a path that came or went is a part of, and of what else it takes the parts along."""

    own: tuple[Hashable, ...]
    other: tuple[Hashable, ...] = ()


def together(refused: Iterable[str], changes: Changes, claim: Callable[[str], tuple[str, Place]]) -> list[str]:
    """Return the refused paths, and what came or went with those of them that came or went, though no finding names it.

    That is the rest of the same frozen thing, the registry of its model, the other end of a rename, and so on from there.

    Args:
        refused: paths, changed or not.
        changes: all that differs from what is committed.
        claim: the root that a path belongs to, and what it is there.
    """
    claims = {path: claim(path) for path, change in changes.items() if None in change}
    moves = {path: changes[path] for path, (_, place) in claims.items() if place.kind}
    gone = {old.oid for old, _ in moves.values() if old}
    groups = {path: _groups(*claims[path], change, gone) for path, change in moves.items()}
    members: dict[Hashable, list[str]] = {}
    for path, each in groups.items():
        for group in each.own:
            members.setdefault(group, []).append(path)
    found = dict.fromkeys(refused)
    waiting = [path for path in found if path in groups]
    while waiting:
        each = groups[waiting.pop()]
        for group in (*each.own, *each.other):
            new = [path for path in members.pop(group, ()) if path not in found]
            found.update(dict.fromkeys(new))
            waiting += new
    return list(found)


def _groups(root: str, place: Place, change: Change, gone: set[str]) -> _Groups:
    old, new = change
    oid = old.oid if old else new.oid if new else ""
    moved: tuple[Hashable, ...] = (oid,) if oid in gone else ()
    if place.kind == "registry":
        return _Groups((*moved, (root, place.name)))
    if place.key is None:
        return _Groups(moved)
    return _Groups((*moved, place.key), ((root, place.key.name),) if place.key.kind == "model" else ())
