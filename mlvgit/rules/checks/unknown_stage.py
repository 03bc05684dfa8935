"""A version is in a stage that `mlv.yaml` does not name, or came to it from a stage that it may not come from.

What it finds:
    A registry entry whose stage is new and is none of the stages of `mlv.yaml` (by default dev, staging, production,
    archived), and a change of stage that the `from` of the new stage does not allow. Several promotions in one push are
    looked at one by one. A registry that is back at what it was before (a reverted promotion) passes, and so does a
    version that goes back to where it was before (a rollback).

Why:
    What serves is found by the name of a stage: in `Production` or `prod` nobody finds it. Where a team has agreed that
    only what was in staging goes to production, skipping it is a release that nobody tried.

Example:
    # {"version": "v0.2.0", "stage": "prod"}
    git commit -am "Release"

Way out:
    `git mlv promote iris_clf v0.2.0 staging`, and on from there; or name the stage in `mlv.yaml`, in a change of its
    own.
"""

from collections.abc import Iterator
from itertools import pairwise

from mlvgit.core.text import nearest, printable
from mlvgit.records.layout import Key
from mlvgit.records.settings import Stage
from mlvgit.rules.delta import Delta, RegistryPair
from mlvgit.rules.model import Context, Finding
from mlvgit.rules.standing import first_stage, judging_settings, stage_named
from mlvgit.rules.wording import back


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find stages that nobody named and transitions that nobody allowed."""
    for pair in delta.registries:
        settings = judging_settings(delta, context, pair.root)
        for entry in pair.after.versions if pair.after else ():
            old = pair.before.version(entry.version) if pair.before else None
            was = old.stage if old else first_stage(settings)
            if old is not None and was == entry.stage:
                continue
            message = _wrong(delta, context, pair, entry.version, was, entry.stage)
            if message:
                name = f"{pair.model}@{entry.version}"
                yield Finding(
                    code="MLV205",
                    path=pair.path,
                    key=Key(pair.root, "model", pair.model, entry.version),
                    message=f"{name} {message}",
                    change=f"takes {name} from {printable(was)} to {printable(entry.stage)}",
                    keep=(f"git mlv promote {pair.model} {entry.version} STAGE",),
                    undo=back(delta, context, pair.path),
                )


def _wrong(delta: Delta, context: Context, pair: RegistryPair, version: str, was: str, now: str) -> str:
    stage = stage_named(delta, context, pair.root, now)
    if stage is None:
        names = judging_settings(delta, context, pair.root).stage_names
        near = nearest(now, names)
        advice = f"did you mean {near}" if near else f"known are {', '.join(names)}"
        return f"is in the stage {printable(now)}, which mlv.yaml does not name ({advice})"
    if was == now or not stage.comes_from or was in stage.comes_from:
        return ""
    if _may_be_there(delta, context, pair, version, stage) or context.held_before(pair.path, pair.oid):
        return ""
    return f"came to {now}, which it may only come to from {' or '.join(stage.comes_from)}"


def _may_be_there(delta: Delta, context: Context, pair: RegistryPair, version: str, stage: Stage) -> bool:
    """Say whether the version was in this stage before, or came to it on the way from a stage that is allowed."""
    if stage.name in context.stages_held(pair.path, version):
        return True
    trail = (first_stage(judging_settings(delta, context, pair.root)), *context.stage_trail(pair.path, version))
    return any(now == stage.name and was in stage.comes_from for was, now in pairwise(trail))
