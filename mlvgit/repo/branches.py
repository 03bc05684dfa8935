"""The release branch: the one branch that says what was released, as a remote last showed it."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.repo.history import remotes

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = ["USUAL", "Branch", "label", "release_branch"]

_HEADS = "refs/heads/"
_REMOTES = "refs/remotes/"
USUAL = ("main", "master")
"""What a release branch is called when nothing says otherwise."""
_PLAIN = re.compile(r"[A-Za-z0-9_+.=/-]+", re.ASCII)


class Branch(NamedTuple):
    """A branch of a remote, or of this repository when it is a server.

    Attributes:
        ref: its full name; may be symbolic (`refs/remotes/origin/HEAD`).
        commit: the commit that it points to.
    """

    ref: str
    commit: str


def release_branch(repo: "Repository", name: str = "") -> Branch | None:
    """Return the branch that releases are made on, as last fetched; None when no remote ever showed it.

    In a bare repository that no remote filled (a server) it is one of its own.

    Args:
        repo: where to look.
        name: "" for the branch of the remote's HEAD, else main or master.
    """
    for remote in _origin_first(repo):
        for each in (name,) if name else ("HEAD", *USUAL):
            found = _branch(repo, f"{_REMOTES}{remote}/{each}")
            if found is not None:
                return found
    if not repo.is_bare:
        return None
    return _branch(repo, _HEADS + name if name else "HEAD")


def label(repo: "Repository", branch: Branch) -> str:
    """Return what messages call a branch: `origin/main as last fetched`."""
    ref = repo.git.text("symbolic-ref", "--quiet", branch.ref, ok=(0, 1, 128)) or branch.ref
    if ref.startswith(_REMOTES):
        return f"{ref.removeprefix(_REMOTES)} as last fetched"
    return ref.removeprefix(_HEADS)


def _origin_first(repo: "Repository") -> Iterator[str]:
    """Yield the remotes; configuration is read only when origin does not answer."""
    yield "origin"
    yield from (name for name in remotes(repo) if name != "origin")


def _branch(repo: "Repository", ref: str) -> Branch | None:
    if _PLAIN.fullmatch(ref):  # asked of the process that runs anyway
        found = repo.object(ref + "^{commit}")
        return Branch(ref, found[0]) if found else None
    if "\0" in ref or repo.git.status("show-ref", "--verify", "--quiet", "--", ref):
        return None
    oid = repo.git.text("rev-parse", "--verify", "--quiet", "--end-of-options", ref)
    return Branch(ref, oid)
