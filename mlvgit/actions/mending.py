"""Mending registries that a merge left in conflict, or with two versions where there may be one."""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from mlvgit.actions.clashes import Clash, unsettled
from mlvgit.actions.clock import stamp
from mlvgit.actions.merging import crowded, only_one
from mlvgit.actions.project import Project
from mlvgit.core.text import nearest
from mlvgit.core.versions import model_version
from mlvgit.errors import DocumentError, UsageError
from mlvgit.records.merge import merge_registry
from mlvgit.records.registry import Registry
from mlvgit.repo.conflicts import Sides, commits_in_merge, commits_merged, conflicted
from mlvgit.store.atomic import ensure_directory, write_atomic

__all__ = ["Mended", "RepairResult", "Take", "Undecided", "parse_take", "repair"]

ARCHIVED = "archived"


class Take(NamedTuple):
    """The user's decision: of the versions that both sides put into a stage that holds one, it is this one."""

    model: str
    version: str


class Mended(NamedTuple):
    """A registry that was mended and staged.

    Attributes:
        path: from the top of the repository.
        source: where its sides were found: "index", "commits", or "file" (only a decision was missing).
        set_aside: where the text that stood there is kept, "" when Git has it.
    """

    path: str
    source: str
    set_aside: str


class Undecided(NamedTuple):
    """A registry, or a manifest, about which a person has to decide; it was not touched.

    Attributes:
        model: the model of a registry; the name of what a manifest freezes.
        conflicts: a sentence for each.
        choices: the versions of which `take` names one; none when the conflict is not about a stage.
        commands: what leads out; none when that is `take`, or to edit the file.
        directory: what a manifest freezes, "" for a registry.
    """

    path: str
    model: str
    conflicts: tuple[str, ...]
    choices: tuple[str, ...]
    commands: tuple[str, ...] = ()
    directory: str = ""


class RepairResult(NamedTuple):
    """What mending did.

    Attributes:
        operation: what Git is in the middle of, see `Repository.operation`.
        left: paths in conflict that are no registries, or not mended.
    """

    mended: tuple[Mended, ...]
    undecided: tuple[Undecided, ...]
    operation: str
    left: tuple[str, ...]


class _Three(NamedTuple):
    """The sides of one registry."""

    base: Registry | None
    ours: Registry
    theirs: Registry
    source: str


def parse_take(text: str) -> Take:
    """Read `iris_clf=v0.3.0`.

    Raises:
        UsageError: it is something else.
    """
    model, equals, version = text.partition("=")
    if not (model and equals and version):
        raise UsageError(f"{text!r} names no model and version", hint="--take iris_clf=v0.3.0")
    return Take(model, model_version(version).text)


def repair(project: Project, paths: Iterable[str] = (), take: Iterable[Take] = ()) -> RepairResult:
    """Mend broken registries from both sides of the merge, rebase, cherry-pick or revert, and stage them.

    What both sides froze under one name and version is not mended: the result says what leads out.

    The sides come from the index; where it has none (the lines merged cleanly, or the conflict was staged as it
    stands), from HEAD, what is merged into it, and their base; from the parents when the merge is committed.

    Args:
        paths: registries, from the top of the repository; none means all that are broken.
        take: what was decided.

    Raises:
        UsageError: a path is no registry, or a decision names what neither side has.
    """
    decisions = tuple(take)
    with project.alone("git mlv merge --repair"):
        wanted = _wanted(project, paths)
        stages = conflicted(project.repo)
        mended: list[Mended] = []
        undecided: list[Undecided] = []
        found = {path: model for path, model in _broken(project, stages) if not wanted or path in wanted}
        _check_models(project, decisions, found)
        for path, model in found.items():
            versions = [each.version for each in decisions if each.model == model]
            done = _merge(project, path, model, stages.get(path), versions)
            if isinstance(done, Undecided):
                undecided.append(done)
            else:
                mended.append(_write(project, path, *done))
        project.refresh()
        clashes = [] if wanted else unsettled(project, stages)
        moot = {_registry_of(project, clash) for clash in clashes if clash.renumber}  # what is put back is not decided
        undecided = [each for each in undecided if each.path not in moot] + [*map(_undecided, clashes)]
        left = sorted(set(stages) - {each.path for each in mended})
        return RepairResult(
            mended=tuple(mended), undecided=tuple(undecided), operation=project.repo.operation(), left=tuple(left)
        )


# which


def _wanted(project: Project, paths: Iterable[str]) -> frozenset[str]:
    listed = frozenset(paths)
    for path in listed:
        if project.committed().place(path).kind != "registry":
            raise UsageError(f"{path} is not a registry", hint="models/MODEL/registry.json, or no path for all of them")
    return listed


def _broken(project: Project, stages: Mapping[str, Sides]) -> Iterator[tuple[str, str]]:
    """Yield (path, model) of every registry in conflict, with conflict markers, or with a crowded stage."""
    for path in stages:
        place = project.committed().place(path)
        if place.kind == "registry":
            yield path, place.name
    for path, model in _registries(project):
        if path not in stages and _needs_mending(project, path):
            yield path, model


def _registries(project: Project) -> Iterator[tuple[str, str]]:
    tree = project.working().tree
    for root in project.committed().roots:
        for model, is_folder in tree.names(root.layout.models_dir).items():
            path = root.layout.registry(model)
            if is_folder and tree.entry(path) is not None and project.committed().place(path).kind == "registry":
                yield path, model


def _needs_mending(project: Project, path: str) -> bool:
    try:
        data = project.working().tree.read(path)
    except KeyError:
        return False
    try:
        return bool(crowded(Registry.parse(data, path), only_one(project, path)))
    except DocumentError:
        lines = data.split(b"\n")
        return all(any(line.startswith(marker * 7) for line in lines) for marker in (b"<", b"=", b">"))


def _check_models(project: Project, decisions: Iterable[Take], found: Mapping[str, str]) -> None:
    known = sorted({*found.values(), *(model for _, model in _registries(project))})
    for each in decisions:
        if each.model not in known:
            near = nearest(each.model, known)
            hint = f"did you mean {near}?" if near else f"known models: {', '.join(known) or 'none'}"
            raise UsageError(f"there is no registry of a model {each.model}", hint=hint)


def _registry_of(project: Project, clash: Clash) -> str:
    root = project.committed().root(clash.key.root)
    return root.layout.registry(clash.key.name) if root and clash.key.kind == "model" else ""


def _undecided(clash: Clash) -> Undecided:
    commands = clash.renumber
    if clash.settle:
        commands += (
            *(("# or, without yours, which the rebase would put after theirs:",) if commands else ()),
            *clash.settle,
        )
    return Undecided(
        path=clash.path,
        model=clash.key.name,
        conflicts=(clash.sentence,),
        choices=(),
        commands=commands,
        directory=clash.directory,
    )


# the sides


def _merge(
    project: Project, path: str, model: str, stages: Sides | None, versions: list[str]
) -> tuple[Registry, str] | Undecided:
    try:
        three = _from_index(project, path, stages) if stages else _from_commits(project, path)
    except DocumentError as error:
        return Undecided(path=path, model=model, conflicts=(error.message,), choices=())
    if isinstance(three, str):
        return Undecided(path=path, model=model, conflicts=(three,), choices=())
    three = _as_frozen(project, path, model, three)
    alone = only_one(project, path)
    contested = _contested(three, alone)
    for version in versions:
        three = _settle(three, model, version, contested)
    merged, conflicts = merge_registry(three.base, three.ours, three.theirs, exclusive=alone)
    sentences = tuple(conflicts) if merged is None else crowded(merged, alone)
    if merged is None or sentences:
        choices = sorted({version for found in contested.values() for version in found}, key=model_version)
        return Undecided(path=path, model=model, conflicts=sentences, choices=tuple(choices))
    return merged, three.source


def _from_index(project: Project, path: str, stages: Sides) -> _Three | str:
    if not (stages.ours and stages.theirs):
        return "one side deleted it, the other changed it: decide with git add or git rm"
    return _read(project, path, stages, "index")


def _from_commits(project: Project, path: str) -> _Three | str:
    working = project.working().tree
    commits = commits_in_merge(project.repo)
    if commits is None and working.entry(path) == project.committed().tree.entry(path):
        commits = commits_merged(project.repo)
    if commits is not None:
        entries = [project.committed(oid).tree.entry(path) if oid else None for oid in commits]
        if entries[1] and entries[2]:
            return _read(project, path, Sides(*(entry.oid if entry else "" for entry in entries)), "commits")
    try:
        registry = Registry.parse(working.read(path), path)
    except DocumentError:
        return "it has conflict markers, and Git does not know its sides any more: mend it by hand, then git add"
    return _Three(registry, registry, registry, "file")


def _read(project: Project, path: str, sides: Sides, source: str) -> _Three:
    base, ours, theirs = (
        Registry.parse(project.repo.blob(oid), f"{path} ({name})") if oid else None
        for oid, name in zip(sides, Sides._fields, strict=True)
    )
    assert ours is not None  # the callers saw to that
    assert theirs is not None
    return _Three(base, ours, theirs, source)


def _as_frozen(project: Project, path: str, model: str, three: _Three) -> _Three:
    """Let the manifest that stands here decide between entries about other files under one number."""
    layout, working = project.committed().root_of(path).layout, project.working()
    for mine in three.ours.versions:
        other = three.theirs.version(mine.version)
        if other is None or other.tree_sha256 == mine.tree_sha256:
            continue
        frozen = working.frozen(layout.model_key(model, mine.version))
        identity = frozen.manifest.tree_sha256 if frozen and frozen.manifest else ""
        if identity and identity == mine.tree_sha256:
            three = three._replace(theirs=three.theirs.with_version(mine))
        elif identity and identity == other.tree_sha256:
            three = three._replace(ours=three.ours.with_version(other))
    return three


# deciding


def _contested(three: _Three, alone: frozenset[str]) -> dict[str, frozenset[str]]:
    """Return stage -> versions, of the stages that hold one version and about which the sides do not agree."""
    found = {}
    for stage in alone:
        base, ours, theirs = (
            frozenset(entry.version for entry in side.in_stage(stage)) if side else frozenset() for side in three[:3]
        )
        disagree = ours != theirs and base not in (ours, theirs)
        if len(ours | theirs) > 1 and (disagree or len(ours) > 1 or len(theirs) > 1):
            found[stage] = ours | theirs
    return found


def _settle(three: _Three, model: str, version: str, contested: Mapping[str, frozenset[str]]) -> _Three:
    """Let both sides agree that `version` is the one in its stage; the others go to the archive, as in a promotion."""
    stages = [stage for stage, versions in contested.items() if version in versions]
    if not stages:
        choices = sorted({each for versions in contested.values() for each in versions}, key=model_version)
        raise UsageError(
            f"{model} {version} is not what the sides disagree about",
            hint="\n".join(f"git mlv merge --repair --take {model}={each}" for each in choices) or "leave --take out",
        )
    for stage in stages:
        left = {entry.version for entry in three.base.in_stage(stage)} if three.base else set()
        versions = contested[stage] | left
        ours = _with_one(three.ours, three.theirs, version, stage, versions, left)
        theirs = _with_one(three.theirs, three.ours, version, stage, versions, left)
        three = three._replace(ours=ours, theirs=theirs)
    return three


def _with_one(
    side: Registry, other: Registry, version: str, stage: str, versions: Iterable[str], left: Iterable[str]
) -> Registry:
    for each in sorted(versions):
        # What was there before and one side dropped, by reverting a promotion, stays known in the archive.
        entry = side.version(each) or (other.version(each) if each == version or each in left else None)
        if entry is not None:
            side = side.with_version(entry._replace(stage=stage if each == version else ARCHIVED))
    return side


# writing


def _write(project: Project, path: str, registry: Registry, source: str) -> Mended:
    aside = _keep(project, path)
    write_atomic(project.top / path, registry.dump())
    project.repo.stage([path], force=True)
    return Mended(path=path, source=source, set_aside=aside)


def _keep(project: Project, path: str) -> str:
    """Keep the text that stands in the file, unless Git has it: somebody may have begun to mend it by hand."""
    try:
        data = (project.top / path).read_bytes()
    except OSError:
        return ""
    oid = project.repo.git.text("hash-object", "--no-filters", "--stdin", input=data)
    if project.repo.object(oid) is not None:
        return ""
    place = project.repo.state_dir / "aside" / f"{stamp()}-{path.replace('/', '_')}-{os.getpid()}"
    ensure_directory(place.parent)
    write_atomic(place, data)
    return str(place)
