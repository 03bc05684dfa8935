"""A registry between being written and being committed: noted first, so that nothing stays half-way after a kill.

The note is a file beside the lock, which whoever holds the lock may look at: what it names is put back as HEAD has it,
and the command that was killed can run again from where it began. A registry that was changed since, or was committed
by hand, stays as it is.
"""

import json
from typing import Final

from mlvgit.actions.project import Project
from mlvgit.core.digest import of_bytes
from mlvgit.store.atomic import remove_durably, write_atomic

__all__ = ["announce", "settled", "take_back"]

_NOTE: Final = "uncommitted.json"


def announce(project: Project, event: str, path: str, data: bytes) -> None:
    """Note that `data` is about to be written to `path` (from the top), staged and committed by "promote" or "rollback".

    Raises:
        MachineError: the note cannot be written.
    """
    note = json.dumps({"event": event, "path": path, "sha256": of_bytes(data).sha256})
    write_atomic(project.repo.state_dir / _NOTE, note.encode() + b"\n")


def settled(project: Project) -> None:
    """Forget the note: it was committed, or is to stay uncommitted."""
    remove_durably(project.repo.state_dir / _NOTE)


def take_back(project: Project) -> tuple[str, str]:
    """Put back what a command wrote and could not commit.

    Returns:
        Event and path when that command was killed after its commit, as its last step; else twice "".

    Raises:
        MachineError: it cannot be written.
    """
    if project.repo.top is None:
        return "", ""
    try:
        note = json.loads((project.repo.state_dir / _NOTE).read_bytes())
        event, path, sha256 = str(note["event"]), str(note["path"]), note["sha256"]
    except FileNotFoundError:
        return "", ""
    except (OSError, ValueError, TypeError, KeyError):
        settled(project)
        return "", ""
    committed = project.committed().tree
    target = project.top / path
    try:
        standing = target.read_bytes()
    except OSError:
        standing = b""
    before = committed.read(path) if committed.entry(path) else None
    written = of_bytes(standing).sha256 == sha256
    if written and standing != before:
        if before is None:
            target.unlink()
            project.repo.git.run("rm", "--cached", "--quiet", "--ignore-unmatch", "--", path)
        else:
            write_atomic(target, before)
    if before is not None and (written or standing == before):
        project.repo.stage([path], force=True)
    settled(project)
    project.refresh()
    return (event, path) if written and standing == before else ("", "")
