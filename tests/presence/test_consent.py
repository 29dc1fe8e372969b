"""The flow from the wizard to Microsoft's pages and back."""

import pytest

from directories.audit import operator_actor
from local.counting_tables import CountingTables
from local.graph.simulator import CONTOSO, FABRIKAM, IDENTITY_CLIENT_ID, IDENTITY_HEADER
from tests.presence.browser import GLORIA, LOOPBACK, MAX, Browser, has_nothing, tenant_of
from tests.presence.world import DIRECTORY, World, settings_for


async def test_sign_in_consent_and_first_sync(world: World, browser: Browser) -> None:
    """The whole flow: sign-in, consent for that tenant, check, connection, first sync."""
    ids = world.people(5)
    await world.provision(ids)
    signed_in = await browser.signed_in()
    assert tenant_of(signed_in.location) == CONTOSO
    back = await browser.send(
        "GET", await browser.at_microsoft(signed_in.location, GLORIA, "accept")
    )
    assert back.status == 303
    assert back.location == f"{browser.origin}/directories/{DIRECTORY}/presence?outcome=consented"
    assert (await browser.connection())["state"] == "propagating"
    assert (await browser.act("check")).json["state"] == "waiting"
    await world.tick()
    found = await browser.connection()
    assert (found["state"], found["health"]["people"], found["tenantId"]) == ("active", 5, CONTOSO)
    assert await world.shown(ids) == world.truth(ids)


async def test_the_page_continues_by_itself_while_consent_propagates(
    world: World, browser: Browser
) -> None:
    """At first tokens lack the role: each check requests a new one and caches none of them
    (azure-docs issue 4765).
    """
    world.running.simulator.options.consent_delay_tokens = 2
    await browser.connected()
    for _ in range(2):
        found = (await browser.act("check")).json
        assert (found["state"], found["moving"], found["reason"]) == (
            "propagating",
            True,
            "no_role",
        )
        world.clock.advance(5)
    assert (await browser.act("check")).json["state"] == "waiting"
    assert await world.tick() == "synced"


async def test_frequent_checks_cause_few_calls(world: World, browser: Browser) -> None:
    """The page polls every two seconds; Microsoft is called at increasing intervals."""
    world.running.simulator.options.consent_delay = 3600
    await browser.connected()
    before = world.running.simulator.counters.calls("token", tenant=CONTOSO)
    for _ in range(60):
        await browser.act("check")
        world.clock.advance(2)
    assert world.running.simulator.counters.calls("token", tenant=CONTOSO) - before <= 10


async def test_consent_that_arrives_after_the_page_was_closed_is_noticed(
    world: World, browser: Browser
) -> None:
    """The timer checks now and then for a day."""
    world.running.simulator.options.consent_delay = 60
    await browser.connected()
    await browser.act("check")
    for _ in range(25):
        await world.interval()
    assert (await browser.connection())["state"] == "active"


@pytest.mark.parametrize("shape", ["cancel", "cancel-older"])
async def test_declined_is_reported_although_admin_consent_is_true(
    world: World, browser: Browser, shape: str
) -> None:
    """Microsoft Learn, "v2-admin-consent": the redirect of an error has admin_consent=True too;
    `error` decides.
    """
    signed_in = await browser.signed_in()
    back = await browser.send("GET", await browser.at_microsoft(signed_in.location, GLORIA, shape))
    assert back.outcome == "declined"
    assert await has_nothing(world)


async def test_cancelling_the_sign_in_is_declined(world: World, browser: Browser) -> None:
    """The sign-in page redirects with access_denied."""
    back = await browser.send("GET", await browser.at_microsoft(await browser.start(), "cancel"))
    assert back.outcome == "declined"
    assert await has_nothing(world)


async def test_a_user_without_an_administrators_role_gets_the_remedy(
    world: World, browser: Browser
) -> None:
    """SECURITY.md: `wids` in the id_token must contain such a role."""
    assert (await browser.signed_in(MAX)).outcome == "not_admin"
    assert await has_nothing(world)


async def test_a_privileged_role_administrator_may_connect(browser: Browser) -> None:
    """Microsoft Learn, "v2-admin-consent": the second role that may consent to application
    permissions of Graph.
    """
    assert (await browser.connected("priya@contoso.example")).outcome == "consented"


async def test_without_role_claims_no_one_is_an_administrator(
    world: World, browser: Browser
) -> None:
    """If the app registration doesn't send `wids`, no one can connect."""
    world.running.simulator.options.id_token_roles = False
    assert (await browser.signed_in()).outcome == "not_admin"


async def test_a_head_request_to_the_callback_does_not_use_its_state(browser: Browser) -> None:
    """RFC 9110 section 9.2.1: HEAD is safe. The error page sends it before it repeats the GET."""
    signed_in = await browser.signed_in()
    back = await browser.at_microsoft(signed_in.location, GLORIA, "accept")
    assert (await browser.send("HEAD", back)).status == 204
    assert (await browser.send("GET", back)).outcome == "consented"


async def test_a_form_is_redirected_to_microsoft(browser: Browser) -> None:
    """The wizard works without JavaScript."""
    answer = await browser.send(
        "POST",
        f"/api/directories/{DIRECTORY}/presence",
        b"action=connect",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status == 303
    assert "/organizations/oauth2/v2.0/authorize?" in answer.location


async def test_state_nonce_and_proof_key_are_sent(browser: Browser) -> None:
    """OpenID Connect with PKCE and code flow, for the sign-in only: no refresh token is
    requested.
    """
    location = await browser.start()
    for part in (
        "state=",
        "nonce=",
        "code_challenge=",
        "code_challenge_method=S256",
        "response_type=code",
    ):
        assert part in location
    assert "offline_access" not in location


async def test_the_cookie_cannot_leave_its_host(browser: Browser) -> None:
    """SECURITY.md: `__Host-`, HttpOnly, Secure and SameSite=Lax, so that it is sent with
    Microsoft's redirect.
    """
    cookie = (await browser.act("connect")).headers["set-cookie"]
    assert cookie.startswith("__Host-presence-consent=")
    assert {"Path=/", "HttpOnly", "Secure", "SameSite=Lax", "Max-Age=600"} <= set(
        cookie.split("; ")
    )


async def test_on_loopback_the_cookie_works_without_tls(world: World, browser: Browser) -> None:
    """Browsers refuse a `__Host-` cookie over http, so a plain one is used there."""
    local = Browser(world, origin=LOOPBACK)
    assert (await local.connected()).outcome == "consented"
    assert set(local.cookies) == {"presence-consent"}


async def test_two_directories_of_an_account_share_a_tenant(world: World, browser: Browser) -> None:
    """Several directories of one account may be connected to one tenant (docs/presence.md)."""
    from directories import service
    from directories.service import NewDirectory

    await service.create(
        world.app, operator_actor(browser.account), NewDirectory("Two", id="directory-two")
    )
    for directory_id in (DIRECTORY, "directory-two"):
        await browser.connected(directory_id=directory_id)
        assert (await browser.act("check", directory_id)).json["state"] == "waiting"


async def test_renewed_consent_ends_the_pause(world: World, browser: Browser) -> None:
    """After consent was lost and given again, the next tick syncs, without waiting for the rest of
    the hour.
    """
    await browser.connected()
    await browser.act("check")
    world.running.simulator.delete_principal(CONTOSO)
    for _ in range(30):
        await world.tick()
    assert (await browser.connection())["state"] == "lost"
    await browser.connected()
    assert await world.tick() == "synced"
    assert (await browser.connection())["state"] == "active"


async def test_a_connected_directory_cannot_change_to_another_company(
    world: World, browser: Browser
) -> None:
    """Access must be removed first, so that a wrong choice of account doesn't replace the
    company.
    """
    await browser.connected()
    await browser.act("check")
    assert (await browser.signed_in("gloria@fabrikam.example")).outcome == "other_tenant"
    assert await has_nothing(world, FABRIKAM)


@pytest.mark.parametrize("fault", ["discovery.503", "token.503", "token.429", "discovery.garbage"])
async def test_an_outage_of_microsoft_is_reported(
    world: World, browser: Browser, fault: str
) -> None:
    """An outage during sign-in gives an outcome or a 503 with a remedy, never a 500."""
    if fault.startswith("discovery"):
        world.running.simulator.faults.on(fault)
        answer = await browser.act("connect")
        assert answer.status == 503
        assert answer.json["detail"]
    else:
        returned = await browser.at_microsoft(await browser.start())
        world.running.simulator.faults.on(fault)
        expected = "throttled" if fault == "token.429" else "unavailable"
        assert (await browser.send("GET", returned)).outcome == expected


async def test_our_own_wrong_credential_is_not_the_companys_fault(
    world: World, browser: Browser
) -> None:
    """AADSTS7000215 when the code is redeemed is reported to the operator (Microsoft Learn,
    "reference-error-codes").
    """
    returned = await browser.at_microsoft(await browser.start())
    world.running.simulator.application.secrets.clear()
    assert (await browser.send("GET", returned)).outcome == "own_credential"


@pytest.mark.parametrize("code", [65001, 90094])
async def test_a_required_approval_by_an_administrator_is_reported(
    world: World, browser: Browser, code: int
) -> None:
    """The sign-in's redirect has the error; its number is in error_description only (Microsoft
    Learn, "reference-error-codes").
    """
    location = await browser.start()
    world.running.simulator.faults.on(f"AADSTS{code}")
    assert (
        await browser.send("GET", await browser.at_microsoft(location))
    ).outcome == "needs_approval"
    assert await has_nothing(world)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (53003, "blocked"),
        (530032, "blocked"),
        (530035, "blocked"),
        (7000112, "blocked"),
        (700016, "misconfigured"),
        (90002, "tenant_not_found"),
        (50196, "throttled"),
        (90055, "throttled"),
        (90033, "unavailable"),
        (7000215, "own_credential"),
        (7000222, "own_credential"),
        (700027, "own_credential"),
        (700213, "own_credential"),
    ],
)
async def test_each_obstacle_to_redeeming_the_code_is_reported(
    world: World, browser: Browser, code: int, outcome: str
) -> None:
    """The same numbers in the token endpoint's response (Microsoft Learn,
    "reference-error-codes").
    """
    returned = await browser.at_microsoft(await browser.start())
    world.running.simulator.faults.on(f"AADSTS{code}")
    assert (await browser.send("GET", returned)).outcome == outcome
    assert await has_nothing(world)


@pytest.mark.parametrize(
    ("code", "outcome"), [(65001, "needs_approval"), (65004, "declined"), (90094, "needs_approval")]
)
async def test_each_obstacle_to_consent_is_reported(
    world: World, browser: Browser, code: int, outcome: str
) -> None:
    """Errors of the consent page, which has admin_consent=True too (Microsoft Learn,
    "v2-admin-consent").
    """
    location = (await browser.signed_in()).location
    world.running.simulator.faults.on(f"AADSTS{code}")
    assert (
        await browser.send("GET", await browser.at_microsoft(location, GLORIA, "accept"))
    ).outcome == outcome
    assert await has_nothing(world)


async def test_with_a_managed_identity_the_whole_flow_needs_no_secret(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The identity's token authenticates the app for codes and for application tokens (Microsoft
    Learn, "app-trust-managed-identity").
    """
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{world.running.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", IDENTITY_HEADER)
    world.running.simulator.trust_managed_identity()
    world.running.simulator.application.secrets.clear()
    settings = settings_for(
        world.running, MANAGED_IDENTITY_CLIENT_ID=IDENTITY_CLIENT_ID, PRESENCE_CLIENT_SECRET=""
    )
    without = World(CountingTables(world.tables), world.clock, world.running, settings)
    there = Browser(without)
    assert (await there.connected()).outcome == "consented"
    assert (await there.act("check")).json["state"] == "waiting"
    assert await without.tick() == "synced"
    await without.runtime.close()


async def test_a_directory_deleted_during_the_sign_in_is_not_connected(
    world: World, browser: Browser
) -> None:
    """The administrator returns from Microsoft after the deletion."""
    from directories import deletion

    returned = await browser.at_microsoft((await browser.signed_in()).location, GLORIA, "accept")
    await deletion.remove_now(
        world.app, operator_actor(browser.account), DIRECTORY, world.clock.monotonic() + 60
    )
    await browser.send("GET", returned)
    for _ in range(21):
        await world.interval()
    assert await has_nothing(world)
    assert world.calls() == 0
