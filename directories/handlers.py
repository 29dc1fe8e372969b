"""Convert between HTTP and actions of administrators: sign-in, same-origin check, and errors as RFC 9457 problems."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from directories.audit import Actor, person_actor
from directories.errors import DirectoryError
from directories.rate_limits import limit_user
from shared.app import App
from shared.easy_auth import Principal, require_admin
from shared.http import Request, Response, check_same_origin

Action = Callable[["Call"], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a signed-in administrator, as the actions receive it."""

    app: App
    request: Request
    person: Principal

    @property
    def account(self) -> str:
        """The administrator's account."""
        return self.person.account

    @property
    def actor(self) -> Actor:
        """The administrator as an actor of the audit log."""
        return person_actor(self.person, self.request)

    @property
    def directory_id(self) -> str:
        """The directory ID in the request's path."""
        return self.request.route["directoryId"]


async def respond(app: App, request: Request, action: Action) -> Response:
    """Return the response of `action` for a signed-in administrator; convert its DirectoryError to an HttpError."""
    person = require_admin(request, app.settings)
    check_same_origin(request, app.settings.public_url)
    try:
        with limit_user(app, person):
            return await action(Call(app, request, person))
    except DirectoryError as error:
        raise error.problem() from None
