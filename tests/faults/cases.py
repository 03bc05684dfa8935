"""Commands to break, each with the repository it starts from; and what of a repository must be as before or as after."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mlvgit.core.digest import BIG_BYTES
from mlvgit.store.drafts import LEAST_FILES
from mlvgit.store.objects import ObjectStore
from tests.cli.registries import plain_merge
from tests.conftest import EPOCH, Playground, Sandbox
from tests.faults.warm import Outcome, Warm

MODEL = "models/clf"
SCANS = "data/snapshots/scans_v0.1"
_TEMPORARY = re.compile(r"(^|/)\.mlv-|/(exclude\.|[a-z-]+\.mlv-new-)\d+$|\.lock$|/(incoming|quarantine)/")


@dataclass(frozen=True)
class Case:
    """A command and how its repository is made ready for it.

    Attributes:
        argv: the words after `git mlv`.
        prepare: is given a copy of the world's repository.
        start: the repository that `prepare` is given a copy of.
        frees: what is no longer needed goes from the store, and is gone at the end.
    """

    argv: tuple[str, ...]
    prepare: Callable[[Sandbox], object] = lambda repo: None
    start: str = "world"
    frees: bool = False


def _raw(repo: Sandbox) -> None:
    repo.write("raw/a.csv", "a,b\n1,2\n")
    repo.write("raw/deep/b.csv", "b\n")
    repo.write("raw/big.bin", bytes(range(256)) * 300)


def _model(repo: Sandbox) -> None:
    repo.write("out/model.pkl", "new weights")
    repo.write("out/metrics.json", '{"f1": 0.5}\n')


def _altered(repo: Sandbox) -> None:
    for name in ("a.bin", "b.bin"):
        os.chmod(repo / f"{SCANS}/{name}", 0o644)
    repo.write(f"{SCANS}/a.bin", "altered")
    os.unlink(repo / f"{SCANS}/b.bin")


def _emptied(repo: Sandbox) -> None:
    repo.mlv("push")
    shutil.rmtree(repo / ".git/mlv/objects")
    shutil.rmtree(repo / SCANS)


def _pushed(repo: Sandbox) -> None:
    repo.mlv("push")


def _littered(repo: Sandbox) -> None:
    _raw(repo)
    repo.mlv(*CREATE, "--storage", "store")
    repo.git("rm", "-q", "--cached", "-r", "data/snapshots/iris_v0.1.manifest.json")
    shutil.rmtree(repo / "data/snapshots/iris_v0.1")
    repo.remove("data/snapshots/iris_v0.1.manifest.json")


def _promoted(repo: Sandbox) -> None:
    repo.mlv("promote", "clf", "v0.2.0", "production", "-m", "better")


def _merging(repo: Sandbox) -> None:
    repo.branch("other")
    repo.mlv("promote", "clf", "v0.2.0", "production", "-m", "theirs", "--tag")
    repo.checkout("main")
    repo.mlv("promote", "clf", "v0.3.0", "production", "-m", "ours", "--tag")
    assert plain_merge(repo, "other") == 1


def _next_scans(repo: Sandbox) -> None:
    shutil.copytree(repo / SCANS, repo / "raw")
    for path in (repo / "raw").iterdir():
        path.chmod(0o644)
    with (repo / "raw/big.bin").open("ab") as file:
        file.write(b"and more" * 1000)


def _successor(repo: Sandbox) -> None:
    """Freeze a second version: its big file is ranges of the first one's, with many small ones in a pack; push both."""
    big = (repo / f"{SCANS}/big.bin").read_bytes()
    repo.write("raw/big.bin", big[:90_000] + b"and more" * 1000)
    for number in range(9):
        repo.write(f"raw/small{number}.txt", f"{number} is small")
    repo.mlv("snapshot", "create", "scans", "v0.2", "raw", "--storage", "store", "-m", "Freeze scans again")
    shutil.rmtree(repo / "raw")
    repo.mlv("push")


def _many(repo: Sandbox) -> None:
    for number in range(LEAST_FILES + 1):
        repo.write(f"raw/{number % 2}/{number}.txt", f"{number} is small")


def _many_pushed(repo: Sandbox) -> None:
    _many(repo)
    repo.mlv("snapshot", "create", "iris", "v0.1", "raw", "--storage", "store", "-m", "Freeze iris")
    repo.mlv("push")
    shutil.rmtree(repo / "data/snapshots/iris_v0.1")


def _large(repo: Sandbox) -> None:
    """Leave one file that is copied by the system, and hashed beside."""
    repo.write("raw/large.bin", bytes(range(256)) * (BIG_BYTES // 256 + 1))


def _large_pushed(repo: Sandbox) -> None:
    _large(repo)
    repo.mlv("snapshot", "create", "scans", "v0.2", "raw", "--storage", "store", "-m", "Freeze scans again")
    shutil.rmtree(repo / "raw")
    _emptied(repo)
    shutil.rmtree(repo / "data/snapshots/scans_v0.2")


CREATE = ("snapshot", "create", "iris", "v0.1", "raw")
RETIRE = ("--reason", "Consent withdrawn", "--yes", "-m", "Retire it")
CASES = {
    "create-git": Case((*CREATE, "--storage", "git"), _raw),
    "create-store": Case((*CREATE, "--storage", "store", "-m", "Freeze iris"), _raw),
    "create-move-git": Case((*CREATE, "--storage", "git", "--move"), _raw),
    "create-move-store": Case((*CREATE, "--storage", "store", "--move"), _raw),
    "create-many": Case((*CREATE, "--storage", "git"), _many),
    "create-large": Case((*CREATE, "--storage", "store"), _large),
    "create-next": Case(("snapshot", "create", "scans", "v0.2", "raw", "--storage", "store"), _next_scans),
    "model-add": Case(
        ("model", "add", "clf", "v0.4.0", "out/model.pkl", "--metrics", "out/metrics.json", "-m", "Add v0.4.0"), _model
    ),
    "tag-model": Case(("tag-model", "clf", "v0.3.0")),
    "promote": Case(("promote", "clf", "v0.2.0", "production", "-m", "better")),
    "promote-tag": Case(("promote", "clf", "v0.3.0", "production", "--tag", "-m", "better")),
    "rollback": Case(("rollback", "clf", "v0.1.0", "-m", "worse"), _promoted),
    "restore": Case(("restore", "scans@v0.1"), _altered),
    "pull": Case(("pull",), _emptied),
    "pull-large": Case(("pull",), _large_pushed),
    "pull-many": Case(("pull",), _many_pushed),
    "push": Case(("push",)),
    "drop": Case(("drop", "scans@v0.1"), _pushed, frees=True),
    "gc": Case(("gc", "--grace", "0"), _littered, frees=True),
    "retire": Case(("retire", "scans@v0.1", "big.bin", *RETIRE), _successor, frees=True),
    "retire-small": Case(("retire", "scans@v0.2", "small7.txt", *RETIRE), _successor, frees=True),
    "discard": Case(("discard", "scans@v0.1", "-m", "Not needed")),
    "renumber": Case(("renumber", "scans@v0.1", "v0.5", "-m", "Another number")),
    "merge-repair": Case(("merge", "--repair", "--take", "clf=v0.3.0"), _merging),
    "init": Case(("init",), start="bare-beginning"),
    "install": Case(("install",)),
}


@dataclass
class State:
    """What is kept: each part by name.

    Attributes:
        refs: names and what they point to, HEAD among them.
        index: entries.
        files: of the working directory, of hooks and settings of the clone, of the remote of bytes: SHA-256 and mode.
        objects: the files that the store has.
        contents: SHA-256 of everything that is kept anywhere.
    """

    refs: dict[str, str]
    index: dict[str, str]
    files: dict[str, str]
    objects: frozenset[str]
    contents: set[str] = field(default_factory=set)


class World:
    """A place for repositories that is set back at once: copies of folders, always at the same paths."""

    def __init__(self, folder: Path, warm: Warm) -> None:
        self.playground = Playground(folder)
        self.live = folder / "live"
        self.saved = folder / "saved"
        self.warm = warm
        self.repo = Sandbox(self.playground, self.live / "repo")
        self.playground.run("git", "config", "--global", "mlv.hooks", "files", cwd=folder)
        self._begin()

    def environment(self) -> dict[str, str]:
        fixed = str(EPOCH + 600_000)
        return self.playground.environment(
            SOURCE_DATE_EPOCH=fixed, GIT_AUTHOR_DATE=f"{fixed} +0000", GIT_COMMITTER_DATE=f"{fixed} +0000"
        )

    def run(self, *argv: str, number: int = 0, fault: str = "killed") -> Outcome:
        return self.warm.run(self.repo.path, self.environment(), *argv, number=number, fault=fault)

    def ready(self, name: str) -> None:
        """Have the repository stand as a case begins; made once, copied ever after."""
        case = CASES[name]
        if not (self.saved / name).exists():
            self._set_back(case.start)
            case.prepare(self.repo)
            self._save(name)
        self._set_back(name)

    def state(self) -> State:
        repo = self.repo
        store = ObjectStore(repo / ".git/mlv/objects")
        state = State(
            dict(self._refs()), dict(self._index()), dict(self._files()), frozenset(str(d.sha256) for d in store)
        )
        aside = dict(_below(repo / ".git/mlv/aside"))
        state.contents = {value.split()[0] for value in (*state.files.values(), *aside.values())} | state.objects
        return state

    def _begin(self) -> None:
        (self.live).mkdir()
        playground, repo = self.playground, self.repo
        playground.run("git", "init", "--quiet", "--bare", "live/server.git", cwd=playground.folder)
        playground.run("git", "clone", "--quiet", "live/server.git", "live/repo", cwd=playground.folder)
        repo.git("checkout", "--quiet", "-B", "main")
        repo.write("README.md", "Flowers\n")
        repo.commit("Begin")
        self._save("bare-beginning")
        repo.mlv("init", "--no-hooks")
        shelf = self.live / "shelf"
        text = (repo / "mlv.yaml").read_text() if (repo / "mlv.yaml").exists() else ""
        repo.write("mlv.yaml", f"{text}\nremotes:\n  shelf: {{url: {shelf}}}\n")
        repo.commit("Set up mlvgit")
        repo.push("-u", "origin", "main")
        repo.git("remote", "set-head", "origin", "main")
        repo.write("raw/a.bin", "scan a")
        repo.write("raw/b.bin", b"scan b" * 100)
        repo.write("raw/big.bin", bytes(reversed(range(256))) * 500)
        repo.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", "-m", "Freeze scans")
        shutil.rmtree(repo / "raw")
        for version in ("v0.1.0", "v0.2.0", "v0.3.0"):
            repo.write("out/model.pkl", f"weights of {version}\n")
            repo.mlv("model", "add", "clf", version, "out/model.pkl", "-m", f"Add {version}")
            shutil.rmtree(repo / "out")
            if version != "v0.3.0":
                repo.mlv("tag-model", "clf", version)
        repo.mlv("promote", "clf", "v0.1.0", "production", "-m", "first")
        self._save("world")

    def _save(self, name: str) -> None:
        subprocess.run(["cp", "-a", self.live, self.saved / name], check=True) if self.saved.exists() else (
            self.saved.mkdir(),
            self._save(name),
        )

    def _set_back(self, name: str) -> None:
        subprocess.run(["rm", "-rf", self.live], check=True)
        subprocess.run(["cp", "-a", self.saved / name, self.live], check=True)

    def _refs(self) -> Iterator[tuple[str, str]]:
        yield "HEAD", self.repo.git("symbolic-ref", "HEAD").out.strip()
        for where in ("repo", "server.git"):
            said = self.playground.run(
                "git", "for-each-ref", "--format=%(refname) %(objectname)", cwd=self.live / where
            )
            for line in said.out.splitlines():
                name, _, oid = line.partition(" ")
                yield f"{where} {name}", oid

    def _index(self) -> Iterator[tuple[str, str]]:
        for line in self.repo.git("ls-files", "--stage", "-z").out.split("\0")[:-1]:
            what, _, path = line.partition("\t")
            yield f"{path} {what.split()[2]}", what

    def _files(self) -> Iterator[tuple[str, str]]:
        yield from _below(self.repo.path, lambda path: not path.startswith(".git/"))
        for name in ("info", "hooks", "mlv/hooks"):
            yield from _below(self.repo / ".git" / name)
        for entry in self.repo.git("config", "--local", "--list", "-z").out.split("\0")[:-1]:
            yield f"config {entry}", "set"
        yield from _below(self.live / "shelf")


def _below(folder: Path, wanted: Callable[[str], bool] = lambda _: True) -> Iterator[tuple[str, str]]:
    for directory, _, names in os.walk(folder):
        for name in names:
            path = Path(directory, name)
            relative = path.relative_to(folder).as_posix()
            if wanted(relative) and not _TEMPORARY.search(f"{folder.name}/{relative}"):
                yield f"{folder.name}/{relative}", _digest(path)


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"link {os.readlink(path)}"
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mode & 0o111:o}"
