"""Authentication of a request to a directory's SCIM address."""

import dataclasses
import secrets

import pytest

from directories import store
from directories.audit import operator_actor
from directories.authenticate import Unauthenticated, authenticate
from directories.service import NewDirectory, change, create
from directories.tokens import ACCESS_PREFIX, new_secret, new_short_id
from local.counting_tables import CountingTables
from shared.app import App
from tests.clock import FixedClock
from tests.directories.made import ACCOUNT, Made


async def refused(app: App, directory_id: str, header: str | None) -> Unauthenticated:
    """Return the error of an authentication that must fail."""
    with pytest.raises(Unauthenticated) as caught:
        await authenticate(app, directory_id, header)
    return caught.value


async def test_a_live_token_opens_its_directory(any_app: App) -> None:
    """RFC 6750 section 2.1: a valid bearer token is accepted; the scheme's name ignores case."""
    directory, token = await create(
        any_app, operator_actor(ACCOUNT), NewDirectory("Contoso", region="DE", strict_numbers=True)
    )
    for scheme in ("Bearer", "bearer"):
        found = await authenticate(any_app, directory.id, f"{scheme} {token}")
        assert (found.id, found.region, found.strict_numbers) == (directory.id, "DE", True)


async def test_every_refusal_has_the_same_response(app: App, made: Made) -> None:
    """Status, headers and body don't depend on the reason, so that they reveal nothing about stored
    data.
    """
    other, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Other"))
    answers = [
        await refused(app, made.id, None),
        await refused(app, made.id, ""),
        await refused(app, made.id, "Bearer"),
        await refused(app, made.id, f"Basic {made.token}"),
        await refused(app, made.id, "Bearer wrong"),
        await refused(app, made.id, "Bearer \udcff"),
        await refused(app, made.id, f"Bearer {new_secret(ACCESS_PREFIX)}"),
        await refused(app, other.id, made.header),
        await refused(app, new_short_id(20), made.header),
        await refused(app, "x/../y", made.header),
        await refused(app, "index|all", made.header),
    ]
    responses = [answer.response for answer in answers]
    assert {response.body for response in responses} == {responses[0].body}
    assert {response.status for response in responses} == {401}
    assert {response.headers["WWW-Authenticate"] for response in responses} == {
        'Bearer realm="SCIM"'
    }


async def test_a_cold_token_costs_one_round_trip_and_a_warm_one_none(app: App, made: Made) -> None:
    """docs/PERFORMANCE.md, "SCIM sign-in": one round trip for the first use of a token on an
    instance, none later.
    """
    tables = app.tables
    assert isinstance(tables, CountingTables)
    await authenticate(app, made.id, made.header)
    await app.background.drain()
    app.clock.advance(29)  # type: ignore[attr-defined]
    with tables.measured() as calls:
        await authenticate(app, made.id, made.header)
    assert calls == []
    app.clock.advance(2)  # type: ignore[attr-defined]
    with tables.measured() as calls:
        await authenticate(app, made.id, made.header)
    assert calls == [("get", "directories")]


async def test_refusals_cost_the_same_for_known_and_unknown_directories(
    app: App, made: Made
) -> None:
    """The number of reads doesn't reveal whether a directory exists."""
    tables = app.tables
    assert isinstance(tables, CountingTables)
    for _ in range(3):
        counts = []
        for directory_id in (made.id, "a" * 20):
            with tables.measured() as calls:
                await refused(app, directory_id, f"Bearer {secrets.token_hex()}")
                counts.append([call for call in calls if call[0] == "get"])
            await app.background.drain()
        assert counts[0] == counts[1]


async def test_made_up_ids_do_not_reveal_whether_a_directory_exists(
    app: App, made: Made, clock: FixedClock
) -> None:
    """After thousands of invented ids, a wrong token still costs the same number of reads for a
    known and an unknown directory.

    The attack: use up both rate limits, evict the unknown directory from the cache with invented
    ids, and compare the times of the next responses.
    """
    tables = app.tables
    assert isinstance(tables, CountingTables)

    async def reads(directory_id: str, calls: int) -> list[int]:
        counts = []
        for _ in range(calls):
            with tables.measured() as made_calls:
                await refused(app, directory_id, "Bearer wrong")
                counts.append([kind for kind, _ in made_calls].count("get"))
            await app.background.drain()
        return counts

    unknown = "a" * 20
    for made_up in (0, 500, 1030):
        assert await reads(made.id, 13) == await reads(unknown, 13)
        for number in range(made_up):
            await refused(app, f"zz{number:06d}", "Bearer wrong")
        assert await reads(made.id, 13) == await reads(unknown, 13)
        clock.advance(31)
        assert await reads(made.id, 13) == await reads(unknown, 13)


async def test_a_flood_of_wrong_tokens_reads_once_a_second_at_the_most(
    app: App, made: Made
) -> None:
    """Wrong tokens cause at most ten reads at once, then one per second."""
    tables = app.tables
    assert isinstance(tables, CountingTables)
    with tables.measured() as calls:
        for attempt in range(500):
            await refused(app, made.id, f"Bearer wrong{attempt}")
        assert len([call for call in calls if call[0] == "get"]) == 10
    await app.background.drain()


async def test_a_token_issued_elsewhere_works_at_once(
    app: App, made: Made, clock: FixedClock
) -> None:
    """This instance has cached the directory without the token; it reads the directory again."""
    await authenticate(app, made.id, made.header)
    from directories.tokens import digest

    elsewhere = App(app.settings, clock, CountingTables(app.tables))
    token = dataclasses.replace(
        made.directory.tokens[0], id="another1", hash=digest("issued-elsewhere")
    )
    await change(
        elsewhere,
        operator_actor(ACCOUNT),
        made.id,
        lambda found: dataclasses.replace(found, tokens=(*found.tokens, token)),
    )
    assert (await authenticate(app, made.id, "Bearer issued-elsewhere")).id == made.id


async def test_a_token_revoked_elsewhere_is_refused_within_30_seconds(
    app: App, made: Made, clock: FixedClock
) -> None:
    """An instance caches a directory for at most 30 seconds."""
    await authenticate(app, made.id, made.header)
    elsewhere = App(app.settings, clock, CountingTables(app.tables))
    await change(
        elsewhere,
        operator_actor(ACCOUNT),
        made.id,
        lambda found: dataclasses.replace(found, tokens=()),
    )
    clock.advance(30)
    await refused(app, made.id, made.header)


async def test_an_expired_token_is_refused(app: App, made: Made, clock: FixedClock) -> None:
    """It is refused from its expiry on, even while the directory is cached."""
    clock.advance(10)
    expires = store.now(clock)
    clock.advance(-10)
    token = dataclasses.replace(made.directory.tokens[0], expires=expires)
    await change(
        app,
        operator_actor(ACCOUNT),
        made.id,
        lambda found: dataclasses.replace(found, tokens=(token,)),
    )
    await authenticate(app, made.id, made.header)
    clock.advance(10)
    await refused(app, made.id, made.header)
