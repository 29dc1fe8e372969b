"""Signing in: authorization code flow with PKCE and nonce, by real msal (v2-oauth2-auth-code-flow)."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest

from local.graph.people import GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR
from local.graph.simulator import CLIENT_ID, CLIENT_SECRET, CONTOSO, FABRIKAM
from shared.clock import FixedClock
from tests.local.graph.calls import REDIRECT, app_token, call, msal_client, sign_in
from tests.local.graph.fixtures import RunningSimulator

GLORIA = "gloria@contoso.example"


class Flow:
    """One sign-in of msal, step by step."""

    def __init__(self, running: RunningSimulator, tenant: str = "organizations") -> None:
        self.running = running
        self.client = msal_client(running, tenant)
        self.flow = self.client.initiate_auth_code_flow(
            [], redirect_uri=REDIRECT, response_mode="form_post"
        )
        self.address = self.flow["auth_uri"].replace("https://127.0.0.1", "http://127.0.0.1", 1)

    async def finish(self, who: str) -> Any:
        """The result of msal after that person signed in."""
        return self.redeem(await sign_in(self.running, self.address, who))

    def redeem(self, answer: dict[str, str]) -> Any:
        """Return the result of msal for these parameters."""
        result = self.client.acquire_token_by_auth_code_flow(self.flow, answer)
        self.client.http_client.close()
        return result


async def test_a_sign_in_proves_tenant_person_and_role(graph_simulator: RunningSimulator) -> None:
    """id_token: signature by the published keys, iss, aud, tid, oid, preferred_username, nonce, wids."""
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
async def test_roles_differ_by_person(
    graph_simulator: RunningSimulator, who: str, role: str | None
) -> None:
    """A plain member has neither of the roles that can consent."""
    claims = (await Flow(graph_simulator, FABRIKAM).finish(who))["id_token_claims"]
    administrators = set(claims["wids"]) & {GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR}
    assert administrators == ({role} if role else set())


async def test_wids_is_missing_where_the_registration_does_not_ask_for_it(
    graph_simulator: RunningSimulator,
) -> None:
    """groupMembershipClaims without DirectoryRole."""
    graph_simulator.simulator.options.id_token_roles = False
    assert "wids" not in (await Flow(graph_simulator).finish(GLORIA))["id_token_claims"]


async def test_msal_refuses_another_nonce(graph_simulator: RunningSimulator) -> None:
    """OpenID Connect Core 3.1.3.7: the nonce of the id_token is the one sent."""
    flow = Flow(graph_simulator)
    answer = await sign_in(graph_simulator, flow.address, GLORIA)
    flow.flow["nonce"] = "another"
    with pytest.raises(RuntimeError, match="nonce"):
        flow.redeem(answer)
    flow.client.http_client.close()


async def test_another_code_verifier_is_refused(graph_simulator: RunningSimulator) -> None:
    """RFC 7636 section 4.6; AADSTS501481."""
    flow = Flow(graph_simulator)
    answer = await sign_in(graph_simulator, flow.address, GLORIA)
    flow.flow["code_verifier"] = "x" * 43
    result = flow.redeem(answer)
    assert (result["error"], result["error_codes"]) == ("invalid_grant", [501481])


async def redeem(
    running: RunningSimulator, code: str, tenant: str = CONTOSO, redirect: str = REDIRECT
) -> Any:
    """A code redeemed without msal: the JSON."""
    fields = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    fields |= {"code": code, "redirect_uri": redirect}
    return (await call(f"{running.login_url}/{tenant}/oauth2/v2.0/token", "POST", data=fields))[1]


def address(running: RunningSimulator, tenant: str = CONTOSO, **changes: str) -> str:
    """A sign-in address without PKCE."""
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
    """AADSTS54005."""
    code = (await sign_in(graph_simulator, address(graph_simulator), GLORIA))["code"]
    assert "id_token" in await redeem(graph_simulator, code)
    assert (await redeem(graph_simulator, code))["error_codes"] == [54005]


async def test_a_code_lives_five_minutes(graph_simulator: RunningSimulator) -> None:
    """AADSTS70008."""
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
    """RFC 6749 section 4.1.3."""
    given = (await sign_in(graph_simulator, address(graph_simulator), GLORIA))["code"]
    assert (await redeem(graph_simulator, given, tenant, redirect))["error_codes"] == [code]


async def test_an_invented_code_is_refused(graph_simulator: RunningSimulator) -> None:
    """AADSTS70000."""
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
    """RFC 6749 section 4.1.2.1: nothing is sent to an address that is not proven."""
    status, body, headers = await call(
        address(graph_simulator, **changes) + "&sign_in_as=" + GLORIA
    )
    assert status == 400
    assert text in body
    assert "location" not in headers


async def test_registered_redirect_addresses_match_exactly(
    graph_simulator: RunningSimulator,
) -> None:
    """Once addresses are registered, no other will do."""
    graph_simulator.simulator.application.redirects.add(
        "https://directory.example/sign-in/callback"
    )
    assert "AADSTS50011" in (await call(address(graph_simulator)))[1]


async def test_someone_of_another_tenant_cannot_sign_in(graph_simulator: RunningSimulator) -> None:
    """AADSTS50020 on the page of a named tenant."""
    status, body, _ = await call(address(graph_simulator, FABRIKAM) + "&sign_in_as=" + GLORIA)
    assert status == 400
    assert "AADSTS50020" in body


async def test_the_page_offers_the_people_of_the_tenant_only(
    graph_simulator: RunningSimulator,
) -> None:
    """A named tenant: its own; `organizations`: all people.

    Each page tells that it is a simulator.
    """
    _, one, _ = await call(address(graph_simulator))
    _, every, _ = await call(address(graph_simulator, "organizations"))
    assert GLORIA in one
    assert "gloria@fabrikam.example" not in one
    assert "gloria@fabrikam.example" in every
    assert "Simulator &ndash; not Microsoft" in one


async def test_the_page_answers_when_someone_is_chosen(graph_simulator: RunningSimulator) -> None:
    """The form posts the choice to the same address."""
    status, _, headers = await call(address(graph_simulator), "POST", data={"sign_in_as": GLORIA})
    assert status == 302
    assert headers["location"].startswith(REDIRECT + "?code=")
    assert headers["location"].endswith("&state=s")


async def test_cancel_comes_back_as_access_denied(graph_simulator: RunningSimulator) -> None:
    """v2-oauth2-auth-code-flow: error=access_denied&error_subcode=cancel."""
    answer = await sign_in(graph_simulator, address(graph_simulator), "cancel")
    assert answer == {"error": "access_denied", "error_subcode": "cancel", "state": "s"}


async def test_form_post_sends_the_code_in_a_body(graph_simulator: RunningSimulator) -> None:
    """OAuth 2.0 Form Post Response Mode: a page that posts itself."""
    status, body, _ = await call(
        address(graph_simulator, response_mode="form_post") + "&sign_in_as=" + GLORIA
    )
    assert status == 200
    assert f'action="{REDIRECT}"' in body
    assert 'name="code"' in body
    assert 'name="state" value="s"' in body


async def test_who_is_signed_in_already_is_not_asked_again(
    graph_simulator: RunningSimulator,
) -> None:
    """Single sign-on; prompt=none fails without it (AADSTS50058), prompt=login asks all the same."""
    status, _, headers = await call(address(graph_simulator, prompt="none"))
    assert (status, dict(parse_qsl(urlsplit(headers["location"]).query))["error"]) == (
        302,
        "login_required",
    )
    graph_simulator.simulator.options.signed_in_as = GLORIA
    assert (await call(address(graph_simulator)))[2]["location"].startswith(REDIRECT + "?code=")
    assert (await call(address(graph_simulator, prompt="login")))[0] == 200


async def test_a_first_sign_in_makes_a_service_principal_without_permission(
    graph_simulator: RunningSimulator,
) -> None:
    """From then on tokens are issued, without roles, instead of AADSTS700016."""
    assert app_token(graph_simulator, CONTOSO)["error_codes"] == [700016]
    await Flow(graph_simulator).finish(GLORIA)
    token = app_token(graph_simulator, CONTOSO)["access_token"]
    assert "roles" not in jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("code", [53003, 530032, 530035, 7000112])
async def test_a_policy_stops_the_sign_in_on_the_page(
    graph_simulator: RunningSimulator, code: int
) -> None:
    """Conditional access: the browser is not sent back."""
    graph_simulator.simulator.faults.on(f"AADSTS{code}")
    status, body, _ = await call(address(graph_simulator) + "&sign_in_as=" + GLORIA)
    assert status == 400
    assert f"AADSTS{code}" in body


@pytest.mark.parametrize("code", [65001, 90094])
async def test_a_missing_consent_is_told_to_the_application(
    graph_simulator: RunningSimulator, code: int
) -> None:
    """The sign-in comes back with an error."""
    graph_simulator.simulator.faults.on(f"AADSTS{code}")
    answer = await sign_in(graph_simulator, address(graph_simulator), GLORIA)
    assert answer["error_description"].startswith(f"AADSTS{code}")
