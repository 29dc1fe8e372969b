"""Random octets for identifiers, drawn from the operating system in blocks.

Each call of `os.urandom` releases the GIL, and next to the worker's gRPC threads the event loop
then waits to get it back: up to 5 ms, a multiple of a request's computing. Identifiers of rows and
requests need no secrecy, but must be unique over all instances, so they have the system's
randomness too. Secrets (tokens, states, nonces) still ask the system each time, with `secrets`.
"""

import os
from collections import deque

_PIECE = 16  # octets, as many as an identifier needs at most
_PIECES = 256  # of a block


class RandomSource:
    """The octets of one App. No piece is given out twice, not to two threads and not after a fork."""

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
        return f"{self.bits(8 * octets):0{2 * octets}x}"

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
