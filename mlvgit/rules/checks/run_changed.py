"""A published run record was edited or deleted.

What it finds:
    A run record that is published and of which anything but `notes` and `tolerances` is not what it was, or that is
    gone. What the record did not say may be added, and it may be written differently (comments, order of keys).

Why:
    The record is the only witness of how the model was made. Edited afterwards it is a story.

Example:
    # params.seed: 42 -> 7 in runs/2026-01-01-iris-001.yaml
    git commit -am "Correct the seed"

Way out:
    Undo: `git checkout HEAD -- runs/2026-01-01-iris-001.yaml`.
    Keep: what has to be said now goes into `notes`; another run has another record.
"""

from collections.abc import Iterator

from mlvgit.core.text import printable
from mlvgit.records.run import Environment, RunRecord
from mlvgit.rules.delta import Delta, RunPair
from mlvgit.rules.model import Context, Finding
from mlvgit.rules.wording import back

FREE = frozenset({"notes", "tolerances", "format", "unknown", "unknown_outputs"})


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find published run records that the change altered."""
    for pair in delta.runs:
        if pair.before is None or not context.published_run(pair.before_path, delta.before.tree.read(pair.before_path)):
            continue
        if pair.after is None:
            gone = delta.after.tree.entry(pair.path) is None
            yield _finding(delta, context, pair, pair.before, "was deleted" if gone else "is no run record any more")
        else:
            changed = [*_altered(pair.before, pair.after)]
            if changed:
                yield _finding(delta, context, pair, pair.before, f"was edited: {', '.join(changed)}")


def _altered(old: RunRecord | Environment, new: RunRecord | Environment, prefix: str = "") -> Iterator[str]:
    for name in old._fields:
        was, now = getattr(old, name), getattr(new, name)
        if name in FREE or was in ("", None, (), {}):
            continue
        if isinstance(was, Environment) and isinstance(now, Environment):
            yield from _altered(was, now, "env.")
        elif repr(was) != repr(now) and was != now:
            yield prefix + name


def _finding(delta: Delta, context: Context, pair: RunPair, old: RunRecord, what: str) -> Finding:
    made = f", made {old.model or 'the model version'} {old.model_version}" if old.model_version else ""
    return Finding(
        code="MLV304",
        path=pair.path,
        message=f"run {old.run_id} is published and {what}",
        frozen=f"run {old.run_id}{' of ' + printable(old.started_utc[:10]) if old.started_utc else ''} is published{made}",
        change=what,
        keep=("put what has to be said into notes; record another run under another id",),
        undo=back(delta, context, pair.before_path),
    )
