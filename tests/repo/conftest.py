"""Repositories in which others have hooks already."""

from __future__ import annotations

import pytest

from tests.conftest import Sandbox
from tests.repo.installing import HUSKY_EVENTS, HUSKY_RUNNER


@pytest.fixture
def home(repo: Sandbox) -> Sandbox:
    """A repository with one commit."""
    repo.commit("begin")
    return repo


@pytest.fixture
def husky(home: Sandbox) -> Sandbox:
    """What husky 9 leaves: `.husky/_` generated and ignored, the user's scripts in `.husky`."""
    for event in HUSKY_EVENTS:
        script = home.write(f".husky/_/{event}", '#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n')
        script.chmod(0o755)
    home.write(".husky/_/h", HUSKY_RUNNER)
    home.write(".husky/_/.gitignore", "*")
    home.write(".husky/pre-commit", "echo theirs >>ran\n")
    home.write(".husky/commit-msg", "echo message >>said\n")
    home.commit("husky")
    home.config("core.hooksPath", ".husky/_")
    return home


@pytest.fixture
def framework(home: Sandbox) -> Sandbox:
    """What the pre-commit framework is to run: a hook that writes `.git/ran`."""
    home.write(
        ".pre-commit-config.yaml",
        "repos:\n- repo: local\n  hooks:\n  - id: theirs\n    name: theirs\n    language: system\n"
        "    entry: sh -c 'echo theirs >>.git/ran'\n    always_run: true\n    pass_filenames: false\n",
    )
    home.commit("config")
    return home
