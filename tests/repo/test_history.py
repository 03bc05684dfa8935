"""History: what is protected, who is whose ancestor, who changed a path, what a push says."""

import time

import pytest

from mlvgit.errors import GitError, MachineError
from mlvgit.repo.history import (
    RefChange,
    commit_exists,
    commits_between,
    first_parent_log_of_path,
    is_ancestor,
    is_protected,
    is_zero,
    merge_bases,
    parse_push_lines,
    parse_receive_lines,
    protected_refs,
    read_commit,
    remotes,
)
from mlvgit.repo.repository import Repository

ZERO, ONE, TWO = "0" * 40, "1" * 40, "2" * 40


class TestPushLines:
    def test_all_lines_of_a_push_are_read(self):
        raw = (
            f"refs/heads/main {ONE} refs/heads/main {TWO}\n(delete) {ZERO} refs/heads/old {ONE}\n"
            f"HEAD~1 {ONE} refs/heads/new {ZERO}\n"
        )

        assert parse_push_lines(raw.encode()) == [
            RefChange("refs/heads/main", ONE, "refs/heads/main", TWO),
            RefChange("(delete)", ZERO, "refs/heads/old", ONE),
            RefChange("HEAD~1", ONE, "refs/heads/new", ZERO),
        ]

    def test_a_local_ref_may_have_spaces_and_any_bytes(self):
        raw = b"main@{2 days ago} " + ONE.encode() + b" refs/heads/\xff\x1b " + ZERO.encode() + b"\n"

        (change,) = parse_push_lines(raw)

        assert change.local_ref == "main@{2 days ago}"
        assert change.remote_ref == "refs/heads/\udcff\x1b"

    def test_nothing_is_up_to_date(self):
        assert parse_push_lines(b"") == parse_receive_lines(b"") == []

    def test_ids_of_sha256_repositories_are_longer(self):
        (change,) = parse_push_lines(f"a {'a' * 64} b {'0' * 64}\n".encode())

        assert is_zero(change.remote_oid)
        assert not is_zero(change.local_oid)
        assert is_zero(ZERO)
        assert not is_zero("")

    def test_the_receivers_lines_have_another_order(self):
        assert parse_receive_lines(f"{ONE} {TWO} refs/heads/a b\n".encode()) == [
            RefChange("", TWO, "refs/heads/a b", ONE)
        ]

    @pytest.mark.parametrize("raw", [b"one two\n", b"a b c d\n", b"a " + ONE.encode() + b" c short\n"])
    def test_anything_else_is_refused(self, raw):
        with pytest.raises(MachineError):
            parse_push_lines(raw)
        with pytest.raises(MachineError):
            parse_receive_lines(raw)

    def test_what_git_really_gives_is_read(self, repo):
        repo.commit()
        repo.server()
        repo.hook("pre-push", "cat > lines")
        repo.branch("side")
        tip = repo.commit()

        repo.push("origin", "HEAD:refs/heads/side", ":refs/heads/main", check=False)

        changes = parse_push_lines(repo.read("lines"))
        assert {(c.remote_ref, c.local_oid) for c in changes} == {
            ("refs/heads/side", tip),
            ("refs/heads/main", "0" * len(tip)),
        }


class TestProtected:
    @pytest.fixture
    def shared(self, repo):
        """A server with main, develop and release/1, and a clone of it."""
        repo.commit()
        repo.server()
        for name in ("develop", "release/1", "release/deep/2", "feature"):
            repo.push("origin", f"HEAD:refs/heads/{name}")
        return repo

    def test_the_remotes_own_branch_and_releases_by_default(self, shared):
        head = shared.head()
        shared.commit("Not pushed")

        assert protected_refs(Repository.open(shared.path)) == {
            "refs/remotes/origin/main": head,
            "refs/remotes/origin/release/1": head,
            "refs/remotes/origin/release/deep/2": head,
        }

    def test_the_remotes_head_decides(self, shared):
        shared.git("remote", "set-head", "origin", "develop")

        assert "refs/remotes/origin/develop" in protected_refs(Repository.open(shared.path))
        assert "refs/remotes/origin/main" not in protected_refs(Repository.open(shared.path))

    def test_main_or_master_where_the_remotes_head_is_not_known(self, shared):
        shared.git("remote", "set-head", "origin", "--delete")
        assert "refs/remotes/origin/main" in protected_refs(Repository.open(shared.path))

        shared.git("update-ref", "refs/remotes/origin/master", "HEAD")
        shared.git("update-ref", "-d", "refs/remotes/origin/main")
        assert "refs/remotes/origin/master" in protected_refs(Repository.open(shared.path))

    def test_settings_name_other_branches(self, shared):
        found = protected_refs(Repository.open(shared.path), ["dev*", "feature"])

        assert list(found) == ["refs/remotes/origin/develop", "refs/remotes/origin/feature"]

    def test_the_main_branch_comes_first(self, shared):
        shared.push("origin", "HEAD:refs/heads/a")

        assert next(iter(protected_refs(Repository.open(shared.path), ["*"]))) == "refs/remotes/origin/main"

    def test_a_branch_that_is_not_there_yet_can_be_protected(self, shared):
        opened = Repository.open(shared.path)
        server = Repository.open(shared.playground.folder / "server.git")

        for name, wanted in {"main": True, "release/9": True, "feature": False, "x/main": False}.items():
            assert is_protected(opened, f"refs/heads/{name}", remote="origin") is wanted, name
            assert is_protected(server, f"refs/heads/{name}") is wanted, name
        assert not is_protected(opened, "refs/heads/master", remote="origin")
        assert is_protected(server, "refs/heads/master")  # whoever pushes it first must not lay main open
        assert is_protected(opened, "refs/heads/feature", ["feat*"], "origin")
        assert not is_protected(opened, "refs/heads/main", ["feat*"], "origin")
        assert is_protected(opened, "refs/heads/master", remote="never-fetched")

    def test_every_remote_counts_or_one(self, shared):
        shared.server("other.git", "up/stream")
        opened = Repository.open(shared.path)

        assert remotes(opened) == ["origin", "up/stream"]
        assert "refs/remotes/up/stream/main" in protected_refs(opened)
        assert list(protected_refs(opened, remote="up/stream")) == ["refs/remotes/up/stream/main"]
        assert protected_refs(opened, remote="nowhere") == {}

    def test_without_a_remote_nothing_is_protected(self, repo):
        repo.commit()

        assert protected_refs(Repository.open(repo.path)) == {}

    def test_a_server_protects_its_own_branches(self, shared):
        server = Repository.open(shared.playground.folder / "server.git")

        assert list(protected_refs(server)) == ["refs/heads/main", "refs/heads/release/1", "refs/heads/release/deep/2"]
        assert list(protected_refs(server, ["feat*"])) == ["refs/heads/feature"]

    def test_an_empty_server_protects_nothing_yet(self, playground):
        assert protected_refs(Repository.open(playground.server().path)) == {}

    def test_a_bare_clone_of_a_server_is_judged_by_its_own_branches_too(self, shared):
        bare = shared.clone("bare.git", "--bare")

        assert list(protected_refs(Repository.open(bare.path))) == ["refs/heads/main"]


class TestAncestry:
    @pytest.fixture
    def forked(self, repo):
        """Base, then main and side; ids by name."""
        ids = {"base": repo.commit("Base")}
        repo.branch("side")
        ids["side"] = repo.commit("Side")
        repo.checkout("main")
        ids["main"] = repo.commit("Main")
        return repo, ids

    def test_ancestors_and_bases(self, forked):
        repo, ids = forked
        opened = Repository.open(repo.path)

        assert merge_bases(opened, ids["main"], ids["side"]) == [ids["base"]]
        assert is_ancestor(opened, ids["base"], ids["side"])
        assert is_ancestor(opened, ids["main"], ids["main"])
        assert not is_ancestor(opened, ids["side"], ids["main"])

    def test_unrelated_histories_have_no_base(self, forked):
        repo, ids = forked
        repo.git("checkout", "-q", "--orphan", "other")
        other = repo.commit("Other")

        assert merge_bases(Repository.open(repo.path), ids["main"], other) == []

    def test_a_commit_that_is_not_here_is_an_error_not_a_no(self, forked):
        repo, ids = forked
        opened = Repository.open(repo.path)

        assert not commit_exists(opened, ONE)
        assert commit_exists(opened, ids["base"])
        with pytest.raises(GitError):
            is_ancestor(opened, ONE, ids["main"])

    def test_commits_that_one_has_and_others_have_not(self, forked):
        repo, ids = forked
        repo.git("merge", "-q", "--no-edit", "side")
        opened = Repository.open(repo.path)
        merged = repo.head()

        assert set(commits_between(opened, merged, [ids["base"]])) == {ids["main"], ids["side"], merged}
        assert commits_between(opened, merged, [ids["main"], ids["side"]]) == [merged]
        assert commits_between(opened, merged, [ONE, merged]) == []
        assert commits_between(opened, merged, [])[0] == ids["base"]
        assert commits_between(opened, merged, [], limit=1) == [merged]


class TestLog:
    def test_a_commit_is_read_whole(self, repo):
        first = repo.commit("First")
        second = repo.commit("Subject\nover two lines\n\nBody\n\nMlv-Reason: x")
        found = read_commit(Repository.open(repo.path), second)

        assert (found.oid, found.parents) == (second, (first,))
        assert found.subject == "Subject over two lines"
        assert found.body == "Body\n\nMlv-Reason: x"
        assert found.author == "Ada Tester <ada@example.com>"
        assert found.committed_at == int(repo.git("log", "-1", "--format=%ct").out)
        assert read_commit(Repository.open(repo.path), ONE) is None

    def test_commits_that_changed_a_path_newest_first_with_what_stands_there(self, repo):
        ids = []
        for number in range(3):
            repo.write("m/registry.json", f"{number}")
            ids.append(repo.commit(f"Change {number}"))
            repo.write("other", f"{number}")
            repo.commit("Something else")
        repo.remove("m/registry.json")
        ids.append(repo.commit("Delete"))
        opened = Repository.open(repo.path)

        found = list(first_parent_log_of_path(opened, opened.head(), "m/registry.json"))

        assert [change.commit.oid for change in found] == ids[::-1]
        assert found[0].entry is None
        assert [opened.blob(change.entry.oid) for change in found[1:]] == [b"2", b"1", b"0"]
        assert len(list(first_parent_log_of_path(opened, opened.head(), "m/registry.json", limit=2))) == 2

    def test_what_a_merge_brought_counts_as_the_merge(self, repo):
        repo.write("a", "0")
        first = repo.commit()
        repo.branch("side")
        repo.write("a", "1")
        repo.commit()
        repo.write("a", "2")
        repo.commit()
        repo.checkout("main")
        repo.git("merge", "-q", "--no-ff", "--no-edit", "side")
        opened = Repository.open(repo.path)

        found = [change.commit.oid for change in first_parent_log_of_path(opened, opened.head(), "a")]

        assert found == [repo.head(), first]

    @pytest.mark.parametrize("path", ["-x", ":(top)z", "a*", "a\nb", "\udcff"])
    def test_paths_are_literal(self, repo, path):
        repo.write("ab", "1")
        repo.commit()
        try:
            repo.write(path, "1")
        except OSError:
            pytest.skip("this file system takes only UTF-8")
        wanted = repo.commit()
        opened = Repository.open(repo.path)

        assert [change.commit.oid for change in first_parent_log_of_path(opened, opened.head(), path)] == [wanted]

    def test_a_long_history_is_left_as_soon_as_enough_is_known(self, repo):
        lines = [
            f"commit refs/heads/main\ncommitter A <a@b> {1767225600 + number} +0000\ndata 1\nx\n"
            f"M 100644 inline a\ndata {len(str(number))}\n{number}\n"
            for number in range(4000)
        ]
        repo.git("fast-import", "--quiet", input="".join(lines))
        opened = Repository.open(repo.path)
        opened.head()

        def spent(count):
            start = time.perf_counter()
            changes = first_parent_log_of_path(opened, opened.head(), "a")
            for _ in range(count):
                next(changes)
            changes.close()
            return time.perf_counter() - start

        assert min(spent(3) for _ in range(3)) < spent(4000) / 3

    def test_a_shallow_clone_ends_where_its_history_ends(self, repo):
        for number in range(3):
            repo.write("a", f"{number}")
            repo.commit()
        opened = Repository.open(repo.clone("shallow", "--depth=2").path)

        assert len(list(first_parent_log_of_path(opened, opened.head(), "a"))) == 2
