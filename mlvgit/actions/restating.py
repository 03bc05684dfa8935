"""Saying anew what a version that is frozen was made from, or what is noted of it; its bytes stay."""

from collections.abc import Mapping
from typing import Any, Final

from mlvgit.actions.project import Project
from mlvgit.actions.published import allow_replacing, published_identities
from mlvgit.errors import RefusedError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest

__all__ = ["restated"]

_LINEAGE: Final = {"derived_from": "made from", "source": "its source", "run": "its run"}


def restated(project: Project, key: Key, before: Manifest, fields: Mapping[str, Any], *, replace: bool) -> Manifest:
    """Return the manifest of a frozen version with what is said of it now; `before` itself when that says nothing else.

    Args:
        fields: of `Manifest`; empty ones say nothing.
        replace: an unpublished version may be said to be made from something else.

    Raises:
        RefusedError: what the version was made from was said otherwise before.
    """
    new = {name: value for name, value in fields.items() if value and value != getattr(before, name)}
    for name, called in _LINEAGE.items():
        was = getattr(before, name)
        if name not in new or not was or (isinstance(was, tuple) and set(was) <= set(new[name])):
            continue
        said = f"{key} was frozen with another word on {called}: {_text(was)}, not {_text(new[name])}"
        if before.tree_sha256 in published_identities(project, key):
            raise RefusedError(f"{said}; it is published, and that stays", hint="freeze it as the next version")
        if not replace:
            raise RefusedError(said, hint="add --replace   (it is not published yet)")
        allow_replacing(project.repo, key, before.tree_sha256)
    return before._replace(**new) if new else before


def _text(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
