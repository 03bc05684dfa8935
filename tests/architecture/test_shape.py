"""The shape of the code: what importing may do, how large things get, what every room says of itself."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "mlvgit"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__main__.py" and "generated" not in path.name)
MOST_LINES = 450
MOST_FUNCTION_LINES = 60

PROBE = """
import importlib, json, os, sys
seen = []
def watch(event, args):
    if event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.fork", "socket.connect", "os.chdir", "os.putenv"):
        seen.append([event, repr(args)[:200]])
    if event == "open" and isinstance(args[1], str) and any(mode in args[1] for mode in "wax+"):
        seen.append([event, repr(args)[:200]])
before = dict(os.environ), os.getcwd()
sys.dont_write_bytecode = True
sys.addaudithook(watch)
for name in sys.argv[1:]:
    importlib.import_module(name)
assert (dict(os.environ), os.getcwd()) == before
print(json.dumps(seen))
"""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def functions() -> list[tuple[str, int]]:
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                found.append((f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or 0) - node.lineno + 1))
    return found


def test_importing_everything_starts_no_process_and_writes_nothing() -> None:
    names = [module_name(path) for path in MODULES]

    done = subprocess.run([sys.executable, "-c", PROBE, *names], capture_output=True, text=True, cwd=ROOT)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_no_module_is_longer_than_somebody_reads() -> None:
    lengths = {module_name(path): path.read_text().count("\n") for path in MODULES}

    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_functions_fit_on_a_screen() -> None:
    assert [(name, lines) for name, lines in functions() if lines > MOST_FUNCTION_LINES] == []


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=module_name)
def test_every_room_says_what_it_holds(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text())) or ""

    assert len(said) > 60


@pytest.mark.parametrize("word", ["pickle.load", "eval(", "exec(", "shell=True", "yaml.load(", "tarfile", "marshal"])
def test_nothing_runs_what_a_repository_holds(word: str) -> None:
    guilty = [path.name for path in MODULES if word in path.read_text() and path.name != "strict.py"]

    assert guilty == []


def test_only_output_prints() -> None:
    printers = [
        str(path.relative_to(PACKAGE))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]

    assert {name for name in printers if not name.endswith(("generate.py", "write_docs.py"))} <= {"cli/output.py"}
