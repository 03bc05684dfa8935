from mlvgit.rules.engine import judge
from tests.rules.world import World, codes, context_for, delta_of, judged, refused

BASE = World().registry("m", v0_1_0="dev")
STRICT = BASE.put(
    "mlv.yaml", "stages: {dev: {}, staging: {from: [dev]}, production: {one: true, from: [staging]}, archived: {}}\n"
)


def test_a_stage_that_nobody_named_is_refused():
    (finding,) = [one for one in judged(BASE, BASE.registry("m", v0_1_0="prodution")) if one.code == "MLV205"]

    assert finding.severity == "error"
    assert "prodution, which mlv.yaml does not name (did you mean production)" in finding.message
    assert "MLV205" in refused(BASE, BASE.registry("m", v0_1_0="Production"), "push")


def test_a_forbidden_transition_is_refused():
    (finding,) = [one for one in judged(STRICT, STRICT.registry("m", v0_1_0="production")) if one.code == "MLV205"]

    assert "went from dev to production, which may only come from staging" in finding.message


def test_allowed_transitions_pass():
    staged = STRICT.registry("m", v0_1_0="staging")

    assert "MLV205" not in codes(STRICT, staged)
    assert "MLV205" not in codes(staged, staged.registry("m", v0_1_0="production"))
    assert "MLV205" not in codes(staged, staged.registry("m", v0_1_0="archived"))


def test_a_new_entry_comes_from_dev():
    assert "MLV205" in codes(STRICT, STRICT.registry("m", v0_1_0="dev", v0_2_0="production"))
    assert "MLV205" not in codes(STRICT, STRICT.registry("m", v0_1_0="dev", v0_2_0="staging"))


def test_a_reverted_promotion_is_no_transition():
    staged = STRICT.registry("m", v0_1_0="staging")
    archived = STRICT.registry("m", v0_1_0="archived")
    before = STRICT.registry("m", v0_1_0="production")

    assert "MLV205" in codes(archived, before)
    assert "MLV205" not in codes(archived, before, held_before=lambda *_: True)
    assert "MLV205" in codes(staged, STRICT.registry("m", v0_1_0="prod"), held_before=lambda *_: True)


def test_a_stage_may_be_named_in_the_change_that_uses_it():
    after = BASE.put(
        "mlv.yaml", "stages: {dev: {}, canary: {}, staging: {tag: true}, production: {one: true, tag: true}}\n"
    )

    assert "MLV205" not in codes(BASE, after.registry("m", v0_1_0="canary"))


def test_a_stage_that_was_unknown_before_is_a_debt():
    before = BASE.registry("m", v0_1_0="prod")

    assert codes(before, before.registry("m", v0_1_0="prod", v0_2_0="dev")) == []


def test_a_merge_is_asked_about_the_way_of_each_parent():
    ours = STRICT.registry("m", v0_1_0="staging")
    merged = STRICT.registry("m", v0_1_0="production")

    found = judge([delta_of(ours, merged), delta_of(STRICT, merged)], context_for(ours))

    assert "MLV205" in {finding.code for finding in found}
