"""The help: every command says what it does and shows how it is typed; the man page and the completions are up to date."""

import shlex
import shutil
from pathlib import Path

import pytest

from mlvgit.cli import generate, main
from mlvgit.cli.main import COMMANDS, GROUPS, build_parser
from mlvgit.cli.manpage import manpage
from mlvgit.cli.shape import Shape, shapes
from tests.conftest import ROOT, Playground, Sandbox

TYPED = [name for name, command in COMMANDS.items() if command.group]
PAGE = ROOT / "share" / "man" / "man1" / "git-mlv.1"


@pytest.fixture(scope="module")
def known() -> dict[str, Shape]:
    """The commands and verbs, by name."""
    return {shape.name: shape for shape in shapes()}


@pytest.mark.parametrize("name", TYPED)
def test_every_command_has_a_description_and_examples_of_itself(name: str, known: dict[str, Shape]) -> None:
    shape = known[name]

    assert shape.description.strip()
    assert "examples:\n" in shape.epilog, f"git mlv {name} -h shows no example"
    lines = [line for line in shape.epilog.splitlines() if line.startswith("  ")]
    assert any(f"git mlv {name}" in line for line in lines), f"git mlv {name} -h shows no example"


def test_every_example_is_accepted_by_the_parser(known: dict[str, Shape]) -> None:
    wrong = []
    for name in TYPED:
        for line in known[name].epilog.splitlines():
            command = line.split("   ")[-1].strip() if line.startswith("   ") else line.strip().split("   ")[0]
            if not command.startswith("git mlv "):
                continue
            _, _, word, *rest = shlex.split(command)
            try:
                main._parse(build_parser(word), rest)
            except (SystemExit, KeyError):
                wrong.append(command)

    assert wrong == []


@pytest.mark.parametrize("name", TYPED)
def test_help_of_every_command_is_printed_both_ways(name: str, playground: Playground, tmp_path: Path) -> None:
    asked = playground.run("git", "mlv", name, "-h", cwd=tmp_path)

    assert asked.out == playground.run("git", "mlv", "help", name, cwd=tmp_path).out
    assert asked.out.startswith(f"usage: git mlv {name}")


def test_every_group_has_a_heading() -> None:
    assert {command.group for command in COMMANDS.values()} - {""} == set(GROUPS)


def test_share_is_what_the_parsers_give() -> None:
    found = {path: (ROOT / "share" / path).read_text() for path in generate.documents()}

    assert found == generate.documents(), "python -m mlvgit.cli.generate"


def test_check_ends_with_1_and_names_the_file_that_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "SHARE", tmp_path)

    assert generate.main(["--check"]) == 1
    assert "share/man/man1/git-mlv.1 is not up to date" in capsys.readouterr().err
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_the_man_page_names_every_command_and_option(known: dict[str, Shape]) -> None:
    page = manpage(known.values()).replace("\\-", "-")

    for shape in known.values():
        assert f"git mlv {shape.name}" in page
        for option in shape.options:
            assert "--help" in option.flags or ", ".join(option.flags) in page


def test_the_man_page_has_balanced_blocks_and_no_line_that_troff_would_take_for_a_request() -> None:
    lines = PAGE.read_text().splitlines()
    requests = {".TH", ".SH", ".SS", ".TP", ".PP", ".nf", ".fi", ".RS", ".RE", ".BR", '.\\"'}

    assert {line.split(" ")[0] for line in lines if line.startswith((".", "'"))} <= requests
    for start, end in ((".nf", ".fi"), (".RS 4", ".RE")):
        assert lines.count(start) == lines.count(end)


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
def test_mandoc_finds_nothing_wrong_with_the_man_page(playground: Playground) -> None:
    ran = playground.run("mandoc", "-Tlint", "-Wwarning", PAGE, cwd=ROOT, check=False)

    assert [line for line in ran.said.splitlines() if "missing date" not in line] == []


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_git_mlv_help_shows_the_man_page_of_the_prefix_that_git_mlv_is_in(repo: Sandbox) -> None:
    prefix = repo.playground.folder / "prefix"
    (prefix / "bin").mkdir(parents=True)
    shutil.copy(shutil.which("git-mlv", path=repo.playground.environment()["PATH"]) or "", prefix / "bin" / "git-mlv")
    shutil.copytree(ROOT / "share", prefix / "share")
    path = f"{prefix / 'bin'}:{repo.playground.environment()['PATH']}"

    shown = repo.git("mlv", "--help", PATH=path, MANPAGER="cat", MANWIDTH="100", check=False)

    if "No manual entry" in shown.said or "minimized" in shown.said:
        pytest.skip("this man does not look beside PATH")
    assert "git-mlv - data and model versions as trustworthy as commits" in shown.out
    assert "git mlv promote" in shown.out
