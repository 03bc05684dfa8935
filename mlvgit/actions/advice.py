"""What to type next: the one command that helps most in the state that `look` found. Pure over a `Status`."""

import shlex
from typing import NamedTuple

from mlvgit.actions.clashes import CONTINUE
from mlvgit.actions.project import freeze_command, version_of
from mlvgit.actions.status import Newest, Status
from mlvgit.core.text import count
from mlvgit.core.versions import model_version

__all__ = ["Step", "finishing_step", "next_step"]

MOST_NAMED = 3


class Step(NamedTuple):
    """What to do.

    Attributes:
        command: to be pasted; "" when there is nothing to do.
        why: half a sentence.
    """

    command: str
    why: str


def next_step(status: Status) -> Step:
    """Return the step that helps most: first what is broken, then what the work at hand still needs."""
    if status.bare:
        return _on_server(status)
    return (
        _setting_up(status)
        or _mending(status)
        or _finishing(status)
        or _catching_up(status)
        or _erasing(status)
        or _releasing(status)
        or _pushing(status)
    )


def finishing_step(status: Status) -> Step | None:
    """Return the step that ends what Git is in the middle of; None when it is in the middle of nothing."""
    return (_conflicting(status) or _mending(status) or _finishing(status)) if status.operation else None


def _on_server(status: Status) -> Step:
    if status.guards.get("pre-receive", "active") != "active":
        return Step("git mlv install --server", "nothing judges what is pushed here")
    return Step("", "nothing to do")


def _setting_up(status: Status) -> Step | None:
    if status.settings_problems:
        return Step(f"${{EDITOR:-vi}} {_in_root(status, 'mlv.yaml')}", "the settings cannot be read")
    if not status.has_settings:
        return Step("git mlv init", "this is not an mlv root yet")
    if (step := _conflicting(status)) is not None:
        return step
    if status.guards.get("pre-commit", "active") not in ("active", "broken"):
        return Step("git mlv install", "nothing guards commits in this clone")
    return None


def _conflicting(status: Status) -> Step | None:
    if any("registry.json" in path for path in status.unmerged):
        return Step("git mlv merge --repair", "a registry is in conflict")
    if any(path.endswith("manifest.json") for path in status.unmerged):
        return Step("git mlv merge --repair", "both sides froze something under one number")
    return None


def _mending(status: Status) -> Step | None:
    if status.unmerged:
        return Step("git status", "files of ours are in conflict")
    if any(finding.severity == "error" and finding.code != "MLV104" for finding in status.findings):
        return Step("git mlv check", "says what is wrong, and both ways out")
    if status.unfrozen:
        return Step(freeze_command(status.unfrozen[0]), "it stands in its folder and is not frozen")
    return None


def _finishing(status: Status) -> Step | None:
    if status.operation in CONTINUE:
        return Step(CONTINUE[status.operation], f"Git is in the middle of a {status.operation}")
    if not status.new and not status.staged:
        return _falsified(status) or _edited(status)
    commit = f"git commit -m {shlex.quote(_title(status))}"
    if not status.staged:
        return Step(
            f"git add {' '.join(map(shlex.quote, status.new_paths))} && {commit}", "what is frozen is not staged"
        )
    return Step(commit, "what is frozen is not committed" if status.new else "what is staged is not committed")


def _falsified(status: Status) -> Step | None:
    """Where the way back is staged already, this is not asked."""
    keys = [each.key for each in (*status.snapshots, *status.versions) if each.falsified]
    return Step(f"git mlv verify {keys[0]}", "HEAD has it otherwise than it was frozen") if keys else None


def _edited(status: Status) -> Step | None:
    """Hand edits are fine, and so is taking them back: the difference says which it is to be."""
    if not status.edited:
        return None
    command = f"git diff -- {' '.join(map(shlex.quote, status.edited[:MOST_NAMED]))}"
    return Step(command, "edited, not staged: git add keeps it, git restore takes it back")


def _title(status: Status) -> str:
    if status.title:
        return status.title
    if len(status.new) == 1:
        key = status.new[0]
        return f"Freeze {key}" if key.kind == "snapshot" else f"Add {key}"
    if status.new:
        return f"Freeze {', '.join(map(str, status.new[:MOST_NAMED]))}"
    return "Say what changes and why"


def _catching_up(status: Status) -> Step | None:
    upstream = status.upstream
    if not upstream.behind:
        return None
    there = f"{upstream.remote}/{upstream.branch}"
    named = "" if upstream.tracked else f" {shlex.quote(upstream.remote)} {shlex.quote(upstream.branch)}"
    if upstream.ahead:
        return Step(f"git pull --rebase{named}", f"{there} went another way: a push would be refused")
    return Step(f"git pull{named}", f"{there} is ahead of HEAD")


def _erasing(status: Status) -> Step | None:
    if not status.unerased:
        return None
    return Step("git mlv pull", f"removes the bytes of {count(status.unerased, 'retired file')} from this clone")


def _releasing(status: Status) -> Step | None:
    serving = {each.model: each.version for each in status.serving if each.stage == "production"}
    for each in status.versions:
        key = each.key
        if not each.committed or each.manifest is None or not _is_ahead(each, serving.get(key.name, "")):
            continue
        if each.stage == "dev" and not each.tagged and _is_unpushed(status):
            continue  # whether it is released can wait; the work of a day should not
        if not each.tagged and each.stage != "archived":
            tag = f"git mlv tag-model {key.name} {key.version}"
            if key in status.elsewhere:
                return Step("git fetch --tags", f"the model tag of {key} is not here; when no remote has it: {tag}")
            return Step(tag, f"{key} has no model tag")
        if each.stage == "dev" and each.tagged:
            return Step(f"git mlv promote {key.name} {key.version} production", f"{key} is tagged and still in dev")
    return None


def _is_ahead(newest: Newest, serving: str) -> bool:
    return not serving or version_of(newest.key) >= model_version(serving)


def _pushing(status: Status) -> Step:
    if _is_unpushed(status):
        return Step("git mlv push", "the remote does not have it yet")
    if not status.snapshots and not status.versions:
        return Step("git mlv snapshot create DATASET v0.1 FILE_OR_FOLDER", "nothing is frozen yet")
    if not status.upstream.remote:
        return Step("git remote add origin URL && git push -u origin HEAD", "all of it is only in this clone")
    if status.missing.keys:
        key, *more = status.missing.keys
        those = f" and of {count(len(more), 'more version')}" if more else ""
        return Step("git mlv pull", f"files of {key}{those} are not checked out here")
    others = [each.key for each in status.versions if each.away and each.committed]
    if others:  # of models, a pull that names none brings what serves
        return Step(f"git mlv pull {others[0]}", f"{others[0]} is not checked out here")
    return Step("", "nothing to do")


def _is_unpushed(status: Status) -> bool:
    upstream = status.upstream
    return bool(upstream.remote and status.branch and status.commit and (upstream.ahead or not upstream.branch))


def _in_root(status: Status, name: str) -> str:
    return f"{status.root}/{name}" if status.root else name
