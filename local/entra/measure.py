"""Measures a SCIM server with one kind of request at a time, so that servers can be compared."""

import time
from array import array
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from local.entra import checks, mapping
from local.entra.job import Job, Report, Skipped
from local.entra.options import Options
from local.entra.people import Company, Person
from local.entra.process_time import cpu_seconds
from local.entra.record import Record, Summary
from local.entra.simulator import silent
from local.entra.wire import Quarantined, Response, Wire, equals

PAGE = 100

T = TypeVar("T")


@dataclass(slots=True)
class Measurement:
    """Collects the figures of one phase (one kind of request) and adds them to the summary when it is over."""

    job: Job
    summary: Summary
    server_pid: int | None

    async def phase(
        self, name: str, objects: Iterable[T], total: int, work: Callable[[T], Awaitable[None]]
    ) -> None:
        """Do the work for all objects; divide the server's CPU time in the phase by the number of requests."""
        record = self.job.record
        record.latencies.pop(name, None)
        cpu, started = self._cpu(), time.monotonic()
        await self.job.each(name, objects, total, work)
        seconds = time.monotonic() - started
        count = len(record.latencies.get(name, array("d")))
        per_request = (
            round((self._cpu() - cpu) * 1000 / count, 3) if self.server_pid and count else None
        )
        self.summary.operations[name] = record.operation(name, seconds, per_request)

    def _cpu(self) -> float:
        return cpu_seconds(self.server_pid) if self.server_pid else 0.0


async def measure(
    options: Options, report: Report = silent, server_pid: int | None = None
) -> Summary:
    """Measure POST, GET by ID, filter with and without match, PATCH, pages of 100 and DELETE.

    With `server_pid` also measure the server's CPU milliseconds per request. The people have
    addresses of their own, so that the directory may already have others, and they are deleted at
    the end.
    """
    record = Record(secret=options.token)
    summary = Summary(
        base=options.base,
        people=options.people,
        connections=options.connections,
        dialect=options.dialect,
        cycles=["measure"],
    )
    started = time.monotonic()
    try:
        async with Wire(options, record) as wire:
            company = Company(options.seed, subdomain="measured")
            await _phases(
                Measurement(Job(options, wire, record, report, company), summary, server_pid)
            )
    except* Quarantined as errors:
        first: BaseException = errors
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        summary.quarantined = str(first)
    return record.fill(summary, time.monotonic() - started)


async def _phases(measurement: Measurement) -> None:
    job = measurement.job
    count = job.options.people

    def people() -> Iterator[Person]:
        return job.company.people(0, count)

    async def post(person: Person) -> None:
        body = mapping.post_body(mapping.target_attributes(person))
        response = await job.wire.send("POST", "POST", "/Users", body=body)
        _expect(job, "POST", response, 201)
        job.links[person.index] = response.content["id"]

    async def get(person: Person) -> None:
        _expect(job, "GET by id", await job.wire.send("GET by id", "GET", _path(job, person)), 200)

    async def hit(person: Person) -> None:
        await _filter(job, "filter hit", person.user_principal_name, 1)

    async def miss(person: Person) -> None:
        await _filter(job, "filter miss", f"nobody.{person.user_principal_name}", 0)

    async def patch(person: Person) -> None:
        body = _patch(person, job.options)
        _expect(
            job,
            "PATCH",
            await job.wire.send("PATCH", "PATCH", _path(job, person), body=body),
            200,
            204,
        )

    async def page(start: int) -> None:
        response = await job.wire.send(
            f"page of {PAGE}", "GET", "/Users", f"startIndex={start}&count={PAGE}"
        )
        _expect(job, f"page of {PAGE}", response, 200)

    async def delete(person: Person) -> None:
        _expect(job, "DELETE", await job.wire.send("DELETE", "DELETE", _path(job, person)), 204)

    pages = list(range(1, count + 1, PAGE))
    pages *= max(1, -(-50 // len(pages)))  # at least fifty requests, for a meaningful figure
    await measurement.phase("POST", people(), count, post)
    await measurement.phase("GET by id", people(), count, get)
    await measurement.phase("filter hit", people(), count, hit)
    await measurement.phase("filter miss", people(), count, miss)
    await measurement.phase("PATCH", people(), count, patch)
    await measurement.phase(f"page of {PAGE}", pages, len(pages), page)
    await measurement.phase("DELETE", people(), count, delete)


def _path(job: Job, person: Person) -> str:
    if person.index not in job.links:
        raise Skipped
    return f"/Users/{job.links[person.index]}"


async def _filter(job: Job, name: str, value: str, found: int) -> None:
    response = await job.wire.send(name, "GET", "/Users", equals("userName", value))
    _expect(job, name, response, 200)
    if response.content.get("totalResults") != found:
        job.note(
            name,
            response,
            [f"totalResults is {response.content.get('totalResults')!r} instead of {found}"],
        )


def _patch(person: Person, options: Options) -> object:
    """Return a PATCH body with three operations: a title, a number and a surname."""
    after = replace(person, job_title=f"Senior {person.job_title}", surname=f"{person.surname} Jr.")
    stored = mapping.target_attributes(person)
    changes = mapping.difference(mapping.target_attributes(after), stored)
    changes.pop("name.formatted")
    changes['phoneNumbers[type eq "work"].value'] = f"+44 20 7946 {person.index % 10000:04d}"
    return mapping.patch_body(changes, stored | changes, options.dialect)


def _expect(job: Job, name: str, response: Response, *statuses: int) -> None:
    reasons = checks.status(response, *statuses)
    if response.status != 204 and not isinstance(response.content, dict):
        reasons.append("the body is not a JSON object")
    job.must(name, response, reasons)
