"""Run a whole provisioning job."""

import time
from collections.abc import Iterator

from local.entra.cycles import CYCLES
from local.entra.job import Job, Report
from local.entra.options import Options
from local.entra.record import Progress, Record, Summary
from local.entra.wire import Quarantined, Wire


def silent(_: Progress) -> None:
    """Ignore the progress."""


async def run(options: Options, report: Report = silent) -> Summary:
    """Run the job's cycles against the server and return the summary.

    Faults of the server are recorded in the summary and raise no exception.
    """
    record = Record(secret=options.token)
    summary = Summary(
        base=options.base,
        people=options.people,
        connections=options.connections,
        dialect=options.dialect,
        cycles=list(options.cycles),
    )
    started = time.monotonic()
    try:
        async with Wire(options, record) as wire:
            job = Job(options, wire, record, report)
            for cycle in options.cycles:
                await CYCLES[cycle](job)
    except* Quarantined as errors:
        summary.quarantined = str(next(_leaves(errors)))
    return record.fill(summary, time.monotonic() - started)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error
