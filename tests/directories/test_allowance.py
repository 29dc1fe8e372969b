"""The rate limit of one user of the JSON API and the pages, counted in storage round trips."""

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
from shared.easy_auth import Principal
from shared.settings import Settings
from shared.tables.metered import MeteredTables
from tests.clock import FixedClock


def person(object_id: str, account: str = "a") -> Principal:
    """Return the signed-in user, a reader."""
    return Principal(account=account, object_id=object_id, name="", roles=frozenset())


@pytest.fixture
def app(tables: CountingTables, clock: FixedClock) -> App:
    """Return an App whose storage counts the round trips of each request."""
    return App(Settings(), clock, MeteredTables(tables))


async def spend(app: App, who: Principal, round_trips: int) -> None:
    """Make one request that costs this many round trips."""
    log.begin("test")
    with limit_user(app, who):
        for _ in range(round_trips):
            await app.tables.get("contacts", "contoso", "x")
    log.end()


async def test_a_user_beyond_the_rate_limit_gets_a_429(app: App, clock: FixedClock) -> None:
    """RFC 6585 section 4: 429 with Retry-After. Other users aren't affected."""
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
    """The attack: requests that read little and compute much. A millisecond counts as one round
    trip.
    """
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
    """A program that looks up numbers at night delays no one; while other users are active, the
    usual rate applies.
    """
    await spend(app, person("night"), int(USER_BURST))
    clock.advance(USER_RESERVED / USER_RATE_ALONE)
    await spend(app, person("night"), int(USER_RESERVED))
    await spend(app, person("other"), 1)
    clock.advance(USER_RESERVED / USER_RATE_ALONE)
    with pytest.raises(UserRateExceeded):
        await spend(app, person("night"), 0)


async def test_requests_without_round_trips_are_never_refused(app: App) -> None:
    """Pages poll for news, which usually needs no round trip."""
    for _ in range(1000):
        await spend(app, person("agent"), 0)


async def test_concurrent_requests_count_before_they_finish(
    app: App,
) -> None:
    """Each request reserves a part of the limit while it runs."""
    with ExitStack() as held:
        for _ in range(int(USER_BURST / USER_RESERVED)):
            held.enter_context(limit_user(app, person("flood")))
        with pytest.raises(UserRateExceeded):
            await spend(app, person("flood"), 0)
    await spend(app, person("flood"), 0)
