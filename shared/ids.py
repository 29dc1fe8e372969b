"""Identifiers that sort by the time of their making.

`randbits` is the source of an identifier's random bits: in the product, the App's `random.bits`.
"""

import re
import secrets
from base64 import b32encode
from collections.abc import Callable

from shared.clock import Clock

RandomBits = Callable[[int], int]
_ID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CROCKFORD = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)


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
    # Five bits a letter, as Base32 has them: 20 bytes make 32 letters, the last 26 are those of the 130 bits.
    return b32encode(value.to_bytes(20))[6:].translate(_CROCKFORD).decode()
