"""Small parts of installing and removing hooks: steps, files, keys of the configuration."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mlvgit.errors import MachineError

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = [
    "CONFIG_BEFORE",
    "DRIVER",
    "PRIVATE",
    "RECORD",
    "InstallResult",
    "Step",
    "config_path",
    "digest",
    "load_record",
    "perform",
    "read",
    "removing",
    "renaming",
    "same_folder",
    "set_config",
    "umask",
]

DRIVER = "mlv-registry"
"""The merge driver's name, for `merge=` in .gitattributes."""
RECORD = "install.json"
CONFIG_BEFORE = "config.before"
PRIVATE = 0o600
"""A configuration may hold a credential."""


class InstallResult(NamedTuple):
    """What was done, or with a dry run what would be.

    Attributes:
        scheme: "config", "path" or "files"; "" when nothing was installed.
        steps: one line each, in order; none when everything was as it should be.
        notes: what the user should know besides.
    """

    scheme: str
    steps: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.steps)


class Step(NamedTuple):
    """One thing to do, and how it is said."""

    text: str
    do: Callable[[], object]


def perform(steps: Iterable[Step]) -> None:
    """Do the steps in order.

    Raises:
        MachineError: one of them failed; those before it stand.
    """
    for step in steps:
        try:
            step.do()
        except OSError as error:
            raise MachineError(f"cannot {step.text}: {error.strerror or error}") from error


def load_record(repo: Repository) -> dict[str, Any]:
    """Return what the last `install` remembered; empty when there was none."""
    try:
        found = json.loads((repo.state_dir / RECORD).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def set_config(repo: Repository, key: str, value: str | None, scope: str = "local") -> None:
    """Set a key, or remove it when `value` is None; scope is "local" or "worktree"."""
    if scope == "local":
        repo.set_config(key, value)
    elif value is None:
        repo.git.run("config", f"--{scope}", "--unset-all", key, ok=(0, 5))
    else:
        repo.git.run("config", f"--{scope}", "--replace-all", key, value)


def removing(repo: Repository, section: str) -> Callable[[], object]:
    """Return the act of removing a section of the configuration."""
    return lambda: repo.git.run("config", "--local", "--remove-section", section)


def renaming(source: Path, target: Path) -> Callable[[], object]:
    """Return the act of renaming a file, or a link itself."""
    return lambda: os.replace(source, target)


def config_path(repo: Repository, scope: str) -> Path:
    """Return the file of the configuration of a scope."""
    return repo.git_dir / "config.worktree" if scope == "worktree" else repo.common_dir / "config"


def same_folder(value: str, folder: Path) -> bool:
    """Say whether a folder named in the configuration is `folder`."""
    return bool(value) and os.path.realpath(value) == os.path.realpath(folder)


def read(path: Path) -> bytes:
    """Return the bytes of a file, b"" when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(read(path)).hexdigest()


def umask() -> int:
    """Return the permissions that new files do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
