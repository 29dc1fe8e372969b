"""What Graph says of a person, and the seven states that agents are shown.

Graph's lists moved: the detail stood in `activity` and stands in `availability` now, casing differs, and new values
come without notice; both properties are plain strings (learn.microsoft.com/graph/api/resources/presence). So each
value is accepted in either property, in any casing, and an unknown one is shown as unknown and counted.
"""

from typing import Any, Literal, NamedTuple

Shown = Literal["available", "busy", "inCall", "doNotDisturb", "away", "offline", "unknown"]

# value in lower case -> state and words. Those that say more than the state's own name win over those that do not.
_GENERAL: dict[str, tuple[Shown, str]] = {
    "available": ("available", "Available"),
    "busy": ("busy", "Busy"),
    "donotdisturb": ("doNotDisturb", "Do not disturb"),
    "away": ("away", "Away"),
    "offline": ("offline", "Offline"),
}
_SPECIFIC: dict[str, tuple[Shown, str]] = {
    "availableidle": ("available", "Available, idle"),
    "availableinactive": ("available", "Available, inactive"),
    "busyidle": ("busy", "Busy, idle"),
    "inacall": ("inCall", "In a call"),
    "inaconferencecall": ("inCall", "In a conference call"),
    "inameeting": ("inCall", "In a meeting"),
    "presenting": ("doNotDisturb", "Presenting"),
    "focusing": ("doNotDisturb", "Focusing"),
    "urgentinterruptionsonly": ("doNotDisturb", "Urgent interruptions only"),
    "berightback": ("away", "Be right back"),
    "inactive": ("away", "Inactive"),
    "offwork": ("offline", "Off work"),
}
_OUT_OF_OFFICE = "outofoffice"
_WITHOUT_STATE = {"", "presenceunknown", _OUT_OF_OFFICE}
_UNKNOWN: tuple[Shown, str] = ("unknown", "Status unknown")
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


def shown(value: Value) -> tuple[Shown, str]:
    """One of the seven states, and the words for a person's details ("In a meeting")."""
    availability, activity = value.availability.lower(), value.activity.lower()
    found = (
        _SPECIFIC.get(availability)
        or _SPECIFIC.get(activity)
        or _GENERAL.get(availability)
        or _GENERAL.get(activity)
    )
    if found is None and value.out_of_office:
        return "offline", "Out of office"
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
