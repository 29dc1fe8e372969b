"""What one instance of the app remembers between requests, always bounded, and work it does beside them."""

import asyncio
import weakref
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from shared import log
from shared.app import App

Key = TypeVar("Key")
Value = TypeVar("Value")


class PerInstance(Generic[Value]):
    """One `Value` for each set of tables, that is for each app; it goes when the app goes."""

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._values: weakref.WeakKeyDictionary[object, Value] = weakref.WeakKeyDictionary()

    def of(self, app: App) -> Value:
        """The value that belongs to these services."""
        value = self._values.get(app.tables)
        if value is None:
            value = self._values[app.tables] = self._make()
        return value


class LruCache(Generic[Key, Value]):
    """A mapping of at most `limit` entries; what was not asked for the longest time makes room."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """The value, or None."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Remember a value."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Drop a value if it is there."""
        self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)


_MAX_TASKS = 256
_tasks: PerInstance[set[asyncio.Task[None]]] = PerInstance(set)


def beside(app: App, work: Coroutine[Any, Any, None], name: str) -> None:
    """Carry `work` out beside the request, which does not wait for it. Dropped when too much is waiting already.

    Only for what may be lost: the time of a token's last use, a count, a fold that the next reader repeats.
    """
    tasks = _tasks.of(app)
    if len(tasks) >= _MAX_TASKS:
        work.close()
        return
    task = asyncio.create_task(_guarded(work, name))
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def settled(app: App) -> None:
    """Wait until the work beside the requests is done: before tables are closed."""
    while tasks := [
        task for task in _tasks.of(app) if task.get_loop() is asyncio.get_running_loop()
    ]:
        await asyncio.gather(*tasks)
        await asyncio.sleep(
            0
        )  # to gather what is done does not wait, and only the loop lets go of finished work


async def _guarded(work: Coroutine[Any, Any, None], name: str) -> None:
    try:
        await work
    except Exception as error:
        log.failure(name, error)
