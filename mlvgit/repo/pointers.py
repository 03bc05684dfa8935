"""The branch of pointers: what an LFS host is to keep, named where it looks, and fetched by any LFS client.

Hosts delete objects that no pointer in the repository names. Manifests name ours, which a host does not know. So the
branch `mlv/lfs` of the Git remote holds one Git LFS pointer an object, `<first 2 digits>/<SHA-256>`; it only ever grows,
but for what was retired, which its newest commit names no more.
It is written without index, working directory or branch of the user, and pushed past the hooks here.

A host takes the first branch that it is ever given for its default branch. So to a remote that has none, the branch of
pointers goes in one push with the branch that is to be first.
"""

import hashlib
import os
import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from mlvgit.core.digest import Digest
from mlvgit.core.text import count, printable
from mlvgit.errors import GitError, RemoteError

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = ["BRANCH", "Kept", "keep", "pointer", "pointer_id", "tip_of", "unnamed"]

BRANCH: Final = "refs/heads/mlv/lfs"
TRIES: Final = 20
PAUSE: Final = 0.5
_NAME: Final = BRANCH.removeprefix("refs/heads/")
_README: Final = b"""\
This branch is written by mlvgit (git mlv push). It names the objects on this host's Git LFS server that manifests in
this repository need, one pointer each. The host keeps what a pointer names: deleting this branch lets it delete them.

    git lfs fetch --all      # gets every one of them, without mlvgit
"""
_ATTRIBUTES: Final = b"/[0-9a-f][0-9a-f]/* filter=lfs diff=lfs merge=lfs -text\n"
_FIXED: Final = {".gitattributes": _ATTRIBUTES, "README.md": _README}
_QUICKER: Final = (
    "fetch first",
    "non-fast-forward",
    "cannot lock ref",
    "failed to update ref",
    "already exists",
    "stale",
)


class Kept(NamedTuple):
    """What seeing to the branch of pointers did.

    Attributes:
        along: what is to go along with the first push to a remote that has no branch yet, as a refspec; "" when all is done.
        named: how many objects it did not name, and names now.
        missed: how many of `others` are among these.
        anew: there was no such branch, and there is one now.
        gone: how many objects it named and names no more.
    """

    along: str = ""
    named: int = 0
    missed: int = 0
    anew: bool = False
    gone: int = 0


class _Asked(NamedTuple):
    """A repository, one of its Git remotes, and a reference of ours for the time of one call."""

    repo: "Repository"
    remote: str
    ref: str


def pointer(digest: Digest) -> bytes:
    """Return the Git LFS pointer to an object: the one way in which the format allows it to be written."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest.sha256}\nsize {digest.size}\n".encode()


def keep(
    repo: "Repository",
    remote: str,
    digests: Iterable[Digest],
    others: Callable[[str], Iterable[Digest]] = lambda _: (),
    *,
    without: Collection[Digest] = (),
) -> Kept:
    """See to it that the branch of pointers on a Git remote names these objects. The empty file has no pointer.

    Args:
        others: what else is to be named, given the commit that the branch has there, "" for none.
        without: what is not to be named any more.

    Raises:
        RemoteError: the remote cannot be asked, or does not take the branch.
        MachineError: Git does not know who the user is.
    """
    wanted = [digest for digest in digests if digest.size]
    if wanted:
        repo.identity()
    with _asked(repo, remote) as asked:
        for left in reversed(range(TRIES)):
            tip = _fetch(asked)
            more = set(others(tip))
            lacking = unnamed(repo, tip, [*wanted, *more])
            gone = _named(repo, tip, without)
            if not lacking and not gone:
                return Kept()
            repo.identity()
            commit = _write(asked, tip, lacking, gone)
            if not tip and not _remotely(asked, "ls-remote", "--heads", "--", remote).strip():
                return Kept(along=f"{commit}:{BRANCH}")
            refused = _push(asked, commit)
            if refused is None:
                missed = len(more.intersection(lacking))
                return Kept(named=len(lacking), missed=missed, anew=not tip, gone=len(gone))
            if not left or not any(word in refused for word in _QUICKER):
                raise _not_taken(remote, refused)
            time.sleep(PAUSE * random.random())  # somebody else was quicker: what both name is put together
    raise AssertionError  # the last try returned or raised


@contextmanager
def _asked(repo: "Repository", remote: str) -> Iterator[_Asked]:
    ref = f"refs/mlv/pointers/{os.getpid()}-{os.urandom(4).hex()}"
    try:
        yield _Asked(repo, remote, ref)
    finally:
        repo.git.status("update-ref", "-d", ref)


def _fetch(asked: _Asked) -> str:
    """Return the commit that the branch has on the remote, here too then; "" when it has none."""
    listed = _remotely(asked, "ls-remote", "--", asked.remote, BRANCH)
    tips = [line.partition("\t")[0] for line in listed.splitlines() if line.partition("\t")[2] == BRANCH]
    if not tips:
        return ""
    if asked.repo.object(f"{tips[0]}^{{tree}}") is None:
        quiet = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-gc")
        _remotely(asked, "fetch", *quiet, "--", asked.remote, f"+{BRANCH}:{asked.ref}")
        return asked.repo.git.text("rev-parse", "--verify", asked.ref)
    return tips[0]


def _remotely(asked: _Asked, *args: str) -> str:
    try:
        return asked.repo.git.porcelain(*args, env=_SAME_WORDS)[0]
    except GitError as error:
        said = printable(error.stderr.strip().splitlines()[-1][:200]) if error.stderr.strip() else "no reason"
        raise RemoteError(
            f"{printable(asked.remote)} cannot be asked for its branch {_NAME}: {said}", hint="git remote -v"
        ) from error


def tip_of(repo: "Repository", remote: str) -> str:
    """Return the commit that the branch of pointers has on a Git remote, which is here then; "" when it has none.

    Raises:
        RemoteError: the remote cannot be asked.
    """
    with _asked(repo, remote) as asked:
        return _fetch(asked)


def unnamed(repo: "Repository", tip: str, digests: Iterable[Digest]) -> list[Digest]:
    """Return those of some objects that the branch at `tip` does not name rightly; "" is no branch."""
    lacking = {digest.sha256: digest for digest in digests if digest.size}
    for mode, oid, path in _entries(repo, tip) if lacking else ():
        digest = lacking.get(path[3:])
        if digest and path == _path(digest) and mode == "100644" and oid == pointer_id(repo, digest):
            del lacking[digest.sha256]
    return list(lacking.values())


def _named(repo: "Repository", tip: str, digests: Collection[Digest]) -> list[str]:
    """Return the paths at which the branch at `tip` names some of these objects, rightly or not."""
    paths = {_path(digest) for digest in digests}
    return [path for _, _, path in (_entries(repo, tip) if paths else ()) if path in paths]


def _entries(repo: "Repository", tip: str) -> Iterator[tuple[str, str, str]]:
    """Yield mode, id and path of what a commit has; "" is none."""
    for record in repo.git.records("ls-tree", "-r", "-z", tip) if tip else ():
        entry, _, path = record.decode("utf-8", "surrogateescape").partition("\t")
        mode, _, oid = entry.split(" ")
        yield mode, oid, path


def pointer_id(repo: "Repository", digest: Digest) -> str:
    """Return the id of the blob that is the Git LFS pointer to an object."""
    data = pointer(digest)
    return hashlib.new(repo.object_format, b"blob %d\0%b" % (len(data), data)).hexdigest()


def _path(digest: Digest) -> str:
    return f"{digest.sha256[:2]}/{digest.sha256}"


def _write(asked: _Asked, tip: str, lacking: Iterable[Digest], gone: Iterable[str]) -> str:
    """Write a commit that adds pointers to what `tip` has, and removes paths, and return its id."""
    named = {_path(digest): pointer(digest) for digest in lacking}
    files = {**({} if tip else _FIXED), **named}
    git = asked.repo.git
    message = (
        f"Name {count(len(named), 'object')} that manifests need\n" if named else "Name no more what was retired\n"
    ).encode()
    committer = git.text("var", "GIT_COMMITTER_IDENT")
    head = f"commit {asked.ref}\ncommitter {committer}\n".encode("utf-8", "surrogateescape")
    parts = [head, b"data %d\n%b" % (len(message), message)]
    parts += [f"from {tip}\n".encode()] if tip else []
    parts += [f"D {path}\n".encode() for path in gone]
    for path, data in files.items():
        parts.append(b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(data), data))
    git.status("update-ref", "-d", asked.ref)
    git.run("fast-import", "--quiet", "--done", "--date-format=raw", input=b"".join([*parts, b"done\n"]))
    return git.text("rev-parse", "--verify", asked.ref)


def _push(asked: _Asked, commit: str) -> str | None:
    """Push without force, so that only what the remote had is replaced; return what was said when it is refused."""
    plain = ("--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", "--no-signed")
    try:
        asked.repo.git.porcelain("push", *plain, "--", asked.remote, f"{commit}:{BRANCH}", env=_SAME_WORDS)
    except GitError as error:
        return error.stderr
    return None


_SAME_WORDS: Final = {"LC_ALL": "C"}


def _not_taken(remote: str, said: str) -> RemoteError:
    words = [line.strip() for line in said.splitlines() if line.startswith(("remote:", " ! ", "fatal:", "error:"))]
    told = "\n  ".join(printable(line[:200]) for line in words[:8])
    return RemoteError(
        f"{printable(remote)} does not take the branch {_NAME}, without which it may delete the bytes of this push; "
        f"nothing was pushed\n  {told}".rstrip(),
        hint=f"allow pushes to {_NAME} on the host, then push again",
    )
