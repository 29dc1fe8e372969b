"""The visitor's texts for the codes that the services report."""

from directories.errors import InvalidField
from presence.consent.outcomes import OUTCOMES
from web.page_request import PageRequest


def fault_text(visit: PageRequest, fault: InvalidField) -> str:
    """Return the fault of a field and the remedy."""
    return visit.text(fault.message)


def outcome_words(visit: PageRequest, code: str) -> dict[str, str] | None:
    """Return the words for the outcome of the visit to Microsoft; None for an unknown code."""
    found = OUTCOMES.get(code)
    if found is None:
        return None
    return {
        "tone": found.tone,
        "title": visit.text(found.title),
        "detail": visit.text(found.sentence),
        "remedy": visit.text(found.remedy),
    }
