"""`/Users` and `/Users/{id}`: HTTP in, HTTP out (RFC 7644 sections 3.3 to 3.6)."""

from typing import Any

import azure.functions as func

from scim.context import Context
from scim.core.patch import read_patch
from scim.core.projection import Projection
from scim.core.schemas import USER
from scim.dispatch import Edge
from scim.http import (
    parameters,
    read_json,
    read_list_query,
    read_projection,
    read_search,
    resource_response,
    scim_response,
)
from scim.preconditions import Preconditions
from scim.query import list_resources
from scim.users import service
from scim.users.record import MAX_BYTES
from scim.users.representation import represent
from scim.users.store import StoredUser
from shared.http import Request, Response


def register(functions: func.Blueprint, edge: Edge) -> None:
    """The functions of the Users endpoint."""
    edge.add(functions, "scim_users", "Users", **COLLECTION)
    edge.add(functions, "scim_user", "Users/{id}", search=_search, **ONE)


async def _list(context: Context, request: Request) -> Response:
    query = read_list_query(parameters(request), USER)
    return scim_response(await list_resources(context.app, service.Users(context), query))


async def _search(context: Context, request: Request) -> Response:
    """POST /Users/.search (RFC 7644 section 3.4.3)."""
    query = read_search(_body(request), USER)
    return scim_response(await list_resources(context.app, service.Users(context), query))


async def _create(context: Context, request: Request) -> Response:
    projection = read_projection(parameters(request), USER)
    user = await service.create(context, _body(request))
    return resource_response(represent(user, context.base_url), projection, 201)


async def _read(context: Context, request: Request) -> Response:
    projection = read_projection(parameters(request), USER)
    user = await service.read(context, request.route["id"])
    if Preconditions.read(request.headers).not_modified(user.etag):
        return Response(304, headers={"ETag": user.etag})
    return _answer(context, user, projection)


async def _replace(context: Context, request: Request) -> Response:
    projection, conditions = (
        read_projection(parameters(request), USER),
        Preconditions.read(request.headers),
    )
    user = await service.replace(context, request.route["id"], _body(request), conditions)
    return _answer(context, user, projection)


async def _patch(context: Context, request: Request) -> Response:
    """Answers 200 with the user: Microsoft's validator and Okta both take it (and RFC 7644 section 3.5.2 allows it)."""
    projection, conditions = (
        read_projection(parameters(request), USER),
        Preconditions.read(request.headers),
    )
    operations = read_patch(_body(request))
    return _answer(
        context,
        await service.patch(context, request.route["id"], operations, conditions),
        projection,
    )


async def _delete(context: Context, request: Request) -> Response:
    await service.delete(context, request.route["id"], Preconditions.read(request.headers))
    return Response(204)


def _body(request: Request) -> Any:
    """No request about one user is longer than a user may be."""
    return read_json(request, MAX_BYTES)


def _answer(context: Context, user: StoredUser, projection: Projection) -> Response:
    return resource_response(represent(user, context.base_url), projection)


COLLECTION = {"GET": _list, "POST": _create}
ONE = {"GET": _read, "PUT": _replace, "PATCH": _patch, "DELETE": _delete}
