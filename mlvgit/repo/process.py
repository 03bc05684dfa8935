"""Running a program that a person would type, with what it says on both streams in order."""

from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["run_here"]


def run_here(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> tuple[int, str]:
    """Run `command` in `folder`; return its exit status and what it printed.

    Raises:
        MachineError: the program is not there.
    """
    import subprocess

    from mlvgit.errors import MachineError

    try:
        done = subprocess.run(
            list(command),
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        raise MachineError(f"cannot run {command[0]}: {error.strerror}") from error
    return done.returncode, done.stdout.decode("utf-8", "replace")
