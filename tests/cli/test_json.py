"""docs/json.md names every key that --json prints, with its type, and nothing that is not printed."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from mlvgit.cli.main import COMMANDS
from mlvgit.cli.shape import shapes
from tests.conftest import ROOT, Playground, Sandbox

PAGE = ROOT / "docs" / "json.md"
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "list": list,
    "object": dict,
    "free": object,
    "null": type(None),
}


class Row(NamedTuple):
    """A row of the page: a key and the types that its value may have."""

    key: str
    types: tuple[str, ...]


def documented() -> dict[str, dict[str, Row]]:
    """Read the page: command -> key -> row."""
    found: dict[str, dict[str, Row]] = {}
    names: list[str] = []
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            names = re.findall(r"`git mlv ([^`]*)`", line)
            found.update({name: {} for name in names})
        row = re.match(r"\| `([^`]+)` \| ([^|]+) \| \S", line)
        for name in names if row else ():
            assert row is not None
            found[name][row[1]] = Row(row[1], tuple(row[2].strip().split(" or ")))
    return found


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every key of a JSON value as the page writes it (`versions[].stage`), with its value."""
    if key:
        yield key, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{key}.{name}" if key else name)
    if isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict | list):
                yield from (pair for pair in leaves(inner, f"{key}[]") if pair[0] != f"{key}[]")


class Printed:
    """What commands printed, by the name that the page has them under."""

    def __init__(self) -> None:
        self.by_name: dict[str, list[Any]] = {}

    def run(self, repo: Sandbox, name: str, *args: str, status: int = 0) -> Any:
        """Run `git mlv NAME ARGS --json`, and keep the one object that it prints."""
        ran = repo.mlv(*name.split(), *args, "--json", check=False)
        assert ran.status == status, ran.said
        value = json.loads(ran.out)
        assert isinstance(value, dict)
        self.by_name.setdefault(name, []).append(value)
        return value


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    """Run every command that has --json on a small repository, so that every key is printed at least once."""
    playground = Playground(tmp_path_factory.mktemp("json"))
    repo = playground.init()
    found = Printed()
    repo.write(".gitignore", "*.pkl\n")
    found.run(repo, "init")
    repo.git("commit", "-qm", "Set up mlvgit")
    found.run(repo, "install", "--dry-run")
    found.run(repo, "status")
    data(found, repo)
    models(found, repo)
    releases(found, repo)
    broken(found, repo)
    conflicts(found, repo)
    stored(found, repo)
    found.run(repo, "doctor")
    found.run(repo, "uninstall")
    return found


def stored(found: Printed, repo: Sandbox) -> None:
    repo.write("raw/big.bin", "big\n")
    repo.mlv("snapshot", "create", "big", "v0.1", "raw/big.bin", "--storage", "store")
    repo.git("commit", "-qm", "Freeze big", "--no-verify")
    repo.remove("data/snapshots/big_v0.1/big.bin")
    found.run(repo, "pull", "big@v0.1")
    found.run(repo, "drop", "big@v0.1", status=1)
    found.run(repo, "fsck")
    repo.write(".git/mlv/objects/quarantine/damaged", "damaged")
    found.run(repo, "gc")
    (repo.playground.folder / "shelf").mkdir()
    found.run(repo, "remote add", "shelf", str(repo.playground.folder / "shelf"))
    found.run(repo, "remote list")
    found.run(repo, "remote test", "shelf")
    stray = repo.playground.folder / "shelf/extents/ab" / ("d" * 62)
    stray.parent.mkdir(parents=True)
    stray.write_text("no list\n")
    found.run(repo, "fsck", "--remote", status=1)
    found.run(repo, "manifest", "raw", "-o", str(repo.playground.folder / "raw.json"))
    found.run(repo, "retire", "big@v0.1", "--reason", "Licence ended")


def data(found: Printed, repo: Sandbox) -> None:
    repo.write("raw/iris.csv", "a,b\n1,2\n3,4\n")
    repo.write("raw/old.txt", "old\n")
    repo.write("raw/same.txt", "the same\n")
    found.run(repo, "snapshot create", "iris", "v0.1", "raw", "--notes", "First", "-m", "")
    repo.write("raw/iris.csv", "a,c\n1,2\n5,6\n7,8\n")
    repo.remove("raw/old.txt")
    repo.write("raw/new.txt", "new\n")
    (repo / "raw/same.txt").rename(repo / "raw/renamed.txt")
    found.run(repo, "snapshot create", "iris", "v0.2", "raw", "--from", "iris@v0.1", "-m", "")
    found.run(repo, "snapshot list")
    found.run(repo, "snapshot show", "iris@v0.1")
    found.run(repo, "snapshot path", "iris@v0.1")
    found.run(repo, "snapshot diff", "iris@v0.1", "iris@v0.2", "--rows")
    repo.mlv("snapshot", "create", "iris", "v0.3", "raw/iris.csv", "-m", "")
    repo.mlv("snapshot", "create", "unused", "v0.1", "raw/new.txt", "-m", "")
    found.run(repo, "discard", "unused@v0.1", "-m", "")


def models(found: Printed, repo: Sandbox) -> None:
    for number, version in enumerate(("v0.1.0", "v0.2.0")):
        repo.write("out/model.pkl", f"weights {version}\n")
        repo.write("out/metrics.json", f'{{"f1": 0.9{number}}}\n')
        repo.write("out/params.json", f'{{"C": {number}}}\n')
        files = ("out/model.pkl", "--metrics", "out/metrics.json", "--params", "out/params.json")
        snapshot = f"iris@v0.{number + 1}"
        found.run(repo, "model add", "iris_clf", version, *files, "--data", snapshot, "-m", "")
    found.run(repo, "record", "iris_clf", "v0.1.0", "--id", "r1", "-m", "")
    found.run(repo, "comment", "iris_clf@v0.1.0", "Drifts", "-m", "")
    found.run(repo, "model list")
    found.run(repo, "model show", "iris_clf@v0.1.0")
    found.run(repo, "model path", "iris_clf@v0.1.0")
    found.run(repo, "model diff", "iris_clf@v0.1.0", "iris_clf@v0.2.0")
    repo.mlv("snapshot", "create", "spare", "v0.1", "raw/new.txt", "-m", "")
    found.run(repo, "renumber", "spare@v0.1", "v0.2", "-m", "")


def releases(found: Printed, repo: Sandbox) -> None:
    repo.server()
    found.run(repo, "tag-model", "iris_clf", "v0.1.0")
    found.run(repo, "tag-model", "iris_clf", "v0.1.0", "--verify")
    found.run(repo, "promote", "iris_clf", "v0.1.0", "production", "-m", "First")
    found.run(repo, "promote", "iris_clf", "v0.2.0", "production", "--tag")
    found.run(repo, "rollback", "iris_clf", "-m", "Recall fell")
    found.run(repo, "push")
    found.run(repo, "resolve", "iris_clf@production", "model.pkl")
    found.run(repo, "log")
    found.run(repo, "verify")
    found.run(repo, "status")
    found.run(repo, "check")
    found.run(repo, "explain", "MLV101")
    found.run(repo, "explain")


def broken(found: Printed, repo: Sandbox) -> None:
    file = "data/snapshots/iris_v0.1/iris.csv"
    (repo / file).chmod(0o644)
    repo.write(file, "a,b\n1,2\n")
    found.run(repo, "check", status=1)
    found.run(repo, "status")
    found.run(repo, "verify", status=1)
    found.run(repo, "restore", "iris@v0.1")


def conflicts(found: Printed, repo: Sandbox) -> None:
    repo.branch("other")
    repo.mlv("promote", "iris_clf", "v0.2.0", "production")
    repo.checkout("main")
    repo.mlv("model", "add", "iris_clf", "v0.3.0", "out/model.pkl", "-m", "")
    repo.mlv("promote", "iris_clf", "v0.3.0", "production", "--tag")
    repo.git("merge", "other", check=False)
    found.run(repo, "merge --repair", status=1)
    found.run(repo, "merge --repair", "--take", "iris_clf=v0.3.0")
    repo.git("merge", "--abort")


def test_every_command_with_json_is_on_the_page_and_is_run_here(printed: Printed) -> None:
    offered = {
        "merge --repair" if shape.name == "merge" else shape.name
        for shape in shapes()
        if any("--json" in option.flags for option in shape.options)
    }

    assert set(documented()) == offered
    assert set(printed.by_name) == offered


def test_every_reading_command_offers_json() -> None:
    reading = {shape.name for shape in shapes() if COMMANDS[shape.name.split()[0]].group == "look"}
    offered = {shape.name for shape in shapes() if any("--json" in option.flags for option in shape.options)}

    assert reading <= offered


def test_every_key_that_is_printed_is_on_the_page_with_its_type(printed: Printed) -> None:
    page = documented()
    wrong = []
    for name, values in printed.by_name.items():
        free = tuple(key + end for key, row in page[name].items() if "free" in row.types for end in (".", "["))
        for key, value in (pair for each in values for pair in leaves(each)):
            row = page[name].get(key)
            if key.startswith(free) and free:
                continue
            if row is None:
                wrong.append(f"git mlv {name}: {key} is not on the page")
            elif not any(fits(value, word) for word in row.types):
                wrong.append(f"git mlv {name}: {key} is {value!r}, not {' or '.join(row.types)}")

    assert sorted(set(wrong)) == []


def fits(value: object, word: str) -> bool:
    if isinstance(value, bool) and word in ("integer", "number"):
        return False
    return isinstance(value, TYPES[word])


def test_every_key_on_the_page_is_printed_by_some_run(printed: Printed) -> None:
    missing = []
    for name, rows in documented().items():
        seen = {key for value in printed.by_name.get(name, ()) for key, _ in leaves(value)}
        missing += [f"git mlv {name}: {key}" for key in rows if key not in seen]

    assert missing == []


def test_a_failure_leaves_standard_output_empty_and_speaks_on_standard_error(repo: Sandbox) -> None:
    ran = repo.mlv("snapshot", "show", "iris@v0.1", "--json", check=False)

    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("mlv: ")


def test_every_object_has_all_the_keys_that_are_not_of_another_form(printed: Printed) -> None:
    missing = []
    for name, values in printed.by_name.items():
        if name in ("explain", "tag-model"):
            continue
        top = {key for key in documented()[name] if not re.search(r"[.\[]", key)}
        missing += [f"git mlv {name}: {sorted(top - value.keys())}" for value in values if top - value.keys()]

    assert missing == []
