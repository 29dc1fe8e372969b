"""Ways to get at a company's presence without its administrator; each fails (SECURITY.md)."""

from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from directories.audit import operator_actor
from local.graph.simulator import CONTOSO, FABRIKAM
from local.graph.token import TokenEndpoint
from presence import tenant_links
from presence.tenant_links import DirectoryLink
from shared.tables.schema.work import AUTH_REQUEST
from tests.presence.browser import GLORIA, Browser, has_nothing, state_of
from tests.presence.world import DIRECTORY, World

VICTIM = CONTOSO
MALLORY = "gloria@fabrikam.example"  # a real administrator, of another company
EVIL = "directory-evil"


@pytest.fixture
async def mallory(world: World, browser: Browser) -> Browser:
    """A customer of ours with a directory of their own; the victim has consented long ago."""
    from directories import service
    from directories.service import NewDirectory

    world.running.simulator.consent(VICTIM)
    await service.create(world.app, operator_actor("account-evil"), NewDirectory("Evil", id=EVIL))
    return Browser(world, account="account-evil", person="mallory")


async def test_naming_the_victims_tenant_with_a_sign_in_state(
    world: World, mallory: Browser
) -> None:
    """The confused deputy: a valid state of the attacker's, the victim's tenant in the address."""
    state = state_of(await mallory.start(EVIL))
    forged = urlencode({"admin_consent": "True", "tenant": VICTIM, "state": state})
    assert (await mallory.send("GET", f"/sign-in/callback?{forged}")).outcome == "failed"
    assert await has_nothing(world, VICTIM)


async def test_naming_the_victims_tenant_with_a_consent_state(
    world: World, mallory: Browser
) -> None:
    """Signed in at their own company, then the victim's tenant in the answer of the consent page."""
    state = state_of((await mallory.signed_in(MALLORY, EVIL)).location)
    forged = urlencode({"admin_consent": "True", "tenant": VICTIM, "state": state})
    assert (await mallory.send("GET", f"/sign-in/callback?{forged}")).outcome == "other_tenant"
    assert await has_nothing(world, VICTIM)


async def test_naming_no_tenant_links_only_ones_own(world: World, mallory: Browser) -> None:
    """Without `tenant` the proven one counts, and there the probe shows that no one consented."""
    state = state_of((await mallory.signed_in(MALLORY, EVIL)).location)
    forged = urlencode({"admin_consent": "True", "state": state})
    await mallory.send("GET", f"/sign-in/callback?{forged}")
    found = (await mallory.act("check", EVIL)).json
    assert (found["state"], found["tenantId"]) == ("propagating", FABRIKAM)
    assert await has_nothing(world, VICTIM)


async def test_a_state_works_once(world: World, browser: Browser) -> None:
    """Replay of the address that Microsoft sent the browser to."""
    returned = await browser.at_microsoft(await browser.start())
    assert "adminconsent" in (await browser.send("GET", returned)).location
    assert (await browser.send("GET", returned)).outcome == "expired"


async def test_a_state_works_once_for_consent_too(world: World, browser: Browser) -> None:
    """Replay of the second return."""
    returned = await browser.at_microsoft((await browser.signed_in()).location, GLORIA, "accept")
    assert (await browser.send("GET", returned)).outcome == "consented"
    assert (await browser.send("GET", returned)).outcome == "expired"


async def test_a_state_works_in_its_own_browser_only(
    world: World, browser: Browser, mallory: Browser
) -> None:
    """The attacker's link sent to the victim's administrator, whose silent sign-in would complete
    it (login CSRF).
    """
    returned = await mallory.at_microsoft(await mallory.start(EVIL), GLORIA)
    victim = Browser(
        world, account="account-evil", person="mallory"
    )  # even if signed in here as the same person
    assert (await victim.send("GET", returned)).outcome == "expired"
    assert (await mallory.send("GET", returned)).outcome == "expired"  # and it is used up
    assert await has_nothing(world, VICTIM)


async def test_another_browsers_cookie_does_not_fit(world: World, browser: Browser) -> None:
    """A cookie of one's own with another browser's state."""
    returned = await browser.at_microsoft(await browser.start())
    other = Browser(world)
    await other.start()
    assert (await other.send("GET", returned)).outcome == "expired"


async def test_a_cookie_that_a_neighbouring_host_can_set_is_not_taken(
    world: World, browser: Browser
) -> None:
    """Without `__Host-` it may come from another name under the same domain, with a secret that its sender knows."""
    returned = await browser.at_microsoft(await browser.start())
    planted = {name.removeprefix("__Host-"): value for name, value in browser.cookies.items()}
    assert (await Browser(world, cookies=planted).send("GET", returned)).outcome == "expired"


async def test_another_person_in_the_same_browser_does_not_fit(
    world: World, browser: Browser
) -> None:
    """The state belongs to the administrator who pressed the button."""
    returned = await browser.at_microsoft(await browser.start())
    for account, person in ((browser.account, "somebody-else"), ("account-evil", browser.person)):
        other = Browser(world, account=account, person=person, cookies=dict(browser.cookies))
        assert (await other.send("GET", returned)).outcome == "expired"


async def test_a_state_lasts_ten_minutes(world: World, browser: Browser) -> None:
    """A way that was begun and left lying about."""
    returned = await browser.at_microsoft(await browser.start())
    world.clock.advance(601)
    assert (await browser.send("GET", returned)).outcome == "expired"


@pytest.mark.parametrize(
    "query", ["", "state=", "state=made-up", "code=x", "admin_consent=True&tenant=" + VICTIM]
)
async def test_a_made_up_state_opens_nothing(world: World, browser: Browser, query: str) -> None:
    """No state, an unknown one, none of the rest counts."""
    await browser.start()
    answer = await browser.send("GET", f"/sign-in/callback?{query}")
    assert (answer.status, answer.outcome) == (303, "expired")
    assert await has_nothing(world)


async def test_a_code_of_another_sign_in_does_not_fit(world: World, browser: Browser) -> None:
    """Code injection: a code from another flow fails on PKCE, whoever it is for."""
    other = Browser(world, person="another")
    theirs = await other.at_microsoft(await other.start(), GLORIA)
    state = state_of(await browser.start())
    code = theirs.partition("code=")[2].partition("&")[0]
    assert (
        await browser.send("GET", f"/sign-in/callback?code={code}&state={state}")
    ).outcome == "failed"
    assert await has_nothing(world)


async def test_an_id_token_that_microsoft_did_not_sign_is_refused(
    world: World, browser: Browser
) -> None:
    """msal does not validate id_tokens: signature, issuer, audience and time are checked here (msal 1.39)."""
    simulator = world.running.simulator
    returned = await browser.at_microsoft(await browser.start())
    published = simulator.keys.published
    simulator.keys.published = [simulator.keys.unpublished]
    document = simulator.keys.document
    simulator.keys.document = lambda: {"keys": [key.public for key in published]}  # type: ignore[method-assign]
    try:
        assert (await browser.send("GET", returned)).outcome == "failed"
    finally:
        simulator.keys.document = document  # type: ignore[method-assign]
        simulator.keys.published = published
    assert await has_nothing(world)


async def test_an_old_id_token_is_refused(world: World, browser: Browser) -> None:
    """`exp` is compared with the app's own clock."""
    world.running.simulator.options.token_lifetime = -600
    assert (await browser.signed_in()).outcome == "failed"


async def test_a_tenant_belongs_to_the_account_that_linked_it_first(
    world: World, browser: Browser
) -> None:
    """Even an administrator of the company cannot link it to a second account (docs/presence.md)."""
    from directories import service
    from directories.service import NewDirectory

    await browser.connected()
    await browser.act("check")
    await service.create(
        world.app, operator_actor("account-two"), NewDirectory("Two", id="directory-two")
    )
    second = Browser(world, account="account-two", person="other")
    assert (await second.signed_in(GLORIA, "directory-two")).outcome == "owned"


async def test_two_accounts_on_the_way_at_once_end_with_one_owner(
    world: World, browser: Browser
) -> None:
    """Both came back from Microsoft before either was linked: the first look that succeeds owns the tenant."""
    from directories import service
    from directories.service import NewDirectory

    await service.create(
        world.app, operator_actor("account-two"), NewDirectory("Two", id="directory-two")
    )
    second = Browser(world, account="account-two", person="other")
    await browser.connected()
    await second.connected(GLORIA, "directory-two")
    assert (await second.act("check", "directory-two")).json["state"] == "waiting"
    assert (await browser.act("check")).json["state"] == "removed"


async def test_the_last_write_of_a_link_checks_the_owner_too(world: World) -> None:
    """Whatever was looked at before: the transaction that links is the one that decides."""
    await tenant_links.join(
        world.tables,
        DirectoryLink(directory_id=DIRECTORY, tenant_id=VICTIM, account="account-one"),
        1,
        [],
    )
    with pytest.raises(tenant_links.TenantOwnedByOtherAccount):
        await tenant_links.join(
            world.tables,
            DirectoryLink(directory_id=EVIL, tenant_id=VICTIM, account="account-evil"),
            2,
            [],
        )
    assert await tenant_links.directory(world.tables, EVIL) is None


async def test_another_accounts_directory_cannot_be_touched(
    world: World, browser: Browser, mallory: Browser
) -> None:
    """Every action on it is 404, as if it did not exist."""
    for action in ("connect", "check", "retry", "remove", "check-gone"):
        assert (await mallory.act(action, DIRECTORY)).status == 404
    assert (await mallory.send("GET", f"/api/directories/{DIRECTORY}/presence")).status == 404


async def test_a_page_of_another_site_cannot_start_or_remove(
    world: World, browser: Browser
) -> None:
    """Cross-site request forgery on the wizard."""
    answer = await browser.send(
        "POST",
        f"/api/directories/{DIRECTORY}/presence",
        b"action=remove",
        content_type="application/x-www-form-urlencoded",
        origin="https://evil.example",
    )
    assert answer.status == 403


async def test_a_reader_cannot_connect_or_come_back(world: World, browser: Browser) -> None:
    """Directory.Reader is not enough; neither is no role at all."""
    reader = Browser(world, roles=("Directory.Reader",), cookies=browser.cookies)
    assert (await reader.act("connect")).status == 403
    assert (await reader.send("GET", "/sign-in/callback?state=x")).status == 403


async def test_secrets_are_stored_as_hashes(world: World, browser: Browser) -> None:
    """A reader of the table can't finish another person's sign-in: it has neither state nor cookie."""
    state = state_of(await browser.start())
    rows = await world.tables.query("work", "consent", *AUTH_REQUEST.all())
    stored = b"".join(row.value + row.key.encode() for row in rows)
    assert len(rows) == 1
    assert state.encode() not in stored
    assert next(iter(browser.cookies.values())).encode() not in stored


async def test_abandoned_attempts_do_not_pile_up(world: World, browser: Browser) -> None:
    """Abandoned attempts are deleted by later ones."""
    for _ in range(5):
        await browser.start()
    world.clock.advance(601)
    await browser.start()
    assert len(await world.tables.query("work", "consent", *AUTH_REQUEST.all())) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another-app"},
        {"aud": None},
        {"iss": "https://login.evil.example/v2.0"},
        {"tid": FABRIKAM},
        {"tid": "../" + VICTIM},
        {"tid": None},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"oid": None},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"wids": "62e90394-69f5-4237-9190-012177145e10"},
        {"wids": {"62e90394-69f5-4237-9190-012177145e10": True}},
    ],
)
async def test_an_id_token_in_which_anything_is_wrong_opens_nothing(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object]
) -> None:
    """Audience, issuer, tenant, nonce, times, roles: each counts (OpenID Connect Core section 3.1.3.7)."""
    original = TokenEndpoint._id_claims

    def claims(self: TokenEndpoint, *arguments: Any) -> dict[str, Any]:
        found = original(self, *arguments) | changed
        return {name: value for name, value in found.items() if value is not None}

    monkeypatch.setattr(TokenEndpoint, "_id_claims", claims)
    returned = await browser.signed_in()
    assert returned.outcome in ("failed", "not_admin")
    assert await has_nothing(world)
    assert await has_nothing(world, FABRIKAM)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_an_id_token_with_another_algorithm_opens_nothing(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    """No signature at all, or one made with the public key as a shared secret (RFC 8725 section 2.1)."""
    keys = world.running.simulator.keys
    known = {"kid": keys.published[-1].kid}
    secret = keys.published[-1].public["n"] if algorithm == "HS256" else ""

    def sign(claims: dict[str, Any]) -> str:
        return str(jwt.encode(claims, secret, algorithm=algorithm, headers=known))

    monkeypatch.setattr(keys, "sign", sign)
    assert (await browser.signed_in()).outcome == "failed"
    assert await has_nothing(world)


async def test_a_token_of_another_tenant_proves_no_consent(world: World, browser: Browser) -> None:
    """Whatever the login service hands out: `tid` must be the tenant that was signed in to (SECURITY.md)."""
    world.running.simulator.consent(FABRIKAM)
    await browser.connected()
    asked = world.runtime.credential.fresh_token
    world.runtime.credential.fresh_token = lambda _: asked(FABRIKAM)  # type: ignore[method-assign,assignment]
    found = (await browser.act("check")).json
    assert (found["state"], found["reason"]) == ("propagating", "refused")
