"""Bytes that the store keeps in place of Git: which those are, and bringing them to where they are wanted."""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.actions.project import Project
from mlvgit.core.digest import Digest
from mlvgit.core.text import count, printable, size
from mlvgit.errors import IntegrityError, MlvError, RefusedError, RemoteError, UsageError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.repo.excludes import exclude
from mlvgit.repo.held import held_folders, record
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.storage import kept_in_store
from mlvgit.store.atomic import machine_errors

if TYPE_CHECKING:
    from mlvgit.records.settings import Remote as Named
    from mlvgit.remotes.base import Remote
    from mlvgit.repo.lfshost import LfsHost
    from mlvgit.store.objects import ObjectStore

__all__ = [
    "Sent",
    "bring",
    "fetch",
    "hold",
    "lost",
    "may_be_here",
    "object_store",
    "open_one",
    "remotes",
    "send",
    "wanted_by",
]


class Sent(NamedTuple):
    """What sending did: how many objects and bytes went to which remote; "" when there was nothing to ask about.

    Attributes:
        notices: what else a person should hear of, such as a folder that was made for them.
    """

    remote: str = ""
    objects: int = 0
    bytes: int = 0
    notices: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What was sent, for a person; only when anything was."""
        sent = f"sent {size(self.bytes)} ({count(self.objects, 'object')}) to {printable(self.remote)}"
        return "; ".join([sent, *self.notices])


def object_store(project: Project) -> "ObjectStore":
    """Return the store of this repository, which all its worktrees share.

    Raises:
        UsageError, MachineError: git config mlv.store names one that is not there, or cannot be one.
    """
    from mlvgit.actions.storeplace import open_store

    return open_store(project.repo)


def remotes(project: Project) -> "list[Remote]":
    """Open the remotes that `mlv.yaml` names, in its order.

    Raises:
        SettingsError: a URL is of no kind that can be opened.
    """
    return [open_one(project, remote) for remote in project.settings_or_default.remotes]


def open_one(project: Project, given: "Named") -> "Remote":
    """Open one remote, telling it what Git knows of its host where it belongs to one.

    Raises:
        SettingsError: its URL is of no kind that can be opened.
    """
    from mlvgit.remotes.table import open_remote

    def host(given: "Named") -> "LfsHost":
        from mlvgit.repo.lfshost import LfsHost

        return LfsHost(project.repo, given.name, given.endpoint)

    return open_remote(given, project.top, host=host)


def wanted_by(manifest: Manifest, key: Key) -> list[Digest]:
    """Return the objects that a version needs from the store; none when Git holds its bytes."""
    return list(kept_in_store(manifest, key).values())


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


def fetch(project: Project, digests: Iterable[Digest]) -> None:
    """Get objects that the store lacks from the first remote that gives them; hashed as they stream.

    Raises:
        RemoteError: no remote has one of them, or can be reached.
        IntegrityError: a remote gave other bytes and no other remote gave the right ones.
    """
    store = object_store(project)
    missing = [digest for digest in dict.fromkeys(digests) if not store.has(digest)]
    if not missing:
        return
    known = remotes(project)
    if not known:
        raise RemoteError(
            f"{count(len(missing), 'object')} ({size(sum(each.size for each in missing))}) are not here, and no remote "
            "is named",
            hint="name one in mlv.yaml:  remotes: {origin: {url: s3://BUCKET/PREFIX}}",
        )
    for digest in missing:
        _fetch_one(store, known, digest)


def _fetch_one(store: "ObjectStore", known: "Sequence[Remote]", digest: Digest) -> None:
    failures: list[MlvError] = []
    for remote in known:
        try:
            with remote.download(digest) as reader:
                store.put(digest, reader)
        except (RemoteError, IntegrityError) as error:
            failures.append(error)
        else:
            return
    raise failures[0] if len(failures) == 1 else type(failures[0])("\n".join(each.message for each in failures))


def lost(project: Project, digests: Iterable[Digest]) -> list[Digest]:
    """Return those of `digests` that are neither here, hashed, nor on a remote, which must say so with their size."""
    store = object_store(project)
    missing = [digest for digest in dict.fromkeys(digests) if not store.check(digest)]
    for remote in remotes(project) if missing else ():
        presence = remote.presence(missing)
        missing = [digest for digest in missing if not presence[digest.sha256]]
    return missing


def bring(project: Project, frozen: Frozen, manifest: Manifest) -> list[str]:
    """Put the files of a store-kept version that are missing on disk back, fetching what the store lacks.

    What stands there with other bytes is left alone: `restore` is for that.

    Returns:
        The paths that were written, from the top of the repository.
    """
    if manifest.storage != "store":
        return []
    folder = project.top / frozen.directory
    kept = kept_in_store(manifest, frozen.key)
    missing = {relative: digest for relative, digest in kept.items() if not os.path.lexists(folder / relative)}
    if missing:
        may_be_here(project, frozen.key)
    fetch(project, missing.values())
    store = object_store(project)
    for relative, digest in missing.items():
        store.place(digest, project.top, f"{frozen.directory}/{relative}", mode=0o644)
    hold(project, [frozen.directory])
    return [f"{frozen.directory}/{relative}" for relative in missing]


def hold(project: Project, directories: Iterable[str]) -> None:
    """Remember that this worktree holds these folders, whose bytes Git is to ignore."""
    git_dir = str(project.repo.git_dir)
    found = list(directories)
    with machine_errors("write what this worktree holds"):
        exclude(project.repo, found)
        record(git_dir, str(project.top), [*held_folders(git_dir), *found])


def send(project: Project, digests: Iterable[Digest], limit: int | None = None) -> Sent:
    """Upload what the first remote lacks of `digests`.

    Args:
        limit: more bytes than this are refused before any is sent; None for no limit.

    Raises:
        UsageError: no remote is named.
        RefusedError: over the limit, or an object is neither here nor there.
        RemoteError: the remote cannot be asked, or does not take them.
    """
    wanted = list(dict.fromkeys(digests))
    if not wanted:
        return Sent()
    known = remotes(project)
    if not known:
        raise UsageError(
            f"{count(len(wanted), 'object')} of this push stand in the store, and no remote is named to send them to",
            hint="name one in mlv.yaml:  remotes: {origin: {url: s3://BUCKET/PREFIX}}   then: git mlv push",
        )
    remote = known[0]
    presence = remote.presence(wanted)
    unknown = [digest for digest in wanted if presence.get(digest.sha256) is None]
    if unknown:
        raise remote.trouble or RemoteError(
            f"{remote.name} ({remote.url}) does not say whether it has the bytes of this push",
            hint="try again when it can be reached; unknown is not taken for yes",
        )
    missing = [digest for digest in wanted if not presence[digest.sha256]]
    _sendable(project, remote, missing, limit)
    store = object_store(project)
    for digest in missing:
        with store.whole(digest) as path:
            remote.upload(digest, path)
    return Sent(remote.name, len(missing), sum(digest.size for digest in missing), tuple(remote.notices))


def _sendable(project: Project, remote: "Remote", missing: Sequence[Digest], limit: int | None) -> None:
    store = object_store(project)
    nowhere = [digest for digest in missing if not store.check(digest)]
    if nowhere:
        raise RefusedError(
            f"{remote.name} lacks {count(len(nowhere), 'object')} of this push, and they are not here in one piece "
            f"either: {nowhere[0].sha256}",
            hint="push from the clone that froze them, or pull them there first: git mlv pull --all",
        )
    total = sum(digest.size for digest in missing)
    if limit is not None and total > limit:
        raise RefusedError(
            f"{remote.name} lacks {size(total)} of this push, more than a hook should upload",
            hint="git mlv push   (uploads them, then pushes)",
        )
