"""A repository, opened: where it is, its trees, its configuration, what is staged; `mlvgit.repo.committing` commits."""

from __future__ import annotations

import os

from mlvgit.repo.git import Git, encode
from mlvgit.repo.objects import Objects
from mlvgit.repo.opening import look, refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import git

    from mlvgit.core.digest import Digest
    from mlvgit.repo.cache import DigestCache
    from mlvgit.repo.configuration import Configuration
    from mlvgit.repo.porcelain import Said
    from mlvgit.repo.trees import CommitTree, Folders, GitTree, IndexTree, WorktreeTree
    from mlvgit.rules.model import Entry, Tree

__all__ = ["Repository"]

_OID = frozenset("0123456789abcdef")
_EMPTY_TREE = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
_STATES = (
    ("rebase-merge", "rebase"),
    ("rebase-apply/applying", "am"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
)


class Repository:
    """One repository (and, unless bare, one of its working directories).

    Attributes:
        git: Git, run at the top of the working directory, or in the repository when bare.
        object_format: "sha1" or "sha256".
    """

    def __init__(self, git: Git, *, top: str, git_dir: str, common_dir: str, object_format: str, shallow: bool) -> None:
        self.git = git
        self.object_format = object_format
        self._top = top
        self._git_dir = git_dir
        self._common_dir = common_dir
        self._shallow = shallow
        self._objects = Objects(git)
        self._settings: Configuration | None = None
        self._folders: Folders | None = None
        self._digests: DigestCache | None = None
        self._porcelain: git.Repo | None = None  # type: ignore[name-defined]

    @classmethod
    def open(cls, path: str | os.PathLike[str] = ".", env: Mapping[str, str] | None = None) -> Repository:
        """Open the repository that `path` lies in, with the variables of `env` (default: the process's).

        Raises:
            MachineError: there is none, or Git refuses to use it (`safe.directory`).
        """
        try:
            git = Git(path, env)
            facts, places = look(git)
        except Exception as error:
            raise refusal(os.fspath(path), error) from error
        object_format, shallow, bare = facts
        git_dir, common_dir, top = places
        if bare == "true" or top == git_dir:  # a hook of a push runs in the repository, with GIT_DIR=.
            top = ""
        return cls(
            Git(top or git_dir, git.given),
            top=top,
            git_dir=git_dir,
            common_dir=common_dir,
            object_format=object_format,
            shallow=shallow == "true",
        )

    @property
    def top(self) -> Path | None:
        """The top of the working directory; None in a bare repository."""
        from pathlib import Path

        return Path(os.fsdecode(encode(self._top))) if self._top else None

    @property
    def git_dir(self) -> Path:
        """What `git rev-parse --absolute-git-dir` says: of this worktree."""
        from pathlib import Path

        return Path(os.fsdecode(encode(self._git_dir)))

    @property
    def common_dir(self) -> Path:
        """What all worktrees of the repository share."""
        from pathlib import Path

        return Path(os.fsdecode(encode(self._common_dir)))

    @property
    def state_dir(self) -> Path:
        """Our own folder, outside history; it may not exist yet."""
        return self.common_dir / "mlv"

    @property
    def is_bare(self) -> bool:
        """Whether there is no working directory here."""
        return not self._top

    def is_shallow(self) -> bool:
        """Say whether history is cut off (`git clone --depth`)."""
        return self._shallow

    def close(self) -> None:
        """End the helper process; the repository may be used again afterwards."""
        self._objects.close()

    # References

    def head(self) -> str | None:
        """Return the id of the commit that is checked out; None before the first commit."""
        found = self._objects.read("HEAD^{commit}")
        return found[0] if found else None

    def branch(self) -> str | None:
        """Return the branch that is checked out, without `refs/heads/`; None when HEAD is detached."""
        name = self.git.text("symbolic-ref", "--quiet", "HEAD", ok=(0, 1))
        return name.removeprefix("refs/heads/") or None

    def resolve(self, name: str) -> str | None:
        """Return the full id of the commit that a user's word names, or None."""
        if not name or "\0" in name:
            return None
        found = self.git.text(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", ok=(0, 1, 128)
        )
        return found if _OID.issuperset(found) and found else None  # a range is answered with two lines

    # Trees

    @property
    def folders(self) -> Folders:
        """Tree objects, each read once."""
        if self._folders is None:
            from mlvgit.repo.trees import Folders

            self._folders = Folders(self._objects, self.object_format)
        return self._folders

    def commit_tree(self, oid: str, label: str = "") -> CommitTree:
        """Return the tree of a commit (or of a tree object) by its full id."""
        from mlvgit.repo.trees import CommitTree

        return CommitTree(self, oid, label or oid[:12])

    def head_tree(self) -> CommitTree:
        """Return the tree of HEAD, the empty tree before the first commit."""
        head = self.head()
        return self.commit_tree(head, "HEAD") if head else self.empty_tree()

    def empty_tree(self) -> CommitTree:
        """Return the tree that holds nothing."""
        return self.commit_tree(_EMPTY_TREE[self.object_format], "nothing")

    def index_tree(self) -> IndexTree:
        """Return what Git would commit now: the index that the environment names."""
        from mlvgit.repo.trees import IndexTree

        return IndexTree(self)

    def worktree_tree(self) -> WorktreeTree:
        """Return the files on disk that are tracked, or untracked and not ignored.

        Raises:
            MachineError: the repository is bare.
        """
        from mlvgit.repo.trees import WorktreeTree

        return WorktreeTree(self)

    def changes(self, before: Tree, after: Tree) -> dict[str, tuple[Entry | None, Entry | None]]:
        """Return what differs between two trees of this repository, path -> (before, after); no renames."""
        from mlvgit.repo.changes import between

        return between(self, _ours(before), _ours(after))

    # Objects

    def object(self, name: str) -> tuple[str, str, bytes] | None:
        """Return (id, type, contents) of an object named by its full id, or None when it is not here."""
        return self._objects.read(name)

    def objects(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes] | None]:
        """Yield (type, contents) of many objects by full id, in their order, None for one that is not here."""
        return self._objects.read_all(oids)

    def blob(self, oid: str) -> bytes:
        """Return the contents of a blob.

        Raises:
            KeyError: it is not here.
        """
        found = self._objects.read(oid)
        if found is None or found[1] != "blob":
            raise KeyError(oid)
        return found[2]

    def write_blob(self, data: bytes) -> str:
        """Store `data` as it is, and return its id."""
        return self.git.text("hash-object", "-w", "--stdin", input=data)

    def blob_digests(self, oids: Iterable[str]) -> dict[str, Digest | None]:
        """Return size and SHA-256 of blobs, None where one is not here; each is read once ever."""
        known: dict[str, Digest | None] = {}
        unknown = []
        for oid in dict.fromkeys(oids):
            digest = self._cache.get(oid)
            if digest is None:
                unknown.append(oid)
            known[oid] = digest
        for oid, digest in self._objects.digests(unknown):
            known[oid] = digest
            if digest is not None:
                self._cache.add(oid, digest)
        self._cache.flush()
        return known

    def known_digest(self, oid: str) -> Digest | None:
        """Return what is remembered about a blob; it is not read."""
        return self._cache.get(oid)

    def remember_digest(self, oid: str, digest: Digest) -> None:
        """Remember the digest of a blob whose bytes were just hashed."""
        self._cache.add(oid, digest)
        self._cache.flush()

    @property
    def _cache(self) -> DigestCache:
        if self._digests is None:
            from mlvgit.repo.cache import DigestCache

            self._digests = DigestCache(self.state_dir / "cache", self.object_format)
        return self._digests

    # Configuration

    @property
    def configuration(self) -> Configuration:
        """Git's configuration as this repository sees it, read once."""
        if self._settings is None:
            from mlvgit.repo.configuration import Configuration

            self._settings = Configuration(self.git)
        return self._settings

    def config(self, key: str, default: str = "") -> str:
        """Return the value of a key of Git's configuration, the last one where there are several."""
        values = self.configuration.values(key)
        return values[-1] if values else default

    def config_all(self, key: str) -> tuple[str, ...]:
        """Return all values of a key; a key without a value counts as "true"."""
        return self.configuration.values(key)

    def config_keys(self, prefix: str) -> tuple[str, ...]:
        """Return the keys that begin with `prefix`, such as `remote.`; sections and names are in lower case."""
        return self.configuration.keys(prefix)

    def set_config(self, key: str, value: str | None) -> None:
        """Write a key of the repository's own configuration, or remove it, and read it back.

        Raises:
            MachineError: it reads otherwise afterwards.
        """
        self.configuration.set(key, value)

    # People and porcelain

    def identity(self) -> str:
        """Return `Name <email>` as Git would write it into a commit now.

        Raises:
            MachineError: Git does not know who the user is.
        """
        from mlvgit.errors import GitError, MachineError

        try:
            ident = self.git.text("var", "GIT_COMMITTER_IDENT")
        except GitError as error:
            raise MachineError(
                "Git does not know who you are",
                hint='git config --global user.name "Your Name" && git config --global user.email you@example.com',
            ) from error
        return ident.rsplit(" ", 2)[0]

    def python(self) -> git.Repo:
        """Return GitPython's view, for porcelain (`python().git.log(...)`); opened when first asked."""
        if self._porcelain is None:
            from mlvgit.repo.porcelain import open_porcelain

            self._porcelain = open_porcelain(self._top or self._git_dir, self.git.program)
        return self._porcelain

    def porcelain(self, *args: str) -> Said:
        """Run `git ARGS` for the user, through GitPython; nothing is raised when it fails."""
        from mlvgit.repo.porcelain import run

        return run(self.python(), *args)

    def stage(self, paths: Iterable[str], *, force: bool = False) -> None:
        """Put files as they are on disk (or their absence) into the index.

        Args:
            paths: taken literally, from the top of the repository.
            force: also files that are ignored.

        Raises:
            GitError: a path is ignored, or is neither on disk nor in the index.
        """
        from mlvgit.errors import GitError

        listed = b"".join(encode(path) + b"\0" for path in paths)
        if not listed:
            return
        args = ("add", *(("--force",) if force else ()), "--pathspec-from-file=-", "--pathspec-file-nul")
        try:
            self.git.run(*args, input=listed)
        except GitError as error:
            if "sparse" not in error.stderr:
                raise
            self.git.run(*args, "--sparse", input=listed)  # Git 2.34 and later refuse without it

    def operation(self) -> str:
        """Say what Git is in the middle of: "", "merge", "rebase", "cherry-pick", "revert", "am" or "bisect"."""
        args = [arg for name, _ in _STATES for arg in ("--git-path", name)]
        paths = self.git.run("rev-parse", "--path-format=absolute", *args).split(b"\n")
        for (_, state), path in zip(_STATES, paths, strict=False):
            if os.path.exists(path):
                return state
        for name, state in (("CHERRY_PICK_HEAD", "cherry-pick"), ("REVERT_HEAD", "revert")):
            if self._settings_say_reftable() and self._objects.read(name):
                return state
        return ""

    def _settings_say_reftable(self) -> bool:
        return self.config("extensions.refstorage") == "reftable"


def _ours(tree: Tree) -> GitTree:
    from mlvgit.repo.trees import GitTree

    if not isinstance(tree, GitTree):
        raise TypeError(f"{tree.label} is not a tree of this repository")
    return tree
