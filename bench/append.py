"""What a snapshot that goes on from another one costs: 2 % of new files beside as many bytes as --mib says.

    python bench/append.py [--mib MIB] [--dir FOLDER] [--readme FILE]

Nothing that was frozen before is in memory when the command begins: what it reads comes from the disk, and the system
counts it (ru_inblock of getrusage(2)). What the store and a folder remote grow by is counted as well. FOLDER must be on a
disk; the yardstick is a `cat` of the new files, which has to be counted as their size.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import page

MIB = 1 << 20
FILES = 50
GOAL = 1.1
SETTINGS = "remotes:\n  shelf: {url: %s}\n"


class Counted(NamedTuple):
    """What one run counted, in bytes."""

    new: int
    cat: int
    read: int
    stored: int
    sent: int


def git(*args: str, cwd: Path) -> None:
    subprocess.run(["git", *args], cwd=cwd, check=True, capture_output=True)


def read_by(*command: str | Path, cwd: Path) -> int:
    """Run a command, and return how many bytes it and its children read from the disk."""
    child = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {child.returncode}")
    return used.ru_inblock * 512


def forget(folder: Path) -> None:
    """Have the system forget what files hold, so that reading them is reading the disk."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            fd = os.open(path, os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def fill(folder: Path, number: int, size: int) -> None:
    folder.mkdir()
    for each in range(number):
        (folder / f"{folder.name}{each:03}.bin").write_bytes(os.urandom(size))


def count(folder: Path, mib: int) -> Counted:
    """Freeze and push a version, then one that goes on from it."""
    repo, shelf = folder / "repo", folder / "shelf"
    git("init", "-q", "--bare", "server.git", cwd=folder)
    git("clone", "-q", "server.git", "repo", cwd=folder)
    (repo / "mlv.yaml").write_text(SETTINGS % shelf)
    git("mlv", "init", cwd=repo)
    git("add", "-A", cwd=repo)
    git("commit", "-qm", "Set up mlvgit", cwd=repo)
    size = mib * MIB // FILES
    fill(folder / "first", FILES, size)
    git("mlv", "snapshot", "create", "logs", "v0.1", folder / "first", "--storage", "store", "-m", "First", cwd=repo)
    git("mlv", "push", cwd=repo)
    fill(folder / "next", 1, mib * MIB // 50)
    added = folder / "next" / "next000.bin"
    store = repo / ".git" / "mlv" / "objects"
    before = size_of(store), size_of(shelf)
    forget(folder)
    cat = read_by("cat", added, cwd=repo)
    git("mlv", "check", cwd=repo)  # what Python and Git are made of is read now
    forget(folder)
    read = read_by(
        "git", "mlv", "snapshot", "create", "logs", "v0.2", "--base", "logs@v0.1", "--add", added, "-m", "Go on", cwd=repo
    )  # fmt: skip
    stored = size_of(store) - before[0]
    git("mlv", "push", cwd=repo)
    return Counted(added.stat().st_size, cat, read, stored, size_of(shelf) - before[1])


def table(found: Counted, mib: int) -> str:
    lines = [
        f"{page.machine()}; {FILES} files of {mib} MiB in all, and one more of {found.new / MIB:.1f} MiB.",
        "",
        "| bytes | MiB | in times of what is new | goal, at most | held |",
        "|---|---|---|---|---|",
    ]
    for name in ("read", "stored", "sent"):
        ratio = getattr(found, name) / found.new
        lines.append(
            f"| {name} | {getattr(found, name) / MIB:.1f} | {ratio:.2f} | {GOAL:.2f} | {'yes' if ratio <= GOAL else '**no**'} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=2048, help="what was frozen before")
    parser.add_argument("--dir", type=Path, default=None, metavar="FOLDER", help="where to put the files: on a disk")
    parser.add_argument("--readme", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="mlvgit-append-") as name:
        found = count(Path(name), options.mib)
    if not 0.95 * found.new <= found.cat <= 1.1 * found.new:
        raise SystemExit(f"a cat of {found.new:,} bytes counts as {found.cat:,}: what is read cannot be told here")
    text = table(found, options.mib)
    print(text)
    if options.readme:
        page.write(options.readme, "append", text)
    return 0 if max(found.read, found.stored, found.sent) <= GOAL * found.new else 1


if __name__ == "__main__":
    sys.exit(main())
