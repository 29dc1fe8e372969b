"""Turning the simulator by HTTP: JSON in, JSON out; the page at `/control` uses nothing else.

    GET    /control/state                            everything
    POST   /control/reset                            as at the start
    PATCH  /control/options                          latency, token_lifetime, consent_delay, consent_delay_tokens,
                                                     missing_principal (700016, 7000229), missing_role (403, 401),
                                                     cancel (consent_required, permission_denied), id_token_roles,
                                                     signed_in_as (user name), limit (calls per 30 s), seed, period
    POST   /control/tenants                          name, domain, id, and what PATCH takes
    PATCH  /control/tenants/{tenant}                 crowd, anyone, unlicensed_share, unknown_ids (missing,
                                                     presence-unknown, chunk-400, chunk-404), style (old, new, upper,
                                                     future), moving
    DELETE /control/tenants/{tenant}                 from now on AADSTS90002
    POST   /control/tenants/{tenant}/people          sign_in: [{name, user_name, id, roles}], ids: [...],
                                                     unlicensed: [...]
    GET    /control/tenants/{tenant}/ids             ?start=0&stop=100: object ids of the crowd
    PUT    /control/tenants/{tenant}/presence/{id}   availability, activity, out_of_office, message
    DELETE /control/tenants/{tenant}/presence/{id}   back to chance
    PUT    /control/tenants/{tenant}/consent         state: granted, signed-in (permission removed), disabled, none
    GET    /control/faults                           what there is, what is on
    PUT    /control/faults/{name}                    tenant, times, seconds, retry_after; an empty object: for good
    DELETE /control/faults/{name}, /control/faults   off; all off
    GET    /control/counters      DELETE             calls by endpoint, tenant and status; DELETE: from 0
    PUT    /control/applications/{client}            name, secrets {value: valid}, redirects, certificates (PEM),
                                                     federated [{issuer, subject, audience}], home_tenant_id,
                                                     multi_tenant
    POST   /control/keys/rotate                      keep: how many old keys stay published (1)
    POST   /control/assertion                        tenant, audience, subject, lifetime, forged, claims -> assertion

`{tenant}` is an id or a domain; a client id left out is that of the first application.
"""

import dataclasses
import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.graph import control_bodies, faults
from local.graph.control_http import Refused, as_json, read
from local.graph.control_views import of_application, of_tenant
from local.graph.pages import page
from local.graph.people import Tenant
from local.graph.simulator import CLIENT_ID, Simulator
from local.graph.wire import STATES

NO_CONTENT: dict[str, object] = {}


class Control:
    """The handlers over one simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def routes(self) -> list[Route]:
        """Every address of the control."""
        every: tuple[tuple[str, str, Callable[[Request], Awaitable[object]]], ...] = (
            ("GET", "/state", self.state),
            ("POST", "/reset", self.reset),
            ("PATCH", "/options", self.options),
            ("POST", "/tenants", self.add_tenant),
            ("PATCH", "/tenants/{tenant}", self.change_tenant),
            ("DELETE", "/tenants/{tenant}", self.remove_tenant),
            ("POST", "/tenants/{tenant}/people", self.add_people),
            ("GET", "/tenants/{tenant}/ids", self.ids),
            ("PUT", "/tenants/{tenant}/presence/{id}", self.set_presence),
            ("DELETE", "/tenants/{tenant}/presence/{id}", self.release_presence),
            ("PUT", "/tenants/{tenant}/consent", self.set_consent),
            ("GET", "/faults", self.list_faults),
            ("PUT", "/faults/{name}", self.fault_on),
            ("DELETE", "/faults/{name}", self.fault_off),
            ("DELETE", "/faults", self.all_faults_off),
            ("GET", "/counters", self.counters),
            ("DELETE", "/counters", self.reset_counters),
            ("PUT", "/applications/{client}", self.set_application),
            ("POST", "/keys/rotate", self.rotate_keys),
            ("POST", "/assertion", self.assertion),
        )
        json_routes = [
            Route(f"/control{path}", as_json(handler), methods=[verb])
            for verb, path, handler in every
        ]
        return [Route("/control", self.show), *json_routes]

    async def show(self, request: Request) -> Response:
        """The page for people."""
        return page(
            "control.html",
            tenants=self.simulator.tenants.values(),
            client_id=CLIENT_ID,
            options=dataclasses.asdict(self.simulator.options),
            fault_names=faults.names(),
            active=self.simulator.faults.active(),
            counters=self.simulator.counters.rows(),
            states=sorted(set(STATES)),
            bodies=control_bodies,
        )

    async def state(self, request: Request) -> object:
        simulator = self.simulator
        return {
            "url": simulator.url,
            "options": dataclasses.asdict(simulator.options),
            "tenants": [of_tenant(tenant) for tenant in simulator.tenants.values()],
            "applications": [of_application(one) for one in simulator.applications.values()],
            "faults": [dataclasses.asdict(fault) for fault in simulator.faults.active()],
            "counters": simulator.counters.rows(),
        }

    async def reset(self, request: Request) -> object:
        self.simulator.reset()
        return NO_CONTENT

    async def options(self, request: Request) -> object:
        changes = (await read(request, control_bodies.Options)).model_dump(exclude_unset=True)
        self.simulator.throttle.limit = changes.pop("limit", self.simulator.throttle.limit)
        self.simulator.presence.seed = changes.pop("seed", self.simulator.presence.seed)
        self.simulator.presence.period = changes.pop("period", self.simulator.presence.period)
        for name, value in changes.items():
            setattr(self.simulator.options, name, value)
        return dataclasses.asdict(self.simulator.options)

    async def add_tenant(self, request: Request) -> object:
        body = await read(request, control_bodies.NewTenant)
        if self.simulator.tenant(body.id or body.domain or "-"):
            raise Refused(409, "There is a tenant of that id or domain already.")
        tenant = self.simulator.add_tenant(body.name, body.domain, tenant_id=body.id)
        _change(tenant, body)
        return of_tenant(tenant)

    async def change_tenant(self, request: Request) -> object:
        tenant = self._tenant(request)
        _change(tenant, await read(request, control_bodies.TenantChange))
        return of_tenant(tenant)

    async def remove_tenant(self, request: Request) -> object:
        del self.simulator.tenants[self._tenant(request).tenant_id]
        return NO_CONTENT

    async def add_people(self, request: Request) -> object:
        tenant, body = self._tenant(request), await read(request, control_bodies.People)
        tenant.known.update(one.lower() for one in body.ids)
        tenant.unlicensed.update(one.lower() for one in body.unlicensed)
        added = [
            tenant.add(
                one.name,
                one.user_name,
                roles=frozenset(map(control_bodies.role, one.roles)),
                object_id=one.id,
            )
            for one in body.sign_in
        ]
        return {
            "added": [{"id": person.object_id, "user_name": person.user_name} for person in added]
        }

    async def ids(self, request: Request) -> object:
        tenant = self._tenant(request)
        try:
            start, stop = (
                int(request.query_params.get(name, given))
                for name, given in (("start", 0), ("stop", 100))
            )
        except ValueError:
            raise Refused(400, "start and stop must be whole numbers.") from None
        return {"ids": tenant.object_ids(max(0, start), min(stop, tenant.crowd))}

    async def set_presence(self, request: Request) -> object:
        tenant, body = self._tenant(request), await read(request, control_bodies.Presence)
        object_id = request.path_params["id"].lower()
        if not re.fullmatch(control_bodies.GUID, object_id):
            raise Refused(400, "id: must be an object id, a GUID.")
        if not tenant.has(object_id):
            tenant.known.add(object_id)
        self.simulator.presence.set(tenant.tenant_id, object_id, **body.model_dump())
        return self.simulator.presence.of(tenant, object_id, self.simulator.clock.now())

    async def release_presence(self, request: Request) -> object:
        self.simulator.presence.release(self._tenant(request).tenant_id, request.path_params["id"])
        return NO_CONTENT

    async def set_consent(self, request: Request) -> object:
        tenant, body = self._tenant(request), await read(request, control_bodies.Consent)
        change = {
            "granted": self.simulator.consent,
            "signed-in": self.simulator.remove_role,
            "disabled": self.simulator.disable,
            "none": self.simulator.delete_principal,
        }[body.state]
        if body.state in ("granted", "signed-in"):
            self.simulator.sign_in(tenant.tenant_id, body.client_id).enabled = True
        change(tenant.tenant_id, body.client_id)
        return of_tenant(tenant)

    async def list_faults(self, request: Request) -> object:
        return {
            "names": faults.names(),
            "on": [dataclasses.asdict(one) for one in self.simulator.faults.active()],
        }

    async def fault_on(self, request: Request) -> object:
        body = await read(request, control_bodies.Fault)
        named = self.simulator.tenant(body.tenant) if body.tenant else None
        tenant = named.tenant_id if named else body.tenant
        try:
            return dataclasses.asdict(
                self.simulator.faults.on(
                    request.path_params["name"],
                    tenant=tenant,
                    times=body.times,
                    seconds=body.seconds,
                    retry_after=body.retry_after,
                )
            )
        except faults.UnknownFault as error:
            raise Refused(
                404, f"There is no fault '{error}'; GET /control/faults lists them."
            ) from None

    async def fault_off(self, request: Request) -> object:
        self.simulator.faults.off(
            request.path_params["name"], tenant=request.query_params.get("tenant")
        )
        return NO_CONTENT

    async def all_faults_off(self, request: Request) -> object:
        self.simulator.faults.off()
        return NO_CONTENT

    async def counters(self, request: Request) -> object:
        counters = self.simulator.counters
        return {
            "calls": counters.rows(),
            "ids_asked": counters.ids_asked,
            "most_at_once": counters.most_at_once,
            "throttled": counters.throttled(),
            "recent": [list(one) for one in counters.recent],
        }

    async def reset_counters(self, request: Request) -> object:
        self.simulator.counters.reset()
        return NO_CONTENT

    async def set_application(self, request: Request) -> object:
        body = await read(request, control_bodies.Registration)
        client_id = request.path_params["client"]
        application = control_bodies.register(
            self.simulator.applications.get(client_id), client_id, body
        )
        self.simulator.applications[client_id] = application
        return of_application(application)

    async def rotate_keys(self, request: Request) -> object:
        self.simulator.keys.rotate(keep=(await read(request, control_bodies.Rotation)).keep)
        return self.simulator.keys.document()

    async def assertion(self, request: Request) -> object:
        body = await read(request, control_bodies.Assertion)
        tenant = self.simulator.tenant(body.tenant)
        text = self.simulator.provisioning_assertion(
            tenant.tenant_id if tenant else body.tenant,
            body.audience,
            body.subject,
            lifetime=body.lifetime,
            forged=body.forged,
            **body.claims,
        )
        return {"assertion": text}

    def _tenant(self, request: Request) -> Tenant:
        tenant = self.simulator.tenant(request.path_params["tenant"])
        if tenant is None:
            raise Refused(404, "There is no such tenant.")
        return tenant


def _change(tenant: Tenant, body: control_bodies.TenantChange) -> None:
    for name in control_bodies.TenantChange.model_fields:
        if name in body.model_fields_set:
            setattr(tenant, name, getattr(body, name))
