"""Everything that Git holds on to, in every worktree: refs, reflogs, indexes, what is under way; and the manifests there.

Nothing is passed over in silence: what Git warns of, and an object that is missing, is an error here.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from mlvgit.core.text import printable, short
from mlvgit.errors import GitError, RefusedError
from mlvgit.repo.git import decode
from mlvgit.repo.worktrees import Worktree

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = ["Roots", "missing_here", "reachable_manifests", "refuse_if_cut_off"]

_QUIET: Final = {
    "LC_ALL": "C",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "0",
    "GIT_GLOB_PATHSPECS": "0",
    "GIT_NOGLOB_PATHSPECS": "0",
}
"""Whatever the user's environment and configuration say, nothing may be left out."""
_OID = re.compile(rb"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])")
_ABBREVIATED = re.compile(rb"(?<![0-9A-Za-z])[0-9a-f]{7,64}(?![0-9A-Za-z])")
_PSEUDO = re.compile(r"[A-Z][A-Z_]*")
_MUST_BE_HERE: Final = frozenset(
    {"HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD", "BISECT_HEAD", "AUTO_MERGE"}
)
_UNDER_WAY: Final = ("rebase-merge", "rebase-apply", "sequencer", "refs", "logs")
_LOG: Final = (
    "-c",
    "log.follow=false",
    "log",
    "--format=",
    "--raw",
    "-z",
    "--no-abbrev",
    "--no-renames",
    "--no-relative",
    "--root",
    "--full-history",
    "--diff-merges=separate",
    "--diff-filter=AMT",
    "--no-show-signature",
    "--all",
    "--reflog",
)
MANIFESTS: Final = "*manifest.json"


class Roots(NamedTuple):
    """What Git holds on to.

    Attributes:
        manifests: blob id -> a path that it has somewhere: all blobs that are called as manifests are.
        words: what operations under way say, for names of objects that stand in no commit yet.
    """

    manifests: dict[str, str]
    words: tuple[bytes, ...]


def refuse_if_cut_off(repo: "Repository") -> None:
    """Make sure that all history is here.

    Raises:
        RefusedError: the clone is shallow, or partial.
    """
    if repo.is_shallow():
        raise RefusedError(
            "history is cut off here (a shallow clone): what older commits need is not known",
            hint="git fetch --unshallow",
        )
    promised = [key for key in repo.config_keys("remote.") if key.endswith((".promisor", ".partialclonefilter"))]
    if promised or repo.config("extensions.partialclone"):
        raise RefusedError(
            "this is a partial clone: manifests that were not fetched may need any object",
            hint="use a full clone for this",
        )


def reachable_manifests(repo: "Repository", trees: Iterable[Worktree], extra: Iterable[str] = ()) -> Roots:
    """Return every manifest that a ref, a reflog, an index or an operation under way leads to.

    Args:
        repo: where.
        trees: all its worktrees.
        extra: further commits, by full id.

    Raises:
        RefusedError: something that Git holds on to cannot be read.
    """
    found: dict[str, str] = {}
    words: list[bytes] = []
    tips: dict[str, bool] = dict.fromkeys(extra, True)
    for each in trees:  # in the order in which work moves: index, then what is under way, then refs
        found.update(_indexed(repo, each))
        for name, data in _own_files(each.git_dir):
            words.append(data)
            pattern = _OID if name.startswith(("logs/", "refs/")) or name in _MUST_BE_HERE else _ABBREVIATED
            must = name.startswith("refs/") or name in _MUST_BE_HERE
            for match in pattern.finditer(data):
                oid = match[0].decode()
                if oid.strip("0"):
                    tips[oid] = tips.get(oid, False) or must
    tips.update(dict.fromkeys(_refs(repo), True))
    commits = []
    for oid, kind in _kinds(repo, tips):
        if kind == "commit":
            commits.append(oid)
        elif kind == "tree":
            found.update(_in_tree(repo, oid))
        elif kind == "blob":
            found.setdefault(oid, oid)
    found.update(_in_history(repo, commits))
    return Roots(found, tuple(words))


def missing_here(repo: "Repository", oids: Iterable[str]) -> list[str]:
    """Return those of these object ids that are not here."""
    return [oid for oid, kind in _kinds(repo, dict.fromkeys(oids, False)) if not kind]


def _refs(repo: "Repository") -> Iterator[str]:
    """Yield what all refs point to; a tag gives itself and what it is about."""
    listed = _asked(repo, "for-each-ref", "--format=%(objectname) %(objecttype) %(*objectname)")
    for line in listed.split("\n"):
        yield from (word for word in line.split(" ") if len(word) >= 40)


def _kinds(repo: "Repository", tips: dict[str, bool]) -> Iterator[tuple[str, str]]:
    """Yield (full id, type) of objects; those that must be here and are not are an error, others have no type."""
    asked = list(tips)
    said = repo.git.run("cat-file", "--batch-check=%(objectname) %(objecttype)", input="\n".join([*asked, ""]).encode())
    for oid, line in zip(asked, decode(said).split("\n"), strict=False):
        name, _, kind = line.partition(" ")
        if kind in ("commit", "tree", "blob", "tag"):
            yield name, kind
            continue
        if tips[oid]:
            raise RefusedError(
                f"something in this repository leads to {short(oid)}, which is not here: what it needs is not known",
                hint="git fsck",
            )
        yield oid, ""


def _in_history(repo: "Repository", commits: list[str]) -> Iterator[tuple[str, str]]:
    tips = "".join(f"{oid}\n" for oid in commits).encode()
    raw = _asked(repo, *_LOG, "--stdin", "--", MANIFESTS, input=tips)
    fields = [field.lstrip("\n") for field in raw.split("\0") if field.strip("\n")]
    for change, path in zip(fields[::2], fields[1::2], strict=True):
        yield change.split(" ")[3], path


def _in_tree(repo: "Repository", oid: str) -> Iterator[tuple[str, str]]:
    for record in repo.git.lines0("ls-tree", "-r", "-z", "--full-tree", oid):
        facts, _, path = record.partition("\t")
        if path.endswith(MANIFESTS[1:]):
            yield facts.split(" ")[2], path


def _indexed(repo: "Repository", worktree: Worktree) -> Iterator[tuple[str, str]]:
    if not (worktree.git_dir / "index").exists():
        return
    index = {"GIT_INDEX_FILE": str(worktree.git_dir / "index")}
    listed = _asked(repo, f"--git-dir={worktree.git_dir}", "ls-files", "--stage", "-z", env=index)
    for record in listed.split("\0"):
        facts, _, path = record.partition("\t")
        if path.endswith(MANIFESTS[1:]):
            yield facts.split(" ")[1], path


def _own_files(git_dir: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a worktree that tell what is checked out and under way: (name from its git directory, bytes)."""
    try:
        for name in sorted(os.listdir(git_dir)):
            if _PSEUDO.fullmatch(name) and (git_dir / name).is_file():
                yield name, (git_dir / name).read_bytes()
        for folder in _UNDER_WAY:
            for parent, _, names in os.walk(git_dir / folder, onerror=_raise):
                for name in sorted(names):
                    path = Path(parent) / name
                    if not name.endswith(".lock"):
                        yield path.relative_to(git_dir).as_posix(), path.read_bytes()
    except OSError as error:
        raise RefusedError(f"what is under way in {git_dir} cannot be read: {error.strerror}") from error


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _asked(repo: "Repository", *args: str, input: bytes = b"", env: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what Git prints; a failure, and a warning, is a root that cannot be read."""
    try:
        output, said = repo.git.porcelain(*args, input=input, env={**_QUIET, **env})
    except GitError as error:
        raise RefusedError(f"what Git holds on to cannot be read: {error.message}", hint="git fsck") from error
    warnings = [line for line in said.split("\n") if line.strip() and "dangling symref" not in line]
    if warnings:
        raise RefusedError(f"what Git holds on to cannot be read: {printable(warnings[0])}", hint="git fsck")
    return output
