"""Git's configuration, read in one go and written through Git. On the hooks' fast path."""

from __future__ import annotations

from mlvgit.repo.git import Git

__all__ = ["Configuration"]

_NO_SUCH_KEY = 5


class Configuration:
    """All keys that Git sees in one repository."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._read: dict[str, list[str]] | None = None

    def values(self, key: str) -> tuple[str, ...]:
        """Return all values of a key, the strongest last; a key without a value counts as "true"."""
        return tuple(self._all().get(_canonical(key), ()))

    def keys(self, prefix: str) -> tuple[str, ...]:
        """Return the keys that begin with `prefix`; sections and names are in lower case."""
        return tuple(key for key in self._all() if key.startswith(prefix))

    def set(self, key: str, value: str | None) -> None:
        """Write a key of the repository's own file, or remove it (None), and read it back.

        Raises:
            MachineError: it reads otherwise afterwards.
        """
        if value is None:
            self._git.run("config", "--local", "--unset-all", key, ok=(0, _NO_SUCH_KEY))
        else:
            self._git.run("config", "--local", "--replace-all", key, value)
        self._read = None
        found = self._git.lines0("config", "--local", "-z", "--get-all", key, ok=(0, 1))
        if found != ([] if value is None else [value]):
            from mlvgit.errors import MachineError

            raise MachineError(f"git config {key} reads {found!r} after it was set to {value!r}")

    def _all(self) -> dict[str, list[str]]:
        if self._read is None:
            self._read = {}
            for record in self._git.lines0("config", "--list", "-z"):
                key, newline, value = record.partition("\n")
                self._read.setdefault(key, []).append(value if newline else "true")
        return self._read


def _canonical(key: str) -> str:
    section, _, rest = key.partition(".")
    middle, dot, name = rest.rpartition(".")
    return f"{section.lower()}.{middle}{dot}{name.lower()}"
