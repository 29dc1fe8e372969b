"""Identifiers that sort by the time of their creation, and the random bits for them.

`randbits` is a function that returns the given number of random bits; the product passes the App's
`random.bits`.
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
# The two characters for each value of ten bits.
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]
_TENS = range(120, -1, -10)  # shifts of the 13 pairs in a ULID's 130 bits
_PIECE = 16  # octets: the most that an identifier needs
_PIECES = 256  # pieces per block


def new_id(clock: Clock, randbits: RandomBits = secrets.randbits) -> str:
    """Return a UUID of version 7 (RFC 9562 section 5.7).

    Its first bits are the time, so a row with a new ID comes after the existing rows. A client that
    reads all rows page by page therefore also gets those that are added before it reaches the end.
    """
    milliseconds = int(clock.now().timestamp() * 1000)
    random = randbits(74)
    value = (
        milliseconds << 80 | 0x7 << 76 | random >> 62 << 64 | 0b10 << 62 | random & (1 << 62) - 1
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_guid(text: str) -> bool:
    """Return whether `text` is a UUID in lower case, the form of `new_id` and of Entra's IDs."""
    return _GUID.fullmatch(text) is not None


def new_ulid(clock: Clock, randbits: RandomBits = secrets.randbits) -> str:
    """Return a new ULID: 26 characters that sort by time, to the millisecond (the ULID specification)."""
    return ulid(int(clock.now().timestamp() * 1000), randbits(80))


def ulid(milliseconds: int, randomness: int = 0) -> str:
    """Return the ULID for a time in milliseconds since 1970.

    With `randomness` 0 it is the lowest ULID of that millisecond, used as a bound of a key range.
    """
    value = milliseconds << 80 | randomness
    return "".join([_PAIRS[value >> shift & 1023] for shift in _TENS])


class RandomSource:
    """Random octets for the identifiers of one App, requested from the operating system in blocks.

    No octet is used twice, neither by two threads nor after a fork. Each call of `os.urandom` releases the GIL, and
    while the worker's gRPC threads are running, the event loop may wait up to 5 ms to reacquire it, which is several
    times the processor time of a request; blocks make such calls rare. Identifiers of rows and requests aren't secret
    but must be unique over all instances, so they need the system's randomness. Secrets (tokens, states, nonces)
    don't come from here: the standard module `secrets` makes each of them.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._pieces: deque[bytes] = deque()

    def bits(self, count: int) -> int:
        """Return a random integer of `count` bits, at most 128; raise ValueError if `count` is larger."""
        if count > 8 * _PIECE:
            raise ValueError(f"at most {8 * _PIECE} bits")
        return int.from_bytes(self._next()) >> (8 * _PIECE - count)

    def hex(self, octets: int) -> str:
        """Return `octets` random octets, at most 16, as hexadecimal digits."""
        return self._next()[:octets].hex()

    def _next(self) -> bytes:
        process = os.getpid()
        if process != self._process:
            # A forked child has a copy of its parent's pieces, which the parent uses too.
            self._process = process
            self._pieces.clear()
        while True:
            try:
                return self._pieces.popleft()
            except IndexError:
                block = os.urandom(_PIECE * _PIECES)
                self._pieces.extend(block[at : at + _PIECE] for at in range(0, len(block), _PIECE))
