"""The functions of the contacts API: `/api/contacts…`, and below `/api/directories/{directoryId}`.

What answers is imported with the first call: a cold start for a SCIM call has no use for it.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import azure.functions as func

from directories.user_rate_limit import rate_limited
from shared.app import App
from shared.azure_functions import Handler, method_dispatcher, register_http
from shared.easy_auth import Principal, require_reader
from shared.http import Request, Response
from shared.later import Later

if TYPE_CHECKING:
    from contacts import api
else:
    api = Later("contacts.api")

Use = Callable[[App, Request, Principal], Awaitable[Response]]


def blueprint(app: App) -> func.Blueprint:
    """The functions of the contacts API; their templates overlap with no other feature's."""
    functions, directory = func.Blueprint(), "api/directories/{directoryId}"

    def add(name: str, route: str, **uses: Use) -> None:
        handlers = {method: _for_readers(app, use) for method, use in uses.items()}
        register_http(functions, name, route, method_dispatcher(**handlers))

    add("contacts", "api/contacts", GET=api.all_contacts)
    add("contacts_lookup", "api/contacts/lookup", POST=api.look_up)
    add("directory_contacts", f"{directory}/contacts", GET=api.contacts)
    add("directory_contact", f"{directory}/contacts/{{contactId}}", GET=api.contact)
    add("directory_numbers", f"{directory}/numbers", GET=api.numbers)
    add("directory_groups", f"{directory}/groups", GET=api.groups)
    add("directory_export", f"{directory}/export", GET=api.export_chunk)
    return functions


def _for_readers(app: App, use: Use) -> Handler:
    """A use of the API, for whoever may see contacts, within the allowance."""

    async def handle(request: Request) -> Response:
        person = require_reader(request, app.settings)
        with rate_limited(app, person):
            return await use(app, request, person)

    return handle
