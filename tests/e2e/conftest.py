"""A team: a bare server that guards itself with our pre-receive, and two clones whose hooks are installed."""

import pytest

from tests.conftest import Playground, Sandbox
from tests.e2e.world import Template, World


class Team:
    """A server and two people."""

    def __init__(self, playground: Playground) -> None:
        self.playground = playground
        self.server = playground.server()
        self.server.mlv("install", "--server")
        self.ada = Sandbox(playground, playground.folder / "ada")
        playground.run("git", "clone", "--quiet", str(self.server.path), str(self.ada.path), cwd=playground.folder)
        self.ada.git("checkout", "--quiet", "-B", "main")
        self.ada.mlv("init")
        self.ada.git("commit", "--quiet", "-m", "Set up mlvgit")
        self.ada.push("-u", "origin", "main")
        self.ada.git("remote", "set-head", "origin", "main")
        self.bob = self.clone("bob")

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


@pytest.fixture
def team(playground: Playground) -> Team:
    """A server, Ada who set mlvgit up, and Bob who cloned."""
    return Team(playground)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The repositories that every test of falsified histories copies."""
    return Template(tmp_path_factory.mktemp("template") / "world")


@pytest.fixture
def world(playground: Playground, template: Template) -> World:
    """A guarded server with a released model; see tests/e2e/world.py."""
    return World(playground, template)
