"""Counts of calls by endpoint, by tenant and by status."""

from collections import Counter, deque


class Counters:
    """Counts since the last reset, and the last calls in order."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything that was counted."""
        self._calls: Counter[tuple[str, str, int]] = Counter()
        self.recent: deque[tuple[str, str, int]] = deque(maxlen=200)
        self.ids_asked = 0
        self.running = 0
        self.most_at_once = 0

    def add(self, endpoint: str, tenant: str, status: int) -> None:
        """Count one answer."""
        self._calls[endpoint, tenant, status] += 1
        self.recent.append((endpoint, tenant, status))

    def calls(self, endpoint: str = "", *, tenant: str = "", status: int = 0) -> int:
        """Return how many answers were given; an empty argument counts all."""
        return sum(
            count
            for (at, of, code), count in self._calls.items()
            if (not endpoint or at == endpoint)
            and (not tenant or of == tenant)
            and (not status or code == status)
        )

    def throttled(self, tenant: str = "") -> int:
        """Return how many calls got 429 from Graph."""
        return self.calls("presences", tenant=tenant, status=429) + self.calls(
            "presence", tenant=tenant, status=429
        )

    def rows(self) -> list[dict[str, object]]:
        """Return every count, ready for JSON."""
        return [
            {"endpoint": endpoint, "tenant": tenant, "status": status, "count": count}
            for (endpoint, tenant, status), count in sorted(self._calls.items())
        ]
