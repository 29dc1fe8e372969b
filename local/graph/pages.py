"""The simulator's HTML pages; every one states that it is a simulator."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse

from local.graph.login_errors import LoginError

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).with_name("templates")
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)


def page(name: str, status: int = 200, **values: object) -> HTMLResponse:
    """Render a template as an HTML response."""
    text = _templates().get_template(name).render(**values)
    return HTMLResponse(
        text, status, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )


def error_page(error: LoginError) -> HTMLResponse:
    """Return an error page of the login service itself, which doesn't redirect to the application."""
    return page("error.html", 400, code=error.kind.code, text=error.text)
