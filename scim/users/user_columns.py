"""Converts a user in one line of delimiter-separated values (RFC 4180) to PATCH operations.

A heading is the path of an attribute of a user (RFC 7644 section 3.10), which the mapping pages of
Entra and Okta call the target attribute. The names of their source attributes, and the headings of
Entra's own file of users and of this product's export, are translated to the usual target.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from scim.core.errors import ScimError, bad_syntax
from scim.core.patch import Operation
from scim.users.contact_cards import ENTERPRISE
from shared.messages import Message

MAX_COLUMNS = 100
_SEPARATORS = (",", ";", "\t")
_MAIL = 'emails[type eq "work"].value'
_PHONE = 'phoneNumbers[type eq "work"].value'
_MOBILE = 'phoneNumbers[type eq "mobile"].value'

# Targets by source attribute: the headings of Entra's bulk download of users and of Microsoft Graph
# (learn.microsoft.com/graph/api/resources/user), of Okta's base profile, and of the product's export.
# Letters are in lower case, spaces left out.
_SOURCES = {
    **dict.fromkeys(("userprincipalname", "login"), "userName"),
    **dict.fromkeys(("objectid", "objectidentifier"), "externalId"),
    **dict.fromkeys(("accountenabled",), "active"),
    **dict.fromkeys(("givenname", "firstname"), "name.givenName"),
    **dict.fromkeys(("surname", "familyname", "lastname"), "name.familyName"),
    **dict.fromkeys(("mail", "email"), _MAIL),
    **dict.fromkeys(("jobtitle",), "title"),
    **dict.fromkeys(("telephonenumber", "businessphones", "primaryphone", "number"), _PHONE),
    **dict.fromkeys(("mobile", "mobilephone"), _MOBILE),
    **dict.fromkeys(("department",), f"{ENTERPRISE}:department"),
    **dict.fromkeys(("companyname", "organization"), f"{ENTERPRISE}:organization"),
    **dict.fromkeys(("employeeid", "employeenumber"), f"{ENTERPRISE}:employeeNumber"),
    **dict.fromkeys(("city",), 'addresses[type eq "work"].locality'),
}


@dataclass(frozen=True, slots=True)
class ColumnFault:
    """A column that was ignored, and the reason with the remedy."""

    heading: str
    message: Message


@dataclass(frozen=True, slots=True)
class Columns:
    """The operations for the cells, and the columns that were ignored."""

    operations: list[Operation] = field(default_factory=list)
    faults: list[ColumnFault] = field(default_factory=list)


def parse(text: str) -> Columns:
    """Return the operations for a line of headings and a line of values.

    Empty cells are ignored, because Entra sends no empty values.

    Raises:
        ScimError: invalidSyntax if the text isn't two lines with the same number of cells.
    """
    headings, cells = _lines(text)
    columns, used = Columns(), dict[str, str]()
    for heading, cell in zip(headings, cells, strict=True):
        if not cell:
            continue
        target = target_of(heading)
        if target in used:
            message = Message("column_twice", heading=heading[:200], other=used[target][:200])
            columns.faults.append(ColumnFault(heading[:200], message))
            continue
        used[target] = heading
        columns.operations.append(Operation("add", target, cell))
    return columns


def target_of(heading: str) -> str:
    """Return the path of the attribute for a heading; the heading itself if it is a path."""
    return _SOURCES.get(heading.replace(" ", "").lower(), heading)


def _lines(text: str) -> tuple[list[str], list[str]]:
    """Return headings and cells without surrounding spaces; raise ScimError invalidSyntax."""
    try:
        rows = [row for row in _rows(text) if any(row)]
    except csv.Error:
        raise bad_syntax("row_quotes") from None
    if len(rows) != 2:
        raise bad_syntax("row_count", count=len(rows))
    headings, cells = rows
    if len(headings) > MAX_COLUMNS:
        raise ScimError(413, Message("row_too_many", count=len(headings), most=MAX_COLUMNS))
    if len(headings) != len(cells):
        raise bad_syntax("row_lengths", headings=len(headings), cells=len(cells))
    return headings, cells


def _rows(text: str) -> Iterator[list[str]]:
    first = text.lstrip().partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    for row in csv.reader(lines, delimiter=separator, strict=True):
        yield [cell.strip() for cell in row]
