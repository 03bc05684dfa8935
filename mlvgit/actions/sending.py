"""Which bytes a push needs on the remote of bytes: those of every store-kept manifest that its commits bring."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mlvgit.actions.pointers import keep_on_host
from mlvgit.actions.presence import Presence
from mlvgit.actions.project import Project
from mlvgit.actions.stored import Sent, object_store, remotes, send, wanted_by
from mlvgit.core.digest import Digest
from mlvgit.errors import DocumentError, RefusedError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.repo.git import decode
from mlvgit.rules.model import RemoteBytes
from mlvgit.store.objects import ObjectStore

__all__ = ["AT_PUSH", "Shipped", "pushed_objects", "send_pushed"]

AT_PUSH = 100 << 20
"""A hook uploads up to this many bytes: a long upload would lose the connection that Git holds open meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """What sending the bytes of a push did.

    Attributes:
        sent: what went where.
        lacking: what the rules are to judge the push by, when the remote is not known to have all that it needs; None
            when it has, or when there was nothing to ask about.
        along: refspecs without which the push is not to go out.
    """

    sent: Sent
    along: tuple[str, ...] = ()
    lacking: RemoteBytes | None = None


def send_pushed(project: Project, tips: Iterable[str], git_remote: str, limit: int | None = None) -> Shipped:
    """Upload what a push of `tips` (commit ids) to `git_remote` needs, the remote of bytes lacks and this machine has.

    Args:
        limit: when more bytes than this are to be sent, none are.

    Raises:
        UsageError: a URL in mlv.yaml is of no kind that can be opened.
        RemoteError: the remote does not take them.
    """
    wanted = pushed_objects(project, tips, git_remote)
    if not wanted:
        return Shipped(sent=Sent())
    presence = Presence(remotes(project)[:1])
    store = object_store(project)
    said = presence(wanted)
    missing = [digest for digest in wanted if said[digest.sha256] is False]
    here = [digest for digest in missing if store.has(digest)]
    sent = Sent()
    if limit is None or sum(digest.size for digest in here) <= limit:
        try:
            sent = send(project, here)
        except RefusedError:
            pass  # one of them is damaged, and none was sent
        else:
            presence.note(here, presence.remotes[0]) if here else None
    said = presence(wanted)
    along = keep_on_host(project, [digest for digest in wanted if said[digest.sha256]])
    if all(said.values()):
        return Shipped(sent=sent, along=along)
    damaged = {digest.sha256 for digest in missing if not store.has(digest) and _is_set_aside(store, digest)}
    nowhere = {digest.sha256 for digest in missing if not store.has(digest)}
    return Shipped(
        sent=sent,
        along=along,
        lacking=RemoteBytes(presence.name, presence, frozenset(nowhere - damaged), frozenset(damaged)),
    )


def _is_set_aside(store: ObjectStore, digest: Digest) -> bool:
    return next(store.quarantine.glob(f"{digest.sha256}.*"), None) is not None


def pushed_objects(project: Project, tips: Iterable[str], git_remote: str) -> list[Digest]:
    """List the objects that store-kept manifests name which no branch of `git_remote` has yet, as it was last seen."""
    found: dict[Digest, None] = {}
    for path, oid in _manifests(project, list(tips), git_remote):
        try:
            manifest = Manifest.parse(project.repo.blob(oid), path)
        except DocumentError:
            continue  # the rules have said so already
        found.update(dict.fromkeys(wanted_by(manifest, Key("", manifest.kind, manifest.name, manifest.version))))
    return list(found)


def _manifests(project: Project, tips: list[str], git_remote: str) -> Iterator[tuple[str, str]]:
    if not tips:
        return
    seen = ("--not", f"--remotes={git_remote}") if git_remote else ()
    raw = project.repo.git.run(
        "log", "--format=", "--raw", "--no-abbrev", "--no-renames", "-m", "-z", "--diff-filter=AM", *tips, *seen, "--"
    )
    fields = [field for field in raw.split(b"\0") if field.strip()]
    for change, path in zip(fields[::2], fields[1::2], strict=True):
        name = decode(path)
        if name.endswith(("/manifest.json", ".manifest.json")):
            yield name, change.split(b" ")[3].decode()
