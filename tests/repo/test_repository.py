"""Opening repositories of every shape, and what they say about themselves."""

import os
import shutil
import sys
import threading

import pytest

from mlvgit.core.digest import of_bytes
from mlvgit.errors import GitError, MachineError
from mlvgit.repo.committing import commit_paths
from mlvgit.repo.repository import Repository
from mlvgit.rules.model import Entry

SHAPES = (
    "plain",
    "sha256",
    "worktree",
    "submodule",
    "separate",
    "sparse",
    "index-v4",
    "split-index",
    "detached",
    "reftable",
)


@pytest.fixture(params=SHAPES)
def shaped(request, playground):
    """A repository of each shape with the files `a`, `data/b` and `data/deep/c`, committed."""
    shape = request.param
    options = {"sha256": ["--object-format=sha256"], "separate": [f"--separate-git-dir={playground.folder}/git dir"]}
    if shape == "reftable":
        options["reftable"] = ["--ref-format=reftable"]
        if playground.run("git", "init", "--ref-format=reftable", "probe", cwd=playground.folder, check=False).status:
            pytest.skip("this Git has no reftable")
    made = playground.init("repo", *options.get(shape, []))
    made.write("a", "A\n")
    made.write("data/b", "B\n")
    made.write("data/deep/c", "C\n")
    made.commit("First")
    if shape == "worktree":
        return made.worktree("linked tree", "-b", "linked")
    if shape == "submodule":
        outer = playground.init("outer")
        outer.git("submodule", "add", "--quiet", str(made.path), "inner")
        outer.commit("Add")
        return type(made)(playground, outer / "inner")
    if shape == "sparse":
        made.git("sparse-checkout", "set", "--no-cone", "/data/deep/")
        assert not (made / "a").exists()
    if shape == "index-v4":
        made.git("update-index", "--index-version=4")
    if shape == "split-index":
        made.git("update-index", "--split-index")
    if shape == "detached":
        made.checkout("HEAD", "--detach")
    return made


def test_every_shape_opens_at_its_top_from_a_folder_below(shaped):
    (shaped / "data" / "deep").mkdir(parents=True, exist_ok=True)

    opened = Repository.open(shaped / "data" / "deep")

    assert opened.top == shaped.path
    assert opened.git_dir.is_absolute()
    assert opened.git_dir.is_dir()
    assert opened.common_dir.is_dir()
    assert opened.state_dir == opened.common_dir / "mlv"
    assert opened.head() == shaped.head()
    assert opened.object_format == ("sha256" if len(shaped.head()) == 64 else "sha1")
    assert not opened.is_bare
    assert not opened.is_shallow()


def test_every_shape_shows_a_commit_the_index_and_the_disk_as_they_are(shaped):
    opened = Repository.open(shaped.path)
    head, index, disk = opened.head_tree(), opened.index_tree(), opened.worktree_tree()

    for tree in (head, index, disk):
        assert list(tree.below("")) == ["a", "data/b", "data/deep/c"]
        assert tree.read("data/b") == b"B\n"
        assert tree.digests(["a"]) == {"a": of_bytes(b"A\n")}
    assert opened.changes(head, index) == opened.changes(head, disk) == {}


def test_every_shape_shows_what_was_staged_and_what_was_not(shaped):
    shaped.write("data/deep/c", "staged\n")
    shaped.git("add", "data/deep/c")
    shaped.write("data/deep/c", "on disk\n")
    shaped.write("data/deep/new", "new\n")
    opened = Repository.open(shaped.path)
    head, index, disk = opened.head_tree(), opened.index_tree(), opened.worktree_tree()

    assert list(opened.changes(head, index)) == ["data/deep/c"]
    assert list(opened.changes(head, disk)) == ["data/deep/c", "data/deep/new"]
    assert list(opened.changes(index, disk)) == ["data/deep/c", "data/deep/new"]
    assert (head.read("data/deep/c"), index.read("data/deep/c"), disk.read("data/deep/c")) == (
        b"C\n",
        b"staged\n",
        b"on disk\n",
    )


def test_a_commit_of_paths_leaves_what_else_is_staged(shaped):
    shaped.write("data/deep/c", "changed\n")
    shaped.write("data/deep/other", "other\n")
    shaped.git("add", "data/deep/other")
    shaped.write("data/deep/new", "new\n")
    opened = Repository.open(shaped.path)

    opened.stage(["data/deep/new"])
    made, _ = commit_paths(opened, ["data/deep/c", "data/deep/new"], "Only these\n\n# not a comment")

    assert made == shaped.head()
    assert shaped.git("show", "--name-only", "--format=%B", made).out.split("\n") == [
        "Only these", "", "# not a comment", "", "", "data/deep/c", "data/deep/new", "",
    ]  # fmt: skip
    assert list(opened.changes(opened.head_tree(), opened.index_tree())) == ["data/deep/other"]


class TestPlaces:
    def test_a_bare_repository_has_no_top(self, repo):
        repo.write("a", "1")
        repo.commit()
        server = repo.server()

        for folder in (server.path, server / "refs"):
            opened = Repository.open(folder)
            assert opened.is_bare
            assert opened.top is None
            assert opened.git_dir == opened.common_dir == server.path
            assert list(opened.head_tree().below("")) == ["a"]
            with pytest.raises(MachineError, match="no working directory"):
                opened.worktree_tree()

    def test_linked_worktrees_share_one_state(self, repo):
        repo.commit()
        linked = repo.worktree()

        assert Repository.open(linked.path).state_dir == Repository.open(repo.path).state_dir
        assert Repository.open(linked.path).git_dir != Repository.open(repo.path).git_dir

    def test_inside_the_git_folder_there_is_no_working_directory(self, repo):
        assert Repository.open(repo / ".git").top is None

    def test_git_dir_in_the_environment_is_obeyed(self, repo, playground, monkeypatch):
        repo.commit()
        elsewhere = playground.folder / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)

        opened = Repository.open(env={**os.environ, "GIT_DIR": "../repo/.git", "GIT_WORK_TREE": "../repo"})

        assert (opened.top, opened.head()) == (repo.path, repo.head())

    def test_a_receiving_hook_of_a_bare_repository_is_bare(self, repo, monkeypatch):
        repo.commit()
        server = repo.server()
        monkeypatch.chdir(server.path)

        opened = Repository.open(env={**os.environ, "GIT_DIR": "."})

        assert (opened.top, opened.git_dir) == (None, server.path)

    def test_names_of_folders_may_hold_anything(self, playground):
        made = playground.init('odd\nname "quoted" \x1b[1m ü')
        made.commit()

        opened = Repository.open(made.path)

        assert opened.top == made.path
        assert opened.git_dir == made / ".git"
        assert opened.head() == made.head()

    def test_a_folder_name_that_is_not_utf8(self, playground):
        path = playground.folder / os.fsdecode(b"\xff")
        try:
            path.mkdir()
        except OSError:
            pytest.skip("this file system takes only UTF-8")
        made = playground.init(path.name)

        assert Repository.open(made.path).top == path

    def test_outside_a_repository_the_way_in_is_shown(self, tmp_path):
        with pytest.raises(MachineError, match="is not in a Git repository") as caught:
            Repository.open(tmp_path)
        assert caught.value.hint == "git init"

    def test_a_folder_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(MachineError, match="there is no folder"):
            Repository.open(tmp_path / "nowhere")

    def test_a_current_folder_that_is_gone_is_said(self, repo):
        script = (
            f"import os, sys; sys.path.insert(0, {os.getcwd()!r})\n"
            "from mlvgit.errors import MachineError\nfrom mlvgit.repo.repository import Repository\n"
            "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n"
            "try: Repository.open()\nexcept MachineError as error: print(error.message)\n"
        )

        assert "current folder cannot be used" in repo.run(sys.executable, "-c", script).out

    def test_a_repository_of_somebody_else_is_refused_with_gits_own_way_out(self, repo):
        with pytest.raises(MachineError, match="somebody else owns it") as caught:
            Repository.open(repo.path, {**os.environ, "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
        assert caught.value.hint.startswith("git config --global --add safe.directory")
        assert str(repo.path) in caught.value.hint

    def test_a_shallow_clone_says_so_and_reads_what_it_has(self, repo):
        repo.write("a", "1")
        repo.commit()
        repo.write("a", "2")
        repo.commit()

        opened = Repository.open(repo.clone("shallow", "--depth=1").path)

        assert opened.is_shallow()
        assert opened.head_tree().read("a") == b"2"
        assert opened.resolve("HEAD^") is None


class TestHead:
    def test_before_the_first_commit_everything_is_new(self, repo):
        repo.write("a", "1")
        repo.write("b", "2")
        repo.stage("a")
        opened = Repository.open(repo.path)

        assert opened.head() is None
        assert opened.branch() == "main"
        assert opened.head_tree().below("") == {}
        assert list(opened.changes(opened.head_tree(), opened.index_tree())) == ["a"]
        assert list(opened.changes(opened.empty_tree(), opened.worktree_tree())) == ["a", "b"]

    def test_a_detached_head_is_on_no_branch(self, repo):
        repo.commit()
        repo.checkout("HEAD", "--detach")

        assert Repository.open(repo.path).branch() is None

    def test_a_branch_keeps_its_whole_name_though_a_tag_has_it_too(self, repo):
        repo.commit()
        repo.branch("team/x")
        repo.git("tag", "team/x")

        assert Repository.open(repo.path).branch() == "team/x"

    def test_head_is_asked_again_each_time(self, repo):
        opened = Repository.open(repo.path)
        first = repo.commit()
        assert opened.head() == first
        assert opened.head() != repo.commit()


class TestResolve:
    def test_a_word_becomes_a_commit(self, repo):
        first = repo.commit()
        repo.git("tag", "-a", "-m", "x", "annotated")
        opened = Repository.open(repo.path)

        for word in ("HEAD", "main", "annotated", "refs/tags/annotated", first, first[:8], "main^{/A commit}", "@"):
            assert opened.resolve(word) == first, word

    def test_what_is_no_commit_is_none(self, repo):
        repo.write("a", "1")
        repo.commit()
        blob = repo.head("HEAD:a")
        opened = Repository.open(repo.path)

        for word in (
            "",
            "nothing",
            blob,
            "HEAD:a",
            "--all",
            "-x",
            "--output=x",
            "a\0b",
            "a\nb",
            "HEAD^7",
            "0" * 40,
            "HEAD..HEAD",
            "^HEAD",
        ):
            assert opened.resolve(word) is None, word

    def test_a_ref_that_looks_like_an_option_is_only_a_ref(self, repo):
        first = repo.commit()
        repo.git("update-ref", "refs/tags/--output=x", first)
        repo.git("update-ref", "refs/heads/-d", first)
        opened = Repository.open(repo.path)

        assert opened.resolve("--output=x") == first
        assert opened.resolve("-d") == first
        assert not (repo / "x").exists()


class TestConfiguration:
    def test_values_are_read_as_git_reads_them(self, repo):
        repo.config("mlv.one", "first")
        repo.git("config", "--add", "mlv.one", "second\nline")
        repo.git("config", "remote.My.Remote.url", "x")
        with (repo / ".git" / "config").open("a") as file:
            file.write("[mlv]\n\tflag\n\tempty =\n")
        opened = Repository.open(repo.path)

        assert opened.config("MLV.One") == "second\nline"
        assert opened.config_all("mlv.one") == ("first", "second\nline")
        assert opened.config("remote.My.Remote.url") == "x"
        assert opened.config("remote.my.remote.url") == ""
        assert opened.config("mlv.flag") == "true"
        assert opened.config("mlv.empty", "other") == ""
        assert opened.config("mlv.none", "other") == "other"
        assert "remote.My.Remote.url" in opened.config_keys("remote.")

    def test_what_is_written_is_read_back(self, repo):
        opened = Repository.open(repo.path)
        for value in ("plain", 'qu"ote; #hash', "two\nlines", "-dash", " spaces "):
            opened.set_config("mlv.key", value)
            assert opened.config("mlv.key") == value
            assert repo.git("config", "--get", "mlv.key").out == value + "\n"

        opened.set_config("mlv.key", None)
        assert opened.config("mlv.key") == ""
        opened.set_config("mlv.key", None)

    def test_the_user_is_who_git_says(self, repo, monkeypatch):
        assert Repository.open(repo.path).identity() == "Ada Tester <ada@example.com>"

    def test_an_unknown_user_is_told_how_to_say_who_they_are(self, repo):
        repo.config("user.useConfigOnly", "true")
        unnamed = {
            name: value for name, value in os.environ.items() if "_COMMITTER_" not in name and "_AUTHOR_" not in name
        }
        unnamed["GIT_CONFIG_GLOBAL"] = os.devnull

        with pytest.raises(MachineError, match="who you are") as caught:
            Repository.open(repo.path, unnamed).identity()
        assert "user.email" in caught.value.hint


class TestWriting:
    def test_a_blob_is_stored_as_it_is(self, repo):
        repo.config("core.autocrlf", "true")
        opened = Repository.open(repo.path)

        oid = opened.write_blob(b"a\r\nb")

        assert opened.blob(oid) == b"a\r\nb"
        assert opened.blob_digests([oid]) == {oid: of_bytes(b"a\r\nb")}

    def test_a_blob_that_is_not_here_is_a_key_error(self, repo):
        first = repo.commit()
        opened = Repository.open(repo.path)

        for oid in ("1" * 40, first):
            with pytest.raises(KeyError):
                opened.blob(oid)

    def test_staging_takes_names_literally_and_deletions(self, repo):
        repo.write("a*", "star")
        repo.write("ab", "plain")
        repo.write(":(top)z", "magic")
        repo.write("gone", "1")
        repo.git("--literal-pathspecs", "add", "gone")
        repo.remove("gone")
        opened = Repository.open(repo.path)

        opened.stage(["a*", ":(top)z", "gone"])
        opened.stage([])

        assert repo.git("ls-files", "-z").out == ":(top)z\0a*\0"

    def test_an_ignored_file_is_staged_by_force_only(self, repo):
        repo.write(".gitignore", "*.pkl\n")
        repo.write("m.pkl", "1")
        opened = Repository.open(repo.path)

        with pytest.raises(GitError):
            opened.stage(["m.pkl"])
        opened.stage(["m.pkl"], force=True)

        assert repo.git("ls-files").out == "m.pkl\n"

    def test_a_file_outside_a_sparse_checkout_is_staged_all_the_same(self, repo):
        repo.write("a/a", "1")
        repo.write("b/b", "1")
        repo.commit()
        repo.git("sparse-checkout", "set", "a")
        repo.write("c/new", "1")
        opened = Repository.open(repo.path)

        opened.stage(["c/new"])
        commit_paths(opened, ["c/new"], "New")

        repo.assert_committed("c/new", "1")
        repo.assert_committed("b/b", "1")

    def test_the_first_commit_can_be_one_of_paths(self, repo):
        repo.write("a", "1")
        repo.write("b", "1")
        repo.stage()
        opened = Repository.open(repo.path)

        assert commit_paths(opened, ["a"], "First") == (repo.head(), True)

        repo.refute_committed("b")
        assert list(opened.changes(opened.head_tree(), opened.index_tree())) == ["b"]

    def test_what_another_commit_took_along_is_named_by_it(self, repo):
        repo.write("a", "1")
        taken = repo.commit("Somebody else's")
        repo.commit("Later")

        assert commit_paths(Repository.open(repo.path), ["a"], "Mine") == (taken, False)

    def test_a_commit_is_tried_again_when_somebody_else_commits_meanwhile(self, repo):
        repo.write("a", "1")
        repo.commit()
        repo.write("a", "2")
        repo.hook(
            "pre-commit",
            "[ -e once ] || { touch once; git update-ref HEAD $(git commit-tree HEAD^{tree} -p HEAD -m Other); }",
        )

        _, ours = commit_paths(Repository.open(repo.path), ["a"], "Mine")

        assert ours
        assert repo.git("log", "--format=%s", "-2").out == "Mine\nOther\n"

    def test_an_index_that_another_git_holds_for_a_moment_is_waited_for(self, repo):
        repo.write("a", "1")
        lock = repo.write(".git/index.lock", "")
        threading.Timer(0.3, lock.unlink).start()

        Repository.open(repo.path).stage(["a"])

        assert repo.git("ls-files").out == "a\n"

    def test_a_commit_of_paths_takes_names_literally(self, repo):
        for name in ("a*", "ab", ":(top)z", "-x", 'q"uote'):
            repo.write(name, "1")
        repo.commit()
        for name in ("a*", "ab", ":(top)z", "-x", 'q"uote'):
            repo.write(name, "2")

        commit_paths(Repository.open(repo.path), ["a*", ":(top)z", "-x", 'q"uote'], "Some")

        assert repo.git("diff", "-z", "--name-only", "HEAD").out == "ab\0"

    def test_what_stands_on_disk_is_committed_whatever_was_staged_before(self, repo):
        repo.write("a", "1")
        repo.commit()
        repo.write("a", "2")
        repo.stage()
        repo.write("a", "3")

        commit_paths(Repository.open(repo.path), ["a"], "On disk")

        repo.assert_committed("a", "3")

    def test_a_commit_of_paths_does_not_end_a_merge(self, repo):
        repo.write("a", "1")
        repo.commit()
        repo.git("checkout", "-qb", "other")
        repo.write("b", "1")
        repo.commit()
        repo.git("checkout", "-q", "-")
        repo.git("merge", "-q", "--no-ff", "--no-commit", "other")

        with pytest.raises(GitError, match="during a merge"):
            commit_paths(Repository.open(repo.path), ["b"], "Half a merge")

    def test_a_commit_that_a_hook_refuses_says_what_the_hook_said(self, repo):
        repo.write("a", "1")
        before = repo.commit()
        repo.write("a", "2")
        repo.hook("pre-commit", "echo not today >&2; exit 1")

        with pytest.raises(GitError) as caught:
            commit_paths(Repository.open(repo.path), ["a"], "No")

        assert "not today" in caught.value.stderr
        assert repo.head() == before

    def test_a_commit_of_paths_from_a_bare_environment_uses_given_dates(self, repo):
        repo.write("a", "1")
        repo.commit()
        repo.write("a", "2")
        dates = {"GIT_COMMITTER_DATE": "1767225600 +0000", "GIT_AUTHOR_DATE": "1767225601 +0000"}

        commit_paths(Repository.open(repo.path, {**os.environ, **dates}), ["a"], "Dated")

        assert repo.git("log", "-1", "--format=%ct %at").out == "1767225600 1767225601\n"


class TestOperation:
    @pytest.fixture
    def torn(self, repo):
        """Two branches that conflict in `a`."""
        repo.write("a", "base\n")
        repo.commit("Base")
        repo.branch("side")
        repo.write("a", "side\n")
        repo.commit("Side")
        repo.checkout("main")
        repo.write("a", "main\n")
        repo.commit("Main")
        return repo

    @pytest.mark.parametrize(
        ("command", "state"),
        [
            (["merge", "side"], "merge"),
            (["cherry-pick", "side"], "cherry-pick"),
            (["revert", "--no-edit", "HEAD~1"], "revert"),
            (["rebase", "side"], "rebase"),
            (["rebase", "--apply", "side"], "rebase"),
        ],
    )
    def test_a_conflict_is_named_by_what_led_to_it(self, torn, command, state):
        if state == "revert":
            torn.write("a", "again\n")
            torn.commit("Again")
        torn.git(*command, check=False)
        opened = Repository.open(torn.path)

        assert opened.operation() == state
        assert opened.index_tree().unmerged == {"a"}
        assert opened.worktree_tree().unmerged == {"a"}
        assert b"<<<<<<<" in opened.worktree_tree().read("a")

    def test_am_and_bisect_are_named(self, torn):
        torn.git("format-patch", "-1", "side", "-o", "patches")
        patch = next((torn / "patches").iterdir())
        torn.git("am", str(patch), check=False)
        assert Repository.open(torn.path).operation() == "am"
        torn.git("am", "--abort")

        torn.git("bisect", "start")
        assert Repository.open(torn.path).operation() == "bisect"

    def test_nothing_is_going_on_otherwise_also_in_a_linked_worktree(self, torn):
        linked = torn.worktree("other")
        torn.git("merge", "side", check=False)

        assert Repository.open(linked.path).operation() == ""
        linked.git("merge", "side", check=False)
        assert Repository.open(linked.path).operation() == "merge"


class TestPorcelain:
    def test_gitpython_runs_the_same_git(self, repo, monkeypatch):
        repo.write("git", "#!/bin/sh\ntouch planted-ran\n").chmod(0o755)
        head = repo.commit()
        monkeypatch.chdir(repo.path)
        monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")

        opened = Repository.open()

        assert opened.python().git.rev_parse("HEAD") == head
        assert opened.python() is opened.python()
        assert not (repo / "planted-ran").exists()
        assert "GIT_PYTHON_GIT_EXECUTABLE" not in os.environ

    def test_opening_does_not_import_gitpython_or_anything_heavy(self, repo):
        repo.commit()
        script = (
            f"import sys; sys.path.insert(0, {os.getcwd()!r})\n"
            "from mlvgit.repo.repository import Repository\nr = Repository.open(); r.head(); r.config('a.b')\n"
            "print(*{'git', 'subprocess', 're', 'typing', 'yaml', 'json', 'pathlib', 'dataclasses'} & set(sys.modules))"
        )

        assert repo.run(sys.executable, "-S", "-c", script).out.split() == []


class TestDigests:
    def test_a_blob_is_read_once_ever(self, repo):
        repo.write("a", "contents")
        repo.commit()
        oid = repo.head("HEAD:a")
        Repository.open(repo.path).blob_digests([oid])
        shutil.rmtree(repo / ".git" / "objects" / oid[:2])

        assert Repository.open(repo.path).blob_digests([oid]) == {oid: of_bytes(b"contents")}

    def test_damage_and_torn_writes_cost_only_the_records_that_they_hit(self, repo):
        opened = Repository.open(repo.path)
        oids = [opened.write_blob(str(number).encode()) for number in range(6)]
        wanted = {oid: of_bytes(str(number).encode()) for number, oid in enumerate(oids)}
        opened.blob_digests(oids[:3])
        (cache,) = (opened.state_dir / "cache").iterdir()
        raw = bytearray(cache.read_bytes())
        raw[5] ^= 0xFF
        raw[len(raw) // 3 + 40] ^= 1
        cache.write_bytes(bytes(raw) + b"torn")

        again = Repository.open(repo.path)
        assert again.blob_digests(oids) == wanted
        shutil.rmtree(repo / ".git" / "objects")
        (repo / ".git" / "objects").mkdir()
        assert Repository.open(repo.path).blob_digests(oids) == wanted

    def test_a_cache_that_cannot_be_written_is_done_without(self, repo):
        repo.write("a", "1")
        repo.commit()
        opened = Repository.open(repo.path)
        opened.state_dir.write_text("a file is in the way")

        assert opened.blob_digests([repo.head("HEAD:a")]) == {repo.head("HEAD:a"): of_bytes(b"1")}

    def test_a_digest_that_was_learnt_elsewhere_is_remembered(self, repo):
        opened = Repository.open(repo.path)
        oid = opened.write_blob(b"x")
        shutil.rmtree(repo / ".git" / "objects" / oid[:2])

        opened.remember_digest(oid, of_bytes(b"x"))

        assert Repository.open(repo.path).blob_digests([oid]) == {oid: of_bytes(b"x")}
        assert Repository.open(repo.path).blob_digests(["1" * 40]) == {"1" * 40: None}


def test_a_tree_of_another_kind_is_not_compared(repo):
    class Other:
        label = "something else"

    opened = Repository.open(repo.path)
    with pytest.raises(TypeError, match="something else"):
        opened.changes(opened.empty_tree(), Other())


def test_entries_are_modes_and_blob_ids(repo):
    repo.write("a", "1")
    repo.write("run", "1").chmod(0o755)
    (repo / "link").symlink_to("a")
    repo.commit()
    oid = repo.head("HEAD:a")
    opened = Repository.open(repo.path)

    for tree in (opened.head_tree(), opened.index_tree(), opened.worktree_tree()):
        assert tree.entry("a") == Entry(0o100644, oid)
        assert tree.entry("run") == Entry(0o100755, oid)
        assert tree.entry("link").mode == 0o120000
        assert tree.read("link") == b"a"
