"""A provisioning job: its memory between cycles, and its concurrent work on many objects."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

from local.entra.mapping import MANAGER, Flat
from local.entra.options import Options
from local.entra.people import Company, Person
from local.entra.record import Progress, Record
from local.entra.wire import Quarantined, Response, Wire

Report = Callable[[Progress], None]

_EVALUATED_FROM = (
    5000  # failures; with fewer, their share doesn't matter (Learn, "Quarantine status")
)
_QUARANTINE_SHARE = 0.4

T = TypeVar("T")


class Skipped(Exception):
    """An object was skipped because of an invalid response, which has been recorded."""


class Job:
    """A provisioning job and its memory between cycles.

    It remembers the people's IDs in the target, as Entra caches them, and the people as changed by
    cycles.
    """

    def __init__(
        self,
        options: Options,
        wire: Wire,
        record: Record,
        report: Report,
        company: Company | None = None,
    ) -> None:
        """Start without any IDs; the initial cycle finds or creates the people."""
        self.options, self.wire, self.record = options, wire, record
        self.company = company or Company(options.seed)
        self.links: dict[int, str] = {}
        self.managers: dict[int, str] = {}  # person's index -> manager's ID in the target
        self.changed: dict[int, Person] = {}
        self.escrow: list[Person] = []
        self._report = report
        self._started = time.monotonic()

    def person(self, index: int) -> Person:
        """Return the person as currently stored in Entra."""
        return self.changed.get(index) or self.company.person(index)

    def note(self, operation: str, response: Response, reasons: list[str]) -> bool:
        """Record the faults of a response; return True if there are none."""
        self.record.deviations(operation, response.request, reasons)
        return not reasons

    def must(self, operation: str, response: Response, reasons: list[str]) -> None:
        """Record the faults of a response; raise Skipped if there is any."""
        if not self.note(operation, response, reasons):
            raise Skipped

    def wanted(self, person: Person, attributes: Flat) -> Flat:
        """Return the attributes; add the manager's ID in the target if the manager has been provisioned."""
        manager = self.links.get(person.manager) if person.manager is not None else None
        return attributes | {MANAGER: manager} if manager else attributes

    async def each(
        self, cycle: str, objects: Iterable[T], total: int, work: Callable[[T], Awaitable[None]]
    ) -> None:
        """Do the work for every object, concurrently on as many connections as the options allow.

        Raise Quarantined if too many requests failed.
        """
        remaining, done = iter(objects), 0

        async def worker(mine: Iterator[T]) -> None:
            nonlocal done
            for one in mine:
                try:
                    await work(one)
                except Skipped:
                    self.record.count("skipped")
                done += 1
                self.progress(cycle, done, total)
                self._quarantine()

        self.progress(cycle, 0, total)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(self.options.connections, max(total, 1))):
                tasks.create_task(worker(remaining))

    def progress(self, cycle: str, done: int, total: int) -> None:
        """Report the progress of a cycle."""
        requests, seconds = self.record.requests, time.monotonic() - self._started
        rate = requests / seconds if seconds else 0.0
        self._report(
            Progress(
                cycle=cycle,
                done=done,
                total=total,
                requests=requests,
                requests_per_second=rate,
                errors=self.record.error_count,
            )
        )

    def _quarantine(self) -> None:
        failures, requests = self.record.failures, self.record.requests
        if failures >= _EVALUATED_FROM and failures > _QUARANTINE_SHARE * requests:
            raise Quarantined(f"{failures} of {requests} requests failed")
