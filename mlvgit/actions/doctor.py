"""The doctor: what is guarded here, proved by trying; what is not; and the command that mends it."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from mlvgit.actions.framework import guard_states, is_configured, runs_our_check
from mlvgit.actions.project import Project
from mlvgit.actions.surroundings import documents, files, git_itself, store, tags
from mlvgit.actions.symptoms import Symptom, bad, ok, warning
from mlvgit.actions.trial import Trial, try_commit, try_push
from mlvgit.core.text import printable
from mlvgit.repo.history import protected_refs, remotes
from mlvgit.repo.hookstatus import HookStatus
from mlvgit.repo.repository import Repository

__all__ = ["Diagnosis", "examine"]

MOST_READ: Final = 1 << 20
MOST_FILES: Final = 200
_OURS_FIRST = ("pre-push", "prepare-commit-msg", "post-checkout", "post-merge")
_MISSED = {
    "pre-commit": "no commit is judged",
    "pre-merge-commit": "no merge is judged",
    "prepare-commit-msg": "no cherry-pick, revert or rebase is judged",
    "pre-applypatch": "no `git am` is judged",
    "pre-push": "no push is judged",
}
_CI_FILES = (
    ".github/workflows/*.y*ml",
    ".gitlab-ci.yml",
    ".gitlab/**/*.yml",
    ".circleci/config.yml",
    ".ci/*",
    "Jenkinsfile",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    ".travis.yml",
    ".drone.yml",
    ".woodpecker.y*ml",
    ".woodpecker/*.y*ml",
    ".buildkite/*.y*ml",
    ".forgejo/workflows/*.y*ml",
    ".gitea/workflows/*.y*ml",
    "cloudbuild.yaml",
)
_CHECKS = (b"git mlv check", b"git-mlv check", b"mlv-check")


class Diagnosis(NamedTuple):
    """What the doctor found.

    Attributes:
        symptoms: in the order of importance: what guards, then what surrounds it.
        trial: what trying gave; None when there was no hook to try.
    """

    symptoms: tuple[Symptom, ...]
    trial: Trial | None

    @property
    def guarded(self) -> bool:
        """Everything that should guard does."""
        return all(symptom.level != "bad" for symptom in self.symptoms)


def examine(project: Project) -> Diagnosis:
    """Look at everything; a commit (on a server, a push) is tried in a throw-away repository, never in this one.

    Raises:
        MachineError: Git cannot answer.
    """
    repo = project.repo
    states = guard_states(repo)
    trial = _try(repo, states)
    symptoms = [*_hooks(repo, states), *_proof(repo, trial)]
    if not repo.is_bare:
        symptoms += [*_framework(repo, states), *_ci(repo), *_servers(project), *files(project)]
    symptoms += [*documents(project), *tags(project), *store(repo), *git_itself(repo)]
    return Diagnosis(symptoms=tuple(symptoms), trial=trial)


# Hooks


def _hooks(repo: Repository, states: list[HookStatus]) -> Iterator[Symptom]:
    install = "git mlv install" + (" --server" if repo.is_bare else "")
    if all(each.state == "missing" for each in states):
        yield bad("hooks", "no hook of mlvgit is installed in this clone", install)
        return
    for each in states:
        if each.state == "active":
            yield ok("hooks", f"{each.event}: {_order(repo, each)}")
            continue
        what, _, command = each.detail.rpartition(": ")
        missed = f"; {_MISSED[each.event]}" if each.event in _MISSED else ""
        text = f"{each.event}: {each.state}" + (f" ({what})" if what else "") + missed
        mend = command or install
        yield warning("hooks", text, mend) if each.event.startswith("post-") else bad("hooks", text, mend)


def _order(repo: Repository, each: HookStatus) -> str:
    """Say which hooks run for an event, and in which order."""
    if not each.chained:
        return "mlvgit"
    other = _shown(repo, each.chained)
    if each.detail:
        return f"{other}: {each.detail}"
    return f"mlvgit, then {other}" if each.event in _OURS_FIRST else f"{other}, then mlvgit"


def _shown(repo: Repository, path: str) -> str:
    top = str(repo.top or repo.git_dir)
    return printable(os.path.relpath(path, top) if path.startswith(top + "/") else path)


# Proof


def _try(repo: Repository, states: list[HookStatus]) -> Trial | None:
    event = "pre-receive" if repo.is_bare else "pre-commit"
    if not any(each.event == event and each.state == "active" for each in states):
        return None
    return try_push(repo) if repo.is_bare else try_commit(repo)


def _proof(repo: Repository, trial: Trial | None) -> Iterator[Symptom]:
    what = "push" if repo.is_bare else "commit"
    install = "git mlv install" + (" --server" if repo.is_bare else "")
    if trial is None:
        yield bad("proof", f"not tried, because there is nothing that would refuse a {what}", install)
    elif trial.outcome == "refused":
        yield ok("proof", f"tried: a {what} that alters a frozen file is refused, an honest one is not")
    elif trial.outcome == "accepted":
        yield bad("proof", f"tried: a {what} that alters a frozen file WENT THROUGH", install)
    else:
        yield bad("proof", f"tried: {printable(trial.detail)}", install)


# Layers beside the native hooks


def _framework(repo: Repository, states: list[HookStatus]) -> Iterator[Symptom]:
    if not is_configured(repo):
        return
    blind = "it sees no cherry-pick, revert, rebase and am, and of a push the first ref only and no tags"
    if all(each.state == "active" for each in states):
        yield ok("layers", f"the pre-commit framework runs mlv-check too; {blind}: the native hooks do")
        return
    runs = any(runs_our_check(repo, each.event) for each in states)
    does = "runs mlv-check" if runs else "is to run mlv-check, and is not installed in this clone"
    yield warning("layers", f"the pre-commit framework {does}; {blind}", "git mlv install")


def _ci(repo: Repository) -> Iterator[Symptom]:
    top = repo.top
    if top is None:
        return
    present = [path for pattern in _CI_FILES for path in islice(top.glob(pattern), MOST_FILES) if path.is_file()]
    judging = [path for path in present if any(word in _read(path) for word in _CHECKS)]
    step = "git mlv check origin/main..HEAD   (as a step of its own, with the base branch fetched)"
    if judging:
        yield ok("layers", f"CI: {_shown(repo, str(judging[0]))} mentions the check; only CI shows that it is required")
    elif present:
        yield warning("layers", f"CI: no file mentions the check ({_shown(repo, str(present[0]))} is there)", step)
    else:
        yield warning("layers", "CI: no file of a CI that is known here was found", step)


def _servers(project: Project) -> Iterator[Symptom]:
    names = remotes(project.repo)
    patterns = project.settings_or_default.protect
    mend = "there: git mlv install --server; on a host: protect the branch and require the check in CI"
    for name in names:
        text = (
            f"server {printable(name)}: unknown from here; `--no-verify` and merge buttons are stopped there or nowhere"
        )
        yield warning("layers", text, mend)
        found = protected_refs(project.repo, patterns, name)
        if found:
            listed = ", ".join(ref.removeprefix("refs/remotes/") for ref in found)
            yield ok(
                "layers", f"published is what {printable(listed)} had when last fetched, and what a model tag names"
            )
        else:
            text = f"no branch of {printable(name)} counts as published yet: commits are judged by HEAD alone"
            yield warning(
                "layers", text, f"git fetch {printable(name)} && git remote set-head {printable(name)} --auto"
            )
    if not names:
        yield warning(
            "layers",
            "no remote: all of it is only in this clone, and nobody else judges it",
            "git remote add origin URL",
        )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_READ)
    except OSError:
        return b""
