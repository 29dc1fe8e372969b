"""A limit on the comparisons of one request: operations x comparisons x elements.

RFC 7644 section 3.12 defines `tooMany` for results that a service provider does not calculate. Real
clients send a few comparisons over a few elements; only an attack multiplies hundreds by hundreds.
"""

from dataclasses import dataclass

from scim.core.errors import ScimError
from shared.messages import Message

MAX_COMPARISONS = 50_000  # of one PATCH: elements of the attributes times comparisons of the paths


@dataclass(slots=True)
class WorkLimit:
    """The number of comparisons left for one PATCH."""

    left: int = MAX_COMPARISONS

    def charge(self, elements: int, comparisons: int) -> None:
        """Charge an operation with its comparisons per element. Raise ScimError tooMany."""
        self.left -= elements * max(1, comparisons)
        if self.left < 0:
            raise ScimError(400, Message("too_much_work", most=MAX_COMPARISONS), "tooMany")
