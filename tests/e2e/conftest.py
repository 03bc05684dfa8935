"""A team: a bare server that guards itself with our pre-receive, and two clones whose hooks are installed."""

from __future__ import annotations

import pytest

from tests.conftest import Playground, Sandbox
from tests.e2e.world import Template, World, copied


class Team:
    """A server and two people.

    Args:
        made: another team, to be copied: making one takes twenty times as long.
    """

    def __init__(self, playground: Playground, made: Team | None = None) -> None:
        self.playground = playground
        self.server, self.ada, self.bob = (
            Sandbox(playground, playground.folder / name) for name in ("server.git", "ada", "bob")
        )
        if made is None:
            self._make()
            return
        playground.clock = made.playground.clock
        for each in (self.server, self.ada, self.bob):
            copied(made.playground.folder, playground.folder, each.path.name)

    def _make(self) -> None:
        self.playground.server()
        self.server.mlv("install", "--server")
        self.playground.run("git", "clone", "-q", str(self.server.path), "ada", cwd=self.playground.folder)
        self.ada.git("checkout", "--quiet", "-B", "main")
        self.ada.mlv("init")
        self.ada.git("commit", "--quiet", "-m", "Set up mlvgit")
        self.ada.push("-u", "origin", "main")
        self.ada.git("remote", "set-head", "origin", "main")
        self.clone("bob")

    def with_shelf(self) -> Sandbox:
        """Name a folder as the remote of bytes, in a commit of Ada's, and return her clone."""
        self.ada.write("mlv.yaml", f"remotes:\n  shelf: {{url: {self.playground.folder / 'shelf'}}}\n")
        self.ada.git("add", "mlv.yaml")
        self.ada.git("commit", "-qm", "Name a remote of bytes")
        return self.ada

    def clone(self, name: str) -> Sandbox:
        """Clone the server and install the guards."""
        person = self.bare_clone(name)
        person.mlv("install")
        return person

    def bare_clone(self, name: str) -> Sandbox:
        """Clone the server with no hooks: a colleague without mlvgit."""
        target = self.playground.folder / name
        self.playground.run("git", "clone", "--quiet", str(self.server.path), str(target), cwd=self.playground.folder)
        return Sandbox(self.playground, target)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """The team that every test copies."""
    return Team(Playground(tmp_path_factory.mktemp("team") / "made"))


@pytest.fixture
def team(playground: Playground, made: Team) -> Team:
    """A server, Ada who set mlvgit up, and Bob who cloned."""
    return Team(playground, made)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The repositories that every test of falsified histories copies."""
    return Template(tmp_path_factory.mktemp("template") / "world")


@pytest.fixture
def world(playground: Playground, template: Template) -> World:
    """A guarded server with a released model; see tests/e2e/world.py."""
    return World(playground, template)
