"""What a sync comes to: the next head and the delta. Pure."""

from dataclasses import replace

from presence.epoch_ms import SECOND, fresh_for, is_recent
from presence.presence_states import unknown_values
from presence.store.codec import Delta
from presence.store.manifest import Manifest, Trouble
from presence.store.snapshot import Snapshot
from presence.sync import backoff, diff
from presence.sync.run import Round

_UNFAMILIAR = 20  # values kept for the operator to see


def outcome(this: Round, snapshot: Snapshot, now: int) -> tuple[Manifest, Delta]:
    """The head and the delta that this round comes to over the snapshot, which may be newer than the round."""
    head = snapshot.head
    head = replace(
        head,
        lease="",
        lease_until=0,
        untidy=head.untidy and not this.is_tidy,
        directories=diff.rolls(head, this.moves),
        trouble=backoff.hit(head.trouble, this.reason, now)
        if this.reason
        else Trouble(unknown_fields=head.trouble.unknown_fields),
    )
    delta = _delta(this, snapshot, head, now)
    if this.reason:
        head.failures += 1
    else:
        head.failures, head.as_of = 0, this.started
        if diff.are_strangers_due(snapshot.head, this.started):
            head.strangers_asked_at = this.started
    head.not_before = _not_before(this, head, now)
    _count(this, snapshot, delta, head, now)
    return head, delta


def _delta(this: Round, snapshot: Snapshot, head: Manifest, now: int) -> Delta:
    if head.trouble.lost:
        # Nobody is left, so whoever is there when consent returns has to be found afresh.
        head.directories = [replace(roll, full_at=0) if roll else None for roll in head.directories]
        return Delta(gone=tuple(snapshot.entries))
    result, members = this.result, diff.roster(snapshot, this.moves)
    failed = result.failed if result.answered or not this.reason else ()
    bad = () if this.reason else result.bad
    return diff.delta(snapshot, members, this.learnt, failed, bad, now)


def _not_before(this: Round, head: Manifest, now: int) -> int:
    interval, retry_after = this.app.settings.presence_interval, this.result.retry_after
    if not this.reason:
        return now + int(retry_after * SECOND) if this.result.failed and retry_after else 0
    return now + backoff.pause(head.trouble, head.failures, interval, retry_after, now)


def _count(this: Round, snapshot: Snapshot, delta: Delta, head: Manifest, now: int) -> None:
    """Take the round into the head's figures."""
    result, people = this.result, snapshot.entries
    if delta:
        people = {**people, **delta.changed}
        for object_id in delta.gone:
            people.pop(object_id, None)
    counts = diff.counts(people, head.counts)
    counts.not_ids = head.not_ids
    counts.failed, counts.calls, counts.took = len(result.failed), result.calls, now - this.started
    counts.calls_total += result.calls
    counts.throttled_total += result.throttled
    counts.syncs_total += not this.reason
    new = {text for kind in this.learnt.kinds for text in unknown_values(kind)}
    counts.unfamiliar_total += len(new)
    head.unfamiliar = sorted({*head.unfamiliar, *new})[:_UNFAMILIAR]
    head.counts = counts
    is_old = not is_recent(head.as_of, now, fresh_for(this.app.settings.presence_interval))
    head.stale_noted = bool(this.reason) and is_old and not head.trouble.lost
