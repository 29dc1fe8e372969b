"""The progress of a transfer: one line that changes on a terminal, no output elsewhere."""

import time
from typing import TextIO

_REFRESH = 0.2  # seconds


class Progress:
    """Counts rows and shows the count; `total` is 0 if it is unknown."""

    def __init__(self, out: TextIO, what: str, total: int = 0) -> None:
        self._out, self._what, self._total = out, what, total
        self._terminal = out.isatty()
        self._next = 0.0
        self.rows = 0

    def add(self, rows: int, where: str = "") -> None:
        """Add to the count of rows; `where` is the name of the current table."""
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
        """Clear the line, because a sentence with the result follows."""
        if self._terminal:
            self._out.write("\r\x1b[K")
            self._out.flush()
