"""External Directories: the list of directories and its actions (rename, delete, undo)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from directories import deletion, overview, service, store
from directories import status as directory_status
from directories.errors import InvalidField, NameTaken, NotThere
from directories.models import Directory
from directories.overview import STATES, Overview
from directories.selection import SORTS
from presence.consent import status as connections
from presence.consent.status import Connection
from shared.clock import parse_timestamp
from shared.concurrency import each
from shared.http import Response
from web.page_request import PageRequest
from web.pages.alerts import Problem, problems_of
from web.pages.directory_filters import filters_of, part_of
from web.render import dialog, page
from web.text_families import WAITING
from web.translations import fault_text, outcome_words

MAX_LIVE = 50  # up to this many directories, the page reads the state of each


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A directory in the list."""

    id: str
    name: str
    kind: str
    href: str
    people: int = 0
    last_at: str = ""
    presence: dict[str, str] | None = None
    problems: Sequence[Problem] = ()
    setup: bool = False
    deleting: bool = False
    waiting: str = ""  # the next step of a directory without problems
    overview: Overview | None = None
    until: datetime | None = None  # when a deletion can no longer be undone


async def show(visit: PageRequest) -> Response:
    """Show `/`; redirect users who may only see contacts to the Organisation page."""
    assert visit.person is not None
    if not visit.person.is_admin:
        return visit.go("/contacts")
    filters, listed = filters_of(visit.query), await _listed(visit)
    outcome = outcome_words(visit, visit.query.get("outcome", ""))
    if outcome:  # the directory is unknown, so the remedy can't link to its page
        outcome["remedy"] = visit.t("outcome_elsewhere_remedy")
    chosen = filters.selection.of(listed.overviews)
    paged = part_of(filters, chosen)
    rows = await listed.rows_of(paged.shown)
    due = 0
    if not listed.is_live:
        due = overview.refresh_due(visit.app, visit.account, listed.overviews)
    overviews = [row.overview for row in rows if row.overview]
    overview.keep_seen(visit.app, visit.account, listed.stored, overviews)
    return page(
        visit,
        "home.html",
        directories=rows,
        outcome=outcome,
        filters=filters,
        paged=paged,
        total=len(listed.overviews),
        due=due,
        sorts=list(SORTS),
        states=["", *STATES],
    )


@dataclass(frozen=True, slots=True)
class _Listed:
    """The account's directories, to be filtered and shown as a list.

    `stored` are their stored overviews. `rows` has a row by directory ID if the current state of every
    directory was read for this page, else it is None.
    """

    visit: PageRequest
    stored: Sequence[Overview]
    rows: Mapping[str, Row] | None

    @property
    def is_live(self) -> bool:
        """Return whether the current state of every directory was read for this page."""
        return self.rows is not None

    @property
    def overviews(self) -> Sequence[Overview]:
        """The overviews: current ones if all states were read, else the stored ones."""
        if self.rows is None:
            return self.stored
        return [row.overview for row in self.rows.values() if row.overview]

    async def rows_of(self, shown: Sequence[Overview]) -> list[Row]:
        """Return the rows of these directories with their current states.

        Directories deleted in the meantime are left out.
        """
        if self.rows is not None:
            return [self.rows[one.id] for one in shown]
        found = await each(shown, lambda one: _row_of(self.visit, one.id))
        return [row for row in found if row is not None]


async def _listed(visit: PageRequest) -> _Listed:
    stored = await overview.of_account(visit.app, visit.account)
    if len(stored) > MAX_LIVE:
        return _Listed(visit, stored, None)
    found = await each(stored, lambda one: _row_of(visit, one.id))
    return _Listed(visit, stored, {row.id: row for row in found if row is not None})


async def _row_of(visit: PageRequest, directory_id: str) -> Row | None:
    """Return the row of a directory; None if it is gone or its deletion can no longer be undone."""
    directory = await store.get(visit.app.tables, directory_id)
    if directory is None or directory.account != visit.account:
        return None
    if not directory.is_active and not deletion.is_restorable(visit.app, directory):
        return None
    return await _row(visit, directory)


async def to_list(visit: PageRequest) -> Response:
    """Redirect `/directories` to the list at `/`."""
    return visit.go("/")


async def _row(visit: PageRequest, directory: Directory) -> Row:
    if not directory.is_active:
        until = parse_timestamp(directory.deleted) + deletion.RESTORE_WINDOW
        return Row(
            id=directory.id,
            name=directory.name,
            kind=directory.kind,
            href="",
            deleting=True,
            overview=overview.of_deleted(visit.app, directory),
            until=until,
        )
    glance = await directory_status.glance(visit.app, directory, last_refusal=False)
    connection = await connections.read(visit.app, directory.id)
    unfinished = directory.setup != "done"
    return Row(
        id=directory.id,
        name=directory.name,
        kind=directory.kind,
        href=f"/directories/{directory.id}/{directory.setup}"
        if unfinished
        else f"/directories/{directory.id}",
        people=glance.totals.active,
        last_at=glance.last_call
        if glance.stage == "provisioning"
        else "",  # a connection test provisions no one
        presence=presence_badge(visit, directory, connection),
        problems=problems_of(visit, directory, glance, connection),
        setup=unfinished,
        waiting=visit.t(WAITING.code(glance.stage)) if glance.stage != "provisioning" else "",
        overview=overview.describe(
            visit.app, directory, glance, [connections.severity_of(connection)]
        ),
    )


def presence_badge(
    visit: PageRequest, directory: Directory, connection: Connection
) -> dict[str, str]:
    """Return the badge for a directory's presence: its colour (`tone`) and its text (`words`)."""
    if directory.kind != "entra":
        return {"tone": "", "words": "–"}
    match connection.state:
        case "active" if connection.health.get("stale"):
            return {"tone": "warn", "words": visit.t("presence_delayed")}
        case "active" | "waiting" if connection.reason == connections.NO_PEOPLE:
            return {"tone": "accent", "words": visit.t("presence_on_no_people")}
        case "active" | "waiting":
            return {"tone": "good", "words": visit.t("presence_on")}
        case "propagating":
            return {"tone": "accent", "words": visit.t("presence_connecting")}
        case "troubled":
            return {"tone": "warn", "words": visit.t("presence_delayed")}
        case "lost":
            return {"tone": "bad", "words": visit.t("presence_lost")}
    return {
        "tone": "",
        "words": visit.t("presence_undecided" if directory.presence != "off" else "presence_off"),
    }


async def ask_for_name(visit: PageRequest) -> Response:
    """Show the dialog in which a directory is renamed."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    return dialog(visit, "rename.html", directory=directory, name=directory.name, faults={})


async def rename(visit: PageRequest) -> Response:
    """Rename the directory, or show the dialog again with the fault of the name."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    name = visit.form.get("name", "")
    try:
        await service.set_up(visit.app, visit.actor, directory.id, name=name)
    except InvalidField as fault:
        return dialog(
            visit,
            "rename.html",
            status=422,
            directory=directory,
            name=name,
            faults={"name": fault_text(visit, fault)},
        )
    return _close_dialog(visit, visit.t("directory_renamed"))


async def ask_to_delete(visit: PageRequest) -> Response:
    """Show the dialog in which a deletion is confirmed by typing the directory's name."""
    return await _delete_dialog(visit, {})


async def delete(visit: PageRequest) -> Response:
    """Delete the directory if the typed name is right; for some minutes the deletion can be undone."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    if " ".join(visit.form.get("name", "").split()) != directory.name:
        return await _delete_dialog(visit, {"name": visit.t("name_differs")}, 422)
    await deletion.delete(visit.app, visit.actor, directory.id)
    return visit.go("/", visit.t("directory_deleted"))


async def _delete_dialog(visit: PageRequest, faults: dict[str, str], status: int = 200) -> Response:
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    glance = await directory_status.glance(visit.app, directory, last_refusal=False)
    meaning = visit.counted("delete_meaning", glance.totals.users)
    values: dict[str, Any] = {"directory": directory, "meaning": meaning, "faults": faults}
    return dialog(
        visit,
        "delete.html",
        status=status,
        undo_minutes=int(deletion.RESTORE_WINDOW.total_seconds()) // 60,
        **values,
    )


async def restore(visit: PageRequest) -> Response:
    """Undo a deletion and redirect to the list, with a message if that isn't possible."""
    try:
        await deletion.restore(visit.app, visit.actor, visit.directory_id)
    except NotThere:
        return visit.go("/")
    except NameTaken as taken:
        return visit.go("/", visit.text(taken.message))
    return visit.go("/", visit.t("directory_restored"))


def _close_dialog(visit: PageRequest, notice: str) -> Response:
    """Return a redirect that closes the dialog and reloads the page below it."""
    own = f"/directories/{visit.directory_id}"
    behind = urlsplit(visit.request.headers.get("hx-current-url", ""))
    filters = f"?{behind.query}" if behind.query else ""
    address = (
        f"{behind.path}{filters}"
        if behind.path.startswith(f"{own}/")
        else "/"
        if behind.path == "/"
        else own
    )
    return visit.go(address, notice)
