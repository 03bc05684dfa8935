"""`git mlv remote`: list, add, test."""

import argparse
from collections.abc import Sequence

from mlvgit.actions.project import Project
from mlvgit.actions.remotes import Listed, Step, Trial, add_remote, kind_of, list_remotes
from mlvgit.cli.common import add_commit, add_json, commit_staged
from mlvgit.cli.output import Output
from mlvgit.core.text import count, printable

__all__ = ["configure_remote", "run_remote"]

EXAMPLES = """\
examples:
  git mlv remote add shelf /mnt/team/shelf
  git mlv remote add lab ssh://ada@lab.example/data/mlv -m "Keep bytes in the lab"
  git mlv remote add bucket s3://team-bucket/mlv --endpoint https://s3.lab.example
  git mlv remote test bucket
"""


def configure_remote(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv remote`."""
    parser.description = "Where bytes go that Git does not hold, as mlv.yaml names it; the first one is pushed to."
    parser.epilog = EXAMPLES
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    add_json(verbs.add_parser("list", help="which there are, and which one is pushed to"))
    add = verbs.add_parser("add", help="name one in mlv.yaml", epilog=EXAMPLES, formatter_class=parser.formatter_class)
    add.add_argument("name", metavar="NAME", help="what it is to be called")
    add.add_argument("url", metavar="URL", help="a folder, or a URL; never with a password")
    add.add_argument(
        "--endpoint", metavar="URL", default="", help="the server's address, where it is not the provider's"
    )
    add_commit(add)
    add_json(add)
    test = verbs.add_parser(
        "test",
        help="try it out with objects of random bytes, which are deleted again",
        description="Write, read, list and delete objects of random bytes, and say what was seen. "
        "Nothing else is touched, and no folder is made that is not there. Exit status 4 when something does not hold.",
        formatter_class=parser.formatter_class,
    )
    test.add_argument("name", metavar="REMOTE", help="as mlv.yaml names it")
    add_json(test)


def run_remote(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv remote`."""
    return {"list": _list, "add": _add, "test": _test}[args.verb](Project.open(), args, output)


def _list(project: Project, args: argparse.Namespace, output: Output) -> int:
    del args
    found = list_remotes(project)
    if found:
        rows = [
            (each.name, each.kind, f"{each.url} at {each.endpoint}" if each.endpoint else each.url, _role(each))
            for each in found
        ]
        output.table(rows, ("name", "kind", "where", ""))
    else:
        output.talk("mlv.yaml names no remote; git mlv remote add NAME URL")
    output.json({"remotes": [each._asdict() for each in found]})
    return 0


def _role(each: Listed) -> str:
    return "pushed to" if each.first else "read from"


def _add(project: Project, args: argparse.Namespace, output: Output) -> int:
    added = add_remote(project, args.name, args.url, args.endpoint)
    if added.already:
        output.say(f"{printable(args.name)} is there already: nothing to do")
    else:
        output.say(f"{output.style('added', 'green')} to {printable(added.path)}:")
        for line in added.lines.splitlines():
            output.say(printable(line))
    staged = [] if added.already else [added.path]
    commit = commit_staged(project, args, staged, f"Name the remote {args.name}", output)
    for note in added.notes:
        output.talk(f"note: {printable(note)}")
    if staged and not commit:
        output.next(f'git commit -m "Name the remote {args.name}"   (who clones finds the bytes by it)')
    elif not added.already:
        output.next(f"git mlv remote test {args.name}")
    output.json({"name": args.name, "url": args.url, "already": added.already, "path": added.path, "commit": commit})
    return 0


def _test(project: Project, args: argparse.Namespace, output: Output) -> int:
    trial = Trial.of(project, args.name)
    remote = trial.remote
    output.say(f"{output.style(printable(remote.name), 'bold')} {printable(remote.url)}")
    steps = []
    for step in trial.run():
        steps.append(step)
        _say(step, output)
    for notice in remote.notices:
        output.talk(f"note: {printable(notice)}")
    if trial.left:
        output.warn(f"could not be deleted: {', '.join(trial.left)}")
    holds = all(step.holds for step in steps) and not trial.left
    output.say(_verdict(printable(remote.name), steps, whole_only=remote.whole_only, left=bool(trial.left)))
    output.json(
        {
            "name": remote.name,
            "url": remote.url,
            "kind": kind_of(remote.url),
            "ok": holds,
            "steps": [{**step._asdict(), "seconds": round(step.seconds, 3)} for step in steps],
            "left": trial.left,
        }
    )
    return 0 if holds else 4


def _verdict(name: str, steps: Sequence[Step], *, whole_only: bool, left: bool) -> str:
    """Say in one line what a trial comes to."""
    bad = sum(not step.holds for step in steps)
    if bad or left:
        return f"{name} does not do all that is needed: " + (
            f"{bad} of {count(len(steps), 'step')}" if bad else "see above"
        )
    if whole_only:
        return f"{name} answers; nothing was written, as this kind of remote cannot delete: the first git mlv push does"
    return f"{name} does all that is needed"


def _say(step: Step, output: Output) -> None:
    mark = output.style("ok  ", "green") if step.holds else output.style("BAD ", "red")
    output.say(f"{mark}  {step.name}: {printable(step.saw)}  ({step.seconds:.2f} s)")
    if step.mend:
        output.say(f"      {printable(step.mend)}")
