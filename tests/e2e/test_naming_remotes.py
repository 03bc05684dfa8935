"""Remotes that only one clone would find: said when they are named, refused before bytes go there."""

from __future__ import annotations

from tests.conftest import Sandbox
from tests.e2e.conftest import Team


def test_a_relative_folder_is_made_by_naming_it_and_by_nothing_else(team: Team) -> None:
    ada, folder = team.ada, team.playground.folder
    said = ada.mlv("remote", "add", "shelf", "../shelf", "-m", "Name a remote").said
    assert "relative to each clone" in said
    ada.write("raw/a.csv", "a\n")
    ada.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    ada.mlv("push")
    (folder / "far").mkdir()
    team.playground.run("git", "clone", "-q", str(team.server.path), "far/bob", cwd=folder)
    bob = Sandbox(team.playground, folder / "far/bob")
    bob.mlv("install")

    refused = bob.mlv("pull", check=False)
    assert refused.status == 4
    assert refused.err.count("there is no such folder") == 1
    bob.write("new/b.csv", "b\n")
    bob.mlv("snapshot", "create", "others", "v0.1", "new", "--storage", "store", "-m", "Freeze")
    assert "there is no such folder" in bob.mlv("push", check=False).err
    assert not (folder / "far/shelf").exists()
    (folder / "far/shelf").symlink_to(folder / "shelf")
    bob.mlv("pull")
    bob.mlv("push")


def test_a_remote_that_only_this_disk_names_takes_no_bytes(team: Team) -> None:
    ada, shelf = team.ada, team.playground.folder / "shelf"
    ada.write("raw/a.csv", "a\n")
    ada.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    assert "git commit" in ada.mlv("remote", "add", "shelf", str(shelf)).said
    for command in (("mlv", "push"), ("push", "-q", "origin", "main")):
        refused = ada.git(*command, check=False)
        assert refused.status != 0
        assert "who clones would not find the bytes" in refused.err
    assert not shelf.exists()
    ada.git("commit", "-qm", "Name the remote shelf", "--", "mlv.yaml")
    ada.mlv("push")


def push_to_relative_shelf(ada: Sandbox) -> None:
    ada.mlv("remote", "add", "shelf", "../shelf", "-m", "Name a remote")
    for name in "abcde":
        ada.write(f"raw/{name}.bin", name.encode() * 70_000)
    ada.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", "-m", "Freeze")
    ada.mlv("push")


def test_all_worktrees_of_a_clone_mean_one_folder_by_a_relative_path(team: Team) -> None:
    ada, folder = team.ada, team.playground.folder
    push_to_relative_shelf(ada)
    (folder / "far/away").mkdir(parents=True)
    ada.git("worktree", "add", "-q", str(folder / "far/away/wt"), "-b", "elsewhere")
    tree = Sandbox(team.playground, folder / "far/away/wt")
    ada.mlv("drop", "scans@v0.1")

    tree.mlv("pull", "scans@v0.1")

    tree.mlv("verify", "scans@v0.1")


def test_what_keeps_many_files_from_coming_is_said_once(team: Team) -> None:
    ada, folder = team.ada, team.playground.folder
    push_to_relative_shelf(ada)
    (folder / "far").mkdir()
    team.playground.run("git", "clone", "-q", str(team.server.path), "far/bob", cwd=folder)

    refused = Sandbox(team.playground, folder / "far/bob").mlv("pull", check=False)

    assert refused.err.count("there is no such folder") == 1
    assert " and 2 more: shelf (" in refused.err
