"""A limit on the comparisons of one request: operations times comparisons times elements.

RFC 7644 section 3.12 defines `tooMany` for requests with more results than a service provider is willing to
calculate. Real clients need few comparisons over few elements; only an attack multiplies hundreds by hundreds.
"""

from dataclasses import dataclass

from scim.core.errors import ScimError
from shared.messages import Message

MAX_COMPARISONS = 50_000  # of one PATCH: elements of the attributes times comparisons of the paths


@dataclass(slots=True)
class WorkLimit:
    """How many comparisons one PATCH may still make."""

    left: int = MAX_COMPARISONS

    def charge(self, elements: int, comparisons: int) -> None:
        """Deduct the comparisons of an operation. Raise ScimError tooMany if too few are left."""
        self.left -= elements * max(1, comparisons)
        if self.left < 0:
            raise ScimError(400, Message("too_much_work", most=MAX_COMPARISONS), "tooMany")
