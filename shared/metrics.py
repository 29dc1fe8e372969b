"""Counters of an instance: calls by operation with latency and round trips, refusals by reason, age of presence.

Once a minute the counts are logged, one line per operation or reason that occurred, and reset.
Because anyone can cause refused requests, an instance logs at most `lines_per_hour` lines: after a
report of many lines, the next report comes later. `shared.telemetry` exports the sums of all
reports.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from shared import log
from shared.clock import Clock

EVERY_SECONDS = 60.0
_BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
# Units of the instruments. Counters are sums since the start; gauges are the values of the last report.
COUNTERS = {
    "directories.calls": "{call}",
    "directories.calls.refused": "{call}",
    "directories.calls.failed": "{call}",
    "directories.calls.seconds": "s",
    "directories.calls.round_trips": "{call}",
    "directories.refusals": "{request}",
}
GAUGES = {"directories.calls.p95": "ms", "directories.presence.age": "s"}
Observed = tuple[float, dict[str, str]]
_AGE_BOUNDS = (10, 20, 30, 45, 60, 90, 120, 300, 600, 1800, 3600)


@dataclass(slots=True)
class _Spread:
    """A histogram with fixed bounds, so that a percentile needs no list of the values."""

    bounds: tuple[int, ...]
    counts: Counter[int] = field(default_factory=Counter)
    highest: float = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.highest = max(self.highest, value)

    def percentile(self, share: float) -> float:
        """Return the percentile for `share` (from 0 to 1), rounded up to a bound of the histogram.

        The result is at most the highest value.
        """
        wanted, seen = share * self.counts.total(), 0
        for index, count in sorted(self.counts.items()):
            seen += count
            if seen >= wanted:
                return min(
                    self.highest,
                    float(self.bounds[index]) if index < len(self.bounds) else self.highest,
                )
        return self.highest


@dataclass(slots=True, kw_only=True)
class _Operation:
    calls: int = 0
    refused: int = 0
    failed: int = 0
    round_trips: int = 0
    seconds: float = 0.0
    milliseconds: _Spread = field(default_factory=lambda: _Spread(_BOUNDS))


class Metrics:
    """The counts of one instance since its last report, and the sums of all reports."""

    def __init__(self, clock: Clock, lines_per_hour: int = 3600) -> None:
        self._clock = clock
        self._seconds_per_line = 3600 / lines_per_hour
        self._pause = EVERY_SECONDS
        # By instrument, and by operation or reason.
        self._sums: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._latest: dict[tuple[str, str], float] = {}
        self._begin()

    def called(self, operation: str, status: int, seconds: float, round_trips: int) -> None:
        """Count a call that ended with `status` after `seconds`, with its number of requests to storage."""
        found = self._operations.get(operation)
        if found is None:
            found = self._operations[operation] = _Operation()
        found.calls += 1
        found.round_trips += round_trips
        found.seconds += seconds
        found.milliseconds.add(seconds * 1000)
        if status >= 500:
            found.failed += 1
        elif status >= 400:
            found.refused += 1
        self._report_if_due()

    def refused(self, reason: str) -> None:
        """Count a refused request of a provisioning client; `reason` is the `scimType` of the error or the status."""
        self._refusals[reason] += 1

    def presence(self, age_seconds: float) -> None:
        """Count the sync of a tenant; `age_seconds` is the age of the presence that the sync replaces."""
        self._ages.add(age_seconds)
        self._report_if_due()

    def report(self) -> None:
        """Log the counters and reset them."""
        now = self._clock.monotonic()
        seconds, operations, refusals, ages = (
            round(now - self._since),
            self._operations,
            self._refusals,
            self._ages,
        )
        lines = len(operations) + len(refusals) + (1 if ages.counts else 0)
        self._pause = max(EVERY_SECONDS, lines * self._seconds_per_line)
        self._begin()
        for name, found in operations.items():
            self._add(name, found)
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
            self._sums["directories.refusals", reason] += count
            log.measurement("metrics.refusals", reason=reason, seconds=seconds, count=count)
        if syncs := ages.counts.total():
            self._latest["directories.presence.age", ""] = ages.highest
            log.measurement(
                "metrics.presence",
                seconds=seconds,
                syncs=syncs,
                p95_age_seconds=round(ages.percentile(0.95), 1),
                oldest_seconds=round(ages.highest, 1),
            )

    def observe(self, instrument: str) -> Iterator[Observed]:
        """Yield the values of an instrument with their attribute, the operation or reason, as of the last report."""
        attribute = "reason" if instrument == "directories.refusals" else "operation"
        for (name, of), value in [*self._sums.items(), *self._latest.items()]:
            if name == instrument:
                yield value, {attribute: of} if of else {}

    def _report_if_due(self) -> None:
        if self._clock.monotonic() - self._since >= self._pause:
            self.report()

    def _add(self, operation: str, found: _Operation) -> None:
        self._sums["directories.calls", operation] += found.calls
        self._sums["directories.calls.refused", operation] += found.refused
        self._sums["directories.calls.failed", operation] += found.failed
        self._sums["directories.calls.round_trips", operation] += found.round_trips
        self._sums["directories.calls.seconds", operation] += found.seconds
        self._latest["directories.calls.p95", operation] = found.milliseconds.percentile(0.95)

    def _begin(self) -> None:
        self._since = self._clock.monotonic()
        self._operations: dict[str, _Operation] = {}
        self._refusals: Counter[str] = Counter()
        self._ages = _Spread(_AGE_BOUNDS)
