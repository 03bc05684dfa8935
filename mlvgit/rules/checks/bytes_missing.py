"""A manifest is pushed whose bytes the remote does not have.

What it finds:
    A manifest that the push brings and whose bytes are kept in the store, while the remote that `mlv.yaml` names first
    lacks an object of it after all that a hook uploads was uploaded, or none is named. A remote that cannot be asked is
    no remote that has them: unknown is not yes. Only what the change adds is asked about, by existence and size, so
    that a push of code asks nobody. `git mlv check BASE..HEAD --remote` asks all remotes, in CI; without `--remote`,
    and on the server, nothing is asked. `git mlv check --all --remote` finds too what an LFS server has and the branch
    `mlv/lfs` does not name: the host may delete it.

Why:
    A manifest without its bytes is a promise that nobody can keep: a fresh clone gets a name and nothing to read, and
    the one machine that had the bytes may be gone by then.

Example:
    git mlv snapshot create scans v0.2 /data/scans --storage store -m "Freeze scans"
    git push          # 40 GiB, more than a hook should upload

Way out:
    `git mlv push` uploads the bytes, then pushes. Bytes that are neither here nor there are where the version was
    frozen: push from that clone. `git mlv discard scans@v0.2` takes back a version that is not published.
"""

from collections.abc import Iterator, Sequence

from mlvgit.core.digest import Digest
from mlvgit.core.text import count, size
from mlvgit.rules.bringing import added_objects
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.delta import Delta
from mlvgit.rules.model import Context, Finding
from mlvgit.rules.wording import about


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find manifests that the change adds and whose bytes are not known to be on a remote."""
    remote = context.remote_bytes
    if remote is None:
        return
    added = list(added_objects(delta))
    presence = remote.presence([digest for _, digests in added for digest in digests]) if added else {}
    for thing, digests in added:
        wanted = [digest for digest in digests if digest.sha256 not in remote.damaged]
        lacking = [digest for digest in wanted if presence.get(digest.sha256) is False]
        unknown = [digest for digest in wanted if presence.get(digest.sha256) is None]
        if lacking:
            yield _finding(delta, context, thing, f"{remote.name} lacks bytes of {thing.key}", lacking)
        elif unknown and remote.name:
            message = f"it cannot be known whether {remote.name} has the bytes of {thing.key}"
            said = "; ".join(" ".join(each.split()) for each in remote.trouble() if each)
            again = (
                "git mlv push   (once it can be asked: unknown is not taken for yes; code alone is pushed without)",
            )
            yield _finding(delta, context, thing, f"{message}: {said}" if said else message, unknown, again)
        elif wanted and _is_closed(thing):
            message = f"the list of the files of {thing.key} cannot be read, so that it is not known what it needs"
            again = ("git mlv fsck --remote   (from the clone that froze it)",)
            yield _finding(delta, context, thing, message, wanted, again)
        elif unknown:
            yield _finding(delta, context, thing, f"no remote is named to keep the bytes of {thing.key}", unknown)


def _is_closed(thing: Frozen) -> bool:
    """Say whether a version's list of files is damaged wherever it was looked for: all that is known of it is its name."""
    manifest = thing.manifest
    return (
        manifest is not None
        and not manifest.entries_here
        and (manifest.retired is None or bool(manifest.retired.paths))
    )


def _finding(
    delta: Delta, context: Context, thing: Frozen, message: str, digests: Sequence[Digest], again: tuple[str, ...] = ()
) -> Finding:
    remote = context.remote_bytes
    nowhere = [digest for digest in digests if remote and digest.sha256 in remote.nowhere]
    what = f"{count(len(digests), 'object')}, {size(sum(digest.size for digest in digests))}: {digests[0].sha256}"
    keep: tuple[str, ...]
    if remote is None or not remote.name:
        keep = (
            "git mlv remote add NAME URL -m 'Name a remote'   (a folder, s3://BUCKET/PREFIX, lfs: git mlv remote add --help)",
            "git mlv push",
        )
    elif nowhere:
        what = f"{count(len(nowhere), 'object')} that are not here in one piece either: {nowhere[0].sha256}"
        keep = ("git mlv push   (from the clone that froze it)",)
    elif again:
        keep = again
    else:
        keep = ("git mlv push   (uploads them, then pushes; from a clone that has them)",)
    change = f"publishes a manifest and not its bytes ({what})"
    undo = (f"git mlv discard {thing.key}   (while it is not published)",)
    return about(
        delta,
        context,
        thing,
        code="MLV401",
        path=thing.manifest_path,
        message=message,
        change=change,
        keep=keep,
        undo=undo,
    )
