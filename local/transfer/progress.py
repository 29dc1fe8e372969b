"""The progress of a transfer: one line that changes on a terminal, nothing in a file."""

import time
from typing import TextIO

_REFRESH = 0.2  # seconds


class Progress:
    """Counts rows; `total` 0: not known."""

    def __init__(self, out: TextIO, what: str, total: int = 0) -> None:
        self._out, self._what, self._total = out, what, total
        self._terminal = out.isatty()
        self._next = 0.0
        self.rows = 0

    def add(self, rows: int, where: str = "") -> None:
        """Add so many rows, of the table named in `where`."""
        self.rows += rows
        if self._terminal and time.monotonic() >= self._next:
            self._next = time.monotonic() + _REFRESH
            of = (
                f" of {self._total:,} ({100 * self.rows // max(1, self._total)} %)"
                if self._total
                else ""
            )
            self._out.write(f"\r\x1b[K{self._what} {self.rows:,}{of} rows   {where}")
            self._out.flush()

    def end(self) -> None:
        """Clear the line, because a sentence follows."""
        if self._terminal:
            self._out.write("\r\x1b[K")
            self._out.flush()
