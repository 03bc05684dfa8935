"""Real repositories, sealed off from this machine's configuration, with fixed identity and dates.

`repo` is a fresh repository, `playground` makes more of them (clones, servers), `mlv` runs the program in `repo`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from tests import warm
from tests.turns import take_turns

settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")
SECONDS = 120
EPOCH = 1_767_225_600  # 2026-01-01T00:00:00Z
SCRIPTS = Path(sys.executable).parent
AS_OWNER = (
    ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")
    if os.geteuid() == 0
    else ()
)
"""Before a program: the modes of files count for it, as they do for everybody but root."""
ROOT = Path(__file__).resolve().parent.parent


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: a test waits for a disk, a server or another process for a third of its time."""
    return 2 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    take_turns(config, items)


def git_version() -> tuple[int, int]:
    """Return which Git the tests run with."""
    said = subprocess.run(["git", "version"], capture_output=True, text=True, check=True).stdout
    major, minor = said.split()[2].split(".")[:2]
    return int(major), int(minor)


class Ran(NamedTuple):
    """What a program did."""

    args: tuple[str, ...]
    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both streams, for messages that may come on either."""
        return self.out + self.err


class Playground:
    """A folder for repositories, and the environment that all programs of a test get."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = EPOCH
        self.object_format = os.environ.get("MLV_TEST_OBJECT_FORMAT", "sha1")
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        (folder / "template").mkdir()
        self.programs = folder / "bin"
        if not (
            SCRIPTS / "git-mlv"
        ).exists():  # the package was not installed: the same entry point, from this checkout
            self.programs.mkdir()
            script = self.programs / "git-mlv"
            script.write_text(
                f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
                "from mlvgit.cli.main import main\nsys.exit(main())\n"
            )
            script.chmod(0o755)
        self.config = self.home / "gitconfig"
        self.config.write_text(
            "[user]\n\tname = Ada Tester\n\temail = ada@example.com\n"
            "[init]\n\tdefaultBranch = main\n"
            '[protocol "file"]\n\tallow = always\n'
            "[commit]\n\tgpgSign = false\n[tag]\n\tgpgSign = false\n[core]\n\tautocrlf = false\n"
            "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[advice]\n\tdetachedHead = false\n"
        )

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a program; each call is one minute later."""
        self.clock += 60
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "MLV", "PYTHON", "XDG_"))
        }
        return {
            **kept,
            "PATH": os.pathsep.join([str(self.programs), str(SCRIPTS), os.environ.get("PATH", os.defpath)]),
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "xdg"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "GIT_CONFIG_GLOBAL": str(self.config),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TEMPLATE_DIR": str(self.folder / "template"),
            "GIT_AUTHOR_NAME": "Ada Tester",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada Tester",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
            "GIT_AUTHOR_DATE": f"{self.clock} +0000",
            "GIT_COMMITTER_DATE": f"{self.clock} +0000",
            "GIT_DEFAULT_HASH": self.object_format,
            "GIT_EDITOR": "true",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "COLUMNS": "120",
            **more,
        }

    def run(
        self, *args: str | bytes | Path, cwd: Path, check: bool = True, input: bytes | str | None = None, **more: str
    ) -> Ran:
        """Run a program in `cwd`; with `check`, a failure fails the test with what was said."""
        stdin = input.encode() if isinstance(input, str) else input if input is not None else b""
        words = tuple(os.fsdecode(arg) for arg in args)
        environment = self.environment(**more)
        if warm.fits(words, more):
            status, out, err = warm.run(words[2:], cwd, environment, stdin, SECONDS)
        else:
            done = subprocess.run(args, cwd=cwd, env=environment, input=stdin, capture_output=True, timeout=SECONDS)
            status, out, err = done.returncode, done.stdout, done.stderr
        ran = Ran(words, status, out.decode("utf-8", "surrogateescape"), err.decode("utf-8", "surrogateescape"))
        if check:
            assert ran.status == 0, f"{' '.join(words)} ended with {ran.status}\n{ran.out}\n{ran.err}"
        return ran

    def init(self, name: str = "repo", *options: str) -> Sandbox:
        """Make an empty repository."""
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        self.run("git", "init", "--quiet", *options, cwd=path)
        return Sandbox(self, path)

    def server(self, name: str = "server.git", *options: str) -> Sandbox:
        """Make an empty bare repository."""
        return self.init(name, "--bare", *options)


class Sandbox:
    """One repository of a test, and what people do in it.

    Attributes:
        path: the working directory, or the bare repository.
    """

    def __init__(self, playground: Playground, path: Path) -> None:
        self.playground = playground
        self.path = path

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def __fspath__(self) -> str:
        return str(self.path)

    # Files

    def write(self, path: str | bytes, data: str | bytes) -> Path:
        """Write a file and the folders above it; text as UTF-8."""
        target = self.path / os.fsdecode(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data)
        return target

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return (self.path / path).read_bytes()

    def remove(self, path: str) -> None:
        """Delete a file."""
        (self.path / path).unlink()

    # Programs

    def run(
        self,
        *args: str | bytes | Path,
        check: bool = True,
        input: bytes | str | None = None,
        cwd: Path | None = None,
        **more: str,
    ) -> Ran:
        """Run a program here."""
        return self.playground.run(*args, cwd=cwd or self.path, check=check, input=input, **more)

    def git(self, *args: str | bytes | Path, check: bool = True, input: bytes | str | None = None, **more: str) -> Ran:
        """Run Git here."""
        return self.run("git", *args, check=check, input=input, **more)

    def mlv(
        self,
        *args: str | Path,
        check: bool = True,
        input: bytes | str | None = None,
        cwd: Path | None = None,
        **more: str,
    ) -> Ran:
        """Run `git mlv` here: the real program of this environment."""
        return self.run("git", "mlv", *args, check=check, input=input, cwd=cwd, **more)

    # What people do

    def stage(self, *paths: str) -> Sandbox:
        """`git add PATHS`, all when none is named."""
        self.git("add", "--all", "--", *(paths or ["."]))
        return self

    def commit(self, message: str = "A commit", *options: str) -> str:
        """Stage everything and commit it, changed or not; return the commit."""
        self.stage()
        self.git("commit", "--quiet", "--allow-empty", "-m", message, *options)
        return self.head()

    def commit_files(self, message: str = "A commit", /, **files: str | bytes) -> str:
        """Write files named by keyword (`a__b_txt` is not guessed: use `write` for paths) and commit them."""
        for name, data in files.items():
            self.write(name, data)
        return self.commit(message)

    def head(self, name: str = "HEAD") -> str:
        """Return the id that a name stands for."""
        return self.git("rev-parse", "--verify", name).out.strip()

    def branch(self, name: str, *start: str) -> Sandbox:
        """Make a branch and check it out."""
        self.git("checkout", "--quiet", "-b", name, *start)
        return self

    def checkout(self, name: str, *options: str) -> Sandbox:
        """Check a branch or a commit out."""
        self.git("checkout", "--quiet", *options, name)
        return self

    def clone(self, name: str = "clone", *options: str) -> Sandbox:
        """Clone this repository."""
        target = self.playground.folder / name
        self.run("git", "clone", "--quiet", *options, f"file://{self.path}", str(target), cwd=self.playground.folder)
        return Sandbox(self.playground, target)

    def server(self, name: str = "server.git", remote: str = "origin") -> Sandbox:
        """Make a bare server, add it as a remote of this repository and push the current branch."""
        object_format = self.git("rev-parse", "--show-object-format").out.strip()
        made = self.playground.server(name, f"--object-format={object_format}")
        self.git("remote", "add", remote, str(made.path))
        if self.git("rev-parse", "--verify", "--quiet", "HEAD", check=False).status == 0:
            self.push(remote, "HEAD")
            self.git("remote", "set-head", remote, "--auto")
        return made

    def push(self, *args: str, check: bool = True) -> Ran:
        """`git push ARGS`."""
        return self.git("push", "--quiet", *args, check=check)

    def worktree(self, name: str = "worktree", *options: str) -> Sandbox:
        """Add a linked worktree on a new branch of its name."""
        target = self.playground.folder / name
        self.git("worktree", "add", "--quiet", *(options or ("-b", name)), str(target))
        return Sandbox(self.playground, target)

    def hook(self, name: str, script: str) -> Path:
        """Install a hook; `#!/bin/sh` is added."""
        folder = Path(self.git("rev-parse", "--path-format=absolute", "--git-path", "hooks").out.rstrip("\n"))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def config(self, key: str, value: str) -> None:
        """Set a key of this repository's configuration."""
        self.git("config", key, value)

    # Assertions, in pairs

    def assert_committed(self, path: str, data: str | bytes, at: str = "HEAD") -> None:
        """Fail unless the commit holds exactly these bytes there."""
        wanted = data if isinstance(data, str) else data.decode("utf-8", "surrogateescape")
        assert self.git("show", f"{at}:{path}").out == wanted

    def refute_committed(self, path: str, at: str = "HEAD") -> None:
        """Fail when the commit holds a file there."""
        assert self.git("cat-file", "-e", f"{at}:{path}", check=False).status != 0, f"{at} holds {path}"

    def assert_refused(self, *args: str, because: str = "") -> Ran:
        """Run Git, fail when it succeeds, leaves another HEAD, or says nothing of `because`."""
        before = self.git("rev-parse", "--quiet", "--verify", "HEAD", check=False).out
        ran = self.git(*args, check=False)
        assert ran.status != 0, f"git {' '.join(args)} was not refused\n{ran.said}"
        assert because in ran.said, ran.said
        assert self.git("rev-parse", "--quiet", "--verify", "HEAD", check=False).out == before
        return ran

    def assert_accepted(self, *args: str) -> Ran:
        """Run Git, fail unless it succeeds."""
        return self.git(*args)


@pytest.fixture(autouse=True)
def sealed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let nothing of the developer's Git reach code that runs inside the test's own process."""
    for name in list(os.environ):
        if name.startswith(("GIT_", "MLV_", "MLVGIT_")) and name != "MLV_TEST_OBJECT_FORMAT":
            monkeypatch.delenv(name)
    for name, value in {
        "HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "home" / "xdg"),
        "GIT_CONFIG_GLOBAL": str(tmp_path / "home" / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TEMPLATE_DIR": str(tmp_path / "template"),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Ada Tester",
        "GIT_AUTHOR_EMAIL": "ada@example.com",
        "GIT_COMMITTER_NAME": "Ada Tester",
        "GIT_COMMITTER_EMAIL": "ada@example.com",
        "NO_COLOR": "1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", os.defpath)]))


@pytest.fixture
def playground(tmp_path: Path) -> Playground:
    """A folder for repositories, with Git's configuration of its own."""
    return Playground(tmp_path)


@pytest.fixture
def hook_files(playground: Playground) -> None:
    """Let hooks be installed as files, as with a Git before 2.54, whatever the Git of this machine can do."""
    playground.run("git", "config", "--global", "mlv.hooks", "files", cwd=playground.folder)


@pytest.fixture
def repo(playground: Playground) -> Sandbox:
    """A repository without a commit."""
    return playground.init()


@pytest.fixture
def in_repo(repo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """`repo`, with the test's own process standing in it."""
    monkeypatch.chdir(repo.path)
    return repo
