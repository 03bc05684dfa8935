"""GitPython, opened so that it runs the same git as everything else: for what a person would type."""

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import git

__all__ = ["Said", "open_porcelain", "run"]

_VARIABLE = "GIT_PYTHON_GIT_EXECUTABLE"


class Said(NamedTuple):
    """What a command of Git's porcelain ended with, and all that it said."""

    status: int
    text: str


def open_porcelain(path: str, program: str) -> "git.Repo":
    """Open a repository with GitPython.

    Args:
        path: the top of the working directory, or the bare repository.
        program: absolute path of git. GitPython looks `git` up in PATH while it is imported, and runs what it finds.
    """
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = program
    try:
        import git
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before
    git.refresh(program)
    return git.Repo(path)


def run(repo: "git.Repo", *args: str) -> Said:
    """Run a command as a person would, with their hooks, credentials and configuration; it may ask on the terminal."""
    command = [str(repo.git.GIT_PYTHON_GIT_EXECUTABLE), *args]
    status, output, said = repo.git.execute(command, with_extended_output=True, with_exceptions=False)
    return Said(int(status), "\n".join(filter(None, (str(said), str(output)))))
