"""The visitor's texts for codes and events that the services report."""

from directories.errors import InvalidField
from directories.events import Event
from presence.consent.outcomes import OUTCOMES
from presence.graph.failure_reasons import REASON, REASON_REMEDY
from shared import messages
from web.page_request import PageRequest
from web.text_families import EVENT


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


def event_title(visit: PageRequest, event: Event) -> str:
    """Return the title of an event in a word or two."""
    return EVENT.text(event.kind.replace(".", "_"), visit.language, otherwise=event.kind)


def event_detail(visit: PageRequest, event: Event) -> str:
    """Return the detail of an event: why a request was refused, which token it was, why presence was lost."""
    if event.is_refusal or event.kind.startswith(("user.", "group.", "mapping.", "connection.")):
        return messages.render_stored(event.said or {}, visit.language, event.detail)
    if event.kind == "presence.lost":
        return REASON.text(event.detail, visit.language, otherwise=event.detail)
    if event.detail and event.kind.startswith(("token.", "secret.")):
        return f"{visit.t('identifier')} {event.detail}"
    return ""


def event_remedy(visit: PageRequest, event: Event) -> str:
    """Return the remedy for an event, unless the detail names it already."""
    if event.kind == "presence.lost":
        return REASON_REMEDY.text(event.detail, visit.language)
    return event.remedy


def event_text(visit: PageRequest, event: Event) -> str:
    """Return all texts of an event, so that a search covers everything shown."""
    return (
        f"{event_title(visit, event)}\n{event_detail(visit, event)}\n{event_remedy(visit, event)}"
    )
