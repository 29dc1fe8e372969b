"""The contact centre's page of a directory's set-up links: create them, see their progress, revoke them."""

from dataclasses import dataclass
from typing import Any

from directories import service, setup_link_service, status, store, tokens
from directories.audit import LINK_ACTOR
from directories.models import Directory
from directories.setup_link_service import NewLink, NoPresence, TooManyLinks
from directories.setup_links import Purpose, SetupLink
from directories.status import DirectoryStatus
from presence.consent import status as consent_status
from presence.consent.names import company_words
from presence.consent.service import origin_of
from presence.consent.status import UNCONFIRMED, Connection
from shared.http import Response
from web.page_request import PageRequest
from web.pages.directory import framed
from web.render import dialog, page
from web.text_families import LINK_CREDENTIAL, LINK_PURPOSE, LINK_STATE

_TONES = {"waiting": "", "opened": "accent", "done": "good", "expired": "warn", "revoked": ""}


@dataclass(frozen=True, slots=True)
class Mark:
    """A step of the set-up: whether it is done, its text, and when it was done ("" if unknown)."""

    done: bool
    words: str
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A link in the list."""

    id: str
    purpose: str
    words: str
    tone: str
    created: str
    expires: str
    live: bool
    elsewhere: str
    marks: list[Mark]


async def show(visit: PageRequest) -> Response:
    """Show `/directories/{directoryId}/links`."""
    return await _shown(visit, await service.read(visit.app, visit.account, visit.directory_id))


async def create(visit: PageRequest) -> Response:
    """Create a link; only this response contains its address."""
    try:
        purpose: Purpose = "sign-in" if visit.form.get("purpose") == "sign-in" else "set-up"
        new_id = _id_of(visit, visit.form.get("once", ""))
        new = await setup_link_service.create(
            visit.app, visit.actor, visit.directory_id, new_id, purpose
        )
    except (NoPresence, TooManyLinks) as error:
        directory = await service.read(visit.app, visit.account, visit.directory_id)
        return await _shown(visit, directory, fault=visit.text(error.message), code=409)
    except (
        setup_link_service.CreatedBefore
    ):  # the response was reloaded, so the form was sent twice
        return visit.go(f"/directories/{visit.directory_id}/links")
    return await _shown(visit, new.directory, new)


def _id_of(visit: PageRequest, once: str) -> str:
    """Return the ID of the link that a form creates, derived from the form's field `once` and the user.

    Because the ID is derived, submitting the same form twice creates only one link. If `once` is
    "", return "", with which the link gets a random ID.
    """
    if not once:
        return ""
    actor = visit.actor
    return tokens.short_id_of(visit.directory_id, actor.account, actor.id, once, length=12)


async def waiting_sign_ins(visit: PageRequest, directory: Directory) -> list[LinkRow]:
    """Return the directory's sign-in links that are still valid."""
    links = await setup_link_service.list_links(visit.app, visit.account, directory.id)
    now = store.now(visit.app.clock)
    live = [link for link in links if link.purpose == "sign-in" and link.is_live(now)]
    return [_row(visit, link, []) for link in live]


async def ask_to_revoke(visit: PageRequest) -> Response:
    """Show the dialog that explains what revoking the link will cause."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    return dialog(
        visit, "setup_revoke.html", directory=directory, id=visit.query.get("id", "")[:40]
    )


async def revoke(visit: PageRequest) -> Response:
    """Revoke a link at once."""
    link_id = visit.form.get("id", "")[:40]
    await setup_link_service.revoke(visit.app, visit.actor, visit.directory_id, link_id)
    return visit.go(f"/directories/{visit.directory_id}/links")


async def _shown(
    visit: PageRequest,
    directory: Directory,
    new: NewLink | None = None,
    fault: str = "",
    code: int = 200,
) -> Response:
    links = await setup_link_service.list_links(visit.app, visit.account, directory.id)
    glance = await status.glance(visit.app, directory, last_refusal=False)
    connection = await consent_status.read(visit.app, directory.id)
    origin = origin_of(visit.app, visit.request)
    rows = [
        _row(visit, link, _marks(visit, directory, link, glance, connection) if link.opened else [])
        for link in links
    ]
    values: dict[str, Any] = {
        "links": rows,
        "once": tokens.new_short_id(),
        "fresh": new.address(origin) if new else "",
        "fresh_purpose": new.link.purpose if new else "",
        "live": any(row.live for row in rows),
        "connected": _connected(visit, links, connection),
        "fault": fault,
        **await framed(visit, directory, "links"),
    }
    return page(visit, "setup_links.html", status=code, **values)


def _connected(visit: PageRequest, links: list[SetupLink], connection: Connection) -> str:
    """Return a sentence about the company that was connected through one of the links, or ""."""
    began = connection.begun_by.removeprefix(LINK_ACTOR)
    if connection.state in ("none", "removed") or began not in {link.id for link in links}:
        return ""
    company = company_words(connection.tenant_name, connection.domain or connection.tenant_id)
    if connection.reason == UNCONFIRMED:
        return visit.t("links_unconfirmed", company=company, id=began)
    return visit.t("links_connected", company=company, id=began)


def _row(visit: PageRequest, link: SetupLink, marks: list[Mark]) -> LinkRow:
    now = store.now(visit.app.clock)
    state = link.state(now)
    return LinkRow(
        id=link.id,
        purpose=visit.t(LINK_PURPOSE.code(link.purpose.replace("-", "_"))),
        words=visit.t(LINK_STATE.code(state)),
        tone=_TONES[state],
        created=link.created,
        expires=link.expires,
        live=link.is_live(now),
        elsewhere=link.elsewhere,
        marks=marks,
    )


def _marks(
    visit: PageRequest,
    directory: Directory,
    link: SetupLink,
    glance: DirectoryStatus,
    connection: Connection,
) -> list[Mark]:
    """Return the steps of a link that was opened.

    Steps that concern the directory itself are the same for every link.
    """
    opened = Mark(True, visit.t("link_step_opened"), link.opened)
    company = Mark(bool(link.accepted), visit.t("link_step_company"), link.accepted)
    presence = Mark(connection.state == "active", visit.t("link_step_presence"))
    done = Mark(bool(link.done), visit.t("link_step_done"), link.done)
    if link.purpose == "sign-in":
        return [opened, company, presence, done]
    people = glance.totals.users
    notice = visit.t(
        LINK_CREDENTIAL.code(link.credential) if link.credential else "link_step_credential"
    )
    called = glance.stage != "waiting"
    marks = [
        opened,
        Mark(bool(link.credential), notice, link.credential_at),
        Mark(called, visit.t("live_called") if called else visit.t("link_step_call")),
        Mark(bool(people), visit.counted("live_people", people)),
    ]
    if directory.kind == "entra":
        marks += [company, presence]
    return [*marks, done]
