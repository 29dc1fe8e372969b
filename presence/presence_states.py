"""Presence as Graph returns it, and the states that agents see.

Graph's values have changed: details that used to be in `activity` are now in `availability`, the
casing differs, and new values appear without notice. Both properties are plain strings
(learn.microsoft.com/graph/api/resources/presence). So each value is accepted in either property and
in any casing; an unknown value is shown as unknown and counted.
"""

from functools import lru_cache
from typing import Any, Literal, NamedTuple

from shared.messages import Message

DisplayState = Literal["available", "busy", "inCall", "doNotDisturb", "away", "offline", "unknown"]
# Whether a person can take a call: now, probably within minutes, or not.
Readiness = Literal["free", "soon", "no"]

# A value from Graph in lower case -> state and text. A specific value takes precedence over a general one, in whichever
# property it is.
_GENERAL: dict[str, tuple[DisplayState, Message]] = {
    "available": ("available", Message("state_available")),
    "busy": ("busy", Message("state_busy")),
    "donotdisturb": ("doNotDisturb", Message("state_doNotDisturb")),
    "away": ("away", Message("state_away")),
    "offline": ("offline", Message("state_offline")),
}
_IDLE: dict[str, tuple[DisplayState, Message]] = {
    "availableidle": ("available", Message("status_available_idle")),
    "availableinactive": ("available", Message("status_available_inactive")),
    "busyidle": ("busy", Message("status_busy_idle")),
}
_SPECIFIC: dict[str, tuple[DisplayState, Message]] = {
    "inacall": ("inCall", Message("status_in_a_call")),
    "inaconferencecall": ("inCall", Message("status_in_a_conference_call")),
    "inameeting": ("inCall", Message("status_in_a_meeting")),
    "presenting": ("doNotDisturb", Message("status_presenting")),
    "focusing": ("doNotDisturb", Message("status_focusing")),
    "urgentinterruptionsonly": ("doNotDisturb", Message("status_urgent_interruptions_only")),
    "berightback": ("away", Message("status_be_right_back")),
    "inactive": ("away", Message("status_inactive")),
    "offwork": ("offline", Message("status_off_work")),
}
_BY_WEIGHT = (_SPECIFIC, _IDLE, _GENERAL)
KNOWN = _GENERAL | _IDLE | _SPECIFIC
_OUT_OF_OFFICE = "outofoffice"
_WITHOUT_STATE = {"", "presenceunknown", _OUT_OF_OFFICE}
_UNKNOWN: tuple[DisplayState, Message] = ("unknown", Message("state_unknown"))
_MAX_LENGTH = 40  # of a value; Graph's own are shorter than 25


class GraphPresence(NamedTuple):
    """A person's presence as Graph returned it; empty strings if Graph left the person out."""

    availability: str
    activity: str
    out_of_office: bool


NOTHING = GraphPresence("", "", False)
_interned: dict[GraphPresence, GraphPresence] = {NOTHING: NOTHING}


def intern(availability: str, activity: str, out_of_office: bool) -> GraphPresence:
    """Return a GraphPresence that all people with these values share, to save memory.

    100,000 people have only a few dozen different ones.
    """
    value = GraphPresence(availability, activity, out_of_office)
    if len(_interned) > 4096:  # a bound on memory; Graph has far fewer combinations
        return value
    return _interned.setdefault(value, value)


def parse(resource: Any) -> tuple[str, GraphPresence] | None:
    """Parse an element of Graph's response: return the object ID (lower case) and the presence.

    Return None if the element isn't a presence.
    """
    if not isinstance(resource, dict) or not isinstance(resource.get("id"), str):
        return None
    availability, activity = _text(resource.get("availability")), _text(resource.get("activity"))
    settings = resource.get("outOfOfficeSettings")
    away = isinstance(settings, dict) and settings.get("isOutOfOffice") is True
    away = away or _OUT_OF_OFFICE in (availability.lower(), activity.lower())
    return resource["id"].lower(), intern(availability, activity, away)


def _text(value: Any) -> str:
    """Return a short text without halves of surrogate pairs, which can't be stored; "" if `value` is not a string."""
    if not isinstance(value, str):
        return ""
    return value[:_MAX_LENGTH].encode("utf-8", "replace").decode()


def shown(value: GraphPresence) -> tuple[DisplayState, Message]:
    """Return the state for a presence, and the text for a person's details (such as "In a meeting")."""
    availability, activity = value.availability.lower(), value.activity.lower()
    found = next(
        (known[text] for known in _BY_WEIGHT for text in (availability, activity) if text in known),
        None,
    )
    if found is None and value.out_of_office:
        return "offline", Message("status_out_of_office")
    return found or _UNKNOWN


_SOON: frozenset[DisplayState] = frozenset({"busy", "inCall"})
_BACK_SOON = "berightback"


@lru_cache(maxsize=4096)
def readiness(value: GraphPresence) -> Readiness:
    """Return whether a person with this presence can take a call.

    The result is `soon` for a person who is in a call or meeting, busy, or will "be right back". A
    person who is out of office is never free.
    """
    state, _ = shown(value)
    if value.out_of_office:
        return "no"
    if state == "available":
        return "free"
    is_back_soon = _BACK_SOON in (value.availability.lower(), value.activity.lower())
    return "soon" if state in _SOON or is_back_soon else "no"


def unknown_values(value: GraphPresence) -> list[str]:
    """Return the values that are not in Graph's known lists, for the operator."""
    return [
        text
        for text in (value.availability, value.activity)
        if text.lower() not in _WITHOUT_STATE
        and not any(text.lower() in known for known in _BY_WEIGHT)
    ]
