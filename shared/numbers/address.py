"""Extract the number from the address of a caller: SIP and tel URIs, From headers, Teams identifiers."""

import re
from urllib.parse import unquote

from shared.numbers.text import MAX_TEXT

_SCHEMES = ("sips:", "sip:", "tel:", "callto:", "skype:", "phone:")
_TEAMS = re.compile(r"[0-9]{1,2}:")
_USER = re.compile(r"\+?[0-9().\- *#]*")


def number_in(text: str) -> str:
    """Return the number in an address; "" for an address without a number; any other text unchanged.

    Understands a name with the address in angle brackets and parameters after it (RFC 3261 section
    20.20), `sip:`, `sips:` and `tel:` URIs with `ext` and `phone-context` (RFC 3966 section 3), an
    address without a scheme, and the identifiers of Teams: `4:+44…` is a phone number, `8:orgid:…`
    a user (Microsoft Graph, communicationsIdentitySet).
    """
    text = text.strip()
    if len(text) > 4 * MAX_TEXT:
        return ""
    text = _in_brackets(text)
    lower = text.lower()
    for scheme in _SCHEMES:
        at = lower.find(scheme)
        if at >= 0 and not lower[at - 1 : at].isalnum() and _begins_number(text, at + len(scheme)):
            return _from_uri(text[at + len(scheme) :], scheme)
        if at == 0 and text[len(scheme) : len(scheme) + 1].isalpha():
            return ""  # the address of a person, such as sip:anna@contoso.example
    if "@" in text and " " not in text.partition("@")[0].strip():
        return _from_uri(text, "sip:")
    if teams := _TEAMS.match(text):
        rest = text[teams.end() :]
        if teams[0] == "4:" and _begins_number(rest, 0):
            return rest
        if not rest.startswith((" ", "+")) and not rest[:1].isdigit():
            return ""
    return text


def _in_brackets(text: str) -> str:
    """Return the text between the last pair of angle brackets if it is an address, otherwise all of `text`."""
    start = text.rfind("<")
    if start < 0:
        return text
    inner = text[start + 1 :].partition(">")[0].strip()
    is_address = ":" in inner or "@" in inner or _begins_number(inner, 0)
    return inner if is_address else text


def _begins_number(text: str, at: int) -> bool:
    return text[at : at + 1] in set("+0123456789(%*#") and at < len(text)


def _from_uri(rest: str, scheme: str) -> str:
    user, at, _ = rest.partition("@")
    user = user if at else rest.partition("?")[0]
    number, *parameters = user.split(";")
    if any(_begins_number(parameter.strip(), 0) for parameter in parameters):
        return user  # no parameters, but other numbers
    given = {name.lower(): value for name, _, value in (p.partition("=") for p in parameters)}
    number, context = unquote(number), unquote(given.get("phone-context", ""))
    if scheme != "tel:" and at:
        number = number.partition(":")[0]  # without a password (RFC 3261 section 19.1.1)
    if scheme in ("sip:", "sips:") and not (_USER.fullmatch(number) and _is_user(number, bool(at))):
        return ""
    if context.startswith("+") and not number.startswith("+"):
        number = context + number
    extension = given.get("ext", "")
    return f"{number};ext={extension}" if extension.isdigit() else number


def _is_user(number: str, has_host: bool) -> bool:
    """Return whether `number` is the user part of a SIP URI and not its host: `sip:10.0.0.1` has no user part."""
    return has_host or number.count(".") != 3
