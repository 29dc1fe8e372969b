"""Loops of tests that end, however broken the code under test is."""

import time
from collections.abc import Iterator

_MAX_SECONDS = 30.0


def rounds() -> Iterator[int]:
    """Yield 0, 1, 2, … for a loop that the test leaves; fail after 30 seconds.

    Use it in place of `while True`: pages that never end, a condition that never comes true.
    """
    end = time.monotonic() + _MAX_SECONDS
    number = 0
    while time.monotonic() < end:
        yield number
        number += 1
    raise AssertionError(f"the loop was not left within {_MAX_SECONDS:.0f} seconds")
