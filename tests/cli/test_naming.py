"""What people type for a thing: paths, `latest`, a near word; and lists that do not end."""

from __future__ import annotations

import os

import pytest

from tests.conftest import Sandbox


@pytest.fixture
def ready(repo: Sandbox) -> Sandbox:
    """A snapshot of 25 small files, and a model of two versions."""
    repo.mlv("init", "--no-hooks")
    repo.git("commit", "-qm", "Set up mlvgit")
    for number in range(25):
        repo.write(f"raw/{number:02}.csv", f"{number}\n")
    repo.mlv("snapshot", "create", "sales", "v0.1", "raw", "-m", "Freeze")
    for version in ("v0.1.0", "v0.2.0"):
        repo.write("out/model.pkl", version)
        repo.mlv("model", "add", "clf", version, "out/model.pkl", "-m", "Add")
    return repo


def test_the_folder_of_a_version_names_it_from_here_and_from_the_top(ready: Sandbox) -> None:
    folder = ready / "data/snapshots/sales_v0.1"
    os.unlink(folder / "00.csv")
    os.unlink(folder / "01.csv")

    one = ready.run("git", "mlv", "restore", "../data/snapshots/sales_v0.1/00.csv", cwd=ready / "out")
    assert one.out == "restored data/snapshots/sales_v0.1/00.csv\n"
    rest = ready.run("git", "mlv", "restore", "../data/snapshots/sales_v0.1/", cwd=ready / "out")
    assert rest.out == "restored data/snapshots/sales_v0.1/01.csv\n"
    assert "sales@v0.1" in ready.mlv("verify", "data/snapshots/sales_v0.1").out
    assert ready.mlv("model", "show", "models/clf/v0.2.0").out.startswith("clf@v0.2.0\n")
    assert "is not a reference" in ready.mlv("restore", "data/snapshots/none_v0.1/x", check=False).err
    assert "is not a reference" in ready.mlv("snapshot", "show", "models/clf/v0.2.0", check=False).err


def test_a_long_list_of_restored_files_ends_with_how_many_more(ready: Sandbox) -> None:
    for number in range(25):
        os.unlink(ready / f"data/snapshots/sales_v0.1/{number:02}.csv")

    said = ready.mlv("restore", "sales@v0.1").out.splitlines()

    assert len(said) == 21
    assert said[-1] == "  ... and 5 more files"


def test_fsck_lists_the_first_that_it_healed_and_ends_with_what_holds_now(ready: Sandbox) -> None:
    for number in range(25):
        ready.write(f"big/{number:02}.bin", f"{number:02}".encode() * 40_000)
    ready.mlv("snapshot", "create", "big", "v0.1", "big", "--storage", "store", "-m", "Freeze")
    for path in (ready / ".git/mlv/objects/sha256").glob("??/*"):
        path.chmod(0o644)
        path.write_bytes(b"!" * path.stat().st_size)

    said = ready.mlv("fsck").out.splitlines()

    assert said[20] == "  ... and 5 more objects"
    assert said[21].endswith(": 25 whole, 25 of them healed just now")
    assert ready.mlv("fsck").out.endswith(": 25 whole\n")


def test_the_latest_version_is_promoted_by_that_word(ready: Sandbox) -> None:
    said = ready.mlv("promote", "clf", "latest", "production", "--tag", "-m", "go").said

    assert "production of clf is v0.2.0" in said
    assert "tagged clf@v0.2.0" in said


def test_a_stage_that_is_none_is_told_with_the_one_that_was_meant(ready: Sandbox) -> None:
    ready.mlv("promote", "clf", "v0.2.0", "production", "--tag", "-m", "go")

    refused = ready.mlv("log", "clf", "--stage", "prod", check=False)
    assert (refused.status, "hint: did you mean production?" in refused.err) == (2, True)
    assert "v0.2.0 dev -> production" in ready.mlv("log", "clf", "--stage", "dev").out
    assert "no version came to, or left, staging" in ready.mlv("log", "clf", "--stage", "staging").err


def test_a_comment_takes_its_text_from_m_and_commits_it(ready: Sandbox) -> None:
    ready.mlv("comment", "clf", "v0.2.0", "-m", "Drifts on petals")

    assert "Drifts on petals" in ready.mlv("model", "show", "clf@v0.2.0", "--at", "HEAD").out
    assert ready.git("log", "-1", "--format=%s").out == "Drifts on petals\n"
    assert "what is to be noted?" in ready.mlv("comment", "clf@v0.2.0", check=False).err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("verify", "sales@v9"), "a snapshot's has two numbers, as v0.1, and a model's three, as v0.1.0"),
        (("check", "main"), "hint: git mlv check main..HEAD"),
        (("help", "completion"), "hint: git mlv --help   (its section COMPLETION)"),
        (("completion",), "hint: git mlv --help   (its section COMPLETION)"),
        (("help", "undo"), "hint: git mlv help discard"),
    ],
)
def test_a_word_that_is_not_meant_so_is_told_what_is(ready: Sandbox, typed: tuple[str, ...], said: str) -> None:
    ready.git("branch", "-M", "main")

    ran = ready.mlv(*typed, check=False)

    assert ran.status == 2
    assert said in ran.err
