"""Where a repository is: one question to Git, and what is said when the answer is no. On the hooks' fast path."""

from __future__ import annotations

import os

from mlvgit.repo.git import Git

__all__ = ["look", "refusal"]

_FACTS = ("--show-object-format", "--is-shallow-repository", "--is-bare-repository")
_PATHS = ("--absolute-git-dir", "--git-common-dir", "--show-toplevel")
_NOT_IN_A_WORK_TREE = 128


def look(git: Git) -> tuple[list[str], list[str]]:
    """Ask all facts at once; a folder whose name holds a newline is asked about again, path by path."""
    options = ("rev-parse", "--path-format=absolute", *_FACTS, *_PATHS)
    lines = git.text(*options, ok=(0, _NOT_IN_A_WORK_TREE)).split("\n")
    facts, places = lines[: len(_FACTS)], lines[len(_FACTS) :]
    if len(facts) < len(_FACTS) or len(places) < 2:
        git.run(*options)
    if len(places) == 2:
        places.append("")
    if len(places) > len(_PATHS):
        places = [git.text("rev-parse", "--path-format=absolute", name, ok=(0, _NOT_IN_A_WORK_TREE)) for name in _PATHS]
    return facts, places


def refusal(path: str, error: Exception) -> Exception:
    """Return what to raise when a repository cannot be opened; errors are imported here, off the fast path."""
    from mlvgit.core.text import printable
    from mlvgit.errors import GitError, MachineError

    if isinstance(error, OSError):
        return MachineError(f"the current folder cannot be used: {error.strerror}", hint="cd")
    if not isinstance(error, GitError):
        return error
    where = printable(os.path.abspath(path))
    if "safe.directory" in error.stderr:
        command = error.stderr.strip().splitlines()[-1].strip()
        return MachineError(f"Git refuses to use {where}: somebody else owns it", hint=command)
    if "cannot change to" in error.stderr:
        return MachineError(f"there is no folder {where}")
    if "not a git repository" in error.stderr:
        return MachineError(f"{where} is not in a Git repository", hint="git init")
    return MachineError(f"Git cannot open {where}: {printable(error.stderr.strip())}")
