"""Writing the manifest of a frozen directory, and staging both."""

import os
from collections.abc import Iterable
from pathlib import Path

from mlvgit.actions.project import Project
from mlvgit.actions.stored import hold
from mlvgit.core.paths import is_within
from mlvgit.core.text import printable
from mlvgit.errors import RefusedError
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.repo.attributes import ATTRIBUTES, Coming, Conversion, conversions
from mlvgit.rules.storage import stays_in_git
from mlvgit.rules.wording import quoted
from mlvgit.store.atomic import write_atomic
from mlvgit.store.place import make_read_only

__all__ = ["kept_in_git", "refuse_conversions", "take_along", "ways_past", "write_manifest"]


def kept_in_git(project: Project, key: Key, storage: str, names: Iterable[str]) -> list[str]:
    """Return the paths of those files of a version that Git holds.

    Args:
        names: all its files, by their names in the frozen directory.
    """
    directory = project.layout.directory(key)
    return [f"{directory}/{name}" for name in names if _is_in_git(key, storage, name)]


def _is_in_git(key: Key, storage: str, name: str) -> bool:
    return storage != "store" or stays_in_git(key, name)


def refuse_conversions(project: Project, key: Key, storage: str, files: Iterable[tuple[str, str]]) -> None:
    """Raise `RefusedError` when Git would not keep one of the files of a version as its bytes are.

    Args:
        files: all of them, by their names in the frozen directory, and where each is now.
    """
    directory = project.layout.directory(key)
    kept, attributes = [], []  # of what may be a million files, which the store keeps
    for name, path in files:
        if _is_in_git(key, storage, name):
            kept.append(f"{directory}/{name}")
        if name.rpartition("/")[2] == ATTRIBUTES:
            attributes.append((name, path))
    if not kept:
        return
    brought = {f"{directory}/{name}": (_shown(project, path), Path(path).read_bytes()) for name, path in attributes}
    found = conversions(project.repo, kept, Coming(directory, brought))
    if not found:
        return
    hint = "\n".join(ways_past(project, found[0]))
    if found[0].source in {shown for shown, _ in brought.values()}:
        hint = f"freeze it without {printable(found[0].source)}"
        if storage != "store":
            hint = f"keep its bytes outside Git: --storage store; or {hint}"
    raise RefusedError(
        f"Git would convert {printable(found[0].path)} when it stores it, because of {printable(found[0].cause)}"
        + (f"; and {len(found) - 1} more files" if len(found) > 1 else ""),
        hint=hint,
    )


def _shown(project: Project, path: str) -> str:
    """Return a path from the top where it lies below that, and was not given otherwise."""
    return os.path.relpath(path, project.top) if path.startswith(f"{project.top}/") else path


def ways_past(project: Project, found: Conversion) -> tuple[str, ...]:
    """Say what each keeps Git from converting a file below our folders.

    A filter such as Git LFS's is somebody's wish: `git mlv init` does not end it, since frozen files may be pointers.
    """
    if not found.attribute.startswith("filter="):
        return ("git mlv init   (writes the attributes that keep frozen bytes as they are)",)
    layout = project.layout
    place = layout.place(found.path)
    folder = layout.snapshots if place.key and place.key.kind == "snapshot" else layout.models
    file = layout.absolute(".gitattributes")
    above = not os.path.isabs(found.source) and is_within(file, os.path.dirname(found.source))
    ways = []
    if above and not _filtered(project, found.attribute, layout.absolute(folder)):
        line = f"echo {quoted(f'/{folder}/** -filter')} >>{quoted(file)} && git add {quoted(file)}"
        ways.append(f"{line}   (Git then holds the bytes themselves)")
    if place.key is None or not stays_in_git(place.key, found.path[len(layout.directory(place.key)) + 1 :]):
        ways.append("the same with --storage store   (Git then holds the manifest alone)")
    return tuple(ways) or (f"take that line out of {found.source}",)


def _filtered(project: Project, attribute: str, folder: str) -> bool:
    """Say whether Git tracks files in a folder by a filter: without it they would all be modified."""
    asked = f":(top,attr:{attribute}){folder}"
    return bool(project.repo.git.lines0("--no-literal-pathspecs", "ls-files", "-z", "--", asked))


def write_manifest(project: Project, key: Key, manifest: Manifest) -> tuple[str, ...]:
    """Write the manifest of a directory that has its place; see `take_along` for the rest."""
    layout = project.layout
    written = _move_course_manifest_on(project, key, manifest) if key.kind == "snapshot" else []
    path = layout.manifest(key)
    write_atomic(project.top / path, manifest.dump())
    names = manifest.by_relative()
    return (*written, *take_along(project, key, manifest.storage, names, path, written))


def take_along(
    project: Project, key: Key, storage: str, names: Iterable[str], path: str, more: Iterable[str] = ()
) -> tuple[str, ...]:
    """Stage the files of a frozen thing and its manifest at `path`; return what a commit of it is to take along."""
    directory = project.layout.directory(key)
    names = list(names)
    in_git = kept_in_git(project, key, storage, names)
    top = project.top / directory
    make_read_only(f"{top}/{relative}" for relative in names)
    # The user asked for these very files, whatever .gitignore says of `*.pkl` or `data/`.
    project.repo.stage([*more, *in_git, path], force=True)
    _unstage_gone(project, directory, frozenset(in_git))
    if storage == "store":
        hold(project, [directory])
        return (*in_git, path)
    return (directory, path)


def _unstage_gone(project: Project, directory: str, known: frozenset[str]) -> None:
    gone = [path for path in project.repo.index_tree().below(directory) if path not in known]
    if gone:
        project.repo.git.run("rm", "--cached", "--quiet", "--ignore-unmatch", "--", *gone)


def _move_course_manifest_on(project: Project, key: Key, manifest: Manifest) -> list[str]:
    """Let the shared `manifest.json` name the newest version, once the one that it named stands beside its folder."""
    layout = project.layout
    shared = project.top / layout.course_manifest
    if not shared.is_file():
        return []
    place = project.working().place(layout.course_manifest)
    if place.key is None or place.key == key or place.key.name != key.name:
        return []
    own = project.top / layout.manifest(place.key)
    if not own.exists():
        write_atomic(own, shared.read_bytes())
    write_atomic(shared, manifest.dump())
    return [layout.manifest(place.key), layout.course_manifest]
