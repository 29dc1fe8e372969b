"""Decide whether a token failure is ours or the tenant's, by requesting a token for our home tenant."""

from presence.graph.failure_reasons import REASONS, Fault
from presence.graph.token_provider import Credential
from shared.clock import Clock

_PROBE_SECONDS = 60.0


class Control:
    """The probes of one instance.

    `home` is the tenant of the app registration; "" if the deployment doesn't say, in which case
    every failure keeps the reason that Microsoft's answer suggests.
    """

    def __init__(self, credential: Credential, clock: Clock, home: str) -> None:
        self._credential, self._clock, self._home = credential, clock, home
        self._last: tuple[float, str | None] | None = None

    async def attribute_fault(self, fault: Fault) -> str:
        """Return the reason of a failure, after a probe if the answer leaves it open."""
        if not fault.is_doubtful or not self._home:
            return fault.reason
        own_failure = await self.own_failure()
        if own_failure is None:  # our credential works, so the tenant is the cause
            attributed = {"own_credential": "deleted", "misconfigured": "unexpected"}
            return attributed.get(fault.reason, fault.reason)
        if REASONS[own_failure].kind == "passing":
            return "unavailable"
        return "misconfigured" if own_failure == "misconfigured" else "own_credential"

    async def own_failure(self) -> str | None:
        """Return why our home tenant gives no token, or None; probed at most once a minute."""
        now = self._clock.monotonic()
        if self._last is None or not 0 <= now - self._last[0] < _PROBE_SECONDS:
            self._last = now, await self._probe()
        return self._last[1]

    async def _probe(self) -> str | None:
        try:
            await self._credential.fresh_token(self._home)
        except Fault as fault:
            return fault.reason
        return None
