"""Running Git: answers, failures, big input and output, the environment, the program that is found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlvgit.errors import GitError, MachineError
from mlvgit.repo.git import Git, decode, encode, find_git
from mlvgit.repo.objects import Objects

HEAVY = ("subprocess", "re", "typing", "dataclasses", "pathlib", "json", "tempfile", "git", "enum")


def test_output_is_returned_and_a_failure_says_what_git_said(repo):
    git = Git(repo.path)

    assert git.text("rev-parse", "--is-bare-repository") == "false"
    with pytest.raises(GitError) as caught:
        git.run("rev-parse", "--verify", "nothing")
    assert caught.value.status == 128
    assert "single revision" in caught.value.stderr
    assert caught.value.argv[:2] == ("git", "rev-parse")


def test_an_exit_status_may_be_an_answer(repo):
    assert Git(repo.path).text("config", "--get", "no.such", ok=(0, 1)) == ""
    assert Git(repo.path).status("config", "--get", "no.such") == 1


def test_input_and_output_larger_than_any_pipe_do_not_block(repo):
    git = Git(repo.path)
    data = os.urandom(3_000_000)

    oid = git.text("hash-object", "-w", "--stdin", input=data)

    assert git.run("cat-file", "blob", oid) == data


def test_much_said_on_the_error_stream_does_not_block(repo):
    repo.config(
        "alias.noisy", "!i=0; while [ $i -lt 5000 ]; do echo 'a line that is long enough' >&2; i=$((i+1)); done; exit 3"
    )

    with pytest.raises(GitError) as caught:
        Git(repo.path).run("noisy")

    assert caught.value.status == 3


def test_a_signal_is_a_failure(repo):
    repo.config("alias.dies", "!kill -9 $$")

    assert Git(repo.path).status("dies") != 0


def running() -> set[str]:
    """The programs that this process has started and not waited for; Linux tells."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    return set(children.read_text().split()) if children.exists() else set()


def test_records_stop_early_and_git_stops_with_them(repo):
    for number in range(3):
        repo.write("a", f"{number}")
        repo.commit(f"Change {number}")
    git = Git(repo.path)
    before = running()

    records = git.records("log", "-z", "--format=%s")
    assert next(records) == b"Change 2"
    records.close()

    assert list(git.records("log", "-z", "--format=%s")) == [b"Change 2", b"Change 1", b"Change 0"]
    assert running() <= before


def test_records_of_a_command_that_fails_raise_at_the_end(repo):
    with pytest.raises(GitError):
        list(Git(repo.path).records("log", "no-such-branch"))


def test_no_descriptor_is_left_open(repo):
    git = Git(repo.path)
    git.text("rev-parse", "--git-dir")
    before = len(os.listdir("/dev/fd"))

    for _ in range(5):
        git.text("rev-parse", "--git-dir")
        git.status("rev-parse", "--verify", "nothing")
        next(git.records("config", "--list", "-z"))
    objects = Objects(git)
    objects.read("HEAD")
    objects.close()

    assert len(os.listdir("/dev/fd")) == before


def test_standard_streams_may_be_closed(repo):
    script = (
        f"import sys; sys.path.insert(0, {os.getcwd()!r}); from mlvgit.repo.git import Git\n"
        "open('said', 'w').write(Git('.').text('hash-object', '--stdin', input=b'x'))"
    )

    subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, script], cwd=repo.path, check=True
    )

    assert repo.read("said").decode() == repo.git("hash-object", "--stdin", input="x").out.strip()


def test_the_hooks_fast_path_imports_nothing_heavy(repo):
    script = (
        f"import sys; sys.path.insert(0, {os.getcwd()!r}); before = set(sys.modules)\n"
        "from mlvgit.repo.git import Git\nGit('.').text('rev-parse', '--git-dir')\n"
        f"print(*(set({HEAVY!r}) & (set(sys.modules) - before)))"
    )

    ran = repo.run(sys.executable, "-S", "-c", script)

    assert ran.out.split() == []


class TestProgram:
    def test_a_git_in_the_repository_is_not_run_though_the_path_begins_with_a_dot(self, repo, monkeypatch):
        for name in ("git", "bin/git"):
            repo.write(name, "#!/bin/sh\ntouch planted-ran\n").chmod(0o755)
        monkeypatch.chdir(repo.path)
        monkeypatch.setenv("PATH", f".:bin::{os.environ['PATH']}")

        Git(".").text("rev-parse", "--git-dir")

        assert not (repo / "planted-ran").exists()

    def test_a_missing_git_is_named(self, tmp_path):
        with pytest.raises(MachineError, match="git was not found"):
            find_git(f"{tmp_path}:.:")

    def test_a_folder_or_a_plain_file_called_git_is_passed_over(self, tmp_path):
        (tmp_path / "one" / "git").mkdir(parents=True)
        (tmp_path / "two").mkdir()
        (tmp_path / "two" / "git").write_text("")
        usual = find_git(os.environ["PATH"])

        assert find_git(f"{tmp_path}/one:{tmp_path}/two:{os.path.dirname(usual)}") == usual


class TestEnvironment:
    def test_the_index_of_the_environment_is_the_one_that_is_read(self, repo):
        repo.write("a", "1")
        repo.commit()
        git = Git(repo.path, {**os.environ, "GIT_INDEX_FILE": str(repo / "other-index")})

        assert git.run("ls-files") == b""
        assert Git(repo.path).run("ls-files") == b"a\n"

    def test_a_relative_git_dir_means_what_it_meant_for_the_caller(self, repo, monkeypatch):
        repo.write("sub/a", "1")
        monkeypatch.chdir(repo.path)

        git = Git(repo / "sub", {**os.environ, "GIT_DIR": ".git", "GIT_WORK_TREE": "."})

        assert git.text("rev-parse", "--show-toplevel") == str(repo.path)

    def test_another_repository_gets_nothing_that_names_this_one(self, repo, playground):
        other = playground.init("other")
        git = Git(repo.path, {**os.environ, "GIT_DIR": str(repo / ".git"), "GIT_INDEX_FILE": "/nowhere"})

        elsewhere = git.elsewhere(other.path)

        assert elsewhere.text("rev-parse", "--show-toplevel") == str(other.path)
        assert "GIT_INDEX_FILE" not in elsewhere.environment
        assert elsewhere.environment["GIT_CONFIG_GLOBAL"] == os.environ["GIT_CONFIG_GLOBAL"]

    def test_porcelain_leaves_the_users_environment_to_their_hooks(self, repo):
        repo.hook("pre-commit", "env > seen")
        repo.write("a", "1")
        repo.stage("a")

        Git(repo.path).porcelain("commit", "-qm", "x", env={"GIT_COMMITTER_DATE": "1767225600 +0000"})

        seen = repo.read("seen")
        assert b"GIT_LITERAL_PATHSPECS" not in seen
        assert b"GIT_NO_REPLACE_OBJECTS" not in seen
        assert repo.git("log", "-1", "--format=%ct").out == "1767225600\n"

    def test_paths_are_literal(self, repo):
        repo.write("a*", "star")
        repo.write("ab", "plain")
        repo.commit()

        assert Git(repo.path).lines0("ls-files", "-z", "--", "a*") == ["a*"]


def test_names_go_through_unchanged_whatever_their_bytes():
    raw = bytes(range(1, 256))

    assert encode(decode(raw)) == raw
