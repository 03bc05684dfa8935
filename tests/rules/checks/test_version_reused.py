from tests.rules.world import World, codes, judged, published_in, refused, valid

PUBLISHED = published_in(valid())


def test_a_published_version_under_another_identity_is_refused():
    before = World().put("README.md", "an older branch")
    after = before.snapshot("iris", "v0.1", {"iris.csv": b"other\n"})

    (finding,) = judged(before, after, "push", published=PUBLISHED)

    assert (finding.code, finding.severity) == ("MLV206", "error")
    assert finding.keep == ("git mlv renumber iris@v0.1 v0.2",)
    assert refused(before, after, published=PUBLISHED) == ["MLV206"]


def test_another_spelling_of_the_version_does_not_help():
    after = World().snapshot("iris", "v0.1.0", {"iris.csv": b"other\n"})

    assert refused(World(), after, "push", published=PUBLISHED) == ["MLV206"]


def test_a_model_version_is_not_reused_either():
    after = World().model("iris_clf", "v0.1.0", {"model.pkl": b"other"})

    assert refused(World(), after, "push", published=PUBLISHED) == ["MLV206"]


def test_the_same_identity_is_the_same_version():
    assert codes(World(), valid(), "push", published=PUBLISHED, tagged=PUBLISHED) == []


def test_a_free_version_passes():
    after = valid().snapshot("iris", "v0.3", {"iris.csv": b"other\n"})

    assert codes(valid(), after, "push") == []


def test_two_spellings_of_one_version_side_by_side_are_refused():
    after = valid().snapshot("iris", "v0.2.0", {"iris.csv": b"other\n"})

    assert refused(valid(), after) == ["MLV206"]


def test_builds_of_a_model_version_are_different_versions():
    before = World().model("m", "v1.0.0+cpu", {"model.pkl": b"a"})

    assert codes(before, before.model("m", "v1.0.0+gpu", {"model.pkl": b"b"})) == []
