"""Stages: promote and roll back, by changing the registry and committing just that."""

import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mlvgit.actions.events import Doubt, StageEvent, stage_events
from mlvgit.actions.project import Project, freeze_command
from mlvgit.actions.published import released
from mlvgit.actions.registering import entry_for
from mlvgit.actions.tagging import find_tag, tag_model
from mlvgit.actions.unfinished import announce, settled, take_back
from mlvgit.actions.verify import committed_differences
from mlvgit.core.references import is_model_name
from mlvgit.core.text import nearest
from mlvgit.core.versions import model_version
from mlvgit.errors import RefusedError, UsageError
from mlvgit.records.layout import Key
from mlvgit.records.registry import RegisteredVersion, Registry
from mlvgit.records.settings import Settings
from mlvgit.repo.committing import commit_paths
from mlvgit.repo.git import Git
from mlvgit.rules.catalog import Catalog
from mlvgit.store.atomic import ensure_directory, write_atomic

__all__ = ["Move", "StageChange", "known_stage", "promote", "rollback", "rollback_target"]

ARCHIVED = "archived"
PRODUCTION = "production"


class Move(NamedTuple):
    """One version that changes its stage."""

    version: str
    before: str
    after: str


class StageChange(NamedTuple):
    """What promoting or rolling back did.

    Attributes:
        event: "promote" or "rollback".
        key: the version that was asked for, and where it went.
        moves: every version whose stage changed, `key` first.
        registry_path: the one file that changed.
        commit: the commit that holds the change; "" when it is only staged.
        already: nothing had to change.
        pending: the operation under way ("merge", "rebase") because of which it is only staged.
    """

    event: str
    key: Key
    stage: str
    moves: tuple[Move, ...] = ()
    registry_path: str = ""
    commit: str = ""
    already: bool = False
    pending: str = ""


def promote(
    project: Project, model: str, version: str, stage: str, *, reason: str = "", tag: bool = False, commit: bool = True
) -> StageChange:
    """Put a model version into a stage; a stage that holds one version gives the former one to the archive.

    Raises:
        UsageError: there is no such model, version or stage.
        RefusedError: the project's settings forbid it (tag missing, transition not allowed), or the registry has
            changes that are not committed.
    """
    if tag:
        known_stage(project.settings, stage)
        wanted = _key(project, model, version)
        tag_model(project, wanted.name, wanted.version)
    with project.alone(f"git mlv promote {model} {version} {stage}"):
        take_back(project)
        catalog = _base(project)
        known_stage(project.settings, stage)
        key = _key(project, model, version)
        registry, entry = entry_for(catalog, key)
        _check_transition(project, key, entry, stage)
        _check_backing(project, key, catalog, stage)
        changed, moves = move(registry, entry, stage, project.settings)
        if not moves and registry.version(key.version) is not None:
            return StageChange(
                event="promote", key=key, stage=stage, registry_path=project.layout.registry(key.name), already=True
            )
        return _write(project, "promote", key, stage, changed, moves, reason, commit)


def rollback(project: Project, model: str, version: str = "", *, reason: str = "", commit: bool = True) -> StageChange:
    """Put back what was in production before; works in a bare clone too.

    Raises:
        UsageError: there is no such model or version.
        RefusedError: nothing was in production before, or its bytes are not here.
    """
    with project.alone(f"git mlv rollback {model}"):
        done = take_back(project)
        catalog = _base(project)
        if not project.has_model(model, catalog):
            raise _unknown_model(project, model, catalog)
        if version:
            key = _key(project, model, version)
            _check_backing(project, key, catalog, PRODUCTION, gates=False)
        elif done == ("rollback", project.layout.registry(model)):
            # The same command was killed when it had done its work: another step back is for whoever asks once more.
            key = _serving(project, model, catalog)
        else:
            key = rollback_target(project, model, catalog)
        registry, entry = entry_for(catalog, key)
        changed, moves = move(registry, entry, PRODUCTION, project.settings)
        if not moves:
            return StageChange(
                event="rollback", key=key, stage=PRODUCTION, registry_path=project.layout.registry(model), already=True
            )
        return _write(project, "rollback", key, PRODUCTION, changed, moves, reason, commit)


def _serving(project: Project, model: str, catalog: Catalog) -> Key:
    registry = catalog.registry(project.root, model) or Registry(name=model, versions=())
    return project.layout.model_key(model, registry.in_stage(PRODUCTION)[0].version)


def rollback_target(project: Project, model: str, catalog: Catalog) -> Key:
    """Return the newest version that was in production before, was not itself rolled back from, and whose bytes exist.

    Raises:
        RefusedError: there is none.
    """
    skipped: list[str] = []
    doubts: list[Doubt] = []
    key = _served_before(project, model, catalog, stage_events(project, model, doubted=doubts.append), skipped)
    for doubt in doubts:
        events = stage_events(project, model, turned=frozenset((doubt.merge.oid,)))
        other = _served_before(project, model, catalog, events, skipped)
        if other not in (key, None):
            both = [each for each in (key, other) if each]
            raise RefusedError(
                f"{doubt}: what was in production before is "
                f"{' by one of them and '.join(each.version for each in both)} by the other",
                hint=" or ".join(f"git mlv rollback {model} {each.version}" for each in both),
            )
    if key is not None:
        return key
    if project.repo.is_shallow():
        raise RefusedError(
            f"no earlier version of {model} was in production as far as this shallow clone knows",
            hint=f"git fetch --unshallow --tags   (or name one: git mlv rollback {model} VERSION)",
        )
    why = f"; {', '.join(dict.fromkeys(skipped))} was, but its frozen bytes are not here" if skipped else ""
    raise RefusedError(
        f"no earlier version of {model} was in production{why}",
        hint=f"name one: git mlv rollback {model} VERSION   (git mlv model list {model})",
    )


def _served_before(
    project: Project, model: str, catalog: Catalog, events: Iterable[StageEvent], skipped: list[str]
) -> Key | None:
    registry = catalog.registry(project.root, model) or Registry(name=model, versions=())
    current = {entry.version for entry in registry.in_stage(PRODUCTION)}
    left: set[str] = set()
    for event in events:
        for change in event.changes:
            if change.before == PRODUCTION and event.kind == "rollback":
                left.add(change.version)
        for change in event.changes:
            if (
                change.after != PRODUCTION
                or change.version in current | left
                or registry.version(change.version) is None
            ):
                continue
            key = project.layout.model_key(model, change.version)
            frozen = catalog.frozen(key)
            if frozen is not None and not committed_differences(project, catalog, frozen):
                return key
            skipped.append(change.version)
    return None


def move(
    registry: Registry, entry: RegisteredVersion, stage: str, settings: Settings
) -> tuple[Registry, tuple[Move, ...]]:
    """Return the registry with `entry` in `stage`, and who moved; others leave a stage that holds one version."""
    moves = [] if entry.stage == stage else [Move(version=entry.version, before=entry.stage, after=stage)]
    rule = settings.stage(stage)
    if rule is not None and rule.one:
        for other in registry.in_stage(stage):
            if other.version != entry.version:
                registry = registry.with_version(other._replace(stage=ARCHIVED))
                moves.append(Move(version=other.version, before=stage, after=ARCHIVED))
    return registry.with_version(entry._replace(stage=stage)), tuple(moves)


def _base(project: Project) -> Catalog:
    """What the registry is changed from: the working directory, or HEAD where there is none."""
    return project.committed() if project.repo.top is None else project.working()


def _key(project: Project, model: str, version: str) -> Key:
    catalog = _base(project)
    if not project.has_model(model, catalog):
        raise _unknown_model(project, model, catalog)
    if version == "latest":
        return project.find_model(f"{model}@latest", catalog)
    return project.layout.model_key(model, model_version(version).text)


def _unknown_model(project: Project, model: str, catalog: Catalog) -> UsageError:
    other = project.other_kind(model, "model", catalog)
    if other:
        return other
    known = catalog.models(project.root)
    near = nearest(model, known) if is_model_name(model) else ""
    hint = f"did you mean {near}?" if near else f"known models: {', '.join(known) or 'none yet'}"
    return UsageError(f"there is no model {model}", hint=hint)


def known_stage(settings: Settings, stage: str) -> None:
    """Refuse a stage that the settings do not name.

    Raises:
        UsageError: it is such a one.
    """
    if settings.stage(stage) is None:
        known = list(settings.stage_names)
        near = nearest(stage, known)
        raise UsageError(
            f"{stage!r} is not a stage", hint=f"did you mean {near}?" if near else f"stages: {', '.join(known)}"
        )


def _check_transition(project: Project, key: Key, entry: RegisteredVersion, stage: str) -> None:
    rule = project.settings.stage(stage)
    if rule is not None and rule.comes_from and entry.stage != stage and entry.stage not in rule.comes_from:
        raise RefusedError(
            f"{key} is in {entry.stage}, and mlv.yaml lets only {' or '.join(rule.comes_from)} go to {stage} (MLV205)",
            hint=f"git mlv promote {key.name} {key.version} {rule.comes_from[-1]}",
        )


def _check_backing(project: Project, key: Key, catalog: Catalog, stage: str, *, gates: bool = True) -> None:
    rule = project.settings.stage(stage)
    frozen = catalog.frozen(key)
    if frozen is None:
        known = [other.version for other in catalog.keys("model", key.name, key.root)]
        raise UsageError(
            f"{key} is not frozen",
            hint=freeze_command(key) + (f"   (frozen: {', '.join(known)})" if known else ""),
        )
    if frozen.manifest is None:
        raise frozen.error or UsageError(f"{frozen.manifest_path} cannot be read")
    if gates and rule is not None and rule.tag:
        tag = find_tag(project, key)
        if tag is None or tag.tree_sha256 != frozen.manifest.tree_sha256:
            again = f"git mlv promote {key.name} {key.version} {stage}"
            there = tag is None and released(project, project.settings.protect)(key, frozen.manifest.tree_sha256)
            raise RefusedError(
                f"{key} has no model tag{' here' if there else ''}, and {stage} takes only tagged versions (MLV203)",
                hint=(
                    f"git fetch --tags && {again}   (it was released before: a remote has its tag)\n" if there else ""
                )
                + f"{again} --tag   ({'when no remote has one: ' if there else ''}tags it first)",
            )


def _write(
    project: Project,
    event: str,
    key: Key,
    stage: str,
    registry: Registry,
    moves: Sequence[Move],
    reason: str,
    commit: bool,
) -> StageChange:
    path = project.layout.registry(key.name)
    data = registry.dump()
    message = _message(event, key, stage, moves, reason)
    if project.repo.top is None:
        oid = _commit_bare(project, path, data, message)
        return StageChange(event=event, key=key, stage=stage, moves=tuple(moves), registry_path=path, commit=oid)
    pending = project.repo.operation()
    target = project.top / path
    if commit and not pending:
        _refuse_uncommitted(project, path)
    if commit and not pending:
        announce(project, event, path, data)
    write_atomic(target, data)
    project.repo.stage([path], force=True)
    oid = ""
    if commit and not pending:
        try:
            oid, _ = commit_paths(project.repo, [path], message)
        except BaseException:
            take_back(project)  # a hook refused, or the user interrupted: the registry is as before
            raise
        settled(project)
    project.refresh()
    return StageChange(
        event=event, key=key, stage=stage, moves=tuple(moves), registry_path=path, commit=oid, pending=pending
    )


def _refuse_uncommitted(project: Project, path: str) -> None:
    committed = project.committed().tree
    entry = committed.entry(path)
    if entry is not None and committed.read(path) != _read(project, path):
        raise RefusedError(
            f"{path} has changes that are not committed", hint=f"git commit -- {path}   (or git restore {path})"
        )


def _read(project: Project, path: str) -> bytes:
    try:
        return (project.top / path).read_bytes()
    except OSError:
        return b""


def _message(event: str, key: Key, stage: str, moves: Sequence[Move], reason: str) -> str:
    subject = (
        f"Roll {key.name} back to {key.version}"
        if event == "rollback"
        else f"Promote {key.name} {key.version} to {stage}"
    )
    lines = [subject, ""]
    if reason:
        lines += [reason.strip(), ""]
    lines += [f"Mlv-Event: {event}", f"Mlv-Model: {key.name}", f"Mlv-Version: {key.version}", f"Mlv-Stage: {stage}"]
    lines += [f"Mlv-Moved: {move.version} {move.before} -> {move.after}" for move in moves]
    return "\n".join(lines) + "\n"


def _commit_bare(project: Project, path: str, data: bytes, message: str) -> str:
    """Commit one file on HEAD's branch of a repository without a working directory."""
    import tempfile

    repo = project.repo
    head = repo.head()
    if head is None:
        raise UsageError("this repository has no commit yet")
    oid = repo.write_blob(data)
    ensure_directory(repo.state_dir)
    with tempfile.TemporaryDirectory(dir=repo.state_dir) as folder:
        git = Git(repo.git.directory, {**repo.git.given, "GIT_INDEX_FILE": os.path.join(folder, "index")})
        git.run("read-tree", head)
        git.run("update-index", "--add", "--cacheinfo", f"100644,{oid},{path}")
        tree = git.text("write-tree")
    commit = repo.git.text("commit-tree", tree, "-p", head, input=message.encode())
    repo.git.run("update-ref", "-m", message.splitlines()[0], "HEAD", commit, head)
    return commit
