"""Numbers needing attention, with the remedy."""

from urllib.parse import quote

from contacts import attention
from directories import service
from shared.http import Response
from web.pages.directory import framed
from web.render import page
from web.visit import Visit

_PEOPLE = 100


async def show(visit: Visit) -> Response:
    """`/directories/{directoryId}/numbers`"""
    directory = await service.read(visit.services, visit.account, visit.directory_id)
    after = visit.query.get("after", "")[:100]
    found, more = await attention.list_unparsed(visit.services, directory, _PEOPLE, after)
    following = f"/directories/{directory.id}/numbers?after={quote(more, safe='')}" if more else ""
    return page(visit, "numbers.html", numbers=found, next=following, **await framed(visit, directory, "numbers"))
