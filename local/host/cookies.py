"""Convert a response's cookies as the platform does: the Python engine parses them, ASP.NET Core writes them again.

Sources: azure-functions-runtime (datumdef.parse_to_rpc_http_cookie_list), azure-functions-host
(RpcHttpCookieConverter), aspnetcore (ResponseCookies, SetCookieHeaderValue).
"""

from datetime import UTC, datetime
from email.utils import format_datetime
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import quote

_SAME_SITE = ("lax", "strict", "none")


def set_cookie_lines(given: list[str]) -> list[str]:
    """Return the `Set-Cookie` values as the client gets them; raise ValueError if the engine would fail."""
    return [_line(name, morsel) for text in given for name, morsel in SimpleCookie(text).items()]


def _line(name: str, morsel: "Morsel[Any]") -> str:
    parts = [f"{quote(name, safe='')}={quote(morsel.value, safe='')}"]
    if morsel["expires"]:
        moment = datetime.strptime(morsel["expires"], "%a, %d %b %Y %H:%M:%S GMT").replace(
            tzinfo=UTC
        )
        parts.append(f"expires={format_datetime(moment, usegmt=True)}")
    if morsel["max-age"]:
        parts.append(f"max-age={int(float(morsel['max-age']))}")
    # recorded: both are written even if the function set neither
    parts += [f"{key}={morsel[key]}" for key in ("domain", "path")]
    if morsel["secure"]:
        parts.append("secure")
    if morsel["samesite"].lower() in _SAME_SITE:
        parts.append(f"samesite={morsel['samesite'].lower()}")
    if morsel["httponly"]:
        parts.append("httponly")
    return "; ".join(parts)
