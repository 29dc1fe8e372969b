"""Faults of storage, in the operator's log: one event per reason and minute."""

import logging
from dataclasses import dataclass, field

from shared import log
from shared.clock import Clock

_EVERY_SECONDS = 60.0
_MAX_REASONS = 32


@dataclass(slots=True)
class StorageFaults:
    """Logs `storage.unavailable`, at most once a minute for each reason."""

    clock: Clock
    _logged: dict[str, float] = field(default_factory=dict)

    def report(self, reason: str) -> None:
        """Log that storage can't be used, unless the same reason was logged less than a minute ago."""
        now = self.clock.monotonic()
        recent = {one: at for one, at in self._logged.items() if now - at < _EVERY_SECONDS}
        self._logged = recent
        if reason in recent or len(recent) >= _MAX_REASONS:
            return
        recent[reason] = now
        log.event("storage.unavailable", level=logging.ERROR, reason=reason)
