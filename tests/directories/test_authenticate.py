"""Who may use a directory's SCIM address."""

import dataclasses
import secrets

import pytest

from directories import store
from directories.authenticate import Unauthenticated, authenticate
from directories.memory import settled
from directories.service import NewDirectory, change, create
from directories.tokens import ACCESS_PREFIX, new_short_id
from shared.clock import FixedClock
from shared.services import Services
from shared.tables.counting import CountingTables
from tests.directories.made import ACCOUNT, Made


async def refused(services: Services, directory_id: str, header: str | None) -> Unauthenticated:
    """The refusal of a call; fails where the call gets in."""
    with pytest.raises(Unauthenticated) as caught:
        await authenticate(services, directory_id, header)
    return caught.value


async def test_a_live_token_opens_its_directory(any_services: Services) -> None:
    """The bearer of a live token is served (RFC 6750 section 2.1), whatever the case of the scheme's name."""
    directory, token = await create(
        any_services, ACCOUNT, NewDirectory("Contoso", region="DE", strict_numbers=True)
    )
    for scheme in ("Bearer", "bearer"):
        found = await authenticate(any_services, directory.id, f"{scheme} {token}")
        assert (found.id, found.region, found.strict_numbers) == (directory.id, "DE", True)


async def test_every_refusal_is_the_same_answer(services: Services, made: Made) -> None:
    """Strangers learn nothing: status, headers and body are equal for every reason (issue: same 401)."""
    other, _ = await create(services, ACCOUNT, NewDirectory("Other"))
    answers = [
        await refused(services, made.id, None),
        await refused(services, made.id, ""),
        await refused(services, made.id, "Bearer"),
        await refused(services, made.id, f"Basic {made.token}"),
        await refused(services, made.id, "Bearer wrong"),
        await refused(services, made.id, "Bearer \udcff"),
        await refused(services, made.id, f"Bearer {ACCESS_PREFIX}made-up"),
        await refused(services, other.id, made.header),
        await refused(services, new_short_id(20), made.header),
        await refused(services, "x/../y", made.header),
        await refused(services, "index|all", made.header),
    ]
    responses = [answer.response for answer in answers]
    assert {response.body for response in responses} == {responses[0].body}
    assert {response.status for response in responses} == {401}
    assert {response.headers["WWW-Authenticate"] for response in responses} == {
        'Bearer realm="SCIM"'
    }


async def test_a_cold_token_costs_one_round_trip_and_a_warm_one_none(
    services: Services, made: Made
) -> None:
    """SCIM sign-in 1, then 0 (docs/PERFORMANCE.md)."""
    tables = services.tables
    assert isinstance(tables, CountingTables)
    await authenticate(services, made.id, made.header)
    await settled(services)
    services.clock.advance(29)  # type: ignore[attr-defined]
    with tables.measured() as calls:
        await authenticate(services, made.id, made.header)
    assert calls == []
    services.clock.advance(2)  # type: ignore[attr-defined]
    with tables.measured() as calls:
        await authenticate(services, made.id, made.header)
    assert calls == [("get", "directories")]


async def test_refusals_cost_the_same_for_known_and_unknown_directories(
    services: Services, made: Made
) -> None:
    """The number of reads tells nothing about whether a directory exists."""
    tables = services.tables
    assert isinstance(tables, CountingTables)
    for _ in range(3):
        counts = []
        for directory_id in (made.id, "a" * 20):
            with tables.measured() as calls:
                await refused(services, directory_id, f"Bearer {secrets.token_hex()}")
                counts.append([call for call in calls if call[0] == "get"])
            await settled(services)
        assert counts[0] == counts[1]


async def test_a_flood_of_wrong_tokens_reads_once_a_second_at_the_most(
    services: Services, made: Made
) -> None:
    """Wrong tokens make the directory be read again ten times at once, then once a second."""
    tables = services.tables
    assert isinstance(tables, CountingTables)
    with tables.measured() as calls:
        for attempt in range(500):
            await refused(services, made.id, f"Bearer wrong{attempt}")
        assert len([call for call in calls if call[0] == "get"]) == 11
    await settled(services)


async def test_a_token_issued_elsewhere_works_at_once(
    services: Services, made: Made, clock: FixedClock
) -> None:
    """A token of a moment ago is not refused because this instance remembers the directory without it."""
    await authenticate(services, made.id, made.header)
    from directories.tokens import digest

    elsewhere = Services(services.settings, clock, CountingTables(services.tables))
    token = dataclasses.replace(
        made.directory.tokens[0], id="another1", hash=digest("issued-elsewhere")
    )
    await change(
        elsewhere,
        ACCOUNT,
        made.id,
        lambda found: dataclasses.replace(found, tokens=(*found.tokens, token)),
    )
    assert (await authenticate(services, made.id, "Bearer issued-elsewhere")).id == made.id


async def test_a_token_revoked_elsewhere_is_dead_within_30_seconds(
    services: Services, made: Made, clock: FixedClock
) -> None:
    """An instance believes what it read for 30 seconds at the most."""
    await authenticate(services, made.id, made.header)
    elsewhere = Services(services.settings, clock, CountingTables(services.tables))
    await change(elsewhere, ACCOUNT, made.id, lambda found: dataclasses.replace(found, tokens=()))
    clock.advance(30)
    await refused(services, made.id, made.header)


async def test_an_expired_token_is_refused(
    services: Services, made: Made, clock: FixedClock
) -> None:
    """A token is dead from its expiry on, even while the directory is remembered."""
    clock.advance(10)
    expires = store.now(clock)
    clock.advance(-10)
    token = dataclasses.replace(made.directory.tokens[0], expires=expires)
    await change(
        services, ACCOUNT, made.id, lambda found: dataclasses.replace(found, tokens=(token,))
    )
    await authenticate(services, made.id, made.header)
    clock.advance(10)
    await refused(services, made.id, made.header)
