"""Decide after which failures consent counts as lost, and how long to wait after a failure, without I/O."""

import random

from presence.graph.failure_reasons import REASONS
from presence.store.manifest import FailureState, Manifest
from shared.clock import HOUR, MINUTE, SECOND, is_ahead

LOST_AFTER_HITS = 2
LOST_AFTER = 10 * MINUTE
_LOST_PAUSE = HOUR
_FIRST_DOUBT_PAUSE = 2 * MINUTE
_MAX_PAUSE = 5 * MINUTE  # after a passing failure, even if Retry-After is longer


def record_failure(before: FailureState, reason: str, now: int) -> FailureState:
    """Return the failure state after one more failure with this reason.

    Consent counts as lost after at least two failures over at least ten minutes, because a single
    response may be a passing error. Once it is lost, a failure of another kind changes nothing.
    """
    kind = REASONS[reason].kind
    if before.lost and kind != "consent":
        return before
    same = before.reason != "" and REASONS[before.reason].kind == kind
    since = before.since if same and 0 < before.since <= now else now
    hits = (before.hits if same else 0) + 1
    lost = before.lost or (
        kind == "consent" and hits >= LOST_AFTER_HITS and now - since >= LOST_AFTER
    )
    return FailureState(reason, since, hits, lost, unknown_fields=before.unknown_fields)


def pause(failure: FailureState, failures: int, interval: int, retry_after: float, now: int) -> int:
    """Return the milliseconds until the next attempt.

    If consent is missing: two minutes after the first failure, then until ten minutes after the
    first failure, then an hour if consent counts as lost. If the tenant as a whole refuses the
    app (`of_tenant`), ten minutes instead of the first two pauses. If the operator must
    remove the cause: a minute. For a passing failure: Retry-After or, from the second failure on,
    a pause that doubles with each failure if that is longer; both are at most five minutes.
    """
    reason = REASONS[failure.reason]
    if reason.kind == "consent":
        return _consent_pause(failure, now, is_closed=reason.of_tenant)
    if reason.kind == "operator":
        return MINUTE
    asked = min(int(retry_after * SECOND), _MAX_PAUSE)
    if failures < 2:
        return asked
    backoff = min(interval * SECOND << min(failures - 2, 6), _MAX_PAUSE)
    return max(asked, int(backoff * random.uniform(0.75, 1.0)))


def _consent_pause(failure: FailureState, now: int, *, is_closed: bool) -> int:
    if failure.lost:
        return _LOST_PAUSE
    if is_closed:
        return LOST_AFTER
    if failure.hits == 1:
        return _FIRST_DOUBT_PAUSE
    left = failure.since + LOST_AFTER - now
    return left if 0 < left <= LOST_AFTER else LOST_AFTER


def is_paused(head: Manifest, now: int) -> bool:
    """Return whether no request may be sent yet.

    A stored pause that is longer than `pause` ever returns is ignored: the instance that stored
    it had a wrong clock.
    """
    if head.trouble.lost:
        longest = _LOST_PAUSE
    else:
        reason = REASONS.get(head.trouble.reason)
        longest = LOST_AFTER if reason is not None and reason.kind == "consent" else _MAX_PAUSE
    return is_ahead(head.not_before, now, longest)
