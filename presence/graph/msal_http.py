"""The `http_client` for msal: adds timeouts, keeps the error of the last response, and supports simulators.

msal sends requests only to https URLs and refuses a token endpoint with another scheme. A simulator
on this machine has no certificate. So for `http://127.0.0.1`, msal gets https URLs, and this module
sends the requests by plain http to that one origin.
"""

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import orjson

from presence.graph.clouds import is_loopback_http
from presence.graph.failure_reasons import numbers_of
from shared.clock import Clock, SystemClock
from shared.limits import LruCache
from shared.retry_after import seconds_until

if TYPE_CHECKING:
    import requests

_TIMEOUT = (3.05, 7.0)  # seconds to connect, and between two bytes
_METADATA_SECONDS = 3600.0
_MAX_METADATA = 1024  # documents of about 2 KB
_MAX_WAIT = 3600.0


class MsalResponse:
    """The parts of a response that msal reads."""

    def __init__(self, response: "requests.Response", text: str) -> None:
        self.status_code, self.headers, self.text = response.status_code, response.headers, text
        self.raise_for_status = response.raise_for_status


@dataclass(slots=True)
class MetadataCache:
    """A cache of tenants' metadata documents (OpenID Connect Discovery), shared by the threads of an App."""

    clock: Clock = field(default_factory=SystemClock)
    _answers: LruCache[str, tuple[float, MsalResponse]] = field(
        default_factory=lambda: LruCache(_MAX_METADATA)
    )
    _lock: Lock = field(default_factory=Lock)

    def get(self, url: str) -> MsalResponse | None:
        """Return the document that was fetched from `url` within the last hour, or None."""
        with self._lock:
            found = self._answers.get(url)
        is_fresh = found and 0 <= self.clock.monotonic() - found[0] < _METADATA_SECONDS
        return found[1] if found and is_fresh else None

    def put(self, url: str, response: MsalResponse) -> None:
        """Store a successful response if `url` is that of a metadata document."""
        is_metadata = url.endswith("/.well-known/openid-configuration")
        if is_metadata and response.status_code == 200 and response.text.lstrip().startswith("{"):
            with self._lock:
                self._answers.put(url, (self.clock.monotonic(), response))


class TimedHttp:
    """An `http_client` with timeouts for the endpoint of the managed identity."""

    def __init__(self) -> None:
        import requests

        self._session = requests.Session()

    def get(self, url: str, **options: Any) -> "requests.Response":
        """Send a GET for msal."""
        return self._session.get(url, timeout=_TIMEOUT, **options)

    def post(self, url: str, **options: Any) -> "requests.Response":
        """Send a POST for msal."""
        return self._session.post(url, timeout=_TIMEOUT, **options)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


class LoginHttp:
    """An `http_client` for the login service.

    `last_status`, `last_error`, `last_codes` and `last_wait` (seconds of Retry-After) are those of
    the last response; the status is 0 if there was none.
    """

    def __init__(self, login_url: str, metadata: MetadataCache | None = None) -> None:
        import requests

        self._metadata = metadata or MetadataCache()

        self._plain = login_url
        self._shown = (
            "https" + login_url.removeprefix("http") if is_loopback_http(login_url) else login_url
        )
        self._session = requests.Session()
        self.last_status = 0
        self.last_codes: tuple[int, ...] = ()
        self.last_error = ""
        self.last_wait: float | None = None

    def authority(self, tenant: str) -> str:
        """Return the authority URL of a tenant, for msal."""
        return f"{self._shown}/{tenant}"

    def for_browser(self, address: str) -> str:
        """Convert a URL from msal to the URL that a browser must open.

        They differ only for a simulator, for which msal gets https URLs and the browser needs http.
        """
        return address.replace(self._shown, self._plain, 1)

    def get(self, url: str, **options: Any) -> MsalResponse:
        """Send a GET for msal; metadata that was fetched within the last hour is returned from the cache."""
        if (known := self._metadata.get(url)) is not None:
            return known
        response = self._send("GET", url, **options)
        self._metadata.put(url, response)
        return response

    def post(self, url: str, **options: Any) -> MsalResponse:
        """Send a POST for msal."""
        return self._send("POST", url, **options)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _send(self, method: str, url: str, **options: Any) -> MsalResponse:
        if not url.startswith(self._shown + "/"):
            raise ValueError("the login service names an address that is not its own")
        self._note(0, "", None)
        response = self._session.request(
            method, self.for_browser(url), timeout=_TIMEOUT, allow_redirects=False, **options
        )
        self._note(response.status_code, response.text, response.headers.get("Retry-After"))
        shown = response.text
        if method == "GET" and self._shown != self._plain:
            shown = shown.replace(f'"{self._plain}/', f'"{self._shown}/')
        return MsalResponse(response, shown)

    def _note(self, status: int, text: str, wait: str | None) -> None:
        self.last_status, self.last_error, self.last_codes = status, "", ()
        seconds = seconds_until(wait, self._metadata.clock.now())
        self.last_wait = None if seconds is None else min(seconds, _MAX_WAIT)
        if status < 400:
            return
        try:
            body = orjson.loads(text)
        except orjson.JSONDecodeError:
            return
        if isinstance(body, dict):
            self.last_error = str(body.get("error", ""))
            self.last_codes = numbers_of(body)
