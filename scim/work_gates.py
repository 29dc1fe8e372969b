"""Limits on one directory's concurrent work on an instance, so that other directories are served in between.

The event loop runs waiting tasks in turn: with twenty scans of one directory, every other request would wait for twenty
slices of time. So at most two scans, two pages and one long computation of a directory run at a time, and its further
requests wait.
"""

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from shared.app import App
from shared.concurrency import Turns
from shared.http import HttpError
from shared.messages import Message

MAX_SCANS = 2  # requests that read a whole directory
MAX_PAGES = 2  # pages of everything; each may hold a few megabytes
MAX_WAIT_SECONDS = 10.0  # for a scan's turn: clients give up after 30 or more
_RETRY_AFTER = 10  # seconds


_Semaphores = weakref.WeakValueDictionary[str, asyncio.Semaphore]
_Locks = weakref.WeakValueDictionary[str, asyncio.Lock]


@dataclass(frozen=True, slots=True)
class _Gates:
    """The locks and semaphores in use, by directory."""

    scans: _Semaphores = field(default_factory=weakref.WeakValueDictionary)
    pages: _Semaphores = field(default_factory=weakref.WeakValueDictionary)
    computing: _Locks = field(default_factory=weakref.WeakValueDictionary)


class ScanLimit(HttpError):
    """The error 429: the directory's earlier scans took too long."""

    def __init__(self, most: int) -> None:
        message = Message("too_many_scans", most=most, seconds=_RETRY_AFTER)
        super().__init__(429, message, {"Retry-After": str(_RETRY_AFTER)})


def scan_turn(app: App, directory_id: str) -> AbstractAsyncContextManager[None]:
    """Wait until fewer than MAX_SCANS scans of the directory are running. Raise ScanLimit."""
    return _turn(app, app.state(_Gates).scans, directory_id, MAX_SCANS)


def page_turn(app: App, directory_id: str) -> AbstractAsyncContextManager[None]:
    """Wait until fewer than MAX_PAGES pages of the directory are being read. Raise ScanLimit."""
    return _turn(app, app.state(_Gates).pages, directory_id, MAX_PAGES)


@asynccontextmanager
async def _turn(app: App, gates: _Semaphores, directory_id: str, most: int) -> AsyncIterator[None]:
    gate = gates.get(directory_id)
    if gate is None:
        gate = gates[directory_id] = asyncio.Semaphore(most)
    if gate.locked():
        try:
            async with asyncio.timeout(MAX_WAIT_SECONDS):
                await gate.acquire()
        except TimeoutError:
            raise ScanLimit(most) from None
    else:
        await gate.acquire()  # at once
    try:
        await app.state(Turns).begin()
        yield
        # Even if nothing in between had to wait: those who come next find the gate locked, so that at
        # most this many run before others get their turn.
        await asyncio.sleep(0)
    finally:
        gate.release()


def computing(app: App, directory_id: str) -> asyncio.Lock:
    """Return the lock that lets the directory run one long computation at a time."""
    locks = app.state(_Gates).computing
    lock = locks.get(directory_id)
    if lock is None:
        lock = locks[directory_id] = asyncio.Lock()
    return lock
