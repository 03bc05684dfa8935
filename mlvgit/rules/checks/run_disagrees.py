"""A run record says something else about its outputs than the model version itself.

What it finds:
    A record whose `outputs.tree_sha256` is not that of the model version's manifest, or whose metrics differ from the
    version's `metrics.json`, for the keys that the record names and the file has. Asked when the record or the model
    version changes.

Why:
    People compare runs by what the records say. A record that flatters its model decides which one is promoted.

Example:
    # metrics.json: {"f1": 0.91}
    outputs: {model_version: v0.2.0, metrics: {f1: 0.94}}

Way out:
    Correct the record to what `git mlv model show iris_clf@v0.2.0` prints; a frozen version does not change.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mlvgit.core.text import printable, short
from mlvgit.records.layout import Key
from mlvgit.rules.delta import Delta
from mlvgit.rules.model import MODE_EXECUTABLE, MODE_FILE, Context, Finding
from mlvgit.rules.recipes import Recipe, concerned_recipes, made_by
from mlvgit.rules.wording import back

MAX_METRICS_BYTES = 10 * 1024 * 1024
MAX_SHOWN = 60


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find run records that contradict the model version that they made."""
    for recipe in concerned_recipes(delta):
        key = made_by(delta.after, recipe)
        for message in _contradictions(delta, recipe, key) if key else ():
            yield Finding(
                code="MLV303",
                path=recipe.path,
                key=key,
                message=f"run {recipe.record.run_id}: {message}",
                change=f"lets run {recipe.record.run_id} and {key} say different things",
                keep=(f"git mlv model show {key}", f"correct {printable(recipe.path)} to it"),
                undo=back(delta, context, recipe.path),
            )


def _contradictions(delta: Delta, recipe: Recipe, key: Key) -> Iterator[str]:
    thing = delta.after.frozen(key)
    recorded = recipe.record.tree_sha256
    if recorded and thing and thing.manifest and recorded != thing.manifest.tree_sha256:
        yield f"outputs.tree_sha256 is {short(recorded)}, the manifest of {key} has {short(thing.manifest.tree_sha256)}"
    root = delta.after.root(key.root)
    if root is not None and recipe.record.metrics:
        measured = _metrics(delta, root.layout.directory(key) + "/metrics.json")
        for name, said, true in _differences(recipe.record.metrics, measured, ""):
            yield f"the metric {printable(name)} is {_shown(said)}, metrics.json of {key} has {_shown(true)}"


def _metrics(delta: Delta, path: str) -> Mapping[str, Any]:
    entry = delta.after.tree.entry(path)
    if entry is None or entry.mode not in (MODE_FILE, MODE_EXECUTABLE):
        return {}
    digest = delta.contents.digests([path])[path]
    if digest is None or digest.size > MAX_METRICS_BYTES:
        return {}
    try:
        value = json.loads(delta.after.tree.read(path))
    except (KeyError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _differences(said: Mapping[str, Any], true: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any, Any]]:
    for name, value in said.items():
        if name not in true:
            continue
        other = true[name]
        if isinstance(value, Mapping) and isinstance(other, Mapping):
            yield from _differences(value, other, f"{prefix}{name}.")
        elif not _same(value, other):
            yield f"{prefix}{name}", value, other


def _same(said: Any, true: Any) -> bool:
    """Compare as people read them: 1 and 1.0 are one number, a number is not true or false, NaN is NaN."""
    if isinstance(said, bool) != isinstance(true, bool):
        return False
    return bool(said == true) or (said != said and true != true)


def _shown(value: Any) -> str:
    text = printable(str(value)[: MAX_SHOWN + 1])
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."
