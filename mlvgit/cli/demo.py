"""`git mlv demo`: the whole way on a real data set, each command shown as it is run."""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from mlvgit.actions.demo import DATASETS, Step, shelf_of, steps
from mlvgit.cli.output import Output
from mlvgit.core.text import printable
from mlvgit.errors import MachineError, UsageError
from mlvgit.repo.process import run_here

__all__ = ["configure_demo", "run_demo"]


def configure_demo(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv demo`."""
    parser.description = (
        "Freeze a real data set, train and release two model versions, try to falsify the data, recover, roll back, "
        "keep photographs outside Git and get them in another clone: each command is shown and run in a throw-away "
        "repository."
    )
    parser.epilog = "examples:\n  git mlv demo\n  git mlv demo --dataset digits --keep /tmp/demo\n"
    parser.add_argument("--dataset", choices=DATASETS, default="iris", help="shipped by scikit-learn (iris)")
    parser.add_argument("--keep", metavar="DIR", type=Path, help="make the repository here, and leave it to explore")


def run_demo(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv demo`."""
    scratch = None if args.keep else tempfile.mkdtemp(prefix="mlv-demo-")
    folder = Path(scratch, "demo").resolve() if scratch else args.keep.resolve()
    for each in (folder, shelf_of(folder)):
        if each.exists() and any(each.iterdir()):
            raise UsageError(f"{each} is not empty", hint="name a folder that does not exist yet")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for step in steps(args.dataset, folder):
            _run(step, folder, output)
    finally:
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)
    output.say()
    if args.keep:
        output.say(f"the repository is {folder}, its remote of bytes {shelf_of(folder)}")
        output.next(f"cd {folder} && git mlv status")
    else:
        output.say("that was a throw-away repository; --keep DIR leaves one to explore")
    return 0


def _run(step: Step, folder: Path, output: Output) -> None:
    if step.title:
        output.say("\n" + output.style(f"# {step.title}", "bold"))
    for name, contents in step.files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.chmod(0o644)
        path.write_bytes(contents.encode() if isinstance(contents, str) else contents)
    if not step.command:
        return
    output.say(output.style(f"$ {step.shown}", "cyan"))
    status, said = run_here(step.command, folder, _environment())
    for line in said.rstrip("\n").split("\n") if said.strip() else []:
        output.say("  " + printable(line))
    if (status != 0) != step.refused:
        raise MachineError(f"the demo stopped: {step.shown} ended with {status}")


def _environment() -> dict[str, str]:
    """A repository that owes nothing to the user's configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    here = os.path.dirname(sys.executable)
    return {
        **kept,
        "PATH": here + os.pathsep + kept.get("PATH", os.defpath),
        "OMP_NUM_THREADS": "1",  # the data is small: threads would only wait for each other
        "OPENBLAS_NUM_THREADS": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Demo",
        "GIT_AUTHOR_EMAIL": "demo@example.com",
        "GIT_COMMITTER_NAME": "Demo",
        "GIT_COMMITTER_EMAIL": "demo@example.com",
    }
