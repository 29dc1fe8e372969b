"""The dry run of a mapping: returns the outcome of a POST of a user without storing it.

It runs the code of a real POST: parsing, validation, and derivation of numbers and search terms. Only the write is left
out, so a user name that is already taken isn't detected.
"""

from dataclasses import dataclass, field
from typing import Any

from directories.models import Directory
from scim.core.errors import ScimError
from scim.core.notes import Notes
from scim.core.patch import PATCH_URN, apply_patch
from scim.core.resources import parse_resource
from scim.core.schemas import USER
from scim.users import index_rows, search_terms, user_columns
from scim.users.contact_cards import Card
from scim.users.models import UserRecord, encode
from scim.users.service import check_numbers
from shared.messages import Message
from shared.numbers.number import Number

MAX_CHARACTERS = 16_384  # of the pasted text; a user of Entra has about 2,000
_ID = "00000000-0000-7000-8000-000000000000"  # in place of the ID that a stored user gets


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """An attribute or column with a value that would not be stored, and the reason with the remedy."""

    attribute: str
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """The outcome of a dry run.

    Attributes:
        refusal: Why the user would be refused; then `record` is None.
        record: The user as it would be stored, without an ID.
        card: The card as lists and searches would show it.
        numbers: The numbers with their types, main number first.
        terms: The words whose beginnings find the person.
        remarks: Values that would not be stored.
    """

    refusal: ScimError | None = None
    record: UserRecord | None = None
    card: Card | None = None
    numbers: list[tuple[str, Number]] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def of_user(directory: Directory, body: object) -> DryRun:
    """Return the outcome for a user in JSON, as in the body of a POST to /Users."""
    notes = Notes()
    try:
        _refuse_other_messages(body)
        return _stored(directory, parse_resource(body, USER, notes), notes, [])
    except (ScimError, RecursionError) as error:
        return DryRun(refusal=_refusal(error), remarks=_remarks(notes))


def of_columns(directory: Directory, text: str) -> DryRun:
    """Return the outcome for a user in delimiter-separated values.

    `text` has a line of headings and a line of values. A heading is the path of an attribute, such as
    `emails[type eq "work"].value`, or the name of a source attribute in Entra or Okta.
    """
    notes, remarks = Notes(), list[Remark]()
    try:
        columns = user_columns.parse(text)
        remarks += [Remark(attribute=one.heading, message=one.message) for one in columns.faults]
        patched = apply_patch({}, columns.operations, USER, notes)
        return _stored(directory, parse_resource(patched, USER, notes), notes, remarks)
    except (ScimError, RecursionError) as error:
        return DryRun(refusal=_refusal(error), remarks=[*remarks, *_remarks(notes)])


def _refuse_other_messages(body: object) -> None:
    """Raise invalidSyntax for a list of users or a PATCH, which a client would send to other paths."""
    names = {name.lower() for name in body} if isinstance(body, dict) else set()
    if "operations" in names or "resources" in names:
        raise ScimError(400, Message("dry_run_no_user", patch=PATCH_URN), "invalidSyntax")


def _stored(
    directory: Directory, resource: dict[str, Any], notes: Notes, remarks: list[Remark]
) -> DryRun:
    """Return the outcome for a canonical resource. Raise the ScimError that the write would raise."""
    check_numbers(directory, {}, resource)
    record = UserRecord(id=_ID, resource=resource, created="", modified="")
    encode(record)  # refuses a user that is too large
    numbers = index_rows.derived(record, directory.region)
    card = index_rows.card_of(record, numbers)
    words = [term.partition(" ")[0] for term in search_terms.find_terms(card)]
    return DryRun(
        record=record,
        card=card,
        numbers=numbers,
        terms=list(dict.fromkeys(words)) if record.active else [],
        remarks=[*remarks, *_remarks(notes)],
    )


def _remarks(notes: Notes) -> list[Remark]:
    unknown = [
        Remark(attribute=name, message=Message("not_an_attribute", name=name, type=USER.name))
        for name in notes.unknown
    ]
    left_out = [Remark(attribute=name, message=reason) for name, reason in notes.left_out.items()]
    return [*unknown, *left_out]


def _refusal(error: ScimError | RecursionError) -> ScimError:
    if isinstance(error, ScimError):
        return error
    return ScimError(400, Message("body_too_deep"), "invalidSyntax")
