"""What happens to a command whose reader goes away."""

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
