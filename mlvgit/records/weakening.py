"""What a change of settings allows that was not allowed before, as sentences. Pure."""

from typing import TYPE_CHECKING

from mlvgit.core.text import printable, size

if TYPE_CHECKING:
    from mlvgit.records.settings import Exemption, Settings, Stage

__all__ = ["sentences"]


def sentences(old: "Settings", new: "Settings") -> list[str]:
    """List what `new` allows that `old` did not; empty when nothing was loosened."""
    found = [*_exceptions(old, new), *_stages(old, new), *_limits(old, new), *_switches(old, new)]
    return [printable(sentence) for sentence in found]


def _exceptions(old: "Settings", new: "Settings") -> list[str]:
    found = []
    for exemption in new.exceptions:
        if any(_within(exemption, known) for known in old.exceptions):
            continue
        same = [known for known in old.exceptions if (known.code, known.path) == (exemption.code, exemption.path)]
        if same:
            until = exemption.until or "for good"
            found.append(f"the exception from {exemption.code} for {exemption.path} lasts longer: {until}")
        else:
            found.append(f"an exception from {exemption.code} for {exemption.path} was added")
    return found


def _within(new: "Exemption", old: "Exemption") -> bool:
    covered = new.code == old.code and new.path == old.path
    return covered and (not old.until or (bool(new.until) and new.until <= old.until))


def _stages(old: "Settings", new: "Settings") -> list[str]:
    known = {stage.name: stage for stage in old.stages}
    kept = {stage.name for stage in new.stages}
    gates = [stage.name for stage in old.stages if stage.one or stage.tag]
    found = [f"the stage {name} was removed" for name in gates if name not in kept]
    for stage in new.stages:
        if stage.name in known:
            found += _stage(known[stage.name], stage)
    return found


def _stage(old: "Stage", new: "Stage") -> list[str]:
    found = []
    if old.one and not new.one:
        found.append(f"the stage {new.name} may now hold several versions")
    if old.tag and not new.tag:
        found.append(f"the stage {new.name} no longer needs a tag")
    if old.comes_from and not new.comes_from:
        found.append(f"the stage {new.name} may now be entered from any stage")
    elif old.comes_from and not set(new.comes_from) <= set(old.comes_from):
        added = ", ".join(sorted(set(new.comes_from) - set(old.comes_from)))
        found.append(f"the stage {new.name} may now be entered from {added}")
    return found


def _limits(old: "Settings", new: "Settings") -> list[str]:
    before, after = old.limits.file_in_git, new.limits.file_in_git
    return [f"the limit for a file in Git was raised from {size(before)} to {size(after)}"] if after > before else []


def _switches(old: "Settings", new: "Settings") -> list[str]:
    found = []
    if old.mode == "enforce" and new.mode == "advise":
        found.append("refusals at commit were turned into warnings (mode: advise)")
    if old.run_lock == "required" and new.run_lock == "optional":
        found.append("run records no longer need a locked environment (run_lock: optional)")
    dropped = [pattern for pattern in old.protect if pattern not in new.protect]
    if old.protect and not new.protect:
        found.append("protect was removed: " + ", ".join(old.protect))
    elif dropped:
        found.append("no longer protected: " + ", ".join(dropped))
    elif new.protect and not old.protect:
        found.append(
            "protect now names only " + ", ".join(new.protect) + "; the remote's HEAD branch and release/* were"
        )
    added = [pattern for pattern in new.ignore_extra if pattern not in old.ignore_extra]
    if added:
        found.append("ignore_extra was widened by " + ", ".join(added))
    return found
