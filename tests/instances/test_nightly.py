"""The parts of `make nightly`, each for some seconds."""

import pytest

from tests.instances import cluster, nightly

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("is_freezing", [False, True], ids=["killed", "frozen"])
async def test_nothing_is_lost_when_instances_are_killed_or_frozen(is_freezing: bool) -> None:
    """Acknowledged writes are stored, others complete or absent; all rows agree, and totals are
    exact.
    """
    tables = cluster.scratch()
    report = await nightly.kills(tables, 2, is_freezing=is_freezing)
    cluster.remove(tables)
    assert not report.wrong, str(report)
    assert report.seen["create 201"] > 10


async def test_nothing_is_lost_or_refused_when_storage_fails(azurite_tables: str) -> None:
    """Responses lost after the commit, 503 and resets: no client's own write causes a 404, 409 or
    412.
    """
    report = await nightly.faults(azurite_tables, 3, share=0.1)
    assert not report.wrong, str(report)
    assert report.seen["met reset_after"] + report.seen["met 503_after"] > 0
