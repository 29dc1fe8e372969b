"""Formats people as delimiter-separated values (RFC 4180) that are safe to open in a spreadsheet."""

import re
from collections.abc import Sequence

from contacts.unparsed_numbers import Unparsed
from scim.users import contact_cards
from scim.users.models import UserRecord
from shared import csv_cells
from shared.numbers.number import Number

SEPARATORS: dict[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t"}
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
_NUMBER_COLUMNS = ("Display name", "ID", "Type", "Number", "Fault")
_NUMBER = r"\+?[0-9]{1,15}(?: [0-9]{1,15}){0,15}(?: ext\. [0-9]{1,9})?"
_NUMBERS = re.compile(f"{_NUMBER}(?:; {_NUMBER})*")
_MAX_PLAIN_DIGITS = 11  # Excel shows longer numbers as 1.23E+11
_GROUP = 3


def head(separator: str) -> bytes:
    """Return the start of the file: the byte order mark and the line of column headings."""
    return csv_cells.BYTE_ORDER_MARK + _line(_COLUMNS, separator)


def entry(
    user: UserRecord, numbers: list[tuple[str, Number]], manager: str, separator: str
) -> bytes:
    """Return the line of one person; `manager` is the manager's name."""
    resource = user.resource
    name, mail = resource.get("name", {}), contact_cards.work_mail(resource)
    written = [spreadsheet_number(number) for _, number in numbers]
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
    return _line(fields, separator)


def numbers_file(people: Sequence[Unparsed], *, is_first: bool) -> bytes:
    """Return one line per phone number that can't be parsed; with `is_first`, the column headings come first."""
    lines = [csv_cells.BYTE_ORDER_MARK + _line(_NUMBER_COLUMNS, ",")] if is_first else []
    lines += [
        _line((one.name, one.id, number["type"], number["value"], number["fault"]), ",")
        for one in people
        for number in one.numbers
    ]
    return b"".join(lines)


def spreadsheet_number(number: Number) -> str:
    """Format a number so that a spreadsheet keeps it as text.

    Excel parses "+442079460958" as the number 442079460958, and drops the plus, a leading zero and the last digits of
    long numbers when it saves. Spaces make it text: an E.164 number is written in the international form of ITU-T
    E.123, any other number as it was sent, divided into groups if it would lose digits otherwise.
    """
    if number.e164 is None:
        return _grouped(number.raw)
    extension = f" ext. {number.extension}" if number.extension else ""
    return _international(number.e164) + extension


def _international(e164: str) -> str:
    import phonenumbers

    parsed = phonenumbers.parse(e164)
    form = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    spaced = re.sub(r"[^0-9+]+", " ", form).strip()
    return spaced if " " in spaced else _grouped(e164)


def _grouped(text: str) -> str:
    digits = text.removeprefix("+")
    loses = text.startswith(("+", "0")) or len(digits) > _MAX_PLAIN_DIGITS
    if not (digits.isascii() and digits.isdecimal() and loses and len(digits) > 1):
        return text
    size = _GROUP if len(digits) > _GROUP else 1
    groups = [digits[at : at + size] for at in range(0, len(digits), size)]
    return text[: len(text) - len(digits)] + " ".join(groups)


def _line(fields: tuple[str, ...], separator: str) -> bytes:
    return csv_cells.line([_cell(field) for field in fields], separator)


def _cell(text: str) -> str:
    """Return the text as a cell that no spreadsheet runs as a formula.

    A phone number with a plus needs no apostrophe.
    """
    return csv_cells.quoted(text) if _NUMBERS.fullmatch(text) else csv_cells.safe(text)
