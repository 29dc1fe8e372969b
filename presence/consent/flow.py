"""The redirects to Microsoft and back, which decide who may connect which company's presence.

The redirect after admin consent proves nothing: "Never use the tenant ID value of the tenant
parameter to authenticate or authorize users"
(learn.microsoft.com/entra/identity-platform/v2-admin-consent), and a token for a tenant proves only
that *some* administrator there consented once. So the company's administrator signs in first
(authorization code, state, nonce, PKCE); the validated id_token has the tenant (`tid`) and the role
(`wids`). Then admin consent is requested for that tenant, and only that tenant is linked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from directories import audit, audit_relay
from directories.audit import Act, Actor
from presence import tenant_links
from presence.consent import auth_requests, linking, names, quotas
from presence.consent.auth_requests import AuthRequest
from presence.consent.outcomes import OF_REASON, outcome_of_error
from presence.graph.clouds import cloud_of
from presence.graph.failure_reasons import Fault, numbers_of
from presence.graph.tokens import company_of, user_name_of
from presence.instance import runtime_of
from presence.tenant_links import DirectoryLink
from shared import log
from shared.app import App
from shared.clock import DAY, is_ahead, now_ms
from shared.ids import is_guid

# Global Administrator, Privileged Role Administrator: who may consent to application permissions of Graph
# (learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference).
ADMINISTRATORS = frozenset(
    {"62e90394-69f5-4237-9190-012177145e10", "e8611ab8-c189-46e8-94e1-60213ab1f814"}
)
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Redirect:
    """The browser's next step: the URL at Microsoft (`location`), or else the outcome for a directory."""

    location: str = ""
    outcome: str = ""
    directory_id: str = ""


async def begin(
    app: App,
    actor: Actor,
    directory_id: str,
    redirect_uri: str,
    browser: str,
    *,
    must_confirm: bool = False,
) -> Redirect:
    """Store a new authorization request and return the redirect to Microsoft's sign-in.

    Args:
        app: The App.
        actor: Who begins it.
        directory_id: The directory.
        redirect_uri: The URL to which Microsoft redirects the browser afterwards.
        browser: The secret in the browser's cookie.
        must_confirm: Whether the company must be confirmed before it is connected.

    Raises:
        Fault: The sign-in can't be started at Microsoft.
    """
    state = auth_requests.new_secret()
    location, flow = await runtime_of(app).credential.sign_in(redirect_uri, state)
    flow.pop("state")
    now = now_ms(app.clock)
    attempt = AuthRequest(
        step="sign-in",
        directory_id=directory_id,
        account=actor.account,
        person_id=actor.id,
        browser=auth_requests.digest(browser),
        expires=now + auth_requests.LIFETIME,
        redirect_uri=redirect_uri,
        must_confirm=must_confirm,
        flow=flow,
    )
    events = audit.new_events(app.clock, actor, [Act("consent.started")], directory_id)
    await auth_requests.save(app.tables, state, attempt, now, events)
    await audit_relay.relay(app, audit_relay.CONSENTS, events)
    return Redirect(location)


async def handle_callback(
    app: App, actor: Actor, browser: str, query: Mapping[str, str]
) -> Redirect:
    """Handle the browser's return from Microsoft; return the redirect to the consent, or the outcome."""
    state = query.get("state", "")
    attempt = await auth_requests.consume(app.tables, state, browser, now_ms(app.clock))
    if attempt is None:
        return Redirect(outcome="expired")
    if (attempt.account, attempt.person_id) != (actor.account, actor.id):
        return Redirect(outcome="expired")
    if query.get("error"):  # checked first, because admin_consent=True can come with it
        description, address = query.get("error_description", ""), query.get("error_uri", "")
        outcome = _outcome_of(query["error"], description, address)
    elif attempt.step == "sign-in":
        redirect = await _signed_in(app, attempt, query, state, browser)
        if redirect.location:
            return redirect
        outcome = redirect.outcome
    else:
        outcome = await _consented(app, attempt, query, actor)
    log.event("consent.back", directory_id=attempt.directory_id, outcome=outcome)
    if outcome != "consented":
        await _note_refusal(app, actor, attempt, outcome)
    return Redirect(outcome=outcome, directory_id=attempt.directory_id)


async def _note_refusal(app: App, actor: Actor, attempt: AuthRequest, outcome: str) -> None:
    """Store the audit event that a consent ended without a connection.

    It is stored outside the directory's partition, because the directory may have been deleted
    since.
    """
    act = Act("consent.refused", attempt.tenant_id, new={"outcome": outcome})
    events = audit.new_events(app.clock, actor, [act], attempt.directory_id)
    outbox = audit_relay.CONSENTS
    await app.tables.transact(outbox.table, outbox.partition, audit_relay.outbox_rows(events))
    await audit_relay.relay(app, outbox, events)


async def _signed_in(
    app: App, attempt: AuthRequest, query: Mapping[str, str], state: str, browser: str
) -> Redirect:
    outcome, proven = "failed", attempt
    try:
        if code := query.get("code", ""):
            flow = {**attempt.flow, "state": state}
            claims = await runtime_of(app).credential.signed_in(flow, code, state)
            outcome, proven = await _authorize_administrator(app, attempt, claims)
    except ValueError:
        outcome = "failed"
    except Fault as fault:
        outcome = _outcome_of_fault(fault)
    if outcome:
        return Redirect(outcome=outcome, directory_id=attempt.directory_id)
    await quotas.charge(app, None, proven.tenant_id)
    return Redirect(await _to_consent(app, proven, browser))


async def _authorize_administrator(
    app: App, attempt: AuthRequest, claims: Mapping[str, Any]
) -> tuple[str, AuthRequest]:
    """Check that the user who signed in may connect the tenant; return ("", the request with the proven values).

    Otherwise return the outcome and the request unchanged.
    """
    tenant_id, object_id = str(claims["tid"]).lower(), str(claims["oid"]).lower()
    roles = claims.get("wids")
    if not is_guid(tenant_id):
        return "failed", attempt
    if not isinstance(roles, list) or not ADMINISTRATORS.intersection(map(str, roles)):
        return "not_admin", attempt
    owner = await tenant_links.tenant(app.tables, tenant_id)
    if owner is not None and owner.owner != attempt.account:
        return "owned", attempt
    linked = await tenant_links.directory(app.tables, attempt.directory_id)
    if linked is not None and linked.state == "linked" and linked.tenant_id != tenant_id:
        return "other_tenant", attempt
    return "", replace(
        attempt,
        tenant_id=tenant_id,
        probe_id=object_id,
        company=company_of(dict(claims)),
        accepted_by=user_name_of(claims),
    )


async def _to_consent(app: App, proven: AuthRequest, browser: str) -> str:
    """Store the request for the consent step and return the URL of admin consent for the proven tenant."""
    cloud, state, now = (
        cloud_of(app.settings),
        auth_requests.new_secret(),
        now_ms(app.clock),
    )
    consent_request = replace(
        proven,
        step="consent",
        flow={},
        expires=now + auth_requests.LIFETIME,
        browser=auth_requests.digest(browser),
    )
    await auth_requests.save(app.tables, state, consent_request, now)
    asked = {
        "client_id": app.settings.presence_client_id,
        "scope": cloud.scope,
        "redirect_uri": proven.redirect_uri,
        "state": state,
    }
    return f"{cloud.login_url}/{proven.tenant_id}/v2.0/adminconsent?{urlencode(asked)}"


async def _consented(app: App, attempt: AuthRequest, query: Mapping[str, str], actor: Actor) -> str:
    """Store the connection, which now waits for its consent to take effect, and return the outcome.

    The redirect doesn't prove that consent was given; later the app's tokens show whether it was.
    Return "failed" if the redirect reports no consent, and "other_tenant" if its parameter
    `tenant` names a tenant other than the one that signed in.
    """
    named = query.get("tenant", "").lower()
    if query.get("admin_consent", "").lower() != "true":
        return "failed"
    if named and named != attempt.tenant_id:
        return "other_tenant"
    link = DirectoryLink(
        directory_id=attempt.directory_id,
        tenant_id=attempt.tenant_id,
        account=attempt.account,
        state="propagating",
        since=now_ms(app.clock),
        probe_id=attempt.probe_id,
        company=attempt.company,
        accepted_by=attempt.accepted_by,
        begun_by=attempt.person_id,
        confirmed_by="" if attempt.must_confirm else actor.id or actor.kind,
        is_confirmed=not attempt.must_confirm,
    )
    owner = await tenant_links.tenant(app.tables, attempt.tenant_id)
    if owner is not None and owner.owner != attempt.account:
        return "owned"
    link = await names.named(app, link)
    for _ in range(_ATTEMPTS):
        try:
            return await _note(app, link, actor)
        except tenant_links.LinkConflict:
            continue
    return "failed"


async def _note(app: App, link: DirectoryLink, actor: Actor) -> str:
    """Store a new connection that waits for its consent, or renew an existing one; return the outcome.

    Raise LinkConflict if the connection was changed at the same time.
    """
    before = await tenant_links.directory(app.tables, link.directory_id)
    if before is not None:
        link = replace(link, tag=before.tag, unknown_fields=before.unknown_fields)
        link = names.carried(link, before)
    if before is not None and _is_pending_elsewhere(app, before, link.tenant_id):
        return "other_pending"
    if before is not None and _is_confirmed_for(before, link.tenant_id):
        link = replace(link, is_confirmed=True, confirmed_by=before.decided_by)
    if before is None or before.state != "linked":
        events = linking.link_events(
            app, actor, link, "consent.given", **linking.company_values(link)
        )
        await tenant_links.save_link(app.tables, link, events)
        await audit_relay.relay(app, audit_relay.LINKS, events)
        runtime_of(app).links.forget(link.directory_id)
        return "consented"
    if before.tenant_id != link.tenant_id:
        return "other_tenant"
    # It was confirmed when it was connected.
    link = replace(link, is_confirmed=True, confirmed_by=before.decided_by)
    try:
        # Consent was renewed; the next sync shows whether that ended the failure.
        await linking.connect(app, link, actor)
    except tenant_links.TenantOwnedByOtherAccount:
        return "owned"
    return "consented"


def _is_confirmed_for(before: DirectoryLink, tenant_id: str) -> bool:
    """Return whether the stored connection was confirmed for this tenant while its consent is pending."""
    is_pending = before.state == "propagating" and before.is_confirmed
    return is_pending and before.tenant_id == tenant_id


def _is_pending_elsewhere(app: App, before: DirectoryLink, tenant_id: str) -> bool:
    """Return whether the consent of another company, given in another tab or by someone else, is still pending."""
    if before.state != "propagating" or before.tenant_id == tenant_id:
        return False
    return is_ahead(before.since + DAY, now_ms(app.clock), DAY)


def _outcome_of(error: str, description: str, address: str = "") -> str:
    """Return the outcome for an error that Microsoft reports on the redirect.

    The AADSTS number is in the error's `description`, or in `address`, the parameter `error_uri`.
    """
    numbers = numbers_of({"error_description": description, "error_uri": address})
    return outcome_of_error(error.strip().lower(), numbers)


def _outcome_of_fault(fault: Fault) -> str:
    """Return the outcome if the authorization code couldn't be exchanged for a token."""
    outcome = OF_REASON.get(fault.reason) or outcome_of_error("", fault.codes)
    if outcome == "own_credential":
        log.event("credential.invalid")
    return outcome
