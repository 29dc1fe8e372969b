"""Changes on an open Organisation page: statuses of the people shown, and the age of the list.

Statuses of a few people come as JSON, for the parts that a script keeps up to date: stand-ins, the reporting
line, and people whom the agent wants to be told about.
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
    """A person in view, and the mark of the status that the page shows."""

    key: str
    object_id: str
    mark: str


async def show(visit: PageRequest) -> Response:
    """Return only changes since the marks that the page sends; 204 if there are none."""
    directories = await account_directories.all_directories(visit.app, visit.reader)
    changed = await _changed(visit, directories, _read_shown(visit.form.get("shown", "")))
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
    # The picker of many companies reads its list when it is searched, so it isn't drawn again.
    values["companies"] = len(directories) > MAX_SELECT
    return page(
        visit,
        "presence_changes.html",
        headers=trigger("list-outdated") if outdated else {},
        **values,
    )


def _read_shown(text: str) -> list[_Shown]:
    """Return the statuses shown, from a comma-separated list of `key~object id~mark`."""
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
    """Return the statuses of people by directory and object ID; `asked` are object IDs by key.

    Microsoft is asked for those older than ten seconds. At most one round trip per directory.
    """
    own = [one for one in directories if any(key.startswith(f"{one.id}.") for key in asked)]

    async def of(directory: Directory) -> dict[str, Status]:
        ids = [one for key, one in asked.items() if key.startswith(f"{directory.id}.")]
        return await statuses(visit.app, directory.id, ids, on_demand=True)

    return dict(zip([one.id for one in own], await each(own, of), strict=True))


@dataclass(frozen=True, slots=True)
class _Card:
    """The changes of the open card: its presence, all of it (`opened`), or the person is gone."""

    presence: CardView | None = None
    opened: Opened | None = None
    is_gone: bool = False

    def __bool__(self) -> bool:
        return bool(self.presence or self.opened or self.is_gone)


async def _card(visit: PageRequest, text: str) -> _Card:
    """Compare the open card with the person as stored.

    `text` is the key, the mark of the presence and that of the other content, divided by `~`.
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
    """Return state, words and readiness by key, for a comma-separated list of `key~object id`."""
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
