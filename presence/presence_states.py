"""What Graph says of a person, and the seven states that agents are shown.

Graph's lists moved: the detail stood in `activity` and stands in `availability` now, casing differs, and new values
come without notice; both properties are plain strings (learn.microsoft.com/graph/api/resources/presence). So each
value is accepted in either property, in any casing, and an unknown one is shown as unknown and counted.
"""

from typing import Any, Literal, NamedTuple

from shared.messages import Message

Shown = Literal["available", "busy", "inCall", "doNotDisturb", "away", "offline", "unknown"]

# value in lower case -> state and words. Those that say more than the state's own name win over those that do not.
_GENERAL: dict[str, tuple[Shown, Message]] = {
    "available": ("available", Message("state_available")),
    "busy": ("busy", Message("state_busy")),
    "donotdisturb": ("doNotDisturb", Message("state_doNotDisturb")),
    "away": ("away", Message("state_away")),
    "offline": ("offline", Message("state_offline")),
}
_SPECIFIC: dict[str, tuple[Shown, Message]] = {
    "availableidle": ("available", Message("status_available_idle")),
    "availableinactive": ("available", Message("status_available_inactive")),
    "busyidle": ("busy", Message("status_busy_idle")),
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
_OUT_OF_OFFICE = "outofoffice"
_WITHOUT_STATE = {"", "presenceunknown", _OUT_OF_OFFICE}
_UNKNOWN: tuple[Shown, Message] = ("unknown", Message("state_unknown"))
_LONGEST = 40  # of a value; Graph's own are below 25


class Value(NamedTuple):
    """A person's presence as Graph wrote it; empty: Graph did not name the person."""

    availability: str
    activity: str
    out_of_office: bool


NOTHING = Value("", "", False)
_interned: dict[Value, Value] = {NOTHING: NOTHING}


def intern(availability: str, activity: str, out_of_office: bool) -> Value:
    """One object for each kind of presence, since 100,000 people share a few dozen kinds."""
    value = Value(availability, activity, out_of_office)
    if len(_interned) > 4096:  # Graph went mad; stay bounded
        return value
    return _interned.setdefault(value, value)


def parse(resource: Any) -> tuple[str, Value] | None:
    """Object id (lower case) and presence of one element of Graph's answer; None where it is no such element."""
    if not isinstance(resource, dict) or not isinstance(resource.get("id"), str):
        return None
    availability, activity = _text(resource.get("availability")), _text(resource.get("activity"))
    settings = resource.get("outOfOfficeSettings")
    away = isinstance(settings, dict) and settings.get("isOutOfOffice") is True
    away = away or _OUT_OF_OFFICE in (availability.lower(), activity.lower())
    return resource["id"].lower(), intern(availability, activity, away)


def _text(value: Any) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def shown(value: Value) -> tuple[Shown, Message]:
    """One of the seven states, and the words for a person's details ("In a meeting")."""
    availability, activity = value.availability.lower(), value.activity.lower()
    found = (
        _SPECIFIC.get(availability)
        or _SPECIFIC.get(activity)
        or _GENERAL.get(availability)
        or _GENERAL.get(activity)
    )
    if found is None and value.out_of_office:
        return "offline", Message("status_out_of_office")
    return found or _UNKNOWN


def unfamiliar(value: Value) -> list[str]:
    """The strings of a value that are in none of Graph's lists so far; an operator should hear of them."""
    return [
        text
        for text in (value.availability, value.activity)
        if not (
            text.lower() in _GENERAL or text.lower() in _SPECIFIC or text.lower() in _WITHOUT_STATE
        )
    ]
