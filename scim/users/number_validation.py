"""Strict numbers: a directory may refuse what cannot be read as a phone number instead of listing it for attention."""

from typing import Any

from directories.models import Directory
from scim.core.errors import ScimError
from scim.core.notes import Notes
from shared.messages import Message
from shared.numbers.number import derive


def check_numbers(directory: Directory, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Raise 400 invalidValue for a number without an E.164 form, if the directory is strict and the number is new.

    Numbers stored before the directory became strict do not block other changes of their person.
    """
    if not directory.strict_numbers:
        return
    known = {entry.get("value") for entry in before.get("phoneNumbers", [])}
    for entry in after.get("phoneNumbers", []):
        value = entry.get("value")
        if value and value not in known and (fault := derive(value, directory.region).fault):
            kind = entry.get("type", "other")
            said = Message("strict_number", kind=kind, fault=fault)
            raise ScimError(400, said, "invalidValue")


def numbers_checked(
    directory: Directory, before: dict[str, Any], after: dict[str, Any], notes: Notes
) -> dict[str, Any]:
    """Return `after` if its numbers pass `check_numbers`.

    An inactive person keeps the numbers of `before` instead: a wrong number must not undo a deactivation.
    """
    try:
        check_numbers(directory, before, after)
    except ScimError as error:
        if after.get("active") is not False:
            raise
        notes.leave_out("phoneNumbers", error.message)
        kept = {name: value for name, value in after.items() if name != "phoneNumbers"}
        if "phoneNumbers" in before:
            kept["phoneNumbers"] = before["phoneNumbers"]
        return kept
    return after
