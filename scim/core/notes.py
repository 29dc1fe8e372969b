"""The parts of a request that were not stored, and why, for the administrator."""

import re
from dataclasses import dataclass, field

from shared.messages import Message

MAX_NAMES = 50
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)  # an escaped quote doesn't end it


@dataclass(slots=True)
class Notes:
    """Unknown attribute names, and attributes that were left out with the reason, in the order of the request.

    A function that is called without `Notes` refuses every malformed value.
    """

    unknown: dict[str, None] = field(default_factory=dict)
    left_out: dict[str, Message] = field(default_factory=dict)

    def add_unknown(self, name: str) -> None:
        """Add a name that isn't an attribute; names after the first `MAX_NAMES` are ignored."""
        if len(self.unknown) < MAX_NAMES:
            self.unknown[_without_values(name)] = None

    def leave_out(self, attribute: str, reason: Message) -> None:
        """Add an attribute that was left out; only the first reason per attribute is kept."""
        if len(self.left_out) < MAX_NAMES:
            self.left_out.setdefault(_without_values(attribute), reason)

    def copy(self) -> "Notes":
        """Return a copy, for an attempt that may have to be repeated."""
        return Notes(dict(self.unknown), dict(self.left_out))


def _without_values(path: str) -> str:
    """Return a path without the values in its filter, because values are personal data and faults are counted per path."""
    return _VALUE.sub('"…"', path[:200])
