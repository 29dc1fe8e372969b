"""What the provisioning log tells, in the visitor's language: the kind of an event, its detail, and the remedy."""

from collections.abc import Mapping
from typing import Any

from directories.events import Event
from shared import messages
from web import locales
from web.page_request import PageRequest


def title(visit: PageRequest, event: Event) -> str:
    """What happened, in a word or two."""
    return visit.known(f"event_{event.kind.replace('.', '_')}", event.kind)


def detail(visit: PageRequest, event: Event) -> str:
    """More about it: why a request was refused, which token it was, why presence was lost."""
    if event.is_refusal or event.kind.startswith(("user.", "group.", "mapping.")):
        return said(visit, event.said or {}, event.detail)
    if event.kind == "presence.lost":
        return visit.known(f"reason_{event.detail}", event.detail)
    if event.detail and event.kind.startswith(("token.", "secret.")):
        return f"{visit.t('identifier')} {event.detail}"
    return ""


def remedy(visit: PageRequest, event: Event) -> str:
    """What helps, where the detail does not say it already."""
    if event.kind == "presence.lost":
        return visit.known(f"reason_{event.detail}_remedy", "")
    return event.remedy


def everything(visit: PageRequest, event: Event) -> str:
    """All of it, for a search that finds what is shown."""
    return f"{title(visit, event)}\n{detail(visit, event)}\n{remedy(visit, event)}"


def said(visit: PageRequest, kept: Mapping[str, Any], otherwise: str) -> str:
    """A sentence by its code; as the client was told it where the page has no other words."""
    return messages.say(kept, locales.refusals(visit.language), otherwise)
