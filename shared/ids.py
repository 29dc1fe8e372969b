"""Identifiers that sort by the time of their making, and the random bits that they are made of.

`randbits` is the source of an identifier's random bits: in the product, the App's `random.bits`.
"""

import os
import re
import secrets
from collections import deque
from collections.abc import Callable

from shared.clock import Clock

RandomBits = Callable[[int], int]
_GUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]  # by ten bits
_TENS = range(120, -1, -10)  # places of the 13 pairs in a ULID's 130 bits
_PIECE = 16  # octets, as many as an identifier needs at most
_PIECES = 256  # of a block


def new_id(clock: Clock, randbits: RandomBits = secrets.randbits) -> str:
    """Return a UUID of version 7 (RFC 9562 section 5.7): new rows come last, so a walk in key order misses none."""
    milliseconds = int(clock.now().timestamp() * 1000)
    random = randbits(74)
    value = (
        milliseconds << 80 | 0x7 << 76 | random >> 62 << 64 | 0b10 << 62 | random & (1 << 62) - 1
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_guid(text: str) -> bool:
    """Return whether a text has the form of a UUID in lower case, as `new_id` and Entra's IDs have it."""
    return _GUID.fullmatch(text) is not None


def new_ulid(clock: Clock, randbits: RandomBits = secrets.randbits) -> str:
    """Return 26 characters that sort by time to the millisecond (the ULID specification)."""
    return ulid(int(clock.now().timestamp() * 1000), randbits(80))


def ulid(milliseconds: int, randomness: int = 0) -> str:
    """Return a ULID of that moment; without randomness, the lowest of its millisecond, as a bound of a range."""
    value = milliseconds << 80 | randomness
    return "".join([_PAIRS[value >> place & 1023] for place in _TENS])


class RandomSource:
    """Random octets for the identifiers of one App, drawn from the operating system in blocks.

    No octet is used twice, by two threads or after a fork. Each call of `os.urandom` releases the GIL, and next to
    the worker's gRPC threads the event loop then waits to get it back: up to 5 ms, a multiple of a request's
    computing. Identifiers of rows and requests need no secrecy, but must be unique over all instances, so they have
    the system's randomness too. Secrets (tokens, states, nonces) still ask the system each time, with `secrets`.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._pieces: deque[bytes] = deque()

    def bits(self, count: int) -> int:
        """Return a number of `count` random bits, at most 128.

        Raises:
            ValueError: `count` is larger.
        """
        if count > 8 * _PIECE:
            raise ValueError(f"at most {8 * _PIECE} bits")
        return int.from_bytes(self._next()) >> (8 * _PIECE - count)

    def hex(self, octets: int) -> str:
        """Return `octets` random octets, at most 16, as hexadecimal digits."""
        return self._next()[:octets].hex()

    def _next(self) -> bytes:
        process = os.getpid()
        if process != self._process:
            # A child begins with its parent's pieces, which the parent gives out, too.
            self._process = process
            self._pieces.clear()
        while True:
            try:
                return self._pieces.popleft()
            except IndexError:
                block = os.urandom(_PIECE * _PIECES)
                self._pieces.extend(block[at : at + _PIECE] for at in range(0, len(block), _PIECE))
