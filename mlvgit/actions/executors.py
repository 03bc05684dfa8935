"""Where tasks run: threads of this process, processes of this machine, or a Dask cluster that runs already."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from mlvgit.core.text import printable
from mlvgit.errors import MachineError, MlvError, UsageError

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["executor"]

SECONDS: Final = 15
"""How long a scheduler is waited for."""


@contextmanager
def executor(word: str) -> "Iterator[Executor | None]":
    """Open what a user named, and let go of it at the end; None stands for the threads of this process.

    Args:
        word: `threads`, `processes` or `dask:tcp://HOST:PORT`.

    Raises:
        UsageError: there is no such thing.
        MachineError: a library is not installed, no scheduler answers, or what runs the tasks broke down.
    """
    if word == "threads":
        yield None
        return
    opened = _processes() if word == "processes" else _dask(word)
    try:
        with opened as found:
            yield found
    except MlvError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("distributed", "dask", "concurrent", "pickle"):
            raise
        said = printable(str(error).split("\n")[0] or type(error).__name__)
        raise MachineError(
            f"{word} broke down: {said}", hint="the same command again, or --executor threads"
        ) from error


def _processes() -> Any:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(mp_context=get_context("spawn"))  # libraries with threads do not survive a fork


@contextmanager
def _dask(word: str) -> "Iterator[Executor]":
    kind, _, address = word.partition(":")
    if kind != "dask" or not re.fullmatch(r"(tcp|tls)://[^\s/]+:[0-9]+", address):
        raise UsageError(
            f"{printable(word)!r} runs no tasks", hint="--executor threads, processes or dask:tcp://HOST:PORT"
        )
    try:
        from distributed import Client
    except ImportError as error:
        raise MachineError(
            "dask: needs distributed, which is not installed", hint="pip install 'mlvgit[dask]'"
        ) from error
    try:
        client = Client(address, timeout=SECONDS, set_as_default=False)
    except OSError as error:
        raise MachineError(
            f"no Dask scheduler answers at {address}", hint="dask scheduler   (says its address when it starts)"
        ) from error
    with client, client.get_executor(pure=False) as found:
        yield found
