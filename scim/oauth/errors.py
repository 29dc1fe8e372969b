"""Errors of the token endpoint (RFC 6749 section 5.2), with descriptions that say what helps."""

import orjson

from shared import log
from shared.http import HttpError, Response
from shared.tables.port import StorageUnavailable

NO_STORE = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}


class OAuthError(Exception):
    """An answer other than a token."""

    def __init__(
        self, error: str, description: str, status: int = 400, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(error)
        body = orjson.dumps({"error": error, "error_description": description})
        self.response = Response(status, body, {**NO_STORE, **(headers or {})})


def invalid_request(description: str) -> OAuthError:
    """400 invalid_request."""
    return OAuthError("invalid_request", description)


def invalid_client(description: str, *, basic: bool = False) -> OAuthError:
    """401 invalid_client; with the scheme that the client used, as RFC 6749 section 5.2 asks."""
    headers = {"WWW-Authenticate": 'Basic realm="SCIM"'} if basic else {}
    return OAuthError("invalid_client", description, 401, headers)


def token_failure(error: Exception) -> Response:
    """The token endpoint's answer for whatever went wrong; what was not foreseen shows nothing of itself."""
    match error:
        case OAuthError(response=response):
            return response
        case HttpError(response=response):
            detail = str(orjson.loads(response.body)["detail"])
            kept = {name: value for name, value in response.headers.items() if name not in NO_STORE}
            name = "temporarily_unavailable" if response.status == 429 else "invalid_request"
            return OAuthError(name, detail, response.status, kept).response
        case StorageUnavailable(retry_after=seconds):
            headers = {"Retry-After": str(seconds)}
            detail = "The storage did not answer. Ask again in some seconds."
            return OAuthError("temporarily_unavailable", detail, 503, headers).response
        case _:
            log.failure("token.error", error)
            return OAuthError(
                "server_error", "The request failed inside the service; try again.", 500
            ).response
