"""The tools that peers.py times side by side: each one's words for what all of them do.

Nothing here is timed. A tool is looked for in DIR/<tool>/bin (`peers.py --install DIR` makes that), then on PATH.
"""

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

Argv = list[str]
PACKAGES = {"dvc": ["dvc"], "git-annex": ["git-annex"], "gto": ["gto"]}
CONFIG = """[user]
 name = Bench
 email = bench@example.invalid
[init]
 defaultBranch = main
[gc]
 auto = 0
[protocol "file"]
 allow = always
"""


def install(folder: Path) -> None:
    """Put the newest DVC, git-annex and GTO into environments of their own; Git LFS is a package of the system."""
    for tool, packages in PACKAGES.items():
        place = folder / tool
        if not (place / "bin" / tool).exists():
            venv.create(place, with_pip=True)
            subprocess.run([place / "bin" / "pip", "install", "--quiet", *packages], check=True)


class Surroundings:
    """A home, a configuration and a PATH that are the run's own.

    Args:
        root: where all of it stands.
        tools: where `install` put tools; None for PATH alone.
    """

    def __init__(self, root: Path, tools: Path | None) -> None:
        self.root = root
        home = root / "home"
        home.mkdir()
        (home / ".gitconfig").write_text(CONFIG)
        binaries = root / "bin"  # links to the tools alone, so that no environment's own python is found first
        binaries.mkdir()
        for folder in sorted(tools.glob("*/bin")) if tools else ():
            for name in (folder.parent.name, "git-annex-shell", "git-remote-annex"):
                if (folder / name).exists() and not (binaries / name).exists():
                    (binaries / name).symlink_to((folder / name).absolute())
        (binaries / "git-mlv").symlink_to(Path(sys.executable).parent / "git-mlv")
        self.env = {
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_CACHE_HOME": str(root / "xdg"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(root / "dvc-site"),
            "NO_COLOR": "1",
            "LANG": "C.UTF-8",
        }

    def has(self, program: str) -> bool:
        return shutil.which(program, path=self.env["PATH"]) is not None

    def run(self, *argv: str | Path, cwd: Path, check: bool = True) -> str:
        """Run something that is not timed, and return what it said."""
        done = subprocess.run(
            argv, cwd=cwd, env=self.env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, errors="replace",
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout[-2000:]}")
        return done.stdout


class Tool:
    """One tool in one repository.

    Attributes:
        name: in the tables.
        program: without it on PATH the tool is left out.
        store: where it keeps bytes, below the repository.
        data: where the data stands in the work tree.
    """

    name = program = store = ""
    data = "data"

    def __init__(self, around: Surroundings) -> None:
        self.around = around

    def git(self, repo: Path, *args: str | Path) -> str:
        return self.around.run("git", *args, cwd=repo)

    def setup(self, repo: Path) -> None:
        repo.mkdir()
        self.git(repo, "init", "-q")
        (repo / "train.py").write_text("print('train')\n")

    def add(self) -> Argv:
        """Take what stands in `data` in, and commit it."""
        raise NotImplementedError

    def add_next(self, repo: Path, place: Callable[[Path], None]) -> Argv:
        """Have `place` put the next version's file where this tool wants it; return what takes it in."""
        place(repo / self.data)
        return self.add()

    def status(self) -> Argv:
        raise NotImplementedError

    def verify(self, repo: Path) -> Argv:
        raise NotImplementedError

    def checkout(self) -> Argv:
        raise NotImplementedError

    def set_remote(self, repo: Path, remote: Path) -> None:
        remote.mkdir()
        self.git(remote, "init", "-q", "--bare")
        self.git(repo, "remote", "add", "origin", remote.as_uri())

    def push(self) -> Argv:
        raise NotImplementedError

    def clone(self, repo: Path, clone: Path) -> None:
        raise NotImplementedError

    def pull(self) -> Argv:
        raise NotImplementedError


def shell(line: str) -> Argv:
    return ["sh", "-c", line]


class Mlv(Tool):
    name, program, store, data = "mlvgit", "git-mlv", ".git/mlv/objects", "data/snapshots/bench_v0.1"

    def setup(self, repo: Path) -> None:
        super().setup(repo)
        self.git(repo, "mlv", "init")
        self.git(repo, "add", "-A")
        self.git(repo, "commit", "-qm", "start")

    def add(self) -> Argv:
        return ["git", "mlv", "snapshot", "create", "bench", "v0.1", "--storage", "store", "-m", "Freeze"]

    def add_next(self, repo: Path, place: Callable[[Path], None]) -> Argv:
        place(repo / "data/snapshots/bench_v0.2")
        return ["git", "mlv", "snapshot", "create", "bench", "v0.2", "--storage", "store", "-m", "Freeze"]

    def status(self) -> Argv:
        return ["git", "mlv", "check"]

    def verify(self, repo: Path) -> Argv:
        return ["git", "mlv", "verify", "bench@v0.1"]

    def checkout(self) -> Argv:
        return ["git", "mlv", "restore", "bench@v0.1"]

    def set_remote(self, repo: Path, remote: Path) -> None:
        bare = remote.with_name("bare.git")
        remote.mkdir()
        super().set_remote(repo, bare)
        self.git(repo, "mlv", "remote", "add", "peer", str(remote))
        self.git(repo, "add", "-A")
        self.git(repo, "commit", "-qm", "remote")

    def push(self) -> Argv:
        return ["git", "mlv", "push"]

    def clone(self, repo: Path, clone: Path) -> None:
        self.git(repo, "clone", "-q", self.git(repo, "remote", "get-url", "origin").strip(), clone)
        self.git(clone, "mlv", "install")

    def pull(self) -> Argv:
        return ["git", "mlv", "pull"]


class Dvc(Tool):
    name, program, store = "DVC", "dvc", ".dvc/cache"

    def setup(self, repo: Path) -> None:
        super().setup(repo)
        self.around.run("dvc", "init", "-q", cwd=repo)
        for key in ("core.analytics", "core.check_update"):
            self.around.run("dvc", "config", key, "false", cwd=repo)

    def add(self) -> Argv:
        return shell("dvc add -q data && git add -A && git commit -q -m Freeze")

    def status(self) -> Argv:
        return ["dvc", "status"]

    def verify(self, repo: Path) -> Argv:
        # Only files whose times changed are hashed; there is no command that hashes what did not move.
        self.around.run("find", "data", "-type", "f", "-exec", "touch", "{}", "+", cwd=repo)
        return ["dvc", "status"]

    def checkout(self) -> Argv:
        return ["dvc", "checkout", "-q"]

    def set_remote(self, repo: Path, remote: Path) -> None:
        self.around.run("dvc", "remote", "add", "-q", "-d", "peer", remote, cwd=repo)
        self.git(repo, "commit", "-qam", "remote")

    def push(self) -> Argv:
        return ["dvc", "push", "-q"]

    def clone(self, repo: Path, clone: Path) -> None:
        self.git(repo, "clone", "-q", repo, clone)

    def pull(self) -> Argv:
        return ["dvc", "pull", "-q"]


class Lfs(Tool):
    name, program, store = "Git LFS", "git-lfs", ".git/lfs"

    def setup(self, repo: Path) -> None:
        super().setup(repo)
        self.git(repo, "lfs", "install", "--local")
        self.git(repo, "lfs", "track", "*.bin")

    def add(self) -> Argv:
        return shell("git add -A && git commit -q -m Freeze")

    def status(self) -> Argv:
        return ["git", "lfs", "status"]

    def verify(self, repo: Path) -> Argv:
        return ["git", "lfs", "fsck"]

    def checkout(self) -> Argv:
        return ["git", "lfs", "checkout"]

    def push(self) -> Argv:
        return ["git", "push", "-q", "origin", "main"]

    def clone(self, repo: Path, clone: Path) -> None:
        self.git(repo, "clone", "-q", self.git(repo, "remote", "get-url", "origin").strip(), clone)
        self.git(clone, "lfs", "install", "--local")

    def pull(self) -> Argv:
        return ["git", "lfs", "pull"]


class Annex(Tool):
    name, program, store = "git-annex", "git-annex", ".git/annex/objects"

    def setup(self, repo: Path) -> None:
        super().setup(repo)
        self.git(repo, "annex", "init", "-q", "origin-copy")

    def add(self) -> Argv:
        return shell("git annex add -q -J2 data && git add -A && git commit -q -m Freeze")

    def add_next(self, repo: Path, place: Callable[[Path], None]) -> Argv:
        for old in (repo / self.data).rglob("*.bin"):  # a locked file is a link into the store
            old.unlink()
        return super().add_next(repo, place)

    def status(self) -> Argv:
        return ["git", "annex", "status"]

    def verify(self, repo: Path) -> Argv:
        return ["git", "annex", "fsck", "-q", "-J2"]

    def checkout(self) -> Argv:
        return ["git", "checkout", "-q", "--", "data"]

    def set_remote(self, repo: Path, remote: Path) -> None:
        remote.mkdir()
        self.git(
            repo, "annex", "initremote", "-q", "peer", "type=directory", f"directory={remote}", "encryption=none"
        )  # fmt: skip

    def push(self) -> Argv:
        return ["git", "annex", "copy", "-q", "-J2", "--to", "peer"]

    def clone(self, repo: Path, clone: Path) -> None:
        self.git(repo, "clone", "-q", repo, clone)
        self.git(clone, "annex", "init", "-q", "clone")
        remote = self.git(repo, "config", "remote.peer.annex-directory").strip()
        self.git(clone, "annex", "enableremote", "-q", "peer", f"directory={remote}")
        # Recent versions want a person to confirm a special remote that another clone set up.
        said = self.around.run("git", "annex", "verifyremote", "peer", cwd=clone, check=False)
        if found := re.search(r"--safe (\S+)", said):
            self.git(clone, "annex", "verifyremote", "peer", "--safe", found[1])

    def pull(self) -> Argv:
        return ["git", "annex", "get", "-q", "-J2", "--from", "peer"]


TOOLS: Sequence[type[Tool]] = (Mlv, Dvc, Lfs, Annex)
