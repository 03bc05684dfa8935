"""Keeping what was sent to a Git host's LFS server: the host deletes what no pointer in the repository names.

A host's branch of pointers may be deleted, or be written by an older clone. So each push sees to it that it names all that
manifests on the branches and tags of the Git remote need, as far as this clone knows them, and not only what it brings.
"""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.actions.named import known_there, refs_there
from mlvgit.actions.presence import Presence
from mlvgit.actions.project import Project
from mlvgit.actions.retired import Retirements
from mlvgit.actions.stored import remotes
from mlvgit.core.digest import Digest
from mlvgit.core.text import count, printable, short
from mlvgit.repo.history import commit_exists, is_ancestor
from mlvgit.repo.history import remotes as git_remotes
from mlvgit.store.atomic import machine_errors, write_atomic

if TYPE_CHECKING:
    from mlvgit.records.settings import Remote
    from mlvgit.repo.pointers import Kept

__all__ = ["Named", "keep_on_host", "unname_on_host", "unnamed_on_host", "unnamed_words"]

_FILE = "named-on-host.json"


class Named(NamedTuple):
    """What naming objects on a host did.

    Attributes:
        along: refspecs that are to go along with the first push to a remote that has no branch yet; none when all is done.
        warnings: that the branch was not there, or did not name what it was to, a sentence.
        wrote: what was written on the branch, a sentence; "" when it stays as it was.
    """

    along: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    wrote: str = ""


def keep_on_host(project: Project, digests: Iterable[Digest]) -> Named:
    """Name objects by pointers on a branch of the Git remote, when the remote of bytes is its LFS server.

    What was retired is named no more.

    Raises:
        RemoteError: the Git remote cannot be asked, or does not take the branch.
    """
    host = _host(project)
    if host is None:
        return Named()
    from mlvgit.repo.lfshost import git_remote
    from mlvgit.repo.pointers import keep, unnamed

    remote = git_remote(project.repo, host.name)
    wanted = set(digests)
    dead = Retirements(project).let_go() - wanted
    there: list[Presence] = []

    def others(tip: str) -> Sequence[Digest]:
        """Return what the host has, manifests need and the branch at `tip` lacks; remember where there is nothing."""
        known = known_there(project, remote, _looked_at(project, remote, tip))
        lacking = unnamed(project.repo, tip, (digest for digest in known if digest not in dead))
        if lacking and not there:
            there.append(Presence(remotes(project)[:1]))
        said = there[0](lacking) if lacking else {}
        if tip and not any(answer is not False for answer in said.values()):
            _look(project, remote, tip)
        return [digest for digest in lacking if said[digest.sha256]]

    kept = keep(project.repo, remote, wanted, others, without=dead)
    return Named((kept.along,) if kept.along else (), _missed_words(remote, kept), _wrote_words(remote, kept))


def _wrote_words(remote: str, kept: "Kept") -> str:
    changes = [f"names {count(kept.named, 'object')} more"] if kept.named else []
    changes += [f"names {count(kept.gone, 'object')} no more"] if kept.gone else []
    return f"wrote the branch mlv/lfs of {printable(remote)}: it {' and '.join(changes)}" if changes else ""


def _missed_words(remote: str, kept: "Kept") -> tuple[str, ...]:
    if not kept.missed:
        return ()
    objects = count(kept.missed, "object")
    said = (
        f"was not there: it is written anew, and names {objects}"
        if kept.anew
        else f"did not name {objects}: it does now"
    )
    return (f"the branch mlv/lfs of {printable(remote)} {said} that the host had before this push",)


def unname_on_host(project: Project, digests: Iterable[Digest]) -> str:
    """See to it that the branch of pointers does not name what is retired now; return the remote of bytes, "" for none.

    Raises:
        RemoteError: the Git remote cannot be asked, or does not take the branch.
    """
    host = _host(project)
    if host is None:
        return ""
    from mlvgit.repo.lfshost import git_remote
    from mlvgit.repo.pointers import keep

    remote = git_remote(project.repo, host.name)
    dead = Retirements(project).let_go().intersection(digests)
    known = remote in git_remotes(project.repo)
    return host.name if known and keep(project.repo, remote, (), without=dead).gone else ""


def unnamed_on_host(project: Project, name: str = "") -> list[Digest]:
    """List what an LFS server has, manifests need as far as is known here, and no pointer on its branch names.

    Args:
        name: of the remote of bytes, as in mlv.yaml; "" for the first. Only the first one has such a branch.

    Raises:
        RemoteError: the Git remote cannot be asked.
    """
    host = _host(project)
    if host is None or (name and name != host.name):
        return []
    from mlvgit.repo.lfshost import git_remote
    from mlvgit.repo.pointers import tip_of, unnamed

    project.fetching = True
    remote = git_remote(project.repo, host.name)
    dead = Retirements(project).let_go()
    known = [digest for digest in known_there(project, remote) if digest not in dead]
    lacking = unnamed(project.repo, tip_of(project.repo, remote), known) if known else []
    said = Presence(remotes(project)[:1])(lacking) if lacking else {}
    found = [digest for digest in lacking if said[digest.sha256]]
    if found:
        _forget(project)
    return found


def unnamed_words(remote: str, digests: Sequence[Digest]) -> str:
    """Say what the branch of pointers lacks; `git mlv push` mends it."""
    some = ", ".join(short(digest.sha256) for digest in digests[:3]) + (", ..." if len(digests) > 3 else "")
    return (
        f"the branch mlv/lfs of the host of {printable(remote)} does not name {count(len(digests), 'object')} ({some}), which "
        "it may delete for that"
    )


def _host(project: Project) -> "Remote | None":
    from mlvgit.remotes.table import is_lfs

    known = project.settings_or_default.remotes
    return known[0] if known and is_lfs(known[0]) else None


def _looked_at(project: Project, remote: str, tip: str) -> list[str]:
    """Return the commits whose manifests are all named by the branch of pointers at `tip`, as was seen before."""
    seen = _read(project).get(remote)
    if not isinstance(seen, dict) or not tip:
        return []
    before, commits = seen.get("tip"), seen.get("commits")
    if not isinstance(before, str) or not isinstance(commits, list):
        return []
    grown = commit_exists(project.repo, before) and is_ancestor(project.repo, before, tip)
    return [str(oid) for oid in commits] if grown else []


def _look(project: Project, remote: str, tip: str) -> None:
    found = {"tip": tip, "commits": refs_there(project, remote)}
    known = _read(project)
    if known.get(remote) != found:
        write_atomic(project.repo.state_dir / _FILE, json.dumps({**known, remote: found}).encode())


def _forget(project: Project) -> None:
    """Have the next push look through everything: it was mistaken."""
    with machine_errors("forget what the host was seen to keep"):
        (project.repo.state_dir / _FILE).unlink(missing_ok=True)


def _read(project: Project) -> dict[str, object]:
    try:
        value = json.loads((project.repo.state_dir / _FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
