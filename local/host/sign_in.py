"""A simulation of App Service Authentication: by default, the app sees a fixed user of a fixed local account.

Like the platform, it removes headers that imitate its own and sets them for a signed-in user. If no
user is signed in, it redirects the request, even that of a script, to sign in at another origin
(learn.microsoft.com/azure/app-service/overview-authentication-authorization).

With `asks`, a request without a session cookie is signed out, as on the platform, and the cookie
has the attributes `SameSite=None; Secure`, because browsers would otherwise not send it from a
frame in another site's page.

It runs only on loopback, so that only users of this machine can reach it.
"""

import base64
import re
from functools import lru_cache
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import orjson

from local.host.http import HostResponse
from shared.ids import is_guid

ACCOUNT = "00000000-0000-4000-8000-000000000001"
OBJECT_ID = "00000000-0000-4000-8000-0000000000aa"
ROLES = {"admin": ("Directory.Admin",), "reader": ("Directory.Reader",), "none": ()}
COOKIE = "LocalSignIn"
_SIGNED_OUT = "out"
_DEFAULT = f"admin.{ACCOUNT}"
_CLAIM = "http://schemas.microsoft.com/identity/claims/"
_LOOPBACK = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\]|::1)(?::[0-9]{1,5})?", re.IGNORECASE)
_PORT = re.compile(r":[0-9]{1,5}$")
_CALLBACK, _AUTHORIZE = "/.auth/login/aad/callback", "/.local/authorize"
# `excludedPaths` of infra/modules/sign-in.bicep.
_EXCLUDED = ("/health", "/embed", "/.well-known/security.txt", "/set-up")
_EXCLUDED_BELOW = ("/scim/", "/.well-known/oauth-authorization-server/", "/set-up/", "/static/")
_WRITTEN_BY_PLATFORM = ("x-ms-client-principal", "x-ms-token-aad")


@lru_cache(maxsize=64)
def principal_headers(person: str) -> dict[str, str]:
    """Return the headers that App Service would set for the user `role.account`."""
    role, _, account = person.partition(".")
    name = f"local.{role}@example.com"
    claims = [
        ("iss", f"https://login.microsoftonline.com/{account}/v2.0"),
        ("name", f"Local {role}"),
        (f"{_CLAIM}objectidentifier", OBJECT_ID),
        ("preferred_username", name),
        *(("roles", value) for value in ROLES[role]),
        (f"{_CLAIM}tenantid", account),
        ("ver", "2.0"),
    ]
    principal = {
        "auth_typ": "aad",
        "claims": [{"typ": kind, "val": value} for kind, value in claims],
        "name_typ": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "role_typ": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    }
    return {
        "x-ms-client-principal": base64.b64encode(orjson.dumps(principal)).decode(),
        "x-ms-client-principal-id": OBJECT_ID,
        "x-ms-client-principal-idp": "aad",
        "x-ms-client-principal-name": name,
    }


def is_excluded(path: str) -> bool:
    """Return whether the deployment's `excludedPaths` allows anonymous requests for this path."""
    lower = path.lower()
    return lower in _EXCLUDED or lower.startswith(_EXCLUDED_BELOW)


def sign_in(
    path: str, query: str, headers: dict[str, str], *, asks: bool = False
) -> HostResponse | None:
    """Set the user's headers in `headers`; return a response if the request must not reach the app, else None.

    With `asks`, a user without a cookie is redirected to sign in; otherwise such a user is the
    local administrator.
    """
    for name in [
        name for name in headers if name[:5] == "x-ms-" and name.startswith(_WRITTEN_BY_PLATFORM)
    ]:
        del headers[name]
    if is_excluded(path):
        return None
    if not _is_loopback(headers.get("host", "")):
        return HostResponse(
            421,
            [("content-type", "text/plain")],
            b"This host only answers to 127.0.0.1 and localhost.\n",
        )
    if path.startswith(("/.auth/", "/.local/")):
        response = _pages(path, dict(parse_qsl(query)), headers)
        return _for_frames(response) if asks else response
    person = person_of(headers) if not asks or COOKIE in headers.get("cookie", "") else None
    if person is None:
        return _ask_to_sign_in(path, query, headers)
    headers.update(principal_headers(person))
    return None


def _for_frames(response: HostResponse) -> HostResponse:
    """Return the response with a session cookie that browsers also send from a frame in another site's page.

    Browsers accept `Secure` from a loopback address even without TLS.
    """
    headers = [
        (name, value.replace("SameSite=Lax", "SameSite=None; Secure"))
        for name, value in response.headers
    ]
    return response._replace(headers=headers)


def _is_loopback(host: str) -> bool:
    """Return whether the Host header is a loopback name. Any other name may be a DNS rebinding attack."""
    return _LOOPBACK.fullmatch(host) is not None


def person_of(headers: dict[str, str]) -> str | None:
    """Return the signed-in user as `role.account`, read from the cookie.

    Return the administrator if there is no cookie, and None if the cookie says that the user has signed out.
    """
    cookie = headers.get("cookie")
    if cookie is None or COOKIE not in cookie:
        return _DEFAULT
    values = [part.strip().partition("=") for part in cookie.split(";")]
    value = next((value for name, _, value in values if name == COOKIE), _DEFAULT)
    role, _, account = value.partition(".")
    return value if role in ROLES and is_guid(account) else None


def _ask_to_sign_in(path: str, query: str, headers: dict[str, str]) -> HostResponse:
    """Redirect to another origin, as the platform does for every request, even a script's or a POST.

    The other origin is this host under its other loopback name, so that browsers treat it as a foreign
    site, like Microsoft's. Sources: the platform's option RedirectToLoginPage;
    Azure-Samples/azure-search-openai-demo, pull request 3144.
    """
    host = headers.get("host", "")
    name, _, port = host.rpartition(":") if _PORT.search(host) else (host, "", "")
    other = ("localhost" if name == "127.0.0.1" else "127.0.0.1") + (f":{port}" if port else "")
    here = f"{path}?{query}" if query else path
    parameters = {"redirect_uri": f"http://{host}{_CALLBACK}", "state": here}
    return _redirect(f"http://{other}{_AUTHORIZE}?{urlencode(parameters)}")


def _authorize(query: dict[str, str], headers: dict[str, str]) -> HostResponse:
    """Simulate Microsoft: sign the administrator in and redirect to the app, without a page.

    A request for something other than a page, such as an icon, gets the sign-in page and stays
    signed out.
    """
    target = urlsplit(query.get("redirect_uri", ""))
    if target.scheme != "http" or not _is_loopback(target.netloc) or target.path != _CALLBACK:
        return HostResponse(
            400, [("content-type", "text/plain")], b"redirect_uri is not registered.\n"
        )
    if headers.get("sec-fetch-dest") in ("iframe", "frame"):  # as login.microsoftonline.com does
        return HostResponse(
            200, [("content-type", "text/html"), ("x-frame-options", "DENY")], b"Sign in"
        )
    if headers.get("sec-fetch-mode", "navigate") != "navigate":
        page = b"<!doctype html><title>Sign in</title><p>Sign in"
        return HostResponse(200, [("content-type", "text/html; charset=utf-8")], page)
    state = urlencode({"state": query.get("state", "/")})
    return _redirect(f"http://{target.netloc}{_CALLBACK}?{state}")


def _pages(path: str, query: dict[str, str], headers: dict[str, str]) -> HostResponse:
    match path:
        case "/.auth/login/aad":
            return _redirect(_local(query.get("post_login_redirect_uri", "/")), _DEFAULT)
        case "/.auth/login/aad/callback":
            return _redirect(_local(query.get("state", "/")), _DEFAULT)
        case "/.local/authorize":
            return _authorize(query, headers)
        case "/.auth/logout":
            return _redirect(
                _local(query.get("post_logout_redirect_uri", "/.auth/logout/complete")), _SIGNED_OUT
            )
        case "/.auth/logout/complete":
            page = b'<!doctype html><title>Signed out</title><p>You are signed out. <a href="/.auth/login/aad">Sign in</a>'
            return HostResponse(200, [("content-type", "text/html; charset=utf-8")], page)
        case "/.auth/me":
            return _me(person_of(headers))
        case "/.local/sign-in":
            return _switch(query)
    return HostResponse(404, [], b"")


def _me(person: str | None) -> HostResponse:
    if person is None:
        return HostResponse(401, [], b"")
    principal = orjson.loads(base64.b64decode(principal_headers(person)["x-ms-client-principal"]))
    name = principal_headers(person)["x-ms-client-principal-name"]
    body = orjson.dumps(
        [{"provider_name": "aad", "user_id": name, "user_claims": principal["claims"]}]
    )
    return HostResponse(200, [("content-type", "application/json")], body)


def _switch(query: dict[str, str]) -> HostResponse:
    role, account = query.get("role", "admin"), query.get("account", ACCOUNT).lower()
    if role not in ROLES or not is_guid(account):
        text = f"role must be one of {', '.join(ROLES)}, account a GUID such as {ACCOUNT}.\n"
        return HostResponse(400, [("content-type", "text/plain; charset=utf-8")], text.encode())
    return _redirect(_local(query.get("post_login_redirect_uri", "/")), f"{role}.{account}")


def _local(target: str) -> str:
    """Return `target` if it is on this site, else the home page, to prevent an open redirect."""
    parts = urlsplit(target)
    inside = not parts.scheme and not parts.netloc and target.startswith("/") and "\\" not in target
    return (
        quote(target, safe="/?&=%:@!$'()*+,;~#[]")
        if inside and not target.startswith("//")
        else "/"
    )


def _redirect(target: str, cookie: str | None = None) -> HostResponse:
    headers = [("location", target), ("cache-control", "no-store")]
    if cookie is not None:
        headers.append(("set-cookie", f"{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Lax"))
    return HostResponse(302, headers, b"")
