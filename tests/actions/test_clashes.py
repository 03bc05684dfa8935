"""Both sides froze something under one name and version: what is printed leads out, in whatever Git is in the middle of."""

import re
import shutil

import pytest

from tests.conftest import Ran, Sandbox
from tests.e2e.world import assert_settled, take

MANIFEST = "data/snapshots/iris_v0.1.manifest.json"
REGISTRY = "models/iris_clf/registry.json"


@pytest.fixture
def apart(repo: Sandbox) -> Sandbox:
    """On `main` and on `other` another iris@v0.1 was frozen; nothing is published."""
    repo.mlv("init")
    repo.commit("Set up")
    repo.branch("other")
    freeze(repo, "1\n")
    repo.checkout("main")
    freeze(repo, "2\n")
    return repo


def freeze(repo: Sandbox, rows: str, *options: str) -> None:
    repo.write("raw/iris.csv", rows)
    repo.mlv("snapshot", "create", "iris", "v0.1", "raw/iris.csv", "-m", "Freeze", *options)
    shutil.rmtree(repo / "raw")


def follow(repo: Sandbox, ran: Ran, *, after: str = "") -> None:
    """Run the hints of `git mlv merge --repair`, those after a line that says so, or up to the first such line."""
    hints = re.findall(r"^hint: (.*)$", ran.err, re.MULTILINE)
    places = [number for number, hint in enumerate(hints) if hint.startswith("#")]
    cut = places[0] if places else len(hints)
    steps = hints[cut + 1 :] if after else hints[:cut]
    assert steps, ran.said
    for step in steps:
        repo.run("sh", "-c", step)


def frozen(repo: Sandbox) -> set[str]:
    """Return the rows of all versions of iris in HEAD."""
    listed = repo.git("ls-tree", "-r", "--name-only", "HEAD", "data").out.split()
    return {repo.git("show", f"HEAD:{path}").out for path in listed if path.endswith(".csv")}


def assert_sound(repo: Sandbox) -> None:
    assert_settled(repo)
    assert repo.mlv("check", "--all").out == "no findings\n"


@pytest.mark.parametrize("operation", ["merge", "rebase"])
def test_repair_prints_how_both_are_kept(apart: Sandbox, operation: str) -> None:
    apart.git(operation, "other", check=False)
    assert "git mlv merge --repair" in apart.mlv("status").out

    asked = apart.mlv("merge", "--repair", check=False)
    assert asked.status == 1
    assert "both sides froze iris@v0.1, with other files" in asked.err
    follow(apart, asked)

    assert frozen(apart) == {"1\n", "2\n"}
    assert_sound(apart)


@pytest.fixture
def apart_in_store(repo: Sandbox) -> Sandbox:
    """As `apart`, and the store keeps the bytes; theirs has another file besides."""
    repo.mlv("init")
    repo.commit("Set up")
    repo.branch("other")
    repo.write("raw/more.csv", "more\n")
    repo.write("raw/iris.csv", "1\n")
    repo.mlv("snapshot", "create", "iris", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    shutil.rmtree(repo / "data")
    repo.checkout("main")
    freeze(repo, "2\n", "--storage", "store")
    return repo


def rows(repo: Sandbox, version: str) -> dict[str, bytes]:
    folder = repo / f"data/snapshots/iris_{version}"
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("operation", ["merge", "rebase"])
def test_repair_prints_how_both_are_kept_where_the_store_has_the_bytes(apart_in_store: Sandbox, operation: str) -> None:
    repo = apart_in_store
    repo.git(operation, "other", check=False)

    follow(repo, repo.mlv("merge", "--repair", check=False))

    assert rows(repo, "v0.2") == {"iris.csv": b"2\n"}
    repo.mlv("pull", "iris@v0.1")
    assert rows(repo, "v0.1") == {"iris.csv": b"1\n", "more.csv": b"more\n"}
    assert_sound(repo)


def test_repair_prints_how_a_store_kept_one_that_comes_in_is_left_out(apart_in_store: Sandbox) -> None:
    apart_in_store.git("rebase", "other", check=False)

    follow(apart_in_store, apart_in_store.mlv("merge", "--repair", check=False), after="#")

    assert rows(apart_in_store, "v0.1") == {"iris.csv": b"1\n", "more.csv": b"more\n"}
    assert_sound(apart_in_store)


def test_renumbering_keeps_an_altered_file_whose_bytes_are_nowhere_else(apart_in_store: Sandbox) -> None:
    file = apart_in_store / "data/snapshots/iris_v0.1/iris.csv"
    file.chmod(0o644)
    file.write_text("3\n")

    refused = apart_in_store.mlv("renumber", "iris@v0.1", "v0.2", check=False)

    assert refused.status == 1
    assert "git mlv restore iris@v0.1" in refused.err
    assert file.read_text() == "3\n"


def test_a_rebase_after_the_number_was_given_away_is_led_out_by_a_merge(apart: Sandbox) -> None:
    apart.mlv("renumber", "iris@v0.1", "v0.2", "-m", "Make room")
    apart.git("rebase", "other", check=False)

    asked = apart.mlv("merge", "--repair", check=False)
    follow(apart, asked)

    assert "# or" not in asked.err  # without its first commit the second has nothing to renumber
    assert frozen(apart) == {"1\n", "2\n"}
    assert_sound(apart)


@pytest.mark.parametrize("operation", ["rebase", "cherry-pick", "am"])
def test_repair_prints_how_the_one_that_comes_in_is_left_out(apart: Sandbox, operation: str) -> None:
    if operation == "am":
        patch = apart.git("format-patch", "-1", "--stdout", "other").out
        apart.git("am", "-3", check=False, input=patch)
    else:
        apart.git(operation, "other", check=False)

    asked = apart.mlv("merge", "--repair", check=False)
    assert asked.status == 1
    follow(apart, asked, after="#" if operation == "rebase" else "")

    assert frozen(apart) == {"1\n" if operation == "rebase" else "2\n"}
    assert_sound(apart)


def test_a_pick_with_other_work_goes_on_without_what_clashes(apart: Sandbox) -> None:
    apart.checkout("other")
    apart.write("code.py", "1\n")
    apart.stage()
    apart.git("commit", "-q", "--amend", "-m", "Freeze and code")
    apart.checkout("main")
    apart.git("cherry-pick", "other", check=False)

    follow(apart, apart.mlv("merge", "--repair", check=False))

    apart.assert_committed("code.py", "1\n")
    assert frozen(apart) == {"2\n"}
    assert_sound(apart)


def test_the_same_files_with_other_notes_are_settled_and_the_merge_committed(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.commit("Set up")
    repo.branch("other")
    freeze(repo, "1\n", "--notes", "from there")
    repo.checkout("main")
    freeze(repo, "1\n", "--notes", "from here")
    repo.git("merge", "other", check=False)

    follow(repo, repo.mlv("merge", "--repair", check=False))

    assert "from here" in repo.git("show", f"HEAD:{MANIFEST}").out
    assert repo.git("rev-list", "--parents", "-1", "HEAD").out.count(" ") == 2
    assert_sound(repo)


def test_what_is_published_keeps_its_number(apart: Sandbox) -> None:
    apart.server()
    apart.git("merge", "other", check=False)

    follow(apart, apart.mlv("merge", "--repair", check=False))

    assert frozen(apart) == {"2\n"}
    assert_sound(apart)


@pytest.mark.parametrize("choice", ["markers", "HEAD", "MERGE_HEAD"])
def test_a_refused_merge_commit_prints_the_numbers_that_lead_out(apart: Sandbox, choice: str) -> None:
    apart.git("merge", "other", check=False)
    if choice == "markers":
        apart.stage()
    else:
        apart.git("restore", f"--source={choice}", "--staged", "--worktree", "--", "data")

    refused = apart.git("commit", "--no-edit", check=False)
    assert refused.status == 1
    take(apart, refused, "mend", "then go on")

    assert frozen(apart) == {"1\n", "2\n"}
    assert_sound(apart)


def test_check_names_what_leads_out_and_offers_to_freeze_no_markers(apart: Sandbox) -> None:
    apart.git("merge", "other", check=False)

    said = apart.mlv("check", check=False).said

    assert said.count("error MLV106") == 1
    assert "snapshot create" not in said
    assert "keep it: git mlv merge --repair" in said


def with_registries(repo: Sandbox) -> Sandbox:
    repo.mlv("init")
    repo.commit("Set up")
    for version in ("v0.1.0", "v0.2.0"):
        repo.write("raw/model.pkl", version)
        repo.mlv("model", "add", "iris_clf", version, "raw/model.pkl", "-m", "Add")
    shutil.rmtree(repo / "raw")
    repo.branch("other")
    repo.mlv("promote", "iris_clf", "v0.1.0", "production", "--tag")
    repo.checkout("main")
    repo.mlv("promote", "iris_clf", "v0.2.0", "production", "--tag")
    assert repo.git("merge", "other", check=False).status == 1
    return repo


def test_registries_that_both_sides_added_are_mended_from_the_refused_commit(repo: Sandbox) -> None:
    with_registries(repo)

    refused = repo.git("commit", "-am", "Merge", check=False)
    assert refused.status == 1
    take(repo, refused, "mend", "then go on")

    assert '"v0.2.0", "stage": "production"' in repo.git("show", f"HEAD:{REGISTRY}").out
    assert_sound(repo)


@pytest.mark.parametrize("version", ["v0.1.0", "v0.2.0"])
def test_registries_that_both_sides_added_are_mended_by_a_decision(repo: Sandbox, version: str) -> None:
    with_registries(repo)
    assert "keep it: git mlv merge --repair" in repo.mlv("check", check=False).said
    asked = repo.mlv("merge", "--repair", check=False).err
    (command,) = re.findall(rf"^hint: (.*={version})$", asked, re.MULTILINE)

    mended = repo.run("sh", "-c", command)
    (go_on,) = re.findall(r"next: (.*)", mended.said)
    repo.run("sh", "-c", go_on)

    assert f'"{version}", "stage": "production"' in repo.git("show", f"HEAD:{REGISTRY}").out
    assert_sound(repo)


def test_status_goes_on_with_what_git_is_in_the_middle_of(apart: Sandbox) -> None:
    apart.git("reset", "-q", "--hard", "HEAD~1")
    apart.write("code.py", "1\n")
    apart.commit("Code")
    apart.git("merge", "--no-commit", "other")

    assert "next: git commit --no-edit   (Git is in the middle of a merge)" in apart.mlv("status").out
