"""Getting bytes: what the manifests of HEAD name and this machine lacks, from the remotes into store and workspace."""

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from mlvgit.actions.chosen import is_stored, may_come, usual_versions
from mlvgit.actions.making_way import Left, make_room_for
from mlvgit.actions.placing import Wanted, bring, lacking
from mlvgit.actions.project import Project
from mlvgit.actions.restocking import standing, take_in
from mlvgit.actions.stored import may_be_here, object_store, retired_error
from mlvgit.core.digest import Digest
from mlvgit.core.digests import Digests
from mlvgit.core.globs import matches
from mlvgit.core.text import count, printable
from mlvgit.errors import IntegrityError, UsageError
from mlvgit.records.layout import Key
from mlvgit.rules.catalog import Catalog, Frozen
from mlvgit.rules.storage import holes, is_emptied, kept_in_store
from mlvgit.rules.wording import quoted
from mlvgit.store.atomic import remove_leftovers
from mlvgit.store.reading import Progress

__all__ = ["Chosen", "Pull", "files_to_place", "fits", "plan_pull", "pull"]


class Chosen(NamedTuple):
    """A store-kept version to get.

    Attributes:
        only: these of its files, by their names in the frozen directory; None for all.
    """

    key: Key
    only: frozenset[str] | None = None


class Pull(NamedTuple):
    """What is to come.

    Attributes:
        chosen: of which versions what.
        missing: what the store lacks of them, and the working directory has not either.
        standing: what the store lacks and the working directory has: it is hashed, and taken from there.
        left: store-kept versions that were not chosen.
    """

    chosen: tuple[Chosen, ...]
    missing: Digests
    standing: Digests
    left: int = 0


def plan_pull(
    project: Project,
    asked: Sequence[str] = (),
    *,
    everything: bool = False,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Pull:
    """Choose what to get: what was asked for, else the newest snapshot of each dataset and what serves.

    Args:
        asked: references, and paths or patterns of paths (with a slash), from the current folder or the top.
        everything: every version, when nothing was asked for.
        include: only files that fit one of these patterns; see `fits`.
        exclude: no files that fit one of these.

    Raises:
        UsageError: a reference or a path means nothing.
        RefusedError: the bytes of a dataset that was asked for are never to be on this machine.
        IntegrityError: what was asked for was retired.
    """
    project.fetching = True
    catalog = project.committed()
    stored = {key: frozen for key in catalog.keys(root=None) if (frozen := catalog.frozen(key)) and is_stored(frozen)}
    if asked:
        found = [each for text in asked for each in _asked(project, catalog, stored, text)]
    else:
        usual = (
            list(stored) if everything else usual_versions(catalog, project.settings_or_default, stored.__contains__)
        )
        found = [Chosen(key) for key in may_come(project, catalog, usual)]
    narrowed = [_narrowed(stored[one.key], one, include, exclude) for one in found]
    chosen = [each for each in narrowed if each.only is None or each.only]
    if found and not chosen and (include or exclude):
        patterns = " ".join([*include, *(f"--exclude {each}" for each in exclude)])
        raise UsageError(
            f"no file of {', '.join(str(each.key) for each in found[:3])} fits {patterns}",
            hint=f"git mlv snapshot show {found[0].key}   (lists its files)",
        )
    store = object_store(project)
    absent = store.absent(
        digest
        for key, only in chosen
        for relative, digest in _files(stored[key]).items()
        if only is None or relative in only
    )
    versions = (Wanted(*project.frozen(key, catalog), only) for key, only in (chosen if absent else ()))
    stand = [each for each in versions if _stands(project, each)]
    here = _standing(project, stand, frozenset(absent if stand else ()))
    return Pull(
        chosen=tuple(chosen),
        missing=Digests(digest for digest in absent if digest not in here) if here else absent,
        standing=Digests(here),
        left=len(set(stored) - {key for key, _ in chosen}),
    )


def pull(project: Project, planned: Pull, progress: Progress | None = None) -> list[str]:
    """Fetch what was planned and put it into the workspace; return the paths that were written.

    What stands there with other bytes makes way where the store has those too.

    Raises:
        IntegrityError: files stand there with bytes that are nowhere else, or that may not be read; all others came.
        RemoteError, IntegrityError: see `fetch`; what came until then stays, and the same command goes on from there.
    """
    catalog = project.committed()
    with project.alone("git mlv pull"):
        versions = [Wanted(*project.frozen(key, catalog), only) for key, only in planned.chosen]
        for version in versions:
            _clean(project.top / version.frozen.directory)
        here = [each for each in versions if _stands(project, each)]
        left = make_room_for(project, here)
        lost = frozenset(planned.standing)
        if lost:
            left = left._replace(altered=sorted({*left.altered, *take_in(project, here, lost, progress)}))
        away = lost - _standing(project, here, lost)  # what stood there made room
        written = bring(project, versions, progress, lost=chain(planned.missing, away))
    if left.altered or left.unreadable:
        raise _in_the_way(versions, left)
    project.refresh()
    return written


def _standing(project: Project, versions: Iterable[Wanted], absent: frozenset[Digest]) -> frozenset[Digest]:
    """Return what the store lacks of versions and files in the working directory are, as far as their size tells."""
    return frozenset(digest for each in versions if absent for digest in standing(project, each, absent).values())


def _in_the_way(versions: Sequence[Wanted], left: Left) -> IntegrityError:
    said, ways = [], []
    for paths, why in (
        (left.altered, "not as it was frozen, and nowhere else; left as it stands"),
        (left.unreadable, "cannot be read (permission denied), and may not be as it was frozen; left as it stands"),
    ):
        more = f", and {count(len(paths) - 1, 'other file')}" if paths[1:] else ""
        said += [f"{printable(paths[0])}{more}: {why}"] if paths else []
    for frozen in (each.frozen for each in versions):
        if any(_is_in(path, frozen) for path in left.unreadable):
            ways.append(f"chmod -R u+rX {quoted(frozen.directory)}   (where it is yours; then again)")
        if any(_is_in(path, frozen) for path in (*left.altered, *left.unreadable)):
            ways.append(f"git mlv restore {frozen.key}   (sets it aside)")
    return IntegrityError("\n".join(said), hint="\n".join(ways))


def files_to_place(project: Project, planned: Pull) -> int:
    """Count the files that a pull would put into the working directory."""
    catalog = project.committed()
    wanted = (Wanted(*project.frozen(key, catalog), only) for key, only in planned.chosen)
    return sum(len(lacking(project, each).files) for each in wanted)


def _stands(project: Project, wanted: Wanted) -> bool:
    """Say whether folder and manifest stand in the working directory: bytes of one that is not committed yet are its own."""
    if not (project.top / wanted.frozen.directory).is_dir():
        return False
    standing = project.working().frozen(wanted.frozen.key)
    return bool(standing and standing.manifest and standing.manifest.tree_sha256 == wanted.manifest.tree_sha256)


def _is_in(path: str, frozen: Frozen) -> bool:
    return path.startswith(frozen.directory + "/")


def _clean(directory: Path) -> None:
    """Remove what a pull that was killed left; `resolve` writes here too, and does not wait for others."""
    for folder, _, _ in os.walk(directory):
        remove_leftovers(Path(folder), age=3600)


def fits(pattern: str, directory: str, relative: str) -> bool:
    """Say whether a file of a version fits a pattern, as in .gitignore: `*.csv` in any folder, `train` all below it.

    Args:
        pattern: of its name in the frozen directory, or of its path from the top of the repository.
        directory: the frozen directory, from the top.
        relative: its name in there.
    """
    anywhere = "" if "/" in pattern.rstrip("/") else "**/"
    spelled = (pattern, pattern.rstrip("/") + "/")
    return any(matches(anywhere + each, relative) or matches(each, f"{directory}/{relative}") for each in spelled)


def _asked(project: Project, catalog: Catalog, stored: Mapping[Key, Frozen], text: str) -> list[Chosen]:
    if "/" in text:
        from_here = os.path.relpath(os.path.abspath(text), project.top)
        found = [
            Chosen(key, frozenset(names))
            for key, frozen in stored.items()
            if (names := {each for each in _files(frozen) if any(_is_at(it, frozen, each) for it in (from_here, text))})
        ]
        if not found:
            _refuse_retired(catalog, from_here, text)
            raise UsageError(f"no file that the store keeps fits {text}", hint="git mlv snapshot list")
    else:
        key = project.find(text, catalog)
        found = [Chosen(key)] if key in stored else []
        may_be_here(project, key)
        frozen = catalog.frozen(key)
        if frozen and frozen.manifest and is_emptied(frozen.manifest):
            raise retired_error(key, frozen.manifest)
    for each in found:
        may_be_here(project, each.key)
    return found


def _refuse_retired(catalog: Catalog, *paths: str) -> None:
    for key in catalog.keys(root=None):
        frozen = catalog.frozen(key)
        manifest = frozen.manifest if frozen else None
        if frozen is None or manifest is None or manifest.retired is None or not manifest.entries_here:
            continue
        for name in sorted(holes(manifest)):
            if any(_is_at(path, frozen, name) for path in paths):
                raise retired_error(key, manifest, name)


def _is_at(path: str, frozen: Frozen, relative: str) -> bool:
    whole = f"{frozen.directory}/{relative}"
    return matches(path, whole) or matches(path.rstrip("/") + "/", whole)


def _narrowed(frozen: Frozen, chosen: Chosen, include: Sequence[str], exclude: Sequence[str]) -> Chosen:
    if not include and not exclude:
        return chosen
    names = _files(frozen) if chosen.only is None else chosen.only
    return Chosen(
        chosen.key,
        frozenset(
            name
            for name in names
            if (not include or any(fits(each, frozen.directory, name) for each in include))
            and not any(fits(each, frozen.directory, name) for each in exclude)
        ),
    )


def _files(frozen: Frozen) -> Mapping[str, Digest]:
    return kept_in_store(frozen.manifest, frozen.key) if frozen.manifest else {}
