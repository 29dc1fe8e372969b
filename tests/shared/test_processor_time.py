"""Processor time of a call: its own steps between two awaits, nothing else."""

import asyncio
from collections.abc import Callable

import pytest

from shared import clock, log
from shared.clock import ProcessorTime
from shared.concurrency import each


@pytest.fixture
def compute(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Spends processor time of the thread: `compute(seconds)`."""
    spent = 0.0

    def computed(seconds: float) -> None:
        nonlocal spent
        spent += seconds

    monkeypatch.setattr(clock, "processor_seconds", lambda: spent)
    return computed


async def test_what_a_call_computes_between_awaits_is_counted(
    compute: Callable[[float], None],
) -> None:
    """Each step counts, the present one as far as it got; other calls' work in between doesn't."""
    time, seen = ProcessorTime(), list[float]()

    async def work() -> str:
        compute(1.0)
        await asyncio.sleep(0)
        compute(2.0)
        seen.append(time.seconds)
        return "done"

    async def another() -> None:
        compute(100.0)

    task = asyncio.create_task(another())
    assert await time.measure(work()) == "done"
    await task
    assert (seen, time.seconds) == ([3.0], 3.0)


async def test_errors_and_cancellation_pass_through(compute: Callable[[float], None]) -> None:
    """The work is told of its cancellation, and its errors reach the caller; the time up to then counts."""
    time = ProcessorTime()

    async def failing() -> None:
        compute(1.0)
        await asyncio.sleep(0)
        raise KeyError("x")

    with pytest.raises(KeyError):
        await time.measure(failing())

    async def waiting() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            compute(2.0)

    task = asyncio.ensure_future(_as_task(time, waiting))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.seconds == 3.0


async def _as_task(time: ProcessorTime, work: Callable[[], object]) -> None:
    await time.measure(work())  # type: ignore[arg-type]


async def test_tasks_that_a_call_starts_are_counted_for_it(
    compute: Callable[[float], None],
) -> None:
    """Reads at the same time, each of which decodes a row."""

    async def use(item: int) -> None:
        await asyncio.sleep(0)
        compute(1.0)

    call = log.begin("test")
    await call.processor.measure(each([1, 2, 3], use))
    log.end()
    assert call.processor.seconds == 3.0
