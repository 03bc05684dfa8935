"""An object of the store that is to be pushed has other bytes than its name says.

What it finds:
    An object that a pushed manifest needs, that the remote lacks, and that was hashed here on its way out: its SHA-256
    is not its name. It was moved into quarantine, where nothing takes it for what it is called.

Why:
    A disk that flips a byte, or a program that writes into the store, would hand wrong bytes to everybody who pulls,
    under a name that says they are right.

Example:
    chmod u+w .git/mlv/objects/sha256/ab/cdef...
    printf X | dd of=.git/mlv/objects/sha256/ab/cdef... conv=notrunc
    git push

Way out:
    `git mlv fsck` puts the right bytes back from a working directory or a remote that still has them; then
    `git mlv push`. Where no whole copy is left, push from the clone that froze the version, or take it back with
    `git mlv discard`.
"""

from collections.abc import Iterator

from mlvgit.core.text import count
from mlvgit.rules.bringing import added_objects
from mlvgit.rules.delta import Delta
from mlvgit.rules.model import Context, Finding
from mlvgit.rules.wording import about


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find objects that were to be sent and are damaged."""
    remote = context.remote_bytes
    if remote is None or not remote.damaged:
        return
    for thing, digests in added_objects(delta):
        damaged = [digest for digest in digests if digest.sha256 in remote.damaged]
        if damaged:
            what = f"{count(len(damaged), 'object')}, the first is {damaged[0].sha256}"
            yield about(
                delta,
                context,
                thing,
                code="MLV402",
                path=thing.manifest_path,
                message=f"bytes of {thing.key} are damaged in the store",
                change=f"would send bytes that are not what they are called ({what}); they are in quarantine now",
                keep=("git mlv fsck   (heals them where whole bytes still are)", "git mlv push"),
                undo=(f"git mlv discard {thing.key}   (while it is not published)",),
            )
