"""Collecting: what nothing needs leaves the store, or a remote.

Between the moment when bytes enter the store and the one when a manifest names them nothing needs them. Commands that
freeze hold the lock all that time, and so does collecting; what is younger than a grace stays besides, for what knows
of no lock.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mlvgit.actions.needed import needed_objects
from mlvgit.actions.project import Project
from mlvgit.actions.stored import object_store, remotes
from mlvgit.actions.storeplace import refuse_if_shared
from mlvgit.core.digest import Digest, is_sha256
from mlvgit.core.text import count, printable
from mlvgit.errors import GitError, MlvError, RefusedError, UsageError
from mlvgit.repo.history import remotes as git_remotes
from mlvgit.repo.roots import missing_here
from mlvgit.store.atomic import machine_errors, remove_durably, write_atomic
from mlvgit.store.extents import MAX_LIST_BYTES, seem_named
from mlvgit.store.leftovers import Leftover, leftovers
from mlvgit.store.objects import ObjectStore
from mlvgit.store.relisting import begins_with_one

if TYPE_CHECKING:
    from mlvgit.actions.parted import Parted

__all__ = ["GRACE", "Collected", "SetAside", "collect", "collect_remote", "disk_size", "objects_leaving"]

GRACE = 14 * 86400
"""Seconds for which what nothing needs stays by default."""


class SetAside(NamedTuple):
    """A damaged object in quarantine.

    Attributes:
        needed: something names it, and no whole object is here: the damaged bytes may be all that is left.
    """

    path: Path
    bytes: int
    needed: bool


class Collected(NamedTuple):
    """What goes, or went.

    Attributes:
        objects: names that nothing needs and that are older than the grace.
        bytes: what that frees.
        recent: how many nothing needs and are younger.
        kept: how many stay because something needs them.
        set_aside: what is in quarantine.
        leftovers: files that killed commands left, which go too.
        unlisted: packs whose list is gone and that begin with what something needs; they are kept.
    """

    objects: tuple[Digest, ...]
    bytes: int
    recent: int
    kept: int
    set_aside: tuple[SetAside, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    unlisted: int = 0


def collect(
    project: Project,
    tell: Callable[[Collected], None],
    *,
    grace: int = GRACE,
    act: bool = True,
    quarantine: bool = False,
) -> Collected:
    """Remove from the store what nothing needs.

    Args:
        tell: is given what goes before it does.
        grace: seconds for which what nothing needs stays.
        act: False only tells, and takes no lock.
        quarantine: remove what was set aside, too, but what is needed and whole nowhere here.

    Raises:
        RefusedError: what something needs is not known, or other repositories use the store.
        IntegrityError: a list cannot be read, so that what it needs is not known.
        MachineError: an object cannot be removed.
    """
    refuse_if_shared(project.repo, "git mlv gc")
    if not act:
        found = _look(project, grace)
        tell(found)
        return found
    with project.alone("git mlv gc"):
        refuse_if_shared(project.repo, "git mlv gc")
        found = _look(project, grace)
        tell(found)
        if found.objects:
            object_store(project).remove(*found.objects)
        for leftover in found.leftovers:
            remove_durably(leftover.path)
        for each in found.set_aside if quarantine else ():
            if not each.needed:
                _remove_aside(each.path)
    return found


def _remove_aside(path: Path) -> None:
    if not path.is_dir() or path.is_symlink():
        remove_durably(path)
        return
    with machine_errors(f"remove {path}"):
        shutil.rmtree(path)


def _look(project: Project, grace: int) -> Collected:
    store = object_store(project)
    listed = list(store)  # before it is asked what is needed: what comes later is not judged
    needed = needed_objects(project)
    limit = time.time() - grace
    going, recent = [], 0
    parts = store.lists.objects()
    unsure = _lost_lists(store, needed)
    gone = needed.difference(digest.sha256 for digest in listed)
    unlisted = 0
    for digest in listed:
        alone = digest.sha256 not in parts and not store.lists.find(digest)
        if digest.sha256 in needed or (unsure and alone):
            continue
        if _is_recent(store, digest, limit):
            recent += digest.sha256 not in parts  # of a part, the files that are made of it are counted
        elif alone and gone and begins_with_one(store, digest, gone):
            unlisted += 1
        else:
            going.append(digest)
    leaving = objects_leaving(store, going)
    going = [each for each in going if each.sha256 in leaving or store.lists.find(each)]
    if going:
        store.lists.require_known()
    return Collected(
        objects=tuple(going),
        bytes=sum(disk_size(store, each) for each in going if each.sha256 in leaving),
        recent=recent,
        kept=len(listed) - len(going) - recent,
        unlisted=unlisted,
        set_aside=tuple(_set_aside(store, needed)),
        leftovers=tuple(leftovers(store.folder)),
    )


def _lost_lists(store: ObjectStore, needed: Collection[str]) -> bool:
    """Say whether a damaged list was set aside that gave needed files: objects that no other list names have them."""
    known = {digest.sha256 for digest in store}
    for path in store.quarantine.glob("*.*"):
        with suppress(OSError):
            if path.lstat().st_size <= MAX_LIST_BYTES and any(
                digest.sha256 in needed and digest.sha256 not in known for digest in seem_named(path.read_bytes())
            ):
                return True
    return False


def objects_leaving(store: ObjectStore, files: Collection[Digest]) -> set[str]:
    """Return which objects nothing in the store is made of any more, once these files have left it."""
    dead = set(files)
    used: set[str] = set()
    left = {digest.sha256 for digest in dead}
    for _, mapped in list(store.lists.known()):
        for file, extents in mapped.items():
            (left if file in dead else used).update(extent.object.sha256 for extent in extents)
    return left - used


def _is_recent(store: ObjectStore, digest: Digest, limit: float) -> bool:
    """Say whether an object, or a list that names it, is younger than that; a time to come is young."""
    paths = [store.path(digest), *(store.lists.path(name) for name, _ in store.lists.find(digest))]
    found = []
    for path in paths:
        try:
            found.append(path.lstat().st_mtime)
        except FileNotFoundError:
            continue
        except OSError:
            return True
    return not found or max(found) >= limit


def disk_size(store: ObjectStore, digest: Digest) -> int:
    """Return how many bytes an object has on the disk; 0 for a file that is ranges of others."""
    try:
        return store.path(digest).lstat().st_size
    except OSError:
        return 0


def _set_aside(store: ObjectStore, needed: set[str]) -> list[SetAside]:
    found = []
    whole = {digest.sha256 for digest in store}
    with machine_errors(f"list {store.quarantine}"):
        names = sorted(os.listdir(store.quarantine)) if store.quarantine.is_dir() else []
        for name in names:
            path = store.quarantine / name
            sha256 = name.partition(".")[0]
            last = not is_sha256(sha256) or (sha256 in needed and sha256 not in whole)
            found.append(SetAside(path, path.lstat().st_size, last))
    return found


# Remotes


def collect_remote(
    project: Project, name: str, tell: Callable[[Collected], None], *, grace: int = GRACE, act: bool = False
) -> Collected:
    """Remove from a remote of bytes what nothing needs that this clone, and the remotes of Git, know of.

    Others may have sent bytes whose manifests they have not pushed yet: what nothing needs goes only when it was found
    so, by an earlier run here, at least the grace ago.

    Raises:
        UsageError: there is no such remote.
        RefusedError: what something needs is not known: also when a remote of Git has what was not fetched.
        RemoteError: it cannot be listed, or does not delete.
    """
    remote = _remote(project, name)
    with project.alone(f"git mlv gc --remote {name}"):
        remote.require_known_lists()
        listed = list(remote.names())
        needed = needed_objects(project, _fetched(project))
        unneeded = {digest for digest in listed if digest.sha256 not in needed}
        since = _first_seen(project, name, unneeded)
        limit = time.time() - grace
        going = sorted(digest for digest in unneeded if since[digest.sha256] <= limit)
        found = Collected(
            objects=tuple(going),
            bytes=sum(digest.size for digest in going),
            recent=len(unneeded) - len(going),
            kept=len(listed) - len(unneeded),
        )
        tell(found)
        if act and found.objects:
            remote.discard(found.objects, needed)
    return found


def _remote(project: Project, name: str) -> "Parted":
    known = remotes(project)
    remote = next((each for each in known if each.name == name), None)
    if remote is None:
        project.require_settings()
        names = ", ".join(each.name for each in known) or "none"
        raise UsageError(f"mlv.yaml names no remote {printable(name)}", hint=f"there is: {names}")
    if remote.whole_only:
        raise RefusedError(f"{remote.name} can neither list nor delete what it has: its host does that")
    return remote


def _fetched(project: Project) -> list[str]:
    """Return what the remotes of Git have now; all of it must be here.

    Raises:
        RefusedError: one cannot be asked, or has what is not here.
    """
    repo = project.repo
    found: dict[str, None] = {}
    for name in git_remotes(repo):
        try:
            listed = repo.git.text("ls-remote", "--quiet", "--", name)
        except GitError as error:
            raise RefusedError(f"{printable(name)} cannot be asked what it has: {error.message}") from error
        oids = [line.partition("\t")[0] for line in listed.split("\n") if line]
        missing = missing_here(repo, oids)
        if missing:
            raise RefusedError(
                f"{printable(name)} has {count(len(missing), 'branch or tag', 'branches or tags')} that are not here: "
                "what they need is not known",
                hint=f"git fetch --tags {printable(name)} '+refs/*:refs/remotes/{printable(name)}/all/*'",
            )
        found.update(dict.fromkeys(oids))
    return list(found)


def _first_seen(project: Project, name: str, unneeded: set[Digest]) -> dict[str, float]:
    """Return when it was first found here that nothing needs these; what is needed again begins anew."""
    path = project.repo.state_dir / "unneeded" / f"{name}.json"
    before: Any = {}
    with suppress(OSError, ValueError):
        before = json.loads(path.read_bytes())
    now = time.time()
    known = before if isinstance(before, dict) else {}
    since = {}
    for digest in unneeded:
        said = known.get(digest.sha256)
        since[digest.sha256] = float(said) if isinstance(said, int | float) and said <= now else now
    with suppress(MlvError):  # a full disk: it is only known later
        write_atomic(path, json.dumps(since).encode(), durable=False)
    return since
