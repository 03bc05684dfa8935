"""mlvgit beside DVC, Git LFS and git-annex (and GTO) on the same work, as ratios taken in one run.

    python bench/peers.py --install TOOLS [--only big small release integrity] [--readme bench/README.md]

    big        one file of 2 GiB: freeze, no change, verify, check out, push, pull; then a version with 1 % put in
    small      20,000 files of 4 KiB: the same
    release    register a version, give it a stage, ask what serves, with 100 version tags
    integrity  one byte of a stored object is flipped: what each tool does with it

Each figure is a whole process, from start to exit; medians over --rounds, the tools in turn. Every repository is fresh,
the page cache warm, dirty pages are flushed before each command. The floors are plain Python on the same bytes in the
same run. Where memory is first touched slowly (guests that give idle memory back), about as much is touched beforehand.
"""

import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import page
from peertools import TOOLS, Argv, Mlv, Surroundings, Tool, install

MIB = 1 << 20
PYTHON = os.path.realpath(sys.executable)
OPERATIONS = ("freeze", "no change", "verify", "check out", "push", "pull", "freeze the next version")

PREFAULT = """
import mmap, sys
size = int(sys.argv[1])
memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for start in range(0, size, 4096): memory[start] = 1
"""
FLOORS = {
    "sha256 beside copy_file_range, two threads": """
import hashlib, os, sys, threading
source, target = sys.argv[1:]
def copy():
    with open(source, 'rb') as a, open(target, 'wb') as b:
        left = os.fstat(a.fileno()).st_size
        while left: left -= os.copy_file_range(a.fileno(), b.fileno(), left)
thread = threading.Thread(target=copy); thread.start()
with open(source, 'rb') as file: hashlib.file_digest(file, 'sha256')
thread.join()
""",
    "hash while copying, one pass": """
import hashlib, os, sys
whole, buffer = hashlib.sha256(), bytearray(1 << 20)
with open(sys.argv[1], 'rb', buffering=0) as a, open(sys.argv[2], 'wb', buffering=0) as b:
    while count := a.readinto(buffer):
        view = memoryview(buffer)[:count]; whole.update(view); b.write(view)
""",
}


FLUSHED = {f"{name}, flushed": code + "\nos.fsync(os.open(sys.argv[2], os.O_RDWR))" for name, code in FLOORS.items()}


class Goal(NamedTuple):
    """What a figure of ours is held against.

    Attributes:
        operation: of ours.
        yardstick: "floor", "flushed" (a floor that ends with a flush, as ours does), the name of a tool, "best" of all
            tools, or "first": our own first version.
        limit: ours is at most this many times the yardstick.
    """

    operation: str
    yardstick: str
    limit: float


GOALS = {
    "big": (
        Goal("freeze", "flushed", 1.25),
        Goal("freeze", "DVC", 0.5),
        Goal("freeze the next version", "first", 1.0),
        Goal("no change", "DVC", 0.1),
        Goal("verify", "best", 1.0),
        Goal("check out", "floor", 1.25),
        Goal("push", "flushed", 1.25),
        Goal("pull", "flushed", 1.25),
    ),
    "small": (
        Goal("freeze", "DVC", 1 / 3),
        Goal("no change", "DVC", 0.1),
        Goal("verify", "best", 1.0),
        Goal("check out", "best", 1.0),
        Goal("push", "best", 1.0),
        Goal("pull", "best", 1.0),
    ),
}


class Bench:
    """Samples, and the place where they are taken."""

    def __init__(self, folder: Path, around: Surroundings, args: argparse.Namespace) -> None:
        self.folder, self.around, self.args = folder, around, args
        self.samples: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        self.grew: dict[str, int] = {}
        self.said: list[tuple[str, str, str]] = []
        self.places = 0

    def place(self) -> Path:
        self.places += 1
        path = self.folder / f"{self.places:03}"
        path.mkdir()
        return path

    def tools(self) -> Iterator[Tool]:
        for kind in TOOLS:
            if self.around.has(kind.program):
                yield kind(self.around)

    def time(self, workload: str, operation: str, who: str, argv: Argv, cwd: Path, *, writes: int = 0) -> None:
        """Take one sample; `writes` is about how many bytes the command writes or allocates."""
        os.sync()
        if writes:
            subprocess.run([PYTHON, "-I", "-S", "-c", PREFAULT, str(int(writes * 1.2) + 64 * MIB)], check=True)
        start = time.perf_counter()
        done = subprocess.run(
            argv, cwd=cwd, env=self.around.env, stdin=subprocess.DEVNULL, capture_output=True, timeout=self.args.timeout
        )
        took = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(f"{who}, {operation}: {argv} exit {done.returncode}\n{done.stderr.decode()[-1500:]}")
        self.samples[workload, operation, who].append(took)
        print(f"{workload:8} {operation:24} {who:44} {took:8.3f} s", file=sys.stderr, flush=True)

    def median(self, workload: str, operation: str, who: str) -> float | None:
        found = self.samples.get((workload, operation, who))
        return statistics.median(found) if found else None

    def floor(self, workload: str, names: Iterable[str] = FLOORS) -> float | None:
        found = [self.median(workload, "floor", name) for name in names]
        return min((each for each in found if each is not None), default=None)


def wipe(path: Path) -> None:
    if path.exists():
        subprocess.run(["chmod", "-R", "u+w", str(path)])
        shutil.rmtree(path)


def tree_bytes(path: Path) -> int:
    """Bytes of the regular files below a folder, each inode once."""
    found = {}
    for folder, _, names in os.walk(path):
        for name in names:
            info = os.lstat(os.path.join(folder, name))
            found[info.st_ino] = info.st_size
    return sum(found.values())


def tree_digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*.bin") if path.is_file()):
        whole.update(str(path.relative_to(folder)).encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def make_big(path: Path, mib: int) -> None:
    with path.open("wb", buffering=0) as file:
        for _ in range(mib):
            file.write(os.urandom(MIB))


def make_next(source: Path, target: Path) -> None:
    """Put 1 % in, in one run in the middle, so that everything after it shifts."""
    size = source.stat().st_size
    with source.open("rb") as old, target.open("wb") as new:
        new.write(old.read(size // 2))
        new.write(os.urandom(size // 100))
        shutil.copyfileobj(old, new, MIB)


def make_small(folder: Path, files: int) -> None:
    for number in range(files):
        path = folder / f"part{number % 100:03}" / f"item{number // 100:05}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(4096))


def sequence(bench: Bench, tool: Tool, workload: str, source: Path, following: Path | None) -> None:
    """One tool's whole sequence in a fresh repository; nothing is deleted while small files are timed."""
    place = bench.place()
    repo, remote, clone = (place / name for name in ("repo", "remote", "clone"))
    bench.around.env["DVC_SITE_CACHE_DIR"] = str(place / "dvc-site")
    size = tree_bytes(source)
    done = partial(bench.time, workload, who=tool.name)
    tool.setup(repo)
    data = repo / tool.data
    data.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-r", str(source), str(data)], check=True)
    done("freeze", argv=tool.add(), cwd=repo, writes=2 * size)
    for _ in range(3):
        done("no change", argv=tool.status(), cwd=repo)
    done("verify", argv=tool.verify(repo), cwd=repo)
    os.rename(data, place / "aside")
    done("check out", argv=tool.checkout(), cwd=repo, writes=2 * size)
    tool.set_remote(repo, remote)
    done("push", argv=tool.push(), cwd=repo, writes=2 * size)
    tool.clone(repo, clone)
    done("pull", argv=tool.pull(), cwd=clone, writes=2 * size)
    if tree_digest(data) != tree_digest(source) or tree_digest(clone / tool.data) != tree_digest(source):
        raise RuntimeError(f"{tool.name}: the bytes that came back differ")
    if following is not None:
        wipe(clone)

        def put(folder: Path) -> None:
            folder.mkdir(exist_ok=True)
            (folder / "big.bin").unlink(missing_ok=True)
            shutil.copyfile(following, folder / "big.bin")

        before = tree_bytes(repo / tool.store)
        argv = tool.add_next(repo, put)
        done("freeze the next version", argv=argv, cwd=repo, writes=2 * size)
        bench.grew[tool.name] = tree_bytes(repo / tool.store) - before


def floors(bench: Bench, source: Path) -> None:
    for name, code in (FLOORS | FLUSHED).items():
        place = bench.place()
        argv = [PYTHON, "-I", "-S", "-c", code, str(source / "big.bin"), str(place / "copy")]
        bench.time("big", "floor", name, argv, place, writes=source.stat().st_size)
        wipe(place)


def big(bench: Bench) -> None:
    source, following = bench.place(), bench.place() / "big.bin"
    make_big(source / "big.bin", bench.args.mib)
    make_next(source / "big.bin", following)
    bench.grew["really new"] = following.stat().st_size - (source / "big.bin").stat().st_size
    for _ in range(bench.args.rounds):
        floors(bench, source)
        for tool in bench.tools():
            sequence(bench, tool, "big", source, following)
            wipe(bench.folder / f"{bench.places:03}")


def small(bench: Bench) -> None:
    source = bench.place()
    make_small(source, bench.args.files)
    for _ in range(bench.args.rounds):
        for tool in bench.tools():
            sequence(bench, tool, "small", source, None)


def release(bench: Bench) -> None:
    """What GTO does with tags alone, and we with a registry, a tag and its proof."""
    repo = bench.place() / "repo"
    tool = Mlv(bench.around)
    tool.setup(repo)
    (repo / "model.pkl").write_text("weights")
    for number in range(100):
        tool.git(repo, "tag", "-a", f"other@v0.0.{number + 1}", "-m", "version")
    for number in range(bench.args.rounds + 1):
        version = f"v0.{number}.0"
        tool.git(repo, "mlv", "model", "add", "clf", version, "model.pkl", "-m", "Add")
        steps: dict[tuple[str, str], Argv] = {
            ("register", "mlvgit"): ["git", "mlv", "tag-model", "clf", version],
            ("give a stage", "mlvgit"): ["git", "mlv", "promote", "clf", version, "production"],
            ("what serves", "mlvgit"): ["git", "mlv", "resolve", "clf@production", "model.pkl"],
        }
        if bench.around.has("gto"):
            steps |= {
                ("register", "GTO"): ["gto", "register", "gtoclf", "--version", version],
                ("give a stage", "GTO"): ["gto", "assign", "gtoclf", "--version", version, "--stage", "production"],
                ("what serves", "GTO"): ["gto", "show", "gtoclf#production"],
            }
        for (operation, who), argv in steps.items():
            bench.time("release", operation, who, argv, repo)


def flip_one_byte(path: Path) -> None:
    """Change one byte in the middle; size, mode and time of change stay."""
    info = path.stat()
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(info.st_size // 2)
        byte = file.read(1)
        file.seek(info.st_size // 2)
        file.write(bytes([byte[0] ^ 1]))
    path.chmod(info.st_mode & 0o777)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def integrity(bench: Bench) -> None:
    source = bench.place()
    make_big(source / "big.bin", 1)
    good = tree_digest(source)

    def attempt(argv: Argv, cwd: Path) -> int:
        done = subprocess.run(argv, cwd=cwd, env=bench.around.env, stdin=subprocess.DEVNULL, capture_output=True)
        return done.returncode

    def told(status: int, folder: Path) -> str:
        files = [path for path in folder.rglob("*") if path.is_file()]  # not git-annex's links to nothing
        bytes_ = "no" if not files else "right" if tree_digest(folder) == good else "wrong"
        return f"exit {status}, {bytes_} bytes"

    for tool in bench.tools():
        for what in ("check out", "push, then pull"):
            place = bench.place()
            repo, remote, clone = (place / name for name in ("repo", "remote", "clone"))
            bench.around.env["DVC_SITE_CACHE_DIR"] = str(place / "dvc-site")
            tool.setup(repo)
            (repo / tool.data).parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, repo / tool.data)
            bench.around.run(*tool.add(), cwd=repo)
            tool.set_remote(repo, remote)
            os.rename(repo / tool.data, place / "aside")
            stored = (path for path in (repo / tool.store).rglob("*") if path.is_file() and not path.is_symlink())
            flip_one_byte(max(stored, key=lambda path: path.stat().st_size))
            if what == "check out":
                bench.said.append((what, tool.name, told(attempt(tool.checkout(), repo), repo / tool.data)))
                continue
            pushed = attempt(tool.push(), repo)
            tool.clone(repo, clone)
            pulled = told(attempt(tool.pull(), clone), clone / tool.data)
            bench.said.append((what, tool.name, f"push exit {pushed}; pull {pulled}"))


WORKLOADS: dict[str, Callable[[Bench], None]] = {
    "big": big, "small": small, "release": release, "integrity": integrity
}  # fmt: skip


def seconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def rows(header: list[str], body: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def yardstick(bench: Bench, workload: str, goal: Goal) -> float | None:
    if goal.yardstick == "floor":
        return bench.floor(workload)
    if goal.yardstick == "flushed":
        return bench.floor(workload, FLUSHED)
    if goal.yardstick == "first":
        return bench.median(workload, "freeze", "mlvgit")
    names = [kind.name for kind in TOOLS if kind is not Mlv] if goal.yardstick == "best" else [goal.yardstick]
    found = [bench.median(workload, goal.operation, name) for name in names]
    return min((each for each in found if each is not None), default=None)


def held(bench: Bench, workload: str) -> list[list[str]]:
    """Return a line for each goal whose two figures were taken."""
    lines = []
    for goal in GOALS[workload]:
        ours, other = bench.median(workload, goal.operation, "mlvgit"), yardstick(bench, workload, goal)
        if ours is not None and other is not None:
            ratio = ours / other
            answer = "yes" if ratio <= goal.limit else "**no**"
            lines.append([workload, goal.operation, goal.yardstick, f"{ratio:.2f}", f"{goal.limit:.2f}", answer])
    return lines


def report(bench: Bench, *, whole: bool = True) -> str:
    """Return the tables; not `whole` when somebody ended the bench: what was taken until then is told."""
    rounds = f"{bench.args.rounds} rounds" if whole else f"up to {bench.args.rounds} rounds, ended early"
    parts = [f"{page.machine()}; medians of {rounds}."]
    titles = {"big": f"one file of {bench.args.mib} MiB", "small": f"{bench.args.files:,} files of 4 KiB"}
    names = [tool.name for tool in bench.tools()]
    for workload, title in titles.items():
        body = [
            [operation, *(seconds(bench.median(workload, operation, name)) for name in names)]
            for operation in OPERATIONS
            if bench.median(workload, operation, "mlvgit") is not None
        ]
        if body:
            parts.append(rows([title, *names], body))
    if bench.floor("big"):
        parts += [f"floor: {name} {seconds(bench.median('big', 'floor', name))}" for name in FLOORS | FLUSHED]
    if bench.grew:
        new = bench.grew["really new"]
        grown = ", ".join(f"{name} {bench.grew[name] / new:.2f}" for name in names if name in bench.grew)
        parts.append(f"What the store grew by for 1 % put in in the middle, in times of what is really new: {grown}.")
    lines = [line for workload in GOALS for line in held(bench, workload)]
    if lines:
        parts.append(rows(["workload", "mlvgit", "beside", "ratio", "goal, at most", "held"], lines))
    if any(workload == "release" for workload, _, _ in bench.samples):
        body = [
            [operation, *(seconds(bench.median("release", operation, who)) for who in ("mlvgit", "GTO"))]
            for operation in ("register", "give a stage", "what serves")
        ]
        parts.append(rows(["release", "mlvgit", "GTO"], body))
    if bench.said:
        parts.append(rows(["one stored byte flipped", "tool", "what came of it"], [list(each) for each in bench.said]))
    return "\n\n".join(parts)


@contextmanager
def scratch(folder: str | None) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="mlv-peers-", dir=folder)).resolve()
    subprocess.run(["chattr", "+T", str(path)], stderr=subprocess.DEVNULL)  # spread folders over the disk
    try:
        yield path
    finally:
        wipe(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--install", type=Path, metavar="DIR", help="put the newest peers there, and use them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mib", type=int, default=2048)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one command")
    parser.add_argument("--dir", help="where to work (a local disk)")
    parser.add_argument("--readme", type=Path)
    args = parser.parse_args()
    page.compiled()
    if args.install:
        install(args.install)
    with scratch(args.dir) as folder:
        bench = Bench(folder, Surroundings(folder, args.install), args)
        whole = True
        try:
            for name in args.only:
                WORKLOADS[name](bench)
        except KeyboardInterrupt:
            whole = False
        text = report(bench, whole=whole)
    print(text)
    if args.readme:
        page.write(args.readme, "peers", text)
    return 0 if all("**no**" not in line[-1] for workload in GOALS for line in held(bench, workload)) else 1


if __name__ == "__main__":
    sys.exit(main())
