"""What freezing into the store costs, and what new versions and small files add to it.

    python bench/dedup.py [--big GIB] [--repeat N] [--dir FOLDER] [--dvc PROGRAM] [--json] [--readme FILE]

The yardsticks for a first version are plain Python: SHA-256 in one thread beside `copy_file_range` in another, and
hashing while copying in one pass; the faster counts. Both flush what they wrote, as mlvgit does. Rounds alternate between
yardstick and mlvgit; the best round of each counts. Sources are in the page cache.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import page

from mlvgit.core.digest import Digest
from mlvgit.store.objects import ObjectStore
from mlvgit.store.scan import scan

MIB = 1 << 20
SMALL = 20_000
FIRST_GOAL = 1.25
ADDED_GOAL = 0.03
DVC_GOAL = 1 / 3


def beside(source: Path, target: Path) -> None:
    """The first yardstick."""

    def copy() -> None:
        with open(source, "rb") as given, open(target, "wb") as taken:
            left = source.stat().st_size
            while left:
                left -= os.copy_file_range(given.fileno(), taken.fileno(), left)
            os.fsync(taken.fileno())

    copying = threading.Thread(target=copy)
    copying.start()
    with open(source, "rb") as file:
        hashlib.file_digest(file, "sha256")
    copying.join()


def one_pass(source: Path, target: Path) -> None:
    """The second yardstick."""
    whole = hashlib.sha256()
    view = memoryview(bytearray(MIB))
    with open(source, "rb", buffering=0) as given, open(target, "wb", buffering=0) as taken:
        while got := given.readinto(view):
            whole.update(view[:got])
            taken.write(view[:got])
        os.fsync(taken.fileno())


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes, with nothing of what was before it left to write."""
    os.sync()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def random_file(path: Path, mib: int) -> None:
    with open(path, "wb") as file:
        for _ in range(mib):
            file.write(os.urandom(MIB))


def inserted(old: Path, new: Path, mib: int) -> None:
    """Put 1 % of new bytes into the middle."""
    with open(old, "rb") as given, open(new, "wb") as taken:
        for index in range(mib):
            if index == mib // 2:
                taken.write(os.urandom(mib * MIB // 100))
            taken.write(given.read(MIB))


def changed(old: Path, new: Path, mib: int) -> None:
    """Write over 1 % in the middle."""
    shutil.copyfile(old, new)
    with open(new, "r+b") as file:
        file.seek(mib * MIB // 2)
        file.write(os.urandom(mib * MIB // 100))


def size_of(store: ObjectStore) -> int:
    return sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file())


def big(folder: Path, mib: int, rounds: int) -> dict[str, dict[str, Any]]:
    source = folder / "one" / "big.bin"
    source.parent.mkdir(parents=True)
    random_file(source, mib)
    store = ObjectStore(folder / "objects")
    taken: dict[str, list[float]] = {"beside": [], "one pass": [], "first": []}
    before: list[Digest] = []
    for _ in range(rounds):
        for name, work in (("beside", beside), ("one pass", one_pass)):
            taken[name].append(timed(lambda work=work: work(source, folder / "copy")))
            (folder / "copy").unlink()
        shutil.rmtree(store.folder, ignore_errors=True)
        taken["first"].append(timed(lambda: before.__setitem__(slice(None), store.take(scan(source.parent)))))
    first = min(taken["first"])
    floor = min(*taken["beside"], *taken["one pass"])
    found = {"first version": {"seconds": first, "beside": floor, "ratio": first / floor, "goal": FIRST_GOAL}}
    kept = size_of(store)
    for name, edit in (("1 % inserted", inserted), ("1 % changed", changed)):
        second = folder / "two" / "big.bin"
        second.parent.mkdir()
        edit(source, second, mib)
        seconds = []
        for _ in range(rounds):
            copy = ObjectStore(folder / "again")
            shutil.rmtree(copy.folder, ignore_errors=True)
            shutil.copytree(store.folder, copy.folder, copy_function=os.link)
            seconds.append(
                timed(lambda copy=copy, second=second: copy.take(scan(second.parent), base={"big.bin": before[0]}))
            )
        added = (size_of(copy) - kept) / kept
        found[name] = {
            "seconds": min(seconds),
            "beside": first,
            "ratio": min(seconds) / first,
            "goal": 1.0,
            "added": added,
        }
        shutil.rmtree(second.parent)
    return found


def small(folder: Path, rounds: int, dvc: str) -> dict[str, dict[str, Any]]:
    source = folder / "small"
    for index in range(SMALL):
        path = source / f"{index // 1000:03}" / f"{index:06}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(4096))
    seconds, beside = [], []
    for number in range(rounds):
        store = ObjectStore(folder / f"small-objects-{number}")
        seconds.append(timed(lambda store=store: store.take(scan(source))))
        if dvc:
            beside.append(dvc_add(folder / f"dvc-{number}", source, dvc))
    files = sum(path.is_file() for path in store.folder.rglob("*"))
    return {
        f"{SMALL:,} x 4 KiB": {"seconds": min(seconds), "files": files}
        | ({"beside": min(beside), "ratio": min(seconds) / min(beside), "goal": DVC_GOAL} if dvc else {})
    }


def dvc_add(folder: Path, source: Path, dvc: str) -> float:
    """Seconds of `dvc add` of a copy of `source`."""
    shutil.copytree(source, folder / "data")
    run = lambda *argv: subprocess.run(argv, cwd=folder, check=True, capture_output=True)  # noqa: E731
    run("git", "init", "-q")
    run(dvc, "init", "-q")
    return timed(lambda: run(dvc, "add", "-q", "data"))


def table(found: dict[str, dict[str, Any]], mib: int, rounds: int) -> str:
    beside = {"first version": "the faster floor", "1 % inserted": "first version", "1 % changed": "first version"}
    lines = [
        f"{page.machine()}; best of {rounds} rounds; the big file has {mib} MiB.",
        "",
        "| what is frozen | s | beside | s | ratio | goal, at most | held | added to the store |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in found.items():
        added = f"{row['added']:.2%}" if "added" in row else f"{row['files']} files" if "files" in row else "all"
        if "ratio" in row:
            held = "yes" if row["ratio"] <= row["goal"] and row.get("added", 0) <= ADDED_GOAL else "**no**"
            rest = (
                f"{beside.get(name, 'dvc add')} | {row['beside']:.2f} | {row['ratio']:.2f} | {row['goal']:.2f} | {held}"
            )
        else:
            rest = "dvc is not here | | | |"
        lines.append(f"| {name} | {row['seconds']:.2f} | {rest} | {added} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--big", type=float, default=2.0, metavar="GIB", help="size of the big file")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="rounds of each, the best counts")
    parser.add_argument("--dir", type=Path, default=None, metavar="FOLDER", help="where to put the files")
    parser.add_argument("--dvc", default=shutil.which("dvc") or "", metavar="PROGRAM", help="what to compare with")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--readme", type=Path)
    options = parser.parse_args()
    mib = int(options.big * 1024)
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="mlvgit-bench-") as name:
        found = big(Path(name), mib, options.repeat) | small(Path(name), options.repeat, options.dvc)
    text = table(found, mib, options.repeat)
    print(json.dumps(found, indent=2) if options.json else text)
    if options.readme:
        page.write(options.readme, "dedup", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
