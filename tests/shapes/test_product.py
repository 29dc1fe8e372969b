"""The product understands every client: whole lives over HTTP, and each payload by itself."""

from pathlib import Path

import pytest

from tests.shapes.conftest import Product
from tests.shapes.player import CLIENTS, PAYLOADS, load


@pytest.mark.clause("entra/match", "entra/validators", "okta/match", "okta/spec-test")
@pytest.mark.parametrize("path", CLIENTS, ids=lambda path: path.stem)
async def test_a_client_lives_a_whole_life_over_http(served: Product, path: Path) -> None:
    """Every answer meets the client's needs (sources are in the file)."""
    assert [str(mismatch) for mismatch in await served.play_http(load(path))] == []


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
async def test_a_payload_has_its_outcome(product: Product, path: Path) -> None:
    """The answer, and the resource afterwards (source and rule are in the file)."""
    assert [str(mismatch) for mismatch in await product.play(load(path))] == []
