"""`git mlv discard` and `git mlv renumber`, with the real hooks."""

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Playground, Sandbox

IRIS = "data/snapshots/iris_v0.1/iris.csv"
MANIFEST = "data/snapshots/iris_v0.1.manifest.json"
REGISTRY = "models/iris_clf/registry.json"


@pytest.fixture
def published(repo: Sandbox) -> Sandbox:
    """iris v0.1 is on the server's main branch; hooks are installed."""
    repo.mlv("init")
    repo.git("commit", "-qm", "Set up mlvgit")
    freeze(repo, "v0.1", "5.1,3.5\n")
    repo.server()
    return repo


def freeze(repo: Sandbox, version: str, data: str, *options: str) -> None:
    repo.write("raw/iris.csv", data)
    repo.mlv("snapshot", "create", "iris", version, "raw/iris.csv", "-m", f"Freeze {version}", *options)


def add_model(repo: Sandbox, version: str, *options: str) -> None:
    repo.write("out/model.pkl", f"weights {version}\n")
    repo.mlv("model", "add", "iris_clf", version, "out/model.pkl", "-m", f"Add {version}", *options)


def listed(repo: Sandbox, at: str = "HEAD") -> list[str]:
    names = repo.git("ls-tree", "--name-only", at, "data/snapshots/").out.split()
    return sorted(name.rpartition("/")[2] for name in names)


# discard


def test_what_is_published_is_not_taken_back(published: Sandbox) -> None:
    refused = published.mlv("discard", "iris@v0.1", check=False)

    assert refused.status == 1
    assert "is published on a protected branch" in refused.err
    assert (published / IRIS).exists()


def test_an_unpublished_version_is_moved_aside_and_the_commit_is_accepted(published: Sandbox) -> None:
    freeze(published, "v0.2", "5.2,3.5\n")
    published.write("train.py", "not staged\n")

    said = published.mlv("discard", "iris@v0.2", "-m", "Take v0.2 back").out

    place = Path(next(line.rpartition(" ")[2] for line in said.splitlines() if "is now in" in line))
    assert (place / "iris_v0.2" / "iris.csv").read_text() == "5.2,3.5\n"
    assert (place / "iris_v0.2.manifest.json").exists()
    assert listed(published) == ["iris_v0.1", "iris_v0.1.manifest.json"]
    assert published.git("log", "-1", "--format=%s").out == "Take v0.2 back\n"
    assert "train.py" in published.git("status", "--porcelain").out
    published.push("origin", "main")


def test_without_the_command_the_same_commit_is_refused(published: Sandbox) -> None:
    freeze(published, "v0.2", "5.2,3.5\n")
    published.git("rm", "-rqf", "data/snapshots/iris_v0.2", "data/snapshots/iris_v0.2.manifest.json")

    published.assert_refused("commit", "-qm", "Drop it", because="git mlv discard iris@v0.2")
    published.mlv("discard", "iris@v0.2")

    published.assert_accepted("commit", "-qm", "Drop it")


def test_a_version_that_was_only_staged_is_taken_back_with_nothing_to_commit(published: Sandbox) -> None:
    published.write("raw/iris.csv", "5.3\n")
    published.mlv("snapshot", "create", "iris", "v0.2", "raw/iris.csv")

    said = published.mlv("discard", "iris@v0.2", "-m", "Never mind").out

    assert "committed" not in said
    assert published.git("diff", "--cached", "--name-only").out == ""
    assert published.mlv("discard", "iris@v0.2", check=False).status == 2


def test_a_second_discard_moves_nothing_and_says_so(published: Sandbox) -> None:
    freeze(published, "v0.2", "5.2,3.5\n")
    published.mlv("discard", "iris@v0.2")

    assert "nothing to move" in published.mlv("discard", "iris@v0.2").out


def test_the_commit_that_froze_it_is_amended(published: Sandbox) -> None:
    freeze(published, "v0.2", "5.2,3.5\n")
    published.mlv("discard", "iris@v0.2")
    published.write("raw/iris.csv", "5.25,3.5\n")
    published.mlv("snapshot", "create", "iris", "v0.2", "raw/iris.csv", "--replace")

    published.assert_accepted("commit", "--amend", "--no-edit")

    published.assert_committed("data/snapshots/iris_v0.2/iris.csv", "5.25,3.5\n")
    published.push("origin", "main")


def test_a_fixup_is_squashed_into_the_commit_that_froze_it(published: Sandbox) -> None:
    freeze(published, "v0.2", "5.2,3.5\n")
    wrong = published.head()
    published.write("train.py", "print()\n")
    published.commit("Train")
    published.mlv("discard", "iris@v0.2")
    published.write("more.py", "print()\n")
    published.git("add", "more.py")
    published.git("commit", "-qm", f"fixup! {published.git('log', '-1', '--format=%s', wrong).out.strip()}")

    published.git("rebase", "-i", "--autosquash", "origin/main", GIT_SEQUENCE_EDITOR="true")

    assert listed(published) == ["iris_v0.1", "iris_v0.1.manifest.json"]
    published.assert_committed("train.py", "print()\n")
    published.push("origin", "main")


def test_the_commit_that_froze_it_is_dropped_in_a_rebase(published: Sandbox) -> None:
    freeze(published, "v0.2", "5.2,3.5\n")
    published.write("train.py", "print()\n")
    published.commit("Train")

    published.git("rebase", "--onto", "HEAD~2", "HEAD~1")

    assert listed(published) == ["iris_v0.1", "iris_v0.1.manifest.json"]
    published.push("origin", "main")


def test_a_model_version_goes_with_its_dev_entry_and_the_run_that_names_it_is_told(published: Sandbox) -> None:
    add_model(published, "v0.1.0", "--data", "iris@v0.1")
    add_model(published, "v0.2.0", "--data", "iris@v0.1")
    published.mlv("comment", "iris_clf@v0.1.0", "fine", "-m", "")
    published.mlv("comment", "iris_clf@v0.2.0", "not so fine", "-m", "")
    published.mlv("record", "iris_clf", "v0.2.0", "--id", "r2", "-m", "")

    ran = published.mlv("discard", "iris_clf@v0.2.0", "-m", "Wrong data")

    assert "run r2 still names iris_clf@v0.2.0" in ran.err
    assert [each["version"] for each in json.loads(published.read(REGISTRY))["versions"]] == ["v0.1.0"]
    published.refute_committed("models/iris_clf/v0.2.0/model.pkl")


def test_the_only_entry_goes_with_its_registry(published: Sandbox) -> None:
    add_model(published, "v0.1.0")
    published.mlv("comment", "iris_clf@v0.1.0", "fine", "-m", "")

    published.mlv("discard", "iris_clf@v0.1.0", "-m", "Start over")

    published.refute_committed(REGISTRY)
    assert published.git("status", "--porcelain", "--untracked-files=no").out == ""


def test_what_is_in_a_stage_is_refused_until_it_is_archived(published: Sandbox) -> None:
    add_model(published, "v0.1.0")
    published.mlv("promote", "iris_clf", "v0.1.0", "staging", "--tag")
    published.git("tag", "-d", "iris_clf@v0.1.0")

    refused = published.mlv("discard", "iris_clf@v0.1.0", check=False)
    assert refused.status == 1
    published.run("sh", "-c", refused.err.partition("hint: ")[2].partition("   (")[0])
    published.mlv("discard", "iris_clf@v0.1.0", "-m", "Take it back")

    published.refute_committed("models/iris_clf/v0.1.0/model.pkl")


def test_a_tagged_version_is_published_until_its_tag_is_deleted(published: Sandbox) -> None:
    add_model(published, "v0.1.0")
    published.mlv("tag-model", "iris_clf", "v0.1.0")

    refused = published.mlv("discard", "iris_clf@v0.1.0", check=False)

    assert refused.status == 1
    assert "git tag -d iris_clf@v0.1.0" in refused.err
    published.git("tag", "-d", "iris_clf@v0.1.0")
    published.mlv("discard", "iris_clf@v0.1.0", "-m", "Take it back")


def test_a_reference_must_say_which_version(published: Sandbox) -> None:
    for reference in ("iris", "iris@latest", "iris_clf@production", "iris@v9.9"):
        assert published.mlv("discard", reference, check=False).status == 2


def test_the_shared_manifest_of_the_course_goes_back_to_the_version_before(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.git("commit", "-qm", "Set up mlvgit")
    freeze(repo, "v0.1", "5.1\n")
    os.rename(repo / MANIFEST, repo / "data/snapshots/manifest.json")
    repo.commit("By hand, as in the course", "--no-verify")
    freeze(repo, "v0.2", "5.2\n")
    assert json.loads(repo.read("data/snapshots/manifest.json"))["version"] == "v0.2"

    repo.mlv("discard", "iris@v0.2", "-m", "Take it back")

    assert json.loads(repo.read("data/snapshots/manifest.json"))["version"] == "v0.1"
    assert "no findings" in repo.mlv("check", "--all").out


# renumber


@pytest.fixture
def overtaken(published: Sandbox, playground: Playground) -> Sandbox:
    """Somebody else has published iris v0.2; ours, which a model and a run name, is committed and not pushed."""
    other = Sandbox(playground, playground.folder / "other")
    playground.run("git", "clone", "-q", str(playground.folder / "server.git"), str(other.path), cwd=playground.folder)
    freeze(other, "v0.2", "theirs\n")
    other.push("origin", "main")
    freeze(published, "v0.2", "ours\n", "--from", "iris@v0.1")
    add_model(published, "v0.1.0", "--data", "iris@v0.2")
    published.mlv("comment", "iris_clf@v0.1.0", "fine", "-m", "")
    published.mlv("record", "iris_clf", "v0.1.0", "--id", "r1", "-m", "")
    published.git("fetch", "-q")
    return published


def test_ours_gets_the_next_number_with_everything_that_names_it_and_both_merge(overtaken: Sandbox) -> None:
    before = json.loads(overtaken.read("data/snapshots/iris_v0.2.manifest.json"))["tree_sha256"]

    said = overtaken.mlv("renumber", "iris@v0.2", "v0.3", "-m", "Make room")

    assert "iris@v0.2 is iris@v0.3 now" in said.out
    manifest = json.loads(overtaken.read("data/snapshots/iris_v0.3.manifest.json"))
    assert (manifest["version"], manifest["tree_sha256"]) == ("v0.3", before)
    assert manifest["files"][0]["path"] == "data/snapshots/iris_v0.3/iris.csv"
    assert json.loads(overtaken.read("models/iris_clf/v0.1.0.manifest.json"))["derived_from"] == ["iris_v0.3"]
    assert json.loads(overtaken.read(REGISTRY))["versions"][0]["data_snapshots"] == ["iris_v0.3"]
    assert b"iris_v0.3" in overtaken.read("runs/r1.yaml")
    assert overtaken.git("status", "--porcelain", "--untracked-files=no").out == ""
    overtaken.assert_accepted("merge", "--no-edit", "origin/main")
    assert overtaken.read("data/snapshots/iris_v0.2/iris.csv") == b"theirs\n"
    assert overtaken.read("data/snapshots/iris_v0.3/iris.csv") == b"ours\n"
    overtaken.mlv("verify")
    assert "error" not in overtaken.mlv("check", "--all").out
    overtaken.push("origin", "main")


def test_the_commits_of_both_numbers_are_squashed_and_rebased(published: Sandbox) -> None:
    freeze(published, "v0.2", "ours\n")
    published.mlv("renumber", "iris@v0.2", "v0.3", "-m", "fixup! Freeze v0.2")

    published.git("rebase", "-i", "--autosquash", "origin/main", GIT_SEQUENCE_EDITOR="true")

    assert listed(published)[2:] == ["iris_v0.3", "iris_v0.3.manifest.json"]
    published.push("origin", "main")


def test_the_renumbering_is_amended_into_the_commit_that_froze_it(published: Sandbox) -> None:
    freeze(published, "v0.2", "ours\n")
    published.mlv("renumber", "iris@v0.2", "v0.3")

    published.assert_accepted("commit", "--amend", "--no-edit")

    assert listed(published)[2:] == ["iris_v0.3", "iris_v0.3.manifest.json"]


def test_a_model_version_keeps_its_stage_and_its_comments(published: Sandbox) -> None:
    add_model(published, "v0.1.0")
    published.mlv("promote", "iris_clf", "v0.1.0", "staging", "--tag", "-m", "Try it")
    published.git("tag", "-d", "iris_clf@v0.1.0")
    published.mlv("comment", "iris_clf@v0.1.0", "fine", "-m", "")
    published.mlv("record", "iris_clf", "v0.1.0", "--id", "r1", "--data", "iris@v0.1", "-m", "")

    published.mlv("renumber", "iris_clf@v0.1.0", "v0.1.1", "-m", "Make room")
    published.mlv("tag-model", "iris_clf", "v0.1.1")

    (entry,) = json.loads(published.read(REGISTRY))["versions"]
    assert (entry["version"], entry["stage"], entry["comments"][0]["text"]) == ("v0.1.1", "staging", "fine")
    assert b"model_version: v0.1.1" in published.read("runs/r1.yaml")
    assert "error" not in published.mlv("check", "origin/main..HEAD").out


def test_a_document_written_by_hand_is_named_and_not_rewritten(published: Sandbox) -> None:
    freeze(published, "v0.2", "ours\n")
    text = (
        f"run_id: r1   # by hand\ncode_commit: {published.head()}\ndata_snapshot: iris_v0.2\nparams: {{}}\nenv: {{}}\n"
    )
    text += "outputs: {metrics: {}}\n"
    published.write("runs/r1.yaml", text)

    ran = published.mlv("renumber", "iris@v0.2", "v0.3")

    assert "runs/r1.yaml still names iris@v0.2" in ran.err
    assert published.read("runs/r1.yaml").decode() == text


@pytest.mark.parametrize(
    ("reference", "version", "status", "why"),
    [
        ("iris@v0.1", "v0.3", 1, "is published"),
        ("iris@v0.2", "v0.1", 1, "there is a iris@v0.1 already"),
        ("iris@v0.2", "v0.2.0", 2, "has that number already"),
        ("iris@v0.2", "next", 2, "is not a snapshot version"),
        ("iris@v0.7", "v0.8", 2, "has no version"),
    ],
)
def test_a_number_that_cannot_be_given_is_refused(
    published: Sandbox, reference: str, version: str, status: int, why: str
) -> None:
    freeze(published, "v0.2", "ours\n")

    refused = published.mlv("renumber", reference, version, check=False)

    assert (refused.status, why in refused.err) == (status, True), refused.err
    assert published.git("status", "--porcelain", "--untracked-files=no").out == ""


def test_altered_files_are_not_given_a_new_number(published: Sandbox) -> None:
    freeze(published, "v0.2", "ours\n")
    (published / "data/snapshots/iris_v0.2/iris.csv").chmod(0o644)
    published.write("data/snapshots/iris_v0.2/iris.csv", "altered\n")

    refused = published.mlv("renumber", "iris@v0.2", "v0.3", check=False)

    assert refused.status == 1
    assert "git mlv restore iris@v0.2" in refused.err


def test_an_interrupted_renumbering_is_ended_by_the_same_command(published: Sandbox) -> None:
    freeze(published, "v0.2", "ours\n")
    published.mlv("renumber", "iris@v0.2", "v0.3")
    published.git("reset", "-q")  # the index was not reached
    published.write(
        "data/snapshots/iris_v0.2.manifest.json",
        published.git("show", "HEAD:data/snapshots/iris_v0.2.manifest.json").out,
    )

    published.mlv("renumber", "iris@v0.2", "v0.3")

    published.assert_accepted("commit", "-qm", "Renumber")
    assert listed(published)[2:] == ["iris_v0.3", "iris_v0.3.manifest.json"]
    published.mlv("verify")


def test_a_second_renumbering_has_nothing_to_do(published: Sandbox) -> None:
    freeze(published, "v0.2", "ours\n")
    published.mlv("renumber", "iris@v0.2", "v0.3")

    assert "nothing to do" in published.mlv("renumber", "iris@v0.2", "v0.3").out


def test_json_says_what_was_done(published: Sandbox) -> None:
    freeze(published, "v0.2", "ours\n")

    renumbered = json.loads(published.mlv("renumber", "iris@v0.2", "v0.3", "--json").out)
    discarded = json.loads(published.mlv("discard", "iris@v0.3", "--json").out)

    assert (renumbered["before"], renumbered["after"]) == ("iris@v0.2", "iris@v0.3")
    assert discarded["ref"] == "iris@v0.3"
    assert Path(discarded["set_aside"]).is_dir()


def test_who_was_made_from_it_is_named(repo: Sandbox) -> None:
    repo.write("a.csv", "1\n")
    repo.mlv("snapshot", "create", "flowers", "v0.1", "a.csv", "-m", "Freeze")
    repo.write("b.csv", "2\n")
    repo.mlv("snapshot", "create", "flowers", "v0.2", "--base", "flowers@v0.1", "--add", "b.csv", "-m", "More")

    assert "flowers@v0.2 still names flowers@v0.1" in repo.mlv("discard", "flowers@v0.1").said
