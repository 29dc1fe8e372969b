"""The functions of the contacts API: `/api/contacts…`, and below `/api/directories/{directoryId}`.

What answers is imported with the first call: a cold start for a SCIM call has no use for it.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING

import azure.functions as func

from directories.allowance import spending
from shared.functions import Handler, add_http, by_method
from shared.http import Request, Response
from shared.services import Services
from shared.sign_in import Principal, require_reader

if TYPE_CHECKING:
    from contacts.api import Api

Use = Callable[[Request, Principal], Awaitable[Response]]


def blueprint(services: Services) -> func.Blueprint:
    """The functions of the contacts API; their templates overlap with no other feature's."""
    functions, directory = func.Blueprint(), "api/directories/{directoryId}"

    @cache
    def api() -> "Api":
        from contacts.api import Api

        return Api(services)

    def add(name: str, route: str, **uses: Callable[[], Use]) -> None:
        handlers = {method: _for_readers(services, use) for method, use in uses.items()}
        add_http(functions, name, route, by_method(**handlers))

    add("contacts", "api/contacts", GET=lambda: api().all_contacts)
    add("contacts_lookup", "api/contacts/lookup", POST=lambda: api().lookup)
    add("directory_contacts", f"{directory}/contacts", GET=lambda: api().contacts)
    add("directory_contact", f"{directory}/contacts/{{contactId}}", GET=lambda: api().contact)
    add("directory_numbers", f"{directory}/numbers", GET=lambda: api().numbers)
    add("directory_groups", f"{directory}/groups", GET=lambda: api().groups)
    add("directory_export", f"{directory}/export", GET=lambda: api().export)
    return functions


def _for_readers(services: Services, use: Callable[[], Use]) -> Handler:
    """A use of the API, for whoever may see contacts, within the allowance."""

    async def handle(request: Request) -> Response:
        person = require_reader(request, services.settings)
        with spending(services, person):
            return await use()(request, person)

    return handle
