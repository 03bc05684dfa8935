"""`git mlv merge --repair` and the merge driver, in real merges, rebases and cherry-picks."""

import json
from pathlib import Path

import pytest

from tests.cli.registries import (
    REGISTRY,
    add,
    copy,
    in_conflict,
    plain_merge,
    promote,
    remove_driver,
    stages,
    with_model,
)
from tests.conftest import Playground, Sandbox

BOTH = {"v0.1.0": "archived", "v0.2.0": "archived", "v0.3.0": "production"}


def fork(repo: Sandbox) -> Sandbox:
    with_model(repo, "v0.1.0", "v0.2.0", "v0.3.0")
    repo.branch("other")
    promote(repo, "v0.3.0")
    repo.checkout("main")
    repo.branch("before")
    repo.checkout("main")
    promote(repo, "v0.2.0")
    return repo


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Made once, since it takes many commits."""
    return fork(Playground(tmp_path_factory.mktemp("template")).init())


@pytest.fixture
def forked(template: Sandbox, repo: Sandbox) -> Sandbox:
    """On main v0.2.0 was promoted, on the branch `other` v0.3.0; v0.1.0 was in production `before`."""
    return copy(template, repo)


@pytest.fixture
def before(forked: Sandbox) -> Sandbox:
    """Three versions, the first in production."""
    forked.checkout("before")
    forked.git("branch", "-qf", "main")
    return forked.checkout("main")


@pytest.fixture
def crowded(repo: Sandbox) -> Sandbox:
    """On main and on `other` another version was put into production by hand, so far apart that the lines merge."""
    repo.mlv("init", "--no-hooks")
    versions = {f"v0.{number}.0": "staging" for number in range(1, 8)}
    write_registry(repo, versions)
    repo.commit("Register versions")
    repo.branch("other")
    write_registry(repo, {**versions, "v0.7.0": "production"})
    repo.commit("Promote v0.7.0")
    repo.checkout("main")
    write_registry(repo, {**versions, "v0.4.0": "production"})
    repo.commit("Promote v0.4.0")
    return repo


def write_registry(repo: Sandbox, versions: dict[str, str]) -> None:
    lines = [json.dumps({"version": version, "stage": stage}) for version, stage in versions.items()]
    repo.write(REGISTRY, '{"name": "iris_clf", "versions": [\n' + ",\n".join(lines) + "\n]}\n")


def test_two_branches_that_each_promote_conflict_with_markers_and_no_choice_made(forked: Sandbox) -> None:
    merged = forked.git("merge", "other", check=False)

    assert merged.status == 1
    assert "one side put v0.2.0 in production, the other v0.3.0 (it was v0.1.0)" in merged.said
    assert "git mlv merge --repair" in merged.said
    text = forked.read(REGISTRY).decode()
    assert "<<<<<<< ours" in text
    assert ">>>>>>> theirs" in text
    assert in_conflict(forked)


def test_repair_stops_at_two_promotions_and_says_the_two_commands_that_decide(forked: Sandbox) -> None:
    forked.git("merge", "other", check=False)
    before = forked.read(REGISTRY)

    asked = forked.mlv("merge", "--repair", check=False)

    assert asked.status == 1
    assert "hint: git mlv merge --repair --take iris_clf=v0.2.0\n" in asked.err
    assert "hint: git mlv merge --repair --take iris_clf=v0.3.0\n" in asked.err
    assert forked.read(REGISTRY) == before
    assert in_conflict(forked)


def test_take_decides_archives_the_other_and_the_merge_can_be_committed(forked: Sandbox) -> None:
    forked.git("merge", "other", check=False)

    mended = forked.mlv("merge", "--repair", "--take", "iris_clf=v0.3.0")

    assert f"mended {REGISTRY} (staged)" in mended.out
    assert "next: git commit --no-edit" in mended.out
    assert stages(forked) == BOTH
    assert not in_conflict(forked)
    again = forked.mlv("merge", "--repair")
    assert "nothing to do" in again.out
    forked.assert_accepted("commit", "--no-edit")
    assert stages(forked, "HEAD") == BOTH
    assert "no findings" in forked.mlv("check", "--all").out


def test_what_stood_in_the_file_is_kept_aside(forked: Sandbox) -> None:
    forked.git("merge", "other", check=False)
    forked.write(REGISTRY, "half mended by hand\n")

    said = forked.mlv("merge", "--repair", "--take", "iris_clf=v0.2.0").out

    place = next(line.rpartition(" ")[2] for line in said.splitlines() if "is now in" in line)
    assert Path(place).read_text() == "half mended by hand\n"


def test_a_decision_for_what_neither_side_promoted_is_refused_with_the_choices(forked: Sandbox) -> None:
    forked.git("merge", "other", check=False)

    refused = forked.mlv("merge", "--repair", "--take", "iris_clf=v0.1.0", check=False)

    assert refused.status == 2
    assert "--take iris_clf=v0.3.0" in refused.err
    assert in_conflict(forked)


@pytest.mark.parametrize("word", ["iris_clf", "iris_clf=", "=v0.1.0", "iris_clf=yesterday", "iris_cfl=v0.2.0"])
def test_a_decision_that_cannot_be_read_is_a_usage_error(forked: Sandbox, word: str) -> None:
    forked.git("merge", "other", check=False)

    assert forked.mlv("merge", "--repair", "--take", word, check=False).status == 2


def test_one_promotes_and_the_other_adds_a_version_without_a_conflict(before: Sandbox) -> None:
    repo = before
    repo.branch("more")
    add(repo, "v0.4.0")
    repo.mlv("promote", "iris_clf", "v0.4.0", "staging", "--tag")
    repo.checkout("main")
    promote(repo, "v0.2.0")

    repo.git("merge", "--no-edit", "more")

    assert stages(repo) == {"v0.1.0": "archived", "v0.2.0": "production", "v0.4.0": "staging"}
    assert "no findings" in repo.mlv("check", "--all").out


def test_comments_of_both_sides_are_united_in_order_of_time(before: Sandbox) -> None:
    repo = before
    repo.branch("more")
    repo.mlv("comment", "iris_clf@v0.1.0", "from the other", "-m", "", SOURCE_DATE_EPOCH="1767300000")
    repo.checkout("main")
    repo.mlv("comment", "iris_clf@v0.1.0", "from main", "-m", "", SOURCE_DATE_EPOCH="1767200000")

    repo.git("merge", "--no-edit", "more")

    entry = json.loads(repo.read(REGISTRY))["versions"][0]
    assert [comment["text"] for comment in entry["comments"]] == ["from main", "from the other"]


def test_without_the_driver_a_text_conflict_is_mended_from_the_index(before: Sandbox) -> None:
    repo = before
    repo.branch("more")
    repo.mlv("comment", "iris_clf@v0.1.0", "from the other", "-m", "")
    repo.checkout("main")
    repo.mlv("comment", "iris_clf@v0.1.0", "from main", "-m", "")
    remove_driver(repo)
    assert repo.git("merge", "more", check=False).status == 1

    repo.mlv("merge", "--repair")

    entry = json.loads(repo.read(REGISTRY))["versions"][0]
    assert {comment["text"] for comment in entry["comments"]} == {"from main", "from the other"}
    repo.assert_accepted("commit", "--no-edit")


def test_markers_that_were_staged_as_they_stand_are_mended_from_the_merged_commits(forked: Sandbox) -> None:
    remove_driver(forked)
    forked.git("merge", "other", check=False)
    forked.git("add", REGISTRY)
    forked.assert_refused("commit", "--no-edit", because="MLV106")

    assert forked.mlv("merge", "--repair", check=False).status == 1
    forked.mlv("merge", "--repair", "--take", "iris_clf=v0.3.0")

    assert stages(forked) == BOTH
    forked.assert_accepted("commit", "--no-edit")


def test_two_productions_of_a_committed_text_merge_are_mended_from_its_parents(crowded: Sandbox) -> None:
    assert plain_merge(crowded, "other") == 0
    assert list(stages(crowded).values()).count("production") == 2

    asked = crowded.mlv("merge", "--repair", check=False)

    assert asked.status == 1
    assert "--take iris_clf=v0.4.0" in asked.err
    crowded.mlv("merge", "--repair", "--take", "iris_clf=v0.7.0")
    crowded.git("commit", "-qm", "Decide for v0.7.0")
    assert {version for version, stage in stages(crowded, "HEAD").items() if stage == "production"} == {"v0.7.0"}
    assert stages(crowded)["v0.4.0"] == "archived"


def test_two_productions_with_nothing_but_the_file_are_decided_too(crowded: Sandbox) -> None:
    plain_merge(crowded, "other")
    crowded.write("notes.txt", "a commit after the merge\n")
    crowded.commit("Go on")
    assert "are all in production" in crowded.mlv("merge", "--repair", check=False).err

    crowded.mlv("merge", "--repair", "--take", "iris_clf=v0.4.0")

    assert {version for version, stage in stages(crowded).items() if stage == "production"} == {"v0.4.0"}


def test_the_driver_puts_markers_where_the_lines_alone_would_merge_cleanly(crowded: Sandbox) -> None:
    crowded.mlv("install")

    merged = crowded.git("merge", "other", check=False)

    assert merged.status == 1
    text = crowded.read(REGISTRY).decode()
    assert "<<<<<<< ours" in text
    assert '"version": "v0.1.0"' in text


def test_merge_tree_asks_the_driver_and_gets_a_clean_answer_on_standard_output(before: Sandbox) -> None:
    repo = before
    repo.branch("more")
    repo.mlv("comment", "iris_clf@v0.1.0", "from the other", "-m", "")
    repo.checkout("main")
    promote(repo, "v0.2.0")
    if repo.git("merge-tree", "--write-tree", "main", "main", check=False).status:
        pytest.skip("this Git has no merge-tree --write-tree")

    tree = repo.git("merge-tree", "--write-tree", "main", "more").out.strip()

    text = repo.git("show", f"{tree}:{REGISTRY}").out
    assert "from the other" in text
    assert stages(repo, tree) == {"v0.1.0": "archived", "v0.2.0": "production"}


def test_a_rebase_in_conflict_is_mended_and_goes_on(forked: Sandbox) -> None:
    forked.checkout("other")
    assert forked.git("rebase", "main", check=False).status == 1
    assert in_conflict(forked)

    mended = forked.mlv("merge", "--repair", "--take", "iris_clf=v0.3.0")

    assert "next: git rebase --continue" in mended.out
    forked.assert_accepted("rebase", "--continue")
    assert stages(forked, "other") == BOTH
    assert "no findings" in forked.mlv("check", "main..other").out


def test_a_cherry_pick_in_conflict_is_mended_and_goes_on(forked: Sandbox) -> None:
    assert forked.git("cherry-pick", "other", check=False).status == 1

    mended = forked.mlv("merge", "--repair", "--take", "iris_clf=v0.3.0")

    assert "next: git cherry-pick --continue" in mended.out
    forked.assert_accepted("cherry-pick", "--continue")
    assert stages(forked, "HEAD") == BOTH


def test_a_staged_cherry_pick_with_markers_is_mended_from_the_commits(forked: Sandbox) -> None:
    remove_driver(forked)
    forked.git("cherry-pick", "other", check=False)
    forked.git("add", REGISTRY)

    forked.mlv("merge", "--repair", "--take", "iris_clf=v0.2.0")

    assert stages(forked)["v0.2.0"] == "production"


def test_one_path_is_mended_and_the_rest_left(forked: Sandbox) -> None:
    forked.git("merge", "other", check=False)

    forked.mlv("merge", "--repair", "registry.json", "--take", "iris_clf=v0.3.0", cwd=forked / "models/iris_clf")

    assert stages(forked) == BOTH
    assert forked.mlv("merge", "--repair", "mlv.yaml", check=False).status == 2


def test_a_text_that_cannot_be_read_is_merged_by_lines_as_git_does(forked: Sandbox) -> None:
    for name, text in (("base", "a\nb\nc\nd\ne\n"), ("ours", "A\nb\nc\nd\ne\n"), ("theirs", "a\nb\nc\nd\nE\n")):
        forked.write(name, text)

    ran = forked.mlv("merge-driver", "base", "ours", "theirs", "7", REGISTRY, check=False)

    assert ran.status == 1  # no JSON: a person has to look, though the lines fit
    assert forked.read("ours") == b"A\nb\nc\nd\nE\n"
    assert ran.out == ""


def test_the_marker_size_is_the_one_that_git_asks_for(forked: Sandbox) -> None:
    for name, text in (("base", "a\n"), ("ours", "b\n"), ("theirs", "c\n")):
        forked.write(name, text)

    forked.mlv("merge-driver", "base", "ours", "theirs", "11", REGISTRY, check=False)

    assert forked.read("ours").startswith(b"<<<<<<<<<<< ours\n")


def test_merge_without_repair_is_a_usage_error_that_names_it(repo: Sandbox) -> None:
    refused = repo.mlv("merge", check=False)

    assert refused.status == 2
    assert "git mlv merge --repair" in refused.err


def test_json_says_what_was_mended_and_what_is_undecided(forked: Sandbox) -> None:
    forked.git("merge", "other", check=False)

    asked = json.loads(forked.mlv("merge", "--repair", "--json", check=False).out)
    mended = json.loads(forked.mlv("merge", "--repair", "--json", "--take", "iris_clf=v0.3.0").out)

    assert asked["undecided"][0]["choices"] == ["v0.2.0", "v0.3.0"]
    assert asked["operation"] == "merge"
    assert [(each["path"], each["source"]) for each in mended["mended"]] == [(REGISTRY, "index")]
