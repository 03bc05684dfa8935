"""Repositories with a model, its registry and branches that change it; what the tests about merging share."""

import json
import os
import shutil

from tests.conftest import Sandbox

REGISTRY = "models/iris_clf/registry.json"


def with_model(repo: Sandbox, *versions: str, hooks: bool = True) -> Sandbox:
    """Set mlvgit up and add versions of iris_clf, the first of which is in production; everything is committed."""
    repo.mlv("init", *(() if hooks else ("--no-hooks",)))
    repo.git("commit", "-qm", "Set up mlvgit")
    for version in versions:
        add(repo, version)
    promote(repo, versions[0])
    return repo


def copy(template: Sandbox, repo: Sandbox, *, hooks: bool = True) -> Sandbox:
    """Make `repo` a copy of a repository that was prepared once, with hooks and driver of its own."""
    shutil.copytree(template.path, repo.path, symlinks=True, dirs_exist_ok=True)
    if hooks:
        shutil.rmtree(repo / ".git" / "mlv")
        remove_driver(repo)
        repo.mlv("install")
    return repo


def add(repo: Sandbox, version: str) -> None:
    """Add and commit a version."""
    repo.write("out/model.pkl", f"weights of {version}\n")
    repo.mlv("model", "add", "iris_clf", version, "out/model.pkl", "-m", f"Add {version}")


def promote(repo: Sandbox, version: str) -> None:
    """Put a version into production, and commit that."""
    repo.mlv("promote", "iris_clf", version, "production", "--tag")


def stages(repo: Sandbox, at: str = "") -> dict[str, str]:
    """Return version -> stage of the registry on disk, or in a commit."""
    text = repo.git("show", f"{at}:{REGISTRY}").out if at else repo.read(REGISTRY).decode()
    return {entry["version"]: entry["stage"] for entry in json.loads(text)["versions"]}


def in_conflict(repo: Sandbox) -> bool:
    """Say whether the index holds the registry in conflict."""
    return bool(repo.git("ls-files", "--unmerged", "--", REGISTRY).out)


def remove_driver(repo: Sandbox) -> None:
    """Take the merge driver out of the configuration: a clone in which nothing was installed."""
    repo.git("config", "--remove-section", "merge.mlv-registry")


def plain_merge(repo: Sandbox, branch: str) -> int:
    """Merge as a host does: by lines, with no driver and no hooks."""
    folder = repo / ".git" / "no-hooks"
    os.makedirs(folder, exist_ok=True)
    return repo.git("-c", f"core.hooksPath={folder}", "merge", "--quiet", "--no-edit", branch, check=False).status
