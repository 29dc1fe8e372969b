"""The actions of an administrator on a directory's presence, for the JSON API and the pages.

Every function gets the signed-in user, or for a change the actor, and raises
`directories.errors.NotThere` for a directory of another account. It raises HttpError if the action
isn't possible.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.cookies import CookieError, SimpleCookie

from directories import audit_relay
from directories import service as directories
from directories.audit import Actor
from presence import tenant_links
from presence.consent import auth_requests, flow, linking, probe, quotas, status
from presence.consent.call_limits import charge
from presence.consent.flow import Redirect
from presence.consent.revocation import Removal, removal
from presence.consent.status import Connection
from presence.constants import CALLBACK
from presence.graph.clouds import NO_PRESENCE, cloud_of
from presence.graph.failure_reasons import REASONS, Fault
from presence.instance import runtime_of
from presence.tenant_links import DirectoryLink
from shared.app import App
from shared.clock import SECOND, is_recent, now_ms
from shared.easy_auth import Principal
from shared.http import HttpError, Request
from shared.messages import Message
from shared.tables.port import AlreadyExists, NotFound, PreconditionFailed

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_COOKIE = "presence-consent"
_GONE_KEPT = 10 * SECOND  # for so long, the result of a check is returned to all users


def origin_of(app: App, request: Request) -> str:
    """Return the origin of the app in the browser: the setting PUBLIC_URL, or that of the request."""
    return app.settings.public_url or request.origin


async def connect(
    app: App,
    actor: Actor,
    directory_id: str,
    request: Request,
    callback: str = CALLBACK,
    *,
    must_confirm: bool = False,
) -> tuple[str, dict[str, str]]:
    """Return the URL of Microsoft's sign-in, and headers that set the cookie which binds the browser.

    Microsoft redirects the browser to the path `callback` afterwards. With `must_confirm`, the company
    isn't connected before `confirm` is called with its tenant, after a page has shown the company.
    """
    directory = await directories.read(app, actor.account, directory_id)
    if directory.kind != "entra":
        raise HttpError(409, Message("presence_needs_entra"))
    if not cloud_of(app.settings).has_presence:
        raise HttpError(409, NO_PRESENCE)
    charge(app, actor)
    await quotas.charge(app, actor)
    origin = origin_of(app, request)
    browser = browser_of(request, origin) or auth_requests.new_secret()
    try:
        redirect = await flow.begin(
            app, actor, directory_id, origin + callback, browser, must_confirm=must_confirm
        )
    except Fault as fault:
        reason = REASONS[fault.reason]
        message = Message("reason_and_remedy", reason=reason.sentence, remedy=reason.remedy)
        raise HttpError(503, message, reason=fault.reason) from None
    return redirect.location, {"Set-Cookie": _set_cookie(browser, origin)}


async def handle_callback(app: App, actor: Actor, request: Request) -> Redirect:
    """Handle the browser's return from Microsoft; return the redirect to the consent, or the outcome."""
    return await flow.handle_callback(
        app,
        actor,
        browser_of(request, origin_of(app, request)),
        request.query,
    )


async def read(app: App, person: Principal, directory_id: str) -> Connection:
    """Return the connection as stored."""
    await directories.read(app, person.account, directory_id)
    return await status.read(app, directory_id)


async def check(app: App, actor: Actor, directory_id: str) -> Connection:
    """Check whether consent has taken effect, if a check is due, and return the connection."""
    await directories.read(app, actor.account, directory_id)
    with _conflicts_as_409():
        return await status.describe(app, await probe.check(app, directory_id, actor))


async def confirm(app: App, actor: Actor, directory_id: str, tenant_id: str) -> Connection:
    """Confirm that the company with this tenant is the directory's, and return the connection.

    The user of a set-up link can confirm only a consent that was begun through the link.

    Raises:
        HttpError: 409 if no company, or another one, waits to be confirmed.
    """
    await directories.read(app, actor.account, directory_id)
    with _conflicts_as_409():
        link = await tenant_links.directory(app.tables, directory_id)
        if link is None or not _concerns(link, actor, tenant_id):
            raise HttpError(409, Message("company_changed"), field="tenantId")
        if not link.is_confirmed:
            events = linking.link_events(
                app, actor, link, "consent.confirmed", **linking.company_values(link)
            )
            confirmed = replace(link, is_confirmed=True, confirmed_by=actor.id or actor.kind)
            await tenant_links.save_link(app.tables, confirmed, events)
            await audit_relay.relay(app, audit_relay.LINKS, events)
        return await status.describe(app, await probe.check(app, directory_id, actor))


async def withdraw(app: App, actor: Actor, directory_id: str, tenant_id: str) -> None:
    """Remove the consent of a company that isn't the directory's, before it is confirmed.

    Raises:
        HttpError: 409 if no company, or another one, waits to be confirmed.
    """

    def is_same(link: DirectoryLink) -> bool:
        return not link.is_confirmed and _concerns(link, actor, tenant_id)

    await directories.read(app, actor.account, directory_id)
    with _conflicts_as_409():
        found = await linking.disconnect(app, directory_id, actor, only_if=is_same)
    if found is None or not is_same(found):
        raise HttpError(409, Message("company_changed"), field="tenantId")


def _concerns(link: DirectoryLink, actor: Actor, tenant_id: str) -> bool:
    """Return whether the connection is to this tenant, and the actor may decide about it."""
    if link.state == "removed" or link.tenant_id != tenant_id:
        return False
    return actor.kind != "link" or link.begun_by == actor.id


async def retry(app: App, actor: Actor, directory_id: str) -> Connection:
    """Clear the reason why presence failed, so that the timer's next tick tries again; return the connection."""
    await directories.read(app, actor.account, directory_id)
    link = await tenant_links.directory(app.tables, directory_id)
    if link is not None and link.state == "linked":
        with _conflicts_as_409(), suppress(tenant_links.LinkConflict):
            # After a conflict, the connection was removed, renewed or connected by another request.
            await linking.renew(app, link, actor, "presence.retried")
    return await status.read(app, directory_id)


async def remove(app: App, actor: Actor, directory_id: str) -> tuple[Connection, Removal | None]:
    """Disconnect the directory; return the connection, and the company's own steps (None if it was never connected)."""
    await directories.read(app, actor.account, directory_id)
    with _conflicts_as_409():
        link = await linking.disconnect(app, directory_id, actor)
    return await status.read(app, directory_id), removal(app, link.tenant_id) if link else None


async def how_to_remove(app: App, person: Principal, directory_id: str) -> Removal | None:
    """Return the steps by which the company removes access, or None if it was never connected."""
    await directories.read(app, person.account, directory_id)
    link = await tenant_links.directory(app.tables, directory_id)
    return removal(app, link.tenant_id) if link else None


async def check_gone(app: App, actor: Actor, directory_id: str) -> probe.RemovalCheck:
    """Return whether the company that is or was connected has removed the app.

    A result is stored and returned to all users for ten seconds.
    """
    await directories.read(app, actor.account, directory_id)
    link = await tenant_links.directory(app.tables, directory_id)
    if link is None:
        raise HttpError(409, Message("never_connected"))
    now = now_ms(app.clock)
    if link.gone_code and is_recent(link.gone_checked_at, now, _GONE_KEPT):
        return probe.RemovalCheck(link.gone_code)
    charge(app, actor, link.tenant_id)
    await quotas.charge(app, actor, link.tenant_id)
    if link.state == "removed":
        runtime_of(app).credential.drop(link.tenant_id)
    found = await probe.is_gone(app, link.tenant_id)
    checked = replace(link, gone_checked_at=now, gone_code=found.found)
    # After a conflict the result isn't stored, and the next check repeats it.
    with suppress(tenant_links.LinkConflict):
        events = linking.link_events(app, actor, link, "consent.checked", outcome=found.found)
        await tenant_links.save_link(app.tables, checked, events)
        await audit_relay.relay(app, audit_relay.LINKS, events)
    return found


@contextmanager
def _conflicts_as_409() -> Iterator[None]:
    """Convert an error of the block to HttpError 409 if others changed the connection at the same time."""
    try:
        yield
    except (
        tenant_links.LinkConflict,
        tenant_links.TenantOwnedByOtherAccount,
        AlreadyExists,
        NotFound,
        PreconditionFailed,
    ):
        raise HttpError(409, Message("connection_changed_meanwhile")) from None


def browser_of(request: Request, origin: str) -> str:
    """Return the secret in the browser's cookie, or "".

    With TLS only the `__Host-` cookie is accepted, because a neighbouring host name can set the
    other one.
    """
    try:
        cookies = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    found = cookies.get(_cookie_name(origin))
    return found.value if found is not None and _SECRET.fullmatch(found.value) else ""


def _cookie_name(origin: str) -> str:
    """Return the cookie's name. On loopback it has no prefix `__Host-`, which browsers accept only with TLS."""
    return f"__Host-{_COOKIE}" if origin.startswith("https://") else _COOKIE


def _set_cookie(browser: str, origin: str) -> str:
    """Return the value of Set-Cookie. With SameSite=Lax the cookie is sent when Microsoft redirects the browser."""
    secure = "; Secure" if origin.startswith("https://") else ""
    age = auth_requests.LIFETIME // 1000
    return (
        f"{_cookie_name(origin)}={browser}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"
    )
