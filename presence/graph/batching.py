"""Ask Graph for many people: in chunks, a few at a time, within the call budget.

A chunk that Graph refuses, or with an unreadable answer, is halved until the IDs at fault are
found, so that one bad record costs one person their status.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from presence.graph.client import (
    MAX_IDS_PER_CALL,
    TOO_LONG,
    UNREADABLE,
    BadRequest,
    Refused,
    Throttled,
    Unavailable,
)

Call = Callable[[Sequence[str]], Awaitable[None]]
Pause = Callable[[float], Awaitable[None]]

CONCURRENCY = 8
_MAX_TRIES = 3
_MAX_SPLIT_CALLS = 300  # spent on finding bad IDs in one run
_MAX_FAILURES_IN_A_ROW = 2 * CONCURRENCY
_MAX_STRANGERS = 8  # refused one by one, while hardly anybody is known, before the search ends
_BACKOFF_SECONDS = 0.5  # doubled with each try


@dataclass(slots=True, kw_only=True)
class Result:
    """The result of a run.

    `failed`: IDs without an answer. `bad`: IDs that Graph refuses, or answers unreadably, when asked
    for one by one. `strangers`: how many of `bad` Graph refused with 400 or 404. `refused`: the status
    401 or 403 that ended the run, else 0. `retry_after`: the longest wait in seconds that Graph asked for.
    """

    failed: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    strangers: int = 0
    answered: int = 0
    calls: int = 0
    throttled: int = 0
    refused: int = 0
    retry_after: float = 0.0


@dataclass(slots=True)
class _Chunk:
    ids: Sequence[str]
    tries: int = 0


class Fetch:
    """One run over many IDs.

    `call` asks for some IDs and keeps the answer. `acquire` takes one call out of the budget: it returns
    0, or the seconds after which to ask again. `deadline` is in `monotonic` seconds.
    """

    def __init__(
        self,
        call: Call,
        *,
        acquire: Callable[[], float],
        monotonic: Callable[[], float],
        pause: Pause,
        deadline: float,
    ) -> None:
        self._call, self._acquire = call, acquire
        self._monotonic, self._pause, self._deadline = monotonic, pause, deadline
        self._waiting: deque[_Chunk] = deque()
        self._halves: deque[_Chunk] = deque()
        self._result = Result()
        self._split_calls = 0
        self._failures = 0
        self._resume_at = 0.0
        self._stopped = False

    async def run(self, ids: Sequence[str], suspects: Sequence[str] = ()) -> Result:
        """Ask for all IDs and return the result.

        Args:
            ids: The IDs, the most urgent first, in case the time isn't enough for all.
            suspects: Bad IDs with an expired quarantine; they get chunks of their own.
        """
        self._waiting.extend([*_from_both_ends(_chunks(ids)), *_chunks(suspects)])
        workers = [
            asyncio.create_task(self._work()) for _ in range(min(CONCURRENCY, len(self._waiting)))
        ]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
        for chunk in (*self._waiting, *self._halves):
            self._result.failed += chunk.ids
        return self._result

    async def _work(self) -> None:
        while (self._waiting or self._halves) and not self._stopped:
            chunk = self._waiting.popleft() if self._waiting else self._halves.pop()
            if not await self._wait_for_turn():
                self._waiting.append(chunk)
                return
            await self._ask(chunk)

    async def _wait_for_turn(self) -> bool:
        """Wait for the budget and for Retry-After. Return False if the deadline comes first."""
        while not self._stopped:
            now = self._monotonic()
            seconds = self._resume_at - now if self._resume_at > now else self._acquire()
            if seconds <= 0:
                return now < self._deadline
            if now + seconds >= self._deadline:
                self._stopped = True
                break
            await self._pause(seconds)
        return False

    async def _ask(self, chunk: _Chunk) -> None:
        self._result.calls += 1
        try:
            await self._call(chunk.ids)
        except BadRequest:
            self._split(chunk, strangers=True)
        except Throttled as error:
            self._result.throttled += 1
            self._hold(
                _jittered(2.0, chunk.tries) if error.retry_after is None else error.retry_after
            )
            chunk.tries += 1
            self._waiting.appendleft(chunk)
        except Unavailable as error:
            await self._try_again(chunk, error)
        except Refused as error:
            self._result.refused, self._stopped = error.status, True
            self._result.failed += chunk.ids
        else:
            self._failures = 0
            self._result.answered += len(chunk.ids)

    def _split(self, chunk: _Chunk, *, strangers: bool = False) -> None:
        """Halve a chunk until the bad ID is alone.

        Halves come after all whole chunks, and one bad ID is found before the search for the next
        begins, so that each run makes progress however many IDs are bad.
        """
        if len(chunk.ids) == 1:
            self._result.bad += chunk.ids
            self._result.strangers += strangers
        elif self._split_calls + 2 > _MAX_SPLIT_CALLS or self._are_strangers():
            self._result.failed += chunk.ids
        else:
            self._split_calls += 2
            middle = len(chunk.ids) // 2
            halves = (_Chunk(chunk.ids[middle:]), _Chunk(chunk.ids[:middle]))
            for half in halves:
                half.tries = max(0, min(chunk.tries, _MAX_TRIES) - 1)
            self._halves.extend(halves)

    def _are_strangers(self) -> bool:
        """Return whether Graph knows hardly any of these people, so that more calls tell nothing."""
        strangers = self._result.strangers
        return strangers >= _MAX_STRANGERS and 4 * self._result.answered < strangers

    def _hold(self, seconds: float) -> None:
        """Make no call before the time in Graph's Retry-After."""
        self._resume_at = max(self._resume_at, self._monotonic() + seconds)
        self._result.retry_after = max(self._result.retry_after, seconds)
        if self._resume_at >= self._deadline:
            self._stopped = True

    async def _try_again(self, chunk: _Chunk, error: Unavailable) -> None:
        """Wait and repeat; after the last try, split a chunk that is itself the likely cause.

        It is if the answer can't be read, or if Graph answers for other people at the same time.
        """
        chunk.tries += 1
        self._failures += 1
        if error.retry_after is not None:
            self._hold(error.retry_after)
        if self._failures >= _MAX_FAILURES_IN_A_ROW:
            self._stopped = True
        is_unreadable = error.reason in (UNREADABLE, TOO_LONG)
        if self._stopped:
            self._result.failed += chunk.ids
        elif chunk.tries >= (_MAX_TRIES - 1 if is_unreadable else _MAX_TRIES):
            if is_unreadable or self._result.answered:
                self._split(chunk)
            else:
                self._result.failed += chunk.ids
        else:
            if error.retry_after is None:
                await self._pause(_jittered(_BACKOFF_SECONDS, chunk.tries - 1))
            self._waiting.append(chunk)


def _chunks(ids: Sequence[str]) -> list[_Chunk]:
    return [_Chunk(ids[at : at + MAX_IDS_PER_CALL]) for at in range(0, len(ids), MAX_IDS_PER_CALL)]


def _from_both_ends(chunks: list[_Chunk]) -> list[_Chunk]:
    """Return the first chunk, the last, the second, the last but one and so on.

    A stretch of people for which Graph always fails is therefore not always first, and delays only itself.
    """
    return [chunks[at // 2] if at % 2 == 0 else chunks[-(at + 1) // 2] for at in range(len(chunks))]


def _jittered(seconds: float, tries: int) -> float:
    """Return `seconds`, doubled with each try, and up to half as much more so that workers spread out."""
    return seconds * float(1 << min(tries, 6)) * random.uniform(1.0, 1.5)
