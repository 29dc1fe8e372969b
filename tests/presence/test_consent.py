"""From the wizard to Microsoft and back."""

import pytest

from directories.audit import operator_actor
from local.counting_tables import CountingTables
from local.graph.simulator import CONTOSO, FABRIKAM, IDENTITY_CLIENT_ID, IDENTITY_HEADER
from tests.presence.browser import GLORIA, LOOPBACK, MAX, Browser, has_nothing, tenant_of
from tests.presence.world import DIRECTORY, World, settings_for


async def test_sign_in_then_consent_then_statuses(world: World, browser: Browser) -> None:
    """The whole way: sign-in, consent of that very tenant, probe, link, first sync."""
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


async def test_the_page_goes_on_by_itself_while_consent_propagates(
    world: World, browser: Browser
) -> None:
    """Tokens lack the role at first: each look takes a fresh one, none of them is kept (azure-docs issue 4765)."""
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


async def test_impatient_pages_cause_few_probes(world: World, browser: Browser) -> None:
    """The page asks every two seconds; Microsoft is asked at growing distances."""
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
    """The timer looks now and then for a day."""
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
    """Microsoft's error answer has admin_consent=True too; `error` decides (Entra: v2-admin-consent)."""
    signed_in = await browser.signed_in()
    back = await browser.send("GET", await browser.at_microsoft(signed_in.location, GLORIA, shape))
    assert back.outcome == "declined"
    assert await has_nothing(world)


async def test_cancelling_the_sign_in_is_declined(world: World, browser: Browser) -> None:
    """access_denied at the first page."""
    back = await browser.send("GET", await browser.at_microsoft(await browser.start(), "cancel"))
    assert back.outcome == "declined"
    assert await has_nothing(world)


async def test_a_plain_member_is_told_to_find_an_administrator(
    world: World, browser: Browser
) -> None:
    """Membership of the company is not enough: `wids` must hold an administrator's role (SECURITY.md)."""
    assert (await browser.signed_in(MAX)).outcome == "not_admin"
    assert await has_nothing(world)


async def test_a_privileged_role_administrator_may_connect(browser: Browser) -> None:
    """The other role that may consent to application permissions of Graph (Entra: v2-admin-consent)."""
    assert (await browser.connected("priya@contoso.example")).outcome == "consented"


async def test_without_role_claims_no_one_is_an_administrator(
    world: World, browser: Browser
) -> None:
    """A registration that does not send `wids` opens nothing."""
    world.running.simulator.options.id_token_roles = False
    assert (await browser.signed_in()).outcome == "not_admin"


async def test_to_ask_whether_the_way_back_is_open_does_not_use_it_up(browser: Browser) -> None:
    """HEAD is safe (RFC 9110 section 9.2.1): the page of a failure sends it, then goes the way itself."""
    signed_in = await browser.signed_in()
    back = await browser.at_microsoft(signed_in.location, GLORIA, "accept")
    assert (await browser.send("HEAD", back)).status == 204
    assert (await browser.send("GET", back)).outcome == "consented"


async def test_a_form_is_sent_on_by_redirect(browser: Browser) -> None:
    """The wizard works without script."""
    answer = await browser.send(
        "POST",
        f"/api/directories/{DIRECTORY}/presence",
        b"action=connect",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status == 303
    assert "/organizations/oauth2/v2.0/authorize?" in answer.location


async def test_state_nonce_and_proof_key_are_sent(browser: Browser) -> None:
    """OpenID Connect with PKCE, code flow, sign-in only: no refresh token is asked for."""
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
    """`__Host-`, HttpOnly, Secure, Lax: it comes along on Microsoft's redirect and nowhere else (SECURITY.md)."""
    cookie = (await browser.act("connect")).headers["set-cookie"]
    assert cookie.startswith("__Host-presence-consent=")
    assert {"Path=/", "HttpOnly", "Secure", "SameSite=Lax", "Max-Age=600"} <= set(
        cookie.split("; ")
    )


async def test_on_loopback_the_cookie_goes_without_tls(world: World, browser: Browser) -> None:
    """A browser takes no `__Host-` cookie over http; there the whole flow works with a plain one."""
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
    """Connected again after a loss: the next tick syncs, without waiting for the hour to pass."""
    await browser.connected()
    await browser.act("check")
    world.running.simulator.delete_principal(CONTOSO)
    for _ in range(30):
        await world.tick()
    assert (await browser.connection())["state"] == "lost"
    await browser.connected()
    assert await world.tick() == "synced"
    assert (await browser.connection())["state"] == "active"


async def test_a_connected_directory_cannot_wander_to_another_company(
    world: World, browser: Browser
) -> None:
    """Access is removed first; a slip of the account chooser must not swap companies."""
    await browser.connected()
    await browser.act("check")
    assert (await browser.signed_in("gloria@fabrikam.example")).outcome == "other_tenant"
    assert await has_nothing(world, FABRIKAM)


@pytest.mark.parametrize("fault", ["discovery.503", "token.503", "token.429", "discovery.garbage"])
async def test_microsoft_not_answering_is_reported(
    world: World, browser: Browser, fault: str
) -> None:
    """An outage during sign-in is an outcome or a 503 with a remedy, never a 500."""
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
    """AADSTS7000215 when the code is redeemed: the operator is told (Entra: reference-error-codes)."""
    returned = await browser.at_microsoft(await browser.start())
    world.running.simulator.application.secrets.clear()
    assert (await browser.send("GET", returned)).outcome == "own_credential"


@pytest.mark.parametrize("code", [65001, 90094])
async def test_a_company_that_wants_an_administrators_approval_is_told_so(
    world: World, browser: Browser, code: int
) -> None:
    """The error is in the address of the sign-in, its number in the description only (Entra: reference-error-codes)."""
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
    """The same numbers at the token endpoint, after the sign-in (Entra: reference-error-codes)."""
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
    """The second page's errors, which come with admin_consent=True (Entra: v2-admin-consent)."""
    location = (await browser.signed_in()).location
    world.running.simulator.faults.on(f"AADSTS{code}")
    assert (
        await browser.send("GET", await browser.at_microsoft(location, GLORIA, "accept"))
    ).outcome == outcome
    assert await has_nothing(world)


async def test_with_a_managed_identity_the_whole_way_needs_no_secret(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The identity's token proves the app for codes as for application tokens (Entra: app-trust-managed-identity)."""
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


async def test_the_directory_may_be_gone_when_the_administrator_comes_back(
    world: World, browser: Browser
) -> None:
    """Deleted while its administrator was at Microsoft: nothing is connected to it in the end."""
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
