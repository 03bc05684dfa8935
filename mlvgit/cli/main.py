"""The program `git-mlv`: find the command, parse its arguments, turn errors into exit statuses."""

import argparse
import importlib
import io
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, NoReturn

from mlvgit import __version__
from mlvgit.cli.output import Output, flush_output
from mlvgit.core.text import nearest, printable
from mlvgit.errors import MlvError, UsageError, way_out

__all__ = ["COMMANDS", "Command", "build_parser", "main"]


class Command(NamedTuple):
    """A word after `git mlv`.

    Attributes:
        module: the file of mlvgit/cli that holds `configure_<name>` and `run_<name>`.
        group: the heading that it stands under in `git mlv -h`.
        summary: one line.
    """

    module: str
    group: str
    summary: str


COMMANDS: dict[str, Command] = {
    "init": Command("setup", "start", "make this repository an mlv root: settings, attributes, hooks"),
    "install": Command("setup", "start", "set up the guards (Git hooks, merge driver) in this clone"),
    "uninstall": Command("setup", "start", "take the guards out again, and put back what was there"),
    "doctor": Command("doctor", "start", "prove what is guarded here, and say what is not"),
    "demo": Command("demo", "start", "see the whole way on a real data set, in a throw-away repository"),
    "status": Command("status", "look", "one screen: what serves, what is new, what to do next"),
    "log": Command("log", "look", "who was in which stage when, and why"),
    "check": Command("check", "look", "judge the change in the working directory, a range, or everything"),
    "explain": Command("check", "look", "what a rule finds, why, and the way out"),
    "verify": Command("verify", "look", "re-hash frozen files and compare them with their manifests"),
    "snapshot": Command("snapshot", "data", "create, list, show, diff, path: frozen data sets"),
    "manifest": Command("manifest", "data", "hash a folder or a bucket where it lies, to be committed elsewhere"),
    "restore": Command("verify", "data", "put a frozen thing back as it was frozen"),
    "retire": Command("retire", "data", "remove bytes on purpose, everywhere; the manifest stays and says so"),
    "discard": Command("discard", "data", "take back a version that is not published"),
    "renumber": Command("discard", "data", "give a version that is not published another number"),
    "model": Command("model", "models", "add, list, show, diff, path: model versions"),
    "record": Command("record", "models", "write the record of the run that made a model version"),
    "comment": Command("model", "models", "add a comment to a model version"),
    "tag-model": Command("stage", "models", "tag the commit that holds a model version"),
    "promote": Command("stage", "models", "put a model version into a stage"),
    "rollback": Command("stage", "models", "put back what was in production before"),
    "push": Command("push", "models", "push the branch, its model tags and their bytes, all or nothing"),
    "pull": Command("stored", "data", "get the bytes that Git does not hold"),
    "drop": Command("drop", "data", "let go of bytes that a remote proves to hold"),
    "gc": Command("gc", "repair", "remove bytes that nothing needs"),
    "fsck": Command("stored", "repair", "hash every object of the store; heal what is damaged"),
    "remote": Command("remote", "data", "list, add, test: where bytes go that Git does not hold"),
    "resolve": Command("serve", "models", "print the verified path of what serves"),
    "merge": Command("merge", "repair", "--repair: mend a conflicted registry"),
    "help": Command("help", "repair", "help on a command or a topic"),
    "hook": Command("hook", "", "what the hooks of Git and pre-commit run"),
    "merge-driver": Command("merge", "", "what Git runs to merge a registry"),
}

_RENAME = (
    "snapshot create NEW VERSION data/snapshots/OLD_VERSION --from OLD@VERSION, git mlv model add NEW VERSION "
    "models/OLD/VERSION (the same files under another name as well: a name stays with what it names)"
)
ELSEWHERE = {
    "add": "snapshot create (data), git mlv model add (a model)",
    "assign": "promote",
    "checkout": "restore",
    "commit": "snapshot create (data), git mlv model add (a model), with -m to commit",
    "describe": "model show",
    "diff": "snapshot diff, git mlv model diff",
    "exp": "model list, git mlv model diff (experiments are model versions)",
    "freeze": "snapshot create",
    "history": "log",
    "lfs": "remote add origin lfs (bytes on the Git host's LFS server), git mlv snapshot create",
    "list": "snapshot list, git mlv model list",
    "fetch": "pull",
    "get": "pull, git mlv resolve",
    "ls": "snapshot list, git mlv model list",
    "metrics": "model diff",
    "mv": _RENAME,
    "register": "model add",
    "rename": _RENAME,
    "remove": "discard",
    "revert": "rollback",
    "rm": "discard",
    "run": "record (what ran outside; mlvgit runs nothing)",
    "repro": "record (what ran outside; mlvgit runs nothing)",
    "show": "snapshot show, git mlv model show",
    "stage": "promote",
    "tag": "tag-model",
    "track": "snapshot create",
    "transition": "promote",
    "ui": "status, git mlv model list, git mlv log",
    "undo": "discard",
    "completion": "--help   (its section COMPLETION)",
}
"""What people who know DVC, GTO, Git LFS or MLflow type, and what it is called here."""

GROUPS = {
    "start": "start",
    "look": "look",
    "data": "data",
    "models": "models",
    "repair": "repair and help",
}


class Help(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal.

    argparse makes one for every argument that is added, and by itself asks shutil, which loads every format of archives.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns or 80
    except (OSError, ValueError):
        return 80


class Parser(argparse.ArgumentParser):
    """A parser whose complaints end with status 2 and name the nearest known word.

    Attributes:
        read_as: the command line as it is read, where that is not how it was typed.
    """

    def __init__(self, **options: object) -> None:
        options.setdefault("formatter_class", Help)
        options.setdefault("allow_abbrev", False)
        super().__init__(**options)  # type: ignore[arg-type]
        self.read_as = ""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments and where the help is."""
        read = f"this was read as {self.read_as}\n" if self.read_as else ""
        Output().error(f"{self.prog}: {printable(message)}", hint=f"{read}{self.prog} -h")
        raise SystemExit(2)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"mlvgit.cli.{COMMANDS[name].module}")


def build_parser(name: str) -> argparse.ArgumentParser:
    """Build the parser of one command; only its module is imported."""
    parser = Parser(prog=f"git mlv {name}")
    getattr(_module(name), "configure_" + name.replace("-", "_"))(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    _say_anything()
    try:
        status = _run(words)
        flush_output()
        return status
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 2
    except MlvError as error:
        Output().error(f"mlv: {error.message}", hint=error.hint)
        if os.environ.get("MLVGIT_DEBUG"):
            raise
        return error.exit_status
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        return 141
    except OSError as error:
        if os.environ.get("MLVGIT_DEBUG"):
            raise
        where = f": {error.filename}" if isinstance(error.filename, str) else ""
        Output().error(
            f"mlv: the system refuses: {printable(error.strerror or str(error))}{printable(where)}",
            hint=way_out(error) or "when that is mended, run the same command again; MLVGIT_DEBUG=1 shows where it was",
        )
        return 3
    except Exception as error:
        if os.environ.get("MLVGIT_DEBUG"):
            raise
        said = printable(f"{type(error).__name__}: {error}")
        Output().error(f"mlv: this is a bug in mlvgit: {said}", hint="MLVGIT_DEBUG=1 shows where; please report it")
        return 3


def _interrupted() -> int:
    """End now: threads that still wait for a network would hold the program until they get an answer."""
    if threading.active_count() > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(130)
    return 130


def _say_anything() -> None:
    """Never fail because a name cannot be written in the encoding of the terminal."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            exact = stream.encoding.lower().replace("-", "") == "utf8"
            stream.reconfigure(errors="surrogateescape" if exact else "backslashreplace")


def _respelled(parser: argparse.ArgumentParser, words: list[str]) -> list[str]:
    """Return `words` as the arguments ask for names and versions; a complaint about them says how they were read."""
    from mlvgit.cli.spelling import respelled, verb_of

    found = respelled(parser, words)
    if found != words:
        import shlex

        for each in (parser, verb_of(parser, words)[0]):
            if isinstance(each, Parser):
                each.read_as = shlex.join([*parser.prog.split(), *found])
    return found


def _parse(parser: argparse.ArgumentParser, words: list[str]) -> argparse.Namespace:
    """Parse `words`; files may stand before and after options, which argparse alone does not allow."""
    args, rest = parser.parse_known_args(words)
    many = next((name for name in ("rest", "files", "refs", "paths") if hasattr(args, name)), None)
    if rest and (many is None or any(word.startswith("-") for word in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest and many is not None:
        kind = Path if many == "files" else str
        getattr(args, many).extend(kind(word) for word in rest)
    return args


def _run(words: list[str]) -> int:
    while words and words[0] == "-C" and len(words) > 1:
        try:
            os.chdir(words[1])
        except OSError as error:
            raise UsageError(f"cannot change to {words[1]}: {error.strerror}") from error
        words = words[2:]
    if not words or words[0] in ("-h", "--help"):
        return _module("help").run_overview(Output())  # type: ignore[no-any-return]
    if words[0] in ("-V", "--version"):
        Output().say(f"mlvgit {__version__}")
        return 0
    name, rest = words[0], words[1:]
    if name not in COMMANDS:
        near = ELSEWHERE.get(name) or nearest(name, [known for known, command in COMMANDS.items() if command.group])
        Output().error(
            f"git mlv: {printable(name)!r} is not a command",
            hint=f"git mlv {near}" if near else "git mlv -h lists them",
        )
        return 2
    parser = build_parser(name)
    args = _parse(parser, _respelled(parser, rest) if COMMANDS[name].group else rest)
    output = Output(json=bool(getattr(args, "json", False)), quiet=bool(getattr(args, "quiet", False)))
    return int(getattr(_module(name), "run_" + name.replace("-", "_"))(args, output))
