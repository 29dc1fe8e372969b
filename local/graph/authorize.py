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
        parameters = dict(request.query_params)
        if request.method == "POST":
            parameters |= await responses.form(request)
        segment = request.path_params["tenant"]
        try:
            tenant = sign_in_choice.tenant_of_path(self.simulator, segment)
            response = self._respond(request, tenant, parameters)
        except LoginError as error:
            tenant, response = self.simulator.tenant(segment), error_page(error)
        self.simulator.counters.add(
            "authorize", tenant.tenant_id if tenant else "", response.status_code
        )
        return response

    def _respond(
        self, request: Request, tenant: Tenant | None, parameters: dict[str, str]
    ) -> Response:
        self._check(tenant, parameters)
        address, state, mode = (
            parameters["redirect_uri"],
            parameters.get("state", ""),
            parameters.get("response_mode", "query"),
        )
        fault = self.simulator.faults.hit(
            "authorize", tenant.tenant_id if tenant else "", _STAY | _RETURN
        )
        if fault is not None and fault.code is not None:
            error = LoginError(
                fault.code,
                client=parameters["client_id"],
                tenant=tenant.tenant_id if tenant else "",
            )
            if fault.code in _STAY:
                raise error
            return redirect_with_error(address, error, state, mode)
        if parameters.get("sign_in_as") == "cancel":
            return redirect(
                address, {"error": "access_denied", "error_subcode": "cancel", "state": state}, mode
            )
        choice = sign_in_choice.chosen(self.simulator, tenant, parameters)
        if choice is None and parameters.get("prompt") == "none":
            return redirect_with_error(address, LoginError(50058), state, mode)
        if choice is None:
            return self._page(request, tenant, parameters)
        home, person = choice
        self._check_enabled(home, parameters["client_id"])
        self.simulator.sign_in(home.tenant_id, parameters["client_id"])
        code = authorization_codes.issue(self.simulator, home, person, parameters)
        return redirect(address, {"code": code, "state": state}, mode)

    def _check(self, tenant: Tenant | None, parameters: Mapping[str, str]) -> None:
        """Raise LoginError for faults that must not be reported to the redirect URI, because it may be wrong."""
        for name in ("client_id", "redirect_uri", "response_type", "scope"):
            if not parameters.get(name):
                raise LoginError(900144, detail=name)
        application = self.simulator.applications.get(parameters["client_id"])
        if application is None:
            where = tenant.tenant_id if tenant else "organizations"
            raise LoginError(700016, client=parameters["client_id"], tenant=where)
        if not application.allows_redirect(parameters["redirect_uri"]):
            raise LoginError(50011, detail=parameters["redirect_uri"])
        if parameters["response_type"] != "code":
            raise LoginError(700054, detail=parameters["response_type"])
        if "openid" not in parameters["scope"].split():
            raise LoginError(70011, detail="openid is missing")

    def _check_enabled(self, tenant: Tenant, client_id: str) -> None:
        consent = tenant.consents.get(client_id)
        if consent is not None and not consent.enabled:
            raise LoginError(7000112, client=client_id)

    def _page(
        self, request: Request, tenant: Tenant | None, parameters: Mapping[str, str]
    ) -> Response:
        application = self.simulator.applications[parameters["client_id"]]
        return page(
            "sign_in.html",
            application=application.name,
            people=sign_in_choice.people(self.simulator, tenant),
            action=f"{request.url.path}?{request.url.query}",
        )
