"""The page on which a company's administrator sets up a directory through a set-up link, without an account here."""

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from contacts.first_people import first_people
from directories import setup_session
from directories.errors import DirectoryError, InvalidField
from directories.models import TrustedIdentity
from directories.serializers import scim_base_url, token_endpoint
from directories.setup_session import IssuedCredential, LinkRefused, SetupSession
from presence.consent import service as consents
from presence.consent import status as consent_status
from presence.consent.status import UNCONFIRMED, Connection
from presence.constants import LINK_CALLBACK
from presence.graph.clouds import cloud_of
from shared.http import HttpError, Response
from shared.messages import Message
from shared.numbers.number import derive
from web.page_request import PageRequest
from web.pages import attribute_mapping, wizard_scim
from web.pages.connection_view import ConnectionView, view
from web.pages.dry_run import NumberRow, number_row
from web.render import page
from web.text_families import GUIDE_ENTRA, GUIDE_OTHER
from web.translations import fault_text, outcome_words

MAX_NUMBERS = 10
_MAX_NUMBER = 250  # characters
_GUIDES = {"entra": GUIDE_ENTRA, "other": GUIDE_OTHER}
# Outcomes that only the contact centre can resolve, because it sees the whole connection.
_ASK_CENTRE = frozenset({"other_pending", "other_tenant", "owned"})
_TEMPLATES = {"set-up": "setup_link.html", "sign-in": "sign_in_link.html"}
_TRUST_FIELDS = ("tenantId", "issuer", "jwksUri", "subject", "audiences")


@dataclass(frozen=True, slots=True)
class TestedNumbers:
    """Tested numbers, each with how it was parsed; `label` is the person's name, or "" for pasted numbers."""

    label: str
    rows: list[NumberRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The result of the submitted form, which the page shows in addition to the stored state."""

    fresh: IssuedCredential | None = None
    fault: str = ""
    trust: dict[str, str] = field(default_factory=dict)
    trust_fault: str = ""
    numbers: str = ""
    numbers_fault: str = ""
    tested: list[TestedNumbers] | None = None
    outcome: dict[str, str] | None = None


async def show(visit: PageRequest, session: SetupSession) -> Response:
    """Show `/set-up/{linkId}`; the query parameter `outcome` is the code of the consent's outcome."""
    code = visit.query.get("outcome", "")
    outcome = outcome_words(visit, code)
    if outcome and code in _ASK_CENTRE:
        outcome["remedy"] = visit.t("setup_ask_centre")
    return await _page(visit, session, Shown(outcome=outcome))


async def to_page(visit: PageRequest, session: SetupSession) -> Response:
    """Redirect a GET of a form's address, as a reload sends it, to the link's page."""
    return _redirect(session)


async def issue(visit: PageRequest, session: SetupSession) -> Response:
    """Issue a client secret or a security token; only this response contains it.

    The form's field `seen` is the time of the link's last credential when the page was rendered. If a
    later credential exists, the same form was submitted before (reloading the response does that), and
    nothing is issued.
    """
    credential_type: Literal["token", "secret"] = (
        "token" if visit.form.get("sort") == "token" else "secret"
    )
    if visit.form.get("seen", "") != session.link.credential_at and not session.link.done:
        return await _page(visit, session, Shown(fault=visit.t("setup_sent_again")))
    try:
        issued = await setup_session.issue_credential(visit.app, session, credential_type)
    except LinkRefused:
        raise
    except DirectoryError as error:
        return await _page(visit, session, Shown(fault=visit.text(error.message)), error.status)
    now = await setup_session.reread(visit.app, session)
    return await _page(visit, now, Shown(fresh=issued))


async def trust(visit: PageRequest, session: SetupSession) -> Response:
    """Store the identity of the company's provisioning service, which is then trusted instead of a secret."""
    values = {name: visit.form.get(name, "").strip() for name in _TRUST_FIELDS}
    identity = TrustedIdentity(
        tenant_id=values["tenantId"],
        subject=values["subject"],
        audiences=tuple(values["audiences"].replace(",", " ").split()),
        issuer=values["issuer"],
        jwks_uri=values["jwksUri"],
    )
    try:
        await setup_session.trust(visit.app, session, identity)
    except InvalidField as fault:
        shown = Shown(trust=values, trust_fault=fault_text(visit, fault))
        return await _page(visit, session, shown, 422)
    return _redirect(session)


async def live(visit: PageRequest, session: SetupSession) -> Response:
    """Return the progress of provisioning (live line); 204 if it hasn't changed."""
    if not visit.is_partial:
        return _redirect(session)
    found = await wizard_scim.live_line(visit, session.directory, _address(session, "live"))
    if visit.query.get("seen") == found["mark"]:
        return Response(204)
    return page(visit, "live.html", live=found)


async def consent(visit: PageRequest, session: SetupSession) -> Response:
    """Redirect to Microsoft's sign-in, from which the browser returns to this link's page."""
    await setup_session.want_presence(visit.app, session)
    try:
        location, headers = await consents.connect(
            visit.app,
            session.actor,
            session.directory.id,
            visit.request,
            LINK_CALLBACK,
            must_confirm=True,
        )
    except HttpError as error:
        return await _failed(visit, session, visit.t("consent_failed"), error)
    return visit.leave(location, headers)


async def confirm(visit: PageRequest, session: SetupSession) -> Response:
    """Connect the company of the administrator who signed in through this link.

    If the link is only for the sign-in, also mark it as done.
    """
    tenant_id = visit.form.get("tenant", "")
    found = await consent_status.read(visit.app, session.directory.id)
    if not _is_asked(found, session) or found.tenant_id != tenant_id:
        error = HttpError(409, Message("setup_company_changed"))
        return await _failed(visit, session, visit.t("company_changed_title"), error)
    await setup_session.accept_company(visit.app, session)
    try:
        await consents.confirm(visit.app, session.actor, session.directory.id, tenant_id)
    except HttpError as error:
        return await _failed(visit, session, visit.t("company_changed_title"), error)
    if session.link.purpose == "sign-in":
        await setup_session.finish(visit.app, session)
    return _redirect(session)


async def withdraw(visit: PageRequest, session: SetupSession) -> Response:
    """Withdraw the unconfirmed consent of a wrong company; the app has read none of its data."""
    await setup_session.check(visit.app, session)
    tenant_id = visit.form.get("tenant", "")
    try:
        await consents.withdraw(visit.app, session.actor, session.directory.id, tenant_id)
    except HttpError as error:
        return await _failed(visit, session, visit.t("company_changed_title"), error)
    return _redirect(session)


def _is_asked(connection: Connection, session: SetupSession) -> bool:
    """Return whether this link's administrator must confirm the company that signed in."""
    return connection.reason == UNCONFIRMED and connection.begun_by == session.actor.id


async def _failed(
    visit: PageRequest, session: SetupSession, title: str, error: HttpError
) -> Response:
    """Show the page with the reason why a request failed."""
    detail = visit.text(error.message)
    failed = {"tone": "bad", "title": title, "detail": detail, "remedy": ""}
    now = await setup_session.reread(visit.app, session)
    return await _page(visit, now, Shown(outcome=failed), error.status)


async def connection(visit: PageRequest, session: SetupSession) -> Response:
    """Return the progress of the consent at Microsoft; 204 if it hasn't changed."""
    if not visit.is_partial:
        return _redirect(session)
    found = await consents.check(visit.app, session.actor, session.directory.id)
    current = view(visit, found, session.directory)
    if visit.query.get("seen") == current.mark:
        return Response(204)
    values = _presence_values(session, found, current)
    return page(visit, "setup_presence.html", address=_address(session), **values)


def _presence_values(
    session: SetupSession, found: Connection, current: ConnectionView
) -> dict[str, Any]:
    """Return the values for `setup_presence.html`: the connection, and what this link may do with it.

    `asked` is True if this link's administrator must confirm the company. `foreign` is True if the
    company waits for confirmation, but by another administrator. `ended` is True if the link is
    done.
    """
    is_foreign = found.reason == UNCONFIRMED and found.begun_by != session.actor.id
    return {
        "directory": session.directory,
        "connection": current,
        "asked": _is_asked(found, session) and not session.link.done,
        "foreign": is_foreign,
        "ended": bool(session.link.done),
    }


async def test_numbers(visit: PageRequest, session: SetupSession) -> Response:
    """Show how up to ten numbers are parsed: the pasted ones, or those of the first people provisioned."""
    setup_session.require_set_up(session)
    text = visit.form.get("numbers", "")
    if visit.form.get("source") == "people":
        people = await first_people(visit.app, session.directory, MAX_NUMBERS)
        await setup_session.note_test(visit.app, session)
        tested = [
            TestedNumbers(
                one.name, [number_row(visit, kind, number) for kind, number in one.numbers]
            )
            for one in people
        ]
        fault = "" if people else visit.t("setup_no_people")
        return await _page(visit, session, Shown(tested=tested, numbers_fault=fault))
    typed = [line.strip() for line in text.splitlines() if line.strip()]
    if fault := _fault_of(visit, typed):
        return await _page(visit, session, Shown(numbers=text, numbers_fault=fault), 422)
    await setup_session.note_test(visit.app, session)
    rows = [number_row(visit, "", derive(one, session.directory.region)) for one in typed]
    return await _page(visit, session, Shown(numbers=text, tested=[TestedNumbers("", rows)]))


def _fault_of(visit: PageRequest, numbers: list[str]) -> str:
    if not numbers:
        return visit.t("setup_numbers_missing", most=MAX_NUMBERS)
    if len(numbers) > MAX_NUMBERS:
        return visit.t("numbers_too_many", count=len(numbers), most=MAX_NUMBERS)
    if any(len(one) > _MAX_NUMBER for one in numbers):
        return visit.t("setup_number_too_long", most=_MAX_NUMBER)
    return ""


async def finish(visit: PageRequest, session: SetupSession) -> Response:
    """Mark the link as done and show its summary; an unconfirmed company must be confirmed first."""
    if _is_asked(await consent_status.read(visit.app, session.directory.id), session):
        error = HttpError(409, Message("setup_finish_company"))
        return await _failed(visit, session, visit.t("connection_unconfirmed_title"), error)
    await setup_session.finish(visit.app, session)
    return _redirect(session)


def _redirect(session: SetupSession) -> Response:
    return Response(303, headers={"Location": _address(session)})


def _address(session: SetupSession, part: str = "") -> str:
    address = f"/set-up/{session.link.id}"
    return f"{address}/{part}" if part else address


async def _page(
    visit: PageRequest, session: SetupSession, shown: Shown, status: int = 200
) -> Response:
    directory, link = session.directory, session.link
    found = await consent_status.read(visit.app, directory.id)
    origin = visit.request.origin
    guide = _GUIDES[directory.kind]
    values: dict[str, Any] = {
        "link": link,
        "address": _address(session),
        "shown": shown,
        "base_url": scim_base_url(visit.app, origin, directory.id),
        "token_endpoint": token_endpoint(visit.app, origin, directory.id),
        "key_hosts": sorted(visit.app.settings.trusted_key_hosts),
        "mapping": attribute_mapping.ENTRA
        if directory.kind == "entra"
        else attribute_mapping.OTHER,
        "guide": [visit.pattern(guide.code(step)) for step in sorted(guide.members)],
        "live": await wizard_scim.live_line(visit, directory, _address(session, "live")),
        "most": MAX_NUMBERS,
        **_presence_values(session, found, view(visit, found, directory)),
    }
    template = "setup_done.html" if link.done else _TEMPLATES[link.purpose]
    login = urlsplit(cloud_of(visit.settings).login_url)
    form_origin = f"{login.scheme}://{login.netloc}"
    return page(visit, template, status=status, form_origin=form_origin, **values)
