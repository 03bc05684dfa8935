import pytest

from mlvgit.errors import UsageError
from mlvgit.rules.explain import explain


@pytest.mark.parametrize(
    "word", ["MLV101", "mlv101", "101", "snapshot-changed-in-place", " Snapshot-Changed-In-Place "]
)
def test_a_rule_is_found_by_code_and_by_name(word):
    assert explain(word).code == "MLV101"


def test_a_rule_says_what_it_does_when():
    rule = explain("MLV203")

    assert (rule.at_commit, rule.at_push) == ("warns", "refuses")
    assert explain("MLV104").note == "a model version warns at commit"


@pytest.mark.parametrize(
    ("word", "nearest"), [("MLV102x", "MLV102"), ("one-prodution", "one-production"), ("mlv99", "MLV")]
)
def test_an_unknown_rule_names_the_nearest(word, nearest):
    with pytest.raises(UsageError) as caught:
        explain(word)

    assert nearest in caught.value.hint


def test_a_word_like_no_rule_lists_them():
    with pytest.raises(UsageError) as caught:
        explain("xyzzy")

    assert "MLV101, MLV102" in caught.value.hint
