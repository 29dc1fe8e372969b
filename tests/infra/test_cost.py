"""The cost figures of docs/operations.md follow from the assumptions in bench/cost.py."""

import pytest

from bench import cost, requests_per_hour
from tests.infra.bicep import ROOT


def test_documentation_has_the_computed_tables() -> None:
    """docs/operations.md contains the output of `python -m bench.cost`."""
    document = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    section = document.partition("<!-- python -m bench.cost -->")[2].partition("<!-- end -->")[0]
    assert section.strip() == cost.tables()


def test_an_idle_deployment_costs_as_calculated_by_hand() -> None:
    """Without tenants, the on-demand cost equals a calculation by hand.

    87,600 ticks and 730 maintenance runs of 1 s at 2 GB, less the free 100,000 GB-s, are 76,660 GB-s
    at 26 millionths of a dollar.
    """
    idle = cost.DEPLOYMENTS[0]
    assert idle.tenants == 0
    assert cost.on_demand(idle, alone=True) == pytest.approx(76_660 * 26e-6)


def test_agents_make_as_many_requests_as_their_open_page() -> None:
    """The assumed requests of an agent are at most the bound that `bench.requests_per_hour` enforces in a
    browser, and at least 80 % of it.
    """
    bound = requests_per_hour.BOUNDS["agent: Organisation, touched"]
    assert 0.8 * bound < cost.AGENT_REQUESTS <= bound


def test_capacity_equals_a_calculation_by_hand() -> None:
    """The number of instances equals a calculation by hand.

    A core at 60 % handles 272 requests of 2.2 ms a second; 1,000 agents send 170, so an instance with
    a quarter of a core needs two others.
    """
    assert cost.capacity(2048) == pytest.approx(272.7, abs=0.1)
    thousand = 1_000 * cost.AGENT_REQUESTS * 8 * 21
    for memory, wanted in ((512, 3), (2048, 1), (4096, 1)):
        it = cost.Deployment(name="", requests=thousand, people=0, memory_gb=memory / 1024)
        assert cost.instances(it) == wanted
    template = (ROOT / "infra/main.bicep").read_text(encoding="utf-8")
    assert f"@allowed([{', '.join(map(str, cost.CORES))}])\nparam instanceMemoryMB" in template


def test_messages_together_cost_less_than_alone() -> None:
    """An instance handles 16 messages at once (`batchSize` in host.json), so the lower estimate is less
    than a tenth of the upper one.
    """
    many = cost.DEPLOYMENTS[-1]
    assert cost.on_demand(many, alone=False) < cost.on_demand(many, alone=True) / 10


def test_a_thousand_tenants_stay_below_the_daily_quota() -> None:
    """Each example writes less than half of 1 GB of log a day, the default of LOG_DAILY_QUOTA_GB, because
    alerts can't fire after the quota is reached.
    """
    assert all(cost.log_gb(it) / 30 < 0.5 for it in cost.DEPLOYMENTS)


def test_one_idle_tenant_equals_a_calculation_by_hand() -> None:
    """The figures for one idle tenant equal a calculation by hand.

    A month has 87,600 ticks, each with one sync, 730 maintenance runs and 4,380 sweeps; a tick with its
    sync makes 2 + 1 + 4 round trips. An instance writes at most 86 lines of metrics an hour, and 3.85 %
    of the calls are stored.
    """
    (one,) = [it for it in cost.DEPLOYMENTS if it.name == "1 tenant, idle"]
    assert cost.executions(one) == 87_600 * 2 + 730 + 4_380
    assert cost.table_operations(one) == 87_600 * 7 + 4_380 * 16
    lines = 87_600 + 730 * 2 + 730 * 2 * 86.8
    assert cost.log_rows(one) == pytest.approx(lines + 0.0386 * cost.executions(one), rel=0.001)
