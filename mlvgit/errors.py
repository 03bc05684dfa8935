"""The one family of known errors: a message, the way out, an exit status.

Anything else that escapes is a bug in mlvgit, and is shown as one.
Exit statuses: 0 fine; 1 findings, or something does not verify; 2 usage or settings; 3 environment; 4 remote;
5 busy; 130 interrupted.
"""

import errno
from typing import ClassVar, Final, NamedTuple

__all__ = [
    "BusyError",
    "DocumentError",
    "GitError",
    "IntegrityError",
    "MachineError",
    "MlvError",
    "Problem",
    "RefusedError",
    "RemoteError",
    "SettingsError",
    "UsageError",
    "way_out",
]

_NOT_ALLOWED: Final = (
    "ls -la says whose it is; when it is yours: chmod -R u+rwX FOLDER   (then the same command again; nothing was lost)"
)
_PARTIAL: Final = (
    "git fetch --refetch --no-filter   (this is a partial clone, and mlvgit fetches nothing that it left out)"
)
_LOCKED: Final = (
    "another git is at work here, or one that was killed left that file: the same command again; when no git runs here "
    "any more (ps -C git), remove it first"
)
_WAYS_OUT: Final = {
    errno.ENOSPC: "free some space and run the same command again; nothing was lost",
    errno.EDQUOT: "your quota is used up; free some space and run the same command again; nothing was lost",
    errno.EISDIR: "a folder stands where a file belongs: move it away and run the same command again",
    errno.EROFS: "the file system is mounted read-only",
    errno.EACCES: _NOT_ALLOWED,
    errno.EPERM: _NOT_ALLOWED,
}


class MlvError(Exception):
    """A known failure.

    Attributes:
        message: what happened to which thing, lower case, no full stop.
        hint: what to do now, nearly always a command that can be pasted; "" when there is nothing to add.
        exit_status: what the program ends with when nobody catches it.
    """

    exit_status: ClassVar[int] = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(MlvError):
    """The command cannot mean anything here: a wrong word, an unknown reference, an ambiguous name."""

    exit_status = 2


class IntegrityError(MlvError):
    """Bytes are not what their manifest or their name says, or changed while they were read."""

    exit_status = 1


class RefusedError(MlvError):
    """A rule of the project forbids what was asked (promote an untagged version, overwrite a published one)."""

    exit_status = 1


class MachineError(MlvError):
    """Something outside mlvgit failed: the disk, a permission, a program that is not installed."""

    exit_status = 3


class GitError(MachineError):
    """A Git command failed.

    Attributes:
        argv: the command, starting with "git".
        status: its exit status.
        stderr: what it said, decoded.
    """

    def __init__(self, argv: tuple[str, ...], status: int, stderr: str, *, hint: str = "") -> None:
        said = stderr.strip().splitlines()
        if locked := [line for line in said if ".lock': File exists" in line]:
            said = locked
            hint = hint or _LOCKED
        elif "promisor remote" in stderr:
            hint = hint or _PARTIAL
        last = said[-1] if said else "no message"
        if "commit" in argv[1:2] and len(said) > 1:
            last = "\n".join(["", *said])  # what a hook says of a refusal is more than a line
        super().__init__(f"{' '.join(argv[:3])} failed ({status}): {last}", hint=hint)
        self.argv = argv
        self.status = status
        self.stderr = stderr


class RemoteError(MlvError):
    """A remote could not be reached, or did not take what it was given.

    Attributes:
        sure: the hint is about the cause itself, so that no guess at it is of use beside.
    """

    exit_status = 4

    def __init__(self, message: str, *, hint: str = "", sure: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.sure = sure


class BusyError(MlvError):
    """Another mlvgit command holds the lock; the message says who."""

    exit_status = 5


class Problem(NamedTuple):
    """One thing that is wrong with a document.

    Attributes:
        line: 1-based; 0 when the whole document is meant.
        where: JSON path such as `$.files[3].sha256`; "$" for the whole document.
        message: what was found and what was expected.
        code: the rule that reports it; MLV105 for names that are not safe.
    """

    line: int
    where: str
    message: str
    code: str = "MLV106"


class DocumentError(MlvError):
    """A manifest, registry or run record that cannot be read as one; carries every problem, not the first.

    Attributes:
        path: the document, as the user knows it.
        problems: at least one.
    """

    exit_status = 1

    def __init__(self, path: str, problems: tuple[Problem, ...], *, hint: str = "") -> None:
        super().__init__(
            "\n".join(f"{path}:{f'{p.line}:' if p.line else ''} {p.where}: {p.message}" for p in problems), hint=hint
        )
        self.path = path
        self.problems = problems


class SettingsError(DocumentError):
    """mlv.yaml is the document that cannot be read."""

    exit_status = 2


def way_out(error: OSError) -> str:
    """Return what mends the cause of an error of the system; "" when that is not known."""
    return _WAYS_OUT.get(error.errno or 0, "")
