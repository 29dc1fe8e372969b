"""The host chooses the function of a request (azure-functions-host, WebScriptHostHttpRoutesManager)."""

import azure.functions as func
import pytest

from local.host.errors import HostError
from local.host.functions import index
from local.host.hostfile import HostFile
from local.host.running import RunningHost, running
from shared.http import Request

from .conftest import APPS


async def taken(host: RunningHost, path: str, method: str = "GET") -> str:
    response = await host.call(Request(method, f"http://localhost{path}"))
    return response.body.decode() if response.status == 200 else str(response.status)


async def test_functions_are_tried_in_the_order_of_their_names(routes: RunningHost) -> None:
    """Names are compared by code point and without case: `alpha` precedes `Beta`, whatever the order in
    the file.
    """
    assert await taken(routes, "/pick/1") == "alpha(id=1)"


async def test_first_match_wins_over_a_more_exact_one(routes: RunningHost) -> None:
    """`Users/{id?}` of scim_users matches before `Users/.search` of scim_users_search."""
    assert await taken(routes, "/Users/.search", "POST") == "scim_users(id=.search)"


@pytest.mark.parametrize(
    ("method", "answer"),
    [("GET", "get_only()"), ("POST", "post_only()"), ("PUT", "404"), ("HEAD", "404")],
)
async def test_method_that_no_function_takes_is_404(
    routes: RunningHost, method: str, answer: str
) -> None:
    """The status is never 405, and HEAD isn't treated as GET."""
    assert await taken(routes, "/only", method) == answer


async def test_function_without_methods_takes_all(routes: RunningHost) -> None:
    """A function without `methods` gets every method, even an unknown one."""
    assert await taken(routes, "/pick/1", "BREW") == "alpha(id=1)"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/typed/abcde", "rest(rest=abcde)"),
        ("/TYPED/a/b", "rest(rest=a/b)"),
        ("/typed", "rest()"),
        ("/files/a.json", "mixed(name=a,kind=json)"),
    ],
)
async def test_a_template_returns_its_values(routes: RunningHost, path: str, answer: str) -> None:
    """A catch-all matches the rest of the path or nothing; a segment may have two parameters."""
    assert await taken(routes, path) == answer


async def test_missing_or_empty_template_is_the_function_name(routes: RunningHost) -> None:
    """The host treats an empty template as a missing one, so the root page needs "/"."""
    assert [await taken(routes, path) for path in ("/by_name", "/by_empty", "/")] == [
        "by_name()",
        "by_empty()",
        "204",
    ]


@pytest.mark.parametrize(
    "path", ["/admin", "/admin/host/status", "/runtime/webhooks/x", "/Admin/x"]
)
async def test_admin_and_runtime_are_the_hosts_own(path: str) -> None:
    """Requests to these paths reach no function, not even a catch-all; without a host key they get 401
    (recorded).
    """
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route="{*rest}")
    async def everything(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("everything")

    async with running(app) as host:
        assert await taken(host, path) == "401"
        assert await taken(host, "/administrator") == "everything"


@pytest.mark.parametrize("route", ["admin/x", "/runtime"])
def test_template_below_the_hosts_own_paths_is_refused(route: str) -> None:
    """The host doesn't load such a function ("conflicts with one or more built in routes")."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route=route)
    async def taken_path(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("")

    with pytest.raises(HostError, match="belong to the host"):
        index(app, {})


async def test_route_prefix_comes_from_host_json() -> None:
    """`extensions.http.routePrefix` precedes every template; without this setting the prefix is `api`."""
    async with running(APPS / "sample_routes.py", host_file=HostFile()) as host:
        assert [await taken(host, path) for path in ("/api/only", "/only")] == ["get_only()", "404"]


@pytest.mark.parametrize(
    ("disabled", "status"), [("true", 204), ("True", 204), ("false", 200), ("", 200)]
)
async def test_root_is_the_home_page_unless_disabled(disabled: str, status: int) -> None:
    """With AzureWebJobsDisableHomepage=true, the root returns 204 (azure-functions-host:
    HomepageMiddleware).
    """
    settings = {"AzureWebJobsDisableHomepage": disabled}
    async with running(
        APPS / "sample_routes.py", settings, host_file=HostFile(route_prefix="")
    ) as host:
        assert (await host.call(Request("GET", "http://localhost/"))).status == status


async def test_a_function_at_the_root_replaces_the_home_page() -> None:
    """The home page is returned only if no function matches."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route="/")
    async def home(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("home")

    async with running(app, {"AzureWebJobsDisableHomepage": "false"}) as host:
        assert await taken(host, "/") == "home"
