"""A process that has all of mlvgit imported and runs one command in each child that it forks: a line in, a line out.

Run as a program: it reads `{"cwd", "env", "argv", "number", "fault"}` and answers `{"status", "calls", "met", "said"}`,
where a negative status is the signal that ended the child.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.faults.shim import Counter, Shim
from tests.warm import import_all

ROOT = Path(__file__).resolve().parents[2]


class Outcome(NamedTuple):
    """How a command ended."""

    status: int
    calls: int
    met: str
    said: str


class Warm:
    """The process, from outside."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.warm"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
        )

    def run(self, cwd: Path, env: dict[str, str], *argv: str, number: int = 0, fault: str = "killed") -> Outcome:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"cwd": str(cwd), "env": env, "argv": argv, "number": number, "fault": fault}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Outcome(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


def serve() -> None:
    """Answer until there is no more line."""
    import_all()
    importlib.import_module("pyfastcdc")
    counter = Counter()
    answers = os.dup(1)
    for line in sys.stdin:
        asked = json.loads(line)
        counter.reset()
        with tempfile.TemporaryFile() as said:
            child = os.fork()
            if not child:
                _become(asked, said.fileno(), counter)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said.seek(0)
            text = said.read().decode("utf-8", "replace")
        outcome = Outcome(status, counter.calls, counter.met, text)
        os.write(answers, json.dumps(outcome._asdict()).encode() + b"\n")


def _become(asked: dict, said: int, counter: Counter) -> None:
    status = 99
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["env"])
        from mlvgit.cli.main import main

        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
        sys.argv[0] = "git-mlv"
        Shim(asked["number"], asked["fault"], counter).install()
        status = main(asked["argv"])
        sys.stdout.flush()
    finally:
        os._exit(status)


if __name__ == "__main__":
    serve()
