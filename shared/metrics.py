"""What an instance counts: calls and their latency and round trips by operation, refusals by reason, age of presence.

Once a minute the counts become log events, one for each operation or reason that had any, and begin anew. Where
OpenTelemetry is on (the platform has then loaded its SDK before the app), each measurement goes to an instrument too.
Costs a request a few microseconds, and nothing is imported while OpenTelemetry is off.
"""

import importlib
import sys
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from shared import log
from shared.clock import Clock, SystemClock

EVERY_SECONDS = 60.0
_BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
_AGE_BOUNDS = (10, 20, 30, 45, 60, 90, 120, 300, 600, 1800, 3600)


@dataclass(slots=True)
class _Spread:
    """How values spread over fixed bounds: enough for a percentile, whatever their number."""

    bounds: tuple[int, ...]
    counts: Counter[int] = field(default_factory=Counter)
    highest: float = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.highest = max(self.highest, value)

    def percentile(self, share: float) -> float:
        """The bound below which this share of the values lies, at most the highest value."""
        wanted, seen = share * self.counts.total(), 0
        for place, count in sorted(self.counts.items()):
            seen += count
            if seen >= wanted:
                return min(self.highest, float(self.bounds[place]) if place < len(self.bounds) else self.highest)
        return self.highest


@dataclass(slots=True)
class _Operation:
    calls: int = 0
    refused: int = 0
    failed: int = 0
    round_trips: int = 0
    milliseconds: _Spread = field(default_factory=lambda: _Spread(_BOUNDS))


class Metrics:
    """The counts of one instance since the last report."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begin()

    def called(self, operation: str, status: int, seconds: float, round_trips: int) -> None:
        """A call was answered."""
        found = self._operations.get(operation)
        if found is None:
            found = self._operations[operation] = _Operation()
        found.calls += 1
        found.round_trips += round_trips
        found.milliseconds.add(seconds * 1000)
        if status >= 500:
            found.failed += 1
        elif status >= 400:
            found.refused += 1
        if instruments := _instruments():
            attributes = {"operation": operation, "status": status}
            instruments.duration.record(seconds, attributes)
            instruments.round_trips.record(round_trips, {"operation": operation})
        if self._clock.monotonic() - self._since >= EVERY_SECONDS:
            self.report()

    def refused(self, reason: str) -> None:
        """A provisioning client's request was refused for this reason (SCIM's keyword or the status)."""
        self._refusals[reason] += 1
        if instruments := _instruments():
            instruments.refusals.add(1, {"reason": reason})

    def presence(self, age_seconds: float) -> None:
        """A tenant was synced; so old had its presence become until then."""
        self._ages.add(age_seconds)
        if instruments := _instruments():
            instruments.presence_age.record(age_seconds)
        if self._clock.monotonic() - self._since >= EVERY_SECONDS:
            self.report()

    def report(self) -> None:
        """Log what was counted and begin anew."""
        now = self._clock.monotonic()
        seconds, operations, refusals, ages = round(now - self._since), self._operations, self._refusals, self._ages
        self._begin()
        for name, found in operations.items():
            log.measurement(
                "metrics.calls",
                operation=name,
                seconds=seconds,
                calls=found.calls,
                refused=found.refused,
                failed=found.failed,
                round_trips=found.round_trips,
                p50_ms=round(found.milliseconds.percentile(0.5), 1),
                p95_ms=round(found.milliseconds.percentile(0.95), 1),
                slowest_ms=round(found.milliseconds.highest, 1),
            )
        for reason, count in refusals.items():
            log.measurement("metrics.refusals", reason=reason, seconds=seconds, count=count)
        if syncs := ages.counts.total():
            log.measurement(
                "metrics.presence",
                seconds=seconds,
                syncs=syncs,
                p95_age_seconds=round(ages.percentile(0.95), 1),
                oldest_seconds=round(ages.highest, 1),
            )

    def _begin(self) -> None:
        self._since = self._clock.monotonic()
        self._operations: dict[str, _Operation] = {}
        self._refusals: Counter[str] = Counter()
        self._ages = _Spread(_AGE_BOUNDS)


@dataclass(frozen=True, slots=True)
class _Instruments:
    duration: Any
    round_trips: Any
    refusals: Any
    presence_age: Any


@cache
def _instruments() -> _Instruments | None:
    """OpenTelemetry's instruments; None while it is off."""
    if "opentelemetry.sdk.metrics" not in sys.modules:
        return None
    meter = importlib.import_module("opentelemetry.metrics").get_meter("external_directories")
    return _Instruments(
        meter.create_histogram("directories.call.duration", "s", "Time from request to answer"),
        meter.create_histogram("directories.call.round_trips", "{call}", "Calls to storage of one request"),
        meter.create_counter("directories.refusals", "{request}", "Refused requests of provisioning clients"),
        meter.create_histogram("directories.presence.age", "s", "Age that presence had come to at a sync"),
    )


metrics = Metrics(SystemClock())
