"""HTTP API that changes how the simulator responds; the page at `/control` uses only this API.

    GET    /control/state                            options, tenants, faults, calls by endpoint, tenant and status
    POST   /control/reset                            start again
    PATCH  /control/options                          latency, token_lifetime, consent_delay, consent_delay_tokens, limit,
                                                     tenant_information (the role in the home tenant)
    PATCH  /control/tenants/{tenant}                 name, crowd, anyone, unlicensed_share, unknown_ids, style, moving
    PUT    /control/tenants/{tenant}/presence/{id}   availability, activity, out_of_office, message
    DELETE /control/tenants/{tenant}/presence/{id}   a random status again
    PUT    /control/tenants/{tenant}/consent         state: granted, signed-in (permission removed), disabled, none
    PUT    /control/faults/{name}                    tenant, times, seconds, retry_after
    DELETE /control/faults/{name}                    off

`{tenant}` is an ID or a domain. A PATCH changes only the fields that it contains.
"""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.graph import faults, responses
from local.graph.pages import page
from local.graph.people import Tenant, UnknownIds
from local.graph.simulator import CLIENT_ID, Simulator
from local.graph.wire import STATES, Style

_MAX_COUNT = 1_000_000


class _Refused(Exception):
    """The request is refused; the text is the reason."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Options(_Body):
    latency: float = Field(0.0, ge=0, le=60)
    token_lifetime: int = Field(3599, ge=1, le=_MAX_COUNT)
    consent_delay: float = Field(0.0, ge=0, le=_MAX_COUNT)
    consent_delay_tokens: int = Field(0, ge=0, le=_MAX_COUNT)
    tenant_information: bool = True
    limit: int = Field(1500, ge=1, le=_MAX_COUNT)


class _Tenant(_Body):
    name: str = Field("", min_length=1, max_length=256)
    crowd: int = Field(0, ge=0, le=10_000_000)
    anyone: bool = False
    unlicensed_share: float = Field(0.0, ge=0, le=1)
    unknown_ids: UnknownIds = "missing"
    style: Style = "old"
    moving: bool = True


class _Presence(_Body):
    availability: str = Field(min_length=1)
    activity: str = ""
    out_of_office: bool = False
    message: str = ""


class _Consent(_Body):
    state: Literal["granted", "signed-in", "disabled", "none"]


class _Fault(_Body):
    tenant: str = ""
    times: int | None = Field(None, ge=1, le=_MAX_COUNT)
    seconds: float | None = Field(None, gt=0, le=_MAX_COUNT)
    retry_after: int | None = Field(5, ge=0, le=_MAX_COUNT)


_B = TypeVar("_B", bound=_Body)


async def _read(request: Request, model: type[_B]) -> _B:
    """Parse the body; only application/json is accepted.

    A page of another origin can't send that type without a CORS preflight, which this API refuses.
    """
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise _Refused(415, "Content-Type must be application/json.")
    try:
        return model.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        reasons = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise _Refused(400, "; ".join(reasons)) from None


def _json(handler: Callable[[Request], Awaitable[object]]) -> Callable[..., Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return responses.json(await handler(request) or {})
        except _Refused as error:
            return responses.json({"error": str(error)}, error.status)

    return answer


class Control:
    """The handlers that change one simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def routes(self) -> list[Route]:
        """Return the routes of the API and of the page."""
        presence = "/tenants/{tenant}/presence/{id}"
        handlers: tuple[tuple[str, str, Callable[[Request], Awaitable[object]]], ...] = (
            ("GET", "/state", self.state),
            ("POST", "/reset", self.reset),
            ("PATCH", "/options", self.set_options),
            ("PATCH", "/tenants/{tenant}", self.set_tenant),
            ("PUT", presence, self.set_presence),
            ("DELETE", presence, self.release_presence),
            ("PUT", "/tenants/{tenant}/consent", self.set_consent),
            ("PUT", "/faults/{name}", self.switch_on),
            ("DELETE", "/faults/{name}", self.switch_off),
        )
        return [
            Route("/control", self.show),
            *(Route(f"/control{path}", _json(one), methods=[verb]) for verb, path, one in handlers),
        ]

    async def show(self, request: Request) -> Response:
        """Return the control page."""
        simulator = self.simulator
        return page(
            "control.html",
            tenants=simulator.tenants.values(),
            client_id=CLIENT_ID,
            options=dataclasses.asdict(simulator.options),
            fault_names=faults.names(),
            active=simulator.faults.active(),
            counters=simulator.counters.rows(),
            states=sorted(set(STATES)),
        )

    async def state(self, request: Request) -> object:
        simulator = self.simulator
        return {
            "url": simulator.url,
            "options": dataclasses.asdict(simulator.options),
            "tenants": [_tenant_view(tenant) for tenant in simulator.tenants.values()],
            "faults": [dataclasses.asdict(fault) for fault in simulator.faults.active()],
            "calls": simulator.counters.rows(),
        }

    async def reset(self, request: Request) -> None:
        self.simulator.reset()

    async def set_options(self, request: Request) -> object:
        changes = (await _read(request, _Options)).model_dump(exclude_unset=True)
        self.simulator.throttle.limit = changes.pop("limit", self.simulator.throttle.limit)
        for name, value in changes.items():
            setattr(self.simulator.options, name, value)
        return dataclasses.asdict(self.simulator.options)

    async def set_tenant(self, request: Request) -> object:
        tenant = self._tenant(request)
        changes = (await _read(request, _Tenant)).model_dump(exclude_unset=True)
        for name, value in changes.items():
            setattr(tenant, name, value)
        return _tenant_view(tenant)

    async def set_presence(self, request: Request) -> object:
        tenant, body = self._tenant(request), await _read(request, _Presence)
        object_id = request.path_params["id"].lower()
        try:
            UUID(object_id)
        except ValueError:
            raise _Refused(400, "id: must be an object ID, a GUID.") from None
        if not tenant.has(object_id):
            tenant.known.add(object_id)
        self.simulator.presence.set(tenant.tenant_id, object_id, **body.model_dump())
        return self.simulator.presence.of(tenant, object_id, self.simulator.clock.now())

    async def release_presence(self, request: Request) -> None:
        self.simulator.presence.release(self._tenant(request).tenant_id, request.path_params["id"])

    async def set_consent(self, request: Request) -> object:
        simulator, tenant = self.simulator, self._tenant(request)
        state = (await _read(request, _Consent)).state
        change = {
            "granted": simulator.consent,
            "signed-in": simulator.remove_role,
            "disabled": simulator.disable,
            "none": simulator.delete_principal,
        }[state]
        if state in ("granted", "signed-in"):
            simulator.sign_in(tenant.tenant_id, CLIENT_ID).enabled = True
        change(tenant.tenant_id, CLIENT_ID)
        return _tenant_view(tenant)

    async def switch_on(self, request: Request) -> object:
        body = (await _read(request, _Fault)).model_dump()
        named = self.simulator.tenant(body["tenant"]) if body["tenant"] else None
        body["tenant"] = named.tenant_id if named else body["tenant"]
        try:
            fault = self.simulator.faults.on(request.path_params["name"], **body)
        except faults.UnknownFault as error:
            raise _Refused(404, f"There is no fault '{error}'.") from None
        return dataclasses.asdict(fault)

    async def switch_off(self, request: Request) -> None:
        tenant = request.query_params.get("tenant")
        self.simulator.faults.off(request.path_params["name"], tenant=tenant)

    def _tenant(self, request: Request) -> Tenant:
        tenant = self.simulator.tenant(request.path_params["tenant"])
        if tenant is None:
            raise _Refused(404, "There is no such tenant.")
        return tenant


def _tenant_view(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": tenant.tenant_id,
        "domain": tenant.domain,
        **{name: getattr(tenant, name) for name in _Tenant.model_fields},
        "consents": {client: consent.state for client, consent in tenant.consents.items()},
    }
