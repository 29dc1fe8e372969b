"""Identifiers that sort by the time of their making.

`randbits` is the source of an identifier's random bits: in the product, the App's `random.bits`.
"""

import re
import secrets
from collections.abc import Callable

from shared.clock import Clock

RandomBits = Callable[[int], int]
_ID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]  # by ten bits
_TENS = range(120, -1, -10)  # places of the 13 pairs in a ULID's 130 bits


def new_id(clock: Clock, randbits: RandomBits = secrets.randbits) -> str:
    """Return a UUID of version 7 (RFC 9562 section 5.7): new rows come last, so a walk in key order misses none."""
    milliseconds = int(clock.now().timestamp() * 1000)
    random = randbits(74)
    value = (
        milliseconds << 80 | 0x7 << 76 | random >> 62 << 64 | 0b10 << 62 | random & (1 << 62) - 1
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(text: str) -> bool:
    """Return whether `new_id` can have made `text`; other texts that clients send need not be looked up."""
    return _ID.fullmatch(text) is not None


def new_ulid(clock: Clock, randbits: RandomBits = secrets.randbits) -> str:
    """Return 26 characters that sort by time to the millisecond (the ULID specification)."""
    return ulid(int(clock.now().timestamp() * 1000), randbits(80))


def ulid(milliseconds: int, randomness: int = 0) -> str:
    """Return a ULID of that moment; without randomness, the lowest of its millisecond, as a bound of a range."""
    value = milliseconds << 80 | randomness
    return "".join([_PAIRS[value >> place & 1023] for place in _TENS])
