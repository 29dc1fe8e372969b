"""What can be wrong with a request about directories, in words for the administrator."""

from shared.http import HttpError


class InvalidField(Exception):
    """A field has a value that can't be taken."""

    def __init__(self, field: str, fault: str, remedy: str) -> None:
        super().__init__(f"{field} {fault}. {remedy}")
        self.field = field
        self.fault = fault
        self.remedy = remedy


class NotThere(Exception):
    """The account has no directory (or the directory no token) with this id."""


class Overtaken(Exception):
    """Somebody else changed the directory since it was read."""


class TooMany(Exception):
    """There are as many live tokens (or client secrets) as there may be."""


def field_error(field: str, fault: str, remedy: str) -> HttpError:
    """400 for one field."""
    return HttpError(
        400,
        "Field not valid",
        f"{field}: {fault}. {remedy}",
        field=field,
        fault=fault,
        remedy=remedy,
    )
