"""`git mlv remote`: what mlv.yaml names, one more line in it, and a remote tried out with nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.contracts.servers import BUCKET, KEY, SECRET, seaweedfs
from tests.contracts.sshd import sshd


@pytest.fixture
def root(repo: Sandbox) -> Sandbox:
    """A root with a commit and no remote of bytes."""
    repo.mlv("init", "--no-hooks")
    repo.git("commit", "-qm", "Set up mlvgit")
    return repo


@pytest.fixture
def shelf(root: Sandbox) -> Path:
    return root.playground.folder / "shelf"


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != "mlv-remote.json")


def remotes(root: Sandbox) -> list[tuple[str, str, bool]]:
    found = json.loads(root.mlv("remote", "list", "--json").out)["remotes"]
    return [(each["name"], each["url"], each["first"]) for each in found]


def test_a_remote_is_added_below_what_stands_there_and_staged(root: Sandbox) -> None:
    before = root.read("mlv.yaml").decode()

    said = root.mlv("remote", "add", "shelf", "/mnt/shelf").said
    root.mlv("remote", "add", "lab", "s3://data/mlv", "--endpoint", "http://127.0.0.1:9000")

    assert 'next: git commit -m "Name the remote shelf"' in said
    assert root.read("mlv.yaml").decode() == before + (
        'remotes:\n  shelf: "/mnt/shelf"\n  lab:\n    url: s3://data/mlv\n    endpoint: http://127.0.0.1:9000\n'
    )
    assert root.git("status", "--porcelain").out == "M  mlv.yaml\n"
    assert remotes(root) == [("shelf", "/mnt/shelf", True), ("lab", "s3://data/mlv", False)]


def test_a_remote_is_added_with_a_commit_of_nothing_else(root: Sandbox) -> None:
    root.write("other.txt", "staged by hand")
    root.git("add", "other.txt")

    root.mlv("remote", "add", "shelf", "/mnt/shelf", "-m", "Name a shelf")

    assert root.git("log", "-1", "--format=%s").out == "Name a shelf\n"
    assert root.git("show", "--format=", "--name-only").out == "mlv.yaml\n"
    assert root.git("status", "--porcelain").out == "A  other.txt\n"


def test_an_empty_folder_that_is_named_takes_bytes_from_then_on(root: Sandbox, shelf: Path) -> None:
    shelf.mkdir(exist_ok=True)

    root.mlv("remote", "add", "shelf", str(shelf))

    assert [path.name for path in shelf.iterdir()] == ["mlv-remote.json"]
    assert root.mlv("remote", "test", "shelf")


def test_a_repository_without_settings_gets_them_with_its_first_remote(repo: Sandbox) -> None:
    repo.mlv("remote", "add", "shelf", "/mnt/shelf")

    assert repo.read("mlv.yaml") == b'remotes:\n  shelf: "/mnt/shelf"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "remotes:   # ours\n    # the first\n    a: /a  # here\n\n# stages\nmode: advise\n",
            "remotes:   # ours\n    # the first\n    a: /a  # here\n    b: s3://b/c\n\n# stages\nmode: advise\n",
        ),
        ("remotes:\n  a:\n    url: /a\n  # end\n", "remotes:\n  a:\n    url: /a\n  b: s3://b/c\n  # end\n"),
        ("mode: advise", "mode: advise\nremotes:\n  b: s3://b/c\n"),
        ("mode: advise\r\n", "mode: advise\r\nremotes:\r\n  b: s3://b/c\r\n"),
        ("ignore_extra: ['remotes:']\n", "ignore_extra: ['remotes:']\nremotes:\n  b: s3://b/c\n"),
    ],
    ids=["block-and-comments", "mapping", "no-newline", "crlf", "the-word-elsewhere"],
)
def test_what_was_written_by_hand_stays_byte_for_byte(root: Sandbox, before: str, after: str) -> None:
    root.write("mlv.yaml", before.encode())

    root.mlv("remote", "add", "b", "s3://b/c")

    assert root.read("mlv.yaml") == after.encode()


@pytest.mark.parametrize(
    "text", ["remotes: {a: /a}\n", "{mode: advise}\n", '"remotes":\n  a: /a\n', "mode: advise\n...\n"]
)
def test_settings_that_take_no_line_are_left_alone_and_the_lines_are_shown(root: Sandbox, text: str) -> None:
    root.write("mlv.yaml", text)

    refused = root.mlv("remote", "add", "b", "s3://b/c", check=False)

    assert refused.status == 2
    assert "hint: remotes:\nhint:   b: s3://b/c\n" in refused.err
    assert root.read("mlv.yaml").decode() == text


@pytest.mark.parametrize(
    ("name", "url", "because"),
    [
        ("a", "s3://key:secret@bucket/x", "before @"),
        ("a", "ftp://host/x", "known"),
        ("a", "ssh://-oProxyCommand=id/x", "no name of a host"),
        ("-a", "/x", "unrecognized|NAME|remote"),
        ("a b", "/x", "a b"),
        ("a", "ext::sh -c id", "program"),
    ],
)
def test_what_can_be_no_remote_is_refused_and_nothing_written(root: Sandbox, name: str, url: str, because: str) -> None:
    before = root.read("mlv.yaml")

    refused = root.mlv("remote", "add", "--", name, url, check=False)

    assert refused.status == 2
    assert "Traceback" not in refused.said
    assert any(word in refused.err for word in because.split("|"))
    assert root.read("mlv.yaml") == before


NO_FOLDERS = {
    "git@host:p/q": "write ssh://git@host/~/p/q, or './git@host:p/q' for a folder",
    "host:/abs": "write ssh://host/abs, or './host:/abs' for a folder",
    "C:\\x": "a path of Windows",
    "s3:/b/x": "write s3://b/x, or './s3:/b/x' for a folder",
    "SSH:ada@lab/x": "write ssh://ada@lab/x",
    "file:rel": "names no folder",
    "file://": "names no folder",
    "file:///a#b": "%23",
    "file://nas/share": "names the host 'nas'",
    "file://../rel": "names the host '..'",
    "file://~/x": "names the host '~'",
    "~nobody-here/x": "in the home of nobody",
    " ": "blank",
    "../a\nb": "a character that cannot be seen",
    ".": "lies in this repository",
    "data": "lies in this repository",
    "not-there/yet": "lies in this repository",
    ".git/shelf": "lies in this repository",
    "../other/shelf": "lies in this repository",
}


@pytest.mark.parametrize("url", NO_FOLDERS)
def test_what_leads_into_this_repository_or_to_another_machine_is_no_folder(root: Sandbox, url: str) -> None:
    root.worktree("other")

    refused = root.mlv("remote", "add", "shelf", url, check=False)

    assert refused.status == 2
    assert NO_FOLDERS[url] in refused.err
    assert root.git("status", "--porcelain").out == ""


@pytest.mark.parametrize("url", ["./a:b/../../shelf", "../a:b", "file://localhost/{}/a%23b", "link"])
def test_a_folder_with_a_colon_or_behind_a_link_is_one(root: Sandbox, shelf: Path, url: str) -> None:
    shelf.mkdir()
    (root / "link").symlink_to(shelf)

    assert root.mlv("remote", "add", "shelf", url.format(shelf)).status == 0


@pytest.mark.parametrize("url", ["kept", "git@host:kept"])
def test_a_folder_of_this_repository_that_settings_name_holds_no_copy_and_no_commit_up(root: Sandbox, url: str) -> None:
    root.server()
    root.write("raw/a.csv", "a\n")
    root.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    root.write("mlv.yaml", f"remotes: {{shelf: '{url}'}}\n")
    root.commit("An older program took that")
    root.mlv("install")

    refused = root.mlv("drop", "scans@v0.1", check=False)

    assert refused.status == 2
    assert "$.remotes.shelf.url" in refused.err
    assert "$.remotes.shelf.url" in root.push("origin", "HEAD", check=False).err
    root.commit("More code")
    root.mlv("restore", "scans@v0.1")
    root.write("mlv.yaml", f"remotes: {{shelf: '{root.playground.folder}/shelf'}}\n")
    root.commit("Keep them outside")
    root.mlv("push")
    root.mlv("drop", "scans@v0.1")


def test_a_name_that_is_taken_is_refused_and_the_same_again_does_nothing(root: Sandbox) -> None:
    root.mlv("remote", "add", "shelf", "/a")
    before = root.read("mlv.yaml")

    assert "nothing to do" in root.mlv("remote", "add", "shelf", "/a").said
    refused = root.mlv("remote", "add", "shelf", "/b", check=False)

    assert refused.status == 2
    assert "there is a remote shelf already: /a" in refused.err
    assert root.read("mlv.yaml") == before


def test_a_trial_makes_no_folder_and_says_how_to_make_it_where_it_is_meant(root: Sandbox, shelf: Path) -> None:
    root.mlv("remote", "add", "shelf", str(shelf))

    refused = root.mlv("remote", "test", "shelf", "--json", check=False)

    assert refused.status == 4
    assert not shelf.exists()
    (step,) = json.loads(refused.out)["steps"]
    assert f"shelf ({shelf}) does not exist: there is no such folder" in step["saw"]
    assert "mlv.yaml names it (remotes: shelf)" in step["mend"]
    root.run("sh", "-c", step["mend"].partition("new remote: ")[2].partition("   (")[0])
    assert root.mlv("remote", "test", "shelf").status == 0


def test_a_folder_that_holds_everything_is_left_as_it_was(root: Sandbox, shelf: Path) -> None:
    shelf.mkdir()
    root.mlv("remote", "add", "shelf", str(shelf))

    ran = root.mlv("remote", "test", "shelf", "--json")

    tried = json.loads(ran.out)
    assert tried["ok"]
    assert [step["name"] for step in tried["steps"]] == [
        "say that a name is not there",
        "refuse to read that name",
        "write an object",
        "say that it is there",
        "read it back, hashed",
        "write over it",
        "list it",
        "take and give sixteen at once",
        "delete them",
    ]
    assert files(shelf) == []
    assert root.mlv("remote", "test", "shelf").out.count("\nok ") == 9


def test_a_folder_that_does_not_answer_is_told_and_left_as_it_is(root: Sandbox, shelf: Path) -> None:
    root.mlv("remote", "add", "shelf", str(shelf))
    shelf.mkdir()
    (shelf / "sha256").write_bytes(b"in the way")

    ran = root.mlv("remote", "test", "shelf", check=False)

    assert ran.status == 4
    assert "BAD   say that a name is not there: " in ran.out
    assert "Not a directory" in ran.out
    assert "Traceback" not in ran.said
    assert files(shelf) == ["sha256"]


def test_an_unknown_remote_is_named_with_the_nearest(root: Sandbox) -> None:
    root.mlv("remote", "add", "shelf", "/a")

    assert "did you mean shelf?" in root.mlv("remote", "test", "shelv", check=False).err


def test_a_server_reached_by_ssh_holds_everything(root: Sandbox, shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "sshd").mkdir()
    with sshd(tmp_path / "sshd") as server:
        root.mlv("remote", "add", "lab", server.url(shelf))

        refused = root.mlv("remote", "test", "lab", check=False, GIT_SSH_COMMAND=server.command())
        there = shelf.exists()
        shelf.mkdir()
        ran = root.mlv("remote", "test", "lab", GIT_SSH_COMMAND=server.command())

    assert refused.status == 4
    assert not there
    assert f"127.0.0.1 'mkdir {shelf}'   (or git mlv push, which makes it)" in refused.out
    assert ran.out.count("\nok ") == 9
    assert files(shelf) == []


def test_an_account_that_may_only_read_is_told_what_to_ask_for(root: Sandbox, shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "sshd").mkdir()
    shelf.mkdir()
    with sshd(tmp_path / "sshd", "-R") as server:
        root.mlv("remote", "add", "lab", server.url(shelf))

        ran = root.mlv("remote", "test", "lab", check=False, GIT_SSH_COMMAND=server.command())
        root.server()
        root.write("raw.bin", b"bytes" * 1000)
        root.mlv("snapshot", "create", "scans", "v0.1", "raw.bin", "--storage", "store", "-m", "Freeze")
        root.git("commit", "-qm", "Name the remote", "--", "mlv.yaml", check=False)
        pushed = root.mlv("push", check=False, GIT_SSH_COMMAND=server.command())

    assert pushed.status == 4
    assert "permission denied" in pushed.err
    assert "what arrived stays, and the same command goes on from there" in pushed.err
    assert ran.status == 4
    assert ran.out.count("\nok ") == 2
    assert "BAD   write an object: lab (ssh://" in ran.out
    assert "permission denied" in ran.out
    assert f"let this account write below {server.url(shelf)}" in ran.out
    assert files(shelf) == []


def test_a_server_that_cannot_be_reached_is_tried_once(root: Sandbox, tmp_path: Path) -> None:
    root.mlv("remote", "add", "lab", "ssh://127.0.0.1:9/x")

    ran = root.mlv("remote", "test", "lab", "--json", check=False, GIT_SSH_COMMAND="ssh -F /dev/null")

    tried = json.loads(ran.out)
    assert ran.status == 4
    assert [step["holds"] for step in tried["steps"]] == [False]
    assert "Connection refused" in tried["steps"][0]["saw"]
    assert "ssh -p 9 127.0.0.1" in tried["steps"][0]["mend"]


def test_a_bucket_holds_everything_and_wrong_keys_are_told(
    root: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    with seaweedfs(tmp_path_factory.mktemp("weed")) as endpoint:
        root.mlv("remote", "add", "bucket", f"s3://{BUCKET}/team", "--endpoint", endpoint)

        ran = root.mlv("remote", "test", "bucket", **keys)
        refused = root.mlv("remote", "test", "bucket", check=False, **{**keys, "AWS_SECRET_ACCESS_KEY": "canary"})

    assert ran.out.count("\nok ") == 9
    assert ran.out.endswith("\nbucket does all that is needed\n")
    assert refused.status == 4
    assert refused.out.endswith("\nbucket does not do all that is needed: 1 of 1 step\n")
    assert "canary" not in refused.said
    assert "AWS_ACCESS_KEY_ID" in refused.said
