"""What was retired, as far as this clone knows: another branch, or a remote's as last fetched, may say so before HEAD does."""

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from mlvgit.actions.project import Project
from mlvgit.core.digest import Digest
from mlvgit.core.text import count, printable
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest, Retired
from mlvgit.repo.cache import BlobSet
from mlvgit.repo.pointers import BRANCH
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.storage import known_objects
from mlvgit.rules.wording import quoted

__all__ = ["Retirements", "Tombstone", "Weighed", "again_command", "by_tombstone", "weigh"]

_POINTERS = BRANCH.removeprefix("refs/heads/")


class Tombstone(NamedTuple):
    """What says that bytes were retired.

    Attributes:
        key: the version that they were retired from.
        why: who, when and why.
        tree_sha256: the identity of the version.
        branch: what says so, when neither HEAD nor the working directory does.
    """

    key: Key
    why: Retired
    tree_sha256: str
    branch: str = ""

    def is_of(self, manifest: Manifest) -> bool:
        """Say whether it is this very version that they were retired from."""
        version = (manifest.kind, manifest.name, manifest.version, manifest.tree_sha256)
        return version == (*self.key[1:], self.tree_sha256)


class Weighed(NamedTuple):
    """What of some bytes that a remote lacks is not to be sent.

    Attributes:
        left: it was retired.
        dead: what else was, and is not to go along with other files either.
        warnings: a sentence for each version that loses files so, or brings retired bytes back.
    """

    left: frozenset[Digest] = frozenset()
    dead: frozenset[Digest] = frozenset()
    warnings: tuple[str, ...] = ()


class Retirements:
    """The tombstones of HEAD, of the working directory, and of every branch here and of remotes as last fetched."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def said(self) -> dict[Digest, list[Tombstone]]:
        """Bytes -> what says that they were retired."""
        project = self._project
        found: dict[Digest, list[Tombstone]] = {}
        catalogs = [("", project.committed()), ("", project.working())]
        catalogs += [(name, project.committed(tip)) for name, tip in self._unmerged()]
        for branch, catalog in catalogs:
            for digest, stone in self._in(catalog, branch):
                stones = found.setdefault(digest, [])
                if not any(each[:3] == stone[:3] for each in stones):
                    stones.append(stone)
        return found

    def kept(self, manifest: Manifest) -> Iterator[tuple[Digest, Tombstone]]:
        """Yield the retired bytes that a version has and that were retired from others only."""
        for digest in known_objects(manifest, Key("", manifest.kind, manifest.name, manifest.version)):
            stones = self.said.get(digest)
            if stones and not any(each.is_of(manifest) for each in stones):
                yield digest, stones[0]

    def of_head(self) -> set[Digest]:
        """Return what HEAD itself says was retired."""
        return {digest for digest, _ in self._in(self._project.committed(), "")}

    def frozen_again(self, catalog: Catalog) -> set[Digest]:
        """Return the retired bytes that a commit freezes although it says itself that they were retired."""
        told = {digest for digest, _ in self._in(catalog, "")}
        if not told:
            return set()
        frozen = (catalog.frozen(key) for key in catalog.keys(root=None))
        manifests = [each.manifest for each in frozen if each and each.manifest]
        return {digest for manifest in manifests for digest, _ in self.kept(manifest) if digest in told}

    def let_go(self) -> set[Digest]:
        """Return what was retired and no version here has but those that it was retired from."""
        found = set(self.said)
        project = self._project
        catalogs = [project.committed(), project.working(), *(project.committed(tip) for _, tip in self._unmerged())]
        for catalog in catalogs if found else ():
            frozen = (catalog.frozen(key) for key in catalog.keys(root=None))
            found -= {digest for each in frozen if each and each.manifest for digest, _ in self.kept(each.manifest)}
        return found

    def _in(self, catalog: Catalog, branch: str) -> Iterator[tuple[Digest, Tombstone]]:
        for key in self._may_say_so(catalog):
            frozen = catalog.frozen(key)
            manifest = frozen.manifest if frozen else None
            if manifest is None or manifest.retired is None or not manifest.entries_here:
                continue
            stone = Tombstone(key, manifest.retired, manifest.tree_sha256, branch)
            for entry in manifest.files:
                if entry.size_bytes and manifest.retired.covers(entry.path):
                    yield Digest(entry.size_bytes, entry.sha256), stone

    def _may_say_so(self, catalog: Catalog) -> list[Key]:
        """Return whose manifests have the word: what has not is not parsed."""
        oids: dict[Key, str] = {}
        for key in catalog.keys(root=None):
            root = catalog.root(key.root)
            entry = catalog.tree.entry(root.layout.manifest(key)) if root else None
            oids[key] = entry.oid if entry else ""
        unread = [oid for oid in dict.fromkeys(oids.values()) if oid and oid not in self._silent]
        found = zip(unread, self._project.repo.objects(unread), strict=True)
        says = {oid for oid, blob in found if blob is None or b'"retired"' in blob[1]}
        self._silent.add(oid for oid in unread if oid not in says)
        return [key for key, oid in oids.items() if not oid or oid in says]

    @cached_property
    def _silent(self) -> BlobSet:
        repo = self._project.repo
        return BlobSet(repo.state_dir / "cache" / f"unretired-{repo.object_format}", repo.object_format)

    def _unmerged(self) -> Iterator[tuple[str, str]]:
        """Yield name and commit of the branches that have what HEAD has not."""
        repo = self._project.repo
        unmerged = ["--no-merged=HEAD"] if repo.head() else []
        asked = "--format=%(objectname) %(objecttype) %(symref) %(refname)"
        listed = repo.git.text("for-each-ref", *unmerged, asked, "refs/remotes", "refs/heads")
        seen = set()
        for line in listed.splitlines():
            tip, kind, link, ref = line.split(" ", 3)
            name = ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")
            if kind != "commit" or link or tip in seen or name.endswith(_POINTERS):
                continue
            seen.add(tip)
            yield name, tip


def weigh(project: Project, missing: Collection[Digest], brought: Iterable[Manifest]) -> Weighed:
    """Find what of some bytes that a remote lacks is not to go there, as it was retired.

    What a version brings from which nobody retired it goes: it may be right, and is warned of.

    Args:
        brought: the manifests that the push brings.
    """
    retired = Retirements(project)
    if not missing or not retired.said:
        return Weighed()
    concerned = {digest for digest in missing if digest in retired.said}
    again: set[Digest] = set()
    back: dict[tuple[str, Key], tuple[Tombstone, list[Digest]]] = {}
    for manifest in brought:
        for digest, stone in retired.kept(manifest):
            again.add(digest)
            if digest in concerned:
                version = f"{manifest.name}@{manifest.version}"
                back.setdefault((version, stone.key), (stone, []))[1].append(digest)
    dead = retired.said.keys() - again - retired.frozen_again(project.committed())
    left = concerned & dead
    lost = by_tombstone(retired, left)
    return Weighed(
        frozenset(left),
        frozenset(dead),
        (
            *(_left_out(stone, len(digests)) for stone, digests in lost),
            *(_brought_back(version, stone, digests) for (version, _), (stone, digests) in back.items()),
        ),
    )


def by_tombstone(retired: Retirements, digests: Iterable[Digest]) -> list[tuple[Tombstone, list[Digest]]]:
    """Return retired bytes by the first that says so of them."""
    found: dict[Key, tuple[Tombstone, list[Digest]]] = {}
    for digest in sorted(digests, key=lambda each: each.sha256):
        stone = retired.said[digest][0]
        found.setdefault(stone.key, (stone, []))[1].append(digest)
    return list(found.values())


def again_command(stone: Tombstone, digests: Iterable[Digest]) -> str:
    """Return the command that removes retired bytes wherever they still, or again, are."""
    named = " ".join(f"--sha256 {digest.sha256}" for digest in digests)
    return f"git mlv retire {named if stone.why.paths else stone.key} --reason {quoted(stone.why.reason)} --yes"


def _said_by(stone: Tombstone) -> str:
    return f"by {printable(stone.why.by)} on {stone.why.at[:10]}: {printable(stone.why.reason)}"


def _left_out(stone: Tombstone, number: int) -> str:
    where = f"; git merge {quoted(stone.branch)} says so here too" if stone.branch else ""
    return f"{count(number, 'file')} of {stone.key} not sent, retired {_said_by(stone)}{where}"


def _brought_back(version: str, stone: Tombstone, digests: list[Digest]) -> str:
    named = " ".join(f"--sha256 {digest.sha256}" for digest in dict.fromkeys(digests))
    return (
        f"{version} has {count(len({*digests}), 'file')} with bytes that were retired from {stone.key}, {_said_by(stone)}; "
        f"they were sent. To remove them again: git mlv retire {named} --reason {quoted(stone.why.reason)} --yes"
    )
