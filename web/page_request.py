"""A page request with its user, language and form fields, and helpers for its texts and redirects."""

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

import orjson

from directories.audit import Actor, person_actor
from shared.app import App
from shared.easy_auth import Principal
from shared.http import Request, Response, form_body
from shared.messages import LANGUAGES, Message, Param, catalogue, counted
from shared.settings import Settings

_MAX_TAGS = 20


@dataclass(frozen=True)
class PageRequest:
    """One request for a page or a part of a page; `person` is the signed-in user, or None."""

    request: Request
    person: Principal | None
    app: App

    @property
    def settings(self) -> Settings:
        """The deployment's settings."""
        return self.app.settings

    @property
    def reader(self) -> Principal:
        """The signed-in user; only for pages that require sign-in."""
        assert self.person is not None
        return self.person

    @property
    def account(self) -> str:
        """The account of the signed-in user; only for pages that require sign-in."""
        assert self.person is not None
        return self.person.account

    @property
    def actor(self) -> Actor:
        """The signed-in user as the actor of an audit event."""
        assert self.person is not None
        return person_actor(self.person, self.request)

    @property
    def directory_id(self) -> str:
        """The directory ID in the request's address."""
        return self.request.route["directoryId"]

    @cached_property
    def language(self) -> str:
        """The supported language that the browser prefers."""
        return preferred_language(self.request.headers.get("accept-language", ""))

    @property
    def is_partial(self) -> bool:
        """Return whether htmx requests a part of a page that the browser already shows."""
        headers = self.request.headers
        return (
            headers.get("hx-request") == "true"
            and headers.get("hx-history-restore-request") != "true"
        )

    @cached_property
    def form(self) -> dict[str, str]:
        """The fields of the submitted form."""
        return dict(form_body(self.request))

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address's query."""
        return self.request.query

    def t(self, code: str, /, **params: Param) -> str:
        """Return the text with this message code in the user's language."""
        return Message(code, **params).text(self.language, grouped=True)

    def text(self, message: Message | None) -> str:
        """Return a message in the user's language, or "" for None."""
        return message.text(self.language, grouped=True) if message else ""

    def pattern(self, code: str) -> str:
        """Return a text with its placeholders, to be filled in by the filter `rich` or by a script."""
        return catalogue(self.language)[code]

    def counted(self, code: str, count: int, /, **params: Param) -> str:
        """Return the text `code` for `count` things, in the singular for one."""
        return self.text(counted(code, count, **params))

    def go(self, location: str, notice: str = "") -> Response:
        """Return a redirect to another page of this site; for htmx, a header that makes it load the page.

        `notice` is a message that the page then shows for some seconds.
        """
        if not self.is_partial:
            return Response(303, headers={"Location": location})
        move = {
            "path": location,
            "target": "#main",
            "select": "#main",
            "swap": "outerHTML show:window:top",
        }
        headers = {"HX-Location": orjson.dumps(move).decode()}
        return Response(200, headers=headers | trigger("close-dialog", notice))

    def leave(self, location: str, headers: dict[str, str] | None = None) -> Response:
        """Return a redirect to another site's page.

        For htmx it is a header that makes htmx navigate, because the content security policy keeps
        forms on this site.
        """
        name, status = ("HX-Redirect", 200) if self.is_partial else ("Location", 303)
        return Response(status, headers={name: location, **(headers or {})})


def trigger(event: str = "", notice: str = "") -> dict[str, str]:
    """Return the `HX-Trigger` header with which htmx fires `event` and shows `notice`; {} if both are ""."""
    events: dict[str, str] = ({event: ""} if event else {}) | ({"notice": notice} if notice else {})
    # Header values must be ASCII, but orjson doesn't escape other characters.
    text = orjson.dumps(events).decode()
    return (
        {"HX-Trigger": "".join([c if c.isascii() else _escaped(c) for c in text])} if events else {}
    )


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join([f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)])


def sign_in_address(request: Request) -> str:
    """Return the address of the platform's sign-in, which redirects to this page afterwards."""
    return f"/.auth/login/aad?post_login_redirect_uri={quote(here(request), safe='')}"


def here(request: Request) -> str:
    """Return the path and query of this request."""
    return request.path + (f"?{request.url.partition('?')[2]}" if "?" in request.url else "")


def preferred_language(accept_language: str) -> str:
    """Return the supported language that the browser prefers (RFC 9110 section 12.5.4), or English."""
    ranked: list[tuple[float, int, str]] = []
    for index, part in enumerate(accept_language.split(",")[:_MAX_TAGS]):
        tag, _, weight = part.strip().partition(";q=")
        ranked.append((-_weight(weight), index, tag.partition("-")[0].lower()))
    return next((tag for weight, _, tag in sorted(ranked) if tag in LANGUAGES and weight), "en")


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
