"""`/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`, and paths that return only a helpful error."""

from typing import Any

import azure.functions as func

from scim.context import Context
from scim.core.errors import ScimError
from scim.discovery import documents
from scim.dispatch import Dispatcher
from scim.http import scim_response
from shared.http import Request, Response
from shared.messages import Message


def register(functions: func.Blueprint, dispatcher: Dispatcher) -> None:
    """Register the functions of discovery, `/Me`, the base URL itself and unknown paths."""
    dispatcher.add(functions, "scim_service_provider_config", "ServiceProviderConfig", GET=_config)
    dispatcher.add(functions, "scim_resource_types", "ResourceTypes/{name?}", GET=_resource_types)
    dispatcher.add(functions, "scim_schemas", "Schemas/{urn?}", GET=_schemas)
    dispatcher.add(
        functions, "scim_base", "", GET=_config
    )  # OneLogin's "enable" calls the base address
    me = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), _me)
    dispatcher.add(functions, "scim_me", "Me", **me)
    # The host takes the first template by function name, so this one must sort after all others of
    # SCIM.
    anything = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), _wrong_path)
    dispatcher.add(functions, "scim_wrong_path", "{*rest}", **anything)


async def _config(context: Context, request: Request) -> Response:
    _refuse_filter(request)
    return scim_response(documents.service_provider_config(context.base_url))


async def _resource_types(context: Context, request: Request) -> Response:
    return _one_or_all(request, "name", "id", documents.resource_types(context.base_url))


async def _schemas(context: Context, request: Request) -> Response:
    return _one_or_all(request, "urn", "id", documents.schemas(context.base_url))


async def _me(context: Context, request: Request) -> Response:
    """Return 501: this provider doesn't support the alias `/Me` (RFC 7644 section 3.11)."""
    raise ScimError(501, Message("no_me"))


async def _wrong_path(context: Context, request: Request) -> Response:
    raise ScimError(
        404,
        Message("wrong_path", url=context.base_url),
    )


def _one_or_all(
    request: Request, part: str, identity: str, found: list[dict[str, Any]]
) -> Response:
    wanted = request.route.get(part)
    if not wanted:
        _refuse_filter(request)
        return scim_response(documents.listed(found))
    for document in found:
        if document[identity].lower() == wanted.lower():
            return scim_response(document)
    known = ", ".join(document[identity] for document in found)
    raise ScimError(
        404,
        Message("unknown_document", wanted=wanted, known=known),
    )


def _refuse_filter(request: Request) -> None:
    """Raise ScimError 403 for a filter, so that a client doesn't believe it was applied (RFC 7644 section 4)."""
    if "filter" in request.query:
        raise ScimError(403, Message("no_filter_here"))
