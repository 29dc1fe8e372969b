"""People as comma-separated values (RFC 4180), safe to open in a spreadsheet."""

import re

from scim.users import contact_cards
from scim.users.record import UserRecord
from shared.numbers.number import Number

_COLUMNS = (
    "Display name",
    "Given name",
    "Family name",
    "Title",
    "Department",
    "Email",
    "Other emails",
    "User name",
    "Number",
    "Other numbers",
    "External ID",
    "Manager",
)
_FORMULA = re.compile(r"^[\s]*[=+\-@|%\t\r\n＝＋－＠]")
# Where the list separator is another one, or a tab is pasted, what follows it begins a cell of its own.
# A whole stretch of separators and spaces is matched at once, else a text of tabs would take quadratic time.
_INNER_FORMULA = re.compile(r"(?<![;,\s])([;,\s]++)(?=[=+\-@|%＝＋－＠])")
_SEPARATORS = frozenset(";,\t\r\n")
_NUMBER = r"\+?[0-9]{3,15}(?:;ext=[0-9]{1,9})?"
_NUMBERS = re.compile(f"{_NUMBER}(?:; {_NUMBER})*")


def entry(user: UserRecord, numbers: list[tuple[str, Number]], manager: str = "") -> bytes:
    """Return a line; numbers in E.164 if they have that form, else as sent. `manager` is the manager's name."""
    resource = user.resource
    name, mail = resource.get("name", {}), contact_cards.work_mail(resource)
    written = [
        number.e164 + _extension(number) if number.e164 else number.raw for _, number in numbers
    ]
    fields = (
        contact_cards.display_name(resource),
        name.get("givenName", ""),
        name.get("familyName", ""),
        resource.get("title", ""),
        resource.get(contact_cards.ENTERPRISE, {}).get("department", ""),
        mail,
        "; ".join(address for address in contact_cards.addresses(resource) if address != mail),
        resource["userName"],
        written[0] if written else "",
        "; ".join(written[1:]),
        resource.get("externalId", ""),
        manager,
    )
    return _line(fields)


def _extension(number: Number) -> str:
    return f";ext={number.extension}" if number.extension else ""


def _line(fields: tuple[str, ...]) -> bytes:
    return (",".join(map(_cell, fields)) + "\r\n").encode()


def _cell(text: str) -> str:
    """A quoted cell that no spreadsheet takes for a formula (owasp.org/www-community/attacks/CSV_Injection).

    Numbers stay as they are: with its plus, one is at worst read as a number.
    """
    safe = text
    if not _NUMBERS.fullmatch(text):
        safe = _INNER_FORMULA.sub(_marked, f"'{text}" if _FORMULA.match(text) else text)
    return '"' + safe.replace('"', '""') + '"'


def _marked(match: re.Match[str]) -> str:
    """Return a stretch before a formula, with an apostrophe if it has a separator: a space alone begins no cell."""
    return match[1] if _SEPARATORS.isdisjoint(match[1]) else f"{match[1]}'"


# The byte order mark makes Excel read UTF-8.
HEAD = b"\xef\xbb\xbf" + _line(_COLUMNS)
