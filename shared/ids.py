"""Identifiers that sort by the time of their making."""

import secrets

from shared.clock import Clock

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(clock: Clock) -> str:
    """A UUID of version 7 (RFC 9562 section 5.7): new rows go to the end, so a walk in key order misses nobody."""
    milliseconds = int(clock.now().timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_ulid(clock: Clock) -> str:
    """26 characters that sort by time to the millisecond (the ULID specification)."""
    return ulid(int(clock.now().timestamp() * 1000), secrets.randbits(80))


def ulid(milliseconds: int, randomness: int = 0) -> str:
    """The ULID of a moment; with no randomness it is the lowest one of that millisecond, a bound for ranges."""
    value = milliseconds << 80 | randomness
    return "".join([_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5)])
