"""Retiring: bytes are removed on purpose, everywhere this repository reaches; the manifests stay and say so.

First the manifests become tombstones and are staged, then they are committed when that was asked for, and only then the
bytes go: what a hook refuses has cost nothing, and whoever is killed runs the same command again.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.actions.clock import utc_now
from mlvgit.actions.copies import branches_with
from mlvgit.actions.erasing import ErasedHere, Eraser, whole_files
from mlvgit.actions.pointers import unname_on_host
from mlvgit.actions.project import Project
from mlvgit.actions.pulling import fits
from mlvgit.actions.remaining import impact, remaining, role
from mlvgit.actions.stored import object_store, remotes
from mlvgit.core.digest import Digest, is_sha256
from mlvgit.core.text import count, short, size
from mlvgit.errors import MachineError, MlvError, RemoteError, UsageError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest, Retired
from mlvgit.repo.committing import commit_staged
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.storage import is_hole, stays_in_git
from mlvgit.store.atomic import write_atomic

if TYPE_CHECKING:
    from mlvgit.actions.parted import Parted

__all__ = ["Hole", "Retiring", "apply_retired", "plan_retiring"]


class Hole(NamedTuple):
    """What goes of a version.

    Attributes:
        paths: its files that go, from the top of the repository.
        bytes: their sizes.
        whole: nothing of it is left.
        manifest: what it says from now on.
        already: it says so now.
    """

    key: Key
    manifest_path: str
    paths: Mapping[str, Digest]
    bytes: int
    whole: bool
    manifest: Manifest
    already: bool


class Retiring:
    """What is to go, and what went.

    Attributes:
        digests: the bytes.
        holes: the versions that hold them, in this working directory.
        beyond: which of these were not named, and lose files all the same, a sentence each.
        users: who was made with these versions, a sentence each.
        serving: the model versions among them, and made with them, that are in an exclusive stage now.
        remaining: where bytes may be that nothing here can reach, a sentence each.
        strays: files with these bytes that versions of other branches left in the working directory; they go too.
        staged: what the next commit takes along.
        here: what left this machine.
        failed: remotes from which they could not be erased, and why.
        erased_from: remotes from which they are gone.
        unnamed_by: the LFS server whose branch of pointers named them and does not any more; "" for none.
    """

    def __init__(
        self,
        *,
        project: Project,
        digests: tuple[Digest, ...],
        holes: tuple[Hole, ...],
        beyond: tuple[str, ...],
        users: tuple[str, ...],
        serving: tuple[str, ...],
        remaining: tuple[str, ...],
        strays: Mapping[str, Digest],
    ) -> None:
        self.project = project
        self.digests = digests
        self.holes = holes
        self.beyond = beyond
        self.users = users
        self.serving = serving
        self.remaining = remaining
        self.strays = strays
        self.staged: tuple[str, ...] = ()
        self.here = ErasedHere()
        self.failed: dict[str, MlvError] = {}
        self.erased_from: tuple[str, ...] = ()
        self.unnamed_by = ""

    @property
    def bytes(self) -> int:
        """How many bytes that are, each once."""
        return sum(digest.size for digest in self.digests)

    def write(self) -> None:
        """Make the manifests tombstones, take what Git tracks of the files out of the index, and stage that.

        Raises:
            MachineError: a manifest cannot be written.
        """
        project = self.project
        with project.alone("git mlv retire"):
            for hole in self.holes:
                if not hole.already:
                    write_atomic(project.top / hole.manifest_path, hole.manifest.dump())
            index = project.repo.index_tree()
            tracked = [path for hole in self.holes for path in hole.paths if index.entry(path)]
            if tracked:
                _unstage(project, tracked)
            manifests = [hole.manifest_path for hole in self.holes]
            project.repo.stage(manifests, force=True)
            project.refresh()
            head = project.committed().tree
            now = project.repo.index_tree()
            touched = [*manifests, *(path for hole in self.holes for path in hole.paths)]
            self.staged = tuple(path for path in touched if head.entry(path) != now.entry(path))

    def commit(self, message: str) -> str:
        """Commit that, and nothing else; files still stand on disk that are gone from the index. Returns the commit.

        Raises:
            GitError: Git or a hook refuses.
        """
        return commit_staged(self.project.repo, self.staged, message)

    def erase(self) -> None:
        """Remove the bytes: from the workspace, from the store, from each remote; one that fails stops no other.

        Raises:
            RefusedError, IntegrityError, MachineError: see `Eraser.here`; the same command again goes on.
        """
        project = self.project
        with project.alone("git mlv retire"):
            eraser = Eraser(project, self.digests)
            holes = {path: digest for hole in self.holes for path, digest in hole.paths.items()}
            try:
                self.here = eraser.here({**self.strays, **holes})
            except MachineError as error:
                raise MachineError(
                    f"{error.message}\nthe manifests say that they are retired, and bytes are left: it is not finished",
                    hint=error.hint or "the same command again, when that is mended",
                ) from error
            done = []
            for remote in self._remotes():
                try:
                    eraser.there(remote)
                except RemoteError as error:
                    self.failed[remote.name] = error
                else:
                    done.append(remote.name)
            self.erased_from = tuple(done)
            try:
                self.unnamed_by = unname_on_host(project, self.digests)
            except RemoteError as error:
                self.failed[project.settings_or_default.remotes[0].name] = error

    def still_here(self) -> list[str]:
        """Say which of the bytes stay whole in the store, as what other files are ranges of."""
        store = object_store(self.project)
        return [
            f"the bytes {short(digest.sha256)} ({size(digest.size)}) stay: other files, which are not retired, have all of them"
            for digest in self.digests
            if digest.size and not self.here.kept and store.has(digest)
        ]

    def _remotes(self) -> "list[Parted]":
        return [remote for remote in remotes(self.project) if not remote.whole_only]


def _unstage(project: Project, paths: Iterable[str]) -> None:
    listed = b"".join(os.fsencode(path) + b"\0" for path in paths)
    project.repo.git.run(
        "rm", "--cached", "--force", "--quiet", "--pathspec-from-file=-", "--pathspec-file-nul", input=listed
    )


def plan_retiring(
    project: Project, reference: str, paths: Sequence[str], sha256s: Iterable[str], reason: str
) -> Retiring:
    """Find what is to go: bytes of a version, or by their SHA-256; in every version that holds them.

    Args:
        reference: a version; "" when `sha256s` say what goes.
        paths: only these of its files: names, folders or patterns; see `fits`.
        reason: what the tombstones say.

    Raises:
        UsageError: nothing is called so, or there are no such files.
        DocumentError: a manifest cannot be read, so that what it holds is not known.
    """
    catalog = project.working()
    every = [_readable(frozen) for key in catalog.keys(root=None) if (frozen := catalog.frozen(key))]
    if reference:
        chosen, names = _chosen(project, catalog, reference, paths)
    else:
        chosen, names = _by_sha256(every, sha256s), frozenset[tuple[Key, str]]()
    dead = frozenset(digest for digest in chosen if digest.size)
    by, now = project.repo.identity(), utc_now()
    holes = [
        hole
        for frozen, manifest in every
        if (hole := _hole(project, frozen, manifest, dead, names, Retired(by, now, reason)))
    ]
    keys = [hole.key for hole in holes]
    users, serving = impact(catalog, keys)
    branches = branches_with(project, dead, keys)
    return Retiring(
        project=project,
        digests=tuple(sorted(dead, key=lambda digest: digest.sha256)),
        holes=tuple(holes),
        beyond=tuple(_beyond(catalog, holes, {key for key, _ in names})) if reference else (),
        users=users,
        serving=serving,
        remaining=(
            *_successors(every, holes),
            *branches.sentences,
            *remaining(project, dead, [path for hole in holes for path in hole.paths]),
        ),
        strays=Eraser(project, dead).strays(branches.paths),
    )


def _beyond(catalog: Catalog, holes: Sequence[Hole], named: Collection[Key]) -> Iterator[str]:
    """Say which versions lose files although another one was named, and what they are now."""
    for hole in holes:
        if hole.key not in named and not hole.already:
            now = role(catalog, hole.key)
            what = "all its files" if hole.whole else count(len(hole.paths), "file")
            yield f"{hole.key}{f' ({now})' if now else ''} loses {what}"


def _successors(every: Sequence[tuple[Frozen, Manifest]], holes: Sequence[Hole]) -> list[str]:
    """Say which versions have other bytes, that do not go, under the name of a file that does."""
    gone: dict[tuple[str, str, str, str], str] = {}
    going = {path for hole in holes for path in hole.paths}
    for hole in holes:
        root, kind, name, version = hole.key
        folder = next(frozen.directory for frozen, _ in every if frozen.key == hole.key)
        gone.update({(root, kind, name, path[len(folder) + 1 :]): version for path in hole.paths})
    found = []
    for frozen, manifest in every:
        root, kind, name, _ = frozen.key
        same = [
            relative
            for relative, entry in manifest.by_relative().items()
            if (root, kind, name, relative) in gone
            and f"{frozen.directory}/{relative}" not in going
            and not is_hole(manifest, entry)
        ]
        if same:
            more = f" and {len(same) - 1} more" if len(same) > 1 else ""
            found.append(
                f"{frozen.key} has other bytes under the name {same[0]}{more}, which stay, whatever they share"
            )
    return found


def _readable(frozen: Frozen) -> tuple[Frozen, Manifest]:
    if frozen.manifest is None:
        raise frozen.error or UsageError(f"{frozen.manifest_path} cannot be read")
    return frozen, frozen.manifest


def _chosen(
    project: Project, catalog: Catalog, reference: str, paths: Sequence[str]
) -> tuple[list[Digest], frozenset[tuple[Key, str]]]:
    key = project.find(reference, catalog)
    frozen, manifest = project.frozen(key, catalog)
    known = manifest.by_relative()
    names: set[str] = set()
    for path in paths:
        fitting = [name for name in known if fits(path, frozen.directory, name)]
        if not fitting:
            raise UsageError(f"{key} has no file {path}", hint=f"git mlv {_noun(key)} show {key}")
        names.update(fitting)
    if not paths:
        names.update(name for name in known if not stays_in_git(key, name))
    digests = [Digest(known[name].size_bytes, known[name].sha256) for name in names]
    return digests, frozenset((key, name) for name in names)


def _noun(key: Key) -> str:
    return "snapshot" if key.kind == "snapshot" else "model"


def _by_sha256(every: Sequence[tuple[Frozen, Manifest]], sha256s: Iterable[str]) -> list[Digest]:
    found: dict[str, Digest] = {}
    wanted = [text.removeprefix("sha256:").lower() for text in sha256s]
    for _, manifest in every:
        found.update({entry.sha256: Digest(entry.size_bytes, entry.sha256) for entry in manifest.files})
    for text in wanted:
        if not is_sha256(text):
            raise UsageError(f"{text} is no SHA-256: 64 hexadecimal digits")
        if text not in found:
            raise UsageError(
                f"no manifest here names {text}", hint="git mlv pull   (or check out the branch that has it)"
            )
    return [found[text] for text in wanted]


def _hole(
    project: Project,
    frozen: Frozen,
    manifest: Manifest,
    dead: frozenset[Digest],
    names: frozenset[tuple[Key, str]],
    tombstone: Retired,
) -> Hole | None:
    """Return what goes of one version, None when it holds nothing of that."""
    known = manifest.by_relative()
    going = {
        name: digest
        for name, entry in known.items()
        if (digest := Digest(entry.size_bytes, entry.sha256)) in dead or (frozen.key, name) in names
    }
    if not going:
        return None
    old = manifest.retired
    covered = {name for name, entry in known.items() if name in going or (old and old.covers(entry.path))}
    already = old is not None and all(old.covers(known[name].path) for name in going)
    whole = len(covered) == len(known)
    total = sum(known[name].size_bytes for name in covered)
    if not already:
        said = tombstone.reason
        reason = f"{old.reason}; {said}" if old and old.reason != said else said
        written = () if whole else tuple(sorted(known[name].path for name in covered))
        tombstone = tombstone._replace(reason=reason, bytes=total, paths=written, unknown=old.unknown if old else {})
        manifest = manifest._replace(retired=tombstone)
    return Hole(
        key=frozen.key,
        manifest_path=frozen.manifest_path,
        paths={f"{frozen.directory}/{name}": digest for name, digest in going.items()},
        bytes=sum(digest.size for digest in going.values()),
        whole=whole,
        manifest=manifest,
        already=already,
    )


def apply_retired(project: Project, tell: Callable[[str], object], *, act: bool = True) -> list[Digest]:
    """Remove from this clone's store and workspace what HEAD says is retired; return what went (or would go).

    What HEAD, the index or the working directory still freezes as whole stays.

    Args:
        tell: is given a sentence for each version of which something goes, before it does.
        act: False only tells.

    Raises:
        RefusedError, IntegrityError, MachineError: see `Eraser.here`.
    """
    catalog = project.committed()
    retired: dict[Digest, tuple[Frozen, Retired]] = {}
    paths: dict[str, Digest] = {}
    for key in catalog.keys(root=None):
        frozen = catalog.frozen(key)
        if frozen is None or frozen.manifest is None or frozen.manifest.retired is None:
            continue
        for name, entry in frozen.manifest.by_relative().items():
            if frozen.manifest.retired.covers(entry.path) and entry.size_bytes:
                digest = Digest(entry.size_bytes, entry.sha256)
                retired[digest] = frozen, frozen.manifest.retired
                paths[f"{frozen.directory}/{name}"] = digest
    if not retired:
        return []
    whole = frozenset(whole_files(project))
    eraser = Eraser(project, retired.keys() - whole)
    paths = {**eraser.strays(), **paths}
    here = eraser.present(paths)
    said = {retired[digest][0].key: retired[digest][1] for digest in here}
    for key, why in said.items():
        tell(f"bytes of {key} were retired by {why.by} on {why.at[:10]}: {why.reason}")
    if not act or not here:
        return here
    mine = {path: digest for path, digest in paths.items() if digest in eraser.dead}
    with project.alone("git mlv pull"):
        left = eraser.here(mine)
    project.refresh()
    for path in left.altered:
        tell(f"{path} was left: it is not as it was frozen, and may have some of the bytes")
    for sentence in left.kept:
        tell(sentence)
    still = set(eraser.present(mine))
    return [digest for digest in here if digest not in still]
