"""Hooks of others as their tools write them, and what must be as it was after installing and taking out."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from mlvgit.repo.hookfiles import status
from mlvgit.repo.repository import Repository
from tests.conftest import Sandbox

LEFTHOOK = """#!/bin/sh

if [ "$LEFTHOOK" = "0" ]; then
  exit 0
fi

call_lefthook()
{
  echo "lefthook $*" >>ran
}

call_lefthook run "pre-commit" "$@"
"""
LFS = """#!/bin/sh
command -v git-lfs >/dev/null 2>&1 || { echo "git lfs is missing" >&2; exit 2; }
git lfs pre-push "$@"
"""
HUSKY_RUNNER = """#!/usr/bin/env sh
n=$(basename "$0")
s=$(dirname "$(dirname "$0")")/$n
[ ! -f "$s" ] && exit 0
sh -e "$s" "$@"
c=$?
[ $c != 0 ] && echo "husky - $n script failed (code $c)"
exit $c
"""
HUSKY_EVENTS = ("pre-commit", "pre-merge-commit", "prepare-commit-msg", "commit-msg", "pre-push", "post-checkout")


def opened(repo: Sandbox) -> Repository:
    return Repository.open(repo.path)


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file and link below `folder`: mode and bytes, or where a link points to."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = (0, os.fsencode(os.readlink(path)))
        elif path.is_file():
            found[str(path.relative_to(folder))] = (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
    return found


def configuration(repo: Sandbox) -> dict[str, tuple[int, bytes]]:
    """Return what install and uninstall must leave as it was: hooks, configuration, our own folder."""
    git_dir = Path(repo.git("rev-parse", "--path-format=absolute", "--git-common-dir").out.rstrip("\n"))
    parts = {name: entry for name, entry in tree(git_dir).items() if name.split("/")[0] in ("hooks", "mlv", "config")}
    return {
        **parts,
        **{f"top/{name}": entry for name, entry in tree(repo.path).items() if not name.startswith(".git/")},
    }


def states(repo: Sandbox) -> set[str]:
    return {one.state for one in status(opened(repo))}


def spoil(repo: Sandbox) -> None:
    """Stage a registry that no one can read: the guard refuses it."""
    repo.write("models/iris_clf/registry.json", "{ not json")
    repo.stage()


def pre_commit(repo: Sandbox, *args: str) -> None:
    repo.run(str(Path(sys.executable).parent / "pre-commit"), *args)
