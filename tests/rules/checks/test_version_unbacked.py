from tests.rules.world import MODEL, World, codes, identity, judged, refused, valid, vouched

REGISTRY = "models/iris_clf/registry.json"


def test_an_entry_that_no_manifest_backs_warns_at_commit_and_is_refused_at_push():
    before = World().registry("m", v0_1_0="dev")
    after = before.registry("m", v0_1_0="archived")

    (finding,) = judged(before, after)

    assert (finding.code, finding.severity, finding.path) == ("MLV204", "warning", "models/m/registry.json")
    assert finding.keep == ("git mlv model add m v0.1.0",)
    assert refused(before, after, "push") == ["MLV204"]


def test_an_entry_in_dev_needs_no_manifest():
    assert codes(World(), World().registry("m", v0_1_0="dev"), "push") == []


def test_a_backed_entry_passes():
    before = valid().swap(REGISTRY, '"archived"', '"dev"')

    assert codes(before, valid(), "push") == []


def test_an_entry_with_another_identity_than_its_manifest_is_unbacked():
    before = valid().drop(REGISTRY)
    after = valid().swap(REGISTRY, identity(valid(), MODEL), "0" * 64)

    assert refused(before, after, "push", tagged=vouched(valid())) == ["MLV204"]


def test_taking_the_manifest_away_unbacks_the_entry():
    before = valid()

    assert "MLV204" in codes(before, before.drop("models/iris_clf/v0.1.0.manifest.json"))


def test_an_unbacked_entry_that_was_there_before_is_a_debt():
    before = World().registry("m", v0_1_0="archived")

    assert codes(before, before.registry("m", v0_1_0="archived", v0_2_0="dev"), "push") == []
