"""Graph's values for presence: the old lists, the newer lists, and values that no list has yet.

Old and new lists: learn.microsoft.com/graph/api/resources/presence (both are of type String, in any
casing). In the newer lists the detailed value moved from `activity` to `availability`.
"""

from typing import Literal

Style = Literal["old", "new", "upper", "future"]

# (availability, activity, how many of 256 people): the mix of a working day in an office.
MIX = (
    ("Available", "Available", 88),
    ("AvailableIdle", "Available", 6),
    ("Available", "AvailableInactive", 2),
    ("Busy", "InACall", 18),
    ("Busy", "InAMeeting", 30),
    ("Busy", "InAConferenceCall", 6),
    ("Busy", "Busy", 8),
    ("BusyIdle", "Busy", 2),
    ("DoNotDisturb", "DoNotDisturb", 5),
    ("DoNotDisturb", "Presenting", 6),
    ("DoNotDisturb", "Focusing", 4),
    ("DoNotDisturb", "UrgentInterruptionsOnly", 1),
    ("Away", "Away", 30),
    ("Away", "Inactive", 2),
    ("BeRightBack", "BeRightBack", 6),
    ("Offline", "Offline", 34),
    ("Offline", "OffWork", 8),
)
STATES = tuple(
    (availability, activity) for availability, activity, share in MIX for _ in range(share)
)
UNLICENSED = ("PresenceUnknown", "PresenceUnknown")

_NEW = {
    ("AvailableIdle", "Available"): ("available", "available"),
    ("Available", "AvailableInactive"): ("available", "available"),
    ("Busy", "InACall"): ("inACall", "busy"),
    ("Busy", "InAConferenceCall"): ("inACall", "busy"),
    ("Busy", "InAMeeting"): ("inAMeeting", "busy"),
    ("BusyIdle", "Busy"): ("busy", "busy"),
    ("DoNotDisturb", "Presenting"): ("presenting", "doNotDisturb"),
    ("DoNotDisturb", "Focusing"): ("focusing", "doNotDisturb"),
    ("DoNotDisturb", "UrgentInterruptionsOnly"): ("doNotDisturb", "doNotDisturb"),
    ("Away", "Inactive"): ("away", "away"),
    ("Offline", "OffWork"): ("offline", "offline"),
}
_FUTURE = {"InACall": ("InATownHall", "InATownHall"), "Away": ("CommutingHome", "Travelling")}


def _camel(value: str) -> str:
    return value[:1].lower() + value[1:]


def written(availability: str, activity: str, style: Style) -> tuple[str, str]:
    """Return availability and activity as the service writes them in this style.

    The styles are those of the old and the new lists, upper case, and values that no list has yet.
    """
    if style == "new":
        return _NEW.get((availability, activity), (_camel(availability), _camel(activity)))
    if style == "upper":
        return availability.upper(), activity.upper()
    if style == "future":
        return _FUTURE.get(activity, (availability, activity))
    return availability, activity
