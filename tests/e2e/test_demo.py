"""The README's first command, and what the README promises."""

import re

import pytest

from mlvgit.rules.explain import all_codes, explain
from tests.conftest import ROOT, Sandbox

README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("dataset", ["iris", pytest.param("digits", marks=pytest.mark.slow)])
def test_the_demo_goes_the_whole_way_on_real_data(repo: Sandbox, dataset: str) -> None:
    kept = repo.playground.folder / "kept"

    said = repo.mlv("demo", "--dataset", dataset, "--keep", kept).out

    assert "error MLV101" in said
    assert f"production of {dataset}_clf is v0.1.0" in said
    demo = Sandbox(repo.playground, kept)
    assert demo.mlv("verify").status == 0
    assert demo.mlv("resolve", f"{dataset}_clf@production", "model.pkl").out.endswith("v0.1.0/model.pkl\n")
    assert demo.mlv("check", "--all").out == "no findings\n"
    assert (kept / "colleague/data/snapshots/photos_v0.1/china.jpg").stat().st_size == 196_653
    assert "china.jpg" not in demo.git("ls-files").out
    scores = [float(score) for score in re.findall(r"metric f1 +([0-9.]+) +([0-9.]+)", said)[0]]
    assert scores[1] > scores[0], "correct labels make a better model"


def test_the_demo_leaves_a_folder_that_has_files_alone(repo: Sandbox) -> None:
    repo.write("kept/file", "mine")

    refused = repo.mlv("demo", "--keep", repo / "kept", check=False)

    assert refused.status == 2
    assert repo.read("kept/file") == b"mine"


def test_the_readme_has_every_rule_in_its_table() -> None:
    for code in all_codes():
        assert f"| {code} | {explain(code).name} |" in README


def test_ci_runs_the_readmes_test_command() -> None:
    command = "python -m pytest -q -n auto"

    assert command in README
    assert command in (ROOT / ".ci/run").read_text()
