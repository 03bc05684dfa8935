"""After a checkout or a merge: store-kept folders that nobody altered follow the manifest, as tracked files do.

Git switches what it tracks and knows nothing of what the store keeps. No network: what the store lacks is left out, which
is no finding, and `git mlv pull` gets it.
"""

import os
from collections.abc import Iterator

from mlvgit.actions.project import Project
from mlvgit.actions.stored import held_by, hold, object_store
from mlvgit.actions.verify import extra_files
from mlvgit.core.text import count, printable
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.storage import kept_in_store
from mlvgit.store.checkout import Placement
from mlvgit.store.folders import remove_hollow

__all__ = ["realign"]


def realign(project: Project, before: str) -> Iterator[str]:
    """Bring what this worktree holds in line with HEAD; yield what a person should know, a sentence each.

    Args:
        before: id of the commit that was checked out.

    Raises:
        MlvError: a lock is held, a folder cannot be written; what was not brought in line is as before.
    """
    given = held_by(project)
    held = given.folders()
    if not held:
        return
    old, new = _stored(project.committed(before)), _stored(project.committed())
    changed = [
        (old[directory], new[directory])
        for directory in held
        if directory in old and directory in new and _kept(old[directory]) != _kept(new[directory])
    ]
    if not changed:
        return
    moved = given.moved()
    with project.alone("the hook that follows a checkout", wait=0):
        for was, now in changed:
            yield _follow(project, was, now, moved)


def _kept(frozen: Frozen) -> dict[str, object]:
    """Return what the store keeps of a version, by the names in its folder."""
    return dict(kept_in_store(frozen.manifest, frozen.key)) if frozen.manifest else {}


def _stored(catalog: Catalog) -> dict[str, Frozen]:
    found = (catalog.frozen(key) for key in catalog.keys(root=None))
    return {frozen.directory: frozen for frozen in found if frozen and _kept(frozen)}


def _follow(project: Project, was: Frozen, now: Frozen, moved: frozenset[str]) -> str:
    if was.manifest is None or now.manifest is None:
        return ""
    directory, folder = was.directory, project.top / was.directory
    old, new = kept_in_store(was.manifest, was.key), kept_in_store(now.manifest, now.key)
    store = object_store(project)
    standing = {name for name in old if os.path.lexists(folder / name)}
    altered = sorted(name for name in standing if f"{directory}/{name}" in moved)
    altered += sorted(set(extra_files(folder, was.manifest)) - set(now.manifest.by_relative()))
    altered += sorted(name for name in standing if old[name] != new.get(name) and not store.has(old[name]))
    if altered:
        return (
            f"{printable(directory)} is left as it stands: {printable(altered[0])} is not as it was frozen, or nowhere else"
            f"   (git mlv restore {now.key}   sets it aside)"
        )
    if not standing:
        return ""
    gone = [name for name in standing if old[name] != new.get(name)]
    for name in gone:
        os.unlink(folder / name)
    wanted = [name for name in new if name in gone or name not in old]
    for name in wanted:
        remove_hollow(folder, name)  # what was in it is gone, as Git removes a folder with the last file
    here = [Placement(new[name], f"{directory}/{name}") for name in wanted if store.has(new[name])]
    failed = store.place_all(here, project.top, mode=0o644).failed
    hold(project, [directory])
    lacking = len(wanted) - len(here) + len(failed)
    rest = f"; {count(lacking, 'file')} not here   (git mlv pull {now.key})" if lacking else ""
    removed = f"{count(len(gone), 'file')} removed, " if gone else ""
    return f"{printable(directory)} follows its manifest: {removed}{count(len(here) - len(failed), 'file')} from the store{rest}"
