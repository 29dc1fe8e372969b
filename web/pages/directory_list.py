"""External Directories: the list and its actions (rename, delete, undo)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from directories import deletion, service, store
from directories import status as directory_status
from directories.errors import InvalidField, NotThere
from directories.models import Directory
from presence.consent import status as connections
from presence.consent.status import Connection
from shared.clock import parse_timestamp
from shared.concurrency import each
from shared.http import Response
from web.page_request import PageRequest
from web.pages.alerts import Problem, problems_of
from web.render import dialog, page
from web.translations import fault_text, outcome_words


@dataclass(frozen=True, slots=True)
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
    until: datetime | None = None  # when a deletion can no longer be undone


async def show(visit: PageRequest) -> Response:
    """Show `/`; redirect people who may only see contacts to these."""
    assert visit.person is not None
    if not visit.person.is_admin:
        return visit.go("/contacts")
    found = await store.of_account(visit.app.tables, visit.app.clock, visit.account)
    shown = [one for one in found if one.is_active or deletion.is_restorable(visit.app, one)]
    rows = await each(shown, lambda one: _row(visit, one))
    outcome = outcome_words(visit, visit.query.get("outcome", ""))
    if outcome:  # of which directory is not known here, so neither is the page to begin again on
        outcome["remedy"] = visit.t("outcome_elsewhere_remedy")
    return page(visit, "home.html", directories=rows, outcome=outcome)


async def to_list(visit: PageRequest) -> Response:
    """Redirect `/directories` to the list."""
    return visit.go("/")


async def _row(visit: PageRequest, directory: Directory) -> Row:
    if not directory.is_active:
        until = parse_timestamp(directory.deleted) + deletion.RESTORE_WINDOW
        return Row(directory.id, directory.name, directory.kind, "", deleting=True, until=until)
    glance = await directory_status.glance(visit.app, directory, last_refusal=False)
    connection = await connections.read(visit.app, directory.id)
    unfinished = directory.setup != "done"
    return Row(
        directory.id,
        directory.name,
        directory.kind,
        f"/directories/{directory.id}/{directory.setup}"
        if unfinished
        else f"/directories/{directory.id}",
        glance.totals.active,
        glance.last_call
        if glance.stage == "provisioning"
        else "",  # a test of the connection does not provision people
        presence_badge(visit, directory, connection),
        problems_of(visit, directory, glance, connection),
        unfinished,
    )


def presence_badge(
    visit: PageRequest, directory: Directory, connection: Connection
) -> dict[str, str]:
    """Presence in a word, with its tone."""
    if directory.kind != "entra":
        return {"tone": "", "words": "–"}
    match connection.state:
        case "active" if connection.health.get("stale"):
            return {"tone": "warn", "words": visit.t("presence_delayed")}
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
    """Show the dialog that asks for another name."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    return dialog(visit, "rename.html", directory=directory, name=directory.name, faults={})


async def rename(visit: PageRequest) -> Response:
    """Take the other name."""
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
    return _back(visit, visit.t("directory_renamed"))


async def ask_to_delete(visit: PageRequest) -> Response:
    """Show the dialog that asks for the name as confirmation."""
    return await _delete_dialog(visit, {})


async def delete(visit: PageRequest) -> Response:
    """Delete the directory if its name was typed; for some minutes this can be undone."""
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
    """Undo a deletion."""
    try:
        await deletion.restore(visit.app, visit.actor, visit.directory_id)
    except NotThere:
        return visit.go("/")
    return visit.go("/", visit.t("directory_restored"))


def _back(visit: PageRequest, notice: str) -> Response:
    """Close the dialog and reload the page under it."""
    own = f"/directories/{visit.directory_id}"
    behind = urlsplit(visit.request.headers.get("hx-current-url", ""))
    filters = f"?{behind.query}" if behind.query else ""
    place = (
        f"{behind.path}{filters}"
        if behind.path.startswith(f"{own}/")
        else "/"
        if behind.path == "/"
        else own
    )
    return visit.go(place, notice)
