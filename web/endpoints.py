"""Register the Azure functions of the pages: check sign-in, role, origin and rate limit, then call the page.

No two routes overlap, because the Functions host gives no route precedence over another. The one
exception is the function for unknown addresses: its route matches every address, but the host tries
it last, because its name sorts last.

The page modules, including the error page, are imported by the first request for a page, because a
cold start that serves a SCIM request doesn't need them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import azure.functions as func

from directories.errors import NotThere
from directories.rate_limits import limit_user
from presence.constants import CALLBACK
from shared.app import App
from shared.azure_functions import Handler, method_dispatcher, register_http
from shared.concurrency import import_modules
from shared.easy_auth import require_admin, require_reader
from shared.http import HttpError, Request, Response, check_same_origin, select_by_method
from shared.messages import Message
from web import security_txt, static_files
from web.openapi import endpoints as openapi
from web.page_request import PageRequest

_ADMIN_ROUTES = {
    "page_audit": "audit",
    "page_directory": "directories/{directoryId}/{page?}",
    "page_directories": "directories",
    "page_sign_in_callback": CALLBACK.lstrip("/"),
}
_SETUP_ROUTES = {"page_setup": "set-up/{linkId}/{page?}", "page_setup_start": "set-up"}

# If several routes match, the host calls the function whose name sorts first.
_LAST = "zz_unknown_address"
Page = Callable[[PageRequest], Awaitable[Response]]
_PAGES = (
    "jinja2",
    "phonenumbers",
    "web.routes",
    "web.setup_handlers",
    "web.error_page",
    "web.text_families",
)


def _choose_page(name: str) -> Callable[[Request], dict[str, Page]]:
    """Return a function that returns a request's pages by HTTP method.

    It looks them up in `web.routes.CHOICES` under `name`, the name of an Azure function.
    """

    def choose(request: Request) -> dict[str, Page]:
        from web import routes

        return routes.CHOICES[name](request)

    return choose


def _mcp(app: App) -> Handler:
    """Return the HTTP handler of `POST /mcp` (Model Context Protocol)."""

    async def handle(request: Request) -> Response:
        from web.mcp.server import answer

        return await answer(app, request)

    return handle


def blueprint(app: App) -> func.Blueprint:
    """Return the Azure functions of all pages, the MCP server, the static files and `security.txt`."""
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


def admin(app: App, choose: Callable[[Request], dict[str, Page]]) -> Handler:
    """Return the HTTP handler of pages that require an administrator.

    `choose` returns the pages of the request's address by HTTP method, or {} if the address has
    none.
    """
    return _handler(app, choose, require_admin)


def agent(app: App, choose: Callable[[Request], dict[str, Page]]) -> Handler:
    """Return the HTTP handler of pages for every signed-in user who may see contacts.

    `choose` returns the pages of the request's address by HTTP method, or {} if it has none.
    """
    return _handler(app, choose, require_reader)


def stranger(app: App, choose: Callable[[Request], dict[str, Page]]) -> Handler:
    """Return the HTTP handler of a set-up link's pages, which need no sign-in.

    `choose` returns the pages of the request's address by HTTP method, or {} if it has none.
    """

    async def handle(request: Request) -> Response:
        await _import_pages()
        from web import setup_handlers

        return await setup_handlers.answer(app, request, choose(request))

    return handle


def _handler(app: App, choose: Callable[[Request], dict[str, Page]], require: Any) -> Handler:
    async def handle(request: Request) -> Response:
        await _import_pages()
        try:
            person = require(request, app.settings)
            check_same_origin(request, app.settings.public_url)
            visit = PageRequest(request, person, app)
            with limit_user(app, person):
                return await _page_of(request, choose(request))(visit)
        except Exception as error:
            from web import error_page

            return error_page.show(app, request, error)

    return handle


def anyone(app: App, choose: Callable[[Request], dict[str, Page]]) -> Handler:
    """Return the HTTP handler of pages that need no sign-in, because they show no data.

    `choose` returns the pages of the request's address by HTTP method, or {} if it has none.
    """

    async def handle(request: Request) -> Response:
        await _import_pages()
        try:
            return await _page_of(request, choose(request))(PageRequest(request, None, app))
        except Exception as error:
            from web import error_page

            return error_page.show(app, request, error)

    return handle


def unknown_address(app: App) -> Handler:
    """Return the HTTP handler of all addresses that no other function serves.

    It responds with 404: to a browser with an error page, to API and SCIM clients by raising
    HttpError.
    """

    async def handle(request: Request) -> Response:
        is_page = "text/html" in request.headers.get("accept", "")
        if not is_page or request.path.startswith(("/api/", "/scim/")):
            raise HttpError(404, Message("no_such_address"))
        await _import_pages()
        from web import error_page

        return error_page.show(app, request, HttpError(404, Message("no_such_page")))

    return handle


async def _import_pages() -> None:
    """Import all page modules and compile the templates, if that has not been done yet.

    They are imported together, because most of the modules that they import are shared. Other requests
    are served while this runs.
    """
    await import_modules(*_PAGES)
    from web import render

    if not render.has_templates():
        await asyncio.to_thread(render.compile_templates)


def _page_of(request: Request, pages: dict[str, Page]) -> Page:
    if not pages:
        raise NotThere(request.path)
    return select_by_method(request, pages)
