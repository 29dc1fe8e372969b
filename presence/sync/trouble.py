"""When a fault becomes a loss of consent, how long to wait after one, and whose fault it is."""

import random

from presence.graph.credential import Credential
from presence.graph.reasons import REASONS, Fault
from presence.moments import HOUR, MINUTE, SECOND
from presence.runtime import Runtime
from presence.statuses.head import Trouble
from shared.services import Services

LOST_AFTER_HITS = 3
LOST_AFTER = 10 * MINUTE
LONGEST_PAUSE = HOUR
_DOUBTFUL_PAUSE = 2 * MINUTE
_LONGEST_BACKOFF = 5 * MINUTE
_PROBE_SECONDS = 60.0


def hit(before: Trouble, reason: str, now: int) -> Trouble:
    """The trouble after one more fault of that reason.

    Consent counts as lost after several faults over some time, since one answer may be a passing error; what happens
    to a lost tenant besides does not bring it back.
    """
    kind = REASONS[reason].kind
    if before.lost and kind != "consent":
        return before
    same = before.reason != "" and REASONS[before.reason].kind == kind
    since = before.since if same and before.since <= now else now
    hits = (before.hits if same else 0) + 1
    lost = before.lost or (kind == "consent" and hits >= LOST_AFTER_HITS and now - since >= LOST_AFTER)
    return Trouble(reason, since, hits, lost)


def pause(trouble: Trouble, failures: int, interval: int, retry_after: float) -> int:
    """Milliseconds until the next try."""
    kind = REASONS[trouble.reason].kind
    if kind == "consent":
        return LONGEST_PAUSE if trouble.lost else _DOUBTFUL_PAUSE
    if kind == "operator":
        return MINUTE
    asked = int(retry_after * SECOND)
    if failures < 2:
        return asked
    backoff = min(interval * SECOND << min(failures - 2, 6), _LONGEST_BACKOFF)
    return max(asked, int(backoff * random.uniform(0.75, 1.0)))


async def whose(services: Services, runtime: Runtime, fault: Fault) -> str:
    """The reason of a fault, after a control: do we get a token for our own tenant?"""
    home = services.settings.home_tenant_id
    if not fault.is_doubtful or not home:
        return fault.reason
    own = await _own(services, runtime, home)
    if own is None:  # our credential works, so the tenant has removed us
        return "deleted" if fault.reason == "own_credential" else fault.reason
    return "unavailable" if REASONS[own].kind == "passing" else "own_credential"


async def _own(services: Services, runtime: Runtime, home: str) -> str | None:
    """Why our own tenant gives no token; None where it does. Asked once a minute at most."""
    now = services.clock.monotonic()
    if runtime.probe is None or not 0 <= now - runtime.probe[0] < _PROBE_SECONDS:
        runtime.probe = now, await _probe(runtime.credential, home)
    return runtime.probe[1]


async def _probe(credential: Credential, home: str) -> str | None:
    try:
        await credential.fresh_token(home)
    except Fault as fault:
        return fault.reason
    return None
