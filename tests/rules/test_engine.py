from mlvgit.rules.engine import judge, state_findings
from tests.rules.world import World, codes, context_for, delta_of, identity, judged, published_in, valid, vouched

CSV = "data/snapshots/iris_v0.1/iris.csv"
REGISTRY = "models/iris_clf/registry.json"


def merged(parents: list[World], result: World, **facts) -> list[str]:
    deltas = [delta_of(parent, result) for parent in parents]
    return sorted({finding.code for finding in judge(deltas, context_for(parents[0], **facts))})


def test_findings_come_sorted_by_path_line_and_code():
    after = valid().put(CSV, "x").put(REGISTRY, "{").put("data/snapshots/a_v0.1/b", "")

    found = judged(valid(), after)

    keys = [(finding.path, finding.line, finding.code) for finding in found]
    assert keys == sorted(keys)
    assert len({code for _, _, code in keys}) == 3


def test_a_merge_that_alters_what_one_parent_froze_is_refused():
    good, bad = valid().put("a", ""), valid().put(CSV, "bad").put("b", "")

    assert "MLV101" in merged([good, bad], bad.put("a", ""))
    assert "MLV101" in merged([bad, good], bad.put("a", ""))


def test_a_merge_that_drops_what_one_parent_froze_is_refused():
    ours = valid()
    theirs = valid().snapshot("iris", "v0.3", {"iris.csv": b"3"})

    assert "MLV102" in merged([ours, theirs], ours.put("c", ""))
    assert merged([ours, theirs], theirs.put("c", "")) == []


def test_what_is_wrong_in_one_parent_is_its_debt():
    stray = valid().put("data/snapshots/iris_v0.9/iris.csv", "1")

    assert merged([valid(), stray], stray.put("c", "")) == []
    assert merged([stray, valid()], stray.put("c", "")) == []


def test_what_a_merge_itself_makes_wrong_counts():
    assert merged([valid().put("a", ""), valid().put("b", "")], valid().put("data/snapshots/iris_v0.9/x", "")) == [
        "MLV104"
    ]


def test_two_branches_that_each_add_a_version_merge_without_a_finding():
    ours = valid().snapshot("iris", "v0.3", {"iris.csv": b"3"}).model("iris_clf", "v0.3.0", {"model.pkl": b"a"})
    theirs = valid().snapshot("iris", "v0.4", {"iris.csv": b"4"}).model("iris_clf", "v0.4.0", {"model.pkl": b"b"})
    result = World({**ours.files, **theirs.files})

    assert merged([ours, theirs], result) == []


def test_a_tombstone_of_one_parent_may_stand_in_the_result():
    block = '"retired": {"by": "Ann", "at": "2026-02-01", "reason": "consent withdrawn"}, "files": ['
    manifest = "data/snapshots/iris_v0.1.manifest.json"
    retired = valid().swap(manifest, '"files": [', block).drop("data/snapshots/iris_v0.1")

    assert merged([valid(), retired], retired.put("c", "")) == []


def test_a_repair_in_a_merge_passes():
    bad = valid().put(CSV, "bad")

    assert merged([bad, valid()], valid().put("c", "")) == []


def test_advise_is_asked_of_the_root_of_the_finding():
    before = valid().put("mlv.yaml", "").move("", "a").put("b/mlv.yaml", "mode: advise\n").put("mlv.yaml", "")
    before = World({**before.files, **valid().move("", "b").files})
    after = before.put("a/" + CSV, "x").put("b/" + CSV, "x")

    assert [(one.path[:1], one.severity) for one in judged(before, after)] == [("a", "error"), ("b", "warning")]


def test_an_exception_is_relative_to_its_root_and_holds_for_one_rule():
    text = "exceptions: [{code: MLV101, path: 'data/**', reason: agreed}]\n"
    before = valid().move("", "a").put("a/mlv.yaml", text)

    assert codes(before, before.put("a/" + CSV, "x")) == ["MLV103"]
    assert "MLV102" in codes(before, before.drop("a/data/snapshots/iris_v0.1.manifest.json"))


def test_everything_in_a_tree_is_judged_by_check_all():
    world = valid().put(CSV, "bad").put("data/snapshots/iris_v0.9/x", "")
    context = context_for(valid(), "push", tagged=vouched(valid()))

    assert [finding.code for finding in state_findings(world.catalog, context)] == ["MLV103", "MLV104"]
    assert state_findings(valid().catalog, context) == []


def test_check_all_asks_for_the_tags_of_all_that_serves():
    found = state_findings(valid().catalog, context_for(valid(), "push"))

    assert [finding.code for finding in found] == ["MLV203"]


def test_the_course_typed_as_printed_is_committed_with_warnings():
    manifest = World().snapshot("iris", "v0.1", {"iris.csv": b"5.1\n"})
    world = manifest.move("data/snapshots/iris_v0.1.manifest.json", "data/snapshots/manifest.json")
    for version, f1 in (("v0.1.0", "0.91"), ("v0.2.0", "0.94")):
        world = world.put(f"models/iris_clf/{version}/model.pkl", version)
        world = world.put(f"models/iris_clf/{version}/metrics.json", f'{{"f1": {f1}}}')
    world = world.registry("iris_clf", v0_1_0="archived", v0_2_0="production")
    world = world.run(
        "2026-01-01-iris-001",
        params={"seed": 42},
        env={"python": "3.10", "container_image": "ghcr.io/org/ml:1.2.3"},
        outputs={"model_version": "v0.2.0", "metrics": {"f1": 0.94}},
    )

    found = judged(World(), world, commit_known=lambda _: True)

    assert {finding.code for finding in found} == {"MLV104", "MLV203", "MLV204", "MLV302"}
    assert {finding.severity for finding in found} == {"warning"}


def test_the_work_is_proportional_to_the_change():
    before = valid()
    for number in range(3, 40):
        before = before.snapshot("iris", f"v0.{number}", {"iris.csv": b"%d" % number})
    after = before.put("data/snapshots/iris_v0.7/iris.csv", "x")

    delta = delta_of(before, after)
    parsed = delta.after._parsed

    assert [finding.code for finding in judge([delta], context_for(before))]
    assert after.hashed == ["data/snapshots/iris_v0.7/iris.csv"]
    assert sum(1 for kind, _ in parsed if kind == "manifest") <= 4


def test_replacing_an_unpublished_model_with_its_registry_entry_passes():
    before = valid()
    key = before.catalog.keys("model")[1]
    files = {"model.pkl": b"better", "metrics.json": b'{"f1": 0.94}', "params.json": b"{}"}
    after = before.model("iris_clf", "v0.2.0", files, run="2026-01-02-iris")
    after = after.swap(REGISTRY, identity(before, key), identity(after, key))

    assert codes(before, after, replaceable=lambda *asked: asked == (key, identity(before, key))) == []
    refusals = codes(before, after, published=published_in(before))
    assert refusals == ["MLV101", "MLV102", "MLV201", "MLV206"]
