"""Writers of one resource: within an instance they take turns, between instances they retry.

Entra changes one group on many connections at once. Without turns each writer would read, find when writing that
another was faster, and read again: of 32 writers most would give up.
"""

import asyncio
import random
import weakref
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from scim.core.errors import ScimError
from shared.messages import Message
from shared.tables.port import NotFound, PreconditionFailed

_ATTEMPTS = 12
_PAUSE = 0.005  # seconds at most before the second attempt, doubled from one to the next
_MAX_PAUSE = 0.5

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One of several attempts at a read and a write."""

    number: int

    async def pause(self) -> None:
        """Wait for a random time before the next attempt; the limit grows with each attempt."""
        await asyncio.sleep(random.uniform(0, min(_MAX_PAUSE, _PAUSE * 2**self.number)))


def attempts() -> Iterator[Attempt]:
    """Yield the attempts of a write; if all fail, the caller raises `busy`."""
    yield from map(Attempt, range(_ATTEMPTS))


def busy(identifier: str) -> ScimError:
    """Return the error 503 for a resource that other writers keep changing."""
    return ScimError(503, Message("busy", id=identifier))


@dataclass(frozen=True, slots=True)
class WriteLocks:
    """A lock for each resource that is being written on this instance."""

    _locks: "weakref.WeakValueDictionary[tuple[str, str], asyncio.Lock]" = field(
        default_factory=weakref.WeakValueDictionary
    )

    def of(self, directory_id: str, identifier: str) -> asyncio.Lock:
        """Return the lock of a resource; it exists until its last writer has finished."""
        key = (directory_id, identifier)
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock

    async def write(
        self, directory_id: str, identifier: str, attempt: Callable[[], Awaitable[Result]]
    ) -> Result:
        """Return the result of `attempt`, which reads and writes, and is repeated if another writer came in between.

        Raise ScimError 503 if that happens in every attempt.
        """
        async with self.of(directory_id, identifier):
            for one in attempts():
                try:
                    return await attempt()
                except (PreconditionFailed, NotFound):
                    await one.pause()
        raise busy(identifier)
