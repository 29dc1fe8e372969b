"""Changes for an open Organisation page: new statuses of the people shown, and whether the list is outdated.

Statuses of single people are also available as JSON, for the parts that a script updates:
stand-ins, the reporting line, and people of whom the agent wants to be notified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from contacts import account_directories, agent_lists
from directories.models import Directory
from presence.service import Status, statuses
from shared.concurrency import each
from shared.http import HttpError, Response, json_response
from web.page_request import PageRequest, trigger
from web.pages.companies import MAX_SELECT
from web.pages.contact_rows import PresenceView, is_object_id, presence_view
from web.pages.favourites import star_of
from web.pages.organisation import list_mark
from web.pages.person import GONE, NO_CARD, CardView, Opened, card_of
from web.render import page

_MAX_PEOPLE = 100


class _Shown(NamedTuple):
    """A person on the page, and the mark of the status that the page shows."""

    key: str
    object_id: str
    mark: str


async def show(visit: PageRequest) -> Response:
    """Return the changes since the marks that the page sends; 204 if there are none."""
    directories = await account_directories.all_directories(visit.app, visit.reader)
    changed = await _changed(visit, directories, _parse_shown(visit.form.get("shown", "")))
    card = await _card(visit, visit.form.get("card", ""))
    mark = await list_mark(visit, directories)
    outdated = mark != visit.form.get("list", mark)
    if not (changed or card or outdated):
        return Response(204)
    values: dict[str, Any] = {"changed": changed, "outdated": outdated}
    no_card = GONE if card.is_gone else NO_CARD
    values |= card.opened.values if card.opened else no_card
    values["told"] = card.presence
    values |= {"directories": directories, "chosen": visit.form.get("directory", "")}
    # With many companies, their field requests its list when the user types: not rendered here.
    values["companies"] = len(directories) > MAX_SELECT
    return page(
        visit,
        "presence_changes.html",
        headers=trigger("list-outdated") if outdated else {},
        **values,
    )


def _parse_shown(text: str) -> list[_Shown]:
    """Parse the statuses shown, a comma-separated list of `key~object id~mark`."""
    parts = [part.split("~") for part in text.split(",")[:_MAX_PEOPLE] if part.count("~") == 2]
    return [one for one in map(_Shown._make, parts) if is_object_id(one.object_id)]


async def _changed(
    visit: PageRequest, directories: Sequence[Directory], shown: list[_Shown]
) -> list[PresenceView]:
    found = await _statuses(visit, directories, {one.key: one.object_id for one in shown})
    views = [
        (presence_view(visit, one.key, found[directory_id].get(one.object_id)), one.mark)
        for one in shown
        if (directory_id := one.key.partition(".")[0]) in found
    ]
    return [view for view, mark in views if view.mark != mark]


async def _statuses(
    visit: PageRequest, directories: Sequence[Directory], asked: Mapping[str, str]
) -> dict[str, dict[str, Status]]:
    """Return the statuses of people by directory ID, then by object ID.

    `asked` are the object IDs by key. Statuses older than ten seconds are requested from Microsoft.
    It needs at most one round trip per directory.
    """
    own = [one for one in directories if any(key.startswith(f"{one.id}.") for key in asked)]

    async def of(directory: Directory) -> dict[str, Status]:
        ids = [one for key, one in asked.items() if key.startswith(f"{directory.id}.")]
        return await statuses(visit.app, directory.id, ids, on_demand=True)

    return dict(zip([one.id for one in own], await each(own, of), strict=True))


@dataclass(frozen=True, slots=True)
class _Card:
    """How the open card changed: its presence only, all its content (`opened`), or the person is gone.

    All fields are empty if nothing changed.
    """

    presence: CardView | None = None
    opened: Opened | None = None
    is_gone: bool = False

    def __bool__(self) -> bool:
        return bool(self.presence or self.opened or self.is_gone)


async def _card(visit: PageRequest, text: str) -> _Card:
    """Return how the open card differs from the person as stored.

    `text` has the card's key, the mark of its presence, and the mark of its other content,
    separated by `~`.
    """
    key, _, marks = text.partition("~")
    if not key:
        return _Card()
    mark, _, content = marks.partition("~")
    try:
        card = await card_of(visit, key)
    except HttpError as error:
        return _Card(is_gone=error.status == 404)
    if content and content != card.mark:
        return _Card(
            opened=Opened(card, star_of(await agent_lists.read(visit.app, visit.reader), key))
        )
    is_changed = card.presence is not None and card.presence.mark != mark
    return _Card(presence=card if is_changed else None)


async def show_statuses(visit: PageRequest) -> Response:
    """Return JSON with state, text, staleness and whether the person is free, by key.

    The form field `of` is a comma-separated list of `key~object id`.
    """
    parts = [part.partition("~") for part in visit.form.get("of", "").split(",")[:_MAX_PEOPLE]]
    asked = {key: object_id for key, _, object_id in parts if is_object_id(object_id)}
    directories = await account_directories.all_directories(visit.app, visit.reader)
    found = await _statuses(visit, directories, asked)
    now, shown = visit.app.clock.now(), dict[str, dict[str, object]]()
    for key, object_id in asked.items():
        status = found.get(key.partition(".")[0], {}).get(object_id)
        if status is None:
            continue
        view = presence_view(visit, key, status)
        is_free = view.readiness == "free" and status.is_confirmed(now)
        shown[key] = {
            "state": view.state.lower(),
            "words": view.words,
            "stale": view.stale,
            "free": is_free,
        }
    return json_response(shown, headers={"Cache-Control": "no-store"})
