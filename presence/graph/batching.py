"""Asks Graph for many people: in chunks, a few at a time, within the budget, around ids that it chokes on."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from presence.graph.errors import BadRequest, Refused, Throttled, Unavailable

Call = Callable[[Sequence[str]], Awaitable[None]]
Pause = Callable[[float], Awaitable[None]]

CONCURRENCY = 8
CHUNK = 650
_TRIES = 3
_SPLITS = 300  # calls spent on finding bad ids in one sync
_GIVE_UP = 2 * CONCURRENCY  # failures in a row
_BACKOFF = 0.5  # seconds, doubled each time


@dataclass(slots=True)
class Result:
    """How the asking went. `failed`: not answered for; `bad`: ids that Graph refuses by themselves."""

    failed: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
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
    """One round of asking. `call` asks for some people and keeps what it is told; `leave` says how long to wait before
    the next call, 0 for at once (the budget).
    """

    def __init__(
        self,
        call: Call,
        *,
        leave: Callable[[], float],
        monotonic: Callable[[], float],
        pause: Pause,
        deadline: float,
    ) -> None:
        self._call, self._leave = call, leave
        self._monotonic, self._pause, self._deadline = monotonic, pause, deadline
        self._waiting: deque[_Chunk] = deque()
        self._halves: deque[_Chunk] = deque()
        self._result = Result()
        self._splits = 0
        self._failures = 0
        self._resume_at = 0.0
        self._stopped = False

    async def run(self, ids: Sequence[str], suspects: Sequence[str] = ()) -> Result:
        """Ask for everybody, the first of `ids` first where there is no time for all; `suspects` (bad ids whose time
        has come) in chunks of their own.
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
        if not self._result.answered:
            # Nothing got through, so what was refused says nothing about single ids.
            self._result.failed += self._result.bad
            self._result.bad = []
        return self._result

    async def _work(self) -> None:
        while (self._waiting or self._halves) and not self._stopped:
            chunk = self._waiting.popleft() if self._waiting else self._halves.pop()
            if not await self._may_call():
                self._waiting.append(chunk)
                return
            await self._ask(chunk)

    async def _may_call(self) -> bool:
        """Wait for the budget and for Retry-After; False where the deadline comes first or all is off."""
        while not self._stopped:
            now = self._monotonic()
            seconds = self._resume_at - now if self._resume_at > now else self._leave()
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
            self._split(chunk)
        except Throttled as error:
            self._result.throttled += 1
            self._hold(
                _jittered(2.0, chunk.tries) if error.retry_after is None else error.retry_after
            )
            chunk.tries += 1
            self._waiting.appendleft(chunk)
        except Unavailable as error:
            await self._again(chunk, error)
        except Refused as error:
            self._result.refused, self._stopped = error.status, True
            self._result.failed += chunk.ids
        else:
            self._failures = 0
            self._result.answered += len(chunk.ids)

    def _split(self, chunk: _Chunk) -> None:
        """Halve a chunk that Graph refuses, until the bad id stands alone: after the chunks that may be well, and one
        to its end before the next, so that each sync gets somewhere however many are bad.
        """
        if len(chunk.ids) == 1:
            self._result.bad += chunk.ids
        elif self._splits + 2 > _SPLITS:
            self._result.failed += chunk.ids
        else:
            self._splits += 2
            middle = len(chunk.ids) // 2
            self._halves.extend((_Chunk(chunk.ids[middle:]), _Chunk(chunk.ids[:middle])))

    def _hold(self, seconds: float) -> None:
        """No call for this tenant before the time that Graph names."""
        self._resume_at = max(self._resume_at, self._monotonic() + seconds)
        self._result.retry_after = max(self._result.retry_after, seconds)
        if self._resume_at >= self._deadline:
            self._stopped = True

    async def _again(self, chunk: _Chunk, error: Unavailable) -> None:
        chunk.tries += 1
        self._failures += 1
        if error.retry_after is not None:
            self._hold(error.retry_after)
        if self._failures >= _GIVE_UP:
            self._stopped = True
        if chunk.tries >= _TRIES or self._stopped:
            self._result.failed += chunk.ids
            return
        if error.retry_after is None:
            await self._pause(_jittered(_BACKOFF, chunk.tries - 1))
        self._waiting.append(chunk)


def _chunks(ids: Sequence[str]) -> list[_Chunk]:
    return [_Chunk(ids[at : at + CHUNK]) for at in range(0, len(ids), CHUNK)]


def _from_both_ends(chunks: list[_Chunk]) -> list[_Chunk]:
    """The first, the last, the second, the last but one …: a stretch that Graph always fails at, and that is therefore
    first each time, holds up nobody else.
    """
    return [chunks[at // 2] if at % 2 == 0 else chunks[-(at + 1) // 2] for at in range(len(chunks))]


def _jittered(seconds: float, tries: int) -> float:
    """`seconds` doubled with each try, by chance up to half as long again, so that workers do not march in step."""
    return seconds * float(1 << min(tries, 6)) * random.uniform(1.0, 1.5)
