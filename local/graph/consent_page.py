"""The admin consent page: `/{tenant}/v2.0/adminconsent`, and the older `/{tenant}/adminconsent`.

Source: learn.microsoft.com/entra/identity-platform/v2-admin-consent. Errors have
`admin_consent=True`, too. With `sign_in_as=USER NAME` and `decide=accept`, `cancel` or
`cancel-older` in the address it redirects without showing the page.
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from local.graph import responses, sign_in_choice
from local.graph.login_errors import LoginError
from local.graph.pages import error_page, page
from local.graph.people import Tenant
from local.graph.redirects import redirect
from local.graph.simulator import Simulator

_FAULTS = frozenset((65001, 65004, 90094))


class ConsentPage:
    """The page on which an administrator consents to the application's permissions.

    `needs_scope` is True for the v2.0 address, which requires the parameter `scope`, and False for the
    older one.
    """

    def __init__(self, simulator: Simulator, *, needs_scope: bool = True) -> None:
        self.simulator, self.needs_scope = simulator, needs_scope

    async def __call__(self, request: Request) -> Response:
        parameters = dict(request.query_params)
        if request.method == "POST":
            parameters |= await responses.form(request)
        segment = request.path_params["tenant"]
        tenant = self.simulator.tenant(segment)
        try:
            if self.needs_scope and segment == "common":
                raise LoginError(50059)
            response = self._respond(
                request, sign_in_choice.tenant_of_path(self.simulator, segment), parameters
            )
        except LoginError as error:
            response = error_page(error)
        self.simulator.counters.add(
            "adminconsent", tenant.tenant_id if tenant else "", response.status_code
        )
        return response

    def _respond(
        self, request: Request, tenant: Tenant | None, parameters: dict[str, str]
    ) -> Response:
        self._check(tenant, parameters)
        if parameters.get("decide", "").startswith("cancel"):
            return self._refused(parameters)
        fault = self.simulator.faults.hit(
            "adminconsent", tenant.tenant_id if tenant else "", _FAULTS
        )
        if fault is not None and fault.code is not None:
            return self._error(parameters, LoginError(fault.code, client=parameters["client_id"]))
        choice = sign_in_choice.chosen(self.simulator, tenant, parameters)
        if choice is None or parameters.get("decide") != "accept":
            return self._page(request, tenant, parameters, choice)
        home, person = choice
        if not person.is_administrator:
            return page(
                "needs_administrator.html",
                403,
                person=person,
                back=self._return_address(parameters),
            )
        self._accept(home, parameters)
        values = {"admin_consent": "True", "tenant": home.tenant_id}
        values |= {"scope": parameters.get("scope", "")} if self.needs_scope else {}
        return redirect(parameters["redirect_uri"], values | {"state": parameters.get("state", "")})

    def _check(self, tenant: Tenant | None, parameters: Mapping[str, str]) -> None:
        for name in ("client_id", "redirect_uri", *(("scope",) if self.needs_scope else ())):
            if not parameters.get(name):
                raise LoginError(900144, detail=name)
        application = self.simulator.applications.get(parameters["client_id"])
        if application is None:
            where = tenant.tenant_id if tenant else "organizations"
            raise LoginError(700016, client=parameters["client_id"], tenant=where)
        if not application.allows_redirect(parameters["redirect_uri"]):
            raise LoginError(50011, detail=parameters["redirect_uri"])

    def _accept(self, tenant: Tenant, parameters: Mapping[str, str]) -> None:
        """Grant all permissions that the application requests; that needs the scope `/.default`."""
        scopes = parameters.get("scope", "").split()
        if not self.needs_scope or any(scope.endswith("/.default") for scope in scopes):
            self.simulator.consent(tenant.tenant_id, parameters["client_id"])
        else:
            self.simulator.sign_in(tenant.tenant_id, parameters["client_id"])

    def _refused(self, parameters: Mapping[str, str]) -> Response:
        older = (
            parameters["decide"] == "cancel-older"
            or self.simulator.options.cancel == "permission_denied"
        )
        if older:
            values = {
                "error": "permission_denied",
                "error_description": "The admin canceled the request",
            }
            return redirect(
                parameters["redirect_uri"], values | {"state": parameters.get("state", "")}
            )
        return self._error(parameters, LoginError(65004))

    def _error(self, parameters: Mapping[str, str], error: LoginError) -> Response:
        values = {
            "admin_consent": "True",
            "error": error.kind.error,
            "error_description": error.text,
        }
        return redirect(parameters["redirect_uri"], values | {"state": parameters.get("state", "")})

    def _return_address(self, parameters: Mapping[str, str]) -> str:
        """Return the address for the link "Return to the application without granting consent"."""
        refused = self._error(parameters, LoginError(90094, client=parameters["client_id"]))
        return refused.headers["location"]

    def _page(
        self,
        request: Request,
        tenant: Tenant | None,
        parameters: Mapping[str, str],
        choice: sign_in_choice.Choice | None,
    ) -> Response:
        application = self.simulator.applications[parameters["client_id"]]
        return page(
            "consent.html",
            application=application,
            people=sign_in_choice.people(self.simulator, tenant),
            chosen=choice[1].user_name if choice else "",
            action=f"{request.url.path}?{request.url.query}",
        )
