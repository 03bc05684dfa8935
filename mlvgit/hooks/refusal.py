"""Refusals as a hook shows them: what the guard found, then the way out of the state that Git is in."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mlvgit.actions.guards import Report
from mlvgit.actions.project import Project
from mlvgit.actions.receiving import BYTES
from mlvgit.hooks.states import Refused, way_out
from mlvgit.hooks.together import together
from mlvgit.records.layout import Place
from mlvgit.repo.history import protected_refs
from mlvgit.repo.repository import Repository
from mlvgit.rules.model import Changes, Finding, Tree

__all__ = ["push_options", "show_commit", "show_push"]

_ANCESTORS = 6
"""A hook of ours is a child of a shell script, of Git, or of a manager of hooks in between."""
_OPERATIONS = {
    "merge": "merge",
    "cherry-pick": "cherry-pick",
    "revert": "revert-stopped",
    "rebase": "rebase-stopped",
    "am": "am",
}


def show_commit(repo: Repository, report: Report, state: str) -> int:
    """Write what a guard of commits found to standard error, and return the exit status.

    Args:
        repo: where.
        report: what was found.
        state: a key of `states.STATES`; "" when it is to be found out.
    """
    if not report.text:
        return 0
    way = ""
    if report.errors:
        state = state or _state(repo)
        project = Project(repo=repo)
        index, head = repo.index_tree(), repo.head_tree()
        changes = repo.changes(head, index)
        paths = []
        for path in _paths(report, project):
            inside = [path] if index.entry(path) else [*index.below(path)]
            paths += inside or ([path] if head.entry(path) else [])  # bytes that Git ignores are not Git's to undo
        refused = _refused(repo, state, together(paths, changes, _claim(project)), changes)
        way = way_out(state, refused, lambda name, paths: _store(repo, name, paths))
    _show(report, way)
    return 1 if report.errors else 0


def show_push(report: Report, state: str, repo: Repository) -> int:
    """Write what a guard of pushes found to standard error, and return the exit status.

    Args:
        report: what was found.
        state: "push" here, where the commands will be pasted, "receive" on a server.
        repo: where.
    """
    if not report.text:
        return 0
    if report.errors and all(finding.code in BYTES for finding in report.findings):
        _show(report, "")  # there is nothing to take back: each finding says how the bytes get there
        return 1
    # Where the receiver has nothing to compare with there is nothing to take back: each finding says what to do.
    project = Project(repo=repo)
    paths = [_spec(path, True) for path in _paths(report, project) if _may_go_back(path, project, report.base)]
    store = (lambda name, listed: _store(repo, name, listed)) if state == "push" else None
    _show(report, way_out(state, Refused(paths, base=report.base[:12]), store) if report.errors else "")
    return 1 if report.errors else 0


def _may_go_back(path: str, project: Project, base: str) -> bool:
    """Say whether to bring a path back to what the receiver has: a registry that it does not have is not to be deleted."""
    return bool(base) and (not path.endswith("/registry.json") or project.committed(base).tree.entry(path) is not None)


def _paths(report: Report, project: Project) -> list[str]:
    """Return what is refused: files, and of a frozen thing that is new all of it, the rest would be refused then."""
    found: dict[str, None] = {}
    for each in report.findings:
        if each.severity == "error" and each.path:
            found.update(dict.fromkeys(_new_thing(each, project, report.base) or (each.path,)))
    return list(found)


def _new_thing(finding: Finding, project: Project, base: str) -> tuple[str, ...]:
    """Return the folder and the manifest of what a finding is about, when neither was there before."""
    key = finding.key
    if key is None:
        return ()
    before = project.committed(base or None)
    root = before.root(key.root)
    if root is None:
        return ()
    directory, manifest = root.layout.directory(key), root.layout.manifest(key)
    ours = finding.path == manifest or finding.path.startswith(directory + "/")
    if not ours or before.tree.entry(manifest) or before.tree.below(directory):
        return ()
    return (directory,) if finding.code == "MLV104" else (directory, manifest)


def _claim(project: Project) -> Callable[[str], tuple[str, Place]]:
    """Return a function that says whose a path is or was, and what there: a change may move our folders."""
    catalogs = (project.committed(), project.staged())

    def claim(path: str) -> tuple[str, Place]:
        before, after = (catalog.claim(path) for catalog in catalogs)
        root, place = before if before[1].kind else after
        return root.layout.root, place

    return claim


def _refused(repo: Repository, state: str, paths: list[str], changes: Changes) -> Refused:
    head, before = repo.head(), repo.head_tree()
    inside = bool(os.environ.get("GIT_PREFIX"))
    spec = {path: _spec(path, inside) for path in paths}
    theirs = _theirs(repo, head, paths) if head and state == "merge" else []
    return Refused(
        paths=tuple(spec.values()),
        known=tuple(spec[path] for path in paths if before.entry(path)),
        theirs=tuple(spec[path] for path in theirs),
        alone=not changes.keys() - set(paths),
        renumber=_renumber(repo) if state == "merge" else (),
    )


def _renumber(repo: Repository) -> tuple[str, ...]:
    """Return what leads out of a merge whose sides both froze something under one number; of the first such thing."""
    from mlvgit.actions.clashes import unsettled
    from mlvgit.repo.conflicts import conflicted

    return next((clash.renumber for clash in unsettled(Project(repo=repo), conflicted(repo)) if clash.renumber), ())


def _theirs(repo: Repository, head: str, paths: Sequence[str]) -> list[str]:
    """Return the paths that a merge is to take from the other side: it has what is published, or ours is refused."""
    other = repo.object("MERGE_HEAD^{commit}") or next(filter(None, map(repo.object, _merged())), None)
    if other is None:
        return []
    ours, merged, index = repo.commit_tree(head), repo.commit_tree(other[0]), repo.index_tree()
    protect = Project(repo=repo).committed().roots[-1].settings.protect
    published = [repo.commit_tree(tip) for tip in dict.fromkeys(protected_refs(repo, protect).values())]
    return [path for path in paths if _is_theirs(path, ours, merged, index, published)]


def _is_theirs(path: str, ours: Tree, merged: Tree, index: Tree, published: Sequence[Tree]) -> bool:
    mine, other = ours.entry(path), merged.entry(path)
    said = [entry for entry in (tree.entry(path) for tree in published) if entry]
    if mine == other or mine in said:
        return False
    return other in said or mine is None or mine == index.entry(path)


def _merged() -> list[str]:
    """Return what `git merge` merges, before MERGE_HEAD is there: it names them in the environment."""
    return [name.removeprefix("GITHEAD_") + "^{commit}" for name in os.environ if name.startswith("GITHEAD_")]


def _store(repo: Repository, name: str, paths: Sequence[str]) -> str:
    """Keep pathspecs for `--pathspec-from-file`, and return the file's name; "" when it cannot be written."""
    file = repo.state_dir / f"refused-{name}"
    try:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"".join(os.fsencode(path) + b"\0" for path in paths))
    except OSError:
        return ""
    return str(file)


def push_options(env: Mapping[str, str]) -> dict[str, str]:
    """Return what the pusher gave with `git push -o NAME=VALUE`; an option without a value has the empty one."""
    count = env.get("GIT_PUSH_OPTION_COUNT", "")
    given = (env.get(f"GIT_PUSH_OPTION_{number}", "") for number in range(int(count) if count.isdecimal() else 0))
    return {name: value for name, _, value in (option.partition("=") for option in given)}


def _show(report: Report, way: str) -> None:
    text = report.text.rstrip("\n") + "\n"
    sys.stderr.write(text + ("\n" + way if way else ""))
    sys.stderr.flush()


def _spec(path: str, inside: bool) -> str:
    """Write a path from the top so that Git takes it for exactly that, wherever the user stands."""
    if path.startswith(":") or any(char in path for char in "*?[\\"):
        return f":(top,literal){path}"
    return f":/{path}" if inside and path else path


def _state(repo: Repository) -> str:
    operation = repo.operation()
    if operation:
        return _OPERATIONS.get(operation, "commit")
    if repo.head() is None:
        return "first"
    verb = "amend" if _is_amend(repo) else "commit"
    index = os.path.basename(os.environ.get("GIT_INDEX_FILE", ""))
    if index.startswith("next-index-"):
        return f"{verb}-path"
    return f"{verb}-all" if index == "index.lock" else verb


def _words_of_commit() -> list[bytes]:
    """Return the words of the nearest `git commit` that this process descends from; none where they cannot be seen."""
    process = os.getppid()
    for _ in range(_ANCESTORS):
        try:
            words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
            process = int(Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
        if os.path.basename(words[0]) == b"git" and b"commit" in words:
            return words[words.index(b"commit") :]
    return []


def _is_amend(repo: Repository) -> bool:
    """Look at the words of the `git commit` that runs this; else guess from the author's date, which an amend keeps.

    A hook is told neither. An alias hides the words, and so do systems that do not show them as Linux does, see proc(5).
    """
    words = _words_of_commit()
    if words:
        return any(word.startswith(b"--am") for word in words)
    author = repo.git.text("log", "-1", "--format=@%ad", "--date=raw")
    return author == os.environ.get("GIT_AUTHOR_DATE")
