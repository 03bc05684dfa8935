"""What mlvgit costs in everyday work, as ratios to the plain Python and Git work that cannot be avoided, in one run.

    python bench/everyday.py [--only NAME...] [--rounds N] [--json] [--readme FILE]

Rounds alternate between the yardstick and mlvgit, so that both see the same machine; medians count. A figure is whole
processes, from start to exit. `--readme bench/README.md` writes the table between its markers.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import page

PYTHON = sys.executable
SCRIPTS = Path(PYTHON).parent


class Figure(NamedTuple):
    """One line of the table.

    Attributes:
        what: what was timed.
        ours, yardstick: medians, seconds.
        against: what the yardstick is.
        goal: the ratio must not be above it.
    """

    what: str
    ours: float
    against: str
    yardstick: float
    goal: float

    @property
    def ratio(self) -> float:
        """Ours over the yardstick."""
        return self.ours / self.yardstick

    @property
    def held(self) -> bool:
        """Whether the goal is met."""
        return self.ratio <= self.goal


class Bench:
    """A folder to work in, and how often each thing is timed."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.folder = folder
        self.rounds = rounds
        home = folder / "home"
        home.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON"))}
        self.env = {
            **kept,
            "HOME": str(home),
            "PATH": f"{SCRIPTS}{os.pathsep}{kept.get('PATH', os.defpath)}",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PRE_COMMIT_HOME": str(home / "pre-commit"),
        }
        for who in ("AUTHOR", "COMMITTER"):
            self.env[f"GIT_{who}_NAME"] = "Bench"
            self.env[f"GIT_{who}_EMAIL"] = "bench@example.com"

    def run(self, *command: str | Path, cwd: Path, check: bool = True, input: str = "") -> str:
        done = subprocess.run(
            [str(word) for word in command], cwd=cwd, env=self.env, input=input, capture_output=True, text=True
        )
        if check and done.returncode:
            raise SystemExit(f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def time(self, *command: str | Path, cwd: Path) -> float:
        start = time.perf_counter()
        self.run(*command, cwd=cwd)
        return time.perf_counter() - start

    def race(self, ours: Callable[[], float], yardstick: Callable[[], float]) -> tuple[float, float]:
        """Time both in turn; return the medians."""
        ours(), yardstick()
        pairs = [(ours(), yardstick()) for _ in range(self.rounds)]
        return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)

    def repository(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir()
        self.run("git", "init", "-q", "-b", "main", cwd=path)
        self.run("git", "config", "gc.auto", "0", cwd=path)
        (path / "code.py").write_text("print(1)\n")
        self.run("git", "mlv", "init", cwd=path)
        self.run("git", "add", ".", cwd=path)
        self.run("git", "commit", "-qm", "Start", cwd=path)
        return path


def commits(bench: Bench) -> Iterator[Figure]:
    """A commit that touches nothing of ours: what the hooks add to a bare `git commit`."""
    guarded = bench.repository("guarded")
    bench.run("git", "mlv", "snapshot", "create", "d", "v0.1", "code.py", "-m", "Freeze", cwd=guarded)
    bare = bench.folder / "bare-hooks"
    shutil.copytree(guarded, bare)
    bench.run("git", "mlv", "uninstall", cwd=bare)

    def commit(path: Path) -> float:
        with (path / "code.py").open("a") as file:
            file.write("print(2)\n")
        bench.run("git", "add", "code.py", cwd=path)
        return bench.time("git", "commit", "-qm", "Code", cwd=path)

    def needed() -> float:
        python = bench.time(PYTHON, "-I", "-c", "pass", cwd=bare)
        diff = bench.time("git", "diff-index", "--cached", "--raw", "-z", "--no-renames", "HEAD", cwd=bare)
        return python + diff

    pairs = [(commit(guarded), commit(bare), needed()) for _ in range(bench.rounds * 3)]
    with_hook, without, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    yield Figure(
        "commit of code: what the hook adds", with_hook - without, "python -I -c pass + git diff-index", floor, 2.0
    )

    framework = bench.repository("framework")
    (framework / ".pre-commit-config.yaml").write_text(
        "repos:\n- repo: local\n  hooks:\n  - {id: nothing, name: nothing, entry: 'true', language: system}\n"
    )
    bench.run("git", "add", ".", cwd=framework)
    one = bench.race(
        lambda: bench.time("git", "mlv", "hook", "pre-commit", cwd=framework),
        lambda: bench.time("pre-commit", "run", cwd=framework),
    )
    yield Figure("the same hook", with_hook - without, "pre-commit run, one trivial hook", one[1], 0.25)


def unchanged(bench: Bench) -> Iterator[Figure]:
    """`check` of 20,000 frozen files of which none changed."""
    path = bench.repository("many")
    source = bench.folder / "many-source"
    for number in range(20_000):
        folder = source / f"{number // 500:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:05d}.txt").write_text(f"{number}\n")
    bench.run("git", "mlv", "snapshot", "create", "many", "v0.1", source, "-m", "Freeze", cwd=path)
    bench.run("git", "status", cwd=path)
    check, status = bench.race(
        lambda: bench.time("git", "mlv", "check", cwd=path), lambda: bench.time("git", "status", cwd=path)
    )
    yield Figure("check, 20,000 frozen files, no change", check, "git status", status, 3.0)


PARSED = """
import hashlib, json, sys, time
from mlvgit.core.digest import Digest
from mlvgit.records.manifest import Manifest, new_manifest

digests = [Digest(number, hashlib.sha256(b"%d" % number).hexdigest()) for number in range(100_000)]
files = [(f"part-{each.size % 100:03d}/img_{each.size:06d}.png", each) for each in digests]
made = new_manifest("snapshot", "big", "v1.0", files, prefix="data/snapshots/big_v1.0", created_utc="2026-01-01T00:00:00Z")
data = made.dump()
del digests, files, made

def best(function):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)

print(best(lambda: Manifest.parse(data, "m.json")), best(lambda: json.loads(data)))
"""


def documents(bench: Bench) -> Iterator[Figure]:
    """A manifest of 100,000 files, read and fully checked."""
    ours, plain = map(float, bench.run(PYTHON, "-c", PARSED, cwd=bench.folder).split())
    yield Figure("a manifest of 100,000 files, read and checked", ours, "json.loads", plain, 6.0)


def pushes(bench: Bench) -> Iterator[Figure]:
    """A push check grows with what changed, not with what is there."""
    times = {}
    for count in (100, 5_000):
        path = bench.repository(f"push-{count}")
        source = bench.folder / f"push-source-{count}"
        source.mkdir()
        for number in range(count):
            (source / f"{number:05d}.txt").write_text(f"{number}\n")
        bench.run("git", "mlv", "snapshot", "create", "big", "v0.1", source, "-m", "Freeze", cwd=path)
        base = bench.run("git", "rev-parse", "HEAD", cwd=path).strip()
        (path / "small.csv").write_text("a,b\n1,2\n")
        bench.run("git", "mlv", "snapshot", "create", "small", "v0.1", "small.csv", "-m", "Freeze", cwd=path)
        times[count] = lambda path=path, base=base: bench.time("git", "mlv", "check", f"{base}..HEAD", cwd=path)
    large, small = bench.race(times[5_000], times[100])
    yield Figure("push check of one new file beside 5,000 frozen", large, "the same beside 100", small, 1.3)


def registry(bench: Bench) -> Iterator[Figure]:
    """promote, rollback, resolve and log, with 10 and with 1,000 versions and tags."""
    few, many = (_versions(bench, count) for count in (10, 1_000))
    commands = {
        "resolve": lambda path: bench.time("git", "mlv", "resolve", "clf@production", "model.pkl", cwd=path),
        "log": lambda path: bench.time("git", "mlv", "log", "clf", cwd=path),
        "status": lambda path: bench.time("git", "mlv", "status", cwd=path),
        "promote": _promotions(bench),
        "rollback": lambda path: bench.time("git", "mlv", "rollback", "clf", cwd=path),
    }
    for name, command in commands.items():
        large, small = bench.race(lambda command=command: command(many), lambda command=command: command(few))
        yield Figure(f"{name}, 1,000 versions and tags", large, "the same with 10", small, 1.5)
    resolve, python = bench.race(
        lambda: commands["resolve"](few), lambda: bench.time(PYTHON, "-I", "-c", "pass", cwd=few)
    )
    yield Figure("resolve of a small model", resolve, "python -I -c pass", python, 6.0)


def _promotions(bench: Bench) -> Callable[[Path], float]:
    turn: dict[Path, int] = {}

    def promote(path: Path) -> float:
        turn[path] = turn.get(path, 0) + 1
        return bench.time("git", "mlv", "promote", "clf", f"v0.{turn[path] % 9}.0", "production", cwd=path)

    return promote


def _versions(bench: Bench, count: int) -> Path:
    """Make a model with `count` tagged versions, through the Python interface of the actions."""
    path = bench.repository(f"versions-{count}")
    script = f"""
import os
from pathlib import Path
from mlvgit.actions.models import ModelPlan, add
from mlvgit.actions.project import Project
from mlvgit.actions.tagging import tag_model
from mlvgit.records.registry import Registry, RegisteredVersion
project = Project.open()
source = Path("model.pkl")
versions = []
for number in range({count}):
    source.write_text(f"weights {{number}}")
    add(project, ModelPlan(model="clf", version=f"v0.{{number}}.0", files=(source,)))
    versions.append(f"v0.{{number}}.0")
catalog = project.working()
entries = []
for number, version in enumerate(versions):
    frozen = catalog.frozen(project.layout.model_key("clf", version))
    stage = "production" if number == {count} - 1 else "archived"
    entries.append(RegisteredVersion(version=version, stage=stage, tree_sha256=frozen.manifest.tree_sha256))
registry = Path(project.layout.registry("clf"))
registry.write_bytes(Registry(name="clf", versions=tuple(entries)).dump())
project.repo.stage([str(registry)])
source.unlink()
project.repo.git.porcelain("commit", "--no-verify", "-qm", "Versions")
project = Project.open()
for version in versions:
    tag_model(project, "clf", version)
"""
    bench.run(PYTHON, "-c", script, cwd=path)
    for number in range(5):
        bench.run("git", "mlv", "promote", "clf", f"v0.{number}.0", "production", cwd=path)
    return path


BENCHES: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "commits": commits,
    "unchanged": unchanged,
    "documents": documents,
    "pushes": pushes,
    "registry": registry,
}


@contextmanager
def scratch(folder: str | None) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="mlv-bench-", dir=folder))
    try:
        yield path
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(path)])
        shutil.rmtree(path, ignore_errors=True)


def table(figures: list[Figure]) -> str:
    lines = ["| what | mlvgit | beside | yardstick | ratio | goal | held |", "|---|---|---|---|---|---|---|"]
    lines += [
        f"| {each.what} | {each.ours * 1000:.0f} ms | {each.against} | {each.yardstick * 1000:.0f} ms "
        f"| {each.ratio:.2f} | {each.goal:.2f} | {'yes' if each.held else '**no**'} |"
        for each in figures
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=BENCHES, default=list(BENCHES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dir", help="where to work (a local disk)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--readme", type=Path)
    args = parser.parse_args()
    page.compiled()
    figures: list[Figure] = []
    with scratch(args.dir) as folder:
        bench = Bench(folder, args.rounds)
        for name in args.only:
            for figure in BENCHES[name](bench):
                figures.append(figure)
                print(
                    f"{figure.what}: {figure.ratio:.2f} x {figure.against} (goal {figure.goal})",
                    file=sys.stderr,
                    flush=True,
                )
    if args.json:
        print(
            json.dumps(
                [{**figure._asdict(), "ratio": figure.ratio, "held": figure.held} for figure in figures], indent=2
            )
        )
    else:
        print(table(figures))
    if args.readme:
        text = f"{page.machine()}; medians of {args.rounds} rounds.\n\n{table(figures)}"
        page.write(args.readme, "everyday", text)
    return 0 if all(figure.held for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
