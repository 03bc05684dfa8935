import json

from tests.rules.world import MODEL, World, codes, identity, judged, refused, valid, vouched

REGISTRY = "models/iris_clf/registry.json"


def without(world: World, version: str) -> World:
    value = json.loads(world.read(REGISTRY))
    value["versions"] = [entry for entry in value["versions"] if entry["version"] != version]
    return world.put(REGISTRY, json.dumps(value))


def test_dropping_the_entry_of_a_version_beyond_dev_is_refused():
    before = valid()

    (finding,) = judged(before, without(before, "v0.1.0"))

    assert (finding.code, finding.severity, finding.path) == ("MLV201", "error", REGISTRY)
    assert "was in archived" in finding.message
    assert finding.undo == (f"git checkout HEAD -- {REGISTRY}",)
    assert refused(before, without(before, "v0.1.0"), "push") == ["MLV201"]


def test_deleting_the_registry_drops_all_versions():
    found = judged(valid(), valid().drop(REGISTRY))

    assert [finding.code for finding in found] == ["MLV201", "MLV201"]


def test_the_only_promotion_of_a_published_registry_is_not_forgotten():
    before = World().snapshot("iris", "v0.1", {"iris.csv": b"1\n"}).registry("m", v0_1_0="production")
    gone, emptied = before.drop("models/m/registry.json"), before.registry("m")
    undone = {"held_before": lambda path, oid: True, "came_with": lambda path, version: {version: ""}}

    for after in (gone, emptied):
        assert codes(before, after, **undone) == [], "a promotion that was not published is reverted"
        for moment in ("commit", "push"):
            assert "MLV201" in refused(before, after, moment, published_registry=lambda path: True, **undone)


def test_an_entry_in_dev_may_be_dropped():
    before = World().registry("m", v0_1_0="dev")

    assert codes(before, before.drop("models/m/registry.json")) == []


def test_altering_the_identity_of_an_entry_is_refused():
    before = valid()
    true = identity(before, MODEL)

    assert "MLV201" in refused(before, before.swap(REGISTRY, true, "0" * 64))
    assert "MLV201" in refused(before, before.swap(REGISTRY, f'"tree_sha256": "{true}", ', ""))


def test_correcting_an_identity_to_that_of_the_manifest_is_a_repair():
    good = valid()
    bad = good.swap(REGISTRY, identity(good, MODEL), "0" * 64)

    assert codes(bad, good) == []


def test_adding_an_identity_a_run_and_a_comment_passes():
    before = valid().registry("iris_clf", v0_1_0="archived", v0_2_0="production")

    assert codes(before, valid()) == []


def test_altering_the_run_of_an_entry_is_refused():
    before = valid()

    assert refused(before, before.swap(REGISTRY, "2026-01-01-iris", "2026-01-02-iris")) == ["MLV201"]


def test_a_reverted_promotion_passes():
    before_promotion = without(valid(), "v0.2.0")
    promoted = valid()
    oid = before_promotion.entry(REGISTRY).oid

    def held(path: str, blob: str) -> bool:
        return (path, blob) == (REGISTRY, oid)

    assert codes(promoted, before_promotion, held_before=held) == []
    assert codes(promoted, before_promotion, "push", held_before=held, tagged=vouched(promoted)) == []


def test_a_promotion_reverted_among_other_changes_passes():
    promoted = valid()
    reverted = without(promoted, "v0.2.0").swap(REGISTRY, '"archived"', '"production"')
    came = {"came_with": lambda path, version: {"v0.1.0": "production"} if version == "v0.2.0" else None}

    assert codes(promoted, reverted, tagged=vouched(promoted), **came) == []
    assert codes(promoted, without(promoted, "v0.2.0"), **came) == ["MLV201"], "what was archived for it stays so"
    assert "MLV201" in codes(promoted, without(promoted, "v0.1.0"), **came)


def test_an_unpublished_version_may_be_taken_back_when_the_user_said_so():
    before = valid()
    allowed = (MODEL, identity(before, MODEL))
    after = without(before, "v0.1.0").drop("models/iris_clf/v0.1.0", "models/iris_clf/v0.1.0.manifest.json")
    after = after.drop("runs/2026-01-01-iris.yaml")

    assert refused(before, after, replaceable=lambda *asked: asked == allowed) == []


def test_a_registry_that_moves_with_its_root_is_the_same():
    before = World().put("mlv.yaml", "").registry("m", v0_1_0="archived")

    assert codes(before, before.move("", "project")) == []
    assert codes(before.move("", "project"), before) == []


def test_a_version_dropped_while_the_root_moves_is_found():
    before = valid().put("mlv.yaml", "mode: enforce\n")

    assert refused(before, without(before, "v0.1.0").move("", "project")) == ["MLV201"]


def test_promotion_and_archiving_pass():
    before = valid()
    after = before.swap(REGISTRY, '"stage": "production"', '"stage": "archived"')

    assert codes(before, after) == []
    assert codes(before, after, "push") == []
