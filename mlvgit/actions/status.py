"""The status: what serves, what is newest, what is new or wrong here, and how far it got. Nothing frozen is hashed."""

import os
import stat
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from mlvgit.actions.away import files_away, is_away
from mlvgit.actions.chosen import Freeable, Missing, freeable, missing
from mlvgit.actions.framework import guard_states
from mlvgit.actions.guards import check_working
from mlvgit.actions.project import Project, version_of
from mlvgit.actions.published import released
from mlvgit.actions.retired import Retirements
from mlvgit.actions.served import Serving, all_serving, tag_state
from mlvgit.actions.tagging import find_tag
from mlvgit.actions.titles import title_of
from mlvgit.core.jsontext import EMPTY
from mlvgit.core.text import count
from mlvgit.core.versions import model_version
from mlvgit.errors import MlvError
from mlvgit.records.layout import FrozenKind, Key
from mlvgit.records.manifest import Manifest
from mlvgit.repo.history import remotes
from mlvgit.repo.trees import WorktreeTree
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.contents import Contents
from mlvgit.rules.lookup import registered
from mlvgit.rules.model import Entry, Finding, Tree
from mlvgit.rules.storage import holes, is_all_retired

__all__ = ["Newest", "Status", "Upstream", "look"]

MOST_NEWEST = 5
MOST_COMPARED: Final = 1000
"""A version of more files is not looked at: the status is to be there at once."""
EDITED: Final = ("settings", "registry", "run")
"""Documents that people may change by hand; what is frozen has rules of its own."""


class Newest(NamedTuple):
    """The newest snapshot of a dataset, or version of a model, in the working directory.

    Attributes:
        manifest: None when it cannot be read.
        stage: of a model version, by the registry on disk.
        committed_stage: by that of HEAD.
        tagged: a model tag vouches for exactly its bytes.
        committed: HEAD has it.
        away: the store keeps its bytes, they may be here, and none of them stands in the working directory.
        missing_files: how many files that the store keeps of it do not stand there, where others of it do.
        unerased: all of it was retired, and its folder still stands here.
        falsified: a file of HEAD is not as its manifest says, as far as sizes and what was hashed before tell.
    """

    key: Key
    manifest: Manifest | None
    stage: str = ""
    committed_stage: str = ""
    tagged: bool = False
    committed: bool = False
    away: bool = False
    missing_files: int = 0
    unerased: bool = False
    falsified: bool = False


class Upstream(NamedTuple):
    """What is not pushed, and what is not pulled.

    Attributes:
        remote: "" when there is none.
        branch: as the remote calls it; "" when the branch was never pushed.
        tracked: Git is set up to pull from there.
        ahead: commits that the remote does not have, as far as it was last seen.
        behind: commits that it had then and HEAD has not.
        tags: model tags to push along.
    """

    remote: str = ""
    branch: str = ""
    tracked: bool = False
    ahead: int = 0
    behind: int = 0
    tags: tuple[str, ...] = ()


NOWHERE: Final = Upstream()


class Status(NamedTuple):
    """What there is to know at a glance.

    Attributes:
        branch: "" when HEAD is detached.
        commit: HEAD, "" before the first commit.
        operation: what Git is in the middle of, or "".
        has_settings: there is an mlv.yaml in this root.
        settings_problems: why mlv.yaml cannot be read; then nothing below is known.
        snapshots, versions: the newest of each, newest first.
        more_snapshots, more_versions: how many datasets and models have others.
        new: frozen here, not in HEAD.
        new_paths: what to stage for them.
        unfrozen: folders that nothing freezes yet.
        staged: paths of ours that the next commit would change.
        title: what a commit of them would be called; "" when nothing in them says.
        edited: settings, registries and run records of ours that were changed on disk and not staged since.
        unmerged: paths of ours in conflict.
        findings: what the rules say of the working directory.
        debts: what is wrong in HEAD already, as far as it shows at once.
        guards: event -> state of its hook.
        other_roots: further mlv roots of the repository.
        elsewhere: of what serves and of the newest versions, those that were released and whose model tag is not here.
        missing: what `git mlv pull` alone would bring.
        freeable: what is pushed and older than the newest, and stands here.
        unerased: how many files HEAD says were retired whose bytes the store still has.
    """

    root: str
    branch: str
    commit: str
    bare: bool = False
    operation: str = ""
    has_settings: bool = False
    settings_problems: tuple[str, ...] = ()
    serving: tuple[Serving, ...] = ()
    snapshots: tuple[Newest, ...] = ()
    versions: tuple[Newest, ...] = ()
    more_snapshots: int = 0
    more_versions: int = 0
    new: tuple[Key, ...] = ()
    new_paths: tuple[str, ...] = ()
    unfrozen: tuple[Key, ...] = ()
    staged: tuple[str, ...] = ()
    title: str = ""
    edited: tuple[str, ...] = ()
    unmerged: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    debts: tuple[str, ...] = ()
    guards: Mapping[str, str] = EMPTY
    upstream: Upstream = NOWHERE
    other_roots: tuple[str, ...] = ()
    elsewhere: tuple[Key, ...] = ()
    missing: Missing = Missing()
    freeable: Freeable = Freeable((), 0)
    unerased: int = 0


def look(project: Project) -> Status:
    """Gather the status of the current root.

    Raises:
        MachineError: Git cannot answer.
    """
    repo = project.repo
    catalog = project.working()
    branch, commit = repo.branch() or "", repo.head() or ""
    guards = {each.event: each.state for each in guard_states(repo)}
    if catalog.settings_errors:
        problems = tuple(line for error in catalog.settings_errors for line in error.message.split("\n"))
        return Status(
            root=project.root,
            branch=branch,
            commit=commit,
            bare=repo.is_bare,
            has_settings=True,
            settings_problems=problems,
            guards=guards,
        )
    head = project.committed()
    root = catalog.root(project.root)
    serving = tuple(all_serving(project, head))
    snapshots, more_snapshots = _newest(project, catalog, head, "snapshot")
    versions, more_versions = _newest(project, catalog, head, "model")
    changed = _changed(project, catalog, head)
    committed = set(head.keys(root=project.root))
    new = tuple(key for key in catalog.keys(root=project.root) if key not in committed)
    return Status(
        root=project.root,
        branch=branch,
        commit=commit,
        bare=repo.is_bare,
        operation=repo.operation(),
        has_settings=catalog.tree.entry(project.layout.settings_path) is not None,
        serving=serving,
        snapshots=snapshots,
        versions=versions,
        more_snapshots=more_snapshots,
        more_versions=more_versions,
        new=new,
        new_paths=tuple(_paths(project, catalog, new)),
        unfrozen=tuple(catalog.unfrozen(root)) if root else (),
        **changed._asdict(),
        findings=_findings(project),
        debts=tuple(_debts(project, head)),
        guards=guards,
        upstream=_upstream(project, branch, serving),
        other_roots=tuple(each.layout.root or "." for each in catalog.roots if each.layout.root != project.root),
        elsewhere=tuple(_tagged_elsewhere(project, head, serving, versions)),
        missing=missing(project, head) if _uses_store(project, (*snapshots, *versions)) else Missing(),
        freeable=freeable(project),
        unerased=_unerased(project),
    )


# What is newest


def _newest(project: Project, catalog: Catalog, head: Catalog, kind: FrozenKind) -> tuple[tuple[Newest, ...], int]:
    """Return the newest version of each dataset or model, those with the newest dates first; and how many more."""
    last: dict[str, Key] = {}
    for key in catalog.keys(kind, root=project.root):
        if kind == "snapshot" or not version_of(key).prerelease or key.name not in last:
            last[key.name] = key
    found = []
    for key in last.values():
        frozen = catalog.frozen(key)
        found.append((key, frozen.manifest if frozen else None))
    found.sort(key=lambda each: each[1].created_utc if each[1] else "", reverse=True)
    return tuple(_newest_one(project, catalog, head, *each) for each in found[:MOST_NEWEST]), len(found[MOST_NEWEST:])


def _newest_one(project: Project, catalog: Catalog, head: Catalog, key: Key, manifest: Manifest | None) -> Newest:
    tagged = key.kind == "model" and manifest is not None and tag_state(project, key, manifest) == "tagged"
    frozen = catalog.frozen(key)
    worktree = project.repo.top is not None
    standing = worktree and frozen is not None and os.path.lexists(project.top / frozen.directory)
    stored = worktree and manifest is not None and manifest.storage == "store" and not is_all_retired(manifest)
    stored = stored and key.name not in project.settings_or_default.local_never
    away = stored and frozen is not None and is_away(project, frozen)
    return Newest(
        key=key,
        manifest=manifest,
        stage=_stage(catalog, key),
        committed_stage=_stage(head, key),
        tagged=tagged,
        committed=head.frozen(key) is not None,
        away=away,
        missing_files=files_away(project, frozen) if stored and frozen is not None and not away else 0,
        unerased=standing and manifest is not None and is_all_retired(manifest),
        falsified=_is_falsified(project, catalog, head, key),
    )


def _uses_store(project: Project, newest: tuple[Newest, ...]) -> bool:
    """Say whether anything may be kept in the store: where all is in Git, no older manifest is parsed to learn that."""
    stored = any(each.manifest is not None and each.manifest.storage == "store" for each in newest)
    return stored or bool(project.settings_or_default.remotes)


def _tagged_elsewhere(
    project: Project, head: Catalog, serving: tuple[Serving, ...], newest: tuple[Newest, ...]
) -> Iterator[Key]:
    known = released(project, project.settings.protect)
    serves = [project.layout.model_key(each.model, each.version) for each in serving if each.version]
    for key in dict.fromkeys([*serves, *(each.key for each in newest)]):
        frozen = head.frozen(key)
        if frozen and frozen.manifest and not find_tag(project, key) and known(key, frozen.manifest.tree_sha256):
            yield key


def _is_falsified(project: Project, catalog: Catalog, head: Catalog, key: Key) -> bool:
    """Say whether HEAD has a file of `key` otherwise than frozen (`git commit --no-verify`).

    Only what was hashed before, or has another size on disk, is compared.
    """
    frozen = head.frozen(key)
    manifest = frozen.manifest if frozen else None
    if frozen is None or manifest is None or manifest.storage != "git" or manifest.file_count > MOST_COMPARED:
        return False
    gone = holes(manifest)
    compared = {}
    for relative, wanted in manifest.by_relative().items():
        path = f"{frozen.directory}/{relative}"
        entry = head.tree.entry(path)
        if relative in gone:
            continue
        if entry is None:
            return True
        known = project.repo.known_digest(entry.oid) is not None
        if known or _size(project, catalog, path, entry) not in (None, wanted.size_bytes):
            compared[path] = wanted
    return bool(Contents(head.tree).differing(compared))


def _size(project: Project, catalog: Catalog, path: str, entry: Entry) -> int | None:
    """Return the size of a file of HEAD where the disk has it unchanged."""
    if project.repo.top is None or catalog.tree.entry(path) != entry:
        return None
    try:
        found = os.lstat(project.top / path)
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _stage(catalog: Catalog, key: Key) -> str:
    if key.kind != "model":
        return ""
    entry = registered(catalog, key)
    return entry.stage if entry else "dev"


# What is new or wrong


def _paths(project: Project, catalog: Catalog, keys: tuple[Key, ...]) -> Iterator[str]:
    layout = project.layout
    if len(keys) > MOST_NEWEST:
        yield from sorted({layout.snapshots_dir if key.kind == "snapshot" else layout.models_dir for key in keys})
        return
    for key in keys:
        frozen = catalog.frozen(key)
        if frozen is not None:
            yield frozen.directory
            yield frozen.manifest_path


class _Changed(NamedTuple):
    """The fields of `Status` of these names."""

    staged: tuple[str, ...] = ()
    title: str = ""
    edited: tuple[str, ...] = ()
    unmerged: tuple[str, ...] = ()


def _changed(project: Project, catalog: Catalog, head: Catalog) -> _Changed:
    if project.repo.top is None:
        return _Changed()
    index, working = project.repo.index_tree(), catalog.tree
    ours = [path for path in sorted(index.delta) if catalog.place(path).kind not in ("", "loose")]
    return _Changed(
        staged=tuple(ours),
        title=title_of(head, Catalog(index), ours) if ours else "",
        edited=tuple(path for path in _on_disk(working) if catalog.place(path).kind in EDITED and index.entry(path)),
        unmerged=tuple(path for path in sorted(index.unmerged) if catalog.place(path).kind not in ("", "loose")),
    )


def _on_disk(working: Tree) -> list[str]:
    """List what Git has not hashed as it stands on disk, or misses there."""
    if not isinstance(working, WorktreeTree):
        return []
    changed = [path for path, entry in working.delta.items() if entry is None or not entry.oid]
    return sorted(set(changed) - working.unmerged)


def _findings(project: Project) -> tuple[Finding, ...]:
    if project.repo.top is None:
        return ()
    findings = check_working(project).findings
    return tuple(sorted(findings, key=lambda finding: (finding.severity != "error", finding.path, finding.code)))


def _debts(project: Project, head: Catalog) -> Iterator[str]:
    """Yield what is wrong in HEAD and shows without reading more than registries."""
    root = head.root(project.root)
    if root is None:
        return
    for key in head.unfrozen(root):
        if key.kind == "snapshot":
            yield f"{root.layout.directory(key)} is committed and not frozen (MLV104)"
    for model in head.models(project.root):
        try:
            registry = head.registry(project.root, model)
        except MlvError as error:
            yield error.message.split("\n")[0]
            continue
        for stage in sorted(root.settings.exclusive) if registry else ():
            several = registry.in_stage(stage) if registry else ()
            if len(several) > 1:
                yield f"{model} has {count(len(several), 'version')} in {stage} (MLV202)"
        frozen = {key.version for key in head.keys("model", model, project.root)}
        unbacked = [
            entry
            for entry in (registry.versions if registry else ())
            if entry.stage != "dev" and entry.version not in frozen
        ]
        for entry in sorted(unbacked, key=lambda each: model_version(each.version)):
            yield f"{model}@{entry.version} is in {entry.stage} and has no manifest (MLV204)"


def _unerased(project: Project) -> int:
    retired = Retirements(project).of_head()
    if not retired:
        return 0
    from mlvgit.actions.erasing import not_erased

    return len(not_erased(project, retired))


# What is not pushed


def _upstream(project: Project, branch: str, serving: tuple[Serving, ...]) -> Upstream:
    repo = project.repo
    remote = repo.config(f"branch.{branch}.remote") if branch else ""
    names = remotes(repo)
    remote = remote or ("origin" if "origin" in names else (names or [""])[0])
    if not remote or not branch or not repo.head():
        return Upstream(remote=remote)
    followed = repo.config(f"branch.{branch}.merge").removeprefix("refs/heads/")
    merged = followed or branch
    tip = repo.resolve(f"refs/remotes/{remote}/{merged}")
    if tip is None:
        return Upstream(remote=remote, tags=tuple(_tags(project, "", serving, None)))
    apart = repo.git.text("rev-list", "--left-right", f"{tip}...HEAD").split()
    missing = [each[1:] for each in apart if each.startswith(">")]
    tags = tuple(_tags(project, tip, serving, frozenset(missing))) if missing else ()
    return Upstream(remote, merged, bool(followed), ahead=len(missing), behind=len(apart) - len(missing), tags=tags)


def _tags(project: Project, tip: str, serving: tuple[Serving, ...], missing: frozenset[str] | None) -> Iterator[str]:
    """Yield the model tags that a push of HEAD needs or adds: on commits that are not there, or of what serves anew."""
    options = (f"--no-merged={tip}",) if tip else ()
    listed = project.repo.git.text("for-each-ref", "--format=%(refname)", "--merged=HEAD", *options, "refs/tags")
    known = {ref.removeprefix("refs/tags/") for ref in listed.split("\n") if "@v" in ref}
    for each in serving:
        if each.tag == "tagged" and (missing is None or each.commit in missing):
            known.add((f"{project.root}=" if project.root else "") + f"{each.model}@{each.version}")
    yield from sorted(known)
