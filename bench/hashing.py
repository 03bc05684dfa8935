"""How fast files are hashed, as ratios to plain hashlib loops in the same run.

    python bench/hashing.py [--big GIB] [--repeat N] [--dir FOLDER] [--json]

The yardsticks: one process that reads a file through one buffer into `hashlib.sha256`; one such process a core, each
with its share of the files. Rounds alternate between yardstick and mlvgit, so that both see the same machine; the
best round of each counts. Everything is in the page cache.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import page

from mlvgit.store.copies import hash_and_copy
from mlvgit.store.hashing import hash_files
from mlvgit.store.scan import SourceFile, scan

BIG_GOAL = 0.90
MANY_GOAL = 0.85
SHAPES = {"many_4_kib": (20_000, 4 << 10), "many_64_kib": (8_000, 64 << 10), "many_1_mib": (1_024, 1 << 20)}


def plain(paths: list[str]) -> None:
    """The yardstick: nothing but open, readinto and hashlib."""
    buffer = bytearray(1 << 20)
    view = memoryview(buffer)
    for path in paths:
        whole = hashlib.sha256()
        with open(path, "rb", buffering=0) as file:
            while got := file.readinto(view):
                whole.update(view[:got])
        whole.hexdigest()


def worker(requests: Connection) -> None:
    """Run `plain` on what comes through the pipe; the last message is empty."""
    while paths := requests.recv():
        plain(paths)
        requests.send(True)


class Cores:
    """One process a core, started beforehand. No pool: its threads would keep mlvgit from forking."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipes: list[Connection] = []
        self.processes = []
        for _ in range(os.cpu_count() or 1):
            ours, theirs = context.Pipe()
            self.pipes.append(ours)
            self.processes.append(context.Process(target=worker, args=(theirs,)))
            self.processes[-1].start()

    def plain(self, files: Sequence[SourceFile]) -> None:
        """The yardstick on all cores, each with an equal share."""
        for share, pipe in enumerate(self.pipes):
            pipe.send([file.path for file in files[share :: len(self.pipes)]])
        for pipe in self.pipes:
            pipe.recv()

    def close(self) -> None:
        """End the processes."""
        for pipe, process in zip(self.pipes, self.processes, strict=True):
            pipe.send([])
            process.join()


def fill(folder: Path, number: int, size: int) -> Sequence[SourceFile]:
    block = os.urandom(1 << 20)
    for index in range(number):
        name = folder / f"{index // 1000:03}" / f"{index:06}.bin"
        name.parent.mkdir(parents=True, exist_ok=True)
        with name.open("wb") as file:
            for start in range(0, size, len(block)):
                file.write(block[: min(len(block), size - start)])
    return scan(folder)


def best(rounds: int, *works: Callable[[], object]) -> list[float]:
    """Seconds of the best round of each work, taken in turns."""
    taken = [float("inf")] * len(works)
    for _ in range(rounds):
        for index, work in enumerate(works):
            start = time.perf_counter()
            work()
            taken[index] = min(taken[index], time.perf_counter() - start)
    return taken


def measure(folder: Path, big_gib: float, rounds: int) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    files = fill(folder / "big", 1, int(big_gib * (1 << 30)))
    one, ours = best(rounds, partial(plain, [file.path for file in files]), partial(hash_files, files))
    found["big"] = row(files, one, ours, BIG_GOAL)
    shutil.rmtree(folder / "big")
    cores = Cores()
    for name, (number, size) in SHAPES.items():
        files = fill(folder / name, number, size)
        one, both, ours = best(
            rounds,
            partial(plain, [file.path for file in files]),
            partial(cores.plain, files),
            partial(hash_files, files),
        )
        found[name] = row(files, both, ours, MANY_GOAL) | {"one_core_mb_s": rate(files, one)}
        start = time.perf_counter()
        scan(folder / name)
        found[name]["scan_us_per_file"] = (time.perf_counter() - start) / number * 1e6
    cores.close()
    files = scan(folder / "many_4_kib")[:2000]
    start = time.perf_counter()
    hash_and_copy(files, folder / "copy")
    found["durable_copy_4_kib"] = {"files_per_s": len(files) / (time.perf_counter() - start)}
    return found


def rate(files: Sequence[SourceFile], seconds: float) -> float:
    return sum(file.stat.size for file in files) / seconds / 1e6


def row(files: Sequence[SourceFile], yardstick: float, ours: float, goal: float) -> dict[str, float]:
    return {
        "hashlib_mb_s": rate(files, yardstick),
        "mlvgit_mb_s": rate(files, ours),
        "ratio": yardstick / ours,
        "goal": goal,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--big", type=float, default=2.0, metavar="GIB", help="size of the one big file")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="rounds of each, the best counts")
    parser.add_argument("--dir", type=Path, default=None, metavar="FOLDER", help="where to put the files")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--readme", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="mlvgit-bench-") as folder:
        found = measure(Path(folder), options.big, options.repeat)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        for name, figures in found.items():
            print(f"{name:20}", "  ".join(f"{key} {value:,.2f}" for key, value in figures.items()))
    if options.readme:
        rows = [
            f"| {name.replace('_', ' ')} | {each['mlvgit_mb_s']:,.0f} | {each['hashlib_mb_s']:,.0f} | {each['ratio']:.2f} "
            f"| {each['goal']:.2f} | {'yes' if each['ratio'] >= each['goal'] else '**no**'} |"
            for name, each in found.items()
            if "goal" in each
        ]
        heading = (
            "| files | mlvgit MB/s | plain hashlib MB/s | ratio | goal, at least | held |\n|---|---|---|---|---|---|"
        )
        text = f"{page.machine()}; best of {options.repeat} rounds.\n\n" + "\n".join([heading, *rows])
        page.write(options.readme, "hashing", text)
    return 0 if all(figures["ratio"] >= figures["goal"] for figures in found.values() if "goal" in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
