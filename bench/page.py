"""Writing tables of figures into bench/README.md, with the machine that they were taken on."""

import compileall
import os
import platform
import subprocess
import time
from pathlib import Path

import mlvgit


def machine() -> str:
    """Say where and when."""
    git = (
        subprocess.run(["git", "--version"], capture_output=True, text=True).stdout.strip().removeprefix("git version ")
    )
    where = f"{os.cpu_count()} cores, {platform.system()} {platform.release()}"
    return f"Taken {time.strftime('%Y-%m-%d')} on {where}, Python {platform.python_version()}, Git {git}"


def compiled() -> None:
    """Have mlvgit compiled, as an installed package is; a checkout may have been changed since it was."""
    compileall.compile_dir(Path(mlvgit.__file__).parent, quiet=1)


def write(page: Path, name: str, text: str) -> None:
    """Put `text` between the markers of the section `name`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    head, _, rest = page.read_text().partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise SystemExit(f"{page} has no section {name}")
    page.write_text(f"{head}{begin}\n{text}\n{end}{tail}")
