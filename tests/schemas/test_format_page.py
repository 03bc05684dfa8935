"""The documents of docs/formats.md are sound, and its commands do what it says."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mlvgit.core.digest import of_bytes
from mlvgit.core.digests import NamedDigests
from mlvgit.records.filelist import FileList, parse_entries
from mlvgit.records.manifest import Manifest, new_manifest
from mlvgit.records.registry import Registry
from mlvgit.records.run import RunRecord
from mlvgit.records.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_json_documents_of_the_page_are_read() -> None:
    least, full, registry = blocks("json")

    assert Manifest.parse(least.encode(), "page").name == "iris"
    filled = json.loads(full.replace('"…"', json.dumps("ab" * 32)))
    del filled["tree_sha256"]
    assert Manifest.parse(json.dumps(filled).encode(), "page").kind == "model"
    assert Registry.parse(registry.encode(), "page").dump().decode() == registry


def test_the_yaml_documents_of_the_page_are_read() -> None:
    run, settings = blocks("yaml")

    assert RunRecord.parse(run.encode(), "page").env.python == "3.10"
    found = Settings.parse(settings.encode())
    default = Settings()
    assert (found.folders, found.limits, found.stages, found.mode, found.run_lock) == (
        default.folders,
        default.limits,
        default.stages,
        default.mode,
        default.run_lock,
    )


def test_the_list_of_the_page_is_read_and_has_the_digests_that_it_says() -> None:
    data = next(block for block in blocks("text") if block.startswith('{"path"')).encode()
    said = PAGE[PAGE.index(data.decode()) :]

    entries = parse_entries(data, "page")
    made, written = FileList.of(NamedDigests(entries.paths, entries.digests), "iris@v0.1")

    assert written == data
    assert f"It has {made.digest.size} bytes, the SHA-256 `{made.digest.sha256}`" in said
    assert f"the identity `{made.tree_sha256}`" in said


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    files = {"a b/é.txt": b"1\n", "-rf": b"2\n", "'q'.txt": b"3\n"}
    for name, data in files.items():
        path = tmp_path / "data/snapshots/iris_v0.1" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    made = new_manifest(
        "snapshot",
        "iris",
        "v0.1",
        [(name, of_bytes(data)) for name, data in files.items()],
        prefix="data/snapshots/iris_v0.1",
        created_utc="",
    )
    (tmp_path / "data/snapshots/iris_v0.1.manifest.json").write_bytes(made.dump())
    return tmp_path


def run(command: str, folder: Path) -> Any:
    return subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=False)


def test_the_identity_is_found_with_coreutils_alone(frozen: Path) -> None:
    commands = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]
    manifest = Manifest.parse((frozen / "data/snapshots/iris_v0.1.manifest.json").read_bytes(), "m")

    said = run("; ".join(commands[:2]), frozen)

    assert said.stdout.split()[0] == manifest.tree_sha256


def test_the_bytes_are_verified_with_python_and_sha256sum_alone(frozen: Path) -> None:
    (command,) = [block.replace("$ ", "", 1) for block in blocks("console") if "python3 -c" in block]

    fine = run(command, frozen)
    (frozen / "data/snapshots/iris_v0.1/-rf").write_bytes(b"3\n")
    wrong = run(command, frozen)

    assert (fine.returncode, fine.stdout.count(": OK")) == (0, 3)
    assert wrong.returncode == 1
    assert "-rf: FAILED" in wrong.stdout
