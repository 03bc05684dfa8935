import pytest

from mlvgit.rules.engine import judge
from tests.rules.checks.tag_facts import facts, pushing
from tests.rules.world import MODEL, World, identity, valid

REGISTRY = "models/iris_clf/registry.json"


def messages(tag, tree):
    found = judge([], pushing(None, tag, tree))
    assert {one.code for one in found} <= {"MLV502"}
    return [one.message for one in found]


def test_a_tag_that_says_what_its_commit_has_passes():
    assert messages(facts(), valid()) == []


def test_a_tag_under_another_name_is_refused():
    (message,) = messages(facts(header_name="iris_clf@v0.0.9"), valid())

    assert message == "the model tag iris_clf@v0.1.0 is iris_clf@v0.0.9 by its own text"


def test_a_tag_that_vouches_for_another_version_is_refused():
    assert messages(facts(ref="refs/tags/iris_clf@v0.2.0", header_name="iris_clf@v0.2.0"), valid())


@pytest.mark.parametrize("changed", [{"tree_sha256": "0" * 64}, {"manifest_sha256": "0" * 64}])
def test_a_tag_that_vouches_for_other_files_is_refused(changed):
    assert messages(facts(**changed), valid())


def test_a_commit_without_the_version_is_refused():
    assert "has no manifest" in messages(facts(), World())[0]
    assert messages(facts(), valid().put("models/iris_clf/v0.1.0.manifest.json", "{"))


def test_a_registry_that_says_otherwise_is_refused():
    tree = valid().swap(REGISTRY, identity(valid(), MODEL), "0" * 64)

    (message,) = messages(facts(), tree)

    assert "the registry has 000000000000" in message


def test_a_commit_without_a_registry_passes():
    assert messages(facts(), valid().drop(REGISTRY)) == []


def test_a_tag_of_another_root_names_it():
    tree = valid().move("", "vision").put("vision/mlv.yaml", "")
    name = "vision=iris_clf@v0.1.0"

    assert messages(facts(root="vision", ref="refs/tags/" + name, header_name=name), tree) == []
    assert messages(facts(root="vision"), tree)


def test_hostile_text_is_not_printed():
    assert all("\x1b" not in message for message in messages(facts(header_name="\x1b[2J", model="\x1b"), valid()))
