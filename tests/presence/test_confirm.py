"""The company that consented must be confirmed before it is connected to a directory."""

from dataclasses import replace

import pytest

from local.graph.simulator import CONTOSO, FABRIKAM
from presence import tenant_links
from shared import row_versions
from shared.clock import DAY, SECOND
from shared.tables.port import Row
from shared.tables.schema.base import CONSENTS, TENANT_LINKS, TENANTS, WORK
from shared.tables.schema.presence import DIRECTORY_LINK
from shared.tables.schema.work import AUTH_REQUEST
from tests.presence.browser import GLORIA, Browser
from tests.presence.world import DIRECTORY, World

FRANK = "gloria@fabrikam.example"


async def test_nothing_is_read_before_the_company_is_confirmed(
    world: World, browser: Browser
) -> None:
    """The page shows domain, tenant and the user who consented; no token is requested."""
    await world.provision(world.people(3))
    browser.must_confirm = True
    await browser.connected()
    found = (await browser.act("check")).json
    assert (found["state"], found["reason"]) == ("propagating", "unconfirmed")
    assert (found["company"], found["tenantId"]) == ("contoso.example", CONTOSO)
    assert found["acceptedBy"] == GLORIA
    for _ in range(25):
        await world.interval()
    assert world.running.simulator.counters.calls("token", tenant=CONTOSO) == 0
    confirmed = (await browser.act("confirm", tenantId=CONTOSO)).json
    assert confirmed["state"] == "waiting"
    await world.tick()
    assert (await browser.connection())["state"] == "active"


async def test_a_second_tab_does_not_change_the_company(world: World, browser: Browser) -> None:
    """Tab B consents for Fabrikam, then tab A for Contoso: A gets an outcome that reports it, and
    Fabrikam stays.
    """
    browser.must_confirm = True
    first = await browser.signed_in(GLORIA)
    second = await browser.signed_in(FRANK)
    for address, who, outcome in (
        (second.location, FRANK, "consented"),
        (first.location, GLORIA, "other_pending"),
    ):
        back = await browser.send("GET", await browser.at_microsoft(address, who, "accept"))
        assert back.outcome == outcome
    found = await browser.connection()
    assert (found["tenantId"], found["acceptedBy"]) == (FABRIKAM, FRANK)


async def test_the_company_that_was_shown_is_confirmed_and_no_other(
    world: World, browser: Browser
) -> None:
    """Someone replaced the company: a page that shows the earlier one gets 409."""
    browser.must_confirm = True
    await browser.connected(GLORIA)
    await browser.act("remove")
    await browser.connected(FRANK)
    refused = await browser.act("confirm", tenantId=CONTOSO)
    assert (refused.status, refused.json["code"]) == (409, "company_changed")
    assert (await browser.connection())["reason"] == "unconfirmed"
    assert (await browser.act("confirm", tenantId="contoso.example")).json["field"] == "tenantId"


async def test_an_unconfirmed_consent_is_replaceable_after_a_day(
    world: World, browser: Browser
) -> None:
    """A forgotten consent must not block the right company."""
    browser.must_confirm = True
    await browser.connected(FRANK)
    world.clock.advance(DAY // SECOND + 1)
    assert (await browser.connected(GLORIA)).outcome == "consented"
    assert (await browser.connection())["tenantId"] == CONTOSO


async def test_each_company_needs_its_own_confirmation(world: World, browser: Browser) -> None:
    """The first consent needed none and was never connected; the next one, for another company,
    must be confirmed.
    """
    await browser.connected(FRANK)
    world.clock.advance(DAY // SECOND + 1)
    browser.must_confirm = True
    await browser.connected(GLORIA)
    found = await browser.connection()
    assert (found["tenantId"], found["reason"]) == (CONTOSO, "unconfirmed")


async def test_an_older_release_cannot_decode_an_unconfirmed_consent(
    world: World, browser: Browser
) -> None:
    """It would connect the company without a confirmation, so the row's version is one that it
    refuses.
    """
    browser.must_confirm = True
    signed_in = await browser.signed_in()
    requests = await world.tables.query(WORK, CONSENTS, *AUTH_REQUEST.all())
    await browser.send("GET", await browser.at_microsoft(signed_in.location, GLORIA, "accept"))
    links = await world.tables.query(TENANTS, TENANT_LINKS, *DIRECTORY_LINK.all())
    for rows in (requests, links):
        (row,) = rows
        with pytest.raises(row_versions.UnsupportedRowVersion):
            row_versions.decode(row.value, "a row", known=1)
    await browser.act("confirm", tenantId=CONTOSO)
    (row,) = await world.tables.query(TENANTS, TENANT_LINKS, *DIRECTORY_LINK.all())
    assert row_versions.decode(row.value, "a row", known=1)["company"] == "contoso.example"


async def test_a_link_of_the_first_release_counts_as_confirmed(
    world: World, browser: Browser
) -> None:
    """Its row has no field for the confirmation, because that release required none."""
    await browser.connected()
    stored = await tenant_links.directory(world.app.tables, DIRECTORY)
    assert stored is not None
    row = tenant_links.encode(stored)
    assert b'"is_confirmed":true' in row
    older = row.replace(b',"is_confirmed":true', b"").replace(b',"accepted_by"', b',"x_by"')
    read = tenant_links.decode_directory(Row("k", older, "e"))
    assert replace(read, unknown_fields={}).is_confirmed


async def test_the_consenting_user_is_deleted_with_the_connection(
    world: World, browser: Browser
) -> None:
    """The user name is personal data of the company's administrator."""
    await browser.connected()
    await browser.act("check")
    assert (await browser.connection())["acceptedBy"] == GLORIA
    await browser.act("remove")
    assert (await browser.connection())["acceptedBy"] == ""
