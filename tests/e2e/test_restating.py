"""What a frozen version was made from, and what is noted of it, can be said later; what was said stays once published."""

from __future__ import annotations

import pytest

from tests.conftest import Sandbox


@pytest.fixture
def frozen(repo: Sandbox) -> Sandbox:
    """Two snapshots and a model version, of which nobody said what it was made from."""
    repo.mlv("init")
    repo.git("commit", "-qm", "Set up mlvgit")
    for number in (1, 2):
        repo.write(f"in/{number}.csv", f"{number}\n")
        repo.mlv("snapshot", "create", "weekly", f"v0.{number}", f"in/{number}.csv", "-m", "Freeze")
    repo.write("out/model.pkl", "weights")
    repo.mlv("model", "add", "clf", "v0.1.0", "out/model.pkl", "-m", "Add it")
    return repo


def test_data_that_was_forgotten_is_added_to_a_frozen_version(frozen: Sandbox) -> None:
    said = frozen.mlv("model", "add", "clf", "v0.1.0", "out/model.pkl", "--data", "weekly@v0.2", "-m", "Say its data")

    assert "models/clf/v0.1.0.manifest.json" in said.out
    assert "weekly_v0.2" in frozen.mlv("model", "show", "clf@v0.1.0").out
    assert frozen.git("status", "--porcelain", "--untracked-files=no").out == ""
    again = frozen.mlv("model", "add", "clf", "v0.1.0", "out/model.pkl", "--data", "weekly@v0.2")
    assert "nothing to do" in again.out


def test_wrong_data_is_said_otherwise_with_leave_until_it_is_published(frozen: Sandbox) -> None:
    frozen.mlv("model", "add", "clf", "v0.1.0", "out/model.pkl", "--data", "weekly@v0.1", "-m", "Say its data")
    right = ("model", "add", "clf", "v0.1.0", "out/model.pkl", "--data", "weekly@v0.2", "-m", "Say the right data")

    refused = frozen.mlv(*right, check=False)
    assert "--replace" in refused.err
    frozen.mlv(*right, "--replace")
    assert "weekly_v0.2" in frozen.mlv("model", "show", "clf@v0.1.0").out
    frozen.mlv("tag-model", "clf", "v0.1.0")
    published = frozen.mlv("model", "add", "clf", "v0.1.0", "--data", "weekly@v0.1", "--replace", check=False)
    assert "published" in published.err


def test_notes_are_said_anew_at_any_time(frozen: Sandbox) -> None:
    frozen.mlv("snapshot", "create", "weekly", "v0.1", "in/1.csv", "--notes", "checked by hand", "-m", "Note it")

    assert "checked by hand" in frozen.mlv("snapshot", "show", "weekly@v0.1").out


def test_the_next_version_is_kept_where_the_last_one_is(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.git("commit", "-qm", "Set up mlvgit")
    repo.write("in/a.bin", "a")
    repo.mlv("snapshot", "create", "photos", "v0.1", "in", "--storage", "store", "-m", "Freeze")
    repo.write("in/b.bin", "b")

    said = repo.mlv("snapshot", "create", "photos", "--bump", "minor", "in", "-m", "Freeze")

    assert "nothing in Git but the manifest" in said.out
    assert "b.bin" not in repo.git("ls-files").out


def test_two_who_record_on_one_day_do_not_meet(frozen: Sandbox) -> None:
    frozen.write("requirements.lock", "numpy==2.0\n")
    path = frozen.mlv("record", "clf", "v0.1.0", "--data", "weekly@v0.1", "-m", "Record it").out
    frozen.write("out/model.pkl", "other weights")
    frozen.mlv("model", "add", "clf", "v0.2.0", "out/model.pkl", "-m", "Add it")
    other = frozen.mlv("record", "clf", "v0.2.0", "--data", "weekly@v0.1", "-m", "Record it").out

    assert "-clf-v0.1.0.yaml" in path
    assert "-clf-v0.2.0.yaml" in other


def test_a_record_of_ones_own_may_give_way_to_a_published_one_of_the_same_id(frozen: Sandbox) -> None:
    server = frozen.server()
    frozen.git("branch", "--set-upstream-to=origin/main")
    other = server.clone("other")
    other.mlv("install")
    other.mlv("record", "clf", "v0.1.0", "--data", "weekly@v0.1", "--id", "one", "-m", "Theirs")
    other.push()
    frozen.mlv("record", "clf", "v0.1.0", "--data", "weekly@v0.2", "--id", "one", "-m", "Mine")
    frozen.git("pull", "-q", "--no-rebase", "--no-edit", check=False)

    frozen.git("checkout", "--theirs", "runs")
    frozen.git("add", "runs")
    frozen.git("commit", "-q", "--no-edit")

    assert "weekly_v0.1" in frozen.read("runs/one.yaml").decode()


def test_a_record_says_at_once_that_nothing_is_locked_and_the_way_holds_until_it_is_pushed(frozen: Sandbox) -> None:
    command = ("record", "clf", "v0.1.0", "--data", "weekly@v0.1", "-m", "Record it")
    frozen.git("checkout", "-qb", "work")
    said = frozen.mlv(*command)
    path = said.out.split("wrote ")[1].split()[0]
    assert f"before it is pushed: rm {path}, and the same command with --lock FILE" in said.err

    frozen.write("numpy.txt", "numpy==2.0\n")
    frozen.remove(path)
    again = frozen.mlv(*command, "--lock", "numpy.txt")

    assert "lock" not in again.err
    assert "requirements_lock" in frozen.git("show", f"HEAD:{path}").out


def test_the_way_that_a_push_shows_for_an_unlocked_run_works_after_that_push(frozen: Sandbox) -> None:
    frozen.server()
    frozen.git("branch", "--set-upstream-to=origin/main")
    frozen.mlv("record", "clf", "v0.1.0", "--data", "weekly@v0.1", "-m", "Record it")
    said = frozen.git("push").err
    assert "MLV302" in said
    way = said.partition("keep it: ")[2].splitlines()[0]

    frozen.write("numpy.txt", "numpy==2.0\n")
    frozen.run("sh", "-c", way.replace("FILE", "numpy.txt"))
    frozen.git("commit", "-qm", "Record another run")
    pushed = frozen.git("push").err

    assert "MLV30" not in pushed
