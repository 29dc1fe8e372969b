"""The company's name: read with a token of the contact centre's own tenant, shown before and after
it is confirmed.

Source: learn.microsoft.com/graph/api/tenantrelationship-findtenantinformationbytenantid.
"""

import logging
from dataclasses import replace

import pytest

from local.graph.applications import PRESENCE_ROLE
from local.graph.simulator import CONTOSO, FABRIKAM, HOME_TENANT_ID
from presence import tenant_links
from presence.consent import names
from presence.graph import tenant_information
from presence.graph.tenant_information import MAX_NAME, REFUSED_FOR, plain_name
from presence.sync import dispatch
from presence.tenant_links import DirectoryLink
from shared.clock import DAY, SECOND
from tests.presence.browser import GLORIA, Browser
from tests.presence.test_audited import events
from tests.presence.world import ACCOUNT, DIRECTORY, World

FRANK = "gloria@fabrikam.example"


def asked(world: World, status: int = 0) -> int:
    """Return how often Graph was called for a tenant's name; `status` counts only responses with
    it.
    """
    counters = world.running.simulator.counters
    return counters.calls("tenant-information", tenant=HOME_TENANT_ID, status=status)


async def company(browser: Browser) -> tuple[str, str, str]:
    """Return the company's name, its primary domain, and the domain of the user who signed in."""
    found = await browser.connection()
    return found["tenantName"], found["tenantDomain"], found["company"]


async def test_name_and_domain_are_known_before_the_company_is_confirmed(
    world: World, browser: Browser
) -> None:
    """One call with a token of the own tenant; later reads of the connection call nothing."""
    world.tenant().name, world.tenant().domain = "Contoso Ltd", "contoso.onmicrosoft.example"
    browser.must_confirm = True
    await browser.connected()
    assert (await browser.connection())["reason"] == "unconfirmed"
    for _ in range(3):
        assert await company(browser) == (
            "Contoso Ltd",
            "contoso.onmicrosoft.example",
            "contoso.example",
        )
    assert asked(world) == 1
    await browser.act("confirm", tenantId=CONTOSO)
    given = [e.act.new for e in await events(world) if e.act.code.startswith("consent.c")]
    assert given == [{"company": "contoso.example", "tenant_name": "Contoso Ltd"}]


async def test_the_company_consents_to_presence_only(world: World, browser: Browser) -> None:
    """The role for names is granted in the contact centre's tenant; tokens of the company's tenant
    have one role.
    """
    signed_in = await browser.signed_in()
    assert "CrossTenantInformation" not in signed_in.location
    await browser.send("GET", await browser.at_microsoft(signed_in.location, GLORIA, "accept"))
    await browser.act("check")
    token = await world.runtime.credential.token(CONTOSO)
    assert token.roles == {PRESENCE_ROLE}


async def test_without_the_role_the_company_is_shown_by_domain_and_id(
    world: World, browser: Browser
) -> None:
    """A 403 is cached for ten minutes; consent continues, and names are read after that."""
    options = world.running.simulator.options
    options.tenant_information = False
    for _ in range(3):
        assert (await browser.connected()).outcome == "consented"
        assert await company(browser) == ("", "", "contoso.example")
    assert asked(world, status=403) == asked(world) == 1
    options.tenant_information = True
    world.clock.advance(REFUSED_FOR + 1)
    assert (await browser.connected()).outcome == "consented"
    assert (await company(browser))[0] == "Contoso"


@pytest.mark.parametrize("fault", ["429", "500", "404", "400", "401", "drop", "garbage", "hang"])
async def test_no_fault_of_graph_stops_a_consent(
    world: World, browser: Browser, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a name, domain and tenant id are shown; the user waits at most three seconds."""
    monkeypatch.setattr(tenant_information, "_SECONDS", 0.2)
    simulator = world.running.simulator
    simulator.faults.on(f"graph.{fault}", tenant=HOME_TENANT_ID)
    assert (await browser.connected()).outcome == "consented"
    assert await company(browser) == ("", "", "contoso.example")
    simulator.faults.off()
    assert (await browser.act("check")).json["state"] == "waiting"


async def test_a_token_that_is_refused_stops_no_consent(world: World, browser: Browser) -> None:
    """The contact centre's own tenant has no service principal, or Entra fails."""
    world.running.simulator.delete_principal(HOME_TENANT_ID)
    assert (await browser.connected()).outcome == "consented"
    assert (await company(browser))[0] == ""
    assert asked(world) == 0


async def test_retry_after_of_graph_is_honoured(world: World, browser: Browser) -> None:
    """After a 429 with Retry-After of two minutes, no call is made earlier."""
    world.running.simulator.faults.on("graph.429", tenant=HOME_TENANT_ID, retry_after=120)
    await browser.connected()
    for seconds, calls in ((119, 1), (2, 2)):
        world.clock.advance(seconds)
        await browser.connected()
        assert asked(world) == calls


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("  Contoso\r\n Ltd\t", "Contoso Ltd"),
        ("Contoso\u202egnorw", "Contosognorw"),
        ("Con\u200bto\u00adso\ufeff\u2066", "Contoso"),
        ("Contoso\u2028\u2029Ltd\x00\x1b[31m\x7f", "Contoso Ltd [31m"),
        ("Zoe\u0308" + "\u0301" * 40, "Zo\u00eb" + "\u0301" * 3),
        ("x" * 500, "x" * (MAX_NAME - 1) + "…"),
        ("\ud83d x \ue000\uffff", "x"),
        ("Con\u3164to\u2800so\uffa0", "Contoso"),
        ("שלום", "שלום"),
        (7, ""),
        (None, ""),
        ({"a": 1}, ""),
    ],
)
def test_a_name_is_one_line_of_harmless_text(sent: object, shown: str) -> None:
    """Each tenant chooses its own name: control and bidirectional characters are removed."""
    assert plain_name(sent) == shown


async def test_a_name_with_markup_is_text_on_every_page(world: World, browser: Browser) -> None:
    """A name is never interpreted as HTML, as a pattern or as a header."""
    world.tenant().name = "<b onclick=x>{0} {known} %s & Ltd"
    world.tenant().anyone = False
    await world.provision([f"deadbeef-0000-4000-8000-{number:012d}" for number in range(3)])
    await browser.connected()
    found = (await browser.act("check")).json
    assert found["reason"] == "wrong_company"
    assert "<b onclick=x>{0} {known} %s & Ltd (contoso.example" in found["sentence"]


async def test_a_company_that_is_probably_wrong_is_reported(world: World, browser: Browser) -> None:
    """When it is connected, and after the tenant was renamed."""
    world.tenant().anyone = False
    await world.provision([f"deadbeef-0000-4000-8000-{number:012d}" for number in range(40)])
    await browser.connected()
    sentence = (await browser.act("check")).json["sentence"]
    assert (
        f"0 of 40 people of this directory in the connected tenant Contoso (contoso.example, {CONTOSO})"
        in sentence
    )
    world.tenant().name = "Contoso Group"
    world.clock.advance(8 * DAY / SECOND)
    await dispatch.sweep(world.app)
    await world.interval()
    found = await browser.connection()
    assert found["reason"] == "wrong_company"
    assert "Contoso Group (contoso.example" in found["sentence"]


async def test_a_tenant_that_knows_few_is_named_at_connect_time(
    world: World, browser: Browser
) -> None:
    """Two of forty people, in the sample that is asked for when consent arrives: the rule of the later syncs."""
    world.tenant().anyone = False
    strangers = [f"deadbeef-0000-4000-8000-{number:012d}" for number in range(38)]
    await world.provision([*strangers, *world.people(2)])
    await browser.connected()
    found = (await browser.act("check")).json
    assert found["reason"] == "wrong_company"
    assert "2 of 40 people" in found["sentence"]
    assert "Contoso (contoso.example" in found["sentence"]


async def test_names_are_read_again_once_a_week(world: World, browser: Browser) -> None:
    """One call per tenant, for all its directories; a name that couldn't be read is tried by the
    next sweep.
    """
    world.running.simulator.options.tenant_information = False
    await browser.connected()
    await browser.act("check")
    await world.link("directory-two")
    world.running.simulator.options.tenant_information = True
    world.clock.advance(REFUSED_FOR + 1)
    before = asked(world)
    for _ in range(3):
        await dispatch.sweep(world.app)
        world.clock.advance(DAY / SECOND)
    assert asked(world) == before + 1
    links = await tenant_links.directories(world.tables)
    # The second directory doesn't exist, so the sweep disconnects it.
    assert {link.tenant_name for link in links if link.state == "linked"} == {"Contoso"}
    world.clock.advance(5 * DAY / SECOND)
    await dispatch.sweep(world.app)
    assert asked(world) == before + 2


async def test_a_sweep_ends_at_the_first_refusal_and_after_50_tenants(world: World) -> None:
    """Thousands of tenants without a name cost 50 calls in ten minutes, and a missing role costs
    one.
    """
    simulator = world.running.simulator
    links = []
    for number in range(names.MAX_TENANTS + 10):
        tenant = simulator.add_tenant(f"Company {number}")
        link = DirectoryLink(directory_id=f"d{number}", tenant_id=tenant.tenant_id, account=ACCOUNT)
        await tenant_links.save_link(world.tables, link)
        links.append(await tenant_links.directory(world.tables, link.directory_id))
    simulator.options.tenant_information = False
    found = [link for link in links if link is not None]
    await names.refresh(world.app, found)
    assert asked(world) == 1
    simulator.options.tenant_information = True
    world.clock.advance(REFUSED_FOR + 1)
    await names.refresh(world.app, found)
    assert asked(world) == 1 + names.MAX_TENANTS
    stored = await tenant_links.directories(world.tables)
    assert sum(1 for link in stored if link.tenant_name) == names.MAX_TENANTS


async def test_a_tenant_that_graph_does_not_know_is_looked_up_once_a_week(world: World) -> None:
    """After a 404 the connection has domain and id only."""
    link = DirectoryLink(
        directory_id=DIRECTORY, tenant_id="deadbeef-0000-4000-8000-000000000000", account=ACCOUNT
    )
    await tenant_links.save_link(world.tables, link)
    for _ in range(2):
        await names.refresh(world.app, await tenant_links.directories(world.tables))
    assert asked(world, status=404) == asked(world) == 1


async def test_a_refresh_never_undoes_a_removal(world: World, browser: Browser) -> None:
    """The row is replaced only if its ETag hasn't changed."""
    await browser.connected()
    await browser.act("check")
    old = await tenant_links.directories(world.tables)
    await browser.act("remove")
    await names.refresh(world.app, [replace(link, named_at=0) for link in old])
    assert (await browser.connection())["state"] == "removed"


async def test_another_instances_refusal_is_not_shared(world: World, browser: Browser) -> None:
    """After the role is granted, an instance that got a 403 reads names ten minutes later, others
    at once.
    """
    options = world.running.simulator.options
    options.tenant_information = False
    await browser.connected()
    options.tenant_information = True
    assert await world.runtime.names.find(CONTOSO) is None
    other = await world.restarted()
    found = await other.runtime.names.find(CONTOSO)
    assert found is not None
    assert found.name == "Contoso"
    world.clock.advance(REFUSED_FOR - 1)
    assert await world.runtime.names.find(CONTOSO) is None
    world.clock.advance(1)
    assert await world.runtime.names.find(CONTOSO) == found


async def test_a_role_that_is_revoked_works_until_the_token_expires(world: World) -> None:
    """Entra's tokens are valid for about an hour, and an instance caches one no longer."""
    await world.runtime.names.find(CONTOSO)
    world.running.simulator.options.tenant_information = False
    assert await world.runtime.names.find(FABRIKAM) is not None
    world.clock.advance(world.running.simulator.options.token_lifetime)
    assert await world.runtime.names.find(FABRIKAM) is None


async def test_a_new_consent_keeps_the_name_that_is_known(world: World, browser: Browser) -> None:
    """The role was revoked in between: the name stays for the same tenant, and isn't used for
    another.
    """
    await browser.connected()
    world.running.simulator.options.tenant_information = False
    world.clock.advance(7200)
    await browser.connected()
    assert (await company(browser))[0] == "Contoso"
    await browser.act("remove")
    await browser.connected(FRANK)
    assert await company(browser) == ("", "", "fabrikam.example")


async def test_rows_of_earlier_releases_get_their_name(world: World, browser: Browser) -> None:
    """A connection stored by an earlier release has no name until the next sweep."""
    await browser.connected()
    await browser.act("check")
    link = await tenant_links.directory(world.tables, DIRECTORY)
    assert link is not None
    await tenant_links.save_link(
        world.tables, replace(link, tenant_name="", tenant_domain="", named_at=0)
    )
    await dispatch.sweep(world.app)
    assert (await company(browser))[:2] == ("Contoso", "contoso.example")


async def test_a_name_that_an_earlier_release_kept_is_not_another_tenants(
    world: World, browser: Browser
) -> None:
    """A release without names keeps their fields when it stores a connection to another tenant."""
    await browser.connected()
    link = await tenant_links.directory(world.tables, DIRECTORY)
    assert link is not None
    assert link.tenant_name == "Contoso"
    await tenant_links.save_link(world.tables, replace(link, tenant_id=FABRIKAM, company=""))
    assert await company(browser) == ("", "", "")
    await dispatch.sweep(world.app)
    assert await company(browser) == ("Fabrikam", "fabrikam.example", "")


async def test_no_name_is_logged(
    world: World, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a name that was read nor an error contains it."""
    caplog.set_level(logging.INFO)
    world.tenant().name = "Zyxwv Industries"
    await browser.connected()
    await browser.act("check")
    world.running.simulator.faults.on("graph.500", tenant=HOME_TENANT_ID)
    await world.runtime.names.find(CONTOSO)
    assert "tenant_information.failed" in caplog.text
    assert "Zyxwv" not in caplog.text


async def test_health_says_whether_names_can_be_read(world: World, browser: Browser) -> None:
    """For a deployment's smoke test: the own tenant is looked up at most once a minute, and a fault
    doesn't fail the health check.
    """
    options = world.running.simulator.options
    options.tenant_information = False
    for granted, state, seconds in (
        (False, "not_granted", 59),
        (True, "not_granted", 2),
        (True, "readable", 0),
    ):
        options.tenant_information = granted
        answer = await browser.send("GET", "/health?credential=1")
        assert answer.json["checks"]["companyNames"] == {"ok": True, "state": state}
        assert answer.status == 200
        world.clock.advance(seconds)
    assert asked(world) == 2
    found = await world.runtime.names.find(CONTOSO)
    assert found is not None
