"""Redirects to the application with the result of a sign-in or consent (OAuth 2.0 response modes)."""

from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from local.graph.login_errors import LoginError
from local.graph.pages import page


def redirect(address: str, values: dict[str, str], mode: str = "query") -> Response:
    """Return a response that sends the values, except empty ones, to `address` in this response mode."""
    values = {name: value for name, value in values.items() if value}
    if mode == "form_post":
        return page("form_post.html", address=address, values=values)
    mark = "#" if mode == "fragment" else "&" if "?" in address else "?"
    return RedirectResponse(
        f"{address}{mark}{urlencode(values)}", 302, {"Cache-Control": "no-store"}
    )


def redirect_with_error(
    address: str, error: LoginError, state: str, mode: str = "query", **more: str
) -> Response:
    """Return a response that sends an error to `address`, with the parameters in the order of Microsoft's examples."""
    values = {"error": error.kind.error, "error_description": error.text} | more
    return redirect(address, values | {"state": state}, mode)
