"""The people whom an agent opened last, and the searches that led to them."""

from contacts import agent_lists
from contacts.agent_lists import AgentLists
from shared.http import Response
from web.page_request import PageRequest, trigger


async def clear(visit: PageRequest) -> Response:
    """Remove the recent people and searches of the person."""
    await agent_lists.change(visit.app, visit.reader, AgentLists.without_recents)
    if not visit.is_partial:
        return visit.go("/contacts?recent=1")
    headers = trigger("favourites-changed", visit.t("recents_cleared"))
    return Response(204, headers=headers)


def note(visit: PageRequest, lists: AgentLists, key: str, search: str) -> None:
    """Note, in the background, that a person was opened; `lists` are those read for the page."""
    now = visit.app.clock.now()
    if lists.with_recent(key, search, now) == lists:
        return

    async def store() -> None:
        await agent_lists.change(
            visit.app, visit.reader, lambda stored: stored.with_recent(key, search, now)
        )

    visit.app.background.start_optional(store(), "recents.lost")
