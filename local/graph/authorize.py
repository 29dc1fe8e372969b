"""The sign-in page: `/{tenant}/oauth2/v2.0/authorize` (OpenID Connect, authorization code flow)."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from local.graph import authorization_codes, responses, sign_in_choice
from local.graph.login_errors import LoginError
from local.graph.pages import error_page, page
from local.graph.people import Tenant
from local.graph.redirects import redirect, redirect_with_error
from local.graph.simulator import Simulator

# These errors are shown on Microsoft's own page; the application doesn't get them.
_STAY = frozenset((53003, 530032, 530035, 7000112, 70001))
_RETURN = frozenset((65001, 90094))


class SignIn:
    """Lists the users who can sign in, and redirects the browser to the application with a code.

    With `sign_in_as=USER NAME` in the address it redirects without showing the page;
    `sign_in_as=cancel` refuses the sign-in.
    """

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    async def __call__(self, request: Request) -> Response:
        asked = dict(request.query_params)
        if request.method == "POST":
            asked |= await responses.form(request)
        segment = request.path_params["tenant"]
        try:
            tenant = sign_in_choice.tenant_of_path(self.simulator, segment)
            response = self._answer(request, tenant, asked)
        except LoginError as error:
            tenant, response = self.simulator.tenant(segment), error_page(error)
        self.simulator.counters.add(
            "authorize", tenant.tenant_id if tenant else "", response.status_code
        )
        return response

    def _answer(self, request: Request, tenant: Tenant | None, asked: dict[str, str]) -> Response:
        self._check(tenant, asked)
        address, state, mode = (
            asked["redirect_uri"],
            asked.get("state", ""),
            asked.get("response_mode", "query"),
        )
        fault = self.simulator.faults.hit(
            "authorize", tenant.tenant_id if tenant else "", _STAY | _RETURN
        )
        if fault is not None and fault.code is not None:
            error = LoginError(
                fault.code, client=asked["client_id"], tenant=tenant.tenant_id if tenant else ""
            )
            if fault.code in _STAY:
                raise error
            return redirect_with_error(address, error, state, mode)
        if asked.get("sign_in_as") == "cancel":
            return redirect(
                address, {"error": "access_denied", "error_subcode": "cancel", "state": state}, mode
            )
        choice = sign_in_choice.chosen(self.simulator, tenant, asked)
        if choice is None and asked.get("prompt") == "none":
            return redirect_with_error(address, LoginError(50058), state, mode)
        if choice is None:
            return self._page(request, tenant, asked)
        home, person = choice
        self._check_enabled(home, asked["client_id"])
        self.simulator.sign_in(home.tenant_id, asked["client_id"])
        code = authorization_codes.issue(self.simulator, home, person, asked)
        return redirect(address, {"code": code, "state": state}, mode)

    def _check(self, tenant: Tenant | None, asked: Mapping[str, str]) -> None:
        """Raise LoginError for faults that must not be reported to the redirect URI, because it may be wrong."""
        for name in ("client_id", "redirect_uri", "response_type", "scope"):
            if not asked.get(name):
                raise LoginError(900144, detail=name)
        application = self.simulator.applications.get(asked["client_id"])
        if application is None:
            where = tenant.tenant_id if tenant else "organizations"
            raise LoginError(700016, client=asked["client_id"], tenant=where)
        if not application.allows_redirect(asked["redirect_uri"]):
            raise LoginError(50011, detail=asked["redirect_uri"])
        if asked["response_type"] != "code":
            raise LoginError(700054, detail=asked["response_type"])
        if "openid" not in asked["scope"].split():
            raise LoginError(70011, detail="openid is missing")

    def _check_enabled(self, tenant: Tenant, client_id: str) -> None:
        consent = tenant.consents.get(client_id)
        if consent is not None and not consent.enabled:
            raise LoginError(7000112, client=client_id)

    def _page(self, request: Request, tenant: Tenant | None, asked: Mapping[str, str]) -> Response:
        application = self.simulator.applications[asked["client_id"]]
        return page(
            "sign_in.html",
            application=application.name,
            people=sign_in_choice.people(self.simulator, tenant),
            action=f"{request.url.path}?{request.url.query}",
        )
