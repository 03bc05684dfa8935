"""A repository whose native hooks run the real entry with a stub in the place of the rules.

The stub refuses while FROZEN says "bad" in the index, and writes what it was asked into `asked`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mlvgit.repo.hookfiles import install
from mlvgit.repo.hookscheme import CLIENT_EVENTS
from mlvgit.repo.repository import Repository
from tests.conftest import ROOT, Playground, Sandbox

FROZEN = "data/snapshots/iris_v0.1/iris.csv"
STUB = """
import json, os, subprocess, sys, types
sys.path.insert(0, {root!r})
from typing import NamedTuple
class Finding(NamedTuple):
    path: str
    code: str = "MLV101"
    severity: str = "error"
    key: object = None
class Report(NamedTuple):
    findings: list
    text: str
    errors: int = 0
    base: str = ""
def note(**what):
    with open({asked!r}, "a") as file:
        file.write(json.dumps(what) + chr(10))
def judged(name, base=""):
    shown = subprocess.run(["git", "show", name + ":" + {frozen!r}], capture_output=True, text=True).stdout
    bad = "bad" in shown
    return Report([Finding({frozen!r})], "STUB REFUSES", 1, base) if bad else Report([], "")
def guard_commit(repo, parents, way_out=""):
    note(event=sys.argv[1], parents=parents)
    return judged("")
def guard_push(repo, lines, name, url, way_out=""):
    note(event="pre-push", lines=lines, name=name, url=url)
    return judged(lines[0].local_oid, lines[0].remote_oid) if lines[0].local_oid.strip("0") else Report([], "")
def guard_receive(repo, lines, options, way_out=""):
    note(event="pre-receive", lines=lines, options=options, quarantine="GIT_QUARANTINE_PATH" in os.environ)
    return judged(lines[0].local_oid, lines[0].remote_oid) if lines[0].local_oid.strip("0") else Report([], "")
stub = types.ModuleType("mlvgit.actions.guards")
stub.Report, stub.guard_commit, stub.guard_push, stub.guard_receive = Report, guard_commit, guard_push, guard_receive
sys.modules["mlvgit.actions.guards"] = stub
from mlvgit.hooks.entry import main
status = main(sys.argv[1:])
note(event=sys.argv[1], status=status)
sys.exit(status)
"""


class Guarded:
    """A repository with our hooks and the stub.

    Attributes:
        repo: the repository.
        folder: a place for what the test needs besides.
    """

    def __init__(self, repo: Sandbox, folder: Path, *, server: bool = False) -> None:
        self.repo = repo
        self.folder = folder
        self.log = folder / "asked"
        install(Repository.open(repo.path), server=server)
        stub = folder / "stub.py"
        stub.write_text(STUB.format(root=str(ROOT), asked=str(self.log), frozen=FROZEN))
        program = folder / "stub python"
        # Called as: PYTHON -I -S -c START HOME EVENT ARGUMENTS...
        program.write_text(f'#!/bin/sh\nshift 5\nexec "{sys.executable}" "{stub}" "$@"\n')
        program.chmod(0o755)
        common = Path(repo.git("rev-parse", "--path-format=absolute", "--git-common-dir").out.rstrip("\n"))
        (common / "mlv" / "python").write_text(f"{program}\n{ROOT}\n")

    def asked(self, event: str | None = None) -> list[dict[str, object]]:
        """Return what the stub was asked so far, and forget it."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line for line in lines if "status" not in line and event in (None, line["event"])]

    def unguarded(self, *args: str, check: bool = True, **more: str) -> None:
        """Run Git without any hook."""
        off = [f"hook.mlv-{event}.enabled=false" for event in CLIENT_EVENTS]
        options = [word for key in ("core.hooksPath=/dev/null", *off) for word in ("-c", key)]
        self.repo.git(*options, *args, check=check, **more)

    def sneak(self, message: str, **files: str) -> str:
        """Commit without hooks; FROZEN is written as `frozen`."""
        for name, text in files.items():
            self.repo.write(FROZEN if name == "frozen" else name, text + "\n")
        self.unguarded("add", "-A")
        self.unguarded("commit", "-qm", message)
        return self.repo.head()

    def checkout(self, *args: str) -> None:
        """Check out without hooks."""
        self.unguarded("checkout", "-q", *args)

    def frozen(self, name: str = "HEAD") -> str:
        """Return what FROZEN says in a commit, "" for the index."""
        return self.repo.git("show", f"{name}:{FROZEN}").out.strip()

    def subjects(self, count: int = 4) -> list[str]:
        """Return the last subjects, newest first."""
        return self.repo.git("log", "--format=%s", f"-{count}").out.split("\n")[:-1]


@pytest.fixture
def guarded(playground: Playground, tmp_path: Path) -> Guarded:
    """`main` with good bytes, `side` that breaks them between two good commits; see `sneak`."""
    repo = playground.init("a repository")
    tools = tmp_path / "tools"
    tools.mkdir()
    made = Guarded(repo, tools)
    made.sneak("published badly", frozen="bad")
    made.sneak("mended", frozen="good")
    made.sneak("other work", a="1")
    made.unguarded("branch", "side")
    made.sneak("main goes on", m="1")
    made.checkout("side")
    made.sneak("side one", s1="1")
    made.sneak("side breaks", frozen="bad", w="1")
    made.sneak("side three", s3="1")
    made.checkout("main")
    return made
