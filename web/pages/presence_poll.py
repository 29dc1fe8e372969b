"""Changes on an open Organisation page: statuses of the people shown, and the age of the list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contacts import account_directories, agent_lists
from directories.models import Directory
from presence.service import Status, statuses
from shared.concurrency import each
from shared.http import HttpError, Response
from web.page_request import PageRequest, trigger
from web.pages.companies import MAX_SELECT
from web.pages.contact_rows import PresenceView, is_object_id, presence_view
from web.pages.favourites import star_of
from web.pages.organisation import list_mark
from web.pages.person import CardView, Opened, card_of
from web.pages.person import values as person_values
from web.render import page

_MOST = 100

Shown = tuple[str, str, str]  # key, object id, mark


async def show(visit: PageRequest) -> Response:
    """Return only changes since the marks that the page sends; 204 if there are none."""
    directories = await account_directories.all_directories(visit.app, visit.reader)
    changed = await _changed(visit, directories, _shown(visit.form.get("shown", "")))
    card = await _card(visit, visit.form.get("card", ""))
    mark = await list_mark(visit, directories)
    outdated = mark != visit.form.get("list", mark)
    if not (changed or card or outdated):
        return Response(204)
    values: dict[str, Any] = {"changed": changed, "outdated": outdated}
    values |= {**person_values(card.opened, gone=card.is_gone), "told": card.presence}
    values |= {"directories": directories, "chosen": visit.form.get("directory", "")}
    # The picker of many companies reads its list when it is searched, so it isn't drawn again.
    values["companies"] = len(directories) > MAX_SELECT
    return page(
        visit,
        "presence_changes.html",
        headers=trigger("list-outdated") if outdated else {},
        **values,
    )


def _shown(text: str) -> list[Shown]:
    """Return the statuses shown, from a comma-separated list of `key~object id~mark`."""
    parts = [part.split("~") for part in text.split(",")[:_MOST] if part.count("~") == 2]
    return [(key, object_id, mark) for key, object_id, mark in parts if is_object_id(object_id)]


async def _changed(
    visit: PageRequest, directories: Sequence[Directory], shown: list[Shown]
) -> list[PresenceView]:
    own = [one for one in directories if any(key.startswith(f"{one.id}.") for key, _, _ in shown)]

    async def of(directory: Directory) -> dict[str, Status]:
        ids = [object_id for key, object_id, _ in shown if key.startswith(f"{directory.id}.")]
        return await statuses(visit.app, directory.id, ids, on_demand=True)

    found = dict(zip([one.id for one in own], await each(own, of), strict=True))
    views = [
        (presence_view(visit, key, found[directory_id].get(object_id)), mark)
        for key, object_id, mark in shown
        if (directory_id := key.partition(".")[0]) in found
    ]
    return [view for view, mark in views if view.mark != mark]


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
