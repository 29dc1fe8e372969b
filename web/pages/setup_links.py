"""The contact centre's page of a directory's set-up links: create, follow and revoke them."""

from dataclasses import dataclass
from typing import Any

from directories import service, setup_link_service, status, store, tokens
from directories.models import Directory
from directories.setup_link_service import NewLink, TooManyLinks
from directories.setup_links import SetupLink
from directories.status import DirectoryStatus
from presence.consent import status as consent_status
from presence.consent.service import origin_of
from presence.consent.status import Connection
from shared.http import Response
from web.page_request import PageRequest
from web.pages.directory import framed
from web.render import dialog, page
from web.text_families import LINK_CREDENTIAL, LINK_STATE

_TONES = {"waiting": "", "opened": "accent", "done": "good", "expired": "warn", "revoked": ""}


@dataclass(frozen=True, slots=True)
class Mark:
    """A step of the set-up: whether it is done, its words, and when ("" if that isn't known)."""

    done: bool
    words: str
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A link in the list."""

    id: str
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
    """Create a link; its address is in this answer only."""
    try:
        new = await setup_link_service.create(
            visit.app, visit.actor, visit.directory_id, _id_of(visit, visit.form.get("once", ""))
        )
    except TooManyLinks as error:
        directory = await service.read(visit.app, visit.account, visit.directory_id)
        return await _shown(visit, directory, fault=visit.text(error.message), code=409)
    except setup_link_service.CreatedBefore:  # the answer was reloaded
        return visit.go(f"/directories/{visit.directory_id}/links")
    return await _shown(visit, new.directory, new)


def _id_of(visit: PageRequest, once: str) -> str:
    """Return the ID of the link that this person's form `once` creates; "" for any."""
    if not once:
        return ""
    actor = visit.actor
    return tokens.short_id_of(visit.directory_id, actor.account, actor.id, once, length=12)


async def ask_to_revoke(visit: PageRequest) -> Response:
    """Show the dialog that explains the effect of revoking."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    return dialog(
        visit, "setup_revoke.html", directory=directory, id=visit.query.get("id", "")[:40]
    )


async def revoke(visit: PageRequest) -> Response:
    """End a link at once."""
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
    values: dict[str, Any] = {
        "links": [_row(visit, directory, link, glance, connection) for link in links],
        "once": tokens.new_short_id(),
        "fresh": f"{origin}/set-up#{new.code}" if new else "",
        "fault": fault,
        **await framed(visit, directory, "links"),
    }
    return page(visit, "setup_links.html", status=code, **values)


def _row(
    visit: PageRequest,
    directory: Directory,
    link: SetupLink,
    glance: DirectoryStatus,
    connection: Connection,
) -> LinkRow:
    now = store.now(visit.app.clock)
    state = link.state(now)
    return LinkRow(
        id=link.id,
        words=visit.t(LINK_STATE.code(state)),
        tone=_TONES[state],
        created=link.created,
        expires=link.expires,
        live=link.is_live(now),
        elsewhere=link.elsewhere,
        marks=_marks(visit, directory, link, glance, connection) if link.opened else [],
    )


def _marks(
    visit: PageRequest,
    directory: Directory,
    link: SetupLink,
    glance: DirectoryStatus,
    connection: Connection,
) -> list[Mark]:
    """Return the steps of a link that was opened.

    Steps of the directory itself are the same for every link.
    """
    people = glance.totals.users
    taken = visit.t(
        LINK_CREDENTIAL.code(link.credential) if link.credential else "link_step_credential"
    )
    called = glance.stage != "waiting"
    marks = [
        Mark(True, visit.t("link_step_opened"), link.opened),
        Mark(bool(link.credential), taken, link.credential_at),
        Mark(called, visit.t("live_called") if called else visit.t("link_step_call")),
        Mark(bool(people), visit.counted("live_people", people)),
    ]
    if directory.kind == "entra":
        marks.append(Mark(connection.state == "active", visit.t("link_step_presence")))
    return [*marks, Mark(bool(link.done), visit.t("link_step_done"), link.done)]
