"""Turns a template and its values into a page, with the headers that keep other sites and scripts out."""

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
    # Nothing inline, nothing from other hosts; htmx runs without eval.
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
    """Return the templates, compiled on first use: a cold start of a SCIM call needs no Jinja2."""
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
    """Return whether `compile_templates` is done."""
    return templates.cache_info().currsize > 0


def compile_templates() -> None:
    """Compile the templates that most pages share, 0.1 s of work; others are compiled by the first page with them."""
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
    """Render the template as an answer, compressed if the browser accepts it.

    `form_origin` is another site that answers to forms of this page may redirect to: browsers apply
    `form-action` to redirects, too (w3.org/TR/CSP3, section 6.4.1).
    """
    body = _rendered(visit, template, values).encode()
    answer = {
        **_security(visit),
        **(headers or {}),
        "Vary": "Accept-Encoding, Accept-Language, HX-Request",
    }
    if form_origin:
        policy = answer["Content-Security-Policy"]
        answer["Content-Security-Policy"] = policy.replace(
            "form-action 'self'", f"form-action 'self' {form_origin}"
        )
    if len(body) >= _WORTH_COMPRESSING and "gzip" in visit.request.headers.get(
        "accept-encoding", ""
    ):
        body = gzip.compress(body, 5, mtime=0)
        answer["Content-Encoding"] = "gzip"
    return Response(status, body, answer)


def dialog(visit: PageRequest, template: str, *, status: int = 200, **values: Any) -> Response:
    """Render a dialog for the page that is open.

    It is a page of its own if it is opened by its address or without script.
    """
    if visit.is_partial:
        return page(visit, template, status=status, standalone=False, **values)
    return page(
        visit, "dialog_page.html", status=status, standalone=True, dialog=template, **values
    )


def embedders(visit: PageRequest) -> list[str]:
    """Return the origins whose pages may show this page in a frame: none for an administrator's page."""
    path = visit.request.path
    is_for_agents = path in ("/contacts", "/embed") or path.startswith("/contacts/")
    return sorted(visit.settings.embedding_origins) if is_for_agents else []


def _security(visit: PageRequest) -> dict[str, str]:
    """Return the headers of this page.

    X-Frame-Options can name no other origin (RFC 7034 section 2.1), so it is left out if a page of one
    may frame this page. `frame-ancestors` is then the only rule (w3.org/TR/CSP3, section 6.4.2).
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
