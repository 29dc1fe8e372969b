"""A user who connects a company sees its name, domain and tenant first, also if another company was
connected meanwhile.

Over HTTP at the pages: the wizard of two administrators, set-up links, sign-in links.
"""

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

import orjson
import pytest
from markupsafe import escape

from local.graph.simulator import CONTOSO, FABRIKAM
from presence.sync import dispatch
from shared.http import Response
from tests.local.graph.fixtures import RunningSimulator
from tests.openapi.conftest import ACCOUNT
from tests.setup.at_microsoft import (
    FRANK,
    GLORIA,
    answered,
    graph_simulator,
    served_simulator,
    world,
)
from tests.setup.test_sign_in_link import accepted, confirmed, opened, text_of
from tests.setup.world import DIRECTORY, ORIGIN, World, secret_in

__all__ = ["graph_simulator", "served_simulator", "world"]
PAGE = f"/directories/{DIRECTORY}"
HOSTILE = '"><script>alert(1)</script> {name} %(x)s &amp; Ltd\u202e\u2028\r\nSet-Cookie: a=b'
SHOWN = '"><script>alert(1)</script> {name} %(x)s &amp; Ltd Set-Cookie: a=b'


@dataclass
class Desk:
    """A browser tab of an administrator of the contact centre, at one of the two instances."""

    world: World
    person: str
    second: bool = False
    cookie: str = ""
    seen: list[Response] = field(default_factory=list)

    async def call(self, method: str, path: str, **values: str) -> Response:
        """Send a request of this user, and keep the cookie of the response."""
        claims = [("tid", ACCOUNT), ("oid", self.person), ("roles", "Directory.Admin")]
        principal = {"claims": [{"typ": name, "val": value} for name, value in claims]}
        host = self.world.second if self.second else self.world.first
        answer = await host.call(
            method,
            path.removeprefix(ORIGIN),
            urlencode(values).encode(),
            "application/x-www-form-urlencoded",
            **{
                "x-ms-client-principal": base64.b64encode(orjson.dumps(principal)).decode(),
                "cookie": self.cookie,
                "origin": ORIGIN,
            },
        )
        answer.headers = {name.lower(): value for name, value in answer.headers.items()}
        self.cookie = answer.headers.get("set-cookie", self.cookie).partition(";")[0]
        self.seen.append(answer)
        return answer

    async def page(self, path: str = f"{PAGE}/presence") -> str:
        """Return the HTML of a page, by default step 3 of the wizard."""
        return (await self.call("GET", path)).body.decode()

    async def at_consent(self, who: str) -> str:
        """Sign in at Microsoft; return the URL of its consent page."""
        await self.call("POST", f"{PAGE}/presence", choice="on")
        begun = await self.call("POST", f"{PAGE}/consent")
        signed_in = await self.call("GET", await answered(begun.headers["location"], who))
        return signed_in.headers["location"]

    async def accept(self, consent: str, who: str) -> str:
        """Accept at Microsoft; return the HTML of the page to which it redirects."""
        back = await self.call("GET", await answered(consent, who, "accept"))
        return await self.page(back.headers["location"])


def company_in(page: str) -> list[str]:
    """Return name, domain and tenant of the company that the page asks to confirm, or [] if it asks
    for none.
    """
    found = re.search(r'<dl class="details company">(.*?)</dl>', page, re.DOTALL)
    if found is None:
        return []
    values = re.findall(r"<dd>(.*?)</dd>", found[1], re.DOTALL)
    return [re.sub(r"<[^>]+>", "", value) for value in values][:3]


@pytest.mark.parametrize("other_person", [True, False])
async def test_two_concurrent_consents_show_which_company_was_first(
    world: World, other_person: bool
) -> None:
    """On two instances. The second user to return sees the first one's company, and can't confirm
    another.
    """
    first = Desk(world, "person-one")
    second = Desk(world, "person-two" if other_person else "person-one", second=True)
    to_contoso, to_fabrikam = await first.at_consent(GLORIA), await second.at_consent(FRANK)
    page = await second.accept(to_fabrikam, FRANK)
    assert company_in(page) == ["Fabrikam", "fabrikam.example", FABRIKAM]
    assert "Connect fabrikam.example" in page
    page = await first.accept(to_contoso, GLORIA)
    assert "Another company came first" in page
    assert company_in(page) == ["Fabrikam", "fabrikam.example", FABRIKAM]
    told = await first.call("POST", f"{PAGE}/confirm", tenant=CONTOSO)
    assert "The company has changed" in told.body.decode()
    assert company_in(told.body.decode()) == ["Fabrikam", "fabrikam.example", FABRIKAM]
    page = (await first.call("POST", f"{PAGE}/remove")).body.decode()
    assert "Remove access in Entra ID" in page
    late = await second.call("POST", f"{PAGE}/confirm", tenant=FABRIKAM)
    assert "The company has changed" in late.body.decode()
    assert company_in(late.body.decode()) == []


@pytest.mark.parametrize("purpose", ["set-up", "sign-in"])
async def test_a_link_and_the_wizard_show_the_same_company(world: World, purpose: str) -> None:
    """Both show the company of the link; the contact centre's own consent for another company has
    no effect.
    """
    desk, link = Desk(world, "person-one", second=True), await world.link(purpose=purpose)
    browser = await opened(world, link)
    consent = await desk.at_consent(GLORIA)
    assert await accepted(browser, link, FRANK) == "consented"
    assert company_in(await text_of(browser, link)) == ["Fabrikam", "fabrikam.example", FABRIKAM]
    page = await desk.accept(consent, GLORIA)
    assert "Another company came first" in page
    assert company_in(page) == ["Fabrikam", "fabrikam.example", FABRIKAM]
    assert "signed in through a link" in page
    assert (await confirmed(browser, link, CONTOSO)).status == 409
    assert (await confirmed(browser, link, FABRIKAM)).status == 303
    for page in (await desk.page(), await desk.page(PAGE), await text_of(browser, link)):
        assert "<bdi>Fabrikam</bdi>" in page
        assert FABRIKAM in page
    links = await desk.page(f"{PAGE}/links")
    assert "Fabrikam (fabrikam.example) was connected through the link" in links


async def test_a_hostile_name_is_text_wherever_it_is_shown(
    world: World, graph_simulator: RunningSimulator
) -> None:
    """A foreign tenant chooses it: every page escapes it in one line, and no header contains it."""
    graph_simulator.simulator.tenants[FABRIKAM].name = HOSTILE
    desk, link = Desk(world, "person-one"), await world.link(purpose="sign-in")
    browser = await opened(world, link)
    await accepted(browser, link, FRANK)
    assert company_in(await text_of(browser, link))[0] == str(escape(SHOWN))
    assert company_in(await desk.page())[0] == str(escape(SHOWN))
    assert (await confirmed(browser, link, FABRIKAM)).status == 303
    for path in (PAGE, f"{PAGE}/presence", f"{PAGE}/links", f"{PAGE}/audit", "/audit", "/"):
        page = await desk.page(path)
        assert "<script>alert" not in page, path
        assert "\u202e" not in page, path
        assert path == "/" or str(escape(SHOWN)) in page, path
    sent = [name + value for answer in desk.seen for name, value in answer.headers.items()]
    assert all(line.isascii() and "alert" not in line for line in sent)
    csv = await desk.call("GET", f"/api{PAGE}/audit?format=csv")
    assert csv.status == 200


@pytest.mark.parametrize("granted", [True, False])
async def test_no_page_waits_for_microsoft_to_name_the_company(
    world: World, granted: bool, graph_simulator: RunningSimulator
) -> None:
    """The name is stored with the connection. Without the permission the domain and the tenant id
    are shown.
    """
    graph_simulator.simulator.options.tenant_information = granted
    desk = Desk(world, "person-one")
    page = await desk.accept(await desk.at_consent(FRANK), FRANK)
    shown = ["fabrikam.example", FABRIKAM, FRANK]
    assert company_in(page) == (["Fabrikam", *shown[:2]] if granted else shown)
    counters = graph_simulator.simulator.counters
    asked = counters.calls()
    for path in (f"{PAGE}/presence", PAGE, f"{PAGE}/links", f"{PAGE}/audit", "/"):
        await desk.page(path)
    assert counters.calls() == asked


async def test_a_company_without_a_name_gets_it_after_the_permission_is_granted(
    world: World, graph_simulator: RunningSimulator
) -> None:
    """By the ten-minute sweep of any instance; the row is replaced only if its ETag hasn't
    changed.
    """
    options = graph_simulator.simulator.options
    options.tenant_information = False
    desk = Desk(world, "person-one")
    await desk.accept(await desk.at_consent(FRANK), FRANK)
    await desk.call("POST", f"{PAGE}/confirm", tenant=FABRIKAM)
    options.tenant_information = True
    await dispatch.sweep(world.second.app)
    assert "<bdi>Fabrikam</bdi>" in await desk.page(PAGE)


async def test_a_set_up_link_leads_through_the_whole_set_up(world: World) -> None:
    """In this order: base URL, OAuth client, federation, token, mapping, connection state, consent,
    ten numbers, finish.
    """
    link = await world.link()
    browser = await opened(world, link)
    page = await text_of(browser, link)
    parts = (
        f"{ORIGIN}/scim/{DIRECTORY}/v2",
        'name="sort" value="secret"',
        f'action="{link.page}/trust"',
        'name="sort" value="token"',
        "objectId",
        f'action="{link.page}/consent"',
        f'action="{link.page}/numbers#numbers"',
        f'action="{link.page}/finish"',
    )
    places = [page.index(part) for part in parts]
    assert places == sorted(places)
    assert "Waiting for the first call" in page
    secret = secret_in(await browser.post(f"{link.page}/credential", {"sort": "secret"}))
    assert secret.startswith("extdirsec_")
    person = {"userName": "ada@contoso.example", "externalId": CONTOSO, "active": True}
    await world.first.json("POST", f"/scim/{DIRECTORY}/v2/Users", person)
    assert "First person received" in await text_of(browser, link)
    assert await accepted(browser, link) == "consented"
    assert (await confirmed(browser, link)).status == 303
    numbers = "\n".join(f"030 9018 20{number:02d}" for number in range(10))
    tested = await browser.post(f"{link.page}/numbers", {"numbers": numbers})
    assert tested.body.decode().count("+4930901820") >= 10
    assert (await browser.post(f"{link.page}/finish")).status == 303
    assert "Set-up finished" in await text_of(browser, link)
    (seen,) = await world.links()
    assert (seen["state"], seen["credential"]) == ("done", "secret")
    desk = Desk(world, "person-one")
    for path in (PAGE, f"{PAGE}/links", f"{PAGE}/credentials", f"{PAGE}/audit", f"{PAGE}/log"):
        assert secret not in await desk.page(path), path
    assert secret not in world.stored()
