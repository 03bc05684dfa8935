"""Tests over all rules at once: each has its documentation, its file, its tests, a line on the page of rules."""

import re
from pathlib import Path

import pytest

from mlvgit.rules import write_docs
from mlvgit.rules.explain import SECTIONS, all_codes, explain
from mlvgit.rules.table import RULES
from tests.rules.world import World, context_for, delta_of, valid

ROOT = Path(__file__).resolve().parents[2]
CODES = sorted(RULES)


def test_the_table_has_the_rules_of_the_specification():
    families = {1: range(101, 109), 2: range(201, 207), 3: range(301, 305), 4: range(401, 403), 5: range(501, 503)}

    assert [f"MLV{number}" for family in families.values() for number in family] == list(RULES)


def test_codes_and_names_are_unique_and_the_key_is_the_code():
    assert all(code == rule.code for code, rule in RULES.items())
    assert len({rule.name for rule in RULES.values()}) == len(RULES)


@pytest.mark.parametrize("code", CODES)
def test_a_rule_has_a_file_and_a_test_file_of_its_name(code):
    stem = RULES[code].name.replace("-", "_")

    assert RULES[code].check.__module__ == f"mlvgit.rules.checks.{stem}"
    assert (ROOT / f"mlvgit/rules/checks/{stem}.py").is_file()
    assert (ROOT / f"tests/rules/checks/test_{stem}.py").is_file()


def test_every_file_of_checks_is_in_the_table():
    files = {path.stem for path in (ROOT / "mlvgit/rules/checks").glob("*.py")} - {"__init__"}

    assert files == {rule.name.replace("-", "_") for rule in RULES.values()}


@pytest.mark.parametrize("code", CODES)
def test_a_name_reads_well_after_allow(code):
    """`allow snapshot-changed-in-place`: a state of affairs, not an order or a prohibition."""
    words = RULES[code].name.split("-")

    assert 2 <= len(words) <= 4
    assert all(re.fullmatch("[a-z]+", word) for word in words)
    assert not {"no", "not", "must", "never", "forbid", "check", "rule", "error"} & set(words)


@pytest.mark.parametrize("code", CODES)
def test_a_rule_is_documented_in_all_sections(code):
    rule = explain(code)

    assert rule.summary.endswith(".")
    assert rule.summary.count(". ") == 0
    assert tuple(title for title, _ in rule.sections) == SECTIONS
    assert all(text.strip() for _, text in rule.sections)
    assert not re.search(r"[^\x00-\x7f]", str(rule))


@pytest.mark.parametrize("code", CODES)
def test_a_rule_does_something_at_a_push(code):
    assert RULES[code].at_push == "refuses"
    assert RULES[code].scope in ("change", "state", "tags")


def test_the_page_of_rules_is_what_the_rules_say():
    page = (ROOT / "docs/rules.md").read_text(encoding="utf-8")

    assert page == write_docs.markdown(), "run: python -m mlvgit.rules.write_docs"
    for rule in RULES.values():
        assert f"| [{rule.code}](" in page
        assert f"## {rule.code} {rule.name}" in page


def test_the_page_can_be_written_anywhere(tmp_path):
    write_docs.main(str(tmp_path / "rules.md"))

    assert (tmp_path / "rules.md").read_text(encoding="utf-8") == write_docs.markdown()


def test_all_codes_are_those_of_the_table():
    assert all_codes() == tuple(RULES)


@pytest.mark.parametrize("code", CODES)
def test_a_rule_finds_nothing_where_nothing_is_and_where_nothing_changed(code):
    for world in (World(), valid()):
        for moment in ("commit", "push"):
            assert list(RULES[code].check(delta_of(world, world), context_for(world, moment))) == []
