"""Letting go of bytes: what a remote proves to hold leaves the workspace and the store, and a pull brings it back.

A version goes whole or not at all. What keeps it: it is not pushed, a remote does not say now that it has all of its
bytes, its files here were altered, or there are files among them that are nobody's. What another version, another
worktree or another repository needs stays in the store.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.actions.chosen import here_of, is_pushed
from mlvgit.actions.collecting import disk_size, objects_leaving
from mlvgit.actions.needed import needed_objects
from mlvgit.actions.parted import read_whole
from mlvgit.actions.presence import Presence
from mlvgit.actions.project import Project
from mlvgit.actions.stored import held_by, let_go, object_store, remotes
from mlvgit.actions.storeplace import refuse_if_shared
from mlvgit.actions.verify import differences_on_disk
from mlvgit.core.digest import Digest
from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError, MlvError, RefusedError, RemoteError
from mlvgit.records.filelist import FileList, ListSource
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.repo.held import Held
from mlvgit.repo.worktrees import Worktree, worktrees
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.storage import kept_in_store, known_objects
from mlvgit.store.atomic import machine_errors
from mlvgit.store.folders import opened_up, parent_of, remove_name
from mlvgit.store.reading import Meter
from mlvgit.store.scan import StatKey, stat_key

if TYPE_CHECKING:
    from mlvgit.remotes.base import Remote

__all__ = ["Drop", "Kept", "drop", "plan_drop"]


class Kept(NamedTuple):
    """A version that was to go and stays, and why."""

    key: Key
    reason: str


class _Version(NamedTuple):
    """A version that may go.

    Attributes:
        digests: what of it is here, in the store or in the workspace.
        files: path from the top -> what identified its content before it was hashed.
    """

    key: Key
    directory: str
    digests: tuple[Digest, ...]
    files: dict[str, StatKey]


class Drop(NamedTuple):
    """What goes, or went.

    Attributes:
        keys: the versions.
        kept: what was asked for and stays.
        objects: how many leave the store.
        files: how many leave the workspace.
        store_bytes, workspace_bytes: what they take; a file that shares its blocks with an object frees them once.
        remotes: who has the bytes.
        way: what may make a remote answer that did not; "" when that is not known.
    """

    keys: tuple[Key, ...]
    kept: tuple[Kept, ...]
    objects: int
    files: int
    store_bytes: int
    workspace_bytes: int
    remotes: tuple[str, ...] = ()
    way: str = ""

    @property
    def unknown(self) -> bool:
        """Whether something stays only because no remote could be asked."""
        return any(kept.reason.startswith(UNKNOWN) for kept in self.kept)


UNKNOWN = "it cannot be known"


def plan_drop(project: Project, keys: Sequence[Key], *, verify: bool = False) -> Drop:
    """Say what would go, asking the remotes; nothing is removed.

    Args:
        keys: stored versions of HEAD.
        verify: have the remote give every byte, and hash it. One that does not take whole bytes in place of damaged ones
            (an LFS server) is always asked to: what is damaged there could not be mended from anywhere.

    Raises:
        RefusedError: what another worktree needs cannot be told.
    """
    return _Plan(project, keys, verify=verify).result()


def drop(project: Project, keys: Sequence[Key], *, verify: bool = False) -> Drop:
    """Let go of versions; the same command again goes on where one was interrupted.

    Raises:
        RefusedError: what another worktree needs cannot be told.
        MachineError: a file cannot be removed; what was removed until then is on the remote.
    """
    proved = _Plan(project, keys, verify=verify, glance=True)  # asks remotes: nobody waits for that
    with project.alone("git mlv drop"):
        plan = _Plan(project, keys, proved=proved)
        plan.remove()
    project.refresh()
    return plan.result()


class _Plan:
    """What goes and what stays.

    Args:
        proved: a plan whose answers of remotes are taken over: they were given now.
        glance: the workspace is not hashed; nothing may be removed by such a plan.
    """

    def __init__(
        self,
        project: Project,
        keys: Sequence[Key],
        *,
        verify: bool = False,
        proved: "_Plan | None" = None,
        glance: bool = False,
    ) -> None:
        self.project = project
        self.store = object_store(project)
        self.presence: Presence = proved.presence if proved else Presence(remotes(project))
        self.verified: dict[Digest, str] = proved.verified if proved else {}
        self._verify: bool = proved._verify if proved else verify
        self._glance = glance
        for remote in self.presence.remotes if verify else ():
            with suppress(RemoteError):  # it says that it does not know when it is asked what it has
                remote.check_lists()
        self.kept: list[Kept] = []
        self.versions: list[_Version] = []
        for key in dict.fromkeys(keys):
            self._consider(key)
        needed = self._needed()
        going = {digest for version in self.versions for digest in version.digests}
        self.objects = [each for each in sorted(going - needed, key=_name) if self.store.has(each)]
        self.freed, self.packs = self._leaving()
        leaving = set(self.objects)
        self.versions = [each for each in self.versions if each.files or leaving.intersection(each.digests)]

    def _consider(self, key: Key) -> None:
        frozen, manifest = self.project.frozen(key, self.project.committed())
        try:
            version = self._here(frozen, manifest)
            reason = self._reason(frozen, manifest, version) if version.digests else ""
        except MlvError as error:
            self.kept.append(Kept(key, error.message))
            return
        if reason:
            self.kept.append(Kept(key, reason))
        elif version.digests:
            self.versions.append(version)

    def _here(self, frozen: Frozen, manifest: Manifest) -> _Version:
        """Find what is here of a version that Git does not track."""
        here = here_of(self.project, frozen, manifest)
        files = {path: stat_key(found) for path, (_, found) in here.files.items()}
        digests = dict.fromkeys([*here.objects, *(digest for digest, _ in here.files.values())])
        return _Version(frozen.key, frozen.directory, tuple(sorted(digests, key=_name)), files)

    def _reason(self, frozen: Frozen, manifest: Manifest, version: _Version) -> str:
        """Say why a version stays, "" when nothing keeps it."""
        key = frozen.key
        if not is_pushed(self.project, key, manifest):
            return f"no remote branch has it yet: git mlv push, then git mlv drop {key}"
        if version.files and not self._glance:
            verdict = differences_on_disk(self.project.top / frozen.directory, frozen)
            mine = kept_in_store(manifest, key)
            altered = [name for name in verdict.changed if name in mine]
            if altered:
                return (
                    f"{printable(altered[0])} was altered here: git mlv restore {key} keeps it beside the frozen bytes"
                )
            if verdict.extra:
                return f"{printable(verdict.extra[0])} in {printable(frozen.directory)} is nowhere else: move it away"
        said = self.presence(version.digests)
        if any(said[digest.sha256] is False for digest in version.digests):
            return self._lacks([digest for digest in version.digests if said[digest.sha256] is False])
        if any(said[digest.sha256] is None for digest in version.digests):
            why, _ = self.presence.trouble()
            told = f"{UNKNOWN} whether {self.presence.name} has its bytes" + (f": {why}" if why else "")
            return told if self.presence.name else "no remote is named"
        return self._refuted(version.digests)

    def _lacks(self, digests: Sequence[Digest]) -> str:
        from mlvgit.remotes.base import mending

        for remote in self.presence.remotes:
            if remote.whole_only and remote.known_damaged(digests):
                return f"{remote.name} keeps damaged bytes of it: {mending(remote)}"
        return f"{self.presence.name} does not have all of its bytes: git mlv push sends them"

    def _refuted(self, digests: Sequence[Digest]) -> str:
        """Have every byte given and hashed, where that is to be; say what was not as it should be."""
        for digest in digests:
            holder = self.presence.holder(digest)
            if holder is None or not (self._verify or holder.whole_only):
                continue
            if digest not in self.verified:
                self.verified[digest] = _wrong(holder, digest)
            if self.verified[digest]:
                return self.verified[digest]
        return ""

    def _needed(self) -> set[Digest]:
        """Return the objects that stay: of versions that stand here, or are not pushed, and of other worktrees.

        A version that was let go of, or was never fetched, needs nothing here: whatever goes is on a remote.
        """
        standing = set(held_by(self.project).folders())
        going = {version.key for version in self.versions}
        head = self.project.committed()
        needed: set[Digest] = set()
        for catalog in (head, self.project.working(), self.project.staged()):
            for key in catalog.keys(root=None):
                frozen = catalog.frozen(key)
                if frozen is None or frozen.manifest is None:
                    continue
                known = head.frozen(key)
                same = known and known.manifest and known.manifest.tree_sha256 == frozen.manifest.tree_sha256
                if key in going and same:
                    continue
                here = frozen.directory in standing or os.path.lexists(self.project.top / frozen.directory)
                if here or not same or not is_pushed(self.project, key, frozen.manifest):
                    needed.update(known_objects(frozen.manifest, key))
        return needed | set(_held_elsewhere(self.project))

    def _leaving(self) -> tuple[int, list[Digest]]:
        """Return how many bytes leave the store, and the packs that no file is a range of then, and that are no file."""
        names = objects_leaving(self.store, self.objects) if self.objects else set()
        # What others are made of stays, and its file with it: a second run is to find nothing to do.
        self.objects = [each for each in self.objects if each.sha256 in names or not disk_size(self.store, each)]
        mine = {digest.sha256 for digest in self.objects}
        held = [digest for digest in self.store if digest.sha256 in names] if names else []
        others = [digest for digest in held if digest.sha256 not in mine]
        if others:
            try:
                needed = needed_objects(self.project)
            except RefusedError:  # then they stay until somebody collects
                needed = {digest.sha256 for digest in others}
            others = [digest for digest in others if digest.sha256 not in needed]
        going = {*others, *(digest for digest in held if digest.sha256 in mine)}
        return sum(disk_size(self.store, digest) for digest in going), others

    # Removing

    def remove(self) -> None:
        """Remove what goes: objects, then the record of what is held, then files; so that no commit finds a hole."""
        if not self.is_shared:
            self.store.remove(*self.objects, *self.packs)
        directories = [version.directory for version in self.versions if version.files]
        let_go(self.project, directories)
        for version in self.versions:
            for path, known in version.files.items():
                _remove_file(self.project.top, path, known)
            _remove_folders(self.project.top, version.directory, version.files)

    @property
    def is_shared(self) -> bool:
        """Whether other repositories use the store: then its objects stay."""
        try:
            refuse_if_shared(self.project.repo, "git mlv drop")
        except RefusedError:
            return True
        return False

    def result(self) -> Drop:
        """Say what goes, or went."""
        objects = [] if self.is_shared else self.objects
        holders = [self.presence.holder(digest) for version in self.versions for digest in version.digests]
        files = [known for version in self.versions for known in version.files.values()]
        return Drop(
            keys=tuple(version.key for version in self.versions),
            kept=tuple(self.kept),
            objects=len(objects),
            files=len(files),
            store_bytes=0 if self.is_shared else self.freed,
            workspace_bytes=sum(known.size for known in files),
            remotes=tuple(dict.fromkeys(holder.name for holder in holders if holder)),
            way=self.presence.trouble()[1],
        )


def _name(digest: Digest) -> str:
    return digest.sha256


def _wrong(remote: "Remote", digest: Digest) -> str:
    """Read an object from a remote to its end, and say what is wrong with it; "" when its bytes are those of its name."""
    from mlvgit.remotes.base import mending

    try:
        read_whole(remote, digest, Meter(None))
    except RemoteError as error:
        return f"{remote.name} does not give {digest.sha256}: {error.message}"
    except IntegrityError:
        mend = f": {mending(remote)}" if remote.whole_only else ""
        return f"{remote.name} gives other bytes for {digest.sha256}{mend}"
    return ""


def _held_elsewhere(project: Project) -> Iterator[Digest]:
    """Yield the objects of what other worktrees hold.

    Raises:
        RefusedError: what one of them holds cannot be told.
    """
    with machine_errors("read the worktrees of this repository"):
        known = worktrees(project.repo)
    for each in known:
        if os.path.realpath(each.git_dir) == os.path.realpath(project.repo.git_dir) or each.top is None:
            continue
        for folder in Held(str(each.git_dir), str(each.top)).folders():
            yield from _held_there(each, folder, project.find_list)


def _held_there(worktree: Worktree, folder: str, lists: ListSource) -> Iterable[Digest]:
    top = worktree.top or Path()
    if top.is_dir() and not (top / folder).is_dir():
        return ()
    path = top / f"{folder}.manifest.json"
    try:
        manifest = Manifest.parse(path.read_bytes(), str(path))
    except (OSError, MlvError) as error:
        raise RefusedError(
            f"another worktree, {printable(str(top))}, holds {printable(folder)}, and its manifest cannot be read there",
            hint="git worktree prune   (when that worktree is gone for good)",
        ) from error
    if isinstance(manifest.files, FileList):
        manifest.files.source = lists
    return kept_in_store(manifest, Key("", manifest.kind, manifest.name, manifest.version)).values()


def _remove_file(top: Path, path: str, known: StatKey) -> None:
    with machine_errors(f"remove {top / path}"):
        try:
            with parent_of(top, path) as (folder, name), opened_up(folder):
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if stat_key(found) == known:  # else it was altered just now, and is not what was hashed
                    os.unlink(name, dir_fd=folder)
        except FileNotFoundError:
            return


def _remove_folders(top: Path, directory: str, paths: Iterable[str]) -> None:
    """Remove the folders that are empty now, the frozen directory last; litter of an operating system keeps one."""
    inside = {directory}
    for path in paths:
        parent = path.rpartition("/")[0]
        while len(parent) > len(directory):
            inside.add(parent)
            parent = parent.rpartition("/")[0]
    for folder in sorted(inside, key=len, reverse=True):
        try:
            remove_name(top, folder, folder=True)
        except (OSError, IntegrityError):
            continue
