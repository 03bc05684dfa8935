"""Merging two changed registries by what they mean, not by their lines. Pure.

Versions are united, each field is merged three ways, comments are united. Which version is in a stage that holds one
only is never chosen here: when both sides changed it differently, that is a conflict.
"""

from collections.abc import Mapping
from typing import Any

from mlvgit.records.registry import Comment, RegisteredVersion, Registry

__all__ = ["merge_registry"]

_MERGED_APART = frozenset({"version", "comments", "unknown"})
_MISSING = object()
_UNNAMED = "dev"
"""The stage of a version that a registry does not name."""


def merge_registry(
    base: Registry | None, ours: Registry, theirs: Registry, *, exclusive: frozenset[str]
) -> tuple[Registry | None, list[str]]:
    """Merge two registries of one model.

    Args:
        base: what both were made from; None when both were added.
        ours: one side.
        theirs: the other side.
        exclusive: the stages that hold one version only.

    Returns:
        The merged registry and no conflict, or None and a sentence for each conflict.
    """
    if ours == theirs:
        return ours, []
    if ours.name != theirs.name:
        return None, [f"one side is the registry of {ours.name}, the other of {theirs.name}"]
    start = base if base is not None else Registry(name=ours.name)
    if base is not None and ours == base:
        return theirs, []
    if base is not None and theirs == base:
        return ours, []
    return _merge(start, ours, theirs, exclusive)


def _merge(
    base: Registry, ours: Registry, theirs: Registry, exclusive: frozenset[str]
) -> tuple[Registry | None, list[str]]:
    conflicts = _stage_conflicts(base, ours, theirs, exclusive)
    versions: list[RegisteredVersion] = []
    for text in dict.fromkeys(entry.version for side in (base, ours, theirs) for entry in side.versions):
        entry, found = _merge_version(base.version(text), ours.version(text), theirs.version(text))
        conflicts += found
        if entry is not None:
            versions.append(entry)
    unknown, found = _merge_mapping("the registry", base.unknown, ours.unknown, theirs.unknown)
    conflicts += found
    if conflicts:
        return None, list(dict.fromkeys(conflicts))
    merged = Registry(name=ours.name, format=max(ours.format, theirs.format, key=_format), unknown=unknown)
    merged = merged.with_versions(tuple(versions))
    crowded = [stage for stage in sorted(exclusive) if len(merged.in_stage(stage)) > 1]
    if crowded:
        return None, [f"{_names(merged, stage)} would all be in {stage}, which holds one" for stage in crowded]
    return merged, []


def _format(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(".")) if text else ()


def _names(registry: Registry, stage: str) -> str:
    return " and ".join(sorted(entry.version for entry in registry.in_stage(stage))) or "no version"


def _stage_conflicts(base: Registry, ours: Registry, theirs: Registry, exclusive: frozenset[str]) -> list[str]:
    found = []
    for stage in sorted(exclusive):
        before, one, other = (_names(side, stage) for side in (base, ours, theirs))
        if one not in (before, other) and other != before:
            found.append(f"one side put {one} in {stage}, the other {other} (it was {before})")
    return found


def _merge_version(
    base: RegisteredVersion | None, ours: RegisteredVersion | None, theirs: RegisteredVersion | None
) -> tuple[RegisteredVersion | None, list[str]]:
    if ours == theirs or theirs == base:
        return ours, []
    if ours == base:
        return theirs, []
    if ours is None or theirs is None:
        changed = ours or theirs
        if base is not None and changed is not None and changed.stage == base.stage:
            return changed._replace(stage=_UNNAMED), []  # what was said about it is kept, such as a comment
        version = changed.version if changed else ""
        return None, [f"one side removed {version}, the other changed it"]
    return _merge_fields(base, ours, theirs)


def _merge_fields(
    base: RegisteredVersion | None, ours: RegisteredVersion, theirs: RegisteredVersion
) -> tuple[RegisteredVersion, list[str]]:
    start = base if base is not None else RegisteredVersion(version=ours.version, stage=_UNNAMED)
    values: dict[str, Any] = {}
    conflicts: list[str] = []
    for name in RegisteredVersion._fields:
        if name in _MERGED_APART:
            continue
        one, other, before = (getattr(side, name) for side in (ours, theirs, start))
        values[name], clash = _three_way(before, one, other)
        if clash and name == "registered_utc":
            values[name], clash = min(one, other), False  # both sides entered it: that is when it came in
        if clash:
            conflicts.append(f"{ours.version}: {name} is {_shown(one)} on one side, {_shown(other)} on the other")
    unknown, found = _merge_mapping(ours.version, start.unknown, ours.unknown, theirs.unknown)
    merged = RegisteredVersion(
        version=ours.version,
        comments=_merge_comments(start.comments, ours.comments, theirs.comments),
        unknown=unknown,
        **values,
    )
    return merged, conflicts + found


def _three_way(base: Any, ours: Any, theirs: Any) -> tuple[Any, bool]:
    if ours == theirs or theirs == base:
        return ours, False
    if ours == base:
        return theirs, False
    return ours, True


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "empty"
    return str(value) or "empty"


def _merge_mapping(
    what: str, base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    merged: dict[str, Any] = {}
    conflicts = []
    for key in sorted({*base, *ours, *theirs}):
        value, clash = _three_way(*(side.get(key, _MISSING) for side in (base, ours, theirs)))
        if clash:
            conflicts.append(f"{what}: the key {key} was changed on both sides")
        if value is not _MISSING:
            merged[key] = value
    return merged, conflicts


def _merge_comments(
    base: tuple[Comment, ...], ours: tuple[Comment, ...], theirs: tuple[Comment, ...]
) -> tuple[Comment, ...]:
    merged, clash = _three_way(base, ours, theirs)
    if not clash:
        return tuple(merged)
    return tuple(sorted({*base, *ours, *theirs}))
