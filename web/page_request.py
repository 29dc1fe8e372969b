"""A page request with its visitor, language and form fields, and the usual answers to it."""

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
    """One request for a page or a part of one."""

    request: Request
    person: Principal | None
    app: App

    @property
    def settings(self) -> Settings:
        """The deployment's settings."""
        return self.app.settings

    @property
    def reader(self) -> Principal:
        """The person signed in."""
        assert self.person is not None
        return self.person

    @property
    def account(self) -> str:
        """The account of the person signed in."""
        assert self.person is not None
        return self.person.account

    @property
    def actor(self) -> Actor:
        """The person signed in, for the audit log."""
        assert self.person is not None
        return person_actor(self.person, self.request)

    @property
    def directory_id(self) -> str:
        """The directory in the address."""
        return self.request.route["directoryId"]

    @cached_property
    def language(self) -> str:
        """The best of our languages for this browser."""
        return preferred_language(self.request.headers.get("accept-language", ""))

    @property
    def is_partial(self) -> bool:
        """Return whether htmx asks for a part of the page that is already shown."""
        headers = self.request.headers
        return (
            headers.get("hx-request") == "true"
            and headers.get("hx-history-restore-request") != "true"
        )

    @cached_property
    def form(self) -> dict[str, str]:
        """The fields of the form that was sent."""
        return dict(form_body(self.request))

    @property
    def query(self) -> dict[str, str]:
        """The fields of the address."""
        return self.request.query

    def t(self, code: str, /, **params: Param) -> str:
        """Return the text `code` in the visitor's language."""
        return Message(code, **params).text(self.language, grouped=True)

    def text(self, message: Message | None) -> str:
        """Return a message in the visitor's language, "" for none."""
        return message.text(self.language, grouped=True) if message else ""

    def pattern(self, code: str) -> str:
        """Return a text with placeholders, which the filter `rich` or a script fills in."""
        return catalogue(self.language)[code]

    def counted(self, code: str, count: int, /, **params: Param) -> str:
        """Return the text `code` for a number of things, in the singular for one."""
        return self.text(counted(code, count, **params))

    def go(self, location: str, notice: str = "") -> Response:
        """Redirect to another page of ours.

        `notice` is a message that the page shows for some seconds.
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
        """Redirect to another site's page.

        For htmx a script does it, since the policy keeps forms on this site.
        """
        name, status = ("HX-Redirect", 200) if self.is_partial else ("Location", 303)
        return Response(status, headers={name: location, **(headers or {})})


def trigger(event: str = "", notice: str = "") -> dict[str, str]:
    """Return the header by which htmx fires events in the page."""
    events: dict[str, str] = ({event: ""} if event else {}) | ({"notice": notice} if notice else {})
    # Header values are ASCII: orjson leaves umlauts as they are, so they are escaped as JSON allows.
    text = orjson.dumps(events).decode()
    return (
        {"HX-Trigger": "".join([c if c.isascii() else _escaped(c) for c in text])} if events else {}
    )


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join([f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)])


def sign_in_address(request: Request) -> str:
    """Return the address of the platform's sign-in, which leads back to this page."""
    return f"/.auth/login/aad?post_login_redirect_uri={quote(here(request), safe='')}"


def here(request: Request) -> str:
    """Return the address of this page on this site, with its query."""
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
