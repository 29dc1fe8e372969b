"""The results of a run: counts, latencies and deviations, and the summary of them."""

import re
import statistics
from array import array
from dataclasses import asdict, dataclass, field
from typing import Any

PASSING = frozenset({429, 502, 503, 504})
"""Statuses that tell a client to retry later."""

# Errors of one kind differ only in these: quoted texts, except in `[type eq "work"]`, and IDs.
_VALUES = re.compile(r"""(?<!eq )"[^"]*"|'[^']*'|\b[0-9a-f]{8}-[0-9a-f-]{27}\b""")

MAX_ERRORS = 200
"""Kinds of errors to record; further kinds are only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The progress of a run: `done` of `total` people or groups in this cycle; other counts since the start."""

    cycle: str
    done: int
    total: int
    requests: int
    requests_per_second: float
    errors: int


@dataclass(slots=True)
class Deviation:
    """A response that Entra could not work with: an example of its request, the reason, and how often it occurred.

    `operation` is the kind of request, as in `Summary.operations`.
    """

    request: str
    reason: str
    count: int = 1
    operation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSummary:
    """The figures of one kind of request; times are in milliseconds.

    `requests_per_second` and `cpu_ms` (the server's, per request) are None if they were not
    measured.
    """

    count: int
    p50_ms: float
    p95_ms: float
    max_ms: float
    requests_per_second: float | None = None
    cpu_ms: float | None = None


@dataclass(slots=True, kw_only=True)
class Summary:
    """The result of a run; `seconds` is its duration, including the pauses before repeated requests."""

    base: str
    people: int
    connections: int
    dialect: str
    cycles: list[str]
    seconds: float = 0.0
    requests: int = 0
    requests_per_second: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    operations: dict[str, OperationSummary] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    retries: int = 0
    error_count: int = 0
    errors: list[Deviation] = field(default_factory=list)
    quarantined: str | None = None

    @property
    def ok(self) -> bool:
        """Return whether every response was as Entra expects."""
        return not self.error_count and self.quarantined is None

    def as_json(self) -> dict[str, Any]:
        """Return the summary as one JSON object."""
        return {**asdict(self), "ok": self.ok}


@dataclass(slots=True, kw_only=True)
class Record:
    """Collects the results during a run; `secret`, the token, is removed from every text."""

    secret: str = field(repr=False)
    latencies: "dict[str, array[float]]" = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    retries: int = 0
    failures: int = 0  # requests with at least one deviation
    error_count: int = 0
    errors: dict[tuple[str, str], Deviation] = field(default_factory=dict)

    def answered(self, operation: str, seconds: float, status: int) -> None:
        """Count a response, and record its latency unless the status only asks to retry later."""
        self.requests += 1
        if status not in PASSING:
            self.latencies.setdefault(operation, array("d")).append(seconds * 1000)
        self.statuses[str(status)] = self.statuses.get(str(status), 0) + 1

    def count(self, what: str) -> None:
        """Count one more result, such as "created" or "groups"."""
        self.done[what] = self.done.get(what, 0) + 1

    def deviations(self, operation: str, request: str, reasons: list[str]) -> None:
        """Record the deviations of a response; deviations of the same kind are stored once, with their count."""
        self.failures += bool(reasons)
        for reason in reasons:
            self.error_count += 1
            request, reason = self._clean(request), self._clean(reason)
            kind = (operation, _VALUES.sub("…", reason))
            if kind in self.errors:
                self.errors[kind].count += 1
            elif len(self.errors) < MAX_ERRORS:
                self.errors[kind] = Deviation(request, reason, operation=operation)

    def _clean(self, text: str) -> str:
        return text.replace(self.secret, "…") if self.secret else text

    def operation(
        self, name: str, seconds: float | None = None, cpu_ms: float | None = None
    ) -> OperationSummary:
        """Return the figures of one kind of request.

        `seconds` is the duration of the phase in which only this kind was sent, or None if it was
        sent among others.
        """
        times = self.latencies.get(name, array("d"))
        p50, p95 = percentiles(times)
        rate = round(len(times) / seconds, 1) if seconds else None
        return OperationSummary(
            count=len(times),
            p50_ms=p50,
            p95_ms=p95,
            max_ms=round(max(times, default=0.0), 2),
            requests_per_second=rate,
            cpu_ms=cpu_ms,
        )

    def fill(self, summary: Summary, seconds: float) -> Summary:
        """Add all results to the summary of a run of `seconds`, and return it."""
        summary.seconds = round(seconds, 2)
        summary.requests = self.requests
        summary.requests_per_second = round(self.requests / seconds, 1) if seconds else 0.0
        everything = array("d", (each for times in self.latencies.values() for each in times))
        summary.p50_ms, summary.p95_ms = percentiles(everything)
        if not summary.operations:
            summary.operations = {name: self.operation(name) for name in self.latencies}
        summary.done, summary.statuses = dict(self.done), dict(sorted(self.statuses.items()))
        summary.retries, summary.error_count = self.retries, self.error_count
        summary.errors = list(self.errors.values())
        return summary


def percentiles(times: "array[float]") -> tuple[float, float]:
    """Return the 50th and the 95th percentile, in the unit of the values; 0.0 without values."""
    if len(times) < 2:
        value = round(times[0], 2) if times else 0.0
        return value, value
    cuts = statistics.quantiles(times, n=20, method="inclusive")
    return round(cuts[9], 2), round(cuts[18], 2)
