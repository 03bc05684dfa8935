"""Files of a snapshot, or of a model version that is beyond dev, have no manifest.

What it finds:
    Tracked files in a folder `<name>_vX.Y` below the snapshots, or in the folder of a model version that the registry
    has in a stage beyond the first one, when no manifest freezes that folder. A model version in `dev` may be
    unfinished.

Why:
    Without a manifest nobody can say whether these are the files that were there when the version was made.

Example:
    mkdir data/snapshots/iris_v0.3 && cp iris.csv data/snapshots/iris_v0.3/
    git add data && git commit -m "New data"

Way out:
    Keep: `git mlv snapshot create iris v0.3` or `git mlv model add iris_clf v0.2.0` freezes the folder where it stands.
    Undo: `git rm -r --cached data/snapshots/iris_v0.3` takes it out of the commit and leaves it on disk.
"""

from collections.abc import Iterator

from mlvgit.core.text import count
from mlvgit.records.layout import Key
from mlvgit.rules.delta import Delta
from mlvgit.rules.freezing import is_ignored
from mlvgit.rules.model import Context, Finding
from mlvgit.rules.standing import beyond_first
from mlvgit.rules.wording import out


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find folders that should be frozen and are not."""
    for key in delta.keys:
        root = delta.after.root(key.root)
        if root is None or delta.after.frozen(key):
            continue
        directory = root.layout.directory(key)
        there = sorted(delta.after.tree.below(directory))
        there = [path for path in there if not is_ignored(delta, context, key, path[len(directory) + 1 :])]
        if there and _changed(delta, key) and (key.kind == "snapshot" or beyond_first(delta, context, key)):
            yield _finding(context, key, directory, there)


def _changed(delta: Delta, key: Key) -> bool:
    """Say whether the change adds to the folder, or takes its manifest away; taking files out of it is no harm."""
    return delta.before.frozen(key) is not None or any(delta.changes[path][1] for path in delta.files.get(key, ()))


def _finding(context: Context, key: Key, directory: str, paths: list[str]) -> Finding:
    model = key.kind == "model"
    verb = "model add" if model else "snapshot create"
    return Finding(
        code="MLV104",
        path=paths[0],
        key=key,
        message=f"{key} has {count(len(paths), 'file')} and no manifest",
        change=f"adds or changes {count(len(paths), 'file')} of {key}, which nothing freezes",
        keep=(f"git mlv {verb} {key.name} {key.version}",),
        undo=out(context, directory, flags="-r -q --cached"),
        severity="warning" if model and context.moment == "commit" else "error",
    )
