"""Request the presence of many people from Graph in chunks, a few at a time, within the rate limit.

A chunk is halved if Graph refuses it or its response can't be parsed, until the IDs at fault are
found, so that one bad record costs only one person the status.
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
_MAX_SPLIT_CALLS = 300  # most requests per run for finding bad IDs
_MAX_FAILURES_IN_A_ROW = 2 * CONCURRENCY
_MAX_STRANGERS = 8  # the search ends after so many refused IDs if hardly any person is known
_BACKOFF_SECONDS = 0.5  # doubled with each try


@dataclass(slots=True, kw_only=True)
class Result:
    """The result of a run.

    Attributes:
        failed: IDs without a response.
        bad: IDs whose presence can't be read even if a request has only this ID: Graph refuses it,
            or its response can't be parsed.
        strangers: The number of IDs in `bad` that were refused with 400 or 404.
        answered: How many IDs got a response.
        calls: The number of requests.
        throttled: How many of these got a 429.
        refused: The status, 401 or 403, that ended the run; 0 if none did.
        retry_after: The longest Retry-After in seconds.
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
    """One run that requests the presence of many IDs, in chunks.

    Args:
        call: Requests the presence of a chunk of IDs and stores the response.
        acquire: Charges a request to the rate limit; returns 0, or the seconds until the next try.
        monotonic: Returns the monotonic time in seconds.
        pause: Waits for some seconds.
        deadline: The monotonic time after which no request is sent.
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
        """Request all IDs and return the result.

        Args:
            ids: The IDs, the most urgent first, because the time may not be enough for all.
            suspects: Bad IDs whose quarantine has expired; they are requested in separate chunks.
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
        """Wait for the rate limit and for Retry-After; return False if the deadline comes first."""
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
        """Halve a failed chunk and queue both halves; if it has only one ID, that ID is bad.

        Halves are requested after all whole chunks, and one bad ID is found before the search for
        the next begins, so that each run makes progress, however many IDs are bad. Once a run has
        sent too many requests for halves, or Graph knows hardly anyone, chunks count as failed.
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
        """Return whether Graph knows hardly any of these people, so that more requests would find nothing."""
        strangers = self._result.strangers
        return strangers >= _MAX_STRANGERS and 4 * self._result.answered < strangers

    def _hold(self, seconds: float) -> None:
        """Send no request for `seconds`, as Retry-After demands; stop the run if the deadline comes first."""
        self._resume_at = max(self._resume_at, self._monotonic() + seconds)
        self._result.retry_after = max(self._result.retry_after, seconds)
        if self._resume_at >= self._deadline:
            self._stopped = True

    async def _try_again(self, chunk: _Chunk, error: Unavailable) -> None:
        """Wait and request the chunk again; after the last try, split it if it is the likely cause.

        It is the likely cause if the response can't be parsed, or if other chunks of the run
        succeed.
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

    Neighbouring chunks are thus requested apart. If Graph always fails for some neighbouring people,
    other people's chunks are requested between theirs and don't have to wait for all of them.
    """
    return [chunks[at // 2] if at % 2 == 0 else chunks[-(at + 1) // 2] for at in range(len(chunks))]


def _jittered(seconds: float, tries: int) -> float:
    """Return `seconds`, doubled per try, plus a random part of up to a half so that workers don't retry together."""
    return seconds * float(1 << min(tries, 6)) * random.uniform(1.0, 1.5)
