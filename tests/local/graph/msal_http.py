"""Connects real msal to a plain-http server on loopback.

msal (1.39) accepts only https for an authority and for the `token_endpoint` in the metadata. So it
gets the authority `https://127.0.0.1:PORT/{tenant}` with `instance_discovery=False`, and an
`http_client` that sends plain http to that one origin and rewrites the addresses in its metadata to
https. `for_browser` rewrites addresses for the browser (`auth_uri`) to http.
"""

from typing import Any

import requests


class MsalResponse:
    """The attributes of a response that msal uses."""

    def __init__(self, answer: requests.Response, text: str) -> None:
        self.status_code, self.headers, self.text = answer.status_code, answer.headers, text
        self.raise_for_status = answer.raise_for_status


class LoopbackHttp:
    """An `http_client` for msal that reaches a sign-in service at `http://127.0.0.1:PORT`."""

    def __init__(self, login_url: str) -> None:
        self._plain = login_url.rstrip("/")
        self._secure = self._plain.replace("http://", "https://", 1)
        self._session = requests.Session()

    def authority(self, tenant: str) -> str:
        """Return the authority for msal."""
        return f"{self._secure}/{tenant}"

    def for_browser(self, address: str) -> str:
        """Return an address from msal in the form that a browser can open."""
        return address.replace(self._secure, self._plain, 1)

    def get(self, url: str, **options: Any) -> MsalResponse:
        return self._send("GET", url, **options)

    def post(self, url: str, **options: Any) -> MsalResponse:
        return self._send("POST", url, **options)

    def close(self) -> None:
        self._session.close()

    def _send(self, method: str, url: str, **options: Any) -> MsalResponse:
        if not url.startswith(self._secure + "/"):
            raise ValueError(f"{url} is not at {self._secure}")
        answer = self._session.request(method, self.for_browser(url), timeout=10, **options)
        return MsalResponse(
            answer,
            answer.text.replace(f'"{self._plain}/', f'"{self._secure}/')
            if method == "GET"
            else answer.text,
        )
