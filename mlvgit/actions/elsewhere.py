"""Committing what was hashed elsewhere: a version whose bytes are on a remote already, and do not come here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from mlvgit.actions.freeze import FreezeResult, Freezing, freeze_listed
from mlvgit.actions.presence import Presence
from mlvgit.actions.project import Project, freeze_command
from mlvgit.actions.stored import remotes
from mlvgit.actions.transfer import Parcel, receive
from mlvgit.core.digest import Digest, of_bytes
from mlvgit.core.text import count, printable, short, size
from mlvgit.errors import IntegrityError, MachineError, RefusedError, RemoteError, UsageError
from mlvgit.records.inventory import Inventory
from mlvgit.remotes.base import Reader
from mlvgit.store.atomic import write_atomic
from mlvgit.store.scan import listed

__all__ = ["freeze_inventory", "read_inventory", "require_kept"]

_NONE: Final[Mapping[str, bytes]] = MappingProxyType({})


def read_inventory(path: Path) -> Inventory:
    """Read what `git mlv manifest` wrote.

    Raises:
        UsageError: there is no such file.
        DocumentError: it is no inventory; carries every problem.
        MachineError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{printable(str(path))} does not exist", hint="git mlv manifest SOURCE -o FILE") from error
    except OSError as error:
        raise MachineError(f"cannot read {printable(str(path))}: {error.strerror}") from error
    return Inventory.parse(data, str(path))


def freeze_inventory(
    project: Project, wanted: Freezing, inventory: Inventory, beside: Mapping[str, bytes] = _NONE
) -> FreezeResult:
    """Freeze what an inventory lists, once remotes of mlv.yaml have said that they have all of it.

    Args:
        wanted: which version, and its further keys; its source is the inventory's where it names none.
        inventory: what was hashed elsewhere.
        beside: small files of a model that Git is to hold, by name; what the inventory lists of such files and is not
            given here is fetched.

    Raises:
        UsageError: no remote is named, the storage cannot be Git, or a file here is not the one that was hashed.
        RefusedError: a remote lacks bytes, or the version exists with others.
        RemoteError: it cannot be known whether bytes are there.
    """
    if wanted.storage == "git":
        raise UsageError("the bytes of what was hashed elsewhere are not here for Git", hint="--storage store")
    found = inventory.digests()
    for name, data in beside.items():
        if found.setdefault(name, of_bytes(data)) != of_bytes(data):
            raise UsageError(
                f"{name} is not the one that was hashed: {short(found[name].sha256)}",
                hint="leave it out, and it is fetched",
            )
    wanted = Freezing(key=wanted.key, fields={"source": inventory.source} | dict(wanted.fields), replace=wanted.replace)

    def bring(folder: Path, names: Sequence[str]) -> None:
        kept = {name: digest for name, digest in found.items() if name not in names}
        fetched = {name: found[name] for name in names if name not in beside}
        require_kept(project, wanted, kept | fetched)
        _fetch(project, folder, fetched)
        for name in names:
            if name in beside:
                write_atomic(folder / name, beside[name])

    return freeze_listed(project, wanted, lambda: sorted(found.items()), bring)


def require_kept(project: Project, wanted: Freezing, wanted_files: Mapping[str, Digest]) -> None:
    """Make sure that remotes have the bytes of files, by existence and size alone.

    Raises:
        UsageError: no remote is named.
        RefusedError: bytes are missing there.
        RemoteError: it cannot be known whether they are there.
    """
    presence = Presence(remotes(project))
    if not presence.remotes:
        raise UsageError(
            "no remote is named that could have these bytes",
            hint="git mlv remote add NAME URL -m 'Name a remote'   (where they are)",
        )
    said = presence([*wanted_files.values()])
    missing = [name for name, digest in wanted_files.items() if said[digest.sha256] is False]
    if missing:
        nbytes = sum(digest.size for digest in {wanted_files[name] for name in missing})
        first = presence.remotes[0]
        raise RefusedError(
            f"{presence.name} lacks the bytes of {count(len(missing), 'file')} ({size(nbytes)}):\n"
            + listed(map(printable, missing), len(missing)),
            hint=f"where they lie: git mlv manifest SOURCE -o FILE --to {first.url}\n"
            f"or where they are frozen: {freeze_command(wanted.key)} FILES, and git mlv push",
        )
    unknown = [name for name, digest in wanted_files.items() if said[digest.sha256] is None]
    if unknown:
        why, mend = presence.trouble()
        raise RemoteError(
            f"it cannot be known whether {presence.name} has the bytes of {count(len(unknown), 'file')}"
            + (f": {why}" if why else ""),
            hint=mend or "the same command again, when it can be reached: unknown is not taken for yes",
        )


def _fetch(project: Project, folder: Path, files: Mapping[str, Digest]) -> None:
    """Get the small files that Git is to hold."""
    limit = project.settings.limits.file_in_git
    names: dict[Digest, list[str]] = {}
    for name, digest in files.items():
        if digest.size > limit:
            raise RefusedError(
                f"{name} has {size(digest.size)}: over {size(limit)}, files are too large for Git (MLV107)"
            )
        names.setdefault(digest, []).append(name)

    def put(parcel: Parcel, reader: Reader) -> None:
        data = b"".join(iter(lambda: reader.read(1 << 20), b""))
        if of_bytes(data) != parcel.digest:
            raise IntegrityError(f"it is {short(of_bytes(data).sha256)}, {size(len(data))}")
        for name in names[parcel.digest]:
            write_atomic(folder / name, data)

    if names:
        receive(remotes(project), [*names], put)
