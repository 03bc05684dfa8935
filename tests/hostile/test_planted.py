"""Programs and modules that a repository plants: none of them is ever run by ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import SCRIPTS, Sandbox
from tests.e2e.world import World, append

PROGRAMS = (
    "git", "git.exe", "..exe", "sh", "bash", "env", "cat", "sed", "grep", "cp", "mv", "rm", "mkdir", "chmod", "test", "[",
    "printf", "dirname", "python", "python3", "gpg", "ssh", "ssh-keygen", "sha256sum", "less", "pip", "ls", "uname",
)  # fmt: skip
MODULES = (
    "json.py", "yaml.py", "re.py", "typing.py", "hashlib.py", "argparse.py", "subprocess.py", "dataclasses.py",
    "usercustomize.py", "git.py", "jsonschema.py", "rich.py", "mlvgit.py", "site.py", "shlex.py", "tempfile.py",
)  # fmt: skip


def plant(repo: Sandbox) -> Path:
    """Put programs and modules everywhere that leave a trace when they run; return the trace."""
    trace = repo.path.parent / f"ran-{repo.path.name}"
    for folder in ("", "data/", "models/", ".git/", "data/snapshots/"):
        for name in PROGRAMS:
            repo.write(folder + name, f"#!/bin/sh\necho {name} >> '{trace}'\nexit 1\n").chmod(0o755)
        for name in MODULES:
            repo.write(folder + name, f"open({str(trace)!r}, 'a').write({name!r})\nraise SystemExit(9)\n")
    exclude = repo / ".git/info/exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("".join(f"{name}\n" for name in (*PROGRAMS, *MODULES)).replace("[", "\\["))
    return trace


def dotted(repo: Sandbox) -> dict[str, str]:
    """PATH of somebody who put the current folder first."""
    return {"PATH": os.pathsep.join(["", ".", "data", str(repo.playground.programs), str(SCRIPTS), os.environ["PATH"]])}


READING = [
    ("status",), ("status", "--json"), ("check", "--all"), ("check", "HEAD~1..HEAD"), ("verify",), ("log",), ("doctor",),
    ("resolve", "iris_clf@production"), ("model", "show", "iris_clf@v0.2.0"),
    ("model", "diff", "iris_clf@v0.1.0", "iris_clf@v0.2.0"),
]  # fmt: skip


@pytest.mark.parametrize("where", ["", "data"])
def test_no_command_runs_a_planted_program(world: World, where: str) -> None:
    bob = world.person()
    trace = plant(bob)
    mlv = str(SCRIPTS / "git-mlv")
    for words in READING:
        ran = bob.run(mlv, *words, cwd=bob / where, check=False, **dotted(bob))
        assert ran.status in (0, 1), ran
    for words in (("promote", "iris_clf", "v0.3.0", "dev", "-m", "x"), ("install",), ("uninstall",), ("install",)):
        bob.run(mlv, *words, cwd=bob / where, check=False, **dotted(bob))
    assert not trace.exists(), trace.read_text()


def test_no_hook_runs_a_planted_program(world: World) -> None:
    bob = world.person()
    trace = plant(bob)
    bob.write("README.md", "other\n")
    git = "/usr/bin/git" if Path("/usr/bin/git").exists() else "git"
    bob.run(git, "add", "README.md", **dotted(bob))
    bob.run(git, "commit", "-q", "-m", "x", **dotted(bob), PYTHONPATH=f".:{bob.path}", PYTHONSTARTUP="./json.py")
    append(bob)
    ran = bob.run(git, "commit", "-q", "-a", "-m", "x", check=False, **dotted(bob), PYTHONPATH=f".:{bob.path}")
    assert "MLV101" in ran.said
    bob.run(git, "push", "-q", "origin", "HEAD:refs/heads/main", **dotted(bob), PYTHONPATH=f".:{bob.path}")
    assert not trace.exists(), trace.read_text()


def test_python_finds_no_module_in_the_current_folder(world: World) -> None:
    bob = world.person()
    trace = plant(bob)
    ran = bob.run(str(SCRIPTS / "git-mlv"), "status")
    assert "iris_clf" in ran.out
    assert not trace.exists(), trace.read_text()
