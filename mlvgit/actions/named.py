"""What manifests in history name: those that a range of commits brings, and those that a Git remote is known to have."""

from collections.abc import Iterable, Iterator

from mlvgit.actions.project import Project
from mlvgit.core.digest import Digest
from mlvgit.core.digests import unique
from mlvgit.errors import DocumentError
from mlvgit.records.filelist import FileList
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.repo.git import decode
from mlvgit.rules.storage import known_objects

__all__ = ["known_there", "manifests_in", "objects_named", "refs_there"]


def manifests_in(project: Project, *revisions: str, also: Iterable[str] = ()) -> Iterator[Manifest]:
    """Yield the manifests that commits bring; what cannot be read is left out, as the rules say so.

    Args:
        revisions: as `git log` takes them.
        also: more of them, as many as there may be.
    """
    options = ("--format=", "--raw", "--no-abbrev", "--no-renames", "-m", "-z", "--diff-filter=AM")
    asked = "".join(f"{revision}\n" for revision in also).encode()
    raw = project.repo.git.run("log", *options, *revisions, *(["--stdin"] if asked else ["--"]), input=asked)
    fields = [field for field in raw.split(b"\0") if field.strip()]
    blobs = {
        change.split(b" ")[3].decode(): decode(path)
        for change, path in zip(fields[::2], fields[1::2], strict=True)
        if path.endswith((b"/manifest.json", b".manifest.json"))
    }
    for oid, path in blobs.items():
        try:
            manifest = Manifest.parse(project.repo.blob(oid), path)
        except DocumentError:
            continue
        if isinstance(manifest.files, FileList):
            manifest.files.source = project.find_list
        yield manifest


def objects_named(manifests: Iterable[Manifest]) -> Iterator[Digest]:
    """Yield the objects that store-kept manifests name, each once, in their order."""
    return unique(
        digest
        for manifest in manifests
        for digest in known_objects(manifest, Key("", manifest.kind, manifest.name, manifest.version))
    )


def refs_there(project: Project, git_remote: str) -> list[str]:
    """Return the commits of the branches of a Git remote, as last fetched, and of all tags."""
    asked = "%(objecttype) %(objectname) %(*objecttype) %(*objectname)"
    listed = project.repo.git.text("for-each-ref", f"--format={asked}", f"refs/remotes/{git_remote}", "refs/tags")
    words = (line.split(" ") for line in listed.splitlines())
    return list(
        dict.fromkeys(
            oid for line in words for kind, oid in zip(line[::2], line[1::2], strict=True) if kind == "commit"
        )
    )


def known_there(project: Project, git_remote: str, since: Iterable[str] = ()) -> list[Digest]:
    """List the objects that manifests name anywhere in what a Git remote is known to have.

    What was retired, and is frozen at no tip any more, is left out: the host is to let go of it.

    Args:
        since: commits that were looked at before; what their history has is left out.
    """
    tips = refs_there(project, git_remote)
    if not tips:
        return []
    manifests = list(manifests_in(project, "--ignore-missing", also=[*tips, *(f"^{oid}" for oid in since)]))
    named = dict.fromkeys(objects_named(manifests))
    dead = {
        Digest(entry.size_bytes, entry.sha256)
        for manifest in manifests
        if manifest.retired and manifest.entries_here
        for entry in manifest.files
        if manifest.retired.covers(entry.path)
    }
    if dead.isdisjoint(named):
        return list(named)
    dead.difference_update(_frozen_at(project, tips))
    return [digest for digest in named if digest not in dead]


def _frozen_at(project: Project, commits: Iterable[str]) -> Iterator[Digest]:
    catalogs = map(project.committed, commits)
    frozen = (catalog.frozen(key) for catalog in catalogs for key in catalog.keys(root=None))
    return objects_named(each.manifest for each in frozen if each and each.manifest)
