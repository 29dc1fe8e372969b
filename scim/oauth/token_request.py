"""Parses a token request: a form, with the client's credentials in it or in a Basic header (RFC 6749 section 2.3.1)."""

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote_plus

from scim.oauth.errors import invalid_request
from shared.http import FORM, MAX_FORM_FIELDS, HttpError, Request, form_body
from shared.messages import Message

_NOT_IN_NAME = re.compile(r"[^\w.:-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The parameters by name, with the client's id and secret, also if these were in the header."""

    fields: dict[str, str]

    def get(self, name: str) -> str:
        """Return a parameter, or "" if it is absent: RFC 6749 section 3.2 treats both alike."""
        return self.fields.get(name, "")


def parse_token_request(request: Request) -> TokenRequest:
    """Parse the request's parameters; raise OAuthError invalid_request."""
    fields = _form(request)
    credentials = _basic(request.headers.get("authorization", ""))
    if credentials is None:
        return TokenRequest(fields)
    client_id, secret = credentials
    if fields.get("client_secret") or fields.get("client_assertion"):
        raise invalid_request(Message("oauth_credentials_twice"))
    if fields.get("client_id", client_id) != client_id:
        raise invalid_request(Message("oauth_client_differs"))
    return TokenRequest({**fields, "client_id": client_id, "client_secret": secret})


def _form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise invalid_request(Message("oauth_form_expected", expected=FORM))
    if not request.body:
        raise invalid_request(Message("oauth_form_empty"))
    fields: dict[str, str] = {}
    for name, value in _pairs(request):
        if name in fields:
            raise invalid_request(Message("oauth_parameter_twice", name=_shown(name)))
        fields[name] = value
    return fields


def _pairs(request: Request) -> list[tuple[str, str]]:
    try:
        return form_body(request)
    except HttpError as error:
        if error.status != 400:
            raise
        raise invalid_request(Message("oauth_form_unreadable", most=MAX_FORM_FIELDS)) from None


def _shown(name: str) -> str:
    """Return a parameter's name with the characters that an error description may have (RFC 6749 section 5.2)."""
    return _NOT_IN_NAME.sub("?", name[:40])


def _basic(header: str) -> tuple[str, str] | None:
    """Return id and secret of a Basic header, each form-decoded; None without the header."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = (
            base64.b64decode(value.strip(), validate=True).decode().partition(":")
        )
    except (binascii.Error, ValueError):
        colon = ""
    if not colon:
        raise invalid_request(Message("oauth_basic_form"))
    return unquote_plus(client_id), unquote_plus(secret)
