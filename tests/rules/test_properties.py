"""Whatever a tree holds, rules answer; and what they answer does not depend on how it is asked."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlvgit.records.layout import Key
from mlvgit.rules.engine import judge, state_findings
from mlvgit.rules.model import Context, TagMove
from tests.rules.checks.tag_facts import facts
from tests.rules.world import (
    EXECUTABLE,
    FILE,
    LINK,
    MODULE,
    World,
    codes,
    context_for,
    delta_of,
    published_in,
    valid,
    vouched,
)

BASE = valid().put("mlv.yaml", "mode: enforce\n")
PATHS = sorted(BASE.files)
STRANGE = [
    "data/snapshots/iris_v0.1/new.csv",
    "data/snapshots/iris_v0.1/.DS_Store",
    "data/snapshots/manifest.json",
    "data/snapshots/iris_v0.1",
    "data/snapshots",
    "data/snapshots/iris_v9.9/a\\b",
    "data/snapshots/IRIS_v0.1/iris.csv",
    "data/mlv.yaml",
    "sub/mlv.yaml",
    "models/iris_clf",
    "models/iris_clf/v9.0.0",
    "models/other/registry.json",
    "runs/other.yml",
    "runs/2026-01-01-iris.yml",
    "runs/\udcff.yaml",
    "data/snapshots/iris_v0.1/\udcff",
]
TEXTS = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"<<<<<<< HEAD\n",
    b"\xff\xfe\x00",
    b"run_id: x\n",
    b"run_id: [",
    b"a: &a [*a]\n",
    b"[" * 5000,
    b'{"name": "iris_clf", "versions": []}',
    b'{"name": "iris_clf", "versions": [{"version": "v0.2.0", "stage": "zzz"}]}',
    b'{"dataset": "iris", "version": "v0.1", "files": []}',
    b"folders: {snapshots: models, models: data, runs: x}\n",
    b"stages: {a: {from: [a]}}\n",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1\n",
]


@st.composite
def mutations(draw: st.DrawFn, base: World = BASE) -> World:
    world = base
    for _ in range(draw(st.integers(1, 5))):
        path = draw(st.sampled_from(PATHS + STRANGE))
        kind = draw(st.sampled_from(["put", "drop", "copy", "move", "edit", "mode", "unknown"]))
        if kind == "put":
            data = draw(st.one_of(st.sampled_from(TEXTS), st.binary(max_size=60)))
            world = world.put(path, data, draw(st.sampled_from([FILE, EXECUTABLE, LINK, MODULE])))
        elif kind == "drop":
            world = world.drop(draw(st.sampled_from([path, path.rsplit("/", 1)[0]])))
        elif kind == "copy":
            world = world.put(path, BASE.read(draw(st.sampled_from(PATHS))))
        elif kind == "move":
            world = world.move(draw(st.sampled_from([path.rsplit("/", 1)[0], path, "data", "models", ""])), "moved")
        elif kind == "mode" and path in world.files:
            world = world.put(path, world.read(path), draw(st.sampled_from([FILE, EXECUTABLE, LINK, MODULE])))
        elif kind == "edit" and path in world.files and world.read(path):
            data = world.read(path)
            at = draw(st.integers(0, len(data) - 1))
            world = world.put(path, data[:at] + draw(st.binary(max_size=3)) + data[at + 1 :])
        elif kind == "unknown":
            world.absent = world.absent | {path}
    return world


def contexts(world: World) -> list[Context]:
    moves = (TagMove(facts().ref, facts(), None, None), TagMove(facts().ref, None, facts(), world))
    return [
        context_for(BASE),
        context_for(BASE, "push", tag_moves=moves),
        context_for(BASE, replaceable=lambda *_: True, published_run=lambda *_: True, commit_known=lambda _: False),
        Context(
            moment="push", trusted={}, published=published_in(BASE), code_known=lambda _: False, today="2026-01-01"
        ),
    ]


RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@RELAXED
@given(mutations(), mutations())
def test_no_rule_raises_whatever_the_trees_hold(one: World, other: World):
    for before, after in ((BASE, one), (one, BASE), (one, other)):
        delta = delta_of(before, after)
        for context in contexts(after):
            for finding in judge([delta], context):
                assert finding.message.isprintable()
                assert finding.severity in ("error", "warning")
        judge([delta, delta_of(other, after)], contexts(after)[1])
    state_findings(one.catalog, contexts(one)[1])


@RELAXED
@given(mutations())
def test_a_tree_judged_against_itself_gives_nothing(world: World):
    assert codes(world, world) == []
    assert codes(world, world, "push") == []


@RELAXED
@given(mutations())
def test_the_way_back_to_a_valid_tree_is_never_refused_for_what_was_frozen(world: World):
    """Bringing everything back is a repair: nothing that the valid tree freezes can be in the way."""
    blockers = {"MLV101", "MLV103", "MLV104", "MLV105", "MLV106", "MLV107", "MLV202", "MLV204", "MLV206", "MLV303"}

    found = judge([delta_of(world, BASE)], context_for(BASE, "push", tagged=vouched(BASE)))

    assert not blockers & {finding.code for finding in found}


def still_stands(key: Key, world: World) -> bool:
    """Say whether what BASE freezes as `key` is in `world`, in whatever root, with all its bytes."""
    wanted = BASE.catalog.frozen(key).manifest
    for root in world.catalog.roots:
        thing = world.catalog.frozen(key._replace(root=root.layout.root))
        if thing and thing.manifest and thing.manifest.tree_sha256 == wanted.tree_sha256:
            files = [f"{thing.directory}/{name}" for name in wanted.by_relative()]
            before = BASE.catalog.frozen(key).directory
            return all(
                path in world.absent or world.files.get(path) == BASE.files[before + path[len(thing.directory) :]]
                for path in files
            )
    return False


@RELAXED
@given(mutations())
def test_no_change_of_what_is_published_passes(world: World):
    """The one promise: what BASE publishes is in the result, byte for byte, or the push is refused."""
    found = judge([delta_of(BASE, world)], context_for(BASE, "push", tagged=vouched(BASE)))

    published = BASE.catalog.keys()
    if not all(still_stands(key, world) for key in published):
        assert [finding for finding in found if finding.severity == "error"]


@RELAXED
@given(mutations(), mutations())
def test_the_order_of_parents_does_not_matter(one: World, other: World):
    deltas = [delta_of(BASE, other), delta_of(one, other)]

    forward = judge(deltas, context_for(BASE))
    backward = judge(deltas[::-1], context_for(BASE))

    assert {(f.code, f.path, f.message) for f in forward} == {(f.code, f.path, f.message) for f in backward}
