"""The work of storage for one person: counted in round trips, whatever the requests are."""

from contextlib import ExitStack

import pytest

from directories.rate_limits import (
    USER_BURST,
    USER_RATE,
    USER_RATE_ALONE,
    USER_RESERVED,
    USER_UNITS_PER_SECOND,
    UserRateExceeded,
    limit_user,
)
from local.counting_tables import CountingTables
from shared import clock as clock_module
from shared import log
from shared.app import App
from shared.clock import FixedClock
from shared.easy_auth import Principal
from shared.settings import Settings
from shared.tables.metered import MeteredTables


def person(object_id: str, account: str = "a") -> Principal:
    """A reader."""
    return Principal(account=account, object_id=object_id, name="", roles=frozenset())


@pytest.fixture
def app(tables: CountingTables, clock: FixedClock) -> App:
    """Round trips are counted for the call that makes them."""
    return App(Settings(), clock, MeteredTables(tables))


async def spend(app: App, who: Principal, round_trips: int) -> None:
    """A request that costs so much."""
    log.begin("test")
    with limit_user(app, who):
        for _ in range(round_trips):
            await app.tables.get("contacts", "contoso", "x")
    log.end()


async def test_who_has_storage_do_too_much_waits(app: App, clock: FixedClock) -> None:
    """429 with the seconds after which it goes on; others do not notice."""
    await spend(app, person("flood"), int(USER_BURST))
    with pytest.raises(UserRateExceeded) as refused:
        await spend(app, person("flood"), 0)
    assert (refused.value.response.status, refused.value.response.headers["Retry-After"]) == (
        429,
        "1",
    )
    await spend(app, person("other"), 1)
    await spend(app, person("flood", account="b"), 1)
    clock.advance(USER_RESERVED / USER_RATE)
    await spend(app, person("flood"), 0)


async def test_processor_time_counts_like_round_trips(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack: requests that read little and compute much. A millisecond counts as a round trip."""
    spent = [0.0]
    monkeypatch.setattr(clock_module, "processor_seconds", lambda: spent[0])

    async def compute(seconds: float) -> None:
        call = log.begin("test")

        async def handle() -> None:
            with limit_user(app, person("dear")):
                spent[0] += seconds

        try:
            await call.processor.measure(handle())
        finally:
            log.end()

    await compute(USER_BURST / USER_UNITS_PER_SECOND)
    with pytest.raises(UserRateExceeded):
        await compute(0.0)
    await spend(app, person("other"), 1)


async def test_user_alone_on_an_instance_may_do_more(app: App, clock: FixedClock) -> None:
    """A program that resolves numbers all night hurts no one; with others about, the usual rate holds."""
    await spend(app, person("night"), int(USER_BURST))
    clock.advance(USER_RESERVED / USER_RATE_ALONE)
    await spend(app, person("night"), int(USER_RESERVED))
    await spend(app, person("other"), 1)
    clock.advance(USER_RESERVED / USER_RATE_ALONE)
    with pytest.raises(UserRateExceeded):
        await spend(app, person("night"), 0)


async def test_what_costs_nothing_is_never_refused(app: App) -> None:
    """Pages that ask whether anything is new."""
    for _ in range(1000):
        await spend(app, person("agent"), 0)


async def test_many_requests_at_the_same_time_are_counted_before_they_are_answered(
    app: App,
) -> None:
    """Each holds a part back."""
    with ExitStack() as held:
        for _ in range(int(USER_BURST / USER_RESERVED)):
            held.enter_context(limit_user(app, person("flood")))
        with pytest.raises(UserRateExceeded):
            await spend(app, person("flood"), 0)
    await spend(app, person("flood"), 0)
