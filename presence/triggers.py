"""The timer and queue functions: their schedules and bindings.

The first run imports the modules with their work, because a cold start for a SCIM request doesn't
need them.
"""

from typing import List  # noqa: UP035 - the engine refuses list[str] as the type of an output

import azure.functions as func

from presence.constants import POISON, QUEUE
from shared import log
from shared.app import App
from shared.azure_functions import job

CONNECTION = "AzureWebJobsStorage"


def add(blueprint: func.Blueprint, app: App) -> None:
    """Register `presence_timer` (with the schedule from the settings), `presence_sync` and `presence_poison`.

    `presence_sync` also splits a batch of tenants, so that several instances split batches at the
    same time. If a tick runs twice, it sends two messages per tenant, of which the second finds
    nothing to do.
    """

    @blueprint.function_name("presence_timer")
    @blueprint.timer_trigger(
        "timer", app.settings.presence_schedule, run_on_startup=False, use_monitor=False
    )
    @blueprint.queue_output("messages", QUEUE, CONNECTION)
    @job(app, "presence_timer")
    async def presence_timer(timer: func.TimerRequest, messages: func.Out[List[str]]) -> None:  # noqa: UP006
        from presence.sync import dispatch

        messages.set(await dispatch.due(app))

    @blueprint.function_name("presence_sync")
    @blueprint.queue_trigger("message", QUEUE, CONNECTION)
    @blueprint.queue_output("messages", QUEUE, CONNECTION)
    @job(app, "presence_sync")
    async def presence_sync(message: func.QueueMessage, messages: func.Out[List[str]]) -> None:  # noqa: UP006
        from presence.sync import dispatch

        body = message.get_body()
        if of_batch := dispatch.expand(body):
            messages.set(of_batch)
            return
        try:
            await dispatch.handle(app, body)
        except Exception as error:
            log.failure("presence.sync_failed", error)
            raise  # the host delivers it again, up to five times

    @blueprint.function_name("presence_poison")
    @blueprint.queue_trigger("message", POISON, CONNECTION)
    @job(app, "presence_poison")
    async def presence_poison(message: func.QueueMessage) -> None:
        from presence.sync import dispatch

        await dispatch.poisoned(app, message.get_body())
