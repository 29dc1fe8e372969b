"""Whose fault it is that a tenant gives us no token: a control, do we get one for our own tenant?"""

from presence.graph.failure_reasons import REASONS, Fault
from presence.graph.token_provider import Credential
from shared.clock import Clock

_SECONDS = 60.0  # that one control serves


class Control:
    """The control of one instance. `home`: our own tenant, "" where the deployment does not say."""

    def __init__(self, credential: Credential, clock: Clock, home: str) -> None:
        self._credential, self._clock, self._home = credential, clock, home
        self._found: tuple[float, str | None] | None = None

    async def whose(self, fault: Fault) -> str:
        """The reason of a fault, after a control where the answer leaves it open."""
        if not fault.is_doubtful or not self._home:
            return fault.reason
        own = await self._own()
        if own is None:  # our credential works, so the tenant has removed us
            return "deleted" if fault.reason == "own_credential" else fault.reason
        return "unavailable" if REASONS[own].kind == "passing" else "own_credential"

    async def _own(self) -> str | None:
        """Why our own tenant gives no token; None where it does. Asked once a minute at most."""
        now = self._clock.monotonic()
        if self._found is None or not 0 <= now - self._found[0] < _SECONDS:
            self._found = now, await self._ask()
        return self._found[1]

    async def _ask(self) -> str | None:
        try:
            await self._credential.fresh_token(self._home)
        except Fault as fault:
            return fault.reason
        return None
