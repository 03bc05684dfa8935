"""Asking remotes what they have: by existence and size alone, no byte moves. Unknown is not yes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from mlvgit.actions.project import Project
from mlvgit.actions.stored import remotes
from mlvgit.core.digest import Digest
from mlvgit.errors import RemoteError
from mlvgit.rules.model import RemoteBytes
from mlvgit.store.parallel import aside, portions

if TYPE_CHECKING:
    from mlvgit.actions.parted import Parted

__all__ = ["Presence", "remote_bytes"]


class Presence:
    """What remotes say about objects; each remote is asked about each object once.

    Args:
        known: the remotes, asked in this order about what those before did not have.

    Attributes:
        name: the remotes' names, "" when there is none.
    """

    def __init__(self, known: "Sequence[Parted]") -> None:
        self.remotes = tuple(known)
        self.name = " or ".join(remote.name for remote in known)
        self._holder: dict[Digest, Parted] = {}
        self._absent: set[Digest] = set()
        self._unknown: set[Digest] = set()
        self._silent: set[str] = set()

    def __call__(self, digests: Sequence[Digest]) -> Mapping[str, bool | None]:
        """Say of each SHA-256 whether an object of that name and size is on a remote; None = cannot be known now."""
        self._ask([*dict.fromkeys(digests)])
        return {digest.sha256: self._said(digest) for digest in digests}

    def trouble(self) -> tuple[str, str]:
        """Return why something could not be known, and what mends it; "" for what was not said."""
        found = next((remote.trouble for remote in self.remotes if remote.trouble), None)
        return (found.message, found.hint) if found else ("", "")

    def holder(self, digest: Digest) -> "Parted | None":
        """Return the remote that said it has an object; None when none did, or was asked."""
        return self._holder.get(digest)

    def _said(self, digest: Digest) -> bool | None:
        if digest in self._holder:
            return True
        return False if digest in self._absent else None

    def of_first(self, digests: Iterable[Digest]) -> Iterator[tuple[Digest, bool | None]]:
        """Yield what the first remote says of each, and keep none of it in mind: there may be a million."""
        for part in portions(digests):
            said = self._answers(self.remotes[0], part) if self.remotes else {}
            yield from ((digest, said.get(digest.sha256)) for digest in part)

    def _ask(self, digests: Sequence[Digest]) -> None:
        left = [each for each in digests if self._said(each) is None and each not in self._unknown]
        unsure: set[Digest] = set()
        for remote in self.remotes if left else ():
            for part in portions(left):
                found = self._answers(remote, part)
                self._holder.update({digest: remote for digest in part if found.get(digest.sha256)})
                unsure.update(digest for digest in part if found.get(digest.sha256) is None)
            left = [digest for digest in left if digest not in self._holder]
        for digest in left:
            (self._unknown if digest in unsure or not self.remotes else self._absent).add(digest)

    def _answers(self, remote: "Parted", digests: Sequence[Digest]) -> Mapping[str, bool | None]:
        """Return what a remote says; nothing once it did not answer, since it may be asked about many more."""
        found: dict[str, bool | None] = {}
        for part in (digests[:1], digests[1:]):
            if remote.name in self._silent or not part:
                break
            try:
                found |= aside(partial(remote.presence, part))
            except RemoteError:
                self._silent.add(remote.name)
            if None in found.values():
                self._silent.add(remote.name)
        return found


def remote_bytes(project: Project) -> RemoteBytes:
    """Return what all remotes of bytes say, asked when a rule wants to know it; nothing of this machine's store counts.

    Lists of files that are not here are fetched: without them it is not known what is to be there.

    Raises:
        UsageError: a URL in mlv.yaml is of no kind that can be opened.
    """
    project.fetching = True
    presence = Presence(remotes(project))
    return RemoteBytes(presence.name, presence, trouble=presence.trouble)
