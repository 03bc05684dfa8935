"""Which bytes a push needs on the remote of bytes: those of every store-kept manifest that its commits bring."""

from collections.abc import Iterable, Iterator

from mlvgit.actions.project import Project
from mlvgit.actions.stored import Sent, send, wanted_by
from mlvgit.core.digest import Digest
from mlvgit.errors import DocumentError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.repo.git import decode

__all__ = ["AT_PUSH", "pushed_objects", "send_pushed"]

AT_PUSH = 100 << 20
"""A hook uploads up to this many bytes: a long upload would lose the connection that Git holds open meanwhile."""


def send_pushed(project: Project, tips: Iterable[str], git_remote: str, limit: int | None = None) -> Sent:
    """Upload what a push of `tips` (commit ids) to `git_remote` needs and the remote of bytes lacks.

    Raises:
        UsageError, RefusedError, RemoteError: see `send`.
    """
    return send(project, pushed_objects(project, tips, git_remote), limit)


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
