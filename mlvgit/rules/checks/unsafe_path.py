"""A name that does not mean the same file, or is not safe, on every system.

What it finds:
    In manifests and in frozen directories: names that are absolute, have `..`, an empty part, a backslash, a drive
    letter or a control character, that some system takes for `.git`, that are not UTF-8 or too long; two names that
    differ only by letter case or Unicode normalisation; names outside the frozen directory; a symbolic link or a
    submodule in place of one of our folders or documents.

Why:
    A manifest is read by programs that open what it names. Such a name can reach outside the directory, run something
    on somebody's machine, or be two files here and one file on a colleague's laptop.

Example:
    cp iris.csv data/snapshots/iris_v0.2/Iris.csv
    cp old.csv data/snapshots/iris_v0.2/iris.csv
    git add data && git commit -m "Freeze by hand"

Way out:
    Rename the file, then freeze the folder again: `git mlv snapshot create iris v0.2 --replace`.
"""

from collections.abc import Iterable, Iterator

from mlvgit.core.paths import collisions, fold, is_junk, unsafe_reason
from mlvgit.core.text import printable
from mlvgit.rules.delta import Delta
from mlvgit.rules.documents import problems_of
from mlvgit.rules.model import MODE_GITLINK, MODE_SYMLINK, Context, Finding
from mlvgit.rules.wording import back, out

_LINKS = {MODE_SYMLINK: "a symbolic link", MODE_GITLINK: "a submodule"}
_DOCUMENTS = ("settings", "manifest", "course-manifest", "registry", "run")


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find unsafe names in changed manifests and among changed files of ours."""
    for path, problem in problems_of(delta, "MLV105"):
        yield Finding(
            code="MLV105",
            path=path,
            line=problem.line,
            message=f"{problem.where}: {problem.message}",
            change=f"writes a name that is not safe into {printable(path)}",
            keep=("rename the file, then freeze the folder again",),
            undo=back(delta, context, path),
        )
    yield from _links(delta, context)
    for path, place in delta.written.items():
        if place.kind == "file" and place.key and not is_junk(path):
            reason = unsafe_reason(path)
            if reason:
                yield _finding(context, path, reason)
    yield from _look_alikes(delta, context)
    yield from _collisions(delta, context)


def _look_alikes(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find files that would land on something of ours where letter case or normalisation does not count."""
    folders = {fold(folder): folder for root in delta.after.roots for folder in root.layout.folders}
    settings = {fold(root.layout.settings_path): root.layout.settings_path for root in delta.after.roots}
    for path, (_, new) in delta.changes.items():
        if new is None or (path in delta.written and delta.written[path].kind != "loose"):
            continue
        folded = fold(path)
        if folded in settings:
            yield _finding(context, path, f"and {printable(settings[folded])} are one file on some systems")
        for folder, true in folders.items():
            if folded.startswith(folder + "/") and not path.startswith(true + "/"):
                rest = path.split("/", true.count("/") + 1)[-1]
                place = delta.after.place(f"{true}/{rest}")
                if place.key is not None and delta.after.frozen(place.key):
                    yield _finding(
                        context, path, f"and {printable(true)}/{printable(rest)} are one file on some systems"
                    )
            elif folded.startswith(folder + "/"):
                yield from _look_alike_inside(delta, context, path, true + folded[len(folder) :])


def _look_alike_inside(delta: Delta, context: Context, path: str, lower: str) -> Iterator[Finding]:
    """Find what one of our folders holds beside something frozen, or a document, that differs by letter case only."""
    place = delta.after.place(lower)
    there = place.kind in _DOCUMENTS and delta.after.tree.entry(lower) is not None
    if lower != path and (there or (place.key is not None and delta.after.frozen(place.key))):
        yield _finding(context, path, f"and {printable(lower)} are one file on some systems")


def _links(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find links that stand where a folder of ours, or one on the way to it, should be."""
    folders = {part for root in delta.after.roots for folder in root.layout.folders for part in _with_parents(folder)}
    for path, (_, new) in delta.changes.items():
        if new is None or new.mode not in _LINKS:
            continue
        if path in folders or _is_frozen_directory(delta, path):
            yield _finding(context, path, f"is {_LINKS[new.mode]} in place of a folder")
        elif delta.after.place(path).kind in _DOCUMENTS:
            yield _finding(context, path, f"is {_LINKS[new.mode]} in place of a document")


def _with_parents(folder: str) -> Iterator[str]:
    parts = folder.split("/")
    return ("/".join(parts[:number]) for number in range(1, len(parts) + 1))


def _is_frozen_directory(delta: Delta, path: str) -> bool:
    """Say whether a file at `path` would be a frozen directory, or a model's folder, were it a folder."""
    inside = delta.after.place(path + "/x")
    if inside.kind == "file":
        return delta.after.place(path).kind != "file"  # else it is a file in one, and other rules speak of it
    return inside.kind == "loose" and delta.after.place(path + "/registry.json").kind == "registry"


def _collisions(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find new names of datasets, models and versions, or of files, that some file systems take for one."""
    alike: dict[str, dict[str, list[str]]] = {}
    for key in delta.keys:
        root = delta.after.root(key.root)
        if root is None:
            continue
        layout = root.layout
        for path in (layout.directory(key), layout.manifest(key)):
            if delta.after.tree.entry(path) or delta.after.tree.names(path):
                yield from _alike(delta, context, _steps(path, layout.folders), alike)
        if key in delta.files and delta.after.frozen(key) is None:
            for _, second in collisions(delta.after.tree.below(layout.directory(key))):
                yield _finding(context, second, "and another name are one file on some systems")


def _alike(
    delta: Delta, context: Context, steps: Iterable[tuple[str, str]], alike: dict[str, dict[str, list[str]]]
) -> Iterator[Finding]:
    """Compare names with those beside them; `alike` has, by folder, what names some systems take for one."""
    for parent, name in steps:
        if parent not in alike:
            alike[parent] = {}
            for each in delta.after.tree.names(parent):
                alike[parent].setdefault(fold(each), []).append(each)
        for other in alike[parent].get(fold(name), ()):
            if other != name:
                yield _finding(context, f"{parent}/{name}", f"and {printable(other)} are one on some systems")


def _steps(path: str, folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each name on the way to a path below our folders, with the folder that it is in."""
    while "/" in path and path not in folders:
        parent, _, name = path.rpartition("/")
        yield parent, name
        path = parent


def _finding(context: Context, path: str, reason: str) -> Finding:
    return Finding(
        code="MLV105",
        path=path,
        message=f"the name {printable(path)} {reason}",
        change=f"adds {printable(path)}, which {reason}",
        keep=("give it a name of letters, digits, dots, dashes and underscores",),
        undo=out(context, path, flags="-r -q --cached"),
    )
