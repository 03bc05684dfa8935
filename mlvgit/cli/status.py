"""`git mlv status`: one screen that begins with what serves and ends with what to type next."""

import argparse
from collections.abc import Sequence
from typing import Any

from mlvgit.actions.advice import Step, next_step
from mlvgit.actions.project import Project
from mlvgit.actions.served import Serving, all_serving
from mlvgit.actions.status import Newest, Status, Upstream, look
from mlvgit.cli.common import add_json, add_moment, catalog_at, retired_fact
from mlvgit.cli.output import Output
from mlvgit.core.text import count, printable, short, size

__all__ = ["configure_status", "run_status"]

MOST_LINES = 6


def configure_status(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv status`."""
    parser.description = (
        "What serves, what is newest, what is new or wrong here, and what to type next. Nothing frozen is hashed: "
        "`git mlv verify` does that. With --at or --released: what served there, and no more."
    )
    parser.epilog = "examples:\n  git mlv status\n  git mlv status --json\n  git mlv status --at 2026-05-01\n"
    add_moment(parser)
    add_json(parser)


def run_status(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv status`."""
    if args.at or args.released:
        return _served_at(Project.open(), args, output)
    status = look(Project.open())
    step = next_step(status)
    if output.as_json:
        output.json(_plain(status, step))
        return 0
    for line in status.settings_problems:
        output.say(f"{output.style('error', 'red')} {printable(line)}")
    if not status.settings_problems:
        _serving(status, output)
        _newest(status, output)
        _here(status, output)
        _list("wrong before (debts; git mlv check --all has every one)", status.debts, output)
    _where(status, output)
    if status.missing.files:
        names = ", ".join(map(str, status.missing.keys[:MOST_LINES]))
        more = ", ..." if len(status.missing.keys) > MOST_LINES else ""
        output.say(
            f"not checked out: {count(status.missing.files, 'file')} ({size(status.missing.bytes)}) of "
            f"{printable(names)}{more}: git mlv pull"
        )
    if status.freeable.bytes:
        output.say(
            f"up to {size(status.freeable.bytes)} of {count(len(status.freeable.keys), 'older version')} could leave "
            "this machine: git mlv drop --keep-newest 1"
        )
    if step.command:
        output.next(f"{printable(step.command)}   ({step.why})")
    else:
        output.say(step.why)
    return 0


def _served_at(project: Project, args: argparse.Namespace, output: Output) -> int:
    """Show what served at another commit than HEAD; the working directory has no part in that."""
    catalog, commit = catalog_at(project, args, output)
    serving = tuple(all_serving(project, catalog, commit))
    _serving(Status(root=project.root, branch="", commit=commit, serving=serving), output)
    output.json({"root": project.root, "commit": commit, "serving": [_serving_json(each) for each in serving]})
    return 0


def _heading(text: str, output: Output) -> None:
    output.say(output.style(text, "bold"))


def _list(title: str, lines: Sequence[str], output: Output) -> None:
    if not lines:
        return
    _heading(title, output)
    for line in lines[:MOST_LINES]:
        output.say(f"  {printable(line)}")
    if len(lines) > MOST_LINES:
        output.say(f"  ... and {len(lines) - MOST_LINES} more")


# What serves


def _serving(status: Status, output: Output) -> None:
    _heading("serves" + (f" (at {short(status.commit)})" if status.commit else ""), output)
    if not status.serving:
        output.say("  nothing yet")
    for each in status.serving:
        output.say("  " + _serving_line(each, status, output))


def _serving_line(each: Serving, status: Status, output: Output) -> str:
    name = printable(each.model)
    more = f"   ({printable(each.released)} on the release branch)" if each.released else ""
    if not each.version and each.problem:
        return f"{name}  {output.style('unknown', 'red')}: {printable(each.problem)}{more}"
    if not each.version:
        return f"{name}  nothing in {printable(each.stage)}{more}"
    parts = [f"{name} {output.style(each.version, 'green')}"]
    stage = "" if each.stage == "production" else printable(each.stage) + " "
    parts += [f"{stage}since {each.since[:10]}"] if each.since else [f"in {printable(each.stage)}"]
    parts += [f"{each.metric[0]} {each.metric[1]}"] if each.metric else []
    parts += [f"from {', '.join(each.data)}"] if each.data else []
    away = any((key.name, key.version) == (each.model, each.version) for key in status.elsewhere)
    parts += [f"{each.tag} here" if away else each.tag, f"bytes {each.bytes}"]
    line = parts[0] + "  " + ", ".join(printable(part) for part in parts[1:])
    return line + (f"  {output.style(printable(each.problem), 'red')}" if each.problem else "") + more


# What is newest


def _newest(status: Status, output: Output) -> None:
    if status.snapshots or status.versions:
        _heading("newest", output)
    for each in status.snapshots:
        output.say("  " + _newest_line(each, "data", ""))
    if status.more_snapshots:
        output.say(f"  ... and {count(status.more_snapshots, 'more dataset')}: git mlv snapshot list")
    for each in status.versions:
        untagged = "not tagged here" if each.key in status.elsewhere else "not tagged"
        output.say("  " + _newest_line(each, "model", "tagged" if each.tagged else untagged))
    if status.more_versions:
        output.say(f"  ... and {count(status.more_versions, 'more model')}: git mlv model list")


def _newest_line(each: Newest, kind: str, tag: str) -> str:
    moved = each.committed and each.stage != each.committed_stage
    facts = [each.stage + (f" (in HEAD {each.committed_stage})" if moved else ""), tag]
    if each.manifest is None:
        facts.append("its manifest cannot be read")
    else:
        facts += [
            count(each.manifest.file_count, "file"),
            size(each.manifest.total_bytes),
            each.manifest.created_utc[:10],
        ]
    if not each.committed:
        facts.append("not committed")
    if each.falsified:
        facts.append("not as it was frozen")
    if each.manifest is not None:
        facts.append(retired_fact(each.manifest) + (", and not all gone from here" if each.unerased else ""))
    if each.away:
        facts.append(f"not checked out here: git mlv pull {each.key}")
    if each.missing_files:
        facts.append(f"{each.missing_files:,} of them not here: git mlv pull {each.key}")
    return printable(f"{kind:<6} {each.key}  {', '.join(fact for fact in facts if fact)}")


# What is new or wrong


def _here(status: Status, output: Output) -> None:
    lines = [f"new: {key}" for key in status.new]
    lines += [f"not frozen: {key} ({key.kind})" for key in status.unfrozen]
    lines += [f"in conflict: {path}" for path in status.unmerged]
    lines += [
        f"{finding.severity} {finding.code} {finding.path}: {finding.message}"
        for finding in status.findings
        if finding.path not in status.unmerged and not (finding.code == "MLV104" and finding.key in status.unfrozen)
    ]
    told = {finding.path for finding in status.findings}
    lines += [f"edited, not staged: {path}" for path in status.edited if path not in told]
    if status.unerased:
        lines.append(f"retired, and still in the store: {count(status.unerased, 'file')}: git mlv pull")
    _list("here, other than in HEAD", lines, output)
    if status.staged:
        _list(f"staged, not committed: {count(len(status.staged), 'file')}", status.staged[:3], output)
        if len(status.staged) > 3:
            output.say(f"  ... and {len(status.staged) - 3} more")


def _where(status: Status, output: Output) -> None:
    active = [event for event, state in status.guards.items() if state == "active"]
    if status.guards and len(active) == len(status.guards):
        guards = "guarded: all hooks are active"
    elif not active:
        guards = output.style("not guarded", "yellow") + ": no hook of mlvgit is active (git mlv doctor)"
    else:
        states = ", ".join(f"{event} {state}" for event, state in status.guards.items() if state != "active")
        guards = output.style("partly guarded", "yellow") + f": {states} (git mlv doctor)"
    branch = printable(status.branch) or "detached HEAD"
    branch += f", in the middle of a {status.operation}" if status.operation else ""
    branch += _apart(status.upstream)
    output.say(f"{guards}; on {branch}" + ("" if status.commit else ", no commit yet"))
    if status.other_roots:
        output.say(f"other roots: {printable(', '.join(status.other_roots))} (git mlv -C DIR status)")


def _apart(upstream: Upstream) -> str:
    there = printable(f"{upstream.remote}/{upstream.branch}")
    if upstream.ahead and upstream.behind:
        return f", {upstream.ahead} ahead, {upstream.behind} behind {there}"
    if upstream.behind:
        return f", {count(upstream.behind, 'commit')} behind {there}"
    return f", {count(upstream.ahead, 'commit')} ahead of {there}" if upstream.ahead else ""


# JSON


def _plain(status: Status, step: Step) -> dict[str, Any]:
    return {
        "root": status.root,
        "branch": status.branch,
        "commit": status.commit,
        "bare": status.bare,
        "operation": status.operation,
        "has_settings": status.has_settings,
        "settings_problems": list(status.settings_problems),
        "serving": [_serving_json(each) for each in status.serving],
        "newest": [_newest_json(each) for each in (*status.snapshots, *status.versions)],
        "new": [str(key) for key in status.new],
        "unfrozen": [str(key) for key in status.unfrozen],
        "staged": list(status.staged),
        "edited": list(status.edited),
        "unmerged": list(status.unmerged),
        "findings": [
            {"code": each.code, "severity": each.severity, "path": each.path, "message": each.message}
            for each in status.findings
        ],
        "debts": list(status.debts),
        "guards": dict(status.guards),
        "upstream": status.upstream._asdict(),
        "other_roots": list(status.other_roots),
        "missing": {
            "refs": [str(key) for key in status.missing.keys],
            "files": status.missing.files,
            "bytes": status.missing.bytes,
        },
        "freeable_bytes": status.freeable.bytes,
        "unerased_files": status.unerased,
        "next": {"command": step.command, "why": step.why},
    }


def _serving_json(each: Serving) -> dict[str, Any]:
    return {
        "model": each.model,
        "stage": each.stage,
        "version": each.version,
        "since": each.since,
        "commit": each.commit,
        "metric": {each.metric[0]: each.metric[1]} if each.metric else {},
        "data": list(each.data),
        "tag": each.tag,
        "bytes": each.bytes,
        "released": each.released,
        "problem": each.problem,
    }


def _newest_json(each: Newest) -> dict[str, Any]:
    return {
        "kind": each.key.kind,
        "ref": str(each.key),
        "stage": each.stage,
        "committed_stage": each.committed_stage,
        "tagged": each.tagged,
        "committed": each.committed,
        "away": each.away,
        "missing_files": each.missing_files,
        "unerased": each.unerased,
        "falsified": each.falsified,
        "tree_sha256": each.manifest.tree_sha256 if each.manifest else "",
        "created_utc": each.manifest.created_utc if each.manifest else "",
    }
