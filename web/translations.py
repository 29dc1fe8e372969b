"""What the features report by code, in the visitor's language."""

from directories.errors import InvalidField
from presence.consent.outcomes import OUTCOMES
from web.page_request import PageRequest


def fault_text(visit: PageRequest, fault: InvalidField) -> str:
    """Return what is wrong with a field, and the remedy."""
    return visit.text(fault.message)


def outcome_words(visit: PageRequest, code: str) -> dict[str, str] | None:
    """Return how the visit to Microsoft ended; None for a code that doesn't exist."""
    found = OUTCOMES.get(code)
    if found is None:
        return None
    return {
        "tone": found.tone,
        "title": visit.text(found.title),
        "detail": visit.text(found.sentence),
        "remedy": visit.text(found.remedy),
    }
