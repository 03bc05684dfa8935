from tests.rules.world import codes, judged, refused, valid

RUN = "runs/2026-01-01-iris.yaml"


def published(path: str, data: bytes) -> bool:
    return path == RUN


def test_editing_a_published_run_is_refused():
    after = valid().swap(RUN, '"seed": 42', '"seed": 7')

    (finding,) = judged(valid(), after, published_run=published)

    assert (finding.code, finding.severity) == ("MLV304", "error")
    assert finding.change == "was edited: params"
    assert refused(valid(), after, "push", published_run=published) == ["MLV304"]


def test_deleting_or_breaking_a_published_run_is_refused():
    assert refused(valid(), valid().drop(RUN), published_run=published) == ["MLV304"]
    assert "MLV304" in refused(valid(), valid().put(RUN, "gone\n"), published_run=published)


def test_a_run_that_is_not_published_may_change():
    assert codes(valid(), valid().swap(RUN, '"seed": 42', '"seed": 7')) == []
    assert codes(valid(), valid().drop(RUN)) == []


def test_notes_and_tolerances_are_free():
    after = valid().swap(RUN, '"run_id"', '"notes": "on the old cluster", "tolerances": {"f1": 0.01}, "run_id"')

    assert codes(valid(), after, published_run=published) == []


def test_what_was_not_said_may_be_added():
    after = valid().swap(RUN, '"run_id"', f'"code_sha256": "{"1" * 64}", "run_id"')

    assert codes(valid(), after, published_run=published) == []
    assert refused(after, valid(), published_run=published) == ["MLV304"]


def test_the_environment_is_compared_key_by_key():
    lock = '"requirements_lock": "sha256:' + "1" * 64 + '", "python"'
    more = valid().swap(RUN, '"python"', lock)

    assert codes(valid(), more, published_run=published) == []
    assert (
        judged(valid(), valid().swap(RUN, '"3.10"', '"3.11"'), published_run=published)[0].change
        == "was edited: env.python"
    )


def test_writing_it_differently_is_no_change():
    text = valid().read(RUN).decode().replace("\n", "\n ") + "\n# reviewed by Ann\n"

    assert codes(valid(), valid().put(RUN, text), published_run=published) == []


def test_a_run_that_moves_with_its_root_is_the_same():
    before = valid().put("mlv.yaml", "mode: enforce\n")
    after = before.move("", "project")

    assert codes(before, after, published_run=published) == []
    changed = after.swap("project/" + RUN, '"seed": 42', '"seed": 7')
    assert refused(before, changed, published_run=published) == ["MLV304"]


def test_another_suffix_is_the_same_run():
    before = valid()

    assert codes(before, before.move(RUN, RUN.replace(".yaml", ".yml")), published_run=published) == []
