"""Attempts to read a company's presence without its administrator's consent; all fail
(SECURITY.md).
"""

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
    """Return the browser of an attacker with an account and directory; the victim's company has
    consented.
    """
    from directories import service
    from directories.service import NewDirectory

    world.running.simulator.consent(VICTIM)
    await service.create(world.app, operator_actor("account-evil"), NewDirectory("Evil", id=EVIL))
    return Browser(world, account="account-evil", person="mallory")


async def test_naming_the_victims_tenant_with_a_sign_in_state(
    world: World, mallory: Browser
) -> None:
    """Confused deputy: the callback has a valid `state` of the attacker and the victim's tenant."""
    state = state_of(await mallory.start(EVIL))
    forged = urlencode({"admin_consent": "True", "tenant": VICTIM, "state": state})
    assert (await mallory.send("GET", f"/sign-in/callback?{forged}")).outcome == "failed"
    assert await has_nothing(world, VICTIM)


async def test_naming_the_victims_tenant_with_a_consent_state(
    world: World, mallory: Browser
) -> None:
    """The attacker signs in at the own company, and changes the tenant in the consent page's
    redirect.
    """
    state = state_of((await mallory.signed_in(MALLORY, EVIL)).location)
    forged = urlencode({"admin_consent": "True", "tenant": VICTIM, "state": state})
    assert (await mallory.send("GET", f"/sign-in/callback?{forged}")).outcome == "other_tenant"
    assert await has_nothing(world, VICTIM)


async def test_a_callback_without_a_tenant_can_connect_only_the_own_one(
    world: World, mallory: Browser
) -> None:
    """The tenant of the sign-in counts, and no one has consented there."""
    state = state_of((await mallory.signed_in(MALLORY, EVIL)).location)
    forged = urlencode({"admin_consent": "True", "state": state})
    await mallory.send("GET", f"/sign-in/callback?{forged}")
    found = (await mallory.act("check", EVIL)).json
    assert (found["state"], found["tenantId"]) == ("propagating", FABRIKAM)
    assert await has_nothing(world, VICTIM)


async def test_a_state_works_once(world: World, browser: Browser) -> None:
    """Replay of the redirect from the sign-in page."""
    returned = await browser.at_microsoft(await browser.start())
    assert "adminconsent" in (await browser.send("GET", returned)).location
    assert (await browser.send("GET", returned)).outcome == "expired"


async def test_a_state_works_once_for_consent_too(world: World, browser: Browser) -> None:
    """Replay of the redirect from the consent page."""
    returned = await browser.at_microsoft((await browser.signed_in()).location, GLORIA, "accept")
    assert (await browser.send("GET", returned)).outcome == "consented"
    assert (await browser.send("GET", returned)).outcome == "expired"


async def test_a_state_works_in_its_own_browser_only(
    world: World, browser: Browser, mallory: Browser
) -> None:
    """Login CSRF: the attacker sends a link to the victim's administrator, whose automatic sign-in
    would complete it.
    """
    returned = await mallory.at_microsoft(await mallory.start(EVIL), GLORIA)
    victim = Browser(
        world, account="account-evil", person="mallory"
    )  # even if signed in here as the same person
    assert (await victim.send("GET", returned)).outcome == "expired"
    assert (await mallory.send("GET", returned)).outcome == "expired"  # and it is used up
    assert await has_nothing(world, VICTIM)


async def test_a_cookie_of_another_browser_is_refused(world: World, browser: Browser) -> None:
    """The cookie must belong to the `state`."""
    returned = await browser.at_microsoft(await browser.start())
    other = Browser(world)
    await other.start()
    assert (await other.send("GET", returned)).outcome == "expired"


async def test_a_cookie_without_the_host_prefix_is_refused(world: World, browser: Browser) -> None:
    """Another host of the same domain can set it, with a secret that an attacker knows."""
    returned = await browser.at_microsoft(await browser.start())
    planted = {name.removeprefix("__Host-"): value for name, value in browser.cookies.items()}
    assert (await Browser(world, cookies=planted).send("GET", returned)).outcome == "expired"


async def test_another_user_of_the_same_browser_is_refused(world: World, browser: Browser) -> None:
    """The `state` belongs to the administrator who started connecting."""
    returned = await browser.at_microsoft(await browser.start())
    for account, person in ((browser.account, "somebody-else"), ("account-evil", browser.person)):
        other = Browser(world, account=account, person=person, cookies=dict(browser.cookies))
        assert (await other.send("GET", returned)).outcome == "expired"


async def test_a_state_lasts_ten_minutes(world: World, browser: Browser) -> None:
    """An abandoned sign-in can't be completed later."""
    returned = await browser.at_microsoft(await browser.start())
    world.clock.advance(601)
    assert (await browser.send("GET", returned)).outcome == "expired"


@pytest.mark.parametrize(
    "query", ["", "state=", "state=made-up", "code=x", "admin_consent=True&tenant=" + VICTIM]
)
async def test_an_unknown_state_is_refused(world: World, browser: Browser, query: str) -> None:
    """Without a known `state`, no other parameter has an effect."""
    await browser.start()
    answer = await browser.send("GET", f"/sign-in/callback?{query}")
    assert (answer.status, answer.outcome) == (303, "expired")
    assert await has_nothing(world)


async def test_a_code_of_another_sign_in_is_refused(world: World, browser: Browser) -> None:
    """Code injection: PKCE refuses the code of another flow, whoever signed in."""
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
    """msal 1.39 doesn't validate id_tokens, so the app checks signature, issuer, audience and
    time.
    """
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
    """`exp` is compared with the app's clock."""
    world.running.simulator.options.token_lifetime = -600
    assert (await browser.signed_in()).outcome == "failed"


async def test_a_tenant_belongs_to_the_account_that_linked_it_first(
    world: World, browser: Browser
) -> None:
    """docs/presence.md: even an administrator of the company can't connect its tenant to a second
    account.
    """
    from directories import service
    from directories.service import NewDirectory

    await browser.connected()
    await browser.act("check")
    await service.create(
        world.app, operator_actor("account-two"), NewDirectory("Two", id="directory-two")
    )
    second = Browser(world, account="account-two", person="other")
    assert (await second.signed_in(GLORIA, "directory-two")).outcome == "owned"


async def test_of_two_accounts_that_connect_a_tenant_one_succeeds(
    world: World, browser: Browser
) -> None:
    """Both have returned from Microsoft; the first whose check succeeds owns the tenant."""
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


async def test_the_transaction_that_links_checks_the_owner(world: World) -> None:
    """An earlier check may be outdated, so the transaction itself decides."""
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


async def test_every_action_on_another_accounts_directory_gets_a_404(
    world: World, browser: Browser, mallory: Browser
) -> None:
    """The directory is as one that doesn't exist."""
    for action in ("connect", "check", "retry", "remove", "check-gone"):
        assert (await mallory.act(action, DIRECTORY)).status == 404
    assert (await mallory.send("GET", f"/api/directories/{DIRECTORY}/presence")).status == 404


async def test_a_page_of_another_site_cannot_start_or_remove(
    world: World, browser: Browser
) -> None:
    """Cross-site request forgery: actions of the wizard need the same origin."""
    answer = await browser.send(
        "POST",
        f"/api/directories/{DIRECTORY}/presence",
        b"action=remove",
        content_type="application/x-www-form-urlencoded",
        origin="https://evil.example",
    )
    assert answer.status == 403


async def test_only_an_administrator_can_connect_and_return_from_microsoft(
    world: World, browser: Browser
) -> None:
    """The role Directory.Reader isn't enough, and neither is no role."""
    reader = Browser(world, roles=("Directory.Reader",), cookies=browser.cookies)
    assert (await reader.act("connect")).status == 403
    assert (await reader.send("GET", "/sign-in/callback?state=x")).status == 403


async def test_secrets_are_stored_as_hashes(world: World, browser: Browser) -> None:
    """Someone who can read the table can't finish another user's sign-in without `state` and
    cookie.
    """
    state = state_of(await browser.start())
    rows = await world.tables.query("work", "consent", *AUTH_REQUEST.all())
    stored = b"".join(row.value + row.key.encode() for row in rows)
    assert len(rows) == 1
    assert state.encode() not in stored
    assert next(iter(browser.cookies.values())).encode() not in stored


async def test_abandoned_attempts_are_deleted(world: World, browser: Browser) -> None:
    """Each later attempt deletes expired ones."""
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
async def test_an_id_token_with_any_wrong_claim_is_refused(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object]
) -> None:
    """OpenID Connect Core section 3.1.3.7: audience, issuer, tenant, nonce, times and roles."""
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
async def test_an_id_token_with_another_algorithm_is_refused(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    """RFC 8725 section 2.1: no signature, or one with the public key as a shared secret."""
    keys = world.running.simulator.keys
    known = {"kid": keys.published[-1].kid}
    secret = keys.published[-1].public["n"] if algorithm == "HS256" else ""

    def sign(claims: dict[str, Any]) -> str:
        return str(jwt.encode(claims, secret, algorithm=algorithm, headers=known))

    monkeypatch.setattr(keys, "sign", sign)
    assert (await browser.signed_in()).outcome == "failed"
    assert await has_nothing(world)


async def test_a_token_of_another_tenant_proves_no_consent(world: World, browser: Browser) -> None:
    """SECURITY.md: the access token's `tid` must be the tenant of the sign-in."""
    world.running.simulator.consent(FABRIKAM)
    await browser.connected()
    asked = world.runtime.credential.fresh_token
    world.runtime.credential.fresh_token = lambda _: asked(FABRIKAM)  # type: ignore[method-assign,assignment]
    found = (await browser.act("check")).json
    assert (found["state"], found["reason"]) == ("propagating", "refused")
