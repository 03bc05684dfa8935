from mlvgit.rules.engine import judge
from tests.rules.world import World, codes, context_for, delta_of, judged, refused, valid, vouched

BASE = World().registry("m", v0_1_0="production", v0_2_0="staging", v0_3_0="staging")


def test_two_versions_in_production_are_refused():
    after = BASE.registry("m", v0_1_0="archived", v0_2_0="production", v0_3_0="production")

    found = [finding for finding in judged(BASE, after) if finding.code == "MLV202"]

    assert [finding.severity for finding in found] == ["error"]
    assert found[0].message == "v0.2.0 and v0.3.0 of m are all in production, which holds one version"
    assert found[0].keep[0] == "git mlv merge --repair --take m=v0.3.0"
    assert found[0].keep[1].startswith("git mlv merge --repair --take m=v0.2.0")


def test_two_promotions_that_merge_cleanly_are_refused():
    ours = BASE.registry("m", v0_1_0="archived", v0_2_0="production", v0_3_0="staging")
    theirs = BASE.registry("m", v0_1_0="archived", v0_2_0="staging", v0_3_0="production")
    merged = BASE.registry("m", v0_1_0="archived", v0_2_0="production", v0_3_0="production")

    found = judge([delta_of(ours, merged), delta_of(theirs, merged)], context_for(ours))

    assert "MLV202" in {finding.code for finding in found}


def test_any_number_of_versions_may_be_in_staging_and_archived():
    after = BASE.registry("m", v0_1_0="archived", v0_2_0="staging", v0_3_0="staging", v0_0_1="archived")

    assert "MLV202" not in codes(BASE, after)


def test_a_repository_may_say_which_stages_hold_one():
    before = BASE.put("mlv.yaml", "stages: {dev: {}, staging: {one: true}, production: {}, archived: {}}\n")

    assert "MLV202" in refused(before, before.registry("m", v0_2_0="staging", v0_3_0="staging", v0_1_0="archived"))
    assert "MLV202" not in refused(before, before.registry("m", v0_1_0="production", v0_2_0="production", v0_3_0="dev"))


def test_two_in_production_that_were_there_before_are_a_debt():
    before = BASE.registry("m", v0_1_0="production", v0_2_0="production")

    assert codes(before, before.put("train.py", "")) == []
    assert "MLV202" not in codes(before, before.registry("m", v0_1_0="archived", v0_2_0="production"))


def test_promoting_to_production_and_archiving_in_one_change_passes():
    before = valid()
    after = before.swap("models/iris_clf/registry.json", '"production"', '"X"')
    after = after.swap("models/iris_clf/registry.json", '"archived"', '"production"')
    after = after.swap("models/iris_clf/registry.json", '"X"', '"archived"')

    assert codes(before, after, tagged=vouched(before)) == []
    assert codes(before, after, "push", tagged=vouched(before)) == []
