"""When a fault becomes a loss of consent, and how long to wait after one. Pure."""

import random

from presence.epoch_ms import HOUR, MINUTE, SECOND, is_ahead
from presence.graph.failure_reasons import REASONS
from presence.store.manifest import Manifest, Trouble

LOST_AFTER_HITS = 3
LOST_AFTER = 10 * MINUTE
_LOST_PAUSE = HOUR
_DOUBTFUL_PAUSE = 2 * MINUTE
_LONGEST_PAUSE = 5 * MINUTE  # otherwise, whatever an answer asks for


def hit(before: Trouble, reason: str, now: int) -> Trouble:
    """The trouble after one more fault of that reason.

    Consent counts as lost after several faults over some time, since one answer may be a passing error; what happens
    to a lost tenant besides does not bring it back.
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
    return Trouble(reason, since, hits, lost, unknown_fields=before.unknown_fields)


def pause(trouble: Trouble, failures: int, interval: int, retry_after: float) -> int:
    """Milliseconds until the next try."""
    kind = REASONS[trouble.reason].kind
    if kind == "consent":
        return _LOST_PAUSE if trouble.lost else _DOUBTFUL_PAUSE
    if kind == "operator":
        return MINUTE
    asked = min(int(retry_after * SECOND), _LONGEST_PAUSE)
    if failures < 2:
        return asked
    backoff = min(interval * SECOND << min(failures - 2, 6), _LONGEST_PAUSE)
    return max(asked, int(backoff * random.uniform(0.75, 1.0)))


def is_paused(head: Manifest, now: int) -> bool:
    """Whether no call is to be made yet; a pause longer than any can be was set by a clock that is wrong."""
    return is_ahead(head.not_before, now, _LOST_PAUSE if head.trouble.lost else _LONGEST_PAUSE)
