"""Every state in which a refusal leaves Git: what is judged there, and the printed way out, taken."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mlvgit.hooks.states import STATES, Refused, way_out, way_out_of
from tests.conftest import Ran
from tests.hooks.conftest import FROZEN, Guarded

SEQUENCE = "GIT_SEQUENCE_EDITOR"


def refused(guarded: Guarded, *args: str, state: str, **more: str) -> Ran:
    """Run Git, which must be refused and print the way out of `state`."""
    ran = guarded.repo.git(*args, check=False, **more)
    assert ran.status != 0, ran.said
    assert "STUB REFUSES" in ran.err, ran.said
    ways = [way_out(state, Refused([FROZEN], known, alone=alone)) for alone in (False, True) for known in (None, ())]
    assert any(way in ran.err for way in ways), ran.err
    return ran


def take(guarded: Guarded, state: str, *kinds: str) -> None:
    """Run the commands of a way out, as a shell would."""
    found = way_out_of(state, Refused([FROZEN]))
    for kind in kinds:
        commands = getattr(found, kind)
        assert commands, (state, kind)
        for command in commands:
            ran = guarded.repo.run("sh", "-c", command, check=False)
            assert ran.status == 0, f"{command}\n{ran.said}"


def settled(guarded: Guarded) -> None:
    """Fail unless no operation is under way and nothing is staged."""
    state = guarded.repo.git("status", "--porcelain=v1", "--untracked-files=no").out
    assert state == ""
    assert not (guarded.repo / ".git/rebase-merge").exists()
    assert not (guarded.repo / ".git/rebase-apply").exists()
    assert not (guarded.repo / ".git/MERGE_MSG").exists()


# Commits


COMMITS = {
    "commit": ("commit", "-m", "x"),
    "commit-all": ("commit", "-a", "-m", "x"),
    "commit-path": ("commit", "-m", "x", FROZEN),
    "amend": ("commit", "--amend", "--no-edit"),
    "amend-all": ("commit", "-a", "--amend", "--no-edit"),
    "amend-path": ("commit", "--amend", "--no-edit", FROZEN),
}


@pytest.mark.parametrize("state", COMMITS)
def test_a_refused_commit_is_undone(guarded: Guarded, state: str) -> None:
    head = guarded.repo.head()
    guarded.repo.write(FROZEN, "bad\n")
    if state in ("commit", "amend"):
        guarded.repo.stage(FROZEN)

    refused(guarded, *COMMITS[state], state=state)
    take(guarded, state, "undo")

    assert guarded.repo.head() == head
    assert guarded.repo.read(FROZEN) == b"good\n"
    settled(guarded)


@pytest.mark.parametrize("state", COMMITS)
def test_a_refused_commit_is_mended_and_made(guarded: Guarded, state: str) -> None:
    guarded.repo.write(FROZEN, "bad\n")
    guarded.repo.write("a", "2\n")
    guarded.repo.stage("a")
    if state in ("commit", "amend"):
        guarded.repo.stage(FROZEN)
    parent = guarded.repo.head("HEAD~1" if state.startswith("amend") else "HEAD")
    refused(guarded, *COMMITS[state], state=state)

    guarded.repo.write(FROZEN, "better\n")
    for command in way_out_of(state, Refused([FROZEN])).go_on:
        guarded.repo.run("sh", "-c", command, GIT_EDITOR="sh -c 'echo subject >\"$0\"'")

    assert guarded.frozen() == "better"
    assert guarded.repo.head("HEAD~1") == parent


@pytest.mark.skipif(sys.platform != "linux", reason="nothing else shows the words of a process so")
def test_an_amend_is_known_by_its_words_and_not_by_its_date(guarded: Guarded) -> None:
    guarded.repo.write(FROZEN, "bad\n")
    guarded.repo.stage(FROZEN)
    date = guarded.repo.git("log", "-1", "--format=@%ad", "--date=raw").out.strip()

    plain = guarded.repo.run("git", "commit", "-m", "x", check=False, GIT_AUTHOR_DATE=date)
    amended = guarded.repo.run("git", "commit", "--amend", "--no-edit", "--reset-author", check=False)

    assert "nothing was committed" in plain.err
    assert "nothing was amended" in amended.err


def test_a_refused_first_commit_is_undone_without_losing_a_file(guarded: Guarded) -> None:
    guarded.unguarded("checkout", "-q", "--orphan", "fresh")
    guarded.repo.write(FROZEN, "bad\n")
    guarded.repo.stage(FROZEN)

    refused(guarded, "commit", "-m", "x", state="first")
    take(guarded, "first", "undo")

    assert guarded.repo.read(FROZEN) == b"bad\n"
    assert guarded.repo.git("ls-files", FROZEN).out == ""
    guarded.repo.git("commit", "-qm", "the rest")


def test_undoing_a_commit_of_a_new_file_keeps_it_on_disk(guarded: Guarded) -> None:
    guarded.unguarded("rm", "-q", FROZEN)
    guarded.sneak("without")
    guarded.repo.write(FROZEN, "bad\n")
    guarded.repo.stage(FROZEN)
    refused(guarded, "commit", "-m", "x", state="commit")

    guarded.repo.run("sh", "-c", way_out_of("commit", Refused([FROZEN])).undo[0])

    assert guarded.repo.read(FROZEN) == b"bad\n"


def test_commands_printed_in_a_subfolder_work_there(guarded: Guarded) -> None:
    guarded.repo.write(FROZEN, "bad\n")
    guarded.repo.write("deep/er/x", "1\n")
    below = guarded.repo / "deep/er"

    ran = guarded.repo.run("git", "commit", "-am", "x", cwd=below, check=False)
    assert f":/{FROZEN}" in ran.err
    for command in way_out_of("commit-all", Refused([f":/{FROZEN}"])).undo:
        guarded.repo.run("sh", "-c", command, cwd=below)

    assert guarded.repo.read(FROZEN) == b"good\n"


def test_commit_no_verify_judges_nothing(guarded: Guarded) -> None:
    guarded.repo.write(FROZEN, "bad\n")

    guarded.repo.git("commit", "-qnam", "I know")

    assert guarded.asked() == []


# Merges


def test_a_clean_merge_is_judged_against_both_parents(guarded: Guarded) -> None:
    ours, theirs = guarded.repo.head(), guarded.repo.head("side")

    refused(guarded, "merge", "--no-edit", "side", state="merge")

    assert [line["parents"] for line in guarded.asked("pre-merge-commit")] == [[ours, theirs]]


def test_an_octopus_is_judged_against_every_parent(guarded: Guarded) -> None:
    guarded.checkout("-b", "third", "main~1")
    guarded.sneak("third", t="1")
    guarded.checkout("main")
    heads = {guarded.repo.head(), guarded.repo.head("side"), guarded.repo.head("third")}

    refused(guarded, "merge", "--no-edit", "side", "third", state="merge")

    assert [set(line["parents"]) for line in guarded.asked("pre-merge-commit")] == [heads]


def test_a_merge_that_drops_what_the_other_side_has_is_judged(guarded: Guarded) -> None:
    guarded.checkout("side")
    guarded.sneak("good again, and new", frozen="newer")
    guarded.checkout("main")

    guarded.repo.git("merge", "-q", "--no-edit", "-s", "ours", "side")

    assert len(guarded.asked("pre-merge-commit")) == 1


def test_a_merge_of_nothing_ours_asks_no_guard(guarded: Guarded) -> None:
    guarded.repo.git("merge", "-q", "--no-edit", "side~2")

    assert guarded.asked() == []


@pytest.mark.parametrize("kinds", [("undo",), ("mend", "go_on")], ids=["undo", "mend"])
def test_the_way_out_of_a_merge(guarded: Guarded, kinds: tuple[str, ...]) -> None:
    refused(guarded, "merge", "--no-edit", "side", state="merge")

    take(guarded, "merge", *kinds)

    settled(guarded)
    assert guarded.frozen() == "good"
    assert guarded.subjects(1) == [{"undo": "main goes on", "mend": "Merge branch 'side'"}[kinds[0]]]


def test_a_resolved_merge_is_judged_against_both_parents(guarded: Guarded) -> None:
    guarded.sneak("conflicts", w="other")
    parents = [guarded.repo.head(), guarded.repo.head("side")]
    guarded.repo.git("merge", "side", check=False)
    guarded.repo.write("w", "resolved\n")
    guarded.repo.stage("w")
    guarded.asked()

    refused(guarded, "commit", "--no-edit", state="merge")

    assert [line["parents"] for line in guarded.asked("pre-commit")] == [parents]
    refused(guarded, "merge", "--continue", state="merge")
    take(guarded, "merge", "mend", "go_on")
    settled(guarded)


def test_merge_no_verify_judges_nothing(guarded: Guarded) -> None:
    guarded.repo.git("merge", "-q", "--no-edit", "--no-verify", "side")

    assert guarded.asked() == []


# Picks


@pytest.mark.parametrize("date", ["2026-01-01T00:00:00Z", "@1767225600 +0000"], ids=["plain", "with-at"])
@pytest.mark.parametrize("options", [(), ("-x",), ("-e",), ("-s",)], ids=lambda options: "".join(options) or "plain")
def test_a_clean_cherry_pick_is_judged(guarded: Guarded, options: tuple[str, ...], date: str) -> None:
    refused(guarded, "cherry-pick", *options, "side~1", state="cherry-pick", GIT_AUTHOR_DATE=date)


@pytest.mark.parametrize("kinds", [("undo",), ("skip",), ("mend", "go_on")], ids=["undo", "skip", "mend"])
@pytest.mark.parametrize("commits", ["side~1", "side~3..side"])
def test_the_way_out_of_a_cherry_pick(guarded: Guarded, kinds: tuple[str, ...], commits: str) -> None:
    refused(guarded, "cherry-pick", commits, state="cherry-pick")

    take(guarded, "cherry-pick", *kinds)

    settled(guarded)
    assert guarded.frozen() == "good"
    assert ("side breaks" in guarded.subjects()) == (kinds[0] == "mend")
    assert ("side three" in guarded.subjects()) == (kinds[0] != "undo" and ".." in commits)


def test_a_resolved_cherry_pick_is_judged_by_pre_commit_once(guarded: Guarded) -> None:
    guarded.sneak("conflicts", w="other")
    guarded.repo.git("cherry-pick", "side~1", check=False)
    guarded.repo.write("w", "resolved\n")
    guarded.repo.stage("w")
    guarded.asked()

    refused(guarded, "cherry-pick", "--continue", state="cherry-pick")
    assert [line["event"] for line in guarded.asked()] == ["pre-commit"]

    take(guarded, "cherry-pick", "mend", "go_on")
    settled(guarded)


@pytest.mark.parametrize("options", [("--no-edit",), ("-m", "mine")], ids=["kept-message", "own-message"])
def test_somebodys_own_commit_no_verify_in_a_stopped_cherry_pick_is_let_through(
    guarded: Guarded, options: tuple[str, ...]
) -> None:
    guarded.repo.git("cherry-pick", "side~1", check=False)
    guarded.asked()

    guarded.repo.git("commit", "-q", "--no-verify", *options)

    assert guarded.asked() == []


def test_cherry_pick_without_committing_is_judged_by_the_commit(guarded: Guarded) -> None:
    guarded.repo.git("cherry-pick", "-n", "side~1")
    assert guarded.asked() == []

    refused(guarded, "commit", "-m", "x", state="commit")


@pytest.mark.parametrize("date", ["2026-01-01T00:00:00Z", "@1767225600 +0000"], ids=["plain", "with-at"])
@pytest.mark.parametrize("options", [("--no-edit",), ("-e",)], ids=["in-process", "editor"])
def test_a_clean_revert_is_judged(guarded: Guarded, options: tuple[str, ...], date: str) -> None:
    refused(guarded, "revert", *options, "HEAD~2", state="revert", GIT_AUTHOR_DATE=date)


@pytest.mark.parametrize("kinds", [("undo",), ("mend", "go_on")], ids=["undo", "mend"])
def test_the_way_out_of_a_revert(guarded: Guarded, kinds: tuple[str, ...]) -> None:
    guarded.sneak("more", frozen="good", m2="1")
    guarded.unguarded("revert", "-n", "HEAD~3")
    guarded.unguarded("reset", "-q", "--hard")
    guarded.sneak("breaks", frozen="bad", m3="1")
    guarded.sneak("mends", frozen="good", m4="1")

    refused(guarded, "revert", "--no-edit", "HEAD", state="revert")
    take(guarded, "revert", *kinds)

    settled(guarded)
    assert guarded.frozen() == "good"
    assert guarded.subjects(1) == [{"undo": "mends", "mend": 'Revert "mends"'}[kinds[0]]]


def test_the_revert_of_a_merge_is_judged(guarded: Guarded) -> None:
    guarded.checkout("side")
    guarded.sneak("mends", frozen="better")
    guarded.checkout("main")
    guarded.sneak("broken here", frozen="bad")
    guarded.unguarded("merge", "-q", "--no-edit", "-X", "theirs", "side")

    refused(guarded, "revert", "--no-edit", "-m1", "HEAD", state="revert")


@pytest.mark.parametrize("kinds", [("undo",), ("skip",), ("mend", "go_on")], ids=["undo", "skip", "mend"])
def test_the_way_out_of_a_revert_of_several(guarded: Guarded, kinds: tuple[str, ...]) -> None:
    guarded.sneak("breaks", frozen="bad", m3="1")
    guarded.sneak("mends", frozen="good", m4="1")
    guarded.sneak("last", m5="1")

    refused(guarded, "revert", "--no-edit", "HEAD", "HEAD~1", "HEAD~3", state="revert-several")
    take(guarded, "revert-several", *kinds)

    settled(guarded)
    assert guarded.frozen() == "good"
    assert ('Revert "main goes on"' in guarded.subjects()) == (kinds[0] != "undo")


@pytest.mark.parametrize("kinds", [("undo",), ("mend", "go_on")], ids=["undo", "mend"])
def test_the_way_out_of_a_resolved_revert(guarded: Guarded, kinds: tuple[str, ...]) -> None:
    guarded.sneak("breaks", frozen="bad", w="1")
    guarded.sneak("mends", frozen="good", w="2")
    guarded.sneak("later", w="3")
    guarded.repo.git("revert", "--no-edit", "HEAD~1", check=False)
    guarded.repo.write("w", "resolved\n")
    guarded.repo.stage("w")

    refused(guarded, "revert", "--continue", state="revert-stopped")
    take(guarded, "revert-stopped", *kinds)

    settled(guarded)
    assert guarded.frozen() == "good"


# Rebases


@pytest.mark.parametrize("kinds", [("undo",), ("skip",), ("mend", "go_on")], ids=["undo", "skip", "mend"])
@pytest.mark.parametrize("date", ["2026-01-01T00:00:00Z", "@1767225600 +0000"], ids=["plain", "with-at"])
def test_the_way_out_of_a_rebase(guarded: Guarded, kinds: tuple[str, ...], date: str) -> None:
    refused(guarded, "rebase", "main", "side", state="rebase", GIT_AUTHOR_DATE=date)

    take(guarded, "rebase", *kinds)

    settled(guarded)
    assert guarded.frozen() == ("bad" if kinds == ("undo",) else "good")
    assert ("side breaks" in guarded.subjects()) == (kinds != ("skip",))
    assert "side three" in guarded.subjects()


@pytest.mark.parametrize("word", ["reword", "edit", "fixup"])
@pytest.mark.parametrize("kinds", [("undo",), ("mend", "go_on")], ids=["undo", "mend"])
def test_the_way_out_of_an_interactive_rebase(guarded: Guarded, word: str, kinds: tuple[str, ...]) -> None:
    guarded.checkout("side")
    refused(guarded, "rebase", "-i", "main", state="rebase", **{SEQUENCE: f"sed -i.bak 2s/pick/{word}/"})

    take(guarded, "rebase", *kinds)

    settled(guarded)
    assert guarded.frozen() == ("bad" if kinds == ("undo",) else "good")
    assert "side three" in guarded.subjects()


@pytest.mark.parametrize("kinds", [("undo",), ("mend", "go_on")], ids=["undo", "mend"])
def test_the_way_out_of_a_squash(guarded: Guarded, kinds: tuple[str, ...]) -> None:
    guarded.checkout("side")
    refused(guarded, "rebase", "-i", "main", state="rebase-stopped", **{SEQUENCE: "sed -i.bak 2s/pick/squash/"})

    take(guarded, "rebase-stopped", *kinds)

    settled(guarded)
    assert guarded.frozen() == ("bad" if kinds == ("undo",) else "good")


@pytest.mark.parametrize("kinds", [("undo",), ("mend", "go_on")], ids=["undo", "mend"])
def test_the_way_out_of_a_resolved_rebase(guarded: Guarded, kinds: tuple[str, ...]) -> None:
    guarded.sneak("conflicts", w="other")
    guarded.repo.git("rebase", "main", "side", check=False)
    guarded.repo.write("w", "resolved\n")
    guarded.repo.stage("w")

    refused(guarded, "rebase", "--continue", state="rebase-stopped")
    take(guarded, "rebase-stopped", *kinds)

    settled(guarded)
    assert guarded.frozen() == ("bad" if kinds == ("undo",) else "good")


def test_a_commit_in_a_stopped_rebase_is_judged_and_no_verify_is_let_through(guarded: Guarded) -> None:
    guarded.checkout("side~2")
    guarded.repo.git("rebase", "-i", "HEAD~1", GIT_SEQUENCE_EDITOR="sed -i.bak 1s/pick/edit/")
    guarded.repo.write(FROZEN, "bad\n")

    refused(guarded, "commit", "-am", "x", state="rebase-stopped")
    guarded.asked()
    guarded.repo.git("commit", "-qanm", "x")
    assert guarded.asked() == []


@pytest.mark.parametrize("kinds", [("undo",), ("skip",), ("mend", "go_on")], ids=["undo", "skip", "mend"])
def test_the_way_out_of_a_rebase_by_patches(guarded: Guarded, kinds: tuple[str, ...]) -> None:
    refused(guarded, "rebase", "--apply", "main", "side", state="rebase-apply")

    take(guarded, "rebase-apply", *kinds)

    settled(guarded)
    assert guarded.frozen() == ("bad" if kinds == ("undo",) else "good")


def test_a_merge_in_a_rebase_is_judged_against_both_parents(guarded: Guarded) -> None:
    guarded.checkout("-b", "top", "main~1")
    guarded.sneak("top", p="1")
    guarded.checkout("-b", "branch", "main~1")
    guarded.sneak("branch", frozen="newer")
    guarded.checkout("top")
    guarded.unguarded("merge", "-q", "--no-edit", "branch")

    guarded.repo.git("rebase", "-q", "--rebase-merges", "main")

    parents = [line["parents"] for line in guarded.asked("prepare-commit-msg")]
    assert [len(each) for each in parents] == [1, 2]


# Patches


@pytest.fixture
def patches(guarded: Guarded) -> list[str]:
    guarded.unguarded("format-patch", "-q", "-o", str(guarded.folder / "patches"), "side~3..side")
    return sorted(str(path) for path in Path(guarded.folder / "patches").iterdir())


@pytest.mark.parametrize("kinds", [("undo",), ("skip",), ("mend", "go_on")], ids=["undo", "skip", "mend"])
@pytest.mark.parametrize("options", [(), ("--3way",)], ids=["am", "am-3way"])
def test_the_way_out_of_am(
    guarded: Guarded, patches: list[str], kinds: tuple[str, ...], options: tuple[str, ...]
) -> None:
    refused(guarded, "am", *options, *patches, state="am")

    take(guarded, "am", *kinds)

    settled(guarded)
    assert guarded.frozen() == "good"
    assert ("side three" in guarded.subjects()) == (kinds != ("undo",))


# Words


def test_every_state_has_a_way_forward() -> None:
    assert all(found.go_on for found in STATES.values())


def test_many_or_strange_paths_stay_a_word_where_no_list_can_be_kept() -> None:
    assert "-- PATH" in way_out("commit", Refused(["a", "b", "c", "d"]))
    assert "-- PATH" in way_out("commit", Refused(["evil\x1b[31m"]))
    assert "-- 'a b'" in way_out("commit", Refused(["a b"]))


def test_many_or_strange_paths_are_read_from_a_list() -> None:
    kept: dict[str, list[str]] = {}

    def store(name: str, paths: Sequence[str]) -> str:
        kept[name] = list(paths)
        return "/a folder/" + name

    text = way_out("commit", Refused(["a", "b", "c", "\x1b"], known=["b", "c", "\x1b"]), store)

    assert "git restore --staged --pathspec-from-file='/a folder/path' --pathspec-file-nul" in text
    assert "git restore --pathspec-from-file='/a folder/known' --pathspec-file-nul" in text
    assert kept == {"path": ["a", "b", "c", "\x1b"], "known": ["b", "c", "\x1b"]}


def test_a_new_file_is_only_taken_out_of_the_index() -> None:
    assert way_out_of("commit", Refused(["new"], known=[])).undo == ("git restore --staged -- new",)


def test_where_nothing_else_is_staged_there_is_nothing_to_mend() -> None:
    found = way_out_of("revert", Refused(["a"], alone=True))

    assert (found.undo, found.mend, found.go_on) == (("git reset --merge",), (), ())


def test_a_push_of_tags_has_no_path_to_mend() -> None:
    assert way_out("push", Refused()) == "nothing was pushed\n"


def test_where_nothing_is_to_be_undone_mending_is_no_alternative() -> None:
    ignored = way_out("commit-all", Refused())

    assert ignored.splitlines()[1:] == ["  mend it, then:    git commit -a"]
    assert "  or mend it, then: git commit -a" in way_out("commit-all", Refused(paths=["a"]))
