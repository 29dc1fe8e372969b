"""Storage queues in memory.

A message is delivered at least once. If its function fails, it is delivered again after a delay,
and after several attempts it is moved to the poison queue.
(learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger, "Poison
messages", "Concurrency")
"""

import asyncio
import itertools
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from azure.functions.queue import QueueMessage

from local.host.functions import QueueFunction
from local.host.hostfile import HostFile
from shared import log
from shared.clock import Clock

_LIFETIME = timedelta(days=7)
_LEASE = timedelta(minutes=10)

Call = Callable[[QueueFunction, object], Awaitable[Any]]
Later = Callable[[float, Callable[[], None]], object]


@dataclass(slots=True, eq=False, kw_only=True)
class Message:
    """A message in a queue; it is hidden before the time `visible`."""

    body: bytes
    inserted: datetime
    visible: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    dequeues: int = 0


class Queues:
    """The queues of an app, by name; the first message creates a queue."""

    def __init__(
        self,
        functions: list[QueueFunction],
        call: Call,
        clock: Clock,
        settings: HostFile,
        later: Later,
    ):
        self._functions = {function.queue: function for function in functions}
        self._call = call
        self._clock = clock
        self._settings = settings
        self._later = later
        self._waiting: dict[str, list[Message]] = {}
        self._running: dict[str, set[asyncio.Task[None]]] = {}
        self._stopped = False

    def put(self, queue: str, body: bytes) -> None:
        """Add a message; its function is called as soon as the event loop is free."""
        now = self._clock.now()
        self._waiting.setdefault(queue, []).append(Message(body=body, inserted=now, visible=now))
        self.pump(queue)

    def waiting(self, queue: str) -> list[Message]:
        """Return the messages that no function is handling, including hidden ones."""
        return list(self._waiting.get(queue, ()))

    def pump(self, queue: str) -> None:
        """Start the function for visible messages, as many at once as the host's settings allow."""
        function = self._functions.get(queue)
        if function is None or self._stopped:
            return
        now = self._clock.now()
        running = self._running.setdefault(queue, set())
        free = self._settings.batch_size + self._settings.new_batch_threshold - len(running)
        waiting = self._waiting.get(queue, [])
        ready = itertools.islice(
            (each for each in waiting if each.visible <= now), min(free, self._settings.batch_size)
        )
        for message in list(ready):
            waiting.remove(message)
            message.dequeues += 1
            task = asyncio.create_task(self._handle(function, message))
            running.add(task)
            task.add_done_callback(lambda done: self._done(queue, done))

    def _done(self, queue: str, task: "asyncio.Task[None]") -> None:
        self._running[queue].discard(task)
        self.pump(queue)

    async def _handle(self, function: QueueFunction, message: Message) -> None:
        try:
            await self._call(function, _argument(function, message, self._clock.now()))
        except Exception as error:
            name = function.code.name
            log.failure(
                "function.failed",
                error,
                function=name,
                message=message.id,
                attempt=message.dequeues,
            )
            self._fail(function.queue, message)

    def _fail(self, queue: str, message: Message) -> None:
        if message.dequeues >= self._settings.max_dequeue_count:
            self.put(f"{queue}-poison", message.body)
            return
        delay = self._settings.visibility_timeout
        message.visible = self._clock.now() + timedelta(seconds=delay)
        self._waiting.setdefault(queue, []).append(message)
        if delay:
            self._later(delay, lambda: self.pump(queue))

    def running(self) -> list["asyncio.Task[None]"]:
        """Return the tasks of the messages that functions are handling."""
        return [task for running in self._running.values() for task in running]

    async def idle(self) -> None:
        """Wait until no function is handling a message; hidden messages stay in the queue."""
        while tasks := self.running():
            await asyncio.wait(tasks)

    def stop(self) -> None:
        """Stop starting functions for messages."""
        self._stopped = True


def _argument(function: QueueFunction, message: Message, now: datetime) -> object:
    if function.code.annotation is str:
        return message.body.decode()
    if function.code.annotation is bytes:
        return message.body
    return QueueMessage(
        id=message.id,
        body=message.body,
        dequeue_count=message.dequeues,
        insertion_time=message.inserted,
        expiration_time=message.inserted + _LIFETIME,
        time_next_visible=now + _LEASE,
        pop_receipt=f"{message.id}-{message.dequeues}",
    )
