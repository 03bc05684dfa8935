"""History: protected refs, ancestry, who changed a path and when, what a push says it will do."""

import os
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.errors import MachineError
from mlvgit.repo.git import decode
from mlvgit.rules.trees import Entry

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = [
    "Commit",
    "PathChange",
    "PathState",
    "RefChange",
    "Step",
    "commit_exists",
    "commits_between",
    "first_parent_log_of_path",
    "independent",
    "is_ancestor",
    "is_protected",
    "is_zero",
    "merge_bases",
    "parse_push_lines",
    "parse_receive_lines",
    "protected_refs",
    "read_commit",
    "remote_tips",
    "remotes",
    "states_of_path",
    "steps",
]

_HEADS = "refs/heads/"
_REMOTES = "refs/remotes/"
_USUAL = ("main", "master")
_ALWAYS = ("release/*",)


class Commit(NamedTuple):
    """A commit, as its object says.

    Attributes:
        oid: its id.
        tree: the id of its tree.
        parents: ids, first parent first; a shallow clone may not have them.
        author: `Name <email>`.
        committed_at: committer date, seconds since 1970 (UTC).
        subject: first paragraph on one line.
        body: what follows it, without the newline at the end.
    """

    oid: str
    tree: str
    parents: tuple[str, ...]
    author: str
    committed_at: int
    subject: str
    body: str


class PathChange(NamedTuple):
    """A commit that changed a path, and what stands there since.

    Attributes:
        commit: the commit.
        entry: None when it deleted the path.
    """

    commit: Commit
    entry: Entry | None


class Step(NamedTuple):
    """A commit on a line of first parents.

    Attributes:
        oid: its id.
        parents: ids, first parent first, as far as they are here.
        committed_at: committer date, seconds since 1970 (UTC).
        changed: whether it left another entry at the path than its first parent.
        entry: what it left there, where it did.
    """

    oid: str
    parents: tuple[str, ...]
    committed_at: int
    changed: bool = False
    entry: Entry | None = None


class PathState(NamedTuple):
    """What a commit did to a path, seen from one of its parents.

    Attributes:
        commit: its id.
        before, after: blob ids; "" for no file.
    """

    commit: str
    before: str
    after: str


class RefChange(NamedTuple):
    """One line of a push.

    Attributes:
        local_ref: what the pusher named, "(delete)" for a deletion; "" on the server.
        local_oid: what the ref is to be, zeros for a deletion.
        remote_ref: the ref on the receiver.
        remote_oid: what it was, zeros when there was none.
    """

    local_ref: str
    local_oid: str
    remote_ref: str
    remote_oid: str


def is_zero(oid: str) -> bool:
    """Say whether an id, of 40 or 64 digits, stands for nothing."""
    return bool(oid) and not oid.strip("0")


def parse_push_lines(raw: bytes) -> list[RefChange]:
    """Parse what a pre-push hook gets: `LOCAL_REF LOCAL_OID REMOTE_REF REMOTE_OID`; nothing means up to date.

    A local ref may be any expression that the pusher typed, with spaces: the line is split from the right.

    Raises:
        MachineError: a line is none of that.
    """
    return [RefChange(*_split(line, 4)) for line in decode(raw).split("\n") if line]


def parse_receive_lines(raw: bytes) -> list[RefChange]:
    """Parse what a pre-receive hook gets: `OLD_OID NEW_OID REF`.

    Raises:
        MachineError: a line is none of that.
    """
    changes = []
    for line in decode(raw).split("\n"):
        if line:
            old, new, ref = _split(line, 3)
            changes.append(RefChange("", new, ref, old))
    return changes


def _split(line: str, count: int) -> list[str]:
    words = line.rsplit(" ", 3) if count == 4 else line.split(" ", 2)
    if len(words) != count or not all(re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", words[i]) for i in _OIDS[count]):
        raise MachineError(f"{line!r} is not a line that Git gives to a hook")
    return words


_OIDS = {3: (0, 1), 4: (1, 3)}


def remotes(repo: "Repository") -> list[str]:
    """Return the names of the remotes."""
    names = (key.removeprefix("remote.").rpartition(".")[0] for key in repo.config_keys("remote."))
    return list(dict.fromkeys(name for name in names if name))


def remote_tips(repo: "Repository") -> list[str]:
    """Return the commits of all branches of remotes, as they were last seen, each once."""
    listed = repo.git.text("for-each-ref", "--format=%(objecttype) %(objectname)", _REMOTES.rstrip("/"))
    found = (line.partition(" ") for line in listed.split("\n"))
    return list(dict.fromkeys(oid for kind, _, oid in found if kind == "commit"))


def protected_refs(
    repo: "Repository", patterns: Iterable[str] = (), remote: str | None = None, *, own: bool = False
) -> dict[str, str]:
    """Return the refs that hold what is published, ref -> commit id; of each remote, the branch of its HEAD first.

    They are branches as each remote last showed them; in a bare repository without remotes (a server), its own.

    Args:
        repo: where to look.
        patterns: names of branches, `*` stands for anything; by default the branch that the remote's HEAD names (else
            main or master; in a server these too) and `release/*`.
        remote: only this one.
        own: this is the receiver of a push: its own branches count, whatever somebody pushed below refs/remotes.
    """
    refs = _refs(repo, _REMOTES, _HEADS)
    names = remotes(repo)
    found: dict[str, str] = {}
    shown = tuple(f"{_REMOTES}{name}/" for name in names)
    if own or (repo.is_bare and not any(ref.startswith(shown) for ref in refs)):
        head = repo.git.text("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).removeprefix(_HEADS)
        return _matching(refs, _HEADS, tuple(patterns), head, also=_USUAL)
    for name in [remote] if remote is not None else names:
        prefix = f"{_REMOTES}{name}/"
        head = refs.get(prefix + "HEAD", ("", ""))[1].removeprefix(prefix)
        found.update(_matching(refs, prefix, tuple(patterns), head))
    return found


def _refs(repo: "Repository", *prefixes: str) -> dict[str, tuple[str, str]]:
    """Return ref -> (commit id, what a symbolic ref names)."""
    listed = decode(repo.git.run("for-each-ref", "--format=%(objectname)%00%(refname)%00%(symref)", *prefixes))
    lines = (line.split("\0") for line in listed.split("\n") if line)
    return {ref: (oid, target) for oid, ref, target in lines}


def _matching(
    refs: dict[str, tuple[str, str]], prefix: str, patterns: tuple[str, ...], head: str, also: tuple[str, ...] = ()
) -> dict[str, str]:
    branches = {ref.removeprefix(prefix): ref for ref in refs if ref.startswith(prefix) and ref != prefix + "HEAD"}
    if not patterns:
        usual = (head,) if head in branches else tuple(name for name in _USUAL if name in branches)[:1]
        usual += also
        chosen = {name for name in branches if name in usual or any(fnmatchcase(name, each) for each in _ALWAYS)}
    else:
        chosen = {name for name in branches if any(fnmatchcase(name, each) for each in patterns)}
    first = [head] if head in chosen else [name for name in _USUAL if name in chosen][:1]
    return {branches[name]: refs[branches[name]][0] for name in dict.fromkeys([*first, *sorted(chosen)])}


def commit_exists(repo: "Repository", oid: str) -> bool:
    """Say whether a commit with this full id is here."""
    return repo.object(oid + "^{commit}") is not None


def merge_bases(repo: "Repository", first: str, second: str) -> list[str]:
    """Return the best common ancestors of two commits, none when their histories are unrelated."""
    return repo.git.text("merge-base", "--all", first, second, ok=(0, 1)).split()


def independent(repo: "Repository", commits: Iterable[str]) -> list[str]:
    """Return those of `commits` that cannot be reached from another of them."""
    listed = list(dict.fromkeys(commits))
    return repo.git.text("merge-base", "--independent", *listed).split() if len(listed) > 1 else listed


def is_ancestor(repo: "Repository", ancestor: str, descendant: str) -> bool:
    """Say whether one commit is reachable from another (each from itself).

    Raises:
        GitError: one of them is not here.
    """
    args = ("merge-base", "--is-ancestor", ancestor, descendant)
    status = repo.git.status(*args)
    if status > 1:
        repo.git.run(*args)
    return status == 0


def commits_between(repo: "Repository", tip: str, known: Iterable[str], *, limit: int = 0) -> list[str]:
    """Return the commits that `tip` has and none of `known` has, oldest first.

    Args:
        repo: where to look.
        tip: a full id.
        known: full ids; those that are not here are passed over.
        limit: at most so many, the newest; 0 for all.
    """
    asked = "".join(f"{oid}\n" for oid in [tip, *(f"^{oid}" for oid in known)])
    options = (f"--max-count={limit}",) if limit else ()
    return repo.git.text(
        "rev-list", "--topo-order", "--ignore-missing", *options, "--stdin", input=asked.encode()
    ).split()[::-1]


def read_commit(repo: "Repository", oid: str) -> Commit | None:
    """Return a commit by its full id, None when it is not here."""
    found = repo.object(oid + "^{commit}")
    if found is None:
        return None
    head, _, message = decode(found[2]).partition("\n\n")
    headers: dict[str, list[str]] = {}
    for line in head.split("\n"):
        key, _, value = line.partition(" ")
        headers.setdefault(key, []).append(value)
    subject, _, body = message.strip("\n").partition("\n\n")
    return Commit(
        oid=found[0],
        tree=headers["tree"][0],
        parents=tuple(headers.get("parent", ())),
        author=headers["author"][0].rsplit(" ", 2)[0],
        committed_at=int(headers["committer"][0].rsplit(" ", 2)[1]),
        subject=" ".join(subject.split("\n")),
        body=body,
    )


def first_parent_log_of_path(repo: "Repository", commit: str, path: str, limit: int = 0) -> Iterator[PathChange]:
    """Yield the first-parent commits that changed `path`, newest first, as they are found: stop when you have enough.

    Args:
        repo: where to look.
        commit: a full id, where to begin.
        path: taken literally, from the top of the repository.
        limit: at most so many; 0 for all.
    """
    options = (f"--max-count={limit}",) if limit else ()
    args = ("log", "--first-parent", "--diff-merges=first-parent", "--root", *options, *_RAW, "--format=%H", commit)
    oid, raw = "", ""
    for record in repo.git.records(*args, "--", path):
        line = decode(record)
        if raw:
            found = read_commit(repo, oid) if line == path else None  # else a file below it, when it is a folder
            if found is not None:
                yield PathChange(found, _entry(raw))
            raw = ""
        elif line.lstrip("\n").startswith(":"):
            raw = line
        else:
            oid = line


def steps(repo: "Repository", commit: str, path: str = "", *, first_parent: bool = True) -> Iterator[Step]:
    """Yield commits as they are found, newest first, and what each did to a path.

    Args:
        repo: where to look.
        commit: a full id, where to begin.
        path: taken literally, from the top of the repository; "" for none.
        first_parent: only the line of first parents, of which with a path only merges and what changed it; else all,
            in no order that says which came from which.
    """
    options = ["--first-parent"] if first_parent else ["--full-history"]
    options += ["--sparse", "--diff-merges=first-parent", "--root", *_RAW] if path else ["-z"]
    paths = (path,) if path else ()
    all_of_them = not (path and first_parent)
    name = os.fsencode(path)
    head, raw, left = b"", b"", b""
    for record in repo.git.records("log", "--no-show-signature", *options, "--format=%H %ct %P", commit, "--", *paths):
        if raw:
            left = raw if record == name else left  # else a file below it, when it is a folder
            raw = b""
        elif record.startswith((b":", b"\n:")):
            raw = record.lstrip(b"\n")
        elif record:
            if head and (all_of_them or left or head.count(b" ") > 2):
                yield _step(head, left)
            head, left = record, b""
    if head:
        yield _step(head, left)


def _step(head: bytes, raw: bytes) -> Step:
    oid, date, *parents = head.decode("ascii").split()
    return Step(oid, tuple(parents), int(date), bool(raw), _entry(decode(raw)) if raw else None)


_RAW = ("--raw", "-z", "--no-abbrev", "--no-renames", "--no-show-signature", "--no-follow")
"""What a person's configuration may ask of `git log` besides is taken back."""


def _entry(raw: str) -> Entry | None:
    """Return what `:OLD_MODE NEW_MODE OLD_ID NEW_ID LETTER` leaves."""
    _, mode, _, oid, _ = raw.split(" ")
    return None if is_zero(oid) else Entry(int(mode, 8), oid)


def is_protected(repo: "Repository", ref: str, patterns: Iterable[str] = (), remote: str | None = None) -> bool:
    """Say whether the branch `ref` (`refs/heads/...`, as the receiver calls it) is one that publishes.

    Args:
        repo: where to look.
        ref: full name at the receiver.
        patterns: as for `protected_refs`.
        remote: the receiver as this clone knows it; None in the receiver itself.
    """
    name = ref.removeprefix(_HEADS)
    chosen = tuple(patterns)
    if chosen:
        return any(fnmatchcase(name, each) for each in chosen)
    prefix, symbolic = (f"{_REMOTES}{remote}/", f"{_REMOTES}{remote}/HEAD") if remote is not None else (_HEADS, "HEAD")
    head = repo.git.text("symbolic-ref", "--quiet", symbolic, ok=(0, 1, 128))
    # A server whose HEAD names a branch that was never pushed (master, where the team has main) says nothing by it.
    exists = head and repo.object(f"{head}^{{commit}}") is not None
    usual: tuple[str, ...] = (head.removeprefix(prefix),) if exists else _USUAL
    if remote is None:  # else whoever first pushes the branch that HEAD of a server names would lay main open
        usual += _USUAL
    return name in usual or any(fnmatchcase(name, each) for each in _ALWAYS)


def states_of_path(repo: "Repository", tips: Iterable[str], path: str) -> Iterator[PathState]:
    """Yield what the commits that `tips` reach did to a path, newest first; stop when you have enough.

    Args:
        repo: where to look.
        tips: full ids, at least one.
        path: taken literally, from the top of the repository.
    """
    asked = "".join(f"{tip}\n" for tip in tips).encode()
    args = ("log", "--format=%H", "-m", "--root", *_RAW, "--stdin", "--", path)
    oid = ""
    for record in repo.git.records(*args, input=asked):
        line = decode(record).strip("\n")
        fields = line.split(" ")
        if line.startswith(":") and len(fields) == 5:
            before, after = ("" if is_zero(blob) else blob for blob in fields[2:4])
            yield PathState(oid, before, after)
        elif line != path:
            oid = line
