"""The sieve says yes to everything that could be ours, and no to plain code."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlvgit.hooks.sieve import could_be_ours, folders, touched
from mlvgit.repo.git import Git
from tests.conftest import Sandbox

DEFAULTS = folders("/nowhere")
OURS = [
    "data/snapshots/iris_v0.1/iris.csv",
    "data/snapshots/iris_v0.1.manifest.json",
    "data/snapshots/loose.bin",
    "Data/Snapshots/x",
    "data/snapshots",
    "data",
    "models",
    "ml/team/models/m/v1.0.0/model.pkl",
    "ml/team/models/m/registry.json",
    "manifest.json",
    "mlv.yaml",
    "team/mlv.yaml",
    "runs/2026-01-01.yml",
    "elsewhere/run.YAML",
    ".gitattributes",
    "src/.gitattributes",
    "feature_V2/x",
]
NOT_OURS = [
    "src/main.py",
    "README.md",
    "modelsx/a.py",
    "datax",
    "env/requirements.lock",
    "src/v/1",
    "dev0",
    ".gitignore",
]


@pytest.mark.parametrize("path", OURS)
def test_what_could_be_ours_passes_to_the_guard(path: str) -> None:
    assert could_be_ours(path.encode(), DEFAULTS)


@pytest.mark.parametrize("path", [path for path in NOT_OURS if path != "dev0"])
def test_plain_files_do_not(path: str) -> None:
    assert not could_be_ours(path.encode(), DEFAULTS)


def test_a_name_that_only_looks_like_a_version_costs_a_judgement() -> None:
    assert could_be_ours(b"dev0", DEFAULTS)


def test_hints_replace_the_default_folders(tmp_path: Path) -> None:
    (tmp_path / "mlv").mkdir()
    (tmp_path / "mlv/folders").write_bytes(b"# 100644 abc 0\tteam/mlv.yaml\n#\nteam/Sets/\nteam/models/\n")

    found = folders(str(tmp_path))

    assert found == (b"team/sets/", b"team/models/")
    assert could_be_ours(b"team/Sets/a", found)
    assert not could_be_ours(b"models/dbt.sql", found)


def test_a_damaged_hints_file_means_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "mlv").mkdir()
    (tmp_path / "mlv/folders").write_bytes(b"\0\n")

    assert folders(str(tmp_path)) == DEFAULTS


@pytest.mark.parametrize("name", ["models/a\nb", "models/caf\xe9", "models/\udcff", "models/-x", 'models/"q"'])
def test_names_of_any_bytes_are_seen(repo: Sandbox, name: str) -> None:
    repo.commit("begin")
    repo.write(name, "x").resolve()
    repo.stage()

    assert touched(Git(repo.path), ["HEAD"], DEFAULTS)


def test_a_rename_out_of_our_folders_is_seen(repo: Sandbox) -> None:
    repo.write("models/a", "contents that are long enough to be taken for a rename\n" * 9)
    repo.commit("begin")
    repo.git("mv", "models/a", "elsewhere")

    assert touched(Git(repo.path), ["HEAD"], DEFAULTS)


def test_only_code_is_not_touched(repo: Sandbox) -> None:
    repo.write("models/a", "1")
    repo.commit("begin")
    repo.write("src/main.py", "1")
    repo.write("models/unstaged", "1")
    repo.stage("src")

    assert not touched(Git(repo.path), ["HEAD"], DEFAULTS)
