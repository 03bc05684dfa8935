"""What the hooks add to `git commit` when nothing of ours is staged, beside what cannot be avoided.

    python bench/hooks.py [ROUNDS]

Prints medians in milliseconds and two ratios: the hook alone, and all hooks of a whole `git commit`, each over
`python -I -c pass` plus the one Git call that is needed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mlvgit.repo.hookfiles import install
from mlvgit.repo.repository import Repository

FILES = 2000


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = _environment(name)
        os.environ.clear()
        os.environ.update(env)
        _prepare(folder)
        install(Repository.open(folder))
        cases = _cases(folder)
        taken: dict[str, list[float]] = {case: [] for case in cases}
        for _ in range(rounds):
            for case, args in cases.items():
                start = time.perf_counter()
                subprocess.run(args, cwd=folder, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
                taken[case].append((time.perf_counter() - start) * 1000)
    medians = {case: statistics.median(each) for case, each in taken.items()}
    for case, median in medians.items():
        print(f"{case:<34}{median:8.2f} ms")
    floor = medians["python -I -c pass"] + medians["git diff-index"]
    added = medians["git commit"] - medians["git commit, without hooks"]
    print(f"{'pre-commit hook / floor':<34}{medians['pre-commit hook'] / floor:8.2f}")
    print(f"{'all hooks of git commit / floor':<34}{added / floor:8.2f}")


def _environment(home: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON"))}
    who = {f"GIT_{role}_{part}": "bench@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    return {**kept, **who, "HOME": home, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def _prepare(folder: Path) -> None:
    def git(*args: str) -> None:
        subprocess.run(("git", *args), cwd=folder, check=True)

    git("init", "--quiet")
    for number in range(FILES):
        (folder / f"file{number}.py").write_text("pass\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "begin")
    (folder / "file1.py").write_text("pass  # changed\n")
    git("add", ".")


def _cases(folder: Path) -> dict[str, list[str]]:
    commit = ["commit", "--quiet", "--allow-empty", "-m", "x"]
    hooks = folder / ".git/hooks"
    return {
        "python -I -c pass": [sys.executable, "-I", "-c", "pass"],
        "git diff-index": ["git", "diff-index", "--cached", "--raw", "-z", "--no-renames", "HEAD", "--"],
        "pre-commit hook": [str(hooks / "pre-commit")],
        "prepare-commit-msg hook": [str(hooks / "prepare-commit-msg"), ".git/COMMIT_EDITMSG", "message"],
        "git commit, without hooks": ["git", "-c", "core.hooksPath=/dev/null", *commit],
        "git commit": ["git", *commit],
    }


if __name__ == "__main__":
    main()
