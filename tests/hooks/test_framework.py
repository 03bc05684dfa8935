"""The pre-commit framework runs our checks: what it sees is refused, with the program of this environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, Sandbox

PRE_COMMIT = str(Path(sys.executable).parent / "pre-commit")
OFFERED = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.fixture
def framework(repo: Sandbox) -> Sandbox:
    """A repository whose hooks are the framework's, with every hook that we offer; nothing is downloaded."""
    hooks = [{**hook, "language": "system"} for hook in OFFERED]
    for hook in hooks:
        del hook["minimum_pre_commit_version"]
    repo.write(".pre-commit-config.yaml", yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))
    repo.write("code.py", "1\n")
    repo.commit("begin")
    for stage in ("pre-commit", "pre-merge-commit", "pre-push"):
        repo.run(PRE_COMMIT, "install", "--hook-type", stage)
    return repo


def two_productions(repo: Sandbox) -> None:
    repo.write(
        "models/m/registry.json",
        '{"name": "m", "versions": [\n{"version": "v0.1.0", "stage": "production"},\n'
        '{"version": "v0.2.0", "stage": "production"}]}\n',
    )


def test_the_offered_hooks_are_valid() -> None:
    from pre_commit.clientlib import load_manifest

    assert {hook["id"] for hook in load_manifest(ROOT / ".pre-commit-hooks.yaml")} == {"mlv-check", "mlv-check-push"}


def test_a_commit_is_refused(framework: Sandbox) -> None:
    two_productions(framework)
    framework.stage()

    framework.assert_refused("commit", "-m", "x", because="MLV202")


@pytest.mark.parametrize("args", [("-a",), ("--", "code.py", "models")], ids=["commit-a", "commit-path"])
def test_a_commit_from_another_index_is_judged_as_it_is_made(framework: Sandbox, args: tuple[str, ...]) -> None:
    framework.write("models/m/registry.json", '{"name": "m", "versions": []}\n')
    framework.git("add", "-A")
    framework.git("commit", "-qm", "registry", "--no-verify")
    two_productions(framework)

    framework.assert_refused("commit", "-m", "x", *args, because="MLV202")


def test_a_commit_of_plain_code_passes(framework: Sandbox) -> None:
    framework.write("code.py", "2\n")
    framework.stage()

    framework.assert_accepted("commit", "-qm", "x")


def test_a_deletion_is_seen_although_the_framework_lists_no_file(framework: Sandbox) -> None:
    framework.write("data/snapshots/d_v0.1/a.csv", "1\n")
    framework.mlv("snapshot", "create", "d", "v0.1")
    framework.stage()
    framework.git("commit", "-qm", "freeze")
    framework.git("rm", "-q", "data/snapshots/d_v0.1/a.csv")

    framework.assert_refused("commit", "-m", "x", because="MLV101")


def test_two_promotions_that_merge_cleanly_are_refused(framework: Sandbox) -> None:
    def registry(*stages: str) -> None:
        entries = ",\n".join(f'{{"version": "v0.{minor}.0", "stage": "{stage}"}}' for minor, stage in enumerate(stages))
        framework.write("models/m/registry.json", '{"name": "m", "versions": [\n' + entries + "\n]}\n")
        framework.git("add", "-A")
        framework.git("commit", "-qm", "registry", "--no-verify")

    registry("archived", "archived", "archived")
    framework.branch("side")
    registry("archived", "archived", "production")
    framework.checkout("main")
    registry("production", "archived", "archived")

    framework.assert_refused("merge", "--no-edit", "side", because="MLV202")


def test_a_push_of_a_branch_is_refused(framework: Sandbox) -> None:
    framework.server()
    two_productions(framework)
    framework.git("add", "-A")
    framework.git("commit", "-qm", "x", "--no-verify")

    ran = framework.push("origin", "main", check=False)

    assert ran.status != 0
    assert "MLV202" in ran.said
    framework.git("reset", "-q", "--hard", "HEAD~1")
    framework.commit("fine")
    framework.push("origin", "main")
