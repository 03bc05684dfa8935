"""`git mlv record`: the record of the run that made a model version."""

import argparse
import shlex
from pathlib import Path

from mlvgit.actions.given import read_object
from mlvgit.actions.project import Project
from mlvgit.actions.runs import RecordPlan, record, uncommitted_code
from mlvgit.cli.common import add_commit, add_json, commit_staged
from mlvgit.cli.output import Output
from mlvgit.core.text import printable
from mlvgit.records.run import RunRecord

__all__ = ["configure_record", "run_record"]


def configure_record(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv record`."""
    parser.description = "Write runs/ID.yaml: code commit + data + params + environment -> model version + metrics."
    parser.epilog = (
        "examples:\n"
        "  git mlv record iris_clf v0.2.0 --data iris@v0.1 --code 9f2e1c4\n"
        "  git mlv record iris_clf v0.2.0 --lock env/requirements.lock\n"
    )
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("version", metavar="VERSION")
    parser.add_argument("--id", default="", metavar="ID", help="run id (DATE-MODEL-VERSION)")
    parser.add_argument("--data", metavar="SNAPSHOT", action="append", default=[])
    parser.add_argument(
        "--code", metavar="COMMIT", default="HEAD", help="what was checked out when the run started (HEAD)"
    )
    parser.add_argument("--params", metavar="FILE", type=Path, help="more parameters, an object in JSON or YAML")
    parser.add_argument("--metrics", metavar="FILE", type=Path, help="more metrics, an object in JSON or YAML")
    parser.add_argument("--lock", metavar="FILE", type=Path, help="lock file (env/requirements.lock, uv.lock, ...)")
    parser.add_argument("--image", metavar="IMAGE", default="", help="container image, best with @sha256:...")
    parser.add_argument("--python", metavar="VERSION", default="", help="Python of the run (this one)")
    parser.add_argument("--command", metavar="TEXT", default="", help="what was run")
    add_commit(parser)
    add_json(parser)


def run_record(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv record`."""
    project = Project.open()
    plan = RecordPlan(
        model=args.model,
        version=args.version,
        run_id=args.id,
        data=tuple(args.data),
        code=args.code,
        params=read_object(args.params) if args.params else {},
        metrics=read_object(args.metrics) if args.metrics else {},
        lock=args.lock,
        image=args.image,
        python=args.python,
        command=args.command,
    )
    changed = uncommitted_code(project) if args.code == "HEAD" and project.repo.head() else []
    if changed:
        output.warn(
            f"{printable(changed[0])} differs from HEAD, which the record names as its code: commit it, or --code COMMIT"
        )
    path = record(project, plan)
    subject = f"Record the run of {args.model}@{args.version}"
    commit = commit_staged(project, args, [path], subject, output)
    output.say(f"wrote {path}" + ("" if commit else " (staged)"))
    run = project.working().run(path).value
    if isinstance(run, RunRecord) and not run.env.is_locked:
        output.warn(
            "neither a lock file nor an image by its digest is named, so that nobody can tell which libraries made it; before "
            f"it is pushed: rm {shlex.quote(path)}, and the same command with --lock FILE (or --image NAME@sha256:HEX)"
        )
    if not commit:
        output.next(f'git commit -m "{subject}"')
    output.json({"path": path, "commit": commit})
    return 0
