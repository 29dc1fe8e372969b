"""The provisioning log in the visitor's language: an event's kind, its detail and its remedy."""

from directories.events import Event
from presence.graph.failure_reasons import REASON, REASON_REMEDY
from shared import messages
from web.page_request import PageRequest
from web.text_families import EVENT


def title(visit: PageRequest, event: Event) -> str:
    """Return the title of an event in a word or two."""
    return EVENT.text(event.kind.replace(".", "_"), visit.language, otherwise=event.kind)


def detail(visit: PageRequest, event: Event) -> str:
    """Return the detail of an event: why a request was refused, which token it was, why presence was lost."""
    if event.is_refusal or event.kind.startswith(("user.", "group.", "mapping.", "connection.")):
        return messages.render_stored(event.said or {}, visit.language, event.detail)
    if event.kind == "presence.lost":
        return REASON.text(event.detail, visit.language, otherwise=event.detail)
    if event.detail and event.kind.startswith(("token.", "secret.")):
        return f"{visit.t('identifier')} {event.detail}"
    return ""


def remedy(visit: PageRequest, event: Event) -> str:
    """Return the remedy for an event, unless the detail names it already."""
    if event.kind == "presence.lost":
        return REASON_REMEDY.text(event.detail, visit.language)
    return event.remedy


def everything(visit: PageRequest, event: Event) -> str:
    """Return all texts of an event, so that a search covers everything shown."""
    return f"{title(visit, event)}\n{detail(visit, event)}\n{remedy(visit, event)}"
