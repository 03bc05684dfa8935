"""GitPython, opened so that it runs the same git as everything else."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import git

__all__ = ["open_porcelain"]

_VARIABLE = "GIT_PYTHON_GIT_EXECUTABLE"


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
