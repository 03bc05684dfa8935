"""A world to falsify: a guarded server with a released model, made once and copied for each test.

`iris v0.1` (two files) is frozen, `iris_clf` has v0.1.0 (archived) and v0.2.0 (production), both tagged, and v0.3.0 in
dev; all of it is on the server's `main`, and up to v0.2.0 on its `release/1`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import Playground, Ran, Sandbox

ROWS = "sepal,petal,kind\n5.1,1.4,setosa\n6.2,4.5,versicolor\n"
FOLDER = "data/snapshots/iris_v0.1"
CSV = f"{FOLDER}/iris.csv"
NAMES = f"{FOLDER}/names.txt"
MANIFEST = f"{FOLDER}.manifest.json"
REGISTRY = "models/iris_clf/registry.json"

MAIN = "HEAD:refs/heads/main"
SUBJECT = "sh -c 'echo Subject >\"$0\"'"
"""An editor that writes a message where Git asks for one."""

_LABELLED = re.compile(r"  (keep it|undo it|undo|leave it out|mend|then go on|mend it, then|or mend it, then): +(\S.*)")
_GOES_ON = re.compile(r"  {5,}(\S.*)")
_UNDER_WAY = ("MERGE_HEAD", "MERGE_MSG", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply", "sequencer")


class Template:
    """The server, a clone whose hooks are installed and one without hooks, to be copied.

    Attributes:
        folder: where `server.git`, `guarded` and `plain` are.
        clock: when the last commit was made.
    """

    def __init__(self, folder: Path, object_format: str = "") -> None:
        playground = Playground(folder)
        if object_format:
            playground.object_format = object_format
        self.folder = folder
        server = playground.server()
        server.mlv("install", "--server")
        self._clone(playground, "guarded")
        fill(Sandbox(playground, folder / "guarded"))
        self._clone(playground, "plain")
        self.clock = playground.clock
        self.object_format = playground.object_format

    def _clone(self, playground: Playground, name: str) -> None:
        playground.run("git", "clone", "--quiet", str(self.folder / "server.git"), name, cwd=self.folder)


def fill(ada: Sandbox) -> None:
    """Set mlvgit up in a fresh clone, make the history of the world and push it."""
    ada.git("checkout", "--quiet", "-B", "main")
    ada.mlv("init")
    ada.write("README.md", "Flowers\n")
    ada.commit("Set up mlvgit")
    ada.push("-u", "origin", "main")
    ada.git("remote", "set-head", "origin", "main")
    ada.write("raw/iris.csv", ROWS)
    ada.write("raw/names.txt", "sepal and petal, in cm\n")
    ada.mlv("snapshot", "create", "iris", "v0.1", "raw")
    ada.git("commit", "-qm", "Freeze iris")
    shutil.rmtree(ada / "raw")
    for version in ("v0.1.0", "v0.2.0"):
        add_model(ada, version)
        ada.git("commit", "-qm", f"Add {version}")
        ada.mlv("promote", "--tag", "iris_clf", version, "production", "-m", "better")
    ada.git("branch", "--no-track", "release/1")
    add_model(ada, "v0.3.0")
    ada.git("commit", "-qm", "Add v0.3.0")
    ada.push("--atomic", "origin", "main", "release/1", "iris_clf@v0.1.0", "iris_clf@v0.2.0")
    ada.git("branch", "-qD", "release/1")


def add_model(person: Sandbox, version: str) -> None:
    """Freeze and stage a version of iris_clf."""
    person.write("out/model.pkl", f"weights of {version}\n")
    person.mlv("model", "add", "iris_clf", version, "out/model.pkl", "--data", "iris@v0.1")
    shutil.rmtree(person / "out")


def copied(old: Path, new: Path, source: str, name: str = "") -> None:
    """Copy the repository `source` of one folder into another, where what its configuration names beside it is too."""
    name = name or source
    shutil.copytree(old / source, new / name, symlinks=True)
    config = new / name / ("config" if source.endswith(".git") else ".git/config")
    config.write_text(config.read_text().replace(f"{old}/{source}", f"{new}/{name}").replace(f"{old}/", f"{new}/"))


class World:
    """Copies of a template for one test."""

    def __init__(self, playground: Playground, template: Template) -> None:
        playground.clock = template.clock
        playground.object_format = template.object_format
        self.playground = playground
        self._template = template
        self.server = self._copy("server.git", "server.git")

    def person(self, name: str = "bob") -> Sandbox:
        """A clone whose hooks are installed."""
        return self._copy("guarded", name)

    def plain(self, name: str = "mallory") -> Sandbox:
        """A clone with no hooks: a colleague without mlvgit."""
        return self._copy("plain", name)

    def _copy(self, source: str, name: str) -> Sandbox:
        copied(self._template.folder, self.playground.folder, source, name)
        return Sandbox(self.playground, self.playground.folder / name)

    @contextmanager
    def unguarded(self) -> Iterator[None]:
        """What is pushed within came before the server was guarded."""
        self.server.mlv("uninstall")
        yield
        self.server.mlv("install", "--server")

    def refs(self) -> str:
        """All refs of the server."""
        return self.server.git("for-each-ref").out

    @contextmanager
    def unmoved(self) -> Iterator[None]:
        """Fail when a ref of the server moves."""
        before = self.refs()
        yield
        assert self.refs() == before


# What people do


def script(git_dir: Path, event: str) -> Path:
    """Return the script that Git runs at an event: in our folder when the configuration names it."""
    configured = git_dir / "mlv/hooks" / event
    return configured if configured.exists() else git_dir / "hooks" / event


def thaw(repo: Sandbox, path: str) -> Path:
    """Make a frozen file writable, as an editor would."""
    os.chmod(repo / path, 0o644)
    return repo / path


def append(repo: Sandbox, path: str = CSV, text: str = "9.9,9.9,virginica\n") -> None:
    """Edit a frozen file in place."""
    with thaw(repo, path).open("a") as file:
        file.write(text)


def replace(repo: Sandbox, path: str, old: str, new: str) -> None:
    """Edit a file; fails when it does not say `old`."""
    text = repo.read(path).decode()
    assert old in text, text
    repo.write(path, text.replace(old, new, 1))


def sneak(repo: Sandbox, message: str = "Falsify") -> str:
    """Commit everything past the hooks; return the commit."""
    repo.stage()
    repo.git("commit", "-q", "--no-verify", "-m", message)
    return repo.head()


# Refusals, and the ways out


def refused(ran: Ran, code: str) -> Ran:
    """Fail unless something was refused because of `code`, in words for people."""
    assert ran.status == 1, f"{' '.join(ran.args)} ended with {ran.status}\n{ran.said}"
    assert re.search(rf"^(remote: )?error {code}\b", ran.said, re.MULTILINE), ran.said
    assert "Traceback" not in ran.said, ran.said
    assert "bug in mlvgit" not in ran.said, ran.said
    return ran


def commands(said: str, *labels: str) -> list[str]:
    """Return the commands that a refusal prints under these labels, in order, each once."""
    found: dict[str, None] = {}
    label = ""
    for raw in said.splitlines():
        line = raw.removeprefix("remote: ").rstrip()
        if start := _LABELLED.fullmatch(line):
            label, text = start[1], start[2]
        elif more := _GOES_ON.fullmatch(line):
            text = more[1]
        else:
            label = text = ""
        if label in labels and text:
            found[text] = None
    return list(found)


def take(repo: Sandbox, ran: Ran, *labels: str, **more: str) -> None:
    """Run what a refusal prints under these labels, as a person who pastes it."""
    steps = commands(ran.said, *labels)
    assert steps, f"no way out under {labels}\n{ran.said}"
    for step in steps:
        took = repo.run("sh", "-c", step, check=False, **more)
        assert took.status == 0, f"{step}\n{took.said}\n--- after ---\n{ran.said}"


def assert_settled(repo: Sandbox) -> None:
    """Fail unless nothing is under way and the working directory is what HEAD says."""
    assert repo.git("status", "--porcelain", "--untracked-files=no").out == ""
    git_dir = Path(repo.git("rev-parse", "--absolute-git-dir").out.rstrip("\n"))
    assert [name for name in _UNDER_WAY if (git_dir / name).exists()] == []


def assert_frozen(repo: Sandbox, at: str = "HEAD") -> None:
    """Fail unless iris v0.1 is in the commit as it was frozen."""
    repo.assert_committed(CSV, ROWS, at=at)
    published = repo.git("rev-parse", f"origin/main:{FOLDER}", f"origin/main:{MANIFEST}").out
    assert repo.git("rev-parse", f"{at}:{FOLDER}", f"{at}:{MANIFEST}").out == published


def freeze(repo: Sandbox, name: str, rows: str, version: str = "v0.1") -> None:
    """Freeze and stage a small snapshot."""
    repo.write(f"raw/{name}.csv", rows)
    repo.mlv("snapshot", "create", name, version, f"raw/{name}.csv")
    shutil.rmtree(repo / "raw")


def work_honestly(repo: Sandbox, *refspec: str) -> None:
    """Commit something honest of ours, and push it when a refspec is given; everything passes, without a word."""
    number = repo.git("rev-list", "--count", "HEAD").out.strip()
    folder, data = f"data/snapshots/honest{number}_v0.1", f"a,b\n{number},2\n"
    repo.write(f"{folder}/new.csv", data)
    digest = hashlib.sha256(data.encode()).hexdigest()
    entry = {"path": f"{folder}/new.csv", "size_bytes": len(data), "sha256": digest}
    document = {"dataset": f"honest{number}", "version": "v0.1", "files": [entry]}
    repo.write(f"{folder}.manifest.json", json.dumps({**document, "created_utc": "2026-01-01T00:00:00Z"}))
    repo.git("add", "--sparse", folder, f"{folder}.manifest.json")
    said = repo.git("commit", "-qm", "Freeze more").said
    said += repo.push("origin", *refspec).said if refspec else ""
    assert "mlv" not in said, said


def fit_manifest(repo: Sandbox) -> None:
    """Write the manifest of iris v0.1 anew for the bytes that stand there now, as a careful forger would."""
    document = json.loads(repo.read(MANIFEST))
    for entry in document["files"]:
        data = repo.read(entry["path"])
        entry["size_bytes"], entry["sha256"] = len(data), hashlib.sha256(data).hexdigest()
    document["total_bytes"] = sum(entry["size_bytes"] for entry in document["files"])
    lines = [f"{entry['sha256']}  {entry['path'].removeprefix(FOLDER + '/')}\n" for entry in document["files"]]
    document["tree_sha256"] = hashlib.sha256("".join(sorted(lines, key=lambda line: line[66:])).encode()).hexdigest()
    repo.write(MANIFEST, json.dumps(document, indent=2) + "\n")
