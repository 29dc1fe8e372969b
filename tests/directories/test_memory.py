"""What an instance remembers and does beside its requests."""

import asyncio

from directories import memory
from shared.app import App


async def test_settling_ends_when_work_ended_a_moment_ago(app: App) -> None:
    """The task is done, its callback has not run yet: to wait for such a one must let the loop turn."""

    async def work() -> None:
        return None

    memory.beside(app, work(), "work")
    await asyncio.sleep(0)
    await memory.settled(app)
