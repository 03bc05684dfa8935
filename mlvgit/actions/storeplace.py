"""Where the store is: in the repository, or where `git config mlv.store` says, shared by whoever names the same folder.

A shared store knows its users: `<store>/users/<id>` holds the common directory of each repository that works with it,
and `<common dir>/mlv/store-user` the id and the store that it joined. So a disk that is not mounted is told from a store
that was never there, and nobody collects what another repository needs.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mlvgit.core.text import printable
from mlvgit.errors import MachineError, RefusedError, UsageError
from mlvgit.store.atomic import ensure_directory, machine_errors, write_atomic

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository
    from mlvgit.store.objects import ObjectStore

__all__ = [
    "LINK_RISK",
    "SETTING",
    "StoreUser",
    "links",
    "open_store",
    "refuse_if_shared",
    "remarks",
    "store_folder",
    "store_users",
    "take_own_along",
]

SETTING: Final = "mlv.store"
LINK: Final = "mlv.link"
LINK_RISK: Final = (
    "git config mlv.link is hard: large store-kept files of this working directory are the store's own, read-only, under a "
    "second name. A program that writes in one all the same (as root, or after chmod) destroys the store's copy too; the "
    "next commit and git mlv fsck see it, and only a remote can mend it"
)
USERS: Final = "users"
_NOTE: Final = "store-user"
_OWN: Final = "objects"
_HOLDINGS: Final = frozenset({USERS, "sha256", "extents"})
"""What a folder has at least one of when it is a store."""
_GROUP: Final = frozenset({"group", "true", "1", "yes", "on"})
_EVERYBODY: Final = frozenset({"all", "world", "everybody", "2"})


class StoreUser(NamedTuple):
    """A repository that works with a store.

    Attributes:
        id: its name among the users; the file `<store>/users/<id>` is removed by hand when it is gone for good.
        common_dir: where it was when it last used the store.
        known: it is there, and says the same; False when it was removed, or is on a disk that is not mounted.
    """

    id: str
    common_dir: Path
    known: bool


def store_folder(repo: "Repository") -> Path:
    """Return the folder of the store, without looking whether it is there.

    Raises:
        UsageError: `mlv.store` is not an absolute path.
    """
    said = repo.config(SETTING)
    if not said:
        return repo.state_dir / _OWN
    folder = Path(said).expanduser()
    if not folder.is_absolute():
        raise UsageError(
            f"git config {SETTING} is {printable(said)!r}: all worktrees use it, so it must be an absolute path",
            hint=f"git config {SETTING} /path/to/store",
        )
    return folder


def open_store(repo: "Repository") -> "ObjectStore":
    """Return the store of a repository; one that is configured is joined on first use.

    Raises:
        UsageError: `mlv.store` does not name a folder that can be a store.
        MachineError: the store that it names is not there, or objects stand in the repository's own store still.
    """
    from mlvgit.store.objects import ObjectStore

    folder = store_folder(repo)
    if not repo.config(SETTING):
        if not folder.exists() and _sharing(repo):
            _make_shared(repo, folder)
        return ObjectStore(folder, link=links(repo))
    _join(repo, folder)
    if _left_behind(repo):
        raise MachineError(
            f"git config {SETTING} names {printable(str(folder))}, and objects of this repository still stand in its own "
            f"store, {printable(str(repo.state_dir / _OWN))}",
            hint="git mlv fsck   (moves them, each hashed)",
        )
    return ObjectStore(folder, link=links(repo))


def links(repo: "Repository") -> bool:
    """Say whether files of the workspace are to be the store's own, under a second name (`git config mlv.link hard`).

    Raises:
        UsageError: `mlv.link` is neither "hard" nor "copy".
    """
    said = repo.config(LINK)
    if said not in ("", "copy", "hard"):
        raise UsageError(
            f"git config {LINK} is {printable(said)!r}", hint=f"git config {LINK} copy   (the default)   or: hard"
        )
    return said == "hard"


def store_users(folder: Path) -> list[StoreUser]:
    """Return the repositories that work with a store, sorted by their place; none were recorded for one of its own.

    Raises:
        MachineError: the list cannot be read.
    """
    found = []
    with machine_errors(f"read who uses {folder}"):
        names = os.listdir(folder / USERS) if (folder / USERS).is_dir() else []
        for name in names:
            if not name.startswith("."):
                common = Path(os.fsdecode((folder / USERS / name).read_bytes()).rstrip("\n"))
                found.append(StoreUser(name, common, _note(common)[0] == name))
    owner = folder.parent.parent
    if folder == owner / "mlv" / _OWN and (owner / "HEAD").exists():  # the store of a repository that others joined
        found.append(StoreUser("", owner, known=True))
    return sorted(found, key=lambda user: (user.common_dir, user.id))


def refuse_if_shared(repo: "Repository", command: str) -> None:
    """Refuse what removes objects by the roots of this repository alone, while others use its store.

    Raises:
        RefusedError: others do.
    """
    folder = store_folder(repo)
    others = [user for user in store_users(folder) if not _same(user.common_dir, repo.common_dir)]
    if others:
        first = others[0]
        gone = f"; for one that is gone for good: rm {folder / USERS / first.id}" if not first.known else ""
        raise RefusedError(
            f"{command} knows what this repository needs, and the store {printable(str(folder))} is used by "
            + ", ".join(printable(str(user.common_dir)) for user in others[:5])
            + (f" and {len(others) - 5} more" if len(others) > 5 else ""),
            hint=f"nothing was removed{gone}",
        )


def remarks(repo: "Repository") -> Iterator[str]:
    """Say in sentences what is worth knowing about the store: who shares it, and who else may write in it."""
    folder = store_folder(repo)
    if links(repo):
        yield LINK_RISK
    try:
        found = folder.stat()
    except OSError:
        return
    others = len([user for user in store_users(folder) if not _same(user.common_dir, repo.common_dir)])
    if others:
        yield f"the store {folder} is shared with {others} more"
    if found.st_uid != os.geteuid() and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        who = "everybody" if found.st_mode & stat.S_IWOTH else "its group"
        yield (
            f"the store {folder} belongs to {_owner(found.st_uid)}, and {who} can write in it: bytes are hashed "
            "before they are used, but they could be removed"
        )


def take_own_along(repo: "Repository") -> int:
    """Move what stands in the repository's own store to the one that `mlv.store` names; return how many objects.

    Call it while holding the repository's lock. Damaged objects go to the old store's quarantine.

    Raises:
        MachineError: see `open_store`; or the store cannot be written, and what was not moved yet stays.
    """
    from mlvgit.core.digest import of_bytes
    from mlvgit.store.extentlists import list_name
    from mlvgit.store.objects import ObjectStore
    from mlvgit.store.place import place_bytes

    if not repo.config(SETTING):
        return 0
    folder = store_folder(repo)
    _join(repo, folder)
    old, new = ObjectStore(repo.state_dir / _OWN), ObjectStore(folder)
    if _same(old.folder, folder):
        return 0
    moved = [digest for digest in list(old) if old.check(digest)]
    for digest in moved:
        if old.path(digest).exists() and not new.check(digest):
            with old.open(digest) as file:
                new.put(digest, file)
    for path in sorted(old.folder.glob("extents/??/*")):
        data = path.read_bytes()
        if of_bytes(data).sha256 == path.parent.name + path.name:
            place_bytes(new.folder, list_name(of_bytes(data).sha256), data, of_bytes(data), mode=0o444, replace=True)
    with machine_errors(f"empty {old.folder}"):
        for name in os.listdir(old.folder) if old.folder.is_dir() else ():
            if name != old.quarantine.name:
                shutil.rmtree(old.folder / name)
    return len(moved)


# Joining


def _join(repo: "Repository", folder: Path) -> None:
    identity, joined = _note(repo.common_dir)
    mine = folder / USERS / identity
    if identity and joined == str(folder):
        if not mine.exists():
            raise _not_there(repo, folder)
    elif not os.path.lexists(folder):
        if not folder.parent.is_dir():
            raise _not_there(repo, folder)
        _make_shared(repo, folder)
    elif not folder.is_dir():
        raise UsageError(f"git config {SETTING} names {printable(str(folder))}, which is no folder")
    else:
        _look_around(repo, folder)
    _register(repo, folder, identity, joined)


def _look_around(repo: "Repository", folder: Path) -> None:
    """Make sure that a folder that is there is a store, or empty and so becomes one."""
    with machine_errors(f"look into the store {folder}, which git config {SETTING} names"):
        names = [name for name in os.listdir(folder) if name != "lost+found"]
    if not names:
        _make_shared(repo, folder)
    elif not _HOLDINGS.intersection(names):
        raise UsageError(
            f"git config {SETTING} names {printable(str(folder))}, which holds other things and is no store",
            hint=f"git config {SETTING} {folder / 'mlv-store'}",
        )


def _not_there(repo: "Repository", folder: Path) -> MachineError:
    note = repo.state_dir / _NOTE
    anew = f"; to begin a new one there: mkdir -p {folder} && rm {note}" if note.exists() else ""
    return MachineError(
        f"the store {printable(str(folder))}, which git config {SETTING} names, is not there",
        hint=f"mount its disk, or name another: git config {SETTING} PATH{anew}",
    )


def _register(repo: "Repository", folder: Path, identity: str, joined: str) -> None:
    """Enter this repository among the users, and note that; a store that may only be read is used without."""
    common = os.path.realpath(repo.common_dir)
    entry = folder / USERS / identity
    said = os.fsdecode(entry.read_bytes()).rstrip("\n") if identity and entry.exists() else ""
    if said == common and joined == str(folder):
        return
    if said and said != common and _note(Path(said))[0] == identity:
        identity = ""  # this repository is a copy of the one that has the id
    identity = identity or os.urandom(8).hex()
    if not os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        return
    write_atomic(folder / USERS / identity, os.fsencode(common) + b"\n")
    write_atomic(repo.state_dir / _NOTE, f"{identity}\n".encode() + os.fsencode(folder) + b"\n")


def _note(common_dir: Path) -> tuple[str, str]:
    """Return the id under which a repository is known to its store, and the store; ("", "") when it says nothing."""
    try:
        identity, folder = (common_dir / "mlv" / _NOTE).read_bytes().splitlines()
    except (OSError, ValueError):
        return "", ""
    name = identity.decode("ascii", "replace")
    return (name, os.fsdecode(folder)) if name.isalnum() else ("", "")


def _left_behind(repo: "Repository") -> bool:
    own = repo.state_dir / _OWN
    if not own.is_dir() or _same(own, store_folder(repo)):
        return False
    from mlvgit.store.objects import ObjectStore

    return next(iter(ObjectStore(own)), None) is not None


# Modes


def _sharing(repo: "Repository") -> int:
    """Return the permissions that `core.sharedRepository` adds to a folder; 0 when the umask alone decides."""
    said = repo.config("core.sharedrepository").lower()
    if said in _GROUP:
        return stat.S_ISGID | 0o070
    if said in _EVERYBODY:
        return stat.S_ISGID | 0o075
    try:
        bits = int(said, 8) & 0o066
    except ValueError:
        return 0
    return (stat.S_ISGID | bits | (bits & 0o044) >> 2) & ~stat.S_IWOTH if bits else 0


def _make_shared(repo: "Repository", folder: Path) -> None:
    ensure_directory(folder)
    added = _sharing(repo)
    if added:
        with machine_errors(f"share the store {folder}"):
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | added)


def _same(first: Path, second: Path) -> bool:
    return os.path.realpath(first) == os.path.realpath(second)


def _owner(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
