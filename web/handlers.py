"""From HTTP to a page: sign-in, role, origin, allowance. Errors are pages, too, imported with the first one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from directories.errors import NotThere
from directories.rate_limits import limit_user
from shared.app import App
from shared.azure_functions import Handler
from shared.concurrency import import_modules
from shared.easy_auth import require_admin, require_reader
from shared.http import HttpError, Request, Response, check_same_origin, select_by_method
from shared.messages import Message
from web.page_request import PageRequest

Page = Callable[[PageRequest], Awaitable[Response]]
_PAGES = (
    "jinja2",
    "phonenumbers",
    "web.routes",
    "web.setup_handlers",
    "web.error_page",
    "web.text_families",
)


def admin(app: App, choose: Callable[[Request], dict[str, Page]]) -> Handler:
    """Return the handler of pages for administrators.

    `choose` returns the pages of an address by method.
    """
    return _handler(app, choose, require_admin)


def agent(app: App, choose: Callable[[Request], dict[str, Page]]) -> Handler:
    """Return the handler of pages for all who may see contacts."""
    return _handler(app, choose, require_reader)


def stranger(app: App, choose: Callable[[Request], dict[str, Page]]) -> Handler:
    """Return the handler of a set-up link's pages, which need no sign-in."""

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
    """Return the handler of pages without data, for people who are not signed in."""

    async def handle(request: Request) -> Response:
        await _import_pages()
        try:
            return await _page_of(request, choose(request))(PageRequest(request, None, app))
        except Exception as error:
            from web import error_page

            return error_page.show(app, request, error)

    return handle


def unknown_address(app: App) -> Handler:
    """Return the handler of all addresses that no other function has: 404, for a browser as a page."""

    async def handle(request: Request) -> Response:
        is_page = "text/html" in request.headers.get("accept", "")
        if not is_page or request.path.startswith(("/api/", "/scim/")):
            raise HttpError(404, Message("no_such_address"))
        await _import_pages()
        from web import error_page

        return error_page.show(app, request, HttpError(404, Message("no_such_page")))

    return handle


async def _import_pages() -> None:
    """Import all pages, which share most of their modules, and compile their templates; other requests go on."""
    await import_modules(*_PAGES)
    from web import render

    if not render.has_templates():
        await asyncio.to_thread(render.compile_templates)


def _page_of(request: Request, pages: dict[str, Page]) -> Page:
    if not pages:
        raise NotThere(request.path)
    return select_by_method(request, pages)
