"""The simulated admin consent page (learn.microsoft.com/entra/identity-platform/v2-admin-consent)."""

from urllib.parse import urlencode

import pytest

from local.graph.simulator import CLIENT_ID, CONTOSO, FABRIKAM
from tests.local.graph.calls import GRAPH_SCOPE, REDIRECT, admin_consent, app_token, call
from tests.local.graph.fixtures import RunningSimulator

GLORIA = "gloria@contoso.example"


def state(running: RunningSimulator, tenant: str = CONTOSO) -> str:
    """Return the application's record in the tenant."""
    consent = running.simulator.tenants[tenant].consents.get(CLIENT_ID)
    return consent.state if consent else "none"


async def test_accept_redirects_with_tenant_scope_and_state(
    graph_simulator: RunningSimulator,
) -> None:
    """After Accept, the redirect has the documented parameters, and the tenant has consented."""
    answer = await admin_consent(graph_simulator, CONTOSO, GLORIA)
    assert answer == {
        "admin_consent": "True",
        "tenant": CONTOSO,
        "scope": GRAPH_SCOPE,
        "state": "s-1",
    }
    assert state(graph_simulator) == "granted"
    assert "access_token" in app_token(graph_simulator, CONTOSO)


async def test_organizations_consents_for_the_tenant_of_the_administrator(
    graph_simulator: RunningSimulator,
) -> None:
    """At `/organizations`, the redirect's tenant is the one of the administrator who signed in."""
    answer = await admin_consent(graph_simulator, "organizations", "priya@fabrikam.example")
    assert answer["tenant"] == FABRIKAM
    assert (state(graph_simulator), state(graph_simulator, FABRIKAM)) == ("none", "granted")


async def test_cancel_redirects_with_admin_consent_true_and_an_error(
    graph_simulator: RunningSimulator,
) -> None:
    """After Cancel, the documented redirect has admin_consent=True with an error and without a tenant,
    although nothing was granted.
    """
    answer = await admin_consent(graph_simulator, CONTOSO, GLORIA, "cancel")
    assert list(answer) == ["admin_consent", "error", "error_description", "state"]
    assert (answer["admin_consent"], answer["error"]) == ("True", "consent_required")
    assert answer["error_description"].startswith("AADSTS65004")
    assert state(graph_simulator) == "none"


async def test_cancel_has_an_older_form_too(graph_simulator: RunningSimulator) -> None:
    """The older form of a cancelled consent, error=permission_denied, comes by its button, or by an option
    for every Cancel.
    """
    older = {
        "error": "permission_denied",
        "error_description": "The admin canceled the request",
        "state": "s-1",
    }
    assert await admin_consent(graph_simulator, CONTOSO, GLORIA, "cancel-older") == older
    graph_simulator.simulator.options.cancel = "permission_denied"
    assert await admin_consent(graph_simulator, CONTOSO, GLORIA, "cancel") == older


async def test_a_plain_member_cannot_consent(graph_simulator: RunningSimulator) -> None:
    """Consent needs Global Administrator or Privileged Role Administrator; the page has a link to return
    to the application.
    """
    asked = {"client_id": CLIENT_ID, "scope": GRAPH_SCOPE, "redirect_uri": REDIRECT, "state": "s-1"}
    address = f"{graph_simulator.login_url}/{CONTOSO}/v2.0/adminconsent?{urlencode(asked)}"
    status, body, _ = await call(
        address, "POST", data={"sign_in_as": "max@contoso.example", "decide": "accept"}
    )
    assert status == 403
    assert "AADSTS90094" in body
    assert f'href="{REDIRECT}?admin_consent=True' in body
    assert state(graph_simulator) == "none"


async def test_only_default_grants_application_permissions(
    graph_simulator: RunningSimulator,
) -> None:
    """A `scope` without /.default grants delegated permissions only."""
    await admin_consent(
        graph_simulator, CONTOSO, GLORIA, scope="https://graph.microsoft.com/User.Read"
    )
    assert state(graph_simulator) == "signed-in"


async def test_the_older_address_needs_no_scope(graph_simulator: RunningSimulator) -> None:
    """`/{tenant}/adminconsent` works without `scope`, as documented for the client credentials flow."""
    asked = {
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "state": "s",
        "sign_in_as": GLORIA,
        "decide": "accept",
    }
    status, _, headers = await call(
        f"{graph_simulator.login_url}/common/adminconsent?{urlencode(asked)}"
    )
    assert status == 302
    assert headers["location"] == f"{REDIRECT}?admin_consent=True&tenant={CONTOSO}&state=s"
    assert state(graph_simulator) == "granted"


@pytest.mark.parametrize(
    ("tenant", "changes", "text"),
    [
        (CONTOSO, {"scope": ""}, "AADSTS900144"),
        (CONTOSO, {"redirect_uri": "https://evil.example/"}, "AADSTS50011"),
        (CONTOSO, {"client_id": FABRIKAM}, "AADSTS700016"),
        (FABRIKAM, {}, "AADSTS50020"),
        ("common", {}, "AADSTS50059"),
        ("nobody.example", {}, "AADSTS90002"),
    ],
)
async def test_a_wrong_request_stays_on_the_page(
    graph_simulator: RunningSimulator, tenant: str, changes: dict[str, str], text: str
) -> None:
    """The error is on the page, without a redirect to an address that isn't registered; `common` is an
    error in v2.0.
    """
    asked = {
        "client_id": CLIENT_ID,
        "scope": GRAPH_SCOPE,
        "redirect_uri": REDIRECT,
        "sign_in_as": GLORIA,
    }
    asked |= {"decide": "accept"} | changes
    status, body, headers = await call(
        f"{graph_simulator.login_url}/{tenant}/v2.0/adminconsent?{urlencode(asked)}"
    )
    assert status == 400
    assert text in body
    assert "location" not in headers


@pytest.mark.parametrize("code", [65001, 65004, 90094])
async def test_a_fault_is_in_the_redirect(graph_simulator: RunningSimulator, code: int) -> None:
    """The redirect has the AADSTS code of the fault, whichever button was pressed."""
    graph_simulator.simulator.faults.on(f"AADSTS{code}", times=1)
    answer = await admin_consent(graph_simulator, CONTOSO, GLORIA)
    assert answer["error_description"].startswith(f"AADSTS{code}")
    assert state(graph_simulator) == "none"


async def test_the_page_shows_application_permission_and_people(
    graph_simulator: RunningSimulator,
) -> None:
    """The page lists the application, its permission, and the people who can sign in."""
    asked = {"client_id": CLIENT_ID, "scope": GRAPH_SCOPE, "redirect_uri": REDIRECT}
    status, body, _ = await call(
        f"{graph_simulator.login_url}/{CONTOSO}/v2.0/adminconsent?{urlencode(asked)}"
    )
    assert status == 200
    for text in (
        "External Directories",
        "Presence.Read.All",
        "Gloria Global",
        "Accept",
        "Simulator &ndash; not Microsoft",
    ):
        assert text in body
