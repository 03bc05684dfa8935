"""Further copies of bytes that go: what Git has of them, whatever it is called there, and branches that freeze them still."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from mlvgit.actions.project import Project
from mlvgit.core.digest import Digest
from mlvgit.core.text import count, printable
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.repo.git import decode
from mlvgit.repo.history import is_ancestor
from mlvgit.repo.pointers import BRANCH, pointer_id

__all__ = ["Branches", "InGit", "branches_with", "in_git"]

_POINTERS = BRANCH.removeprefix("refs/heads/")


class InGit(NamedTuple):
    """What Git has of some bytes.

    Attributes:
        past: paths that had them in any commit.
        now: paths that have them in HEAD or the index, but for those that were asked about.
        loose: objects that have them and that no branch, no tag and not the index leads to.
    """

    past: tuple[str, ...]
    now: tuple[str, ...]
    loose: int


def in_git(project: Project, dead: Collection[Digest], paths: Collection[str]) -> InGit:
    """Look for bytes among all objects of Git, by their sizes first: only what may be them is hashed.

    Args:
        dead: the bytes.
        paths: where they are known to be.
    """
    blobs = _blobs(project, dead)
    going = frozenset(paths)
    partial = any(key.endswith(".promisor") for key in project.repo.config_keys("remote."))
    past = {
        path: oid
        for path, oid in (_history(project) if blobs or partial else ())
        if oid in blobs or (partial and path in going)  # then not all objects are here, but all trees
    }
    trees = (project.committed().tree.below(""), project.repo.index_tree().below("")) if blobs else ()
    standing = {path: entry.oid for tree in trees for path, entry in tree.items() if entry.oid in blobs}
    return InGit(
        tuple(past),
        tuple(path for path in standing if path not in going),
        len(blobs - {*past.values(), *standing.values()}),
    )


def _blobs(project: Project, dead: Collection[Digest]) -> frozenset[str]:
    """Return the blobs that have these bytes, or are the Git LFS pointer to them."""
    sizes = {b"%d" % digest.size for digest in dead if digest.size}
    pointers = {pointer_id(project.repo, digest) for digest in dead if digest.size}
    if not sizes:
        return frozenset()
    asked = "--batch-check=%(objecttype) %(objectsize) %(objectname)"
    found, alike = set(), []
    for line in project.repo.git.records(
        "cat-file", "--batch-all-objects", "--unordered", "--buffer", asked, separator=b"\n"
    ):
        kind, size, name = line.split(b" ")
        oid = name.decode()
        if oid in pointers:
            found.add(oid)
        elif kind == b"blob" and size in sizes:
            alike.append(oid)
    digests = project.repo.blob_digests(alike)
    return frozenset({*found, *(oid for oid in alike if digests[oid] in dead)})


def _history(project: Project) -> Iterator[tuple[str, str]]:
    """Yield (path, blob) of whatever a commit that anything leads to has brought."""
    ours = (f"--exclude={BRANCH}", f"--exclude=refs/remotes/*/{_POINTERS}")  # it names them for the host, see pointers
    options = ("--format=", "--raw", "-z", "--no-abbrev", "--no-renames", "--root", "--diff-merges=separate")
    change = b""
    for record in project.repo.git.records("log", *options, "--diff-filter=AM", *ours, "--all", "--"):
        if change:
            yield decode(record), change.split(b" ")[3].decode()
            change = b""
        else:
            change = record.strip()


class Branches(NamedTuple):
    """Branches that freeze the same bytes still.

    Attributes:
        sentences: one for those that freeze the same of them.
        paths: where their versions have these bytes in a working directory.
    """

    sentences: tuple[str, ...]
    paths: Mapping[str, Digest]


def branches_with(project: Project, dead: Collection[Digest], keys: Collection[Key]) -> Branches:
    """Find the other branches, here and of remotes as last fetched, whose manifests name bytes that go as if they stayed.

    Args:
        keys: the versions here that say so now: merging brings that.
    """
    paths: dict[str, Digest] = {}
    holding: dict[tuple[tuple[Key, ...], int], list[str]] = {}
    seen: dict[int, tuple[Manifest, dict[str, Digest]]] = {}
    for name, tip in _others(project):
        catalog = project.committed(tip)
        found: dict[Key, dict[str, Digest]] = {}
        for key in catalog.keys(root=None):
            frozen = catalog.frozen(key)
            if frozen is None or frozen.manifest is None or not frozen.manifest.entries_here:
                continue
            manifest = frozen.manifest
            if id(manifest) not in seen:  # what is equal is parsed once, and most branches share most
                seen[id(manifest)] = manifest, _named(manifest, dead)
            named = seen[id(manifest)][1]
            if named:
                found[key] = named
                paths.update({f"{frozen.directory}/{relative}": digest for relative, digest in named.items()})
        if found:
            holding.setdefault((tuple(found), sum(map(len, found.values()))), []).append(name)
    sentences = (_sentence(names, held, number, dead, keys) for (held, number), names in holding.items())
    return Branches(tuple(sentences), paths)


def _named(manifest: Manifest, dead: Collection[Digest]) -> dict[str, Digest]:
    retired = manifest.retired
    return {
        relative: digest
        for relative, entry in manifest.by_relative().items()
        if (digest := Digest(entry.size_bytes, entry.sha256)) in dead and not (retired and retired.covers(entry.path))
    }


def _others(project: Project) -> Iterator[tuple[str, str]]:
    """Yield name and commit of each branch but the current one, here and where a push of it brings all that it has."""
    repo = project.repo
    mine, head = repo.branch(), repo.head()
    listed = repo.git.text("for-each-ref", "--format=%(objectname) %(symref) %(refname)", "refs/heads", "refs/remotes")
    for line in listed.splitlines():
        tip, link, ref = line.split(" ", 2)
        local = ref.startswith("refs/heads/")
        name = ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")
        branch = name if local else name.partition("/")[2]
        if link or branch == _POINTERS or (local and branch == mine):
            continue
        if branch != mine or head is None or not is_ancestor(repo, tip, head):
            yield name, tip


def _sentence(
    names: Iterable[str], held: tuple[Key, ...], number: int, dead: Collection[Digest], keys: Collection[Key]
) -> str:
    listed = list(names)
    branches = ", ".join(map(printable, listed))
    one = len(listed) == 1
    versions = ", ".join(map(str, held[:3])) + (", ..." if len(held) > 3 else "")
    same = " --sha256 ".join(sorted(digest.sha256 for digest in dead)[:3]) + (" ..." if len(dead) > 3 else "")
    there = f"git mlv retire --sha256 {same} there"
    way = f"merge this commit there, or {there}" if set(held) <= set(keys) else there
    return (
        f"the branch{'' if one else 'es'} {branches} {'has' if one else 'have'} {count(number, 'file')} of these bytes in "
        f"{versions} and {'does' if one else 'do'} not say that they were retired: {way}"
    )
