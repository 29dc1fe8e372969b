"""Renders a template as an HTML response, with headers that keep other sites and their scripts out."""

import gzip
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.http import Response
from web import static_files
from web.page_request import PageRequest

if TYPE_CHECKING:
    from jinja2 import Environment

_SECURITY = {
    "Content-Type": "text/html; charset=utf-8",
    # No inline scripts or styles, and nothing from other hosts; htmx doesn't need eval.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_WORTH_COMPRESSING = 1024
_SHARED = ("base.html", "parts.html", "people_rows.html", "organisation.html")


@lru_cache(maxsize=1)
def templates() -> "Environment":
    """Return the Jinja2 environment, created on first use.

    A cold start that serves a SCIM request doesn't need it.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from web import filters, text_families

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static_files.address
    environment.globals["icon"] = environment.get_template("icons.html").module
    environment.globals.update(text_families.IN_TEMPLATES)
    environment.filters.update(filters.FILTERS)
    return environment


def has_templates() -> bool:
    """Return whether the environment of the templates has been created."""
    return templates.cache_info().currsize > 0


def compile_templates() -> None:
    """Compile the templates that most pages share; this takes 0.1 s.

    Each other template is compiled when a page first uses it.
    """
    for name in _SHARED:
        templates().get_template(name)


def page(
    visit: PageRequest,
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    form_origin: str = "",
    **values: Any,
) -> Response:
    """Render the template as a response, compressed if the browser accepts gzip.

    `form_origin` is another site to which responses to this page's forms may redirect: browsers
    apply `form-action` to redirects, too (w3.org/TR/CSP3, section 6.4.1).
    """
    body = _rendered(visit, template, values).encode()
    response = {
        **_security(visit),
        **(headers or {}),
        "Vary": "Accept-Encoding, Accept-Language, HX-Request",
    }
    if form_origin:
        policy = response["Content-Security-Policy"]
        response["Content-Security-Policy"] = policy.replace(
            "form-action 'self'", f"form-action 'self' {form_origin}"
        )
    if len(body) >= _WORTH_COMPRESSING and "gzip" in visit.request.headers.get(
        "accept-encoding", ""
    ):
        body = gzip.compress(body, 5, mtime=0)
        response["Content-Encoding"] = "gzip"
    return Response(status, body, response)


def dialog(visit: PageRequest, template: str, *, status: int = 200, **values: Any) -> Response:
    """Render a dialog: for htmx alone, to be shown over the open page, otherwise as a page of its own."""
    if visit.is_partial:
        return page(visit, template, status=status, standalone=False, **values)
    return page(
        visit, "dialog_page.html", status=status, standalone=True, dialog=template, **values
    )


def embedders(visit: PageRequest) -> list[str]:
    """Return the origins that may show this page in a frame; none for an administrator's page."""
    path = visit.request.path
    is_for_agents = path in ("/contacts", "/embed") or path.startswith("/contacts/")
    return sorted(visit.settings.embedding_origins) if is_for_agents else []


def _security(visit: PageRequest) -> dict[str, str]:
    """Return the security headers for this page.

    If an origin may frame the page, X-Frame-Options is left out, because it can't name another
    origin (RFC 7034 section 2.1). `frame-ancestors` is then the only rule (w3.org/TR/CSP3, section
    6.4.2).
    """
    origins = embedders(visit)
    if not origins:
        return _SECURITY
    headers = {name: value for name, value in _SECURITY.items() if name != "X-Frame-Options"}
    headers["Content-Security-Policy"] = headers["Content-Security-Policy"].replace(
        "frame-ancestors 'none'", f"frame-ancestors {' '.join(origins)}"
    )
    return headers


def _rendered(visit: PageRequest, template: str, values: dict[str, Any]) -> str:
    shared = {
        "t": visit.t,
        "text": visit.text,
        "pattern": visit.pattern,
        "language": visit.language,
        "product": visit.settings.product_name,
        "person": visit.person,
        "path": visit.request.path,
        "embedders": embedders(visit),
        "now": visit.app.clock.now,
    }
    return templates().get_template(template).render({**shared, **values})
