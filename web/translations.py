"""Texts in the user's language for codes and events that the services return."""

from directories.errors import InvalidField
from directories.events import Event
from presence.consent.outcomes import OUTCOMES
from presence.graph.failure_reasons import REASON, REASON_REMEDY
from shared import messages
from web.page_request import PageRequest
from web.text_families import EVENT


def fault_text(visit: PageRequest, fault: InvalidField) -> str:
    """Return the text of a field's fault, with its remedy."""
    return visit.text(fault.message)


def outcome_words(visit: PageRequest, code: str) -> dict[str, str] | None:
    """Return tone, title, detail and remedy for the outcome of a consent at Microsoft; None for an unknown code."""
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
    """Return a short title for an event."""
    return EVENT.text(event.kind.replace(".", "_"), visit.language, otherwise=event.kind)


def event_detail(visit: PageRequest, event: Event) -> str:
    """Return the detail of an event, such as why a request was refused or which token it concerns; "" for none."""
    if event.is_refusal or event.kind.startswith(("user.", "group.", "mapping.", "connection.")):
        return messages.render_stored(event.said or {}, visit.language, event.detail)
    if event.kind == "presence.lost":
        return REASON.text(event.detail, visit.language, otherwise=event.detail)
    if event.detail and event.kind.startswith(("token.", "secret.")):
        return f"{visit.t('identifier')} {event.detail}"
    return ""


def event_remedy(visit: PageRequest, event: Event) -> str:
    """Return the remedy for an event, or "" if there is none or the detail contains it."""
    if event.kind == "presence.lost":
        return REASON_REMEDY.text(event.detail, visit.language)
    return event.remedy


def event_text(visit: PageRequest, event: Event) -> str:
    """Return an event's title, detail and remedy as one text, which the log's search uses."""
    return (
        f"{event_title(visit, event)}\n{event_detail(visit, event)}\n{event_remedy(visit, event)}"
    )
