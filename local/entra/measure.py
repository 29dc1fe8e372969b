"""Measures a SCIM server with one kind of request at a time, so that servers can be compared."""

import time
from array import array
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, TypeVar

from local.entra import checks, mapping
from local.entra.job import Job, Report, Skipped
from local.entra.options import Options
from local.entra.people import Company, Person
from local.entra.process_time import cpu_seconds
from local.entra.record import Record, Summary
from local.entra.simulator import silent
from local.entra.wire import Quarantined, Response, Wire, equals

PAGE = 100
_NUMBERS = ('phoneNumbers[type eq "work"].value', 'phoneNumbers[type eq "mobile"].value')

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
    options: Options,
    report: Report = silent,
    server_pid: int | None = None,
    *,
    reads: int = 1,
) -> Summary:
    """Measure POST, GET by ID, filter with and without match, PATCH, pages of 100 and DELETE.

    With `server_pid` also measure the server's CPU milliseconds per request. Each person is read
    and filtered `reads` times. The people have addresses of their own, so that the directory may
    already have others, and they are deleted at the end.
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
            job = Job(options, wire, record, report, company)
            await _phases(Measurement(job, summary, server_pid), reads)
    except* Quarantined as errors:
        first: BaseException = errors
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        summary.quarantined = str(first)
    return record.fill(summary, time.monotonic() - started)


async def measure_gets(options: Options, path: str, count: int, server_pid: int) -> float:
    """Return the server's CPU milliseconds per GET of `path`, on the connections of `options`."""
    record = Record(secret=options.token)
    summary = Summary(
        base=options.base, people=0, connections=options.connections, dialect="", cycles=[]
    )

    async with Wire(options, record) as wire:
        measurement = Measurement(Job(options, wire, record, silent), summary, server_pid)

        async def get(_: int) -> None:
            _expect(measurement.job, "GET", await wire.send("GET", "GET", path), 200)

        await measurement.phase("GET", range(count), count, get)
    if record.error_count:
        raise ValueError(f"GET {path} was not answered with 200")
    return summary.operations["GET"].cpu_ms or 0.0


async def _phases(measurement: Measurement, reads: int) -> None:
    job = measurement.job
    count = job.options.people

    def people(times: int = 1) -> Iterator[Person]:
        return chain.from_iterable(job.company.people(0, count) for _ in range(times))

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
        body = patch_of(person, job.options)
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
    await measurement.phase("GET by id", people(reads), reads * count, get)
    await measurement.phase("filter hit", people(reads), reads * count, hit)
    await measurement.phase("filter miss", people(reads), reads * count, miss)
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


def patch_of(person: Person, options: Options) -> dict[str, Any]:
    """Return a PATCH body with three operations: a title, a surname, and a number that the person has.

    A filter in a path that matches no element is an error for servers that follow RFC 7644 section
    3.5.2.3, so people without any number get another department.
    """
    after = replace(person, job_title=f"Senior {person.job_title}", surname=f"{person.surname} Jr.")
    stored = mapping.target_attributes(person)
    changes = mapping.difference(mapping.target_attributes(after), stored)
    changes.pop("name.formatted")
    number = next((name for name in _NUMBERS if name in stored), None)
    if number is not None:
        changes[number] = f"+44 20 7946 {person.index % 10000:04d}"
    else:
        changes[f"{mapping.ENTERPRISE}:department"] = "Measurement"
    return mapping.patch_body(changes, stored | changes, options.dialect)


def _expect(job: Job, name: str, response: Response, *statuses: int) -> None:
    reasons = checks.status(response, *statuses)
    if response.status != 204 and not isinstance(response.content, dict):
        reasons.append("the body is not a JSON object")
    job.must(name, response, reasons)
