"""The `http_client` that msal is given: with timeouts, with the last answer's fault, and for simulators on loopback.

msal speaks only https and refuses a token endpoint that is not. A simulator on this machine has no certificate, so for
`http://127.0.0.1` msal is shown https addresses, and requests go out by plain http to that one origin.
"""

import re
from typing import TYPE_CHECKING, Any

import orjson

from presence.graph.clouds import is_loopback_http

if TYPE_CHECKING:
    import requests

_TIMEOUT = (3.05, 7.0)  # seconds to connect, and between two bytes
_SECONDS = re.compile("[0-9]{1,9}")


class Answer:
    """The parts of an answer that msal reads."""

    def __init__(self, answer: "requests.Response", text: str) -> None:
        self.status_code, self.headers, self.text = answer.status_code, answer.headers, text
        self.raise_for_status = answer.raise_for_status


class TimedHttp:
    """Plain calls with timeouts, for the managed identity's endpoint."""

    def __init__(self) -> None:
        import requests

        self._session = requests.Session()

    def get(self, url: str, **options: Any) -> "requests.Response":
        """A GET for msal."""
        return self._session.get(url, timeout=_TIMEOUT, **options)

    def post(self, url: str, **options: Any) -> "requests.Response":
        """A POST for msal."""
        return self._session.post(url, timeout=_TIMEOUT, **options)

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()


class LoginHttp:
    """Calls to the login service. `last_status`, `last_codes`, `last_error`, `last_wait`: of the last answer."""

    def __init__(self, login_url: str) -> None:
        import requests

        self._plain = login_url
        self._shown = (
            "https" + login_url.removeprefix("http") if is_loopback_http(login_url) else login_url
        )
        self._session = requests.Session()
        self.last_status = 0
        self.last_codes: tuple[int, ...] = ()
        self.last_error = ""
        self.last_wait: int | None = None

    def authority(self, tenant: str) -> str:
        """The authority to give to msal."""
        return f"{self._shown}/{tenant}"

    def for_browser(self, address: str) -> str:
        """An address from msal as a browser must open it."""
        return address.replace(self._shown, self._plain, 1)

    def get(self, url: str, **options: Any) -> Answer:
        """A GET for msal."""
        return self._send("GET", url, **options)

    def post(self, url: str, **options: Any) -> Answer:
        """A POST for msal."""
        return self._send("POST", url, **options)

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _send(self, method: str, url: str, **options: Any) -> Answer:
        if not url.startswith(self._shown + "/"):
            raise ValueError("the login service names an address that is not its own")
        self._note(0, "", None)
        answer = self._session.request(
            method, self.for_browser(url), timeout=_TIMEOUT, allow_redirects=False, **options
        )
        self._note(answer.status_code, answer.text, answer.headers.get("Retry-After"))
        shown = answer.text
        if method == "GET" and self._shown != self._plain:
            shown = shown.replace(f'"{self._plain}/', f'"{self._shown}/')
        return Answer(answer, shown)

    def _note(self, status: int, text: str, wait: str | None) -> None:
        self.last_status, self.last_error, self.last_codes = status, "", ()
        self.last_wait = int(wait) if wait and _SECONDS.fullmatch(wait) else None
        if status < 400:
            return
        try:
            body = orjson.loads(text)
        except orjson.JSONDecodeError:
            return
        if isinstance(body, dict):
            self.last_error = str(body.get("error", ""))
            codes = body.get("error_codes")
            self.last_codes = (
                tuple(c for c in codes if isinstance(c, int)) if isinstance(codes, list) else ()
            )
