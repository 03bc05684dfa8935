"""Merging registries: the situations of a team."""

import pytest

from mlvgit.records.merge import merge_registry
from mlvgit.records.registry import Comment, RegisteredVersion, Registry

ONE = frozenset({"production"})
BASE = {"v1.0.0": "production", "v2.0.0": "staging", "v3.0.0": "dev"}


def made(stages: dict[str, str], **changes: object) -> Registry:
    found = Registry(name="m")
    for version, stage in stages.items():
        found = found.with_version(RegisteredVersion(version=version, stage=stage))
    return found


def stages(registry: Registry | None) -> dict[str, str]:
    assert registry is not None
    return {entry.version: entry.stage for entry in registry.versions}


MERGED = {
    "promotion-and-added": ({"v1.0.0": "archived", "v2.0.0": "production"}, {"v4.0.0": "dev"}),
    "promotion-and-staging": ({"v1.0.0": "archived", "v2.0.0": "production"}, {"v3.0.0": "staging"}),
    "both-added": ({"v4.0.0": "dev"}, {"v5.0.0": "staging"}),
    "both-promoted-the-same": (
        {"v1.0.0": "archived", "v2.0.0": "production"},
        {"v1.0.0": "archived", "v2.0.0": "production", "v4.0.0": "dev"},
    ),
}


@pytest.mark.parametrize("name", MERGED)
def test_what_does_not_clash_is_merged(name: str) -> None:
    ours, theirs = MERGED[name]

    merged, conflicts = merge_registry(made(BASE), made({**BASE, **ours}), made({**BASE, **theirs}), exclusive=ONE)

    assert conflicts == []
    assert stages(merged) == {**BASE, **ours, **theirs}


CONFLICTS = {
    "two-promotions": (
        {"v1.0.0": "archived", "v2.0.0": "production"},
        {"v1.0.0": "archived", "v3.0.0": "production"},
        "one side put v2.0.0 in production, the other v3.0.0 (it was v1.0.0)",
    ),
    "promotion-and-withdrawal": (
        {"v1.0.0": "archived", "v2.0.0": "production"},
        {"v1.0.0": "archived"},
        "one side put v2.0.0 in production, the other no version (it was v1.0.0)",
    ),
    "one-version-two-stages": (
        {"v3.0.0": "staging"},
        {"v3.0.0": "archived"},
        "v3.0.0: stage is staging on one side, archived on the other",
    ),
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_what_clashes_is_a_conflict_in_words(name: str) -> None:
    ours, theirs, sentence = CONFLICTS[name]

    merged, conflicts = merge_registry(made(BASE), made({**BASE, **ours}), made({**BASE, **theirs}), exclusive=ONE)

    assert merged is None
    assert sentence in conflicts


def test_two_new_registries_with_different_production_versions_clash() -> None:
    merged, conflicts = merge_registry(
        None, made({"v1.0.0": "production"}), made({"v2.0.0": "production"}), exclusive=ONE
    )

    assert merged is None
    assert conflicts == ["one side put v1.0.0 in production, the other v2.0.0 (it was no version)"]


def test_without_exclusive_stages_two_may_be_in_production() -> None:
    merged, _ = merge_registry(
        None, made({"v1.0.0": "production"}), made({"v2.0.0": "production"}), exclusive=frozenset()
    )

    assert stages(merged) == {"v1.0.0": "production", "v2.0.0": "production"}


def test_a_version_under_two_identities_is_a_conflict() -> None:
    ours = Registry(name="m").with_version(RegisteredVersion(version="v1.0.0", stage="dev", tree_sha256="a" * 64))
    theirs = Registry(name="m").with_version(RegisteredVersion(version="v1.0.0", stage="dev", tree_sha256="b" * 64))

    merged, conflicts = merge_registry(Registry(name="m"), ours, theirs, exclusive=ONE)

    assert merged is None
    assert conflicts[0].startswith("v1.0.0: tree_sha256 is aaaa")


def test_a_removed_version_stays_removed_unless_the_other_side_changed_it() -> None:
    without = {"v1.0.0": "production", "v2.0.0": "staging"}

    removed, _ = merge_registry(made(BASE), made(without), made({**BASE, "v4.0.0": "dev"}), exclusive=ONE)
    clash, conflicts = merge_registry(made(BASE), made(without), made({**BASE, "v3.0.0": "staging"}), exclusive=ONE)

    assert stages(removed) == {**without, "v4.0.0": "dev"}
    assert (clash, conflicts) == (None, ["one side removed v3.0.0, the other changed it"])


def test_a_comment_on_what_the_other_side_removed_is_kept_with_the_version_in_dev() -> None:
    staged = RegisteredVersion(version="v1.0.0", stage="staging")
    commented = RegisteredVersion(version="v1.0.0", stage="staging", comments=(Comment("", "A", "drifts"),))

    merged, conflicts = merge_registry(
        Registry(name="m", versions=(staged,)),
        Registry(name="m"),
        Registry(name="m", versions=(commented,)),
        exclusive=ONE,
    )

    assert (stages(merged), conflicts) == ({"v1.0.0": "dev"}, [])
    assert merged is not None
    assert merged.versions[0].comments == commented.comments


def test_a_version_that_one_side_comments_on_and_the_other_promotes_is_entered_once() -> None:
    commented = RegisteredVersion(
        version="v1.0.0", stage="dev", registered_utc="2026-01-02T00:00:00Z", comments=(Comment("", "A", "good"),)
    )
    promoted = RegisteredVersion(version="v1.0.0", stage="staging", registered_utc="2026-01-01T00:00:00Z")

    for one, other in ((commented, promoted), (promoted, commented)):
        merged, conflicts = merge_registry(
            Registry(name="m"),
            Registry(name="m", versions=(one,)),
            Registry(name="m", versions=(other,)),
            exclusive=ONE,
        )

        assert conflicts == []
        assert merged is not None
        entry = merged.versions[0]
        assert (entry.stage, entry.registered_utc) == ("staging", "2026-01-01T00:00:00Z")
        assert entry.comments == commented.comments


def test_fields_and_comments_of_one_version_are_merged() -> None:
    base = RegisteredVersion(version="v1.0.0", stage="staging", comments=(Comment("2026-01-01", "A", "old"),))
    one = RegisteredVersion(
        version="v1.0.0", stage="production", comments=(*base.comments, Comment("2026-01-03", "A", "late"))
    )
    other = RegisteredVersion(
        version="v1.0.0", stage="staging", run="r", comments=(*base.comments, Comment("2026-01-02", "B", "early"))
    )

    merged, conflicts = merge_registry(
        *(Registry(name="m", versions=(entry,)) for entry in (base, one, other)), exclusive=ONE
    )

    assert conflicts == []
    assert merged is not None
    assert (merged.versions[0].stage, merged.versions[0].run) == ("production", "r")
    assert [comment.text for comment in merged.versions[0].comments] == ["old", "early", "late"]


def test_registries_of_two_models_are_not_merged() -> None:
    assert merge_registry(None, Registry(name="a"), Registry(name="b"), exclusive=ONE) == (
        None,
        ["one side is the registry of a, the other of b"],
    )


def test_unknown_keys_are_merged_too() -> None:
    sides = [Registry(name="m", format="1.1", unknown=unknown) for unknown in ({"a": 1}, {"a": 2}, {"a": 1, "b": 3})]
    clash = Registry(name="m", format="1.1", unknown={"a": 9})

    merged, _ = merge_registry(*sides, exclusive=ONE)
    none, conflicts = merge_registry(sides[0], sides[1], clash, exclusive=ONE)

    assert merged is not None
    assert (merged.unknown, merged.format) == ({"a": 2, "b": 3}, "1.1")
    assert (none, conflicts) == (None, ["the registry: the key a was changed on both sides"])
