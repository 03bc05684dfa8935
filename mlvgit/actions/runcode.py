"""The code that a run was made with: its identity, and whether it is known here; what rules ask about run records."""

import hashlib
from collections.abc import Callable, Iterable

from mlvgit.actions.project import Project
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.model import Tree

__all__ = ["code_known", "code_sha256", "code_sha256_of", "file_sha256_at", "run_published"]

MOST_COMMITS = 200
"""How many commits are looked through for code that squash or rebase gave another commit."""


def code_sha256(project: Project, catalog: Catalog) -> str:
    """Hash the code of a commit: the sorted `ls-tree -r` lines outside our folders.

    It survives squash and rebase, where the commit id does not.
    """
    layout = project.layout
    return _code_sha256(catalog.tree, tuple(folder + "/" for folder in layout.folders))


def _code_sha256(tree: Tree, ours: tuple[str, ...]) -> str:
    whole = hashlib.sha256()
    entries = tree.below("")
    for path in sorted(entries, key=lambda path: path.encode("utf-8", "surrogateescape")):
        if not path.startswith(ours):
            entry = entries[path]
            kind = "commit" if entry.mode == 0o160000 else "blob"
            whole.update(
                f"{entry.mode:06o} {kind} {entry.oid}\t".encode() + path.encode("utf-8", "surrogateescape") + b"\n"
            )
    return whole.hexdigest()


def code_sha256_of(project: Project) -> Callable[[str], str | None]:
    """Return a function from a commit name to the hash of its code, None when the commit is not here."""

    def find(name: str) -> str | None:
        oid = project.repo.resolve(name)
        return code_sha256(project, project.committed(oid)) if oid else None

    return find


def code_known(project: Project) -> Callable[[str], bool | None]:
    """Return a function that says whether one of the newest commits here has code with this hash.

    Squash and rebase give code another commit; None stands for "not among those that were looked at".
    """

    def known(wanted: str) -> bool | None:
        repo = project.repo
        names = repo.git.text("rev-list", f"--max-count={MOST_COMMITS}", "--all", "HEAD", ok=(0, 128)).split()
        if any(code_sha256(project, project.committed(oid)) == wanted for oid in names):
            return True
        return None if len(names) == MOST_COMMITS or repo.is_shallow() else False

    return known


def file_sha256_at(project: Project) -> Callable[[str, str], str | None]:
    """Return a function from a commit name and a path to the SHA-256 of the file there."""

    def find(name: str, path: str) -> str | None:
        oid = project.repo.resolve(name)
        digest = project.committed(oid).tree.digests([path]).get(path) if oid else None
        return digest.sha256 if digest else None

    return find


def run_published(project: Project, tips: Iterable[str]) -> Callable[[str, bytes], bool]:
    """Return a function that says whether a protected branch has these bytes at this path.

    Another record of the same id, which somebody else pushed, does not make this one published.
    """
    trees = [project.committed(tip).tree for tip in dict.fromkeys(tips)]

    def published(path: str, data: bytes) -> bool:
        return any(tree.entry(path) is not None and tree.read(path) == data for tree in trees)

    return published
