"""A large file below our folders was added to Git itself.

What it finds:
    A new file over the limit (`limits.file_in_git` in `mlv.yaml`, 10 MiB by default) below the folders of snapshots,
    models and runs, that is not a Git LFS pointer. A file that was only renamed is not new.

Why:
    Git keeps every version of it for ever, in every clone. It cannot be taken out again without rewriting history.

Example:
    cp ~/embeddings.parquet data/snapshots/news_v0.1/     # 2 GiB
    git mlv snapshot create news v0.1 && git commit -m "Freeze the embeddings"

Way out:
    Undo: `git rm --cached FILE`.
    Keep: track it with Git LFS (`git lfs track FILE`, then add it again), or raise `limits.file_in_git` in `mlv.yaml`,
    in a change of its own.
"""

from collections.abc import Iterator

from mlvgit.core.text import printable, size
from mlvgit.rules.delta import Delta
from mlvgit.rules.model import MODE_EXECUTABLE, MODE_FILE, Context, Finding
from mlvgit.rules.standing import judging_settings
from mlvgit.rules.wording import out, quoted


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find new blobs over the limit."""
    paths = [path for path, place in delta.written.items() if place.kind in ("file", "loose") and _is_new(delta, path)]
    roots = {root.layout.root for root in delta.after.roots}
    limits = {root: judging_settings(delta, context, root).limits.file_in_git for root in roots}
    for path, digest in delta.contents.digests(paths).items():
        if digest is None or digest.size <= min(limits.values()):
            continue
        limit = limits[delta.after.claim(path)[0].layout.root]
        if digest.size > limit:
            yield Finding(
                code="MLV107",
                path=path,
                message=f"{size(digest.size)} in Git, over the limit of {size(limit)}",
                change=f"adds {printable(path)} ({size(digest.size)}) to Git for good",
                keep=(f"git lfs track {quoted(path)}", f"git add --renormalize {quoted(path)}"),
                undo=out(context, path, flags="--cached"),
            )


def _is_new(delta: Delta, path: str) -> bool:
    old, new = delta.changes[path]
    if new is None or new.mode not in (MODE_FILE, MODE_EXECUTABLE):
        return False
    if not new.oid:
        return not _is_kept_elsewhere(delta, path)
    return (old is None or old.oid != new.oid) and new.oid not in delta.known_blobs


def _is_kept_elsewhere(delta: Delta, path: str) -> bool:
    """Say whether a file of the working directory belongs to a version whose bytes Git is not to hold."""
    key = delta.written[path].key
    thing = delta.after.frozen(key) if key else None
    return bool(thing and thing.manifest and thing.manifest.storage == "store")
