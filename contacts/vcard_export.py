"""Formats people as vCard 3.0 (RFC 2426) or 4.0 (RFC 6350)."""

import re
from collections.abc import Iterator
from typing import Any

from scim.users import contact_cards
from scim.users.models import UserRecord
from shared.numbers.number import Number

VERSIONS = ("3.0", "4.0")
_ESCAPES = str.maketrans({"\\": "\\\\", ",": "\\,", ";": "\\;", "\n": "\\n", "\r": None})
_LINE_ENDS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MAX_OCTETS = 75
_NAME_PARTS = ("familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")
# SCIM's types of numbers as vCard has them (RFC 2426 section 3.3.1, RFC 6350 section 6.4.1).
_TEL_TYPES = {
    "work": ("work", "voice"),
    "mobile": ("cell", "voice"),
    "home": ("home", "voice"),
    "fax": ("fax",),
    "pager": ("pager",),
}
_OTHER_TEL = ("voice",)


def entry(user: UserRecord, numbers: list[tuple[str, Number]], manager: str, version: str) -> bytes:
    """Return the vCard of a person; `manager` is the manager's name."""
    lines = _version_3(user, numbers) if version == "3.0" else _version_4(user, numbers)
    parts = ["BEGIN:VCARD", f"VERSION:{version}", *_common(user, manager), *lines, "END:VCARD"]
    return b"".join(map(_fold, parts))


def _common(user: UserRecord, manager: str) -> Iterator[str]:
    """Yield the properties that are written in the same way in both versions."""
    resource = user.resource
    name, enterprise = resource.get("name", {}), resource.get(contact_cards.ENTERPRISE, {})
    yield f"UID:urn:uuid:{user.id}"
    shown = contact_cards.display_name(resource)
    parts = [name.get(part, "") for part in _NAME_PARTS]
    if not any(parts):  # address books show N, and no name if it is empty (FossifyOrg/Contacts#465)
        parts[0] = shown
    yield f"FN:{_text(shown)}"
    yield "N:" + ";".join(map(_text, parts))
    organization, department = enterprise.get("organization", ""), enterprise.get("department", "")
    if organization or department:
        yield f"ORG:{_text(organization)};{_text(department)}"
    if resource.get("title"):
        yield f"TITLE:{_text(resource['title'])}"
    if manager:
        # No property of either RFC; Outlook writes and reads this one.
        yield f"X-MS-MANAGER:{_text(manager)}"


def _version_3(user: UserRecord, numbers: list[tuple[str, Number]]) -> Iterator[str]:
    for mail in _mails(user):
        kind = str(mail.get("type", "")).upper()
        types = f"INTERNET,{kind}" if kind in ("WORK", "HOME") else "INTERNET"
        yield f"EMAIL;TYPE={types}:{_text(mail['value'])}"
    for index, (kind, number) in enumerate(numbers):
        names = [one.upper() for one in _TEL_TYPES.get(kind.lower(), _OTHER_TEL)]
        types = ",".join([*names, "PREF"] if index == 0 else names)
        yield f"TEL;TYPE={types}:{_text(_readable(number))}"
    yield f"REV:{user.modified.partition('.')[0]}Z"


def _version_4(user: UserRecord, numbers: list[tuple[str, Number]]) -> Iterator[str]:
    for mail in _mails(user):
        kind = mail.get("type")
        parameter = f";TYPE={kind}" if kind in ("work", "home") else ""
        yield f"EMAIL{parameter}:{_text(mail['value'])}"
    for ordinal, (kind, number) in enumerate(numbers, 1):
        types = ",".join(_TEL_TYPES.get(kind.lower(), _OTHER_TEL))
        parameters = f'TYPE="{types}";PREF={min(ordinal, 100)}'
        if number.e164 is None:
            yield f"TEL;VALUE=text;{parameters}:{_text(number.raw)}"
        else:
            extension = f";ext={number.extension}" if number.extension else ""
            yield f"TEL;VALUE=uri;{parameters}:tel:{number.e164}{extension}"
    yield f"REV:{user.modified.replace('-', '').replace(':', '').partition('.')[0]}Z"


def _mails(user: UserRecord) -> list[dict[str, Any]]:
    return [mail for mail in user.resource.get("emails", []) if mail.get("value")]


def _readable(number: Number) -> str:
    if number.e164 is None:
        return number.raw
    return f"{number.e164} ext. {number.extension}" if number.extension else number.e164


def _text(text: str) -> str:
    """Return the text escaped (RFC 6350 section 3.4), without characters at which a parser ends a line."""
    escaped = text.translate(_ESCAPES)
    return escaped if escaped.isprintable() else _LINE_ENDS.sub("", escaped)


def _fold(line: str) -> bytes:
    """Return the line folded into pieces of at most 75 octets, never cut inside a character (RFC 6350 section 3.2)."""
    octets = line.encode()
    if len(octets) <= _MAX_OCTETS:
        return octets + b"\r\n"
    pieces, start, room = list[bytes](), 0, _MAX_OCTETS
    while len(octets) - start > room:
        end = start + room
        while octets[end] & 0xC0 == 0x80:  # a byte inside a character (RFC 3629 section 3)
            end -= 1
        pieces.append(octets[start:end])
        start, room = end, _MAX_OCTETS - 1
    return b"\r\n ".join([*pieces, octets[start:]]) + b"\r\n"
