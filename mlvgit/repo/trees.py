"""Trees: a commit, the index, the working directory. A commit tree, and what lies over it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mlvgit.core.digest import Digest
from mlvgit.core.paths import is_within
from mlvgit.errors import MachineError
from mlvgit.repo.disk import link_target, pieces
from mlvgit.repo.git import decode, encode
from mlvgit.repo.objects import Objects
from mlvgit.repo.status import Delta, staged, unstaged
from mlvgit.rules.trees import MODE_GITLINK, MODE_SYMLINK, Entry

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = ["CommitTree", "Folders", "GitTree", "IndexTree", "WorktreeTree"]

_FOLDER = 0o40000
_OID_BYTES = {"sha1": 20, "sha256": 32}

Folder = Mapping[str, Entry]


class Folders:
    """Tree objects as name -> entry, each read once: two commits share what is equal in them.

    Attributes:
        found: (commit or tree, base name) -> the paths of all files with that name, where that was asked.
        differing: commit or tree -> the paths where the index differs from it, where that was asked.
    """

    def __init__(self, objects: Objects, object_format: str) -> None:
        self._objects = objects
        self._line = re.compile(rb"([0-7]+) ([^\0]+)\0(.{%d})" % _OID_BYTES[object_format], re.DOTALL)
        self._read: dict[str, Folder] = {}
        self._roots: dict[str, str] = {}
        self.found: dict[tuple[str, str], frozenset[str]] = {}
        self.differing: dict[str, frozenset[str]] = {}
        self._alike: dict[tuple[str, str], str] = {}

    def root(self, oid: str) -> Folder:
        """Return the top folder of a commit or a tree.

        Raises:
            KeyError: it is not here.
        """
        if oid not in self._roots:
            found = self._objects.read(oid + "^{tree}")
            if found is None:
                raise KeyError(oid)
            self._roots[oid] = found[0]
            self._read.setdefault(found[0], self._parse(found[2]))
        return self._read[self._roots[oid]]

    def same_names(self, oid: str, other: str, name: str) -> None:
        """Note that a commit has files of this base name where another one, noted before, has them."""
        self._alike[oid, name] = self.listed_as(other, name)

    def listed_as(self, oid: str, name: str) -> str:
        """Return the commit that has files of this base name at the same paths, and is listed in place of `oid`."""
        return self._alike.get((oid, name), oid)

    def folder(self, oid: str) -> Folder:
        """Return a folder by the id of its tree object.

        Raises:
            KeyError: it is not here.
        """
        if oid not in self._read:
            found = self._objects.read(oid)
            if found is None:
                raise KeyError(oid)
            self._read[oid] = self._parse(found[2])
        return self._read[oid]

    def _parse(self, raw: bytes) -> Folder:
        return {decode(name): Entry(int(mode, 8), oid.hex()) for mode, name, oid in self._line.findall(raw)}


class GitTree:
    """A commit's tree with changes over it.

    Attributes:
        label: what messages call it.
        base: id of the commit (or tree) below.
        delta: path -> what stands there in place of what the base has, None for a deletion.
    """

    def __init__(self, repo: "Repository", base: str, label: str, delta: Delta | None = None) -> None:
        self.label = label
        self.base = base
        self.delta: Delta = delta or {}
        self._repo = repo
        self._found: dict[str, list[str]] = {}

    def entry(self, path: str) -> Entry | None:
        """Return the file at exactly this path."""
        if path in self.delta:
            return self.delta[path]
        parent, _, name = path.rpartition("/")
        found = self._base_folder(parent).get(name)
        return None if found is None or found.mode == _FOLDER else found

    def below(self, folder: str) -> Mapping[str, Entry]:
        """Return every file below `folder`, by full path, sorted; "" is the whole tree."""
        found = dict(self._walk(folder, self._base_folder(folder)))
        changed = [path for path in self.delta if is_within(path, folder)]
        if not changed:
            return found
        for path in changed:
            entry = self.delta[path]
            if entry is None:
                found.pop(path, None)
            else:
                found[path] = entry
        return dict(sorted(found.items()))

    def names(self, folder: str) -> Mapping[str, bool]:
        """Return the immediate children of `folder`: name -> is it a folder."""
        found = {name: entry.mode == _FOLDER for name, entry in self._base_folder(folder).items()}
        prefix = folder + "/" if folder else ""
        doubtful: set[str] = set()
        for path, entry in self.delta.items():
            if path.startswith(prefix):
                name, slash, _ = path[len(prefix) :].partition("/")
                if entry is not None:
                    found[name] = bool(slash)
                elif found.get(name) == bool(slash):
                    doubtful.add(name)
        for name in doubtful:
            if not (self.below(prefix + name) if found[name] else self.entry(prefix + name)):
                del found[name]
        return found

    def find(self, name: str) -> list[str]:
        """Return the paths of all files with this base name, sorted."""
        if name not in self._found:
            paths = set(self._find_in_base(name))
            ending = "/" + name
            for path, entry in self.delta.items():
                if path == name or path.endswith(ending):
                    (paths.discard if entry is None else paths.add)(path)
            self._found[name] = sorted(paths)
        return self._found[name]

    def _find_in_base(self, name: str) -> frozenset[str]:
        folders = self._repo.folders
        base = folders.listed_as(self.base, name)
        if (base, name) not in folders.found:
            named = self._by_index if base in folders.differing else self._by_base
            folders.found[base, name] = named(base, name)
        return folders.found[base, name]

    def _by_index(self, base: str, name: str) -> frozenset[str]:
        """Find what HEAD has by the index, which is one file, where HEAD may be thousands of trees."""
        # a pattern, which plumbing is told to take literally
        pattern = re.sub(r"([][*?\\])", r"\\\1", name)
        listed, _ = self._repo.git.porcelain("ls-files", "-z", "--", f":(top,glob)**/{pattern}")
        ending = "/" + name
        others = (path for path in self._repo.folders.differing[base] if f"/{path}".endswith(ending))
        return frozenset(filter(self._is_in_base, {*filter(None, listed.split("\0")), *others}))

    def _by_base(self, base: str, name: str) -> frozenset[str]:
        listed = b"\0" + self._repo.git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", base)
        pattern = rb"(?<=\0)(?:[^\0]*/)?%s(?=\0)" % re.escape(encode(name))
        return frozenset(decode(path) for path in re.findall(pattern, listed))

    def _is_in_base(self, path: str) -> bool:
        parent, _, name = path.rpartition("/")
        found = self._base_folder(parent).get(name)
        return found is not None and found.mode != _FOLDER

    def read(self, path: str) -> bytes:
        """Return a file's bytes; a symlink's are its target.

        Raises:
            KeyError: there is no such file, or its bytes are not here.
        """
        entry = self.entry(path)
        if entry is None or entry.mode == MODE_GITLINK:
            raise KeyError(path)
        return self._repo.blob(entry.oid)

    def digests(self, paths: Iterable[str]) -> Mapping[str, Digest | None]:
        """Return size and SHA-256 of the contents of `paths`; None where the bytes are not here."""
        entries = {path: self.entry(path) for path in paths}
        oids = {path: entry.oid for path, entry in entries.items() if entry and entry.mode != MODE_GITLINK}
        known = self._repo.blob_digests(oids.values())
        return {path: known[oids[path]] if path in oids else None for path in entries}

    def _base_folder(self, folder: str) -> Folder:
        found = self._repo.folders.root(self.base)
        for name in folder.split("/") if folder else ():
            entry = found.get(name)
            if entry is None or entry.mode != _FOLDER:
                return {}
            found = self._repo.folders.folder(entry.oid)
        return found

    def _walk(self, folder: str, entries: Folder) -> Iterator[tuple[str, Entry]]:
        prefix = folder + "/" if folder else ""
        for name, entry in entries.items():
            if entry.mode == _FOLDER:
                yield from self._walk(prefix + name, self._repo.folders.folder(entry.oid))
            else:
                yield prefix + name, entry


class CommitTree(GitTree):
    """The tree of a commit."""

    def __init__(self, repo: "Repository", oid: str, label: str) -> None:
        super().__init__(repo, oid, label)


class IndexTree(GitTree):
    """What Git would commit: HEAD, with what the index has otherwise.

    Attributes:
        unmerged: paths in conflict; they appear as HEAD has them.
    """

    def __init__(self, repo: "Repository") -> None:
        base = repo.head() or repo.empty_tree().base
        delta, unmerged = staged(repo.git, base)
        super().__init__(repo, base, "the index", delta)
        self.unmerged = unmerged
        repo.folders.differing[self.base] = frozenset({*delta, *unmerged})


class WorktreeTree(GitTree):
    """The files on disk that are tracked, or untracked and not ignored; nothing is followed or opened that is no file.

    A file that Git has not hashed as it stands has the blob id "".

    Attributes:
        unmerged: paths in conflict.
    """

    def __init__(self, repo: "Repository") -> None:
        if repo.top is None:
            raise MachineError("a bare repository has no working directory")
        self._top = encode(repo.git.directory)
        delta, unmerged = unstaged(repo.git, self._top)
        super().__init__(repo, repo.head() or repo.empty_tree().base, "the working directory", delta)
        self.unmerged = unmerged

    def read(self, path: str) -> bytes:
        """Return a file's bytes; a symlink's are its target.

        Raises:
            KeyError: there is no such file.
        """
        entry = self.entry(path)
        if entry is None or entry.oid:
            return super().read(path)
        if entry.mode == MODE_SYMLINK:
            return link_target(self._top, path)
        return b"".join(pieces(self._top, path))

    def digests(self, paths: Iterable[str]) -> Mapping[str, Digest | None]:
        """Return size and SHA-256 of the contents of `paths`, of the bytes on disk where Git has not hashed them."""
        listed = list(paths)
        on_disk = {path for path in listed if (entry := self.entry(path)) is not None and not entry.oid}
        found = dict(super().digests(path for path in listed if path not in on_disk))
        for path in on_disk:
            found[path] = self._digest(path)
        return {path: found[path] for path in listed}

    def _digest(self, path: str) -> Digest | None:
        from hashlib import sha256

        whole, size = sha256(), 0
        entry = self.entry(path)
        linked = entry is not None and entry.mode == MODE_SYMLINK
        try:
            for piece in [link_target(self._top, path)] if linked else pieces(self._top, path):
                whole.update(piece)
                size += len(piece)
        except KeyError:
            return None
        return Digest(size, whole.hexdigest())
