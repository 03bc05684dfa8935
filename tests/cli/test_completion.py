"""TAB in bash, zsh and fish: commands, options, data sets, models, versions, stages; quick, and never run by names."""

import os
import pty
import select
import shutil
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, Playground, Sandbox

SHARE = ROOT / "share"
BASH_SCRIPT = SHARE / "bash-completion" / "completions" / "git-mlv"
FISH_SCRIPT = SHARE / "fish" / "vendor_completions.d" / "git-mlv.fish"
GITS_OWN = Path("/usr/share/bash-completion/completions/git")
LOADER = Path("/usr/share/bash-completion/bash_completion")

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
needs_zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
needs_fish = pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")

MANIFEST = '{"dataset": "x", "version": "v0.1", "files": []}\n'
REGISTRY = (
    '{"name": "iris_clf", "versions": [\n'
    '{"version": "v0.1.0", "stage": "archived"},\n{"version": "v0.2.0", "stage": "production"}]}\n'
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A repository in which names are known; completion reads names only, so the documents need not be whole."""
    repo = Playground(tmp_path_factory.mktemp("completion")).init()
    for name in ("iris_v0.1", "iris_v0.2", "big-table_v1.0"):
        repo.write(f"data/snapshots/{name}.manifest.json", MANIFEST)
    for name in ("iris_clf/v0.1.0", "iris_clf/v0.2.0", "other/v1.0.0-rc.1"):
        repo.write(f"models/{name}.manifest.json", MANIFEST)
    repo.write("models/iris_clf/registry.json", REGISTRY)
    repo.write("mlv.yaml", "stages:\n  dev: {}\n  canary:\n    one: true\nlimits:\n  file_in_git: 1\n")
    repo.write("raw/iris.csv", "5.1\n")
    repo.commit("Names")
    repo.git("tag", "before")
    return repo


def candidates(repo: Sandbox, line: str, *, cwd: Path | None = None, first: str = "") -> list[str]:
    """Return what `_git_mlv` in bash puts into COMPREPLY for a typed line."""
    script = f"""{first}
. '{BASH_SCRIPT}' || exit
COMP_LINE=$1 COMP_POINT=${{#1}}
_git_mlv
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    ran = repo.run("bash", "--norc", "-c", script, "bash", line, cwd=cwd)
    assert ran.err == ""
    return ran.out.splitlines()


CASES = [
    ("git mlv sna", ["snapshot "]),
    ("git-mlv rollb", ["rollback "]),
    ("/opt/bin/git-mlv rollb", ["rollback "]),
    ("git mlv snapshot ", ["create ", "list ", "show ", "path ", "diff "]),
    ("git mlv snapshot create --bas", ["--base "]),
    ("git mlv snapshot create iris --bump ", ["major ", "minor ", "patch "]),
    ("git mlv snapshot create --bump=mi", ["minor "]),
    ("git mlv snapshot create ", ["big-table ", "iris "]),
    ("git mlv snapshot show iris@", ["latest ", "v0.1 ", "v0.2 "]),
    ("git mlv promote ", ["iris_clf ", "other "]),
    ("git mlv promote iris_clf ", ["v0.1.0 ", "v0.2.0 "]),
    ("git mlv promote --tag -m why iris_clf ", ["v0.1.0 ", "v0.2.0 "]),
    ("git mlv promote iris_clf v0.2.0 ", ["archived ", "canary ", "dev ", "production ", "staging "]),
    ("git mlv promote other ", ["v1.0.0-rc.1 "]),
    ("git mlv promote .* ", [""]),
    ("git mlv tag-model iris_clf v0.2", ["v0.2.0 "]),
    ("git mlv verify iris@v0.1 iris_clf@p", ["production "]),
    ("git mlv verify big", ["big-table@v1.0 "]),
    ("git mlv model show iris", ["iris_clf@archived ", "iris_clf@production ", "iris_clf@v0.1.0 ", "iris_clf@v0.2.0 "]),
    ("git mlv merge --repair --take iris_clf=", ["v0.1.0 ", "v0.2.0 "]),
    ("git mlv log --at bef", ["before "]),
    ("git mlv log --stage can", ["canary "]),
    ("git mlv help unin", ["uninstall "]),
    ("git mlv check --format s", ["sarif "]),
    ("git mlv explain one-", ["one-production "]),
    ("git mlv promote -- iris", ["iris_clf "]),
    ("git m promote ir", ["iris_clf "]),
    ("git mlv snapshot create iris v0.3 ra", [""]),
    ("git mlv nonsense ", [""]),
]


@needs_bash
@pytest.mark.parametrize(("line", "wanted"), CASES, ids=[line for line, _ in CASES])
def test_bash_proposes(project: Sandbox, line: str, wanted: list[str]) -> None:
    assert candidates(project, line) == wanted


@needs_bash
def test_folders_given_before_the_command_are_looked_at(project: Sandbox, tmp_path: Path) -> None:
    for line in (f"git -C {project.path} mlv promote ir", f"git mlv -C {project.path} promote ir"):
        assert candidates(project, line, cwd=tmp_path) == ["iris_clf "]


@needs_bash
def test_below_the_top_the_same_names_are_proposed(project: Sandbox) -> None:
    assert candidates(project, "git mlv promote ir", cwd=project / "raw") == ["iris_clf "]


@needs_bash
def test_outside_a_repository_there_are_commands_and_no_complaints(project: Sandbox, tmp_path: Path) -> None:
    assert candidates(project, "git mlv prom", cwd=tmp_path) == ["promote "]
    assert candidates(project, "git mlv verify ", cwd=tmp_path) == [""]
    assert candidates(project, "git mlv log --stage ", cwd=tmp_path) == ["archived ", "dev ", "production ", "staging "]


@needs_bash
def test_names_are_never_run(repo: Sandbox) -> None:
    repo.write("data/snapshots/x$(touch pwned)_v0.1.manifest.json", MANIFEST)
    repo.write("models/`touch pwned`/v0.1.0.manifest.json", MANIFEST)
    repo.commit("Names")
    repo.git("branch", "b$(touch${IFS}pwned)")

    for line in ("git mlv verify ", "git mlv promote ", "git mlv log --at ", "git mlv promote $(touch pwned) "):
        candidates(repo, line)

    assert not (repo / "pwned").exists()


@needs_bash
def test_the_users_settings_of_git_grep_change_nothing(project: Sandbox) -> None:
    options = {"GIT_CONFIG_COUNT": "3"}
    for number, (key, value) in enumerate(
        (("grep.lineNumber", "true"), ("grep.patternType", "fixed"), ("color.grep", "always"))
    ):
        options |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    exports = "\n".join(f"export {name}={value}" for name, value in options.items())

    assert candidates(project, "git mlv verify iris_clf@p", first=exports) == ["production "]


@needs_bash
def test_no_interpreter_is_started(project: Sandbox) -> None:
    hidden = project.playground.folder / "nothing"
    hidden.mkdir(exist_ok=True)
    for name in ("git", "sed", "sort", "cat", "tr"):
        target = shutil.which(name)
        if target and not (hidden / name).exists():
            (hidden / name).symlink_to(target)

    found = candidates(project, "git mlv verify iris_clf@p", first=f"PATH={hidden}")

    assert found == ["production "]


@needs_bash
@pytest.mark.skipif(not GITS_OWN.exists(), reason="git's completion is not installed")
def test_gits_own_completion_asks_ours(project: Sandbox) -> None:
    script = f"""
. '{GITS_OWN}'; . '{BASH_SCRIPT}'
COMP_WORDS=(git mlv promote iris_clf v0.2.0 prod) COMP_CWORD=5 COMP_LINE='git mlv promote iris_clf v0.2.0 prod'
COMP_POINT=${{#COMP_LINE}}
__git_wrap__git_main
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    assert project.run("bash", "--norc", "-c", script).out == "production \n"


@pytest.mark.parametrize(
    ("shell", "script"),
    [("bash", BASH_SCRIPT), ("zsh", SHARE / "zsh" / "site-functions" / "_git-mlv"), ("fish", FISH_SCRIPT)],
)
def test_the_scripts_are_sound_in_their_shells(repo: Sandbox, shell: str, script: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert repo.run(shell, "-n", script).said == ""


@pytest.mark.skipif(shutil.which("dash") is None, reason="dash is not installed")
def test_the_engine_is_posix_sh(project: Sandbox) -> None:
    text = BASH_SCRIPT.read_text().partition("\n_git_mlv ()")[0]

    ran = project.run("dash", "-c", text + '__git_mlv_candidates "$@"', "dash", "iris_clf@", "verify", "iris@v0.1")

    assert ran.out.split() == ["iris_clf@archived", "iris_clf@production", "iris_clf@v0.1.0", "iris_clf@v0.2.0"]


# interactive shells


def type_into(repo: Sandbox, shell: list[str], setting_up: str, typed: str, wanted: str, **more: str) -> str:
    """Type into a shell on a terminal until `wanted` appears, and return what the screen shows since."""
    environment = repo.playground.environment(PS1="$ ", **more)
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(repo.path)
        os.execvpe(shell[0], shell, environment)
    try:
        os.write(terminal, f"{setting_up}; echo READ''Y\n".encode())
        read_until(terminal, "READY")
        os.write(terminal, typed.encode())
        return read_until(terminal, wanted)
    finally:
        os.close(terminal)
        os.waitpid(process, 0)


def read_until(terminal: int, wanted: str, seconds: float = 30.0) -> str:
    seen = b""
    end = time.monotonic() + seconds
    while wanted.encode() not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                seen += os.read(terminal, 1 << 16)
            except OSError:
                break
    return seen.decode("utf-8", "replace")


@needs_bash
@pytest.mark.skipif(not LOADER.exists(), reason="bash-completion is not installed")
def test_tab_in_bash_loads_the_script_and_completes_behind_an_at_sign(project: Sandbox) -> None:
    shown = type_into(
        project,
        ["bash", "--norc", "-i"],
        f". {LOADER}",
        "git mlv verify iris@v0.1 iris_clf@prod\t",
        "production ",
        XDG_DATA_DIRS=f"{SHARE}:/usr/share",
    )

    assert "iris_clf@production " in shown


@needs_zsh
@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("git mlv promote iris_clf v0.2.0 prod\t", "production "), ("git-mlv verify big\t", "big-table@v1.0 ")],
)
def test_tab_in_zsh_completes_git_mlv_and_the_program_alone(project: Sandbox, typed: str, wanted: str) -> None:
    folder = SHARE / "zsh" / "site-functions"

    shown = type_into(
        project,
        ["zsh", "-f", "-i"],
        f"fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D",
        typed,
        wanted,
    )

    assert wanted in shown


@needs_fish
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("git mlv sna", ["snapshot"]),
        ("git mlv promote iris_clf ", ["v0.1.0", "v0.2.0"]),
        ("git-mlv promote iris_clf v0.2.0 p", ["production"]),
        ("git mlv snapshot create --bump=mi", ["--bump=minor"]),
        ("git mlv snapshot create iris v0.3 ra", ["raw/"]),
    ],
)
def test_fish_proposes(project: Sandbox, line: str, wanted: list[str]) -> None:
    ran = project.run("fish", "-c", f"source '{FISH_SCRIPT}'; complete -C '{line}'")

    assert [each.partition("\t")[0] for each in ran.out.splitlines()] == wanted
