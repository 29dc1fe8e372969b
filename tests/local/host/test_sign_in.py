"""The local host simulates App Service Authentication: the platform signs users in, whereas here the
account is fixed.
"""

import re
from pathlib import Path
from urllib.parse import quote, urlsplit

import orjson
import pytest

from local.host.host import HostOptions
from local.host.running import RunningHost, running
from local.host.server import listen
from local.host.sign_in import ACCOUNT, is_excluded, person_of, principal_headers
from shared.easy_auth import ADMIN, READER, Principal, principal
from shared.http import Request
from shared.settings import Settings

from .conftest import APPS, NO_PREFIX
from .wire import Reply, ask

OTHER = "11111111-1111-4111-8111-111111111111"
PAGE = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"}
_ON = Settings(platform_sign_in=True)


def signed_in(headers: dict[str, str]) -> Principal:
    return principal(Request("GET", "http://localhost/", headers), _ON)


async def echoed(host: RunningHost, headers: dict[str, str] | None = None) -> dict[str, str]:
    reply = await ask(host.port, "/echo", headers=headers)
    content: dict[str, str] = orjson.loads(reply.body)["headers"]
    return content


def cookie(reply: Reply) -> dict[str, str]:
    return {"Cookie": reply.one("Set-Cookie").split(";")[0]}


async def test_everyone_on_this_machine_is_the_local_administrator(host: RunningHost) -> None:
    """Without a sign-in, every request has the administrator's header of the platform."""
    person = signed_in(await echoed(host))
    assert (person.account, person.roles, person.name) == (
        ACCOUNT,
        frozenset({ADMIN}),
        "Local admin",
    )


async def test_forged_principal_headers_are_removed(host: RunningHost) -> None:
    """The host removes a client's X-MS-CLIENT-PRINCIPAL, also on excluded paths."""
    forged = {
        "X-MS-CLIENT-PRINCIPAL": "Zm9yZ2Vk",
        "X-MS-Client-Principal-Extra": "x",
        "X-MS-TOKEN-AAD-ID-TOKEN": "x",
    }
    headers = await echoed(host, forged)
    assert "x-ms-client-principal-extra" not in headers
    assert "x-ms-token-aad-id-token" not in headers
    assert signed_in(headers).account == ACCOUNT
    assert (await ask(host.port, "/health", headers=forged)).body == b"nobody"


@pytest.mark.parametrize(
    "path", ["/health", "/scim/1/v2/ServiceProviderConfig", "/SCIM/1/v2/ServiceProviderConfig"]
)
async def test_excluded_paths_have_no_user(host: RunningHost, path: str) -> None:
    """Requests to an excluded path, such as /scim/* or /health, have no principal header."""
    assert (await ask(host.port, path)).body == b"nobody"


def test_the_excluded_paths_are_those_of_the_deployment() -> None:
    """The addresses without sign-in are exactly the `excludedPaths` of infra/modules/sign-in.bicep."""
    template = (Path(__file__).parents[3] / "infra/modules/sign-in.bicep").read_text("utf-8")
    listed = re.findall(r"'(/[^']+)'", template.partition("excludedPaths: [")[2].partition("]")[0])
    assert len(listed) == 8
    for path in listed:
        assert is_excluded(path.replace("*", "x/y"))
    for path in ("/", "/contacts", "/directories/x", "/set-upx", "/staticx", "/sign-in/callback"):
        assert not is_excluded(path)


async def test_dots_do_not_lead_out_of_the_excluded_paths(host: RunningHost) -> None:
    """The host compares the same path that it routes, after removing dot segments."""
    assert "x-ms-client-principal" in (await ask(host.port, "/scim/../echo")).body.decode()


@pytest.mark.parametrize(
    ("role", "roles"), [("admin", [ADMIN]), ("reader", [READER]), ("none", [])]
)
async def test_the_user_can_be_changed(host: RunningHost, role: str, roles: list[str]) -> None:
    """`/.local/sign-in?role=…&account=…` sets a cookie for another user."""
    reply = await ask(host.port, f"/.local/sign-in?role={role}&account={OTHER}")
    person = signed_in(await echoed(host, cookie(reply)))
    assert (reply.status, person.account, sorted(person.roles)) == (302, OTHER, roles)


@pytest.mark.parametrize("query", ["role=king", "account=1", "account=" + OTHER + "%0d%0aX:1"])
async def test_a_wrong_user_is_refused(host: RunningHost, query: str) -> None:
    """The error contains a correct example."""
    reply = await ask(host.port, f"/.local/sign-in?{query}")
    assert (reply.status, b"must be" in reply.body) == (400, True)


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [PAGE, {"Accept": "application/json"}, {"Accept": "text/html", "Sec-Fetch-Mode": "cors"}],
)
async def test_signed_out_requests_are_redirected_to_another_origin(
    host: RunningHost, headers: dict[str, str], method: str
) -> None:
    """A request of a signed-out browser is redirected, as on the platform, also that of a script's fetch."""
    gone = cookie(await ask(host.port, "/.auth/logout"))
    reply = await ask(host.port, "/echo?x=1", method=method, headers={**headers, **gone})
    assert reply.status == 302
    there = urlsplit(reply.one("Location"))
    assert there.netloc == f"localhost:{host.port}"


async def test_the_sign_in_returns_to_the_page(host: RunningHost) -> None:
    """The browser is redirected to the other origin, to the platform's callback, and with a session to the
    requested page.
    """
    gone = cookie(await ask(host.port, "/.auth/logout"))
    page = await ask(host.port, "/echo?x=1&y=2", headers={**PAGE, **gone})
    there = urlsplit(page.one("Location"))
    microsoft = await ask(host.port, f"{there.path}?{there.query}", headers={"Host": there.netloc})
    callback = urlsplit(microsoft.one("Location"))
    assert callback.netloc == f"127.0.0.1:{host.port}"
    back = await ask(host.port, f"{callback.path}?{callback.query}", headers=gone)
    assert (back.status, back.one("Location")) == (302, "/echo?x=1&y=2")
    assert signed_in(await echoed(host, cookie(back))).account == ACCOUNT


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/.auth/login/aad/callback",
        "http://evil.example/.auth/login/aad/callback",
        "http://127.0.0.1/elsewhere",
        "",
    ],
)
async def test_the_simulated_microsoft_redirects_only_to_the_callback(
    host: RunningHost, target: str
) -> None:
    """Microsoft refuses a redirect URI that isn't registered (AADSTS50011)."""
    reply = await ask(host.port, f"/.local/authorize?redirect_uri={quote(target, safe='')}")
    assert reply.status == 400


async def test_signed_out_scim_still_works(host: RunningHost) -> None:
    """SCIM clients authenticate with their token."""
    gone = cookie(await ask(host.port, "/.auth/logout"))
    assert (await ask(host.port, "/health", headers=gone)).status == 200


async def test_the_sign_out_redirects_to_the_given_page(host: RunningHost) -> None:
    """The redirect goes to `post_logout_redirect_uri`, or by default to the platform's own page."""
    told = await ask(host.port, "/.auth/logout?post_logout_redirect_uri=/bye")
    plain = await ask(host.port, "/.auth/logout")
    assert (told.one("Location"), plain.one("Location")) == ("/bye", "/.auth/logout/complete")
    assert b"signed out" in (await ask(host.port, "/.auth/logout/complete")).body


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
async def test_redirects_stay_on_this_site(host: RunningHost, target: str) -> None:
    """A redirect target of another site is replaced with "/", so that there is no open redirect."""
    reply = await ask(
        host.port, f"/.auth/login/aad?post_login_redirect_uri={quote(target, safe='')}"
    )
    assert reply.one("Location") == "/"


async def test_me_returns_the_user(host: RunningHost) -> None:
    """`/.auth/me` returns the user as the platform does, and 401 while signed out."""
    gone = cookie(await ask(host.port, "/.auth/logout"))
    assert b'"provider_name":"aad"' in (await ask(host.port, "/.auth/me")).body
    assert (await ask(host.port, "/.auth/me", headers=gone)).status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/scim/../echo",
        "/scim/%2e%2e/echo",
        "/scim/x/../../echo",
        "/SCIM/../echo",
        "/health/../echo",
        "/./echo",
    ],
)
async def test_dots_in_a_path_do_not_bypass_the_sign_in(host: RunningHost, path: str) -> None:
    """The path is resolved before it is compared with the excluded paths."""
    gone = cookie(await ask(host.port, "/.auth/logout"))
    forged = principal_headers(f"admin.{ACCOUNT}")
    assert (await ask(host.port, path, headers={**gone, **forged})).status == 302


async def test_another_host_name_is_refused(host: RunningHost) -> None:
    """A request with an unknown Host header is rejected, so that a site whose name resolves to this
    machine (DNS rebinding) can't act as the administrator.
    """
    for name in (
        "evil.example",
        "127.0.0.1.evil.example",
        f"127.0.0.1:{host.port}@evil.example",
        "localhost:x",
    ):
        assert (await ask(host.port, "/echo", headers={"Host": name})).status in (400, 421)
    assert (await ask(host.port, "/health", headers={"Host": "tunnel.example"})).status == 200


async def test_the_host_can_require_a_sign_in() -> None:
    """With this option no session exists before the sign-in, as on the platform; the session's cookie is
    sent from a frame, too.
    """
    options = HostOptions(timers=False, asks_to_sign_in=True)
    async with running(APPS / "sample_http.py", host_file=NO_PREFIX, options=options) as host:
        assert (await ask(host.port, "/echo", headers=PAGE)).status == 302
        back = await ask(host.port, "/.auth/login/aad?post_login_redirect_uri=/echo")
        assert back.one("Set-Cookie").endswith("; HttpOnly; SameSite=None; Secure")
        assert (await ask(host.port, "/echo", headers=cookie(back))).status == 200


async def test_the_simulated_microsoft_refuses_to_be_framed(host: RunningHost) -> None:
    """The sign-in page can't be shown in a frame, as that of login.microsoftonline.com."""
    gone = cookie(await ask(host.port, "/.auth/logout"))
    page = await ask(host.port, "/echo", headers={**PAGE, **gone})
    there = urlsplit(page.one("Location"))
    headers = {"Host": there.netloc, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    reply = await ask(host.port, f"{there.path}?{there.query}", headers=headers)
    assert (reply.status, reply.one("X-Frame-Options")) == (200, "DENY")


async def test_without_sign_in_the_host_adds_no_header() -> None:
    """Without the simulated sign-in, no request has a principal header, and the app reports that App
    Service Authentication is missing.
    """
    options = HostOptions(timers=False, platform_sign_in=False)
    async with running(APPS / "sample_http.py", host_file=NO_PREFIX, options=options) as host:
        assert "x-ms-client-principal" not in await echoed(host)


def test_only_this_machine_can_connect() -> None:
    """The socket is bound to loopback, and no option changes that."""
    with listen(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_unknown_cookie_signs_no_one_in() -> None:
    """Only a cookie that the host has set signs a user in."""
    assert person_of({"cookie": "LocalSignIn=root.x"}) is None
    assert person_of({"cookie": "other=1"}) == f"admin.{ACCOUNT}"
    assert set(principal_headers(f"none.{ACCOUNT}")) >= {
        "x-ms-client-principal",
        "x-ms-client-principal-id",
    }
