"""Where the LFS server of a Git host is, and who the user is there: found as the LFS client finds it."""

from __future__ import annotations

import json
import shlex

import pytest

from mlvgit.errors import RemoteError, UsageError
from mlvgit.repo.lfshost import LfsHost, git_remote
from mlvgit.repo.repository import Repository
from tests.conftest import Sandbox


def host(repo: Sandbox, name: str = "origin", endpoint: str = "", **more: str) -> LfsHost:
    return LfsHost(Repository.open(repo.path, repo.playground.environment(**more)), name, endpoint)


def url(repo: Sandbox, operation: str = "download", **more: str) -> str:
    return host(repo, **more).endpoint(operation)[0]


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://git.example/team/data", "https://git.example/team/data.git/info/lfs"),
        ("https://git.example/team/data.git", "https://git.example/team/data.git/info/lfs"),
        ("https://git.example/team/data/", "https://git.example/team/data.git/info/lfs"),
        ("https://ada@git.example:8443/team/data.git", "https://git.example:8443/team/data.git/info/lfs"),
        ("http://127.0.0.1:3000/data.git", "http://127.0.0.1:3000/data.git/info/lfs"),
    ],
)
def test_the_url_of_the_remote_says_where_it_is(repo: Sandbox, remote: str, expected: str) -> None:
    repo.git("remote", "add", "origin", remote)

    assert url(repo) == expected


def test_what_is_configured_goes_before_what_is_committed_and_that_before_a_guess(repo: Sandbox) -> None:
    repo.git("remote", "add", "origin", "https://git.example/data.git")
    repo.write(".lfsconfig", '[remote "origin"]\n\tlfsurl = https://committed.example/remote\n')
    assert url(repo) == "https://committed.example/remote"
    repo.config("remote.origin.lfsurl", "https://configured.example/remote")
    assert url(repo) == "https://configured.example/remote"
    repo.write(".lfsconfig", "[lfs]\n\turl = https://committed.example/all\n")
    assert url(repo) == "https://committed.example/all"
    repo.config("lfs.url", "https://configured.example/all")
    assert url(repo) == "https://configured.example/all"
    assert host(repo, endpoint="https://mlv.example/x").endpoint("upload")[0] == "https://mlv.example/x"


def test_what_is_committed_counts_where_no_file_stands(repo: Sandbox) -> None:
    repo.git("remote", "add", "origin", "https://git.example/data.git")
    repo.write(".lfsconfig", "[lfs]\n\turl = https://committed.example/all\n")
    repo.commit()
    repo.remove(".lfsconfig")

    assert url(repo) == "https://committed.example/all"


def test_a_committed_file_cannot_bring_another_one_in(repo: Sandbox) -> None:
    repo.git("remote", "add", "origin", "https://git.example/data.git")
    repo.write("other", "[lfs]\n\turl = https://other.example/\n")
    repo.write(".lfsconfig", f"[include]\n\tpath = {repo / 'other'}\n")

    assert url(repo) == "https://git.example/data.git/info/lfs"


def test_another_address_may_be_named_for_pushing(repo: Sandbox) -> None:
    repo.git("remote", "add", "origin", "https://git.example/data.git")
    repo.git("remote", "set-url", "--push", "origin", "https://push.example/data.git")
    assert url(repo, "upload") == "https://push.example/data.git/info/lfs"
    assert url(repo, "download") == "https://git.example/data.git/info/lfs"
    repo.config("lfs.pushurl", "https://lfs-push.example/")
    assert url(repo, "upload") == "https://lfs-push.example/"


def test_addresses_are_rewritten_as_git_rewrites_them(repo: Sandbox) -> None:
    repo.git("remote", "add", "origin", "hub:team/data.git")
    repo.config("url.https://git.example/.insteadOf", "hub:")

    assert url(repo) == "https://git.example/team/data.git/info/lfs"


@pytest.mark.parametrize(
    "remote", ["/srv/git/data.git", "file:///srv/git/data.git", "ext::sh -c id", "git://h/data.git"]
)
def test_a_remote_without_a_server_is_said(repo: Sandbox, remote: str) -> None:
    repo.git("remote", "add", "origin", remote)

    with pytest.raises(UsageError, match=r"no LFS server|no address"):
        url(repo)


def test_no_remote_is_said(repo: Sandbox) -> None:
    with pytest.raises(UsageError, match="no Git remote origin"):
        url(repo)


def test_the_git_remote_of_the_same_name_is_meant_else_the_usual_one(repo: Sandbox) -> None:
    repo.commit()
    repository = lambda: Repository.open(repo.path, repo.playground.environment())  # noqa: E731
    assert git_remote(repository(), "bytes") == "origin"
    repo.git("remote", "add", "only", "https://a.example/x")
    assert git_remote(repository(), "bytes") == "only"
    repo.git("remote", "add", "other", "https://b.example/x")
    repo.config("remote.lfsDefault", "only")
    assert git_remote(repository(), "bytes") == "only"
    repo.config("branch.main.remote", "other")
    assert git_remote(repository(), "bytes") == "other"
    assert git_remote(repository(), "only") == "only"


# ssh


def ssh(repo: Sandbox, answer: object, status: int = 0) -> dict[str, str]:
    """Stand in for the way to a host, as Git's own tests do; what it was asked is written down."""
    script = repo.playground.folder / "ssh"
    said = answer if isinstance(answer, str) else json.dumps(answer)
    script.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >{shlex.quote(str(repo.playground.folder / "asked"))}\n'
        f"printf %s {shlex.quote(said)}\necho no way in >&2\nexit {status}\n"
    )
    script.chmod(0o755)
    return {"GIT_SSH_COMMAND": shlex.quote(str(script))}


@pytest.mark.parametrize(
    ("remote", "asked"),
    [
        ("git@git.example:team/data.git", ["--", "git@git.example", "git-lfs-authenticate team/data.git upload"]),
        (
            "ssh://git@git.example:2222/team/data.git",
            ["-p", "2222", "--", "git@git.example", "git-lfs-authenticate /team/data.git upload"],
        ),
        ("git.example:a b;c.git", ["--", "git.example", "git-lfs-authenticate 'a b;c.git' upload"]),
    ],
)
def test_over_ssh_the_host_says_where_it_is_and_who_we_are(repo: Sandbox, remote: str, asked: list[str]) -> None:
    repo.git("remote", "add", "origin", remote)
    said = {"href": "https://lfs.example/x", "header": {"Authorization": "RemoteAuth t"}, "expires_in": 90}

    answer = host(repo, **ssh(repo, said)).endpoint("upload")

    assert answer == ("https://lfs.example/x", {"Authorization": "RemoteAuth t"}, 90)
    assert (repo.playground.folder / "asked").read_text().splitlines() == asked


def test_a_host_that_names_no_address_has_the_usual_one(repo: Sandbox) -> None:
    repo.git("remote", "add", "origin", "git@git.example:team/data.git")

    assert url(repo, **ssh(repo, {"header": {}})) == "https://git.example/team/data.git/info/lfs"


def test_a_host_without_that_command_is_asked_over_https(repo: Sandbox) -> None:
    repo.git("remote", "add", "origin", "git@git.example:team/data.git")

    assert url(repo, **ssh(repo, "", status=127)) == "https://git.example/team/data.git/info/lfs"


@pytest.mark.parametrize(("answer", "status"), [("", 255), ("no json", 0), ("[]", 0)])
def test_a_host_that_says_nothing_of_use_is_named(repo: Sandbox, answer: str, status: int) -> None:
    repo.git("remote", "add", "origin", "git@git.example:team/data.git")

    with pytest.raises(RemoteError, match=r"git@git.example does not say where its LFS server is: no way in"):
        url(repo, **ssh(repo, answer, status))


@pytest.mark.parametrize("remote", ["ssh://-oProxyCommand=id/x", "-oProxyCommand=id:x", "ssh://git@-oX/x", "host:-x"])
def test_an_address_that_ssh_would_take_for_an_option_is_refused(repo: Sandbox, remote: str) -> None:
    repo.config("lfs.url", remote)
    way = ssh(repo, {"href": "https://lfs.example/"})

    with pytest.raises(UsageError):
        url(repo, **way)

    assert not (repo.playground.folder / "asked").exists()


# Who the user is


def test_a_name_in_the_url_is_asked_for_and_a_password_there_is_used(repo: Sandbox) -> None:
    repo.git("remote", "add", "origin", "https://ci%40x:s%2Fcret@git.example/data.git")
    found = host(repo)
    where, headers, _ = found.endpoint("download")

    assert where == "https://git.example/data.git/info/lfs"
    assert headers == {}
    assert found.credential(where) == ("ci@x", "s/cret")


def test_nobody_who_is_asked_is_no_credential(repo: Sandbox) -> None:
    repo.git("remote", "add", "origin", "https://git.example/data.git")

    assert host(repo).credential("https://git.example/data.git/info/lfs") is None


def test_an_address_that_would_smuggle_a_line_into_the_question_is_refused(repo: Sandbox) -> None:
    repo.git("remote", "add", "origin", "https://a%0ahost=evil.example@git.example/data.git")
    found = host(repo)
    where, _, _ = found.endpoint("download")

    with pytest.raises(UsageError):
        found.credential(where)


def test_headers_that_git_sends_there_are_sent_along(repo: Sandbox) -> None:
    repo.git("remote", "add", "origin", "https://git.example/data.git")
    repo.config("http.https://git.example/.extraHeader", "AUTHORIZATION: basic abc")

    assert host(repo).endpoint("download")[1] == {"AUTHORIZATION": "basic abc"}
    repo.git("remote", "set-url", "origin", "https://other.example/data.git")
    assert host(repo).endpoint("download")[1] == {}
