"""All functions of the SCIM service provider, and the endpoints of `/Users` and `/Groups` (RFC 7644 section 3)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import azure.functions as func

from directories.hooks import MaintenanceJobs
from scim import base_url_hint, resource_rows
from scim.bulk import endpoints as bulk
from scim.context import Context, Preconditions
from scim.core.patch_body import parse_patch
from scim.core.projection import Projection
from scim.discovery import endpoints as discovery
from scim.dispatch import Dispatcher
from scim.groups.service import GroupService
from scim.http import (
    list_response,
    parameters,
    parse_json,
    parse_list_query,
    parse_projection,
    parse_search,
    resource_response,
    search_parameters,
    shown_response,
)
from scim.list_response import NotModified
from scim.oauth import endpoints as sign_in
from scim.resource_service import ResourceService
from scim.users.service import UserService
from shared.app import App
from shared.azure_functions import Blueprint
from shared.http import Request, Response

Service = ResourceService[Any]


def blueprint(app: App) -> func.Blueprint:
    """Return the functions under `/scim/`."""
    functions, dispatcher = func.Blueprint(), Dispatcher(app)
    _register(functions, dispatcher, "user", _Endpoints(UserService))
    _register(functions, dispatcher, "group", _Endpoints(GroupService))
    for feature in (bulk, discovery):
        feature.register(functions, dispatcher)
    sign_in.register(functions, app)
    base_url_hint.register(functions, app)
    app.state(MaintenanceJobs).jobs.append(_reindex)
    app.state(MaintenanceJobs).tidying += [_tidy_lists, _tidy_inspector]
    app.state(MaintenanceJobs).upkeep["scim.key_sample"] = resource_rows.extend_key_samples
    return functions


async def _reindex(app: App, deadline: float) -> None:
    from scim import reindex

    await reindex.run(app, deadline)


async def _tidy_inspector(app: App, directory_id: str) -> None:
    from directories import inspector

    await inspector.tidy(app, directory_id)


async def _tidy_lists(app: App, directory_id: str) -> None:
    from scim import page_starts

    await page_starts.trim(app, directory_id)


def _register(
    functions: Blueprint, dispatcher: Dispatcher, name: str, endpoints: "_Endpoints"
) -> None:
    """Register the functions of a resource type."""
    route = f"{name.capitalize()}s"
    dispatcher.add(functions, f"scim_{name}s", route, GET=endpoints.list, POST=endpoints.create)
    dispatcher.add(
        functions,
        f"scim_{name}",
        f"{route}/{{id}}",
        search=endpoints.search,
        GET=endpoints.read,
        PUT=endpoints.replace,
        PATCH=endpoints.patch,
        DELETE=endpoints.delete,
    )


@dataclass(frozen=True, slots=True)
class _Endpoints:
    """The endpoints of one resource type; `service` creates its service for a request."""

    service: Callable[[Context], Service]

    async def list(self, context: Context, request: Request) -> Response:
        """Handle GET on the collection."""
        service, sent = self.service(context), parameters(request)
        query = parse_list_query(sent, service.resource_type)
        return list_response(await service.list(query, sent.get("filter", "")))

    async def search(self, context: Context, request: Request) -> Response:
        """Handle POST to `/.search` of the collection (RFC 7644 section 3.4.3)."""
        service = self.service(context)
        body = parse_json(request, service.max_body_bytes)
        query = parse_search(body, service.resource_type)
        return list_response(await service.list(query, search_parameters(body).get("filter", "")))

    async def create(self, context: Context, request: Request) -> Response:
        """Handle POST to the collection."""
        service = self.service(context)
        projection = _projection(service, request)
        stored = await service.create(parse_json(request, service.max_body_bytes))
        return await _respond(service, stored, projection, 201)

    async def read(self, context: Context, request: Request) -> Response:
        """Handle GET of one resource; return 304 if the client already has this version."""
        service = self.service(context)
        projection = _projection(service, request)
        conditions = Preconditions.parse(request.headers)
        shown = await service.show(request.route["id"], projection, conditions)
        if isinstance(shown, NotModified):
            return Response(304, headers={"ETag": shown.etag})
        return shown_response(shown)

    async def replace(self, context: Context, request: Request) -> Response:
        """Handle PUT."""
        service = self.service(context)
        projection = _projection(service, request)
        conditions = Preconditions.parse(request.headers)
        body = parse_json(request, service.max_body_bytes)
        stored = await service.replace(request.route["id"], body, conditions)
        return await _respond(service, stored, projection)

    async def patch(self, context: Context, request: Request) -> Response:
        """Handle PATCH.

        Return 204 if the resource type's PATCH has no response body and no attributes are requested (RFC 7644 section
        3.5.2).
        """
        service = self.service(context)
        projection = _projection(service, request)
        conditions = Preconditions.parse(request.headers)
        operations = parse_patch(parse_json(request, service.max_body_bytes))
        stored = await service.patch(request.route["id"], operations, conditions)
        if service.returns_patched or "attributes" in request.query:
            return await _respond(service, stored, projection)
        return Response(204, headers={"ETag": stored.etag})

    async def delete(self, context: Context, request: Request) -> Response:
        """Handle DELETE."""
        conditions = Preconditions.parse(request.headers)
        await self.service(context).delete(request.route["id"], conditions)
        return Response(204)


def _projection(service: Service, request: Request) -> Projection:
    return parse_projection(parameters(request), service.resource_type)


async def _respond(
    service: Service, stored: Any, projection: Projection, status: int = 200
) -> Response:
    return resource_response(await service.represent(stored, projection), projection, status)
