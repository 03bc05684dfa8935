"""The branch of pointers: written beside what the user has, growing only, whoever else writes it."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from mlvgit.core.digest import Digest
from mlvgit.errors import MachineError, RemoteError
from mlvgit.repo.pointers import keep, pointer
from mlvgit.repo.repository import Repository
from tests.conftest import Playground, Sandbox

BRANCH = "refs/heads/mlv/lfs"


def digest(text: str) -> Digest:
    return Digest(len(text), hashlib.sha256(text.encode()).hexdigest())


def opened(repo: Sandbox, **more: str) -> Repository:
    return Repository.open(repo.path, repo.playground.environment(**more))


def named(server: Sandbox) -> set[str]:
    listed = server.git("ls-tree", "-r", "--name-only", BRANCH).out.split()
    return {path.partition("/")[2] for path in listed if "/" in path}


@pytest.fixture
def ada(repo: Sandbox) -> Sandbox:
    repo.commit("begin")
    repo.server()
    return repo


@pytest.fixture
def server(ada: Sandbox) -> Sandbox:
    return Sandbox(ada.playground, ada.playground.folder / "server.git")


def test_a_pointer_is_written_in_the_one_way_that_the_format_allows() -> None:
    assert pointer(Digest(12345, "4d7a" * 16)) == (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a" * 16 + b"\nsize 12345\n"
    )


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_what_is_named_stays_named_and_is_named_once(playground: Playground, object_format: str) -> None:
    ada = playground.init("ada", f"--object-format={object_format}")
    ada.commit("begin")
    server = ada.server()
    one, two = digest("one"), digest("two")

    keep(opened(ada), "origin", [one, one])
    first = server.head(BRANCH)
    keep(opened(ada), "origin", [one])
    assert server.head(BRANCH) == first
    keep(opened(ada), "origin", [two, digest("")])

    assert named(server) == {one.sha256, two.sha256}
    assert server.head(f"{BRANCH}^") == first
    assert server.git("show", f"{BRANCH}:{two.sha256[:2]}/{two.sha256}").out.encode() == pointer(two)
    assert ada.git("for-each-ref", "refs/mlv").out == ""
    server.git("fsck", "--strict")


def test_what_is_to_go_is_named_no_more_by_the_newest_commit(ada: Sandbox, server: Sandbox) -> None:
    one, two = digest("one"), digest("two")
    keep(opened(ada), "origin", [one, two])
    first = server.head(BRANCH)

    assert keep(opened(ada), "origin", [], without=[one]).gone == 1

    assert named(server) == {two.sha256}
    assert server.head(f"{BRANCH}^") == first
    keep(opened(ada), "origin", [], without=[one])
    assert server.head(f"{BRANCH}^") == first, "there is nothing more to do"
    server.git("fsck", "--strict")


def test_a_pointer_that_somebody_altered_is_put_right(ada: Sandbox, server: Sandbox) -> None:
    one = digest("one")
    keep(opened(ada), "origin", [one])
    bob = server.clone("bob", "--branch", "mlv/lfs")
    bob.write(f"{one.sha256[:2]}/{one.sha256}", "another\n")
    bob.commit("alter")
    bob.push("origin", "mlv/lfs")

    keep(opened(ada), "origin", [one])

    assert server.git("show", f"{BRANCH}:{one.sha256[:2]}/{one.sha256}").out.encode() == pointer(one)


@pytest.mark.parametrize("options", [("--depth=1",), ("--single-branch",), ("--filter=blob:none",)])
def test_a_clone_of_a_part_can_add_to_it(ada: Sandbox, server: Sandbox, options: tuple[str, ...]) -> None:
    server.config("uploadpack.allowFilter", "true")
    keep(opened(ada), "origin", [digest("one")])
    bob = server.clone("bob", *options)

    keep(opened(bob), "origin", [digest("two")])

    assert named(server) == {digest("one").sha256, digest("two").sha256}


def test_from_a_worktree_and_inside_a_hook_it_is_the_same(ada: Sandbox, server: Sandbox) -> None:
    tree = ada.worktree()
    inside = {"GIT_DIR": tree.git("rev-parse", "--absolute-git-dir").out.strip(), "GIT_INDEX_FILE": "nowhere/index"}

    keep(opened(tree, **inside), "origin", [digest("one")])

    assert named(server) == {digest("one").sha256}
    assert tree.git("status", "--porcelain").out == ""


def test_many_who_write_at_once_lose_nothing(ada: Sandbox, server: Sandbox) -> None:
    clones = [server.clone(f"clone-{number}") for number in range(4)]
    wanted = [[digest(f"{number}-{each}") for each in range(5)] for number in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda pair: keep(opened(pair[0]), "origin", pair[1]), zip(clones, wanted, strict=True)))

    assert named(server) == {each.sha256 for some in wanted for each in some}


def test_the_users_own_hooks_and_settings_of_pushes_do_not_meddle(ada: Sandbox, server: Sandbox) -> None:
    ada.hook("pre-push", "exit 1")
    ada.git("tag", "-am", "tag", "v1")
    ada.config("push.followTags", "true")
    ada.config("push.recurseSubmodules", "only")

    keep(opened(ada), "origin", [digest("one")])

    assert server.git("tag").out == ""
    assert named(server) == {digest("one").sha256}


def test_a_branch_in_the_way_is_said(ada: Sandbox, server: Sandbox) -> None:
    server.git("branch", "mlv", "main")

    with pytest.raises(RemoteError, match="does not take the branch mlv/lfs"):
        keep(opened(ada), "origin", [digest("one")])


def test_a_remote_that_is_not_there_is_said(ada: Sandbox) -> None:
    ada.git("remote", "set-url", "origin", str(ada.playground.folder / "gone"))

    with pytest.raises(RemoteError, match="origin cannot be asked for its branch mlv/lfs"):
        keep(opened(ada), "origin", [digest("one")])


def test_a_nameless_user_is_told_so_before_anything_is_asked(ada: Sandbox) -> None:
    ada.config("user.useConfigOnly", "true")
    nobody = {f"GIT_{who}_{what}": "" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    ada.config("user.name", "")
    ada.config("user.email", "")

    with pytest.raises(MachineError, match="does not know who you are"):
        keep(opened(ada, **nobody), "nowhere", [digest("one")])


def test_to_a_remote_without_a_branch_it_is_to_go_along(playground: Playground) -> None:
    ada = playground.init("ada")
    ada.commit("begin")
    empty = playground.server("empty.git")
    ada.git("remote", "add", "origin", str(empty.path))

    along = keep(opened(ada), "origin", [digest("one")]).along

    assert empty.git("for-each-ref").out == ""
    ada.git("push", "--quiet", "--atomic", "origin", "main", along)
    assert named(empty) == {digest("one").sha256}
