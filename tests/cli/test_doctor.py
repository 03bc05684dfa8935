"""`git mlv doctor`, as a person sees it."""

import json

from tests.conftest import Sandbox


def test_each_line_has_a_level_and_what_is_bad_has_the_command(repo: Sandbox) -> None:
    ran = repo.mlv("doctor", check=False)

    assert ran.status == 1
    assert "  bad      no hook of mlvgit is installed in this clone\n           mend: git mlv install" in ran.out
    assert ran.out.splitlines()[-1].startswith("NOT guarded: ")


def test_following_its_advice_makes_it_content(repo: Sandbox) -> None:
    repo.mlv("init", "--no-hooks")
    repo.mlv("install")

    ran = repo.mlv("doctor")

    assert "tried: a commit that alters a frozen file is refused" in ran.out
    assert ran.out.splitlines()[-1].startswith("guarded")


def test_the_json_has_the_same_facts(repo: Sandbox) -> None:
    repo.mlv("init")

    found = json.loads(repo.mlv("doctor", "--json").out)

    assert found["guarded"] is True
    assert found["trial"] == {"outcome": "refused", "detail": ""}
    assert {"area", "level", "text", "mend"} == set(found["symptoms"][0])


def test_names_from_outside_cannot_drive_the_terminal(repo: Sandbox) -> None:
    repo.mlv("init")
    repo.write(".gitignore", "data/\x1b[31m*\ndata/*\n")

    assert "\x1b" not in repo.mlv("doctor").said
