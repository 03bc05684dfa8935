"""Merging registries: the laws that hold for any three of them."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlvgit.records.merge import merge_registry
from mlvgit.records.registry import Registry
from tests.property.strategies import merge_registries

ONE = frozenset({"production"})
maybe = st.one_of(st.none(), merge_registries())
quick = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def sorted_comments(registry: Registry | None) -> object:
    return None if registry is None else [(entry, sorted(entry.comments)) for entry in registry.versions]


@quick
@given(maybe, merge_registries(), merge_registries())
def test_the_sides_may_be_exchanged(base: Registry | None, ours: Registry, theirs: Registry) -> None:
    one, conflicts = merge_registry(base, ours, theirs, exclusive=ONE)
    other, exchanged = merge_registry(base, theirs, ours, exclusive=ONE)

    assert one == other
    assert len(conflicts) == len(exchanged)


@quick
@given(merge_registries(), merge_registries())
def test_a_side_that_changed_nothing_gives_way(base: Registry, theirs: Registry) -> None:
    assert merge_registry(base, base, theirs, exclusive=ONE) == (theirs, [])
    assert merge_registry(base, theirs, base, exclusive=ONE) == (theirs, [])


@quick
@given(maybe, merge_registries())
def test_the_same_change_on_both_sides_is_taken_once(base: Registry | None, side: Registry) -> None:
    assert merge_registry(base, side, side, exclusive=ONE) == (side, [])


@quick
@given(maybe, merge_registries(), merge_registries())
def test_there_is_a_result_or_a_conflict_and_never_two_in_a_stage_for_one(
    base: Registry | None, ours: Registry, theirs: Registry
) -> None:
    merged, conflicts = merge_registry(base, ours, theirs, exclusive=ONE)

    assert (merged is None) == bool(conflicts)
    if merged is not None:
        assert len(merged.in_stage("production")) <= 1
        serving = {
            side.in_stage("production")[0].version if side.in_stage("production") else "" for side in (ours, theirs)
        }
        found = merged.in_stage("production")[0].version if merged.in_stage("production") else ""
        assert found in serving
        assert Registry.parse(merged.dump(), "r").dump() == merged.dump()


@quick
@given(maybe, merge_registries(), merge_registries())
def test_no_comment_of_a_side_that_changed_comments_is_lost(
    base: Registry | None, ours: Registry, theirs: Registry
) -> None:
    merged, _ = merge_registry(base, ours, theirs, exclusive=ONE)

    for entry in merged.versions if merged is not None else ():
        before = base.version(entry.version) if base else None
        for side in (ours.version(entry.version), theirs.version(entry.version)):
            old = before.comments if before else ()
            assert set(side.comments if side else ()) - set(old) <= set(entry.comments)


@quick
@given(merge_registries(), merge_registries())
def test_two_different_changes_of_what_serves_are_always_a_conflict(ours: Registry, theirs: Registry) -> None:
    serving = [{entry.version for entry in side.in_stage("production")} for side in (ours, theirs)]

    merged, conflicts = merge_registry(Registry(name="m", format="1.1"), ours, theirs, exclusive=ONE)

    if all(serving) and serving[0] != serving[1]:
        assert merged is None
        assert any("production" in sentence for sentence in conflicts)
