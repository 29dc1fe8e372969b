"""Warn before Entra would put a directory's provisioning job into quarantine.

Entra quarantines a job at once when it can't sign in; when at least 5,000 requests failed and these
are more than 40 % of all requests; or when more than 40,000 failed (Microsoft Learn, "Application
provisioning in quarantine status"). The job then runs once a day, and stops after four weeks. The
warning comes at half of these numbers and three quarters of the percentage.
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
    """The successes and failures of the last day, compared with Entra's thresholds.

    `outlook` is `good`, `near` (the warning's thresholds are reached) or `beyond` (Entra's are).
    """

    successes: int
    failures: int
    outlook: Outlook

    @property
    def share(self) -> float:
        """The share of failures in all requests, from 0 to 1."""
        return self.failures / max(1, self.failures + self.successes)


def judge(successes: int, failures: int) -> Quarantine:
    """Return a day's numbers of successes and failures, compared with the thresholds."""
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
    """Return the last day's numbers in the totals `found`, compared with the thresholds."""
    return judge(*found.last_day(app.clock.now()))


async def warn(app: App, directory_id: str) -> None:
    """Log `quarantine.near`, for the operator's alert, if the directory is near the thresholds or beyond."""
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
