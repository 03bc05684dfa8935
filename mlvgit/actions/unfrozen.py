"""What stands in a folder that nothing has frozen: somebody's work, which is left alone, or what a killed command left."""

from collections.abc import Mapping
from pathlib import Path

from mlvgit.actions.project import Project, freeze_command
from mlvgit.core.digest import Digest
from mlvgit.errors import RefusedError
from mlvgit.records.layout import Key
from mlvgit.rules.wording import quoted
from mlvgit.store.hashing import hash_files
from mlvgit.store.scan import scan

__all__ = ["refuse_unfrozen"]


def refuse_unfrozen(project: Project, key: Key, ours: Mapping[str, Digest]) -> None:
    """Make sure that nothing stands where a version is to be frozen.

    Args:
        ours: files that may stand there, as long as they have these bytes.

    Raises:
        RefusedError: something else does.
    """
    directory = project.layout.directory(key)
    target = project.top / directory
    if target.exists() and any(target.iterdir()) and not _is_part(target, ours):
        raise RefusedError(
            f"{directory} has files that nothing has frozen",
            hint=f"mv {quoted(directory)} {quoted(directory + '.old')}   (then the same command again)\n"
            f"{freeze_command(key)}   (to freeze what stands there, whatever you named)",
        )


def _is_part(target: Path, ours: Mapping[str, Digest]) -> bool:
    standing = scan(target) if ours else []
    if not standing or any(file.relative not in ours for file in standing):
        return False
    return hash_files(standing) == [ours[file.relative] for file in standing]
