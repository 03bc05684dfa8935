"""Figures of huge snapshots: many tiny files frozen where they stand, pushed to a folder, cloned and pulled.

`python bench/size.py --readme bench/README.md` takes the sizes that the page shows; give others as arguments. For each
it counts what the commit has, the seconds and the peak memory of `snapshot create`, `push` and `pull`, and the guard of a
commit that changes nothing beside `git status` on as many tracked files.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import page

MIB = 1 << 20
COMMIT_GOAL, MEMORY_GOAL, GUARD_GOAL = MIB, 600 * MIB, 3.0
ROUNDS = 5
SETTINGS = "remotes:\n  shelf: {url: %s}\n"
GUARD = "import sys; from mlvgit.repo.held import moved; sys.exit(moved('.git'))"


class Cost(NamedTuple):
    """What a command took: seconds, and bytes of memory at its peak."""

    seconds: float
    memory: int


class Figures(NamedTuple):
    """What one size took."""

    files: int
    commit: int
    create: Cost
    push: Cost
    pull: Cost
    guard: float
    status: float

    @property
    def memory(self) -> int:
        """The most that any of the commands took."""
        return max(self.create.memory, self.push.memory, self.pull.memory)


def cost(*command: str, cwd: Path) -> Cost:
    """Run a command alone, so that the peak is its own."""
    start = time.perf_counter()
    child = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    found = Cost(time.perf_counter() - start, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
    # what a long run found is known even when it does not come to its end
    print(f"{' '.join(command)}: {found.seconds:.1f} s, {found.memory / MIB:.0f} MiB", file=sys.stderr, flush=True)
    return found


def git(*args: str, cwd: Path) -> str:
    """Run Git and return what it says."""
    return subprocess.run(["git", *args], cwd=cwd, check=True, capture_output=True, text=True).stdout


def fill(folder: Path, number: int) -> None:
    """Make `number` files of a few bytes, a thousand in a folder, no two alike."""
    for start in range(0, number, 1000):
        inside = folder / f"{start // 1000:04}"
        inside.mkdir(parents=True)
        for each in range(start, min(start + 1000, number)):
            (inside / f"{each:07}.txt").write_text(f"row {each}\n")


def measure(folder: Path, number: int) -> Figures:
    """Take the figures of one size in an empty folder."""
    git("init", "-q", "--bare", "server.git", cwd=folder)
    git("clone", "-q", "server.git", "ada", cwd=folder)
    ada = folder / "ada"
    (ada / "mlv.yaml").write_text(SETTINGS % (folder / "shelf"))
    git("mlv", "init", cwd=ada)
    git("add", "-A", cwd=ada)
    git("commit", "-qm", "Set up mlvgit", cwd=ada)
    fill(ada / "data/snapshots/huge_v1.0", number)
    create = cost("git", "mlv", "snapshot", "create", "huge", "v1.0", "--storage", "store", "-m", "Freeze", cwd=ada)
    names = git("diff-tree", "-r", "-t", "--root", "--no-commit-id", "HEAD", cwd=ada).splitlines()
    oids = [git("rev-parse", "HEAD", cwd=ada).strip(), git("rev-parse", "HEAD^{tree}", cwd=ada).strip()]
    oids += [line.split()[3] for line in names]
    commit = sum(int(git("cat-file", "-s", oid, cwd=ada)) for oid in oids)
    push = cost("git", "mlv", "push", cwd=ada)
    git("push", "-q", "--no-verify", "-u", "origin", "HEAD", cwd=ada)
    guard = median(lambda: subprocess.run([sys.executable, "-I", "-c", GUARD], cwd=ada, check=True))
    shutil.rmtree(ada)  # a million files are some gigabytes each time
    git("clone", "-q", "server.git", "bob", cwd=folder)
    pull = cost("git", "mlv", "pull", cwd=folder / "bob")
    shutil.rmtree(folder / "bob")
    tracked = folder / "tracked"
    git("init", "-q", "tracked", cwd=folder)
    git("config", "gc.auto", "0", cwd=tracked)
    fill(tracked / "data", number)
    git("add", "-A", cwd=tracked)
    git("commit", "-qm", "All", cwd=tracked)
    status = median(lambda: git("status", "--porcelain", cwd=tracked))
    return Figures(number, commit, create, push, pull, guard, status)


def median(act: Callable[[], object]) -> float:
    """Return the middle of a few rounds, in seconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def table(found: list[Figures]) -> str:
    """Write the figures as they stand on the page."""
    lines = [
        "| files | commit, bytes | create | push | pull | peak memory | guard, no change | git status | ratio | held |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for each in found:
        lines.append(
            f"| {each.files:,} | {each.commit:,} | {each.create.seconds:.1f} s | {each.push.seconds:.1f} s "
            f"| {each.pull.seconds:.1f} s | {each.memory / MIB:.0f} MiB | {each.guard * 1000:.0f} ms "
            f"| {each.status * 1000:.0f} ms | {each.guard / each.status:.2f} | {'yes' if held(each) else '**no**'} |"
        )
    return "\n".join(lines)


def held(each: Figures) -> bool:
    """Say whether one size is within the goals."""
    return each.commit < COMMIT_GOAL and each.memory < MEMORY_GOAL and each.guard <= GUARD_GOAL * each.status


def main() -> int:
    """Take the figures and show them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", default=[10_000, 100_000], metavar="FILES")
    parser.add_argument("--dir", type=Path, default=None, metavar="FOLDER", help="where to put the files")
    parser.add_argument("--readme", type=Path)
    options = parser.parse_args()
    found = []
    for number in options.sizes:
        with tempfile.TemporaryDirectory(dir=options.dir, prefix="mlvgit-size-") as folder:
            found.append(measure(Path(folder), number))
        print(table(found[-1:]), flush=True)
    if options.readme:
        page.write(
            options.readme, "size", f"{page.machine()}; medians of {ROUNDS} rounds of the last two.\n\n{table(found)}"
        )
    return 0 if all(map(held, found)) else 1


if __name__ == "__main__":
    sys.exit(main())
