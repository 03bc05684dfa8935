"""The guarded server and its clones, shared with tests/e2e."""

import pytest

from tests.conftest import Playground
from tests.e2e.world import Template, World


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The repositories that every test of forgers copies."""
    return Template(tmp_path_factory.mktemp("hostile") / "world")


@pytest.fixture
def world(playground: Playground, template: Template) -> World:
    """A guarded server with a released model; see tests/e2e/world.py."""
    return World(playground, template)
