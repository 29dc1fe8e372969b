"""The endpoints `/Bulk` and `/.search`, which searches users and groups together."""

from dataclasses import replace
from typing import Any

import azure.functions as func

from scim.bulk import service
from scim.context import Context
from scim.core.errors import ScimError, UnknownAttribute
from scim.core.schemas import GROUP, USER, ResourceType
from scim.dispatch import Dispatcher
from scim.groups.service import GroupService
from scim.http import (
    list_response,
    named_parameters,
    parse_json,
    parse_search,
    scim_response,
    search_parameters,
)
from scim.list_query import ListQuery
from scim.list_response import ListResponse
from scim.users.service import UserService
from shared.http import Request, Response
from shared.messages import Message


def register(functions: func.Blueprint, dispatcher: Dispatcher) -> None:
    """Register the functions of `/Bulk` and `/.search`."""
    dispatcher.add(functions, "scim_bulk", "Bulk", POST=_bulk)
    dispatcher.add(functions, "scim_search", ".search", POST=_search)


async def _bulk(context: Context, request: Request) -> Response:
    operations, fail_on_errors = service.parse_bulk(parse_json(request))
    results = await service.carry_out(context, operations, fail_on_errors)
    return scim_response({"schemas": [service.BULK_RESPONSE], "Operations": results})


async def _search(context: Context, request: Request) -> Response:
    """Return users first, then groups, in one list (RFC 7644 section 3.4.3)."""
    body = parse_json(request)
    if isinstance(body, dict) and "cursor" in named_parameters(body):
        raise ScimError(
            400,
            Message("cursor_over_types"),
            "invalidCursor",
        )
    of_users, of_groups = _query(body, USER), _query(body, GROUP)
    if of_users is None and of_groups is None:
        parse_search(body, USER)  # raises the error with its reason
    filter_text = search_parameters(body).get("filter", "")
    total, shown = 0, list[bytes]()
    if of_users:
        found = await UserService(context).list(of_users, filter_text)
        total, shown = found.total or 0, list(found.resources)
    if of_groups:
        start = max(1, of_groups.start_index - total)
        is_past_users = of_groups.start_index + len(shown) > total
        room = of_groups.count - len(shown) if is_past_users else 0
        rest = replace(of_groups, start_index=start, count=room)
        more = await GroupService(context).list(rest, filter_text)
        total, shown = total + (more.total or 0), [*shown, *more.resources]
    start_index = (of_users or of_groups or rest).start_index
    return list_response(ListResponse(total=total, start_index=start_index, resources=shown))


def _query(body: Any, kind: ResourceType) -> ListQuery | None:
    """Return the query for one resource type, or None if its filter names attributes that the type lacks."""
    try:
        return parse_search(body, kind)
    except UnknownAttribute:
        return None
