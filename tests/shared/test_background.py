"""Background tasks: which are awaited, dropped, logged and cancelled."""

import asyncio

import pytest

from shared import app as background
from shared.app import BackgroundTasks


async def test_drain_ends_if_a_task_has_just_finished() -> None:
    """The task is done but its callback hasn't run, so drain must yield to the event loop."""
    tasks = BackgroundTasks()

    async def work() -> None:
        return None

    tasks.start_optional(work(), "work")
    await asyncio.sleep(0)
    await tasks.drain()


async def test_optional_work_is_dropped_beyond_the_limit() -> None:
    """Many requests mustn't fill the memory with waiting tasks; required work isn't dropped."""
    tasks, gate, done = BackgroundTasks(), asyncio.Event(), list[str]()

    async def work(kind: str) -> None:
        await gate.wait()
        done.append(kind)

    for _ in range(300):
        tasks.start_optional(work("optional"), "work")
    tasks.start(work("required"), "work")
    gate.set()
    await tasks.drain()
    assert (done.count("optional"), done.count("required")) == (256, 1)


async def test_a_failed_task_is_logged_and_the_others_continue(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log has the error's type, but not its text, which may contain personal data."""
    tasks, done = BackgroundTasks(), list[int]()
    caplog.set_level("INFO")

    async def fail() -> None:
        raise ValueError("Anna")

    async def work() -> None:
        done.append(1)

    tasks.start(fail(), "work.failed")
    tasks.start(work(), "work.failed")
    await tasks.drain()
    assert done == [1]
    assert "work.failed" in caplog.text
    assert "ValueError" in caplog.text
    assert "Anna" not in caplog.text


async def test_close_cancels_tasks_that_do_not_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that hangs mustn't keep the process from exiting."""
    monkeypatch.setattr(background, "_MAX_CLOSE_SECONDS", 0.01)
    tasks = BackgroundTasks()
    task = tasks.start(asyncio.sleep(3600), "work")
    await tasks.close()
    assert task.cancelled()
