"""What a command says when something else stands in its way, and what it does when nobody listens."""

import subprocess

import pytest

from tests.conftest import Sandbox


@pytest.mark.parametrize("buffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_command_ends_its_work_although_nobody_reads_what_it_says(repo: Sandbox, buffered: str) -> None:
    repo.write("p.csv", "1\n")
    environment = repo.playground.environment() | ({"PYTHONUNBUFFERED": buffered} if buffered else {})
    with subprocess.Popen(
        ["git", "mlv", "snapshot", "create", "q", "v0.1", "p.csv", "-m", "Freeze q"],
        cwd=repo.path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as command:
        assert command.stdout
        assert command.stderr
        command.stdout.close()
        assert command.stderr.read() == b""
    assert command.returncode == 0
    assert repo.git("log", "-1", "--format=%s").out == "Freeze q\n"


def test_a_lock_that_git_left_is_named(repo: Sandbox) -> None:
    repo.write("p.csv", "1\n")
    repo.write(".git/index.lock", "")

    refused = repo.mlv("snapshot", "create", "q", "v0.1", "p.csv", check=False).err

    assert str(repo / ".git/index.lock") in refused
    assert "remove it first" in refused
