"""The Git host's own LFS server as the remote of bytes, end to end: no bucket, and plain Git LFS finds every byte."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.contracts.lfs_server import Giftless, giftless
from tests.e2e.conftest import Team

DATA = bytes(range(256)) * 8000
FROZEN = "data/snapshots/scans_v0.1/raw.bin"
POINTERS = "mlv/lfs"

with_client = pytest.mark.skipif(
    not shutil.which("git-lfs"), reason="the client of Git LFS (Debian: git-lfs) is not here"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Giftless]:
    with giftless(tmp_path_factory.mktemp("giftless")) as running:
        yield running


@pytest.fixture
def place(team: Team) -> str:
    return f"team/{hashlib.sha256(str(team.playground.folder).encode()).hexdigest()[:12]}"


@pytest.fixture
def ada(team: Team, server: Giftless, place: str) -> Sandbox:
    """Ada's clone: the LFS server named in `.lfsconfig`, `scans v0.1` frozen and committed, not yet pushed."""
    ada = team.ada
    ada.write("mlv.yaml", "remotes:\n  origin: {url: lfs}\n")
    ada.write(".lfsconfig", f"[lfs]\n\turl = {server.endpoint(place)}\n")
    ada.git("add", "mlv.yaml", ".lfsconfig")
    ada.git("commit", "-qm", "Keep bytes on the Git host")
    ada.push("origin", "main")
    freeze(ada, "scans", "v0.1", DATA)
    return ada


def freeze(sandbox: Sandbox, dataset: str, version: str, data: bytes) -> None:
    path = sandbox.write("raw.bin", data)
    sandbox.mlv("snapshot", "create", dataset, version, "raw.bin", "--storage", "store", "-m", "Freeze")
    path.unlink()


def pointers(sandbox: Sandbox, ref: str = POINTERS) -> dict[str, str]:
    """Return the pointers of the branch of a server, by path."""
    listed = sandbox.git("ls-tree", "-r", "--name-only", ref).out.split()
    return {path: sandbox.git("show", f"{ref}:{path}").out for path in listed if "/" in path}


def pointer(data: bytes) -> tuple[str, str]:
    name = hashlib.sha256(data).hexdigest()
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize {len(data)}\n"
    return f"{name[:2]}/{name}", text


def test_a_trial_asks_the_host_and_writes_nothing_that_could_not_be_deleted(
    ada: Sandbox, server: Giftless, place: str
) -> None:
    tried = ada.mlv("remote", "test", "origin")

    assert tried.out.count("\nok ") == 2
    assert "origin answers; nothing was written" in tried.out.splitlines()[-1]
    assert not server.objects(place).exists()
    assert "origin\tlfs\tlfs\tpushed to" in ada.mlv("remote", "list").out


@pytest.mark.parametrize("command", ["git mlv push", "git push"])
def test_a_push_takes_the_bytes_to_the_host_and_a_fresh_clone_gets_every_one(
    team: Team, ada: Sandbox, server: Giftless, place: str, command: str
) -> None:
    pushed = ada.mlv("push") if command == "git mlv push" else ada.push("origin", "main")

    assert "sent 2.0 MiB (1 object) to origin" in pushed.said
    assert (server.objects(place) / hashlib.sha256(DATA).hexdigest()).read_bytes() == DATA
    assert pointers(team.server) == dict([pointer(DATA)])
    carol = team.clone("carol")
    carol.mlv("pull")
    assert carol.read(FROZEN) == DATA
    carol.mlv("verify")
    assert carol.git("status", "--porcelain").out == ""


@with_client
def test_plain_git_lfs_fetches_every_object(team: Team, ada: Sandbox) -> None:
    freeze(ada, "scans", "v0.2", DATA + b"more")
    ada.mlv("push")
    freeze(ada, "labels", "v1.0", b"labels" * 300_000)
    ada.mlv("push")

    carol = team.bare_clone("carol")
    carol.git("lfs", "fetch", "--all")

    found = {path.name: path.read_bytes() for path in (carol / ".git/lfs/objects").rglob("*") if path.is_file()}
    wanted = [DATA, DATA + b"more", b"labels" * 300_000]
    assert found == {hashlib.sha256(data).hexdigest(): data for data in wanted}


@with_client
def test_many_small_files_are_objects_of_their_own_there(
    team: Team, ada: Sandbox, server: Giftless, place: str
) -> None:
    contents = [f"row {number}\n".encode() * 20 for number in range(40)]
    for number, data in enumerate(contents):
        ada.write(f"rows/{number}.csv", data)
    ada.write("rows/empty.csv", b"")
    ada.mlv("snapshot", "create", "rows", "v1.0", "rows", "--storage", "store", "-m", "Freeze")
    shutil.rmtree(ada / "rows")

    ada.mlv("push")

    wanted = {hashlib.sha256(data).hexdigest() for data in [DATA, *contents]}
    assert {path.name for path in server.objects(place).iterdir()} == wanted
    carol = team.clone("carol")
    carol.mlv("pull", "rows@v1.0")
    assert carol.read("data/snapshots/rows_v1.0/7.csv") == contents[7]
    assert carol.read("data/snapshots/rows_v1.0/empty.csv") == b""
    carol.git("lfs", "fetch", "--all")
    assert {path.name for path in (carol / ".git/lfs/objects").rglob("*") if path.is_file()} == wanted


@with_client
def test_the_branch_of_pointers_is_one_that_git_lfs_finds_nothing_wrong_with(team: Team, ada: Sandbox) -> None:
    ada.mlv("push")
    carol = team.bare_clone("carol")
    carol.git("lfs", "install", "--local")

    carol.git("checkout", "--quiet", POINTERS)

    assert carol.read(pointer(DATA)[0]) == DATA
    assert carol.git("status", "--porcelain").out == ""
    carol.git("lfs", "fsck")


def test_the_branch_only_grows_and_leaves_what_the_user_has_alone(team: Team, ada: Sandbox) -> None:
    ada.mlv("push")
    first = team.server.head(POINTERS)
    freeze(ada, "scans", "v0.2", DATA + b"more")
    ada.write("staged.txt", "staged\n")
    ada.git("add", "staged.txt")
    ada.write("loose.txt", "loose\n")
    before = (ada.git("status", "--porcelain").out, ada.head(), ada.git("for-each-ref", "refs/heads").out)

    ada.mlv("push")

    assert (ada.git("status", "--porcelain").out, ada.head(), ada.git("for-each-ref", "refs/heads").out) == before
    assert team.server.git("rev-list", "--parents", POINTERS).out.split() == [team.server.head(POINTERS), first, first]
    assert pointers(team.server) == dict([pointer(DATA), pointer(DATA + b"more")])
    assert ada.git("for-each-ref", "refs/mlv/pointers").out == ""


def test_a_second_push_of_the_same_bytes_adds_nothing_to_the_branch(team: Team, ada: Sandbox) -> None:
    ada.mlv("push")
    first = team.server.head(POINTERS)
    freeze(ada, "copy", "v1.0", DATA)

    ada.mlv("push")

    assert team.server.head(POINTERS) == first


def test_two_who_push_at_once_both_find_their_bytes_named(team: Team, ada: Sandbox) -> None:
    ada.mlv("push")
    people = [team.clone(name) for name in ("carol", "dan")]
    sets = [b"carol" * 1000, b"dan" * 1000]
    for person, data in zip(people, sets, strict=True):
        person.branch(person.path.name)
        freeze(person, person.path.name, "v1.0", data)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda person: person.mlv("push"), people))

    assert pointers(team.server) == dict(map(pointer, [DATA, *sets]))


def test_a_host_that_refuses_the_branch_refuses_the_push_before_the_code_goes_out(team: Team, ada: Sandbox) -> None:
    before = team.server.head("main")
    team.server.hook(
        "update", '[ "$1" != refs/heads/mlv/lfs ] || { echo "branches of robots are refused" >&2; exit 1; }'
    )

    refused = ada.push("origin", "main", check=False)
    refused_too = ada.mlv("push", check=False)

    for ran in (refused, refused_too):
        assert ran.status != 0
        assert "does not take the branch mlv/lfs" in ran.said
        assert "branches of robots are refused" in ran.said
    assert refused_too.status == 4
    assert "sent 2.0 MiB (1 object) to origin" in refused.said + refused_too.said
    assert team.server.head("main") == before


def test_our_own_guards_say_nothing_of_the_branch(team: Team, ada: Sandbox) -> None:
    pushed = ada.mlv("push")

    assert "MLV" not in pushed.said
    bob = team.clone("carol")
    bob.git("fetch", "--quiet")
    assert bob.mlv("check", "--all").status == 0
    assert "MLV" not in bob.mlv("status").said


def test_to_a_remote_without_a_branch_the_first_one_and_the_pointers_go_at_once(
    team: Team, ada: Sandbox, server: Giftless
) -> None:
    empty = team.playground.server("empty.git")
    ada.git("remote", "set-url", "origin", str(empty.path))
    ada.git("update-ref", "-d", "refs/remotes/origin/main")
    ada.git("remote", "set-head", "origin", "--delete")

    refused = ada.push("origin", "main", check=False)
    assert refused.status != 0
    assert "git mlv push" in refused.said
    assert empty.git("for-each-ref").out == ""

    ada.mlv("push", "origin")

    assert sorted(empty.git("for-each-ref", "--format=%(refname)").out.split()) == [
        "refs/heads/main",
        "refs/heads/mlv/lfs",
    ]
    assert pointers(empty) == dict([pointer(DATA)])


def test_bytes_that_the_host_altered_are_refused_by_name_and_not_handed_out(
    team: Team, ada: Sandbox, server: Giftless, place: str
) -> None:
    ada.mlv("push")
    name = hashlib.sha256(DATA).hexdigest()
    (server.objects(place) / name).write_bytes(b"!" + DATA[1:])
    carol = team.clone("carol")

    refused = carol.mlv("pull", check=False)

    assert refused.status != 0
    assert name[:12] in refused.said
    assert not (carol / FROZEN).exists()


def test_a_push_of_code_alone_asks_no_lfs_server(team: Team, ada: Sandbox) -> None:
    ada.git("switch", "-qc", "code", "origin/main")
    ada.write(".lfsconfig", "[lfs]\n\turl = http://127.0.0.1:9/nobody\n")
    ada.commit("Code")

    ada.push("origin", "code")


def test_a_folder_as_the_git_remote_has_no_lfs_server_and_that_is_said(team: Team, ada: Sandbox) -> None:
    ada.git("rm", "--quiet", ".lfsconfig")
    ada.git("commit", "-qm", "Forget where")

    refused = ada.mlv("push", check=False)

    assert refused.status == 2
    assert "which has no LFS server" in refused.said
    assert "git config lfs.url" in refused.said


def damaged(server: Giftless, place: str, data: bytes) -> Path:
    """Let the host hold other bytes of the same size under the name of `data`."""
    path = server.objects(place) / hashlib.sha256(data).hexdigest()
    path.write_bytes(b"!" + data[1:])
    return path


def test_fsck_does_not_call_healed_what_the_host_keeps_damaged_and_says_how_it_is_mended(
    team: Team, ada: Sandbox, server: Giftless, place: str
) -> None:
    ada.mlv("push")
    there = damaged(server, place, DATA)

    found = ada.mlv("fsck", "--remote", "origin", check=False)

    assert found.status == 1
    assert f"BAD     {there.name}" in found.out
    assert "healed" not in found.out
    assert "delete the object on the host of origin" in found.out
    assert "then git mlv push" in found.out
    told = json.loads(ada.mlv("fsck", "--remote", "origin", "--json", check=False).out)
    assert (told["ok"], told["healed"], told["unmended"]) == (False, [], [there.name])
    hint = team.clone("carol").mlv("pull", check=False).said
    assert "delete the object on the host of origin" in hint
    assert "fsck --remote" not in hint

    pushed = ada.mlv("push", check=False)
    assert pushed.status != 0, "the host took nothing in its place"
    dropped = ada.mlv("drop", "scans@v0.1", check=False)
    for said in (pushed.said, dropped.said):
        assert "delete the object on the host of origin" in said
        assert "git mlv push sends them" not in said

    there.unlink()
    ada.mlv("push")
    assert there.read_bytes() == DATA
    assert "BAD" not in ada.mlv("fsck", "--remote", "origin").out


def test_drop_reads_every_byte_of_a_host_that_cannot_be_mended_so_that_the_last_good_copy_stays(
    ada: Sandbox, server: Giftless, place: str
) -> None:
    ada.mlv("push")
    there = damaged(server, place, DATA)

    refused = ada.mlv("drop", "scans@v0.1", check=False)

    assert refused.status == 1
    assert "gives other bytes" in refused.said
    assert "delete the object on the host of origin" in refused.said
    assert ada.read(FROZEN) == DATA
    there.write_bytes(DATA)
    ada.mlv("drop", "scans@v0.1")
    assert not (ada / FROZEN).exists()
    ada.mlv("pull", "scans@v0.1")
    assert ada.read(FROZEN) == DATA


def test_a_deleted_branch_of_pointers_is_missed_and_rebuilt_for_all_that_is_known_on_the_server(
    team: Team, ada: Sandbox
) -> None:
    ada.mlv("push")
    ada.git("switch", "-qc", "side")
    freeze(ada, "side", "v1.0", b"side" * 1000)
    ada.mlv("push")
    ada.git("switch", "-q", "main")
    freeze(ada, "scans", "v0.2", DATA + b"more")
    ada.mlv("push")
    contents = [DATA, b"side" * 1000, DATA + b"more"]
    team.server.git("update-ref", "-d", f"refs/heads/{POINTERS}")
    bob = team.bob
    bob.git("pull", "-q")

    for said in (
        bob.mlv("fsck", "--remote", check=False),
        bob.mlv("check", "--all", "--remote", check=False),
    ):
        assert said.status == 1
        assert "mlv/lfs of the host of origin does not name 3 objects" in said.said
        assert "git mlv push" in said.said
    found = bob.mlv("fsck", "--remote", "--json", check=False)
    assert found.status == 1
    assert set(json.loads(found.out)["unnamed"]) == {hashlib.sha256(data).hexdigest() for data in contents}

    pushed = bob.mlv("push")
    written = pushed.said
    assert pushed.out == "wrote the branch mlv/lfs of origin: it names 3 objects more\n"
    assert bob.mlv("push").out == "origin has everything: nothing to do\n"
    assert "the branch mlv/lfs of origin was not there: it is written anew, and names 3 objects" in written
    assert pointers(team.server) == dict(map(pointer, contents))
    assert "mlv/lfs" not in bob.mlv("fsck", "--remote").said
    assert "mlv/lfs" not in bob.mlv("check", "--all", "--remote").said


def test_a_push_of_new_bytes_after_the_branch_went_names_the_old_ones_too(team: Team, ada: Sandbox) -> None:
    ada.mlv("push")
    ada.mlv("push")
    team.server.git("update-ref", "-d", f"refs/heads/{POINTERS}")
    ada.git("fetch", "-q", "--prune")
    freeze(ada, "scans", "v0.2", DATA + b"more")

    ada.push("origin", "main")

    assert pointers(team.server) == dict(map(pointer, [DATA, DATA + b"more"]))


def test_what_was_retired_is_named_no_more_nor_again_when_the_branch_is_rebuilt(team: Team, ada: Sandbox) -> None:
    freeze(ada, "scans", "v0.2", DATA + b"more")
    ada.mlv("push")
    retired = ada.mlv("retire", "scans@v0.1", "--reason", "Consent withdrawn", "--yes", "-m", "Retire it").out
    assert pointers(team.server) == dict([pointer(DATA + b"more")]), "what was retired is named no more"
    assert "the branch mlv/lfs of the host of origin names them no more" in retired
    assert "older commits of its branch mlv/lfs still name them" in retired
    ada.mlv("push")
    assert pointers(team.server) == dict([pointer(DATA + b"more")]), "a push does not name it again"
    team.server.git("update-ref", "-d", f"refs/heads/{POINTERS}")

    ada.mlv("push")

    assert pointers(team.server) == dict([pointer(DATA + b"more")])
