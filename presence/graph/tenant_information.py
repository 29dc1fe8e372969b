"""The name and primary domain of a company's tenant, which Microsoft shows to every other tenant.

An application of any tenant can read them if it has the role CrossTenantInformation.ReadBasic.All
in its own tenant
(learn.microsoft.com/graph/api/tenantrelationship-findtenantinformationbytenantid). So the contact
centre grants the role once, in its own tenant, and companies need not consent to anything more.
Names only help people: if there is no role, or no response in time, there is no name, and
everything else works.

An instance caches the token, for about an hour. After a failure it sends no request for some time
(a negative cache): ten minutes if Graph refused, the time in Retry-After if it throttled, else one
minute. Names are stored with the connection and not cached here.
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
_SECONDS = 3.0  # the longest time that a user waits for a name
# The most combining marks in a row; more would be drawn over the lines above and below.
_MAX_MARKS = 3
_SPACES = frozenset({"Zs", "Zl", "Zp", "Cc"})
_LEFT_OUT = frozenset({"Cf", "Cs", "Co", "Cn"})
# Letters and symbols that are drawn as nothing: Hangul fillers and the blank Braille pattern.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")

State = Literal["readable", "not_granted", "unavailable", "not_set_up"]


@dataclass(frozen=True, slots=True)
class TenantName:
    """The display name and the primary domain of a tenant; "" if Microsoft returns none."""

    name: str = ""
    domain: str = ""


class TenantInformation:
    """Reads the names of tenants from Graph, for one instance.

    `home` is the tenant of the app registration, in which the role is granted. If it is "", because
    the deployment has no such setting, no name is read.
    """

    def __init__(self, credential: Credential, graph: GraphClient, clock: Clock, home: str) -> None:
        self._credential, self._graph = credential, graph
        self._clock, self._home = clock, home
        self._token: tuple[float, str] | None = None
        self._closed_until = 0.0
        self._probed: tuple[float, State] | None = None
        self._probing = asyncio.Lock()

    async def find(self, tenant_id: str) -> TenantName | None:
        """Return the tenant's name, or None if it can't be read now; takes at most three seconds."""
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
        """Return whether names can be read, after trying to read the home tenant's name; the result is kept for a minute."""
        if not self._is_set_up:
            return "not_set_up"
        async with self._probing:
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
        """Request and return the tenant's name, empty for an unknown tenant; raise Fault or GraphError."""
        try:
            found = await self._graph.tenant_information(await self._home_token(), tenant_id)
        except BadRequest:  # no such tenant in this cloud
            return TenantName()
        except Refused:
            self._token = None
            raise
        if str(found.get("tenantId", "")).lower() != tenant_id.lower():
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
    """Return a name that another tenant chose as one line of harmless text; "" if it is no text.

    It has at most 120 characters. Control characters, unassigned ones, surrogates, and characters
    that reorder or hide text (Unicode category Cf: bidirectional controls, zero-width characters)
    are left out, so that a name can't look like the words around it.
    """
    if not isinstance(value, str):
        return ""
    characters: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", value[: 8 * MAX_NAME]):
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        is_shown = category not in _LEFT_OUT and character not in _BLANK
        if is_shown and marks <= _MAX_MARKS:
            characters.append(" " if category in _SPACES else character)
    name = " ".join("".join(characters).split())
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1].rstrip() + "…"
