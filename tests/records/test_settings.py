"""Settings: defaults, every key, what is refused, what loosens."""

import pytest

from mlvgit.errors import Problem, SettingsError
from mlvgit.records.layout import Layout
from mlvgit.records.settings import Exemption, Folders, Limits, Remote, Settings, Stage, parse_size
from tests.records.examples import SETTINGS


def parse(text: str | bytes) -> Settings:
    return Settings.parse(text.encode() if isinstance(text, str) else text)


def refused(text: str) -> tuple[Problem, ...]:
    with pytest.raises(SettingsError) as caught:
        parse(text)
    assert caught.value.exit_status == 2
    assert caught.value.path == "mlv.yaml"
    return caught.value.problems


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "---\n", "{}\n"])
def test_an_empty_file_has_the_defaults(text: str) -> None:
    assert parse(text) == Settings()


def test_the_defaults_are_those_of_the_documentation() -> None:
    found = Settings()

    assert found.stage_names == ("dev", "staging", "production", "archived")
    assert found.stage("production") == Stage("production", one=True, tag=True)
    assert found.stage("staging") == Stage("staging", tag=True)
    assert found.stage("qa") is None
    assert found.exclusive == {"production"}
    assert found.limits == Limits(10 * 1024**2, 1024**2)
    assert found.layout("ml") == Layout(root="ml")
    assert found.layout() == Layout()
    assert (found.mode, found.run_lock, found.protect) == ("enforce", "optional", ())


def test_every_key_is_read() -> None:
    found = parse(SETTINGS)

    assert found == Settings(
        requires="0.1",
        folders=Folders(snapshots="data/snaps", runs="experiments"),
        protect=("main", "release/*"),
        release_branch="main",
        mode="advise",
        limits=Limits(20 * 1024**2, 500_000),
        stages=(Stage("dev"), Stage("qa", tag=True, comes_from=("dev",)), Stage("live", True, True, ("qa", "live"))),
        exceptions=(Exemption("MLV107", "data/old_*/**", "older than us", "2026-12-31"),),
        ignore_extra=("*.tmp", "cache/**"),
        run_lock="required",
        local_never=frozenset({"patients"}),
        remotes=(
            Remote("origin", "s3://bucket/mlv"),
            Remote(
                "lake",
                "https://lake.example.org/x",
                "https://lake.example.org",
                {"region": "eu", "retries": 3, "tls": True},
            ),
        ),
    )
    assert found.remote("lake") is found.remotes[1]
    assert found.remote("x") is None
    assert found.layout("a").snapshots_dir == "a/data/snaps"


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("limitz: {}", "$.limitz", "did you mean 'limits'?"),
        ("mode: advice", "$.mode", "did you mean 'advise'?"),
        ("format: 2.0", "$.format", "mlvgit 2.0 or later"),
        ("requires: latest", "$.requires", "a version of mlvgit"),
        ("folders: {snapshots: ../x}", "$.folders.snapshots", "has the part '..'"),
        ("folders: {snapshots: /x}", "$.folders.snapshots", "is absolute"),
        ("folders: {models: .git}", "$.folders.models", ".git"),
        ("folders: {models: x, runs: X}", "$.folders.runs", "lies in models"),
        ("folders: {models: data/snapshots/m}", "$.folders.models", "models lies in snapshots"),
        ("folders: {runs: models/x}", "$.folders.runs", "runs lies in models"),
        ("limits: {file_in_git: lots}", "$.limits.file_in_git", "a size"),
        ("limits: {file_in_git: -1}", "$.limits.file_in_git", "at least 0"),
        ("stages: {}", "$.stages", "must not be empty"),
        ("stages: {dev: {from: [devv]}}", "$.stages.dev.from[0]", "did you mean 'dev'?"),
        ("stages: {a b: {}}", "$.stages", 'the name "a b" is not one'),
        ("stages: {dev: {one: maybe}}", "$.stages.dev.one", "true or false"),
        ("exceptions: [{code: MLV107, path: x}]", "$.exceptions[0]", "the key 'reason' is missing"),
        ("exceptions: [{code: MLV1, path: x, reason: y}]", "$.exceptions[0].code", "the code of a rule"),
        ("exceptions: [{code: MLV101, path: x, reason: y, until: soon}]", "$.exceptions[0].until", "a date"),
        ("protect: main", "$.protect", "expected a list"),
        ("protect: ['-x']", "$.protect[0]", "a branch or a pattern"),
        ("run_lock: true", "$.run_lock", "optional, required"),
        ("datasets: {x: {local: nevr}}", "$.datasets.x.local", "did you mean 'never'?"),
        ("remotes: {x: {region: eu}}", "$.remotes.x", "the key 'url' is missing"),
        ("remotes: {x: }", "$.remotes.x", "must not be empty"),
        ("hooks: {pre-commit: rm}", "$.hooks", "unknown key"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, where: str, words: str) -> None:
    problems = refused(text)

    assert any(p.where == where and words in p.message and p.line == 1 for p in problems), problems


SECRETS = {
    "https://ada:pw@h/x": "before @",
    "https://token@h/x": "before @",
    "ssh://git:pw@h/x": "before @",
    "s3://AKIA:SECRET@b": "before @",
    "https://h/x?X-Amz-Signature=1": "signature, key or token",
    "https://h/x?sv=1&sig=abc": "signature, key or token",
    "https://h/x?access_token=1": "signature, key or token",
    "az://c?AccountKey=1": "signature, key or token",
    "ext::sh -c id": "would run a program",
    "--upload-pack=id": "would run a program",
}


@pytest.mark.parametrize("url", SECRETS)
def test_a_url_with_a_credential_or_a_program_is_refused(url: str) -> None:
    for text, where in (
        (f"remotes: {{x: '{url}'}}", "$.remotes.x"),
        (f"remotes: {{x: {{url: '{url}'}}}}", "$.remotes.x.url"),
    ):
        (problem,) = refused(text)
        assert problem.where == where
        assert SECRETS[url] in problem.message
        assert "pw" not in problem.message


@pytest.mark.parametrize(
    "key",
    [
        "secret_key",
        "password",
        "api_key",
        "access_key_id",
        "sas_token",
        "AccountKey",
        "client-secret",
        "connection_string",
    ],
)
def test_a_key_that_looks_like_a_secret_is_refused(key: str) -> None:
    (problem,) = refused(f"remotes: {{x: {{url: s3://b, {key}: hunter2}}}}")

    assert "looks like a secret" in problem.message
    assert "hunter2" not in problem.message


@pytest.mark.parametrize("key", ["command", "credential_process", "ssh_command", "exec", "hook"])
def test_a_key_that_looks_like_a_program_is_refused(key: str) -> None:
    assert "looks like a" in refused(f"remotes: {{x: {{url: s3://b, {key}: id}}}}")[0].message


@pytest.mark.parametrize(
    "url",
    [
        "ssh://git@host/x",
        "sftp://ada@host/x",
        "git@host:x",
        "s3://b/p",
        "https://h/x?versioned=1",
        "../store",
        "file:///x",
        "C:/x",
    ],
)
def test_a_url_without_a_credential_is_fine(url: str) -> None:
    assert parse(f"remotes: {{x: '{url}'}}").remotes == (Remote("x", url),)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (0, 0),
        (1048576, 1048576),
        ("500", 500),
        ("500 B", 500),
        ("500 KiB", 512_000),
        ("10MB", 10_000_000),
        ("1.5 GiB", 1_610_612_736),
        ("1TiB", 1024**4),
    ],
)
def test_sizes_are_bytes_or_have_a_unit(text: int | str, size: int) -> None:
    assert parse_size(text) == size
    assert parse(f"limits: {{file_in_git: {text}}}").limits.file_in_git == size


def test_an_exception_covers_its_rule_its_place_and_its_time() -> None:
    found = parse(SETTINGS)

    assert found.exempted("MLV107", "data/old_x/y/z.bin", "2026-12-31") is found.exceptions[0]
    assert found.exempted("MLV107", "data/old_x/y/z.bin", "2027-01-01") is None
    assert found.exempted("MLV107", "data/new/z.bin", "2026-12-31") is None
    assert found.exempted("MLV101", "data/old_x/y/z.bin", "2026-12-31") is None


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("a.tmp", True),
        ("x/a.tmp", True),
        ("a.tmp/x", True),
        ("cache/x/y", True),
        ("x/cache/y", False),
        ("a.csv", False),
    ],
)
def test_extra_files_are_ignored_by_name_anywhere_and_by_path_from_the_top(path: str, ignored: bool) -> None:
    assert parse(SETTINGS).ignores(path) is ignored


@pytest.mark.parametrize(
    ("requires", "program", "fine"),
    [
        ("", "0.0.1", True),
        ("0.2", "0.2.0", True),
        ("0.2", "0.1.9", False),
        (">=1", "1.0.0rc1", True),
        ("0.10", "0.9", False),
        ("0.1.1", "0.1.1.dev3", True),
    ],
)
def test_a_program_that_is_too_old_is_known(requires: str, program: str, fine: bool) -> None:
    assert parse(f"requires: '{requires}'" if requires else "").satisfied_by(program) is fine


STRICT = """
protect: [main, "release/*"]
limits: {file_in_git: 1 MiB}
stages:
  dev: {}
  qa: {tag: true, from: [dev]}
  live: {one: true, tag: true, from: [qa]}
run_lock: required
exceptions: [{code: MLV107, path: "a/*", reason: x, until: 2026-06-30}]
"""

LOOSER: dict[str, tuple[str, str, str]] = {
    "exception-added": (
        "exceptions: [",
        "exceptions: [{code: MLV101, path: '**', reason: z}, ",
        "an exception from MLV101 for ** was added",
    ),
    "exception-longer": ("2026-06-30", "2026-07-01", "the exception from MLV107 for a/* lasts longer: 2026-07-01"),
    "exception-for-good": (", until: 2026-06-30", "", "lasts longer: for good"),
    "exception-wider": ("a/*", "a/**", "an exception from MLV107 for a/** was added"),
    "limit": ("1 MiB", "2 MiB", "the limit for a file in Git was raised from 1.0 MiB to 2.0 MiB"),
    "one": ("live: {one: true,", "live: {", "the stage live may now hold several versions"),
    "tag": ("tag: true, from: [qa]", "from: [qa]", "the stage live no longer needs a tag"),
    "from-gone": (", from: [qa]", "", "the stage live may now be entered from any stage"),
    "from-wider": ("[qa]", "[qa, dev]", "the stage live may now be entered from dev"),
    "stage-gone": ("  live: {one: true, tag: true, from: [qa]}\n", "", "the stage live was removed"),
    "protect-gone": ('protect: [main, "release/*"]\n', "", "protect was removed: main, release/*"),
    "protect-less": ('[main, "release/*"]', "[main]", "no longer protected: release/*"),
    "mode": ("run_lock", "mode: advise\nrun_lock", "refusals at commit were turned into warnings"),
    "lock": ("run_lock: required", "run_lock: optional", "no longer need a locked environment"),
    "extra": ("run_lock", "ignore_extra: ['*']\nrun_lock", "ignore_extra was widened by *"),
}


@pytest.mark.parametrize("name", LOOSER)
def test_what_loosens_is_said_and_its_reverse_is_not(name: str) -> None:
    before, after, sentence = LOOSER[name]
    assert before in STRICT
    old, new = parse(STRICT), parse(STRICT.replace(before, after))

    assert any(sentence in said for said in old.weakened_by(new)), old.weakened_by(new)
    if name not in ("exception-wider", "protect-gone"):  # whether a pattern is narrower is not decided
        assert new.weakened_by(old) == []


def test_the_same_settings_loosen_nothing() -> None:
    assert parse(STRICT).weakened_by(parse(STRICT)) == []
    assert Settings().weakened_by(Settings()) == []


def test_naming_protected_branches_where_the_default_held_is_reported() -> None:
    (sentence,) = Settings().weakened_by(parse("protect: [develop]"))

    assert "protect now names only develop" in sentence


def test_a_newer_minor_version_is_read_by_what_is_known() -> None:
    found = parse("format: 1.9\nsigners: [x]\nlimits: {file_in_git: 1 MiB, rows: 3}\n")

    assert found.limits.file_in_git == 1024**2
    assert found.unknown == {"signers": ["x"]}


def test_hostile_settings_are_shown_escaped() -> None:
    problems = refused('"\\e]0;pwn\\a": 1\nmode: "\\e[31m"\n')

    assert all(p.message.isprintable() and p.where.isprintable() for p in problems)
