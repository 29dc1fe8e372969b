"""Warns before Entra would put a directory's provisioning job into quarantine.

Entra quarantines a job at once when it can't sign in, and from 5,000 failures on when more than 40 % fail, or beyond
40,000 failures (Microsoft Learn, "Application provisioning in quarantine status"). It then runs once a day, and stops
after four weeks. The warning comes at half the failures and three quarters of the share.
"""

import logging
from dataclasses import dataclass
from typing import Literal

from directories import totals
from directories.totals import Totals
from shared import log
from shared.app import App

MIN_FAILURES = 5000
MAX_SHARE = 0.4
MAX_FAILURES = 40_000
_EARLY = 0.5
_EARLY_SHARE = 0.75

Outlook = Literal["good", "near", "beyond"]


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Successes and failures of a day, and whether Entra's thresholds are `near` or passed (`beyond`)."""

    successes: int
    failures: int
    outlook: Outlook

    @property
    def share(self) -> float:
        """The share of failures in all requests, 0 to 1."""
        return self.failures / max(1, self.failures + self.successes)


def judge(successes: int, failures: int) -> Quarantine:
    """Return the result for a number of successes and failures in a day."""
    share = failures / max(1, failures + successes)
    outlook: Outlook = "good"
    if (failures >= MIN_FAILURES and share > MAX_SHARE) or failures > MAX_FAILURES:
        outlook = "beyond"
    elif (
        failures >= MIN_FAILURES * _EARLY and share > MAX_SHARE * _EARLY_SHARE
    ) or failures > MAX_FAILURES * _EARLY:
        outlook = "near"
    return Quarantine(successes, failures, outlook)


def of(found: Totals, app: App) -> Quarantine:
    """Return the result from totals already read."""
    return judge(*found.last_day(app.clock.now()))


async def warn(app: App, directory_id: str) -> None:
    """Log `quarantine.near` for the operator if a directory is near the thresholds or beyond."""
    quarantine = of(await totals.read(app, directory_id), app)
    if quarantine.outlook != "good":
        log.event(
            "quarantine.near",
            level=logging.WARNING,
            directory_id=directory_id,
            outlook=quarantine.outlook,
            failures=quarantine.failures,
            successes=quarantine.successes,
        )
