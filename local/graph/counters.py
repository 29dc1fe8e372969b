"""Counts of responses by endpoint, tenant and status."""

from collections import Counter, deque


class Counters:
    """The counts since the last reset, and the most recent responses in order."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Reset all counts."""
        self._calls: Counter[tuple[str, str, int]] = Counter()
        self.recent: deque[tuple[str, str, int]] = deque(maxlen=200)
        self.ids_asked = 0
        self.running = 0
        self.most_at_once = 0

    def add(self, endpoint: str, tenant: str, status: int) -> None:
        """Count one response."""
        self._calls[endpoint, tenant, status] += 1
        self.recent.append((endpoint, tenant, status))

    def calls(self, endpoint: str = "", *, tenant: str = "", status: int = 0) -> int:
        """Return the number of responses with this endpoint, tenant and status; an empty argument matches all."""
        return sum(
            count
            for (at, of, code), count in self._calls.items()
            if (not endpoint or at == endpoint)
            and (not tenant or of == tenant)
            and (not status or code == status)
        )

    def throttled(self, tenant: str = "") -> int:
        """Return how many responses of Graph had status 429."""
        return self.calls("presences", tenant=tenant, status=429) + self.calls(
            "presence", tenant=tenant, status=429
        )

    def rows(self) -> list[dict[str, object]]:
        """Return one dict per endpoint, tenant and status, with its count."""
        return [
            {"endpoint": endpoint, "tenant": tenant, "status": status, "count": count}
            for (endpoint, tenant, status), count in sorted(self._calls.items())
        ]
