"""References: every way of writing one, and what cannot be one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlvgit.core.references import is_model_name, is_name, is_run_id, parse_reference, split_snapshot_name
from mlvgit.errors import UsageError

HEX = "ab" * 32

GOOD = {
    "iris@v0.1": ("", "iris", "version", "v0.1"),
    "iris_v0.1": ("snapshot", "iris", "version", "v0.1"),
    "my_data_v1.2.3": ("snapshot", "my_data", "version", "v1.2.3"),
    "iris_clf@v0.2.0": ("", "iris_clf", "version", "v0.2.0"),
    "iris_clf@v0.2.0-rc.1": ("", "iris_clf", "version", "v0.2.0-rc.1"),
    "iris_clf@production": ("model", "iris_clf", "stage", "production"),
    "iris_clf#production": ("model", "iris_clf", "stage", "production"),
    "iris@latest": ("", "iris", "latest", ""),
    "iris": ("", "iris", "default", ""),
    "data:iris": ("snapshot", "iris", "default", ""),
    "model:iris@latest": ("model", "iris", "latest", ""),
    "data:iris@v0.1": ("snapshot", "iris", "version", "v0.1"),
    "model:iris_v0.1": ("model", "iris_v0.1", "default", ""),
    "run:2026-01-01-iris-001": ("run", "2026-01-01-iris-001", "default", ""),
    f"sha256:{HEX.upper()}": ("bytes", HEX, "default", ""),
}


@pytest.mark.parametrize("text", GOOD)
def test_a_reference_is_parsed(text: str) -> None:
    found = parse_reference(text)

    assert (found.kind, found.name, found.wanted, found.selector) == GOOD[text]
    assert found.text == text


@pytest.mark.parametrize(
    "text",
    ["", "@", "iris@", "@v1.0", "iris@v1", "iris@v1.0.0.0", "-x", "iris/x", "a b", "iris\n", "run:", "run:../x", "run:a b",
     "sha256:", "sha256:abc", "iris@../x", "iris@1", "data:", "é"],
)  # fmt: skip
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_reference(text)


@given(st.text(max_size=30))
def test_any_text_is_a_reference_or_a_known_error(text: str) -> None:
    try:
        found = parse_reference(text)
    except UsageError:
        return
    assert "/" not in found.name
    assert not found.name.startswith("-")


def test_the_version_of_a_snapshot_folder_is_its_last_one() -> None:
    assert split_snapshot_name("iris_v0.1_v0.2") == ("iris_v0.1", "v0.2")
    assert split_snapshot_name("iris") is None
    assert split_snapshot_name("_v0.1") is None
    assert split_snapshot_name("iris_v00.1") is None


@pytest.mark.parametrize(("text", "dataset", "model", "run"), [
    ("iris", True, True, True),
    ("a.b", True, False, True),
    ("a_b-c", True, True, True),
    ("a+b", False, False, True),
    (".a", False, False, False),
    ("a.", False, False, True),
    ("a..b", True, False, False),
    ("a\n", False, False, False),
    ("x" * 129, False, False, False),
    ("é", False, False, False),
])  # fmt: skip
def test_names_follow_their_grammar(text: str, dataset: bool, model: bool, run: bool) -> None:
    assert (is_name(text), is_model_name(text), is_run_id(text)) == (dataset, model, run)
