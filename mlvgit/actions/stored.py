"""Bytes that the store keeps in place of Git: which those are, where the store is, what a worktree holds of them."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlvgit.actions.project import Project
from mlvgit.core.digest import of_bytes
from mlvgit.errors import IntegrityError, RefusedError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.repo.excludes import exclude
from mlvgit.repo.held import NAME, Held, forget, record
from mlvgit.repo.repository import Repository
from mlvgit.repo.worktrees import main_top, worktrees
from mlvgit.store.atomic import machine_errors

if TYPE_CHECKING:
    from mlvgit.actions.parted import Parted
    from mlvgit.records.settings import Remote as Named
    from mlvgit.remotes.base import Remote
    from mlvgit.repo.lfshost import LfsHost
    from mlvgit.store.extentlists import Lists
    from mlvgit.store.objects import ObjectStore

__all__ = [
    "held_by",
    "hold",
    "let_go",
    "may_be_here",
    "object_store",
    "open_one",
    "remembered_lists",
    "remotes",
    "retired_error",
]


def object_store(project: Project) -> "ObjectStore":
    """Return the store of this repository, which all its worktrees share.

    Raises:
        UsageError, MachineError: git config mlv.store names one that is not there, or cannot be one.
    """
    from mlvgit.actions.storeplace import open_store

    return open_store(project.repo)


def remotes(project: Project) -> "list[Parted]":
    """Open the remotes that `mlv.yaml` names, in its order; they answer for files, whether they have them in parts or not.

    Raises:
        SettingsError: a URL is of no kind that can be opened.
    """
    from mlvgit.actions.parted import Parted

    opened = (open_one(project, named) for named in project.settings_or_default.remotes)
    return [Parted(remote, _copy_of(project, remote)) for remote in opened]


def remembered_lists(project: Project) -> "Iterator[Lists]":
    """Yield the lists of each remote as they were last read; no remote is asked."""
    from mlvgit.store.extentlists import Lists

    folder = _copies(project)
    yield from (Lists(each) for each in (sorted(folder.iterdir()) if folder.is_dir() else ()))


def _copies(project: Project) -> Path:
    return project.repo.state_dir / "cache" / "lists"


def _copy_of(project: Project, remote: "Remote") -> Path:
    """Return the folder for copies of a remote's lists; that it is there says that the remote was used from here."""
    return _copies(project) / of_bytes(remote.url.encode()).sha256[:16]


def open_one(project: Project, given: "Named") -> "Remote":
    """Open one remote, telling it what Git knows of its host where it belongs to one.

    Raises:
        SettingsError: its URL is of no kind that can be opened, or is a folder of this very repository.
    """
    from mlvgit.remotes.folder import FolderRemote
    from mlvgit.remotes.table import open_remote, refuse

    def host(given: "Named") -> "LfsHost":
        from mlvgit.repo.lfshost import LfsHost

        return LfsHost(project.repo, given.name, given.endpoint)

    remote = open_remote(given, main_top(project.repo) or project.top, host=host)
    if isinstance(remote, FolderRemote):
        if own := _own_folder(project.repo, remote.url):
            refuse(
                given,
                "url",
                f"{given.url!r} lies in this repository ({own}): what goes with it is no other copy; name a folder outside "
                "of it",
            )
        remote.used = _copy_of(project, remote).is_dir()
    return remote


def _own_folder(repo: Repository, folder: str) -> str:
    """Return the working directory or the Git directory of this repository that a folder lies in, "" when in none."""
    place = os.path.realpath(folder)
    with machine_errors("read the worktrees of this repository"):
        known = worktrees(repo)
    for own in (repo.common_dir, *(path for each in known for path in (each.git_dir, each.top) if path)):
        if os.path.commonpath((place, os.path.realpath(own))) == os.path.realpath(own):
            return str(own)
    return ""


def may_be_here(project: Project, key: Key) -> None:
    """Make sure that the bytes of a dataset are allowed on this machine.

    Raises:
        RefusedError: `mlv.yaml` says `local: never`.
    """
    if key.kind == "snapshot" and key.name in project.settings_or_default.local_never:
        raise RefusedError(
            f"the bytes of {key.name} are not to be on this machine (datasets.{key.name}.local: never)",
            hint="work with them where they are allowed; manifests and metrics are here all the same",
        )


def retired_error(key: Key, manifest: Manifest, name: str = "", so: str = "") -> IntegrityError:
    """Return the error of asking for bytes that were removed on purpose: by whom, when and why.

    Args:
        name: the file of the version that was asked for; "" for all of it.
        so: what follows from that.
    """
    what = f"{name} of {key}" if name else str(key)
    why = manifest.retired
    said = f" by {why.by} on {why.at[:10]}{so}: {why.reason}" if why else so
    return IntegrityError(f"{what} was retired{said}")


def held_by(project: Project) -> Held:
    """Return what this worktree was given of the bytes that Git ignores."""
    return Held(str(project.repo.git_dir), str(project.top))


def hold(project: Project, directories: Iterable[str], seen: Mapping[str, bytes] | None = None) -> None:
    """Remember that this worktree holds these folders, whose bytes Git is to ignore.

    Args:
        directories: frozen folders, from the top.
        seen: see `mlvgit.repo.held.record`.
    """
    found = list(directories)
    with machine_errors(f"write {project.repo.common_dir}/info/exclude"):
        exclude(project.repo, found)
    with machine_errors(_writing(project)):
        record(str(project.repo.git_dir), str(project.top), found, seen)


def let_go(project: Project, directories: Iterable[str]) -> None:
    """Remember that this worktree does not hold these folders any more."""
    with machine_errors(_writing(project)):
        forget(str(project.repo.git_dir), str(project.top), directories)


def _writing(project: Project) -> str:
    return f"write what this worktree holds, {project.repo.git_dir / NAME}"
