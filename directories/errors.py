"""Errors of requests about directories, with their HTTP statuses."""

from shared.http import HttpError
from shared.messages import Message


class DirectoryError(Exception):
    """Base class of errors that a request about directories can cause; `status` is the HTTP status."""

    status = 400

    def __init__(self, message: Message) -> None:
        super().__init__(message.code)
        self.message = message

    def problem(self) -> HttpError:
        """Return the error as an HttpError."""
        return HttpError(self.status, self.message)


class InvalidField(DirectoryError):
    """A field of the request has a value that is not accepted."""

    def __init__(self, field: str, message: Message) -> None:
        super().__init__(message)
        self.field = field

    def problem(self) -> HttpError:
        """Return the error as an HttpError with the member `field`."""
        return HttpError(self.status, self.message, field=self.field)


class NameTaken(InvalidField):
    """Another directory of the account has this name."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__("name", Message("name_taken", name=name))


class KindFixed(InvalidField):
    """The directory's kind can't be changed any more."""

    status = 409

    def __init__(self, message: Message) -> None:
        super().__init__("kind", message)


class NotThere(DirectoryError):
    """The account has no directory with this ID, or the directory has no credential or link with this ID."""

    status = 404

    def __init__(self, identifier: str) -> None:
        super().__init__(Message("not_there"))
        self.identifier = identifier


class Overtaken(DirectoryError):
    """Another request changed the directory after it was read."""

    status = 412

    def __init__(self, identifier: str) -> None:
        super().__init__(Message("overtaken"))
        self.identifier = identifier


class TooManyDirectories(DirectoryError):
    """The account has as many directories as the operator allows."""

    status = 409

    def __init__(self, most: int) -> None:
        super().__init__(Message("directories_most", most=most))


class TooMany(DirectoryError):
    """The directory has as many live tokens, or client secrets, as allowed; the message names them."""

    status = 409
