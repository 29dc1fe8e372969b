"""Sign-in links: the company's administrator signs in at Microsoft and confirms the company before
anything is read.
"""

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from directories import setup_link_service, setup_session
from directories.audit import Actor
from directories.setup_links import LIFETIME
from directories.setup_session import SetupSession
from local.graph.simulator import CONTOSO, FABRIKAM
from presence import tenant_links
from presence.consent import linking
from presence.tenant_links import DirectoryLink
from shared import row_versions
from shared.app import App
from shared.clock import timestamp
from shared.http import Response
from shared.tables.schema.base import DIRECTORIES
from shared.tables.schema.directories import SETUP_LINK
from tests.audited_rows import watched
from tests.local.graph.fixtures import RunningSimulator
from tests.setup.at_microsoft import (
    FRANK,
    GLORIA,
    answered,
    graph_simulator,
    served_simulator,
    world,
)
from tests.setup.world import (
    DIRECTORY,
    ORIGIN,
    Browser,
    Link,
    World,
    secret_in,
    sentence,
)
from web.routes import _OF_LINK

__all__ = ["graph_simulator", "served_simulator", "world"]
API = f"/api/directories/{DIRECTORY}"
PRESENCE = f"{API}/presence"


@pytest.fixture
async def link(world: World) -> Link:
    """Return a sign-in link as the company's administrator receives it."""
    return await world.link(purpose="sign-in")


async def opened(world: World, link: Link) -> Browser:
    """Return the browser in which the link was opened."""
    browser = world.browser()
    assert (await browser.open(link.url)).status == 303
    return browser


async def at_consent(browser: Browser, link: Link, who: str = GLORIA) -> str:
    """Sign in at Microsoft, and return the URL of its consent page."""
    begun = await browser.post(f"{link.page}/consent")
    signed_in = await browser.get(await answered(begun.headers["location"], who))
    assert "/v2.0/adminconsent?" in signed_in.headers["location"]
    return signed_in.headers["location"]


async def accepted(browser: Browser, link: Link, who: str = GLORIA) -> str:
    """Sign in and accept; return the outcome in the redirect."""
    back = await answered(await at_consent(browser, link, who), who, "accept")
    answer = await browser.get(back)
    assert answer.status == 303
    address = urlsplit(answer.headers["location"])
    assert address.path == link.page
    return dict(parse_qsl(address.query))["outcome"]


async def text_of(browser: Browser, link: Link) -> str:
    """Return the HTML of the link's page."""
    return (await browser.get(link.page)).body.decode()


async def state(world: World) -> tuple[str, str, str]:
    """Return state, reason and company of the connection, as the contact centre sees them."""
    found = await world.first.json("GET", PRESENCE)
    return found["state"], found["reason"], found["company"]


async def confirmed(browser: Browser, link: Link, tenant: str = CONTOSO) -> Response:
    """Confirm the company on the link's page, and return the response."""
    return await browser.post(f"{link.page}/confirm", {"tenant": tenant})


async def test_the_company_is_connected_after_its_administrator_confirms_it(
    world: World, link: Link, graph_simulator: RunningSimulator
) -> None:
    """Nothing is read before. The link is then finished, and the contact centre sees user, time and
    company.
    """
    assert link.url.startswith(f"{ORIGIN}/set-up?for=sign-in#extdirlink_")
    browser = await opened(world, link)
    assert await accepted(browser, link) == "consented"
    page = await text_of(browser, link)
    shown = ("<bdi>Contoso</bdi>", "contoso.example", CONTOSO, GLORIA, "Not this company")
    assert all(words in page for words in shown)
    assert await state(world) == ("propagating", "unconfirmed", "contoso.example")
    await browser.get(f"{link.page}/connection", hx_request="true")
    assert graph_simulator.simulator.counters.calls("token", tenant=CONTOSO) == 0
    assert (await confirmed(browser, link)).status == 303
    assert (await state(world))[0] == "waiting"
    (seen,) = await world.links()
    assert (seen["purpose"], seen["state"]) == ("sign-in", "done")
    assert seen["companyConfirmed"]
    page = (await world.first.call("GET", f"/directories/{DIRECTORY}/links")).body.decode()
    assert "Contoso (contoso.example) was connected through the link" in page
    assert "Company connected" in await text_of(browser, link)
    progress = await browser.get(f"{link.page}/connection", hx_request="true")
    assert (progress.status, b"<bdi>Contoso</bdi>" in progress.body) == (200, True)
    found = await world.first.json("GET", f"/api/directories/{DIRECTORY}/audit?act=presence")
    acts = ("consent.started", "consent.given", "consent.confirmed", "presence.connected")
    assert sorted(one["act"] for one in found["events"]) == sorted(acts)
    assert {one["actor"]["id"] for one in found["events"]} == {f"link:{link.id}"}


async def test_every_action_of_a_link_stores_its_event(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the transaction of its change, with the link as the actor. A new action must be added to
    this test.
    """
    link = await world.link()
    browser = world.browser()
    trust = {"tenantId": CONTOSO, "subject": CONTOSO, "audiences": "api://x"}
    acts: tuple[tuple[str, dict[str, str], str], ...] = (
        ("", {"code": link.url}, "setup_link.opened"),
        ("credential", {"sort": "secret"}, "secret.issued"),
        ("trust", trust, "trust.set"),
        ("numbers", {"numbers": "12"}, "setup_link.tested"),
        ("consent", {}, "consent.started"),
        ("withdraw", {"tenant": CONTOSO}, "presence.removed"),
        ("consent", {}, "consent.started"),
        ("confirm", {"tenant": CONTOSO}, "consent.confirmed"),
        ("finish", {}, "setup_link.done"),
    )
    assert {act for act, _, _ in acts} - {""} == {n for n, own in _OF_LINK.items() if "POST" in own}
    with watched(world.tables, monkeypatch) as stored_with_act:
        for act, values, code in acts:
            world.clock.advance(5)
            answer = await browser.post(f"{link.page}/{act}" if act else "/set-up", values)
            assert answer.status < 400, act
            if act == "consent":
                signed_in = await browser.get(await answered(answer.headers["location"], GLORIA))
                await browser.get(await answered(signed_in.headers["location"], GLORIA, "accept"))
            (newest, *_) = (await world.first.json("GET", f"{API}/audit?act={code}"))["events"]
            assert newest["actor"]["id"] == f"link:{link.id}"
    assert {code for _, _, code in acts} - {"consent.started"} <= set(stored_with_act)


async def test_the_contact_centre_can_remove_a_wrong_company(world: World, link: Link) -> None:
    """A company that confirmed itself is shown to the contact centre, which removes the access."""
    browser = await opened(world, link)
    await accepted(browser, link, FRANK)
    await confirmed(browser, link, FABRIKAM)
    assert (await state(world))[2] == "fabrikam.example"
    await world.first.json("POST", PRESENCE, {"action": "remove"})
    assert (await state(world))[0] == "removed"
    assert (await confirmed(browser, link, FABRIKAM)).status == 409


async def test_a_wrong_company_is_withdrawn_before_anything_is_read(
    world: World, link: Link, graph_simulator: RunningSimulator
) -> None:
    """By *Not this company*; then the right one signs in with the same link."""
    browser = await opened(world, link)
    await accepted(browser, link, FRANK)
    assert (await browser.post(f"{link.page}/withdraw", {"tenant": CONTOSO})).status == 409
    assert (await browser.post(f"{link.page}/withdraw", {"tenant": FABRIKAM})).status == 303
    assert (await state(world))[0] == "removed"
    assert graph_simulator.simulator.counters.calls("token", tenant=FABRIKAM) == 0
    assert await accepted(browser, link) == "consented"
    assert (await confirmed(browser, link)).status == 303


async def test_a_sign_in_link_gets_no_credential_and_no_person(world: World, link: Link) -> None:
    """It may be passed on to whoever has the role at Microsoft, so it permits only the sign-in."""
    browser = await opened(world, link)
    person = {"userName": "ada@contoso.example", "displayName": "Ada Lovelace", "active": True}
    await world.first.json("POST", f"/scim/{DIRECTORY}/v2/Users", person)
    page = await text_of(browser, link)
    assert f"/scim/{DIRECTORY}" not in page
    for act, values in (
        ("credential", {"sort": "secret"}),
        ("credential", {"sort": "token"}),
        ("trust", {"tenantId": CONTOSO, "subject": CONTOSO, "audiences": "api://x"}),
        ("numbers", {"source": "people"}),
    ):
        answer = await browser.post(f"{link.page}/{act}", values)
        assert (answer.status, secret_in(answer)) == (403, ""), act
        assert "sign-in at Microsoft only" in sentence(answer)
        assert "Ada Lovelace" not in answer.body.decode()


async def test_the_company_of_another_link_is_neither_shown_nor_confirmed(
    world: World, link: Link
) -> None:
    """The second administrator learns that someone else was first, but not which company."""
    other = await world.link(purpose="sign-in")
    first, second = await opened(world, link), await opened(world, other)
    await accepted(first, link, FRANK)
    page = await text_of(second, other)
    assert "Another person signed in" in page
    assert "fabrikam" not in page
    assert FABRIKAM not in page
    assert (await confirmed(second, other, FABRIKAM)).status == 409
    assert (await second.post(f"{other.page}/withdraw", {"tenant": FABRIKAM})).status == 409
    assert await accepted(second, other, GLORIA) == "other_pending"
    answer = await second.get(f"{other.page}?outcome=other_pending")
    assert "Ask the contact centre" in answer.body.decode()
    assert await state(world) == ("propagating", "unconfirmed", "fabrikam.example")


@pytest.mark.parametrize("end", ["finish", "revoke", "expire"])
async def test_a_link_that_ended_during_the_sign_in_connects_nothing(
    world: World, link: Link, end: str
) -> None:
    """Another tab finished it, the contact centre revoked it, or it expired."""
    browser = await opened(world, link)
    if end == "expire":
        world.clock.advance(LIFETIME.total_seconds() - 60)
    back = await answered(await at_consent(browser, link), GLORIA, "accept")
    if end == "finish":
        assert (await browser.post(f"{link.page}/finish")).status == 303
    elif end == "revoke":
        path = f"/api/directories/{DIRECTORY}/links/{link.id}"
        await world.second.call("DELETE", path)
    else:
        world.clock.advance(60)
    assert (await browser.get(back)).status == 403
    assert (await state(world))[0] == "none"


@pytest.mark.parametrize("act", ["confirm", "withdraw"])
async def test_a_revoked_link_confirms_nothing(world: World, link: Link, act: str) -> None:
    """From then on only the contact centre can confirm the company."""
    browser = await opened(world, link)
    await accepted(browser, link)
    await world.second.call("DELETE", f"/api/directories/{DIRECTORY}/links/{link.id}")
    assert (await browser.post(f"{link.page}/{act}", {"tenant": CONTOSO})).status == 403
    assert (await state(world))[1] == "unconfirmed"
    done = await world.first.json("POST", PRESENCE, {"action": "confirm", "tenantId": CONTOSO})
    assert done["state"] == "waiting"


@pytest.mark.parametrize("purpose", ["set-up", "sign-in"])
async def test_a_link_revoked_between_confirmation_and_connection_connects_nothing(
    world: World, purpose: str, graph_simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the consent propagates, or while the confirmation is stored."""
    link = await world.link(purpose=purpose)
    browser = await opened(world, link)
    await accepted(browser, link)
    revoked = f"/api/directories/{DIRECTORY}/links/{link.id}"
    if purpose == "set-up":
        graph_simulator.simulator.options.consent_delay = 60
        graph_simulator.simulator.consent(CONTOSO)
        assert (await confirmed(browser, link)).status == 303
        assert (await state(world))[0] == "propagating"
        await world.second.call("DELETE", revoked)
        assert (await state(world))[0] == "removed"  # without waiting for the next check
    else:
        accept = setup_session.accept_company

        async def accept_then_revoked(app: App, session: SetupSession) -> None:
            await accept(app, session)
            await world.second.call("DELETE", revoked)

        monkeypatch.setattr(setup_session, "accept_company", accept_then_revoked)
        assert (await confirmed(browser, link)).status == 403
    world.clock.advance(120)
    assert (await world.first.json("POST", PRESENCE, {"action": "check"}))["state"] == "removed"
    assert await tenant_links.tenant(world.tables, CONTOSO) is None
    found = await world.first.json("GET", f"{API}/audit?act=presence")
    assert "presence.connected" not in {one["act"] for one in found["events"]}


async def test_a_link_revoked_by_an_instance_that_was_killed_connects_nothing(
    world: World, link: Link, graph_simulator: RunningSimulator
) -> None:
    """Only the link's row has the revocation; the check of consent reads it before it calls
    Microsoft.
    """
    graph_simulator.simulator.options.consent_delay = 60
    browser = await opened(world, link)
    await accepted(browser, link)
    await confirmed(browser, link)
    await _set_revoked(world, link)
    world.clock.advance(120)
    asked = graph_simulator.simulator.counters.calls("token", tenant=CONTOSO)
    assert (await world.second.json("POST", PRESENCE, {"action": "check"}))["state"] == "removed"
    assert graph_simulator.simulator.counters.calls("token", tenant=CONTOSO) == asked


async def test_a_link_revoked_while_the_company_is_connected_disconnects_it(
    world: World, link: Link, graph_simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The revocation is stored after the check read the link and before the connection is
    stored.
    """
    graph_simulator.simulator.options.consent_delay = 60
    browser = await opened(world, link)
    await accepted(browser, link)
    await confirmed(browser, link)
    connect = linking.connect

    async def revoked_then_connect(app: App, found: DirectoryLink, actor: Actor) -> None:
        await _set_revoked(world, link)
        await connect(app, found, actor)

    monkeypatch.setattr(linking, "connect", revoked_then_connect)
    world.clock.advance(120)
    assert (await world.first.json("POST", PRESENCE, {"action": "check"}))["state"] == "removed"
    assert await tenant_links.tenant(world.tables, CONTOSO) is None


async def test_a_company_confirmed_by_the_contact_centre_stays_after_a_revocation(
    world: World, link: Link, graph_simulator: RunningSimulator
) -> None:
    """The contact centre decided itself, so revoking the link doesn't disconnect the company."""
    graph_simulator.simulator.options.consent_delay = 60
    browser = await opened(world, link)
    await accepted(browser, link)
    await world.first.json("POST", PRESENCE, {"action": "confirm", "tenantId": CONTOSO})
    await world.second.call("DELETE", f"/api/directories/{DIRECTORY}/links/{link.id}")
    world.clock.advance(120)
    assert (await world.first.json("POST", PRESENCE, {"action": "check"}))["state"] == "waiting"


async def _set_revoked(world: World, link: Link) -> None:
    """Store the revocation in the link's row, and change no other row."""
    found = await setup_link_service.get(world.first.app, DIRECTORY, link.id)
    assert found is not None
    change = setup_link_service.change(
        replace(found, revoked=timestamp(world.clock.now()), done="")
    )
    await world.tables.transact(DIRECTORIES, DIRECTORY, [change])


async def test_a_redirect_of_microsoft_is_used_once(world: World, link: Link) -> None:
    """The `state` is valid once, in the browser of the link; a request from another browser uses it
    up too.
    """
    browser = await opened(world, link)
    back = await answered(await at_consent(browser, link), GLORIA, "accept")
    assert (await world.browser().get(back)).status == 403
    thief = world.browser()
    thief.cookies = {k: v for k, v in browser.cookies.items() if "set-up" in k}
    assert "outcome=expired" in (await thief.get(back)).headers["location"]
    assert "outcome" not in (await state(world))
    assert (await browser.get(back)).status == 403  # used up, though not by the one who began it
    assert await state(world) == ("none", "", "")


async def test_a_set_up_link_confirms_the_company_before_it_is_finished(world: World) -> None:
    """As a sign-in link does; *Finish* states that it must be confirmed first."""
    link = await world.link()
    browser = await opened(world, link)
    assert await accepted(browser, link) == "consented"
    refused = await browser.post(f"{link.page}/finish")
    assert refused.status == 409
    assert "Confirm the company that signed in" in refused.body.decode()
    assert (await confirmed(browser, link, FABRIKAM)).status == 409
    assert (await confirmed(browser, link)).status == 303
    assert (await world.links())[0]["state"] == "opened"
    assert (await browser.post(f"{link.page}/finish")).status == 303


async def test_step_3_creates_the_link_and_shows_that_it_waits(world: World) -> None:
    """The button is next to the sign-in. Only its response has the link; later step 3 shows its
    state.
    """
    form = "application/x-www-form-urlencoded"
    step = f"/directories/{DIRECTORY}/presence"
    page = (await world.first.call("POST", step, b"choice=on", form, origin=ORIGIN)).body.decode()
    assert "Create a sign-in link" in page
    path = f"/directories/{DIRECTORY}/links"
    sent = b"purpose=sign-in&once=abc"
    page = (await world.first.call("POST", path, sent, form, origin=ORIGIN)).body.decode()
    assert f"{ORIGIN}/set-up?for=sign-in#extdirlink_" in page
    page = (await world.first.call("GET", step)).body.decode()
    assert "Not opened yet: Sign-in link" in page
    other = {"name": "Okta Inc", "kind": "other"}
    directory = (await world.first.json("POST", "/api/directories", other))["id"]
    path = f"/api/directories/{directory}/links"
    refused = await world.first.call("POST", path, b'{"purpose":"sign-in"}')
    assert refused.status == 409
    wrong = await world.first.call("POST", path, b'{"purpose":"all"}')
    assert (wrong.status, b"purpose" in wrong.body) == (400, True)


async def test_a_finished_link_shows_its_page_for_72_hours(world: World, link: Link) -> None:
    """After that, the browser with its cookie sees nothing of the directory."""
    browser = await opened(world, link)
    await accepted(browser, link)
    await confirmed(browser, link)
    world.clock.advance(LIFETIME.total_seconds() - 1)
    assert (await browser.get(link.page)).status == 200
    world.clock.advance(1)
    assert (await browser.get(link.page)).status == 403


async def test_an_older_release_refuses_a_sign_in_link(world: World, link: Link) -> None:
    """It doesn't know the purpose and would issue credentials, so the row's version is one that it
    can't decode.
    """
    assert await world.link()
    rows = await world.tables.query(DIRECTORIES, DIRECTORY, *SETUP_LINK.all())
    refused = 0
    for row in rows:
        try:
            row_versions.decode(row.value, "set-up link", known=1)
        except row_versions.UnsupportedRowVersion:
            refused += 1
            assert row.key == SETUP_LINK.key(link.id)
    assert (refused, len(rows)) == (1, 2)
