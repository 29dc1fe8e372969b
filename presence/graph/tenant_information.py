"""The name and primary domain of a company's tenant, as Microsoft shows them to every other tenant.

Graph tells them to an application of any tenant that has the role CrossTenantInformation.ReadBasic.All there
(learn.microsoft.com/graph/api/tenantrelationship-findtenantinformationbytenantid). So the contact centre grants
the role once, in its own tenant, and companies are asked for nothing more. Names are a help for people: without
the role, an answer or in time there is none, and everything else goes on.

An instance keeps the token, for about an hour. After a refusal it doesn't ask for ten minutes (negative cache),
after a failure for one minute, after 429 as long as Graph says. Names are stored with the connection, not here.
"""

import asyncio
import unicodedata
from dataclasses import dataclass
from typing import Literal

from presence.graph.client import (
    UNREADABLE,
    BadRequest,
    GraphClient,
    GraphError,
    Refused,
    Throttled,
    Unavailable,
)
from presence.graph.failure_reasons import Fault
from presence.graph.token_provider import Credential
from presence.graph.tokens import domain_in
from shared import log
from shared.clock import Clock

ROLE = "CrossTenantInformation.ReadBasic.All"
MAX_NAME = 120  # characters
REFUSED_FOR = 600.0  # seconds
_FAILED_FOR = 60.0
_RENEW_BEFORE = 300.0
_SECONDS = 3.0  # that a person waits for a name at most
_MAX_MARKS = 3  # combining marks in a row; more are drawn over the lines above and below
_SPACES = frozenset({"Zs", "Zl", "Zp", "Cc"})
_LEFT_OUT = frozenset({"Cf", "Cs", "Co", "Cn"})

State = Literal["readable", "not_granted", "unavailable", "not_set_up"]


@dataclass(frozen=True, slots=True)
class TenantName:
    """Display name and primary domain of a tenant; "" for what Microsoft doesn't tell."""

    name: str = ""
    domain: str = ""


class TenantInformation:
    """Asks Graph for the names of tenants, on one instance.

    `home` is the tenant of the app registration, in which the role is granted; "" if the deployment
    doesn't say, in which case no name is read.
    """

    def __init__(self, credential: Credential, graph: GraphClient, clock: Clock, home: str) -> None:
        self._credential, self._graph = credential, graph
        self._clock, self._home = clock, home
        self._token: tuple[float, str] | None = None
        self._closed_until = 0.0
        self._probed: tuple[float, State] | None = None

    async def find(self, tenant_id: str) -> TenantName | None:
        """Return the tenant's name, or None if it can't be read now; within three seconds."""
        if not self._is_set_up or self._clock.monotonic() < self._closed_until:
            return None
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._ask(tenant_id)
        except Refused:
            self._close(REFUSED_FOR, "not_granted")
        except Throttled as error:
            self._close(error.retry_after or _FAILED_FOR, "throttled")
        except (Fault, GraphError, TimeoutError):
            self._close(_FAILED_FOR, "unavailable")
        return None

    async def probe(self) -> State:
        """Return whether names can be read, from the own tenant's name; asked at most once a minute."""
        if not self._is_set_up:
            return "not_set_up"
        now = self._clock.monotonic()
        if self._probed is None or not 0 <= now - self._probed[0] < _FAILED_FOR:
            self._probed = now, await self._probe()
        return self._probed[1]

    @property
    def _is_set_up(self) -> bool:
        return bool(self._home) and self._credential.is_set_up

    async def _probe(self) -> State:
        self._token = None  # an older one may be from before the role was granted
        try:
            async with asyncio.timeout(_SECONDS):
                await self._ask(self._home)
        except Refused:
            return "not_granted"
        except (Fault, GraphError, TimeoutError):
            return "unavailable"
        self._closed_until = 0.0
        return "readable"

    async def _ask(self, tenant_id: str) -> TenantName:
        """Return the tenant's name. Raise Fault or GraphError."""
        try:
            found = await self._graph.tenant_information(await self._home_token(), tenant_id)
        except BadRequest:  # no such tenant in this cloud
            return TenantName()
        except Refused:
            self._token = None
            raise
        if str(found.get("tenantId", "")).lower() != tenant_id:
            raise Unavailable(UNREADABLE)
        return TenantName(plain_name(found.get("displayName")), _domain(found))

    async def _home_token(self) -> str:
        now = self._clock.monotonic()
        if self._token is None or now >= self._token[0]:
            token = await self._credential.fresh_token(self._home)
            self._token = now + token.expires_in - _RENEW_BEFORE, token.value
        return self._token[1]

    def _close(self, seconds: float, reason: str) -> None:
        self._closed_until = self._clock.monotonic() + seconds
        log.event("tenant_information.failed", reason=reason)


def _domain(found: dict[str, object]) -> str:
    value = found.get("defaultDomainName")
    return domain_in(value.lower()) if isinstance(value, str) else ""


def plain_name(value: object) -> str:
    """Return a name that another tenant chose, as one line of harmless text of at most 120 characters; "" for none.

    Characters that reorder or hide text (Unicode category Cf: bidirectional controls, zero-width characters), control
    characters, unassigned ones and surrogates are left out, so that a name can't pass for the words around it.
    """
    if not isinstance(value, str):
        return ""
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", value[: 8 * MAX_NAME]):
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if category not in _LEFT_OUT and marks <= _MAX_MARKS:
            kept.append(" " if category in _SPACES else character)
    name = " ".join("".join(kept).split())
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1].rstrip() + "…"
