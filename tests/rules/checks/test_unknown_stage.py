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

    assert finding.message == "m@v0.1.0 came to production, which it may only come to from staging"
    assert finding.change == "takes m@v0.1.0 from dev to production"


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


def test_a_merge_may_take_over_the_way_that_one_parent_went():
    ours = STRICT.registry("m", v0_1_0="staging")
    merged = STRICT.registry("m", v0_1_0="production")

    def found(*parents: World) -> set[str]:
        return {one.code for one in judge([delta_of(parent, merged) for parent in parents], context_for(parents[0]))}

    assert "MLV205" not in found(STRICT, ours)
    assert "MLV205" not in found(STRICT, merged.put("c", ""))
    assert "MLV205" in found(STRICT, STRICT.put("c", ""))
