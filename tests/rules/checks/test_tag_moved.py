from mlvgit.rules.engine import judge
from tests.rules.checks.tag_facts import facts, pushing
from tests.rules.world import delta_of, valid


def found(before, after):
    return [(one.code, one.severity) for one in judge([], pushing(before, after, valid()))]


def test_deleting_a_published_tag_is_refused():
    assert found(facts(), None) == [("MLV501", "error")]


def test_moving_a_published_tag_is_refused():
    (finding,) = judge([], pushing(facts(), facts(commit="d" * 40), valid()))

    assert finding.code == "MLV501"
    assert finding.message == "the model tag iris_clf@v0.1.0 is moved from commit cccccccccccc to dddddddddddd"
    assert finding.undo == ("git fetch REMOTE --force refs/tags/iris_clf@v0.1.0:refs/tags/iris_clf@v0.1.0",)


def test_a_tag_that_says_something_else_is_refused():
    assert ("MLV501", "error") in found(facts(), facts(tree_sha256="0" * 64))


def test_a_new_tag_and_one_that_stays_pass():
    assert found(None, facts()) == []
    assert found(facts(), facts()) == []


def test_a_tag_is_judged_once_however_many_parents_there_are():
    context = pushing(facts(), None)
    delta = delta_of(valid(), valid())

    assert len(judge([delta, delta, delta], context)) == 1


def test_tags_are_not_asked_about_at_a_commit():

    assert judge([], pushing(facts(), None)._replace(moment="commit")) == []
