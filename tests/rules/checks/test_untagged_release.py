from tests.rules.world import MODEL, codes, identity, judged, refused, valid, vouched

REGISTRY = "models/iris_clf/registry.json"
BEFORE = valid().swap(REGISTRY, '"archived"', '"dev"')
STAGED = BEFORE.swap(REGISTRY, '"dev"', '"staging"')


def test_a_release_without_a_tag_warns_at_commit_and_is_refused_at_push():
    (finding,) = judged(BEFORE, STAGED)

    assert (finding.code, finding.severity) == ("MLV203", "warning")
    assert finding.message == "iris_clf@v0.1.0 is in staging and has no model tag"
    assert finding.keep == ("git mlv tag-model iris_clf v0.1.0",)
    assert refused(BEFORE, STAGED, "push") == ["MLV203"]


def test_a_release_with_its_tag_passes():
    assert codes(BEFORE, STAGED, "push", tagged=vouched(BEFORE)) == []


def test_a_tag_that_vouches_for_other_files_does_not_count():
    assert refused(BEFORE, STAGED, "push", tagged=lambda _: frozenset({"0" * 64})) == ["MLV203"]


def test_what_somebody_else_tagged_with_other_files_gets_another_number():
    before = BEFORE.drop(*BEFORE.below("models"), "models/iris_clf/v0.1.0.manifest.json")
    taken = frozenset({"v0.1.0", "v0.1.1"})

    found = judged(before, STAGED, "push", tagged=lambda key: frozenset({"0" * 64} if key.version in taken else ()))
    (finding,) = [each for each in found if (each.code, each.key) == ("MLV203", MODEL)]

    assert finding.keep == (
        "git mlv renumber iris_clf@v0.1.0 v0.1.2 -m 'Make room for the other iris_clf@v0.1.0'",
        "git pull --no-rebase --no-edit",
        "git mlv tag-model iris_clf v0.1.2",
        "git mlv push",
    )


def test_a_tag_here_for_other_files_than_were_released_gives_way():
    (finding,) = judged(BEFORE, STAGED, tagged=lambda _: frozenset({"0" * 64}), released=lambda _, __: True)

    assert finding.keep == ("git tag -d iris_clf@v0.1.0 && git fetch --tags",)


def test_a_version_that_stays_in_its_stage_is_not_asked_again():
    after = BEFORE.swap(REGISTRY, '"run"', '"registered_utc": "2026-01-01T00:00:00Z", "run"')

    assert codes(BEFORE, after, "push") == []


def test_archiving_needs_no_tag():
    assert codes(BEFORE, valid(), "push") == []


def test_a_version_without_a_manifest_needs_some_tag():
    before = BEFORE.drop("models/iris_clf/v0.1.0.manifest.json")
    after = STAGED.drop("models/iris_clf/v0.1.0.manifest.json")

    assert "MLV203" in refused(before, after, "push")
    assert "MLV203" not in refused(before, after, "push", tagged=lambda _: frozenset({identity(BEFORE, MODEL)}))


def test_a_tag_that_a_remote_most_probably_has_is_to_be_fetched_before_another_is_made():
    (finding,) = judged(BEFORE, STAGED, released=lambda _, __: True)

    assert finding.message == "iris_clf@v0.1.0 is in staging and its model tag is not here"
    assert finding.keep[0] == "git fetch --tags"
    assert finding.keep[1].startswith("git mlv tag-model iris_clf v0.1.0 ")


def test_a_tag_that_stands_here_and_is_not_pushed_is_told_from_one_that_is_missing():
    (finding,) = judged(BEFORE, STAGED, "push", tagged_here=vouched(BEFORE))

    assert finding.message == "iris_clf@v0.1.0 is in staging and its model tag stands here and is no part of this push"
    assert finding.keep[0] == "git mlv push"
    assert finding.keep[1].startswith("git push --atomic REMOTE BRANCH iris_clf@v0.1.0 ")
