"""The quotas of an account and of a credential: each error names its limit, and all instances share
it.
"""

import asyncio
from dataclasses import replace

import pytest

from directories import access_tokens, credentials, service, store, token_limits
from directories.audit import operator_actor
from directories.errors import TooManyDirectories
from directories.service import NewDirectory
from directories.token_limits import AccessTokenLimit
from local.counting_tables import CountingTables
from shared.app import App
from shared.tables.schema.base import account_partition
from tests.clock import FixedClock
from tests.directories.made import ACCOUNT, Made


def instances(app: App, count: int, **settings: int) -> list[App]:
    """Return this many instances over the same storage, with these settings changed."""
    changed = replace(app.settings, **settings)  # type: ignore[arg-type]
    return [App(changed, app.clock, CountingTables(app.tables)) for _ in range(count)]


async def test_an_account_never_has_more_directories_than_its_quota(any_app: App) -> None:
    """MAX_DIRECTORIES applies to concurrent creations on several instances; a refused one leaves no
    row.
    """
    several = instances(any_app, 6, max_directories=3)
    results = await asyncio.gather(
        *(
            service.create(one, operator_actor("quota-account"), NewDirectory(f"D{number}"))
            for number, one in enumerate(several)
        ),
        return_exceptions=True,
    )
    made = await service.list_directories(any_app, "quota-account")
    refused = [result for result in results if isinstance(result, TooManyDirectories)]
    assert len(made) == 6 - len(refused) <= 3
    for number in range(3 - len(made)):
        await service.create(
            several[0], operator_actor("quota-account"), NewDirectory(f"Late {number}")
        )
    with pytest.raises(TooManyDirectories) as caught:
        await service.create(several[1], operator_actor("quota-account"), NewDirectory("Fourth"))
    assert "The limit is 3 directories" in caught.value.message.text()
    rows = await store.index(any_app.tables, account_partition("quota-account"))
    assert len(rows) == 3


async def test_a_repeated_creation_in_a_full_account_keeps_the_existing_directory(
    app: App, made: Made
) -> None:
    """The refused repetition must not delete the rows of the directory with that id."""
    (full,) = instances(app, 1, max_directories=1)
    with pytest.raises(Exception, match=r"id_taken|directories_most"):
        await service.create(full, operator_actor(ACCOUNT), NewDirectory("Again", id=made.id))
    assert [one.id for one in await service.list_directories(app, ACCOUNT)] == [made.id]


async def test_access_tokens_of_a_credential_are_counted_over_all_instances(
    app: App, made: Made, clock: FixedClock
) -> None:
    """Each instance may exceed MAX_ACCESS_TOKENS by at most 10, because its first 10 tokens aren't
    counted.
    """
    issued = await credentials.issue(app, operator_actor(ACCOUNT), made.id, "secrets")
    directory, secret = issued.directory, issued.credential.id
    several = instances(app, 3, max_access_tokens=60)
    first = several[0].tables
    assert isinstance(first, CountingTables)
    with first.measured() as calls:
        for _ in range(token_limits.UNCOUNTED):
            await access_tokens.issue(several[0], directory, secret)
    assert calls == [("transact", "directories")] * token_limits.UNCOUNTED
    count, refused = token_limits.UNCOUNTED, list[AccessTokenLimit]()
    for _ in range(60):
        clock.advance(1)
        for one in several:
            try:
                await access_tokens.issue(one, directory, secret)
                count += 1
            except AccessTokenLimit as limit:
                refused.append(limit)
    assert "60 valid access tokens" in refused[-1].message.text()
    assert int(refused[-1].headers["Retry-After"]) > 3000
    assert count <= 60 + 3 * token_limits.UNCOUNTED
