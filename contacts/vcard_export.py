"""People as vCard 4.0 (RFC 6350)."""

import re
from collections.abc import Iterator

from scim.users import contact_cards
from scim.users.models import UserRecord
from shared.numbers.number import Number

_ESCAPES = str.maketrans({"\\": "\\\\", ",": "\\,", ";": "\\;", "\n": "\\n", "\r": None})
_LINE_ENDS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MOST_OCTETS = 75
# SCIM's types of numbers as vCard knows them (RFC 6350 sections 5.6 and 6.4.1).
_TEL_TYPES = {
    "work": "work,voice",
    "mobile": "cell,voice",
    "home": "home,voice",
    "fax": "fax",
    "pager": "pager",
}


def entry(user: UserRecord, numbers: list[tuple[str, Number]], manager: str = "") -> bytes:
    """Return a vCard of the user; `manager` is the manager's name."""
    return b"".join(map(_fold, _lines(user, numbers, manager)))


def _lines(user: UserRecord, numbers: list[tuple[str, Number]], manager: str) -> Iterator[str]:
    resource = user.resource
    name, enterprise = resource.get("name", {}), resource.get(contact_cards.ENTERPRISE, {})
    yield "BEGIN:VCARD"
    yield "VERSION:4.0"
    yield f"UID:urn:uuid:{user.id}"
    yield f"FN:{_text(contact_cards.display_name(resource))}"
    parts = ("familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")
    yield "N:" + ";".join(_text(name.get(part, "")) for part in parts)
    if enterprise.get("organization") or enterprise.get("department"):
        yield f"ORG:{_text(enterprise.get('organization', ''))};{_text(enterprise.get('department', ''))}"
    if resource.get("title"):
        yield f"TITLE:{_text(resource['title'])}"
    if manager:
        yield f"X-MS-MANAGER:{_text(manager)}"  # no property of RFC 6350; Outlook writes and reads this one
    for mail in resource.get("emails", []):
        if mail.get("value"):
            kind = (
                ";TYPE=work"
                if mail.get("type") == "work"
                else ";TYPE=home"
                if mail.get("type") == "home"
                else ""
            )
            yield f"EMAIL{kind}:{_text(mail['value'])}"
    for place, (kind, number) in enumerate(numbers, 1):
        yield _tel(kind, number, place)
    yield f"REV:{user.modified.replace('-', '').replace(':', '').partition('.')[0]}Z"
    yield "END:VCARD"


def _tel(kind: str, number: Number, place: int) -> str:
    types = _TEL_TYPES.get(kind.lower(), "voice")
    parameters = f'TYPE="{types}";PREF={min(place, 100)}'
    if number.e164 is None:
        return f"TEL;VALUE=text;{parameters}:{_text(number.raw)}"
    extension = f";ext={number.extension}" if number.extension else ""
    return f"TEL;VALUE=uri;{parameters}:tel:{number.e164}{extension}"


def _text(text: str) -> str:
    """Text with what has a meaning escaped (section 3.4) and all else left out that some reader ends a line at."""
    escaped = text.translate(_ESCAPES)
    return escaped if escaped.isprintable() else _LINE_ENDS.sub("", escaped)


def _fold(line: str) -> bytes:
    """The line in pieces of at most 75 octets, never cut inside a character (section 3.2)."""
    octets = line.encode()
    if len(octets) <= _MOST_OCTETS:
        return octets + b"\r\n"
    pieces, room, piece = list[bytes](), _MOST_OCTETS, b""
    for character in line:
        encoded = character.encode()
        if len(piece) + len(encoded) > room:
            pieces.append(piece)
            piece, room = b"", _MOST_OCTETS - 1
        piece += encoded
    return b"\r\n ".join([*pieces, piece]) + b"\r\n"
