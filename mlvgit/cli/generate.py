"""Writing share/ (man page, completion scripts) from the parsers: `python -m mlvgit.cli.generate [--check]`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from mlvgit.cli import completion
from mlvgit.cli.manpage import manpage
from mlvgit.cli.output import Output
from mlvgit.cli.shape import shapes

__all__ = ["documents", "main"]

SHARE = Path(__file__).resolve().parent.parent.parent / "share"


def documents() -> dict[str, str]:
    """Return path below share/ -> what belongs there."""
    found = shapes()
    return {
        "bash-completion/completions/git-mlv": completion.bash(found),
        "fish/vendor_completions.d/git-mlv.fish": completion.fish(found),
        "man/man1/git-mlv.1": manpage(found),
        "zsh/site-functions/_git-mlv": completion.zsh(found),
    }


def main(argv: Sequence[str]) -> int:
    """Write what differs; with --check, only say so and end with 1."""
    output = Output()
    check = "--check" in argv
    wrong = [path for path, text in documents().items() if _read(SHARE / path) != text]
    for path in wrong:
        if check:
            output.error(f"share/{path} is not up to date", hint="python -m mlvgit.cli.generate")
        else:
            (SHARE / path).parent.mkdir(parents=True, exist_ok=True)
            (SHARE / path).write_text(documents()[path], "utf-8")
            output.say(f"wrote share/{path}")
    return 1 if wrong and check else 0


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
