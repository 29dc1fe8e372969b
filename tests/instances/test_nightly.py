"""The parts of `make nightly`, for some seconds."""

import pytest

from tests.instances import cluster, nightly

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("is_freezing", [False, True], ids=["killed", "frozen"])
async def test_nothing_is_lost_when_instances_are(is_freezing: bool) -> None:
    """Acknowledged writes are stored, others are whole or absent, all rows agree, totals are exact."""
    tables = cluster.scratch()
    report = await nightly.kills(tables, 2, is_freezing=is_freezing)
    cluster.remove(tables)
    assert not report.wrong, str(report)
    assert report.seen["create 201"] > 10


async def test_nothing_is_lost_or_refused_when_storage_fails(azurite_tables: str) -> None:
    """Answers that are lost after the commit, 503, resets: no write is answered with 404, 409 or 412 for its own sake."""
    report = await nightly.faults(azurite_tables, 3, share=0.1)
    assert not report.wrong, str(report)
    assert report.seen["met reset_after"] + report.seen["met 503_after"] > 0
