"""Errors of the token endpoint (RFC 6749 section 5.2), with remedies in their descriptions."""

import orjson

from shared import log
from shared.azure_functions import describe_failure
from shared.http import HttpError, Response
from shared.messages import Message

NO_STORE = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}


class OAuthError(Exception):
    """An error of the token endpoint."""

    def __init__(
        self,
        error: str,
        message: Message,
        status: int = 400,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message.code)
        body = orjson.dumps({"error": error, "error_description": message.text()})
        self.message = message
        self.response = Response(status, body, {**NO_STORE, **(headers or {})})


def invalid_request(message: Message) -> OAuthError:
    """Return 400 invalid_request."""
    return OAuthError("invalid_request", message)


def invalid_client(message: Message) -> OAuthError:
    """Return 401 invalid_client with a challenge.

    Every 401 has one (RFC 9110 section 15.5.2), also if the client's secret was in the form or its
    header had another scheme. Basic is the only scheme of the token endpoint (RFC 6749 section 5.2).
    """
    return OAuthError("invalid_client", message, 401, {"WWW-Authenticate": 'Basic realm="SCIM"'})


def token_failure(error: Exception) -> Response:
    """Return the token endpoint's response for any exception; the text of an unexpected one isn't sent."""
    match error:
        case OAuthError():
            return error.response
        case HttpError():
            name = "temporarily_unavailable" if error.status == 429 else "invalid_request"
            return OAuthError(name, error.message, error.status, error.headers).response
        case _:
            failure = describe_failure(error)
            if failure.status == 500:
                log.failure("token.error", error)
            name = "temporarily_unavailable" if failure.status == 503 else "server_error"
            return OAuthError(name, failure.message, failure.status, failure.headers).response
