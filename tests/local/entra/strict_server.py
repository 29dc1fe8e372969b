"""A small, strict SCIM server in memory, whose responses are as Entra needs them unless a test adds a
fault.
"""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE = "urn:ietf:params:scim:schemas:core:2.0:"
MESSAGES = "urn:ietf:params:scim:api:messages:2.0:"
TOKEN = "a-secret-token-of-the-test"

Resource = dict[str, Any]


@dataclass(slots=True)
class Reply:
    """A response before it is sent, which a fault can change."""

    status: int
    content: Any
    headers: dict[str, str] = field(
        default_factory=lambda: {"Content-Type": "application/scim+json; charset=utf-8"}
    )


Fault = Callable[[web.Request, Reply], Reply | None]
"""Gets each answer before it is sent; None cuts the connection."""


@dataclass(slots=True)
class StrictServer:
    """The server's users and groups by ID, every received request, and at most one fault."""

    fault: Fault = lambda _, reply: reply
    resources: dict[str, dict[str, Resource]] = field(
        default_factory=lambda: {"Users": {}, "Groups": {}}
    )
    requests: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    prefix: str = "/scim/v2"

    def application(self) -> web.Application:
        """Return the server as an aiohttp application."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        return application

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((request.method, request.raw_path, body, headers))
        reply = self.fault(request, self._reply(request, body))
        if reply is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        data = b"" if reply.content is None else orjson.dumps(reply.content)
        return web.Response(status=reply.status, body=data, headers=reply.headers)

    def _reply(self, request: web.Request, body: bytes) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            refused = _error(401, "the token is not known")
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        parts = request.path.removeprefix(self.prefix).strip("/").split("/")
        match [request.method, *parts]:
            case ["GET", "Schemas"]:
                return Reply(
                    200,
                    _listing(
                        [{"id": f"{CORE}User", "meta": {}}, {"id": f"{CORE}Group", "meta": {}}]
                    ),
                )
            case ["GET", "Users" | "Groups" as kind]:
                return self._query(kind, request)
            case ["POST", "Users" | "Groups" as kind]:
                return self._create(kind, orjson.loads(body), request)
            case [method, "Users" | "Groups" as kind, identifier] if (
                identifier in self.resources[kind]
            ):
                return self._one(method, kind, identifier, body, request)
        return _error(404, "there is no such resource")

    def _query(self, kind: str, request: web.Request) -> Reply:
        found = list(self.resources[kind].values())
        if "filter" in request.query:
            parsed = re.fullmatch(r'(\w+) eq "(.*)"', request.query["filter"])
            if parsed is None:
                return _error(400, "the filter is not understood", "invalidFilter")
            name, value = parsed[1], re.sub(r"\\(.)", r"\1", parsed[2])
            found = [each for each in found if str(each.get(name)).casefold() == value.casefold()]
        start, count = int(request.query.get("startIndex", 1)), int(request.query.get("count", 100))
        page = [_shown(each, request) for each in found[start - 1 : start - 1 + count]]
        return Reply(200, _listing(page) | {"totalResults": len(found), "startIndex": start})

    def _create(self, kind: str, sent: Resource, request: web.Request) -> Reply:
        if self._taken(kind, sent):
            return _error(409, "already used", "uniqueness")
        identifier = f"id-{next(self.numbers)}"
        location = f"{request.scheme}://{request.host}{self.prefix}/{kind}/{identifier}"
        stamp = "2026-01-02T03:04:05Z"
        meta = {
            "resourceType": kind[:-1],
            "created": stamp,
            "lastModified": stamp,
            "location": location,
        }
        resource = {**sent, "id": identifier, "meta": meta}
        _tidy_manager(resource)
        self.resources[kind][identifier] = resource
        reply = Reply(201, _shown(resource, request))
        reply.headers["Location"] = location
        return reply

    def _one(
        self, method: str, kind: str, identifier: str, body: bytes, request: web.Request
    ) -> Reply:
        resource = self.resources[kind][identifier]
        if method == "DELETE":
            del self.resources[kind][identifier]
            return Reply(204, None, {})
        if method == "PATCH":
            for operation in orjson.loads(body)["Operations"]:
                patch(resource, operation)
            _tidy_manager(resource)
            return (
                Reply(200, _shown(resource, request)) if kind == "Users" else Reply(204, None, {})
            )
        return Reply(200, _shown(resource, request))

    def _taken(self, kind: str, sent: Resource) -> bool:
        name = "userName" if kind == "Users" else "displayName"
        return any(
            each[name].casefold() == sent[name].casefold() for each in self.resources[kind].values()
        )


def patch(resource: Resource, operation: dict[str, Any]) -> None:
    """Apply one PATCH operation, in either of Entra's two dialects."""
    op, path = operation["op"].lower(), operation.get("path")
    value: Any = operation.get("value")
    if path is None:
        for each, sub in value.items():
            patch(resource, {"op": op, "path": each, "value": sub})
    elif path.startswith("members"):
        _patch_members(resource, op, path, value)
    elif op == "remove" and path.startswith("manager["):
        resource.get(ENTERPRISE, {}).pop("manager", None)
    else:
        holder, name = _target(resource, path)
        holder[name] = (
            {"True": True, "False": False}.get(value, value) if isinstance(value, str) else value
        )


def _patch_members(resource: Resource, op: str, path: str, value: Any) -> None:
    members = resource.setdefault("members", [])
    named = re.fullmatch(r'members\[value eq "(.*)"\]', path)
    ids = [named[1]] if named else [each["value"] for each in value]
    members[:] = [each for each in members if each["value"] not in ids]
    if op != "remove":
        members += [{"value": each} for each in ids]


def _target(resource: Resource, path: str) -> tuple[dict[str, Any], str]:
    if path.startswith(f"{ENTERPRISE}:"):
        return resource.setdefault(ENTERPRISE, {}), path.removeprefix(f"{ENTERPRISE}:")
    if selected := re.fullmatch(r'(\w+)\[type eq "(\w+)"\]\.(\w+)', path):
        name, kind, sub = selected.groups()
        elements = resource.setdefault(name, [])
        for element in elements:
            if element["type"] == kind:
                return element, sub
        elements.append({"type": kind})
        return elements[-1], sub
    if "." in path:
        name, _, sub = path.partition(".")
        return resource.setdefault(name, {}), sub
    return resource, path


def _tidy_manager(resource: Resource) -> None:
    extension = resource.get(ENTERPRISE, {})
    manager = extension.get("manager")
    if isinstance(manager, str):
        extension["manager"] = manager = {"value": manager}
    if manager is not None and not manager["value"]:
        del extension["manager"]


def _shown(resource: Resource, request: web.Request) -> Resource:
    excluded = request.query.get("excludedAttributes", "").split(",")
    return {name: value for name, value in resource.items() if name not in excluded}


def _listing(resources: list[Resource]) -> Resource:
    return {
        "schemas": [f"{MESSAGES}ListResponse"],
        "totalResults": len(resources),
        "startIndex": 1,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }


def _error(status: int, detail: str, scim_type: str | None = None) -> Reply:
    body = {"schemas": [f"{MESSAGES}Error"], "status": str(status), "detail": detail}
    return Reply(status, body | ({"scimType": scim_type} if scim_type else {}))
