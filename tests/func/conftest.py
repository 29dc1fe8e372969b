"""One deployment for all tests of this folder: on the local host, or with HOST=func on Core Tools' own."""

import os
from collections.abc import Iterator

import pytest

from tests.browser import world as local
from tests.browser.world import Made, World
from tests.func import core_tools


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The product with a simulated Microsoft, timers and queues."""
    if os.environ.get("HOST") == "func":
        with core_tools.world() as running:
            yield running
    else:
        folder = tmp_path_factory.mktemp("func")
        with local.world(f"sqlite:///{folder}/product.db") as running:
            yield running


@pytest.fixture(scope="session")
def entra(deployment: World) -> Made:
    """A directory with presence and with 30 people, for whom all of Entra's cycles ran."""
    made = deployment.add("Brightwater UK")
    summary = deployment.provision(
        made.base,
        made.token,
        30,
        (
            "connect",
            "initial",
            "groups",
            "incremental",
            "lost-answer",
            "disable",
            "enable",
            "discover",
        ),
    )
    assert summary.errors == []
    assert summary.quarantined is None
    deployment.connect_presence(made)
    return made
