"""The functions of the pages.

No two routes overlap, because the host has no precedence among routes. The one exception answers at
all addresses that no other function has; its name sorts last.

The pages are imported by the first call, because a cold start for a SCIM call doesn't need them.
"""

from collections.abc import Callable

import azure.functions as func

from presence.constants import CALLBACK
from shared.app import App
from shared.azure_functions import Handler, method_dispatcher, register_http
from shared.http import Request, Response
from web import security_txt, static_files
from web.handlers import Page, admin, agent, anyone, stranger, unknown_address
from web.openapi import endpoints as openapi

_ADMIN_ROUTES = {
    "page_audit": "audit",
    "page_directory": "directories/{directoryId}/{page?}",
    "page_directories": "directories",
    "page_sign_in_callback": CALLBACK.lstrip("/"),
}
_SETUP_ROUTES = {"page_setup": "set-up/{linkId}/{page?}", "page_setup_start": "set-up"}

# Of the functions whose template fits, the host takes the first by name.
_LAST = "zz_unknown_address"


def _choose_page(name: str) -> Callable[[Request], dict[str, Page]]:
    """Return the function that chooses among the pages of the function `name`."""

    def choose(request: Request) -> dict[str, Page]:
        from web import routes

        return routes.CHOICES[name](request)

    return choose


def _mcp(app: App) -> Handler:
    """Return the handler of a message of the Model Context Protocol."""

    async def handle(request: Request) -> Response:
        from web.mcp.server import answer

        return await answer(app, request)

    return handle


def blueprint(app: App) -> func.Blueprint:
    """Return the pages for administrators (`/`, `/directories/…`), for agents (`/contacts…`), and their files."""
    functions = func.Blueprint()  # type: ignore[no-untyped-call, unused-ignore]
    for name, route in _ADMIN_ROUTES.items():
        register_http(app, functions, name, route, admin(app, _choose_page(name)))
    for name, route in _SETUP_ROUTES.items():
        register_http(app, functions, name, route, stranger(app, _choose_page(name)))
    register_http(app, functions, "page_home", "/", agent(app, _choose_page("page_home")))
    contacts = agent(app, _choose_page("page_contacts"))
    register_http(app, functions, "page_contacts", "contacts/{part?}", contacts)
    register_http(app, functions, "page_embed", "embed", anyone(app, _choose_page("page_embed")))
    register_http(app, functions, "mcp", "mcp", method_dispatcher(POST=_mcp(app)))
    description = method_dispatcher(GET=openapi.handler(app))
    register_http(app, functions, "api_description", "api/openapi.json", description)
    files = method_dispatcher(GET=static_files.serve)
    register_http(app, functions, "page_static", "static/{name}", files)
    contact = method_dispatcher(GET=security_txt.handler(app))
    register_http(app, functions, "security_txt", ".well-known/security.txt", contact)
    register_http(app, functions, _LAST, "{*rest}", unknown_address(app))
    return functions
