"""`git mlv log`: who was in which stage when, and why."""

import argparse
from itertools import islice

from mlvgit.actions.events import Doubt, StageEvent, VersionChange, stage_events
from mlvgit.actions.project import Project
from mlvgit.cli.common import add_json, add_moment, asked_moment, tell_otherwise
from mlvgit.cli.output import Output
from mlvgit.core.text import printable, short
from mlvgit.errors import UsageError

__all__ = ["configure_log", "run_log"]

MOST_CHANGES = 8


def configure_log(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv log`."""
    parser.description = (
        "Stage events of a model (or all models), newest first, from the history of the registry. Of a merge, the side "
        "that had been published is followed; a note says where nothing tells which one that was."
    )
    parser.epilog = "examples:\n  git mlv log iris_clf\n  git mlv log iris_clf --stage production -n 3\n"
    parser.add_argument("model", metavar="MODEL", nargs="?", default="")
    parser.add_argument(
        "-n", "--number", type=int, default=20, metavar="N", help="at most so many events a model (20); 0 for all"
    )
    parser.add_argument("--stage", default="", help="only what entered or left this stage")
    add_moment(parser)
    add_json(parser)


def run_log(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv log`."""
    project = Project.open()
    moment = asked_moment(project, args, output)
    commit = moment.commit or None
    catalog = project.committed(commit)
    models = [args.model] if args.model else catalog.models(project.root)
    if args.model and not project.has_model(args.model, catalog):
        other = project.other_kind(args.model, "model", catalog)
        raise other or UsageError(f"there is no model {args.model} in {catalog.tree.label}", hint="git mlv model list")
    events = []
    doubts: list[tuple[str, Doubt]] = []
    for model in models:

        def doubted(doubt: Doubt, model: str = model) -> None:
            doubts.append((model, doubt))

        found = (
            event
            for event in stage_events(project, model, commit, doubted=doubted)
            if not args.stage or any(args.stage in (_before(change), change.after) for change in event.changes)
        )
        events += list(islice(found, args.number or None))
    output.talk(f"at {short(moment.commit)} ({printable(moment.label)})" if commit else "no commit yet")
    tell_otherwise(project, args, output, catalog, models)
    if project.repo.is_shallow():
        output.talk("history is cut off here (a shallow clone), and so are these events: git fetch --unshallow --tags")
    for model, doubt in doubts:
        output.talk(f"note: {printable(str(doubt))}: git mlv log {model} --at {short(doubt.other)} shows the other one")
    events.sort(key=lambda event: event.at, reverse=True)
    for event in events:
        _present(event, output)
    if not events and args.stage:
        from mlvgit.actions.stages import known_stage

        known_stage(project.settings_or_default, args.stage)
        output.talk(f"no version came to, or left, {printable(args.stage)}")
    elif not events:
        output.talk("no stage events yet: git mlv promote MODEL VERSION STAGE")
    output.json(
        {
            "commit": moment.commit,
            "events": [
                {
                    "model": event.model,
                    "kind": event.kind,
                    "commit": event.commit,
                    "at": event.at,
                    "by": event.by,
                    "reason": event.reason,
                    "changes": [
                        {"version": change.version, "before": change.before, "after": change.after}
                        for change in event.changes
                    ],
                }
                for event in events
            ],
        }
    )
    return 0


def _before(change: VersionChange) -> str:
    """Return the stage before; a version that the registry does not name is in dev."""
    return change.before or ("new" if change.after == "dev" else "dev")


def _present(event: StageEvent, output: Output) -> None:
    moves = ", ".join(
        f"{change.version} {_before(change)} -> {change.after or 'removed'}" for change in event.changes[:MOST_CHANGES]
    )
    if len(event.changes) > MOST_CHANGES:
        moves += f" and {len(event.changes) - MOST_CHANGES} more"
    kind = output.style(event.kind, "yellow" if event.kind == "rollback" else "green")
    output.say(f"{event.at[:16].replace('T', ' ')}  {kind}  {printable(event.model)}: {printable(moves)}")
    output.say(
        f"    {short(event.commit)}  {printable(event.by)}  {printable(event.reason.split(chr(10))[0] or event.subject)}"
    )
