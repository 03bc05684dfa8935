from mlvgit.rules.engine import judge
from tests.rules.world import World, codes, context_for, delta_of, judged, refused, valid

BEFORE = valid().put("mlv.yaml", "mode: enforce\nprotect: [main]\n")
LOOSE = BEFORE.put(
    "mlv.yaml", "mode: enforce\nprotect: [main]\nexceptions: [{code: MLV101, path: 'data/**', reason: in a hurry}]\n"
)


def test_a_new_exception_warns_at_commit_and_is_refused_at_push():
    assert codes(BEFORE, LOOSE) == ["MLV108"]
    assert refused(BEFORE, LOOSE) == []
    assert refused(BEFORE, LOOSE, "push") == ["MLV108"]


def test_an_exception_does_not_help_the_change_that_brings_it():
    after = LOOSE.put("data/snapshots/iris_v0.1/iris.csv", "x")

    assert "MLV101" in refused(BEFORE, after)
    assert "MLV101" in refused(BEFORE, after, "push")


def test_a_standing_exception_helps():
    after = LOOSE.put("data/snapshots/iris_v0.1/iris.csv", "x")

    assert "MLV101" not in codes(LOOSE, after)


def test_an_exception_that_has_ended_does_not_help():
    text = "exceptions: [{code: MLV101, path: 'data/**', reason: cleaning, until: '2026-03-01'}]\n"
    before = valid().put("mlv.yaml", text)
    after = before.put("data/snapshots/iris_v0.1/iris.csv", "x")

    assert "MLV101" not in codes(before, after, today="2026-03-01")
    assert "MLV101" in codes(before, after, today="2026-03-02")


def test_who_guards_the_branch_may_accept_it_with_a_reason_that_is_shown():
    (finding,) = judged(BEFORE, LOOSE, "push", override="agreed in the meeting of 3 May")

    assert finding.severity == "warning"
    assert "agreed in the meeting of 3 May" in finding.message


def test_taking_the_settings_away_weakens_them():
    strict = valid().put(
        "mlv.yaml", "stages: {dev: {}, production: {one: true, tag: true, from: [dev]}, archived: {}}\n"
    )

    assert "MLV108" in refused(strict, strict.drop("mlv.yaml"), "push")


def test_settings_that_move_with_their_root_are_the_same():
    strict = valid().put(
        "mlv.yaml", "stages: {dev: {}, production: {one: true, tag: true, from: [dev]}, archived: {}}\n"
    )

    assert codes(strict, strict.move("", "project"), "push") == []


def test_tightening_and_first_settings_pass():
    tight = BEFORE.put("mlv.yaml", "mode: enforce\nprotect: [main, 'release/*']\nlimits: {file_in_git: 1 MiB}\n")

    assert codes(BEFORE, tight, "push") == []


def test_the_mode_advise_turns_refusals_at_commit_into_warnings():
    before = valid().put("mlv.yaml", "mode: advise\n")
    after = before.put("data/snapshots/iris_v0.1/iris.csv", "x")

    assert codes(before, after) == ["MLV101"]
    assert refused(before, after) == []
    assert refused(before, after, "push") == ["MLV101"]


def test_advise_does_not_hold_in_the_change_that_brings_it():
    after = BEFORE.put("mlv.yaml", "mode: advise\n").put("data/snapshots/iris_v0.1/iris.csv", "x")

    assert "MLV101" in refused(BEFORE, after)


def test_the_first_settings_of_a_repository_with_nothing_frozen_yet_are_a_start():
    first = World().put("mlv.yaml", "mode: advise\nlimits: {file_in_git: 1 GiB}\n")

    assert codes(World(), first, "push") == []


def test_first_settings_that_loosen_what_is_frozen_already_are_refused():
    assert refused(valid(), LOOSE, "push") == ["MLV108"]


def test_settings_that_would_take_over_what_others_judge_are_refused():
    text = "folders: {snapshots: snapshots}\nexceptions: [{code: MLV101, path: '**', reason: mine}]\n"

    assert refused(valid(), valid().put("data/mlv.yaml", text), "push") == ["MLV108"]
    assert refused(BEFORE, BEFORE.put("models/mlv.yaml", "mode: enforce\n"), "push") == ["MLV108"]
    assert codes(BEFORE, BEFORE.put("vision/mlv.yaml", "mode: enforce\n"), "push") == []


def test_settings_inside_our_folders_decide_nothing_about_them():
    before = valid().put("models/mlv.yaml", "exceptions: [{code: MLV106, path: '**', reason: x}]\nmode: advise\n")

    assert "MLV106" in refused(before, before.put("models/iris_clf/registry.json", "{"))
    assert "MLV107" in refused(before, before.put("models/big.bin", b"x" * (10 * 1024 * 1024 + 1)))


def test_a_merge_of_settings_that_were_accepted_elsewhere_is_not_asked_again():
    found = judge([delta_of(BEFORE, LOOSE), delta_of(LOOSE.put("c", ""), LOOSE)], context_for(BEFORE))

    assert found == []
