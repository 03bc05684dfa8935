"""Trees and changes: what a commit, the index and the disk hold, also under hostile names and inside hooks."""

import json
import os
import sys

import pytest

from mlvgit.core.digest import of_bytes
from mlvgit.errors import IntegrityError
from mlvgit.repo.committing import commit_paths
from mlvgit.repo.disk import pieces
from mlvgit.repo.repository import Repository
from mlvgit.rules.model import Entry

ODD = [
    "-x",
    "--output=x",
    ":(top)z",
    "a\nb",
    'q"uote',
    "esc\x1b[31m",
    "tab\t",
    "back\\slash",
    "a*",
    "sp ace",
    "cr\r",
    "é",
    "\udcff",
]


@pytest.fixture
def odd(repo):
    """A repository with a file under each odd name, in a folder of an odd name too."""
    try:
        for name in ODD:
            repo.write(f"{name}/{name}", name)
            repo.write(f"file {name}", name)
    except OSError:
        pytest.skip("this file system takes only UTF-8")
    repo.commit()
    return repo


class TestOddNames:
    def test_all_trees_name_them_byte_for_byte(self, odd):
        opened = Repository.open(odd.path)
        wanted = {f"{name}/{name}" for name in ODD} | {f"file {name}" for name in ODD}

        for tree in (opened.head_tree(), opened.index_tree(), opened.worktree_tree()):
            assert set(tree.below("")) == wanted
            assert set(tree.names("")) == set(ODD) | {f"file {name}" for name in ODD}
            for name in ODD:
                assert list(tree.below(name)) == [f"{name}/{name}"]
                assert tree.names(name) == {name: False}
                assert tree.read(f"{name}/{name}") == os.fsencode(name)
                assert tree.find(name) == [f"{name}/{name}"]
                assert tree.digests([f"file {name}"]) == {f"file {name}": of_bytes(os.fsencode(name))}

    def test_head_is_searched_by_what_the_index_has_otherwise(self, odd):
        for name in ODD:
            odd.git("rm", "-q", "--cached", "--", f":(literal){name}/{name}")
            odd.write(f"new/{name}", "1")
            odd.git("add", "--", f":(literal)new/{name}")
        opened = Repository.open(odd.path)
        index, head = opened.index_tree(), opened.head_tree()

        for name in ODD:
            assert index.find(name) == [f"new/{name}"]
            assert head.find(name) == [f"{name}/{name}"]

    def test_changes_name_them_and_a_touched_file_is_no_change(self, odd):
        for name in ODD:
            odd.write(f"{name}/{name}", "altered")
            os.utime(odd / os.fsdecode(os.fsencode(f"file {name}")), (1, 1))
            odd.write(f"{name}/untracked", "new")
        opened = Repository.open(odd.path)

        changes = opened.changes(opened.head_tree(), opened.worktree_tree())

        assert set(changes) == {f"{name}/{name}" for name in ODD} | {f"{name}/untracked" for name in ODD}
        assert all(after.oid == "" for _, after in changes.values())

    def test_bytes_put_back_over_a_staged_change_are_no_change(self, odd):
        for name in ODD:
            odd.write(f"file {name}", "altered")
        odd.stage()
        for name in ODD:
            odd.write(f"file {name}", name)
        opened = Repository.open(odd.path)

        assert opened.changes(opened.head_tree(), opened.worktree_tree()) == {}
        assert len(opened.changes(opened.head_tree(), opened.index_tree())) == len(ODD)

    def test_staging_and_committing_them(self, odd):
        for name in ODD:
            odd.write(f"file {name}", "altered")
        opened = Repository.open(odd.path)

        opened.stage(f"file {name}" for name in ODD[::2])
        commit_paths(opened, [f"file {name}" for name in ODD[::2]], "Half")

        left = opened.changes(opened.head_tree(), opened.worktree_tree())
        assert set(left) == {f"file {name}" for name in ODD[1::2]}


class TestLayers:
    @pytest.fixture
    def layered(self, repo):
        """Files in HEAD; then one staged, one deleted, one moved to a folder of its name, one announced, one new."""
        for path in ("keep", "edit", "gone/only", "both/a", "both/b", "becomes", "folder/x"):
            repo.write(path, path)
        repo.commit()
        repo.write("edit", "edited")
        repo.git("rm", "-q", "gone/only", "both/a", "becomes", "folder/x")
        repo.write("becomes/file", "1")
        repo.write("folder", "now a file")
        repo.git("add", "edit", "becomes", "folder")
        repo.write("announced", "1")
        repo.git("add", "--intent-to-add", "announced")
        repo.write("untracked/new", "1")
        return repo

    def test_the_index_is_head_with_what_was_staged(self, layered):
        index = Repository.open(layered.path).index_tree()

        assert list(index.below("")) == ["becomes/file", "both/b", "edit", "folder", "keep"]
        assert index.names("") == {"becomes": True, "both": True, "edit": False, "folder": False, "keep": False}
        assert index.names("gone") == index.names("nothing") == {}
        assert index.names("both") == {"b": False}
        assert index.entry("becomes") is None
        assert index.entry("folder/x") is None
        assert index.entry("both") is None
        assert index.entry("folder").mode == 0o100644
        assert index.find("only") == []
        assert index.find("file") == ["becomes/file"]
        assert index.entry("announced") is None

    def test_the_disk_has_what_is_untracked_and_announced_too(self, layered):
        disk = Repository.open(layered.path).worktree_tree()

        assert list(disk.below("")) == [
            "announced",
            "becomes/file",
            "both/b",
            "edit",
            "folder",
            "keep",
            "untracked/new",
        ]
        assert disk.entry("untracked/new") == Entry(0o100644, "")
        assert disk.names("untracked") == {"new": False}
        assert disk.digests(["announced", "edit", "gone/only"]) == {
            "announced": of_bytes(b"1"),
            "edit": of_bytes(b"edited"),
            "gone/only": None,
        }

    def test_what_is_not_there_cannot_be_read(self, layered):
        opened = Repository.open(layered.path)
        for tree in (opened.head_tree(), opened.index_tree(), opened.worktree_tree()):
            for path in ("nothing", "both", "no/such", ""):
                with pytest.raises(KeyError):
                    tree.read(path)

    def test_any_two_trees_can_be_compared_both_ways(self, layered):
        opened = Repository.open(layered.path)
        head, index, disk, empty = opened.head_tree(), opened.index_tree(), opened.worktree_tree(), opened.empty_tree()

        forth, back = opened.changes(head, index), opened.changes(index, head)
        assert {path: (after, before) for path, (before, after) in forth.items()} == back
        assert set(forth) == {"edit", "gone/only", "both/a", "becomes", "becomes/file", "folder", "folder/x"}
        assert set(opened.changes(index, disk)) == {"announced", "untracked/new"}
        assert set(opened.changes(empty, index)) == set(index.below(""))
        assert all(before is None for before, _ in opened.changes(empty, disk).values())
        assert opened.changes(disk, disk) == {}

    def test_two_commits_are_compared_without_what_is_staged(self, layered):
        before = layered.head()
        layered.git("commit", "-qm", "Second")
        opened = Repository.open(layered.path)

        changes = opened.changes(opened.commit_tree(before), opened.head_tree())

        assert set(changes) == {"edit", "gone/only", "both/a", "becomes", "becomes/file", "folder", "folder/x"}
        assert changes["gone/only"][1] is None
        assert opened.commit_tree(before).label == before[:12]

    def test_a_tree_of_a_commit_that_is_not_here_is_a_key_error(self, layered):
        with pytest.raises(KeyError):
            Repository.open(layered.path).commit_tree("1" * 40).entry("a")


class TestDisk:
    def test_ignored_files_are_not_in_it_but_tracked_ones_are(self, repo):
        repo.write("tracked.pkl", "1")
        repo.commit()
        repo.write(".gitignore", "*.pkl\n")
        repo.write("other.pkl", "1")

        assert list(Repository.open(repo.path).worktree_tree().below("")) == [".gitignore", "tracked.pkl"]

    def test_links_and_special_files_are_never_followed(self, repo):
        repo.write("a", "inside")
        repo.write("b", "inside")
        repo.commit()
        secret = repo.playground.folder / "secret"
        secret.write_text("outside")
        (repo / "a").unlink()
        (repo / "a").symlink_to(secret)
        (repo / "b").unlink()
        os.mkfifo(repo / "b")
        os.mkfifo(repo / "c")
        (repo / "d").symlink_to(secret.parent)
        disk = Repository.open(repo.path).worktree_tree()

        assert disk.entry("a") == Entry(0o120000, "")
        assert disk.read("a") == os.fsencode(secret)
        assert disk.digests(["a"])["a"] == of_bytes(os.fsencode(secret))
        assert disk.entry("b") is None
        assert set(disk.below("")) == {"a", "d"}

    def test_a_file_that_became_a_link_after_it_was_listed_is_not_read(self, repo):
        repo.write("a", "inside")
        disk = Repository.open(repo.path).worktree_tree()
        (repo / "a").unlink()
        (repo / "a").symlink_to("/etc/passwd")

        assert disk.digests(["a"]) == {"a": None}
        with pytest.raises(KeyError):
            disk.read("a")

    def test_a_folder_that_became_a_link_is_not_entered(self, repo):
        repo.write("folder/a", "inside")
        disk = Repository.open(repo.path).worktree_tree()
        (repo / "folder").rename(repo / "moved")
        (repo / "folder").symlink_to("moved")

        assert disk.digests(["folder/a"]) == {"folder/a": None}

    def test_a_file_that_grows_while_it_is_read_is_an_error(self, repo):
        repo.write("a", b"x" * 3_000_000)

        reading = pieces(os.fsencode(repo.path), "a")
        next(reading)
        repo.write("a", b"y" * 3_000_001)

        with pytest.raises(IntegrityError, match="changed while"):
            list(reading)

    def test_the_executable_bit_is_a_change(self, repo):
        repo.write("a", "1")
        repo.commit()
        (repo / "a").chmod(0o755)
        opened = Repository.open(repo.path)

        ((before, after),) = opened.changes(opened.head_tree(), opened.worktree_tree()).values()

        assert (before.mode, after.mode) == (0o100644, 0o100755)

    def test_line_ends_that_git_would_store_as_they_were_are_no_change(self, repo):
        repo.write(".gitattributes", "* text\n")
        repo.write("a", "one\ntwo\n")
        repo.commit()
        repo.write("a", "one\r\ntwo\r\n")
        opened = Repository.open(repo.path)

        assert opened.changes(opened.head_tree(), opened.worktree_tree()) == {}

    def test_a_file_untracked_on_purpose_and_unaltered_is_no_change(self, repo):
        repo.write("a", "1")
        repo.commit()
        repo.git("rm", "-q", "--cached", "a")
        opened = Repository.open(repo.path)

        assert opened.changes(opened.head_tree(), opened.worktree_tree()) == {}
        assert list(opened.changes(opened.head_tree(), opened.index_tree())) == ["a"]

    def test_a_repository_inside_is_not_entered(self, repo, playground):
        repo.commit()
        inner = playground.init("repo/inner")
        inner.write("a", "1")
        inner.commit()

        assert list(Repository.open(repo.path).worktree_tree().below("")) == []

    def test_a_submodule_is_an_entry_without_contents(self, repo, playground):
        other = playground.init("other")
        other.write("a", "1")
        other.commit()
        repo.git("submodule", "add", "--quiet", str(other.path), "sub")
        repo.commit()
        (repo / "sub" / "a").write_text("altered")
        opened = Repository.open(repo.path)

        for tree in (opened.head_tree(), opened.index_tree(), opened.worktree_tree()):
            assert tree.entry("sub").mode == 0o160000
            assert tree.names("")["sub"] is False
            assert tree.digests(["sub"]) == {"sub": None}
            with pytest.raises(KeyError):
                tree.read("sub")
        assert opened.changes(opened.head_tree(), opened.worktree_tree()) == {}


class TestHooks:
    """What a hook sees: the index that Git is committing, which is not always `.git/index`."""

    SEEN = (
        "import json, sys; sys.path.insert(0, {root!r})\n"
        "from mlvgit.repo.repository import Repository\n"
        "r = Repository.open(); index = r.index_tree()\n"
        "json.dump({{p: index.read(p).decode() for p in r.changes(r.head_tree(), index) if index.entry(p)}},"
        " open({seen!r}, 'w'))\n"
    )

    @pytest.fixture(params=["sha1", "sha256"])
    def watched(self, request, playground):
        """Two tracked files, one of them staged and altered again; every commit writes what its hook sees to `seen`."""
        made = playground.init("repo", f"--object-format={request.param}")
        made.write("a", "a0")
        made.write("b", "b0")
        made.commit()
        self.seen = playground.folder / "seen.json"
        script = self.SEEN.format(root=os.getcwd(), seen=str(self.seen))
        (playground.folder / "probe.py").write_text(script)
        made.hook("pre-commit", f'exec "{sys.executable}" -I "{playground.folder}/probe.py"')
        made.write("a", "a staged")
        made.git("add", "a")
        made.write("a", "a on disk")
        made.write("b", "b on disk")
        return made

    @pytest.mark.parametrize(
        ("command", "seen"),
        [
            (["commit", "-m", "x"], {"a": "a staged"}),
            (["commit", "-a", "-m", "x"], {"a": "a on disk", "b": "b on disk"}),
            (["commit", "-m", "x", "b"], {"b": "b on disk"}),
            (["commit", "-m", "x", "--only", "a"], {"a": "a on disk"}),
            (["commit", "-m", "x", "--include", "b"], {"a": "a staged", "b": "b on disk"}),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_the_index_of_this_commit_is_judged(self, watched, command, seen):
        watched.git(*command)

        assert json.loads(self.seen.read_text()) == seen

    def test_also_from_a_folder_below_and_in_a_linked_worktree(self, watched):
        watched.write("folder/c", "c")
        watched.git("add", "folder")
        watched.run("git", "commit", "-qm", "x", "--", "c", cwd=watched / "folder")
        assert json.loads(self.seen.read_text()) == {"folder/c": "c"}

        linked = watched.worktree()
        linked.write("d", "d")
        linked.git("add", "d")
        linked.git("commit", "-qm", "x")
        assert json.loads(self.seen.read_text()) == {"d": "d"}

    def test_objects_in_quarantine_are_seen_by_the_receiver(self, watched):
        server = watched.server()
        script = (
            f"import sys; sys.path.insert(0, {os.getcwd()!r})\n"
            "from mlvgit.repo.history import parse_receive_lines\n"
            "from mlvgit.repo.repository import Repository\n"
            "r = Repository.open(); (c,) = parse_receive_lines(sys.stdin.buffer.read())\n"
            "before, after = r.commit_tree(c.remote_oid), r.commit_tree(c.local_oid)\n"
            "print(after.read('a').decode(), list(r.changes(before, after)))\n"
        )
        (watched.playground.folder / "receive.py").write_text(script)
        server.hook("pre-receive", f'exec "{sys.executable}" -I "{watched.playground.folder}/receive.py" >&2')
        watched.git("commit", "-qm", "x", "a")

        said = watched.push("origin", "HEAD").err

        assert "remote: a on disk ['a']" in said
