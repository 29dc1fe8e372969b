"""Costs: the figures of the documentation follow from its assumptions."""

import pytest

from bench import cost, requests_per_hour
from tests.infra.bicep import ROOT


def test_documentation_has_the_computed_tables() -> None:
    """docs/operations.md holds the output of `python -m bench.cost`."""
    document = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    section = document.partition("<!-- python -m bench.cost -->")[2].partition("<!-- end -->")[0]
    assert section.strip() == cost.tables()


def test_idle_presence_timer_by_hand() -> None:
    """87,600 ticks and 730 hours, a second and 2 GB each, less the free 100,000 GB-s: 76,660 GB-s of 26 millionths."""
    idle = cost.DEPLOYMENTS[0]
    assert idle.tenants == 0
    assert cost.on_demand(idle, alone=True) == pytest.approx(76_660 * 26e-6)


def test_agents_make_as_many_requests_as_their_open_page() -> None:
    """`bench.requests_per_hour` measures it in a browser and holds it below its bound."""
    bound = requests_per_hour.BOUNDS["agent: Organisation, touched"]
    assert 0.8 * bound < cost.AGENT_REQUESTS <= bound


def test_capacity_by_hand() -> None:
    """A core at 60 % takes 272 requests of 2.2 ms; 1,000 agents make 170, so that a quarter of a core needs help."""
    assert cost.capacity(2048) == pytest.approx(272.7, abs=0.1)
    thousand = 1_000 * cost.AGENT_REQUESTS * 8 * 21
    for memory, wanted in ((512, 3), (2048, 1), (4096, 1)):
        it = cost.Deployment(name="", requests=thousand, people=0, memory_gb=memory / 1024)
        assert cost.instances(it) == wanted
    template = (ROOT / "infra/main.bicep").read_text(encoding="utf-8")
    assert f"@allowed([{', '.join(map(str, cost.CORES))}])\nparam instanceMemoryMB" in template


def test_messages_together_cost_less_than_alone() -> None:
    """16 messages share an instance (host.json), so the lower end is not over a sixteenth and a tick."""
    many = cost.DEPLOYMENTS[-1]
    assert cost.on_demand(many, alone=False) < cost.on_demand(many, alone=True) / 10


def test_a_thousand_tenants_stay_below_the_daily_quota() -> None:
    """1 GB a day, the default of LOG_DAILY_QUOTA_GB: an alert that is deaf by noon is none."""
    assert all(cost.log_gb(it) / 30 < 0.5 for it in cost.DEPLOYMENTS)


def test_one_tenant_idle_by_hand() -> None:
    """A tick every 30 s with one sync: 87,600 of each, 730 maintenance runs, 4,380 sweeps; 2 + 1 + 4 round trips a tick.

    In an instance's hour there are at most 86 lines of metrics, and 3.85 % of the calls are stored.
    """
    (one,) = [it for it in cost.DEPLOYMENTS if it.name == "1 tenant, idle"]
    assert cost.executions(one) == 87_600 * 2 + 730 + 4_380
    assert cost.table_operations(one) == 87_600 * 7 + 4_380 * 16
    lines = 87_600 + 730 * 2 + 730 * 2 * 86.8
    assert cost.log_rows(one) == pytest.approx(lines + 0.0386 * cost.executions(one), rel=0.001)
