"""The authorization code flow with PKCE and nonce, by real msal (Microsoft Learn,
"v2-oauth2-auth-code-flow").
"""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest

from local.graph.people import GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR
from local.graph.simulator import CLIENT_ID, CLIENT_SECRET, CONTOSO, FABRIKAM
from tests.clock import FixedClock
from tests.local.graph.calls import REDIRECT, app_token, call, msal_client, sign_in
from tests.local.graph.fixtures import RunningSimulator

GLORIA = "gloria@contoso.example"


class Flow:
    """One sign-in by msal, whose steps a test runs one by one."""

    def __init__(self, running: RunningSimulator, tenant: str = "organizations") -> None:
        self.running = running
        self.client = msal_client(running, tenant)
        self.flow = self.client.initiate_auth_code_flow(
            [], redirect_uri=REDIRECT, response_mode="form_post"
        )
        self.address = self.flow["auth_uri"].replace("https://127.0.0.1", "http://127.0.0.1", 1)

    async def finish(self, who: str) -> Any:
        """Sign the user in, and return msal's result."""
        return self.redeem(await sign_in(self.running, self.address, who))

    def redeem(self, answer: dict[str, str]) -> Any:
        """Return msal's result for these parameters of the redirect."""
        result = self.client.acquire_token_by_auth_code_flow(self.flow, answer)
        self.client.http_client.close()
        return result


async def test_an_id_token_has_tenant_user_and_role(graph_simulator: RunningSimulator) -> None:
    """The ID token is signed by a published key, and has iss, aud, tid, oid, preferred_username, nonce and
    wids.
    """
    result = await Flow(graph_simulator).finish(GLORIA)
    _, keys, _ = await call(f"{graph_simulator.login_url}/{CONTOSO}/discovery/v2.0/keys")
    claims = jwt.decode(
        result["id_token"],
        jwt.PyJWKSet.from_dict(keys).keys[-1],
        ["RS256"],
        audience=CLIENT_ID,
        issuer=f"{graph_simulator.login_url}/{CONTOSO}/v2.0",
    )
    person = graph_simulator.simulator.person(GLORIA)
    assert person is not None
    assert (claims["tid"], claims["oid"]) == (CONTOSO, person[1].object_id)
    assert claims["preferred_username"] == GLORIA
    assert GLOBAL_ADMINISTRATOR in claims["wids"]
    assert claims["nonce"]


@pytest.mark.parametrize(
    ("who", "role"),
    [("priya@fabrikam.example", PRIVILEGED_ROLE_ADMINISTRATOR), ("max@fabrikam.example", None)],
)
async def test_wids_has_the_role_of_the_user(
    graph_simulator: RunningSimulator, who: str, role: str | None
) -> None:
    """`wids` has the user's role; a plain member has neither of those that can consent."""
    claims = (await Flow(graph_simulator, FABRIKAM).finish(who))["id_token_claims"]
    administrators = set(claims["wids"]) & {GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR}
    assert administrators == ({role} if role else set())


async def test_wids_is_missing_where_the_registration_does_not_ask_for_it(
    graph_simulator: RunningSimulator,
) -> None:
    """Without DirectoryRole in groupMembershipClaims, the ID token has no `wids`."""
    graph_simulator.simulator.options.id_token_roles = False
    assert "wids" not in (await Flow(graph_simulator).finish(GLORIA))["id_token_claims"]


async def test_msal_refuses_another_nonce(graph_simulator: RunningSimulator) -> None:
    """msal rejects an ID token with another nonce than the one sent (OpenID Connect Core 3.1.3.7)."""
    flow = Flow(graph_simulator)
    answer = await sign_in(graph_simulator, flow.address, GLORIA)
    flow.flow["nonce"] = "another"
    with pytest.raises(RuntimeError, match="nonce"):
        flow.redeem(answer)
    flow.client.http_client.close()


async def test_another_code_verifier_is_refused(graph_simulator: RunningSimulator) -> None:
    """The token endpoint responds with AADSTS501481 (RFC 7636 section 4.6)."""
    flow = Flow(graph_simulator)
    answer = await sign_in(graph_simulator, flow.address, GLORIA)
    flow.flow["code_verifier"] = "x" * 43
    result = flow.redeem(answer)
    assert (result["error"], result["error_codes"]) == ("invalid_grant", [501481])


async def redeem(
    running: RunningSimulator, code: str, tenant: str = CONTOSO, redirect: str = REDIRECT
) -> Any:
    """Redeem a code without msal, and return the JSON of the response."""
    fields = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    fields |= {"code": code, "redirect_uri": redirect}
    return (await call(f"{running.login_url}/{tenant}/oauth2/v2.0/token", "POST", data=fields))[1]


def address(running: RunningSimulator, tenant: str = CONTOSO, **changes: str) -> str:
    """Return a sign-in address without PKCE, in which `changes` replace parameters."""
    asked = {
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "openid",
        "state": "s",
    }
    asked = {name: value for name, value in (asked | changes).items() if value}
    return f"{running.login_url}/{tenant}/oauth2/v2.0/authorize?{urlencode(asked)}"


async def test_a_code_works_once(graph_simulator: RunningSimulator) -> None:
    """A code that was redeemed already gets AADSTS54005."""
    code = (await sign_in(graph_simulator, address(graph_simulator), GLORIA))["code"]
    assert "id_token" in await redeem(graph_simulator, code)
    assert (await redeem(graph_simulator, code))["error_codes"] == [54005]


async def test_a_code_lives_five_minutes(graph_simulator: RunningSimulator) -> None:
    """A code older than five minutes gets AADSTS70008."""
    clock = graph_simulator.simulator.clock = FixedClock()
    code = (await sign_in(graph_simulator, address(graph_simulator), GLORIA))["code"]
    clock.advance(301)
    assert (await redeem(graph_simulator, code))["error_codes"] == [70008]


@pytest.mark.parametrize(
    ("tenant", "redirect", "code"),
    [(FABRIKAM, REDIRECT, 50020), (CONTOSO, REDIRECT + "/other", 50011)],
)
async def test_a_code_is_bound_to_tenant_and_redirect_address(
    graph_simulator: RunningSimulator, tenant: str, redirect: str, code: int
) -> None:
    """A code is valid only for the tenant and redirect URI of its sign-in (RFC 6749 section 4.1.3)."""
    given = (await sign_in(graph_simulator, address(graph_simulator), GLORIA))["code"]
    assert (await redeem(graph_simulator, given, tenant, redirect))["error_codes"] == [code]


async def test_an_invented_code_is_refused(graph_simulator: RunningSimulator) -> None:
    """An unknown code gets AADSTS70000."""
    assert (await redeem(graph_simulator, "invented"))["error_codes"] == [70000]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"redirect_uri": "https://evil.example/callback"}, "AADSTS50011"),
        ({"redirect_uri": "http://["}, "AADSTS50011"),
        ({"client_id": FABRIKAM}, "AADSTS700016"),
        ({"response_type": "id_token"}, "AADSTS700054"),
        ({"scope": "profile"}, "AADSTS70011"),
        ({"scope": ""}, "AADSTS900144"),
    ],
)
async def test_a_wrong_request_stays_on_the_page(
    graph_simulator: RunningSimulator, changes: dict[str, str], text: str
) -> None:
    """The error is on the page, without a redirect to an unverified address (RFC 6749 section 4.1.2.1)."""
    status, body, headers = await call(
        address(graph_simulator, **changes) + "&sign_in_as=" + GLORIA
    )
    assert status == 400
    assert text in body
    assert "location" not in headers


async def test_registered_redirect_addresses_match_exactly(
    graph_simulator: RunningSimulator,
) -> None:
    """If redirect URIs are registered, any other is rejected."""
    graph_simulator.simulator.application.redirects.add(
        "https://directory.example/sign-in/callback"
    )
    assert "AADSTS50011" in (await call(address(graph_simulator)))[1]


async def test_someone_of_another_tenant_cannot_sign_in(graph_simulator: RunningSimulator) -> None:
    """The page of a named tenant shows AADSTS50020 to a user of another one."""
    status, body, _ = await call(address(graph_simulator, FABRIKAM) + "&sign_in_as=" + GLORIA)
    assert status == 400
    assert "AADSTS50020" in body


async def test_the_page_offers_the_people_of_the_tenant_only(
    graph_simulator: RunningSimulator,
) -> None:
    """The page of a named tenant offers its own people, that of `organizations` all people.

    Each page says that it is a simulator.
    """
    _, one, _ = await call(address(graph_simulator))
    _, every, _ = await call(address(graph_simulator, "organizations"))
    assert GLORIA in one
    assert "gloria@fabrikam.example" not in one
    assert "gloria@fabrikam.example" in every
    assert "Simulator &ndash; not Microsoft" in one


async def test_choosing_a_person_sends_the_form(graph_simulator: RunningSimulator) -> None:
    """The form sends the chosen person to the same address."""
    status, _, headers = await call(address(graph_simulator), "POST", data={"sign_in_as": GLORIA})
    assert status == 302
    assert headers["location"].startswith(REDIRECT + "?code=")
    assert headers["location"].endswith("&state=s")


async def test_cancel_redirects_with_access_denied(graph_simulator: RunningSimulator) -> None:
    """The redirect has error=access_denied&error_subcode=cancel (Microsoft Learn,
    "v2-oauth2-auth-code-flow").
    """
    answer = await sign_in(graph_simulator, address(graph_simulator), "cancel")
    assert answer == {"error": "access_denied", "error_subcode": "cancel", "state": "s"}


async def test_form_post_sends_the_code_in_a_body(graph_simulator: RunningSimulator) -> None:
    """The response is a page whose form posts itself (OAuth 2.0 Form Post Response Mode)."""
    status, body, _ = await call(
        address(graph_simulator, response_mode="form_post") + "&sign_in_as=" + GLORIA
    )
    assert status == 200
    assert f'action="{REDIRECT}"' in body
    assert 'name="code"' in body
    assert 'name="state" value="s"' in body


async def test_a_session_signs_in_without_a_page(
    graph_simulator: RunningSimulator,
) -> None:
    """Single sign-on needs no page; prompt=none without a session gets AADSTS50058, and prompt=login shows
    the page nevertheless.
    """
    status, _, headers = await call(address(graph_simulator, prompt="none"))
    assert (status, dict(parse_qsl(urlsplit(headers["location"]).query))["error"]) == (
        302,
        "login_required",
    )
    graph_simulator.simulator.options.signed_in_as = GLORIA
    assert (await call(address(graph_simulator)))[2]["location"].startswith(REDIRECT + "?code=")
    assert (await call(address(graph_simulator, prompt="login")))[0] == 200


async def test_a_first_sign_in_creates_a_service_principal_without_permission(
    graph_simulator: RunningSimulator,
) -> None:
    """After it, tokens are issued without roles; before it, the error is AADSTS700016."""
    assert app_token(graph_simulator, CONTOSO)["error_codes"] == [700016]
    await Flow(graph_simulator).finish(GLORIA)
    token = app_token(graph_simulator, CONTOSO)["access_token"]
    assert "roles" not in jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("code", [53003, 530032, 530035, 7000112])
async def test_a_policy_stops_the_sign_in_on_the_page(
    graph_simulator: RunningSimulator, code: int
) -> None:
    """An error of conditional access is on the page, without a redirect."""
    graph_simulator.simulator.faults.on(f"AADSTS{code}")
    status, body, _ = await call(address(graph_simulator) + "&sign_in_as=" + GLORIA)
    assert status == 400
    assert f"AADSTS{code}" in body


@pytest.mark.parametrize("code", [65001, 90094])
async def test_a_missing_consent_redirects_with_an_error(
    graph_simulator: RunningSimulator, code: int
) -> None:
    """The redirect to the application has the error."""
    graph_simulator.simulator.faults.on(f"AADSTS{code}")
    answer = await sign_in(graph_simulator, address(graph_simulator), GLORIA)
    assert answer["error_description"].startswith(f"AADSTS{code}")
