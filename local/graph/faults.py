"""Faults to switch on, for one or all tenants, for a number of requests or a period."""

from dataclasses import dataclass

from local.graph.login_errors import KINDS
from shared.clock import Clock

ENDPOINTS = ("discovery", "token", "graph")
KINDS_OF_ANSWER = {
    "429": "too many requests, with Retry-After",
    "500": "internal error",
    "502": "bad gateway",
    "503": "service unavailable, with Retry-After",
    "504": "gateway timeout",
    "hang": "no answer until the fault is switched off",
    "drop": "the connection breaks in the middle of the answer",
    "garbage": "200 with a page instead of JSON",
}
ONLY_GRAPH = {
    "400": "bad request without a reason",
    "401": "the token is not accepted",
    "403": "the role is not accepted",
    "404": "not found, for the whole request",
}


def names() -> dict[str, str]:
    """Return the effect of every fault, by name."""
    known = {
        f"{endpoint}.{kind}": text
        for endpoint in ENDPOINTS
        for kind, text in KINDS_OF_ANSWER.items()
    }
    known |= {f"graph.{kind}": text for kind, text in ONLY_GRAPH.items()}
    return known | {
        f"AADSTS{code}": f"{kind.status} {kind.error}: {kind.text}" for code, kind in KINDS.items()
    }


class UnknownFault(Exception):
    """There is no fault with this name."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault that is on.

    `tenant` "" matches all tenants. `times` is the number of requests left, and `until` the time in
    monotonic seconds when it ends; None for no limit.
    """

    name: str
    tenant: str = ""
    times: int | None = None
    until: float | None = None
    retry_after: int | None = 5
    hits: int = 0

    @property
    def code(self) -> int | None:
        """The number of an AADSTS error; None for other faults."""
        return int(self.name[6:]) if self.name.startswith("AADSTS") else None

    @property
    def hangs(self) -> bool:
        """Return whether requests wait until this fault is switched off.

        Such a fault stays on after `times` has reached 0, because requests are still waiting.
        """
        return self.name.endswith(".hang")


class Faults:
    """The faults that are on; the first one that matches a request takes effect."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._active: list[Fault] = []

    def on(
        self,
        name: str,
        *,
        tenant: str = "",
        times: int | None = None,
        seconds: float | None = None,
        retry_after: int | None = 5,
    ) -> Fault:
        """Switch a fault on, replacing one with the same name and tenant. Raise UnknownFault for another name."""
        if name not in names():
            raise UnknownFault(name)
        until = None if seconds is None else self.clock.monotonic() + seconds
        self.off(name, tenant=tenant)
        fault = Fault(name=name, tenant=tenant, times=times, until=until, retry_after=retry_after)
        self._active = [*self._active, fault]
        return fault

    def off(self, name: str = "", *, tenant: str | None = None) -> None:
        """Switch off the faults with this name and tenant; "" matches all names, None all tenants."""
        self._active = [
            fault
            for fault in self._active
            if (name and fault.name != name) or (tenant is not None and fault.tenant != tenant)
        ]

    def active(self) -> list[Fault]:
        """Return the faults that are still on."""
        now = self.clock.monotonic()
        self._active = [
            fault
            for fault in self._active
            if (fault.times is None or fault.times > 0 or fault.hangs)
            and (fault.until is None or fault.until > now)
        ]
        return self._active

    def is_on(self, fault: Fault) -> bool:
        """Return whether this fault is still on; a hanging request checks this repeatedly."""
        return any(other is fault for other in self.active())

    def hit(self, endpoint: str, tenant: str, codes: frozenset[int] | None = None) -> Fault | None:
        """Return the fault that applies to a request, or None if none does; the fault counts the request.

        `codes` are the AADSTS errors that are possible at this endpoint.
        """
        for fault in self.active():
            code = fault.code
            here = fault.name.startswith(endpoint + ".") if code is None else code in (codes or ())
            if here and fault.tenant in ("", tenant) and fault.times != 0:
                fault.hits += 1
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None
