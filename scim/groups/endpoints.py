"""`/Groups` and `/Groups/{id}`: HTTP in, HTTP out (RFC 7644 sections 3.3 to 3.6)."""

import azure.functions as func

from scim.context import Context
from scim.core.patch import read_patch
from scim.core.projection import Projection
from scim.core.schemas import GROUP
from scim.dispatch import Edge
from scim.groups import service
from scim.groups.representation import represent
from scim.groups.store import StoredGroup
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
from scim.query import ListQuery, list_resources
from shared.http import Request, Response


def register(functions: func.Blueprint, edge: Edge) -> None:
    """The functions of the Groups endpoint."""
    edge.add(functions, "scim_groups", "Groups", **COLLECTION)
    edge.add(functions, "scim_group", "Groups/{id}", search=_search, **ONE)


async def _list(context: Context, request: Request) -> Response:
    return await listed(
        context, read_list_query(parameters(request), GROUP), parameters(request).get("filter", "")
    )


async def listed(context: Context, query: ListQuery, filter_text: str) -> Response:
    """The groups that a query finds; members cost a round trip a group, so they are read only where they count."""
    needed = query.projection.has("members") or "members" in filter_text.lower()
    source = service.Groups(context, needed)
    return scim_response(await list_resources(context.app, source, query))


async def _search(context: Context, request: Request) -> Response:
    """POST /Groups/.search (RFC 7644 section 3.4.3)."""
    body = read_json(request)
    return await listed(context, read_search(body, GROUP), str(body.get("filter", "")))


async def _create(context: Context, request: Request) -> Response:
    projection = read_projection(parameters(request), GROUP)
    return await _answer(
        context, await service.create(context, read_json(request)), projection, 201
    )


async def _read(context: Context, request: Request) -> Response:
    projection = read_projection(parameters(request), GROUP)
    group = await service.read(context, request.route["id"])
    # A deleted person leaves a group without a new version of it, so only an answer without members can be unchanged.
    if not projection.has("members") and Preconditions.read(request.headers).not_modified(
        group.record.etag
    ):
        return Response(304, headers={"ETag": group.record.etag})
    return await _answer(context, group, projection)


async def _replace(context: Context, request: Request) -> Response:
    projection, conditions = (
        read_projection(parameters(request), GROUP),
        Preconditions.read(request.headers),
    )
    group = await service.replace(context, request.route["id"], read_json(request), conditions)
    return await _answer(context, group, projection)


async def _patch(context: Context, request: Request) -> Response:
    """Answers 204, as Entra expects of groups; 200 with the group where `attributes` are asked for."""
    projection, conditions = (
        read_projection(parameters(request), GROUP),
        Preconditions.read(request.headers),
    )
    group = await service.patch(
        context, request.route["id"], read_patch(read_json(request)), conditions
    )
    if "attributes" in parameters(request):
        return await _answer(context, group, projection)
    return Response(204, headers={"ETag": group.record.etag})


async def _delete(context: Context, request: Request) -> Response:
    await service.delete(context, request.route["id"], Preconditions.read(request.headers))
    return Response(204)


async def _answer(
    context: Context, group: StoredGroup, projection: Projection, status: int = 200
) -> Response:
    members = await service.members(context, group.record.id) if projection.has("members") else None
    return resource_response(represent(group, members, context.base_url), projection, status)


COLLECTION = {"GET": _list, "POST": _create}
ONE = {"GET": _read, "PUT": _replace, "PATCH": _patch, "DELETE": _delete}
