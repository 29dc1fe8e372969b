"""The JSON of the presence API, as types."""

from typing import Annotated, Literal, NotRequired, TypedDict

from presence.presence_states import DisplayState
from shared.api_contract import Doc, Time, Uri

StateCode = Literal["none", "propagating", "waiting", "active", "troubled", "lost", "removed"]
Tone = Literal["good", "warn", "bad"]
Action = Literal["connect", "check", "confirm", "retry", "remove", "check-gone"]


class PersonPresence(TypedDict):
    """A person's presence."""

    shown: DisplayState
    text: Annotated[str, Doc("In English, more exact than `shown`.")]
    availability: Annotated[str, Doc("As Microsoft Graph returned it.")]
    activity: Annotated[str, Doc("As Microsoft Graph returned it.")]
    outOfOffice: bool
    asOf: Time | None
    changedAt: Time | None
    stale: Annotated[bool, Doc("Not confirmed for three intervals.")]


class ConnectionHealth(TypedDict, total=False):
    """Figures of a connected tenant; empty before its first sync."""

    lastSync: Time | None
    ageSeconds: int | None
    stale: bool
    intervalSeconds: int
    people: int
    known: int
    unknown: int
    quarantined: int
    withoutObjectId: int
    notConfirmed: int
    calls: int
    callsTotal: int
    throttledTotal: int
    syncsTotal: int
    milliseconds: int
    unfamiliarTotal: int
    unfamiliar: list[str]


class AccessRemoval(TypedDict):
    """How the company deletes the enterprise application: the portal's URL and commands."""

    tenantId: str
    portal: Uri
    az: str
    powershell: str


class PresenceConnection(TypedDict):
    """A directory's connection to the company's presence."""

    state: StateCode
    tone: Tone
    title: str
    sentence: str
    remedy: Annotated[str, Doc("What to do; empty if nothing needs to be done.")]
    reason: Annotated[str, Doc("The code of what is wrong; empty if nothing is.")]
    tenantId: Annotated[str, Doc("Empty if no tenant is connected.")]
    company: Annotated[str, Doc("Domain of the company that signed in; empty if it isn't known.")]
    tenantName: Annotated[
        str, Doc("Display name of the tenant in Entra, at most 120 characters; empty if unknown.")
    ]
    tenantDomain: Annotated[
        str, Doc("Primary domain of the tenant in Entra; empty if it isn't known.")
    ]
    acceptedBy: Annotated[str, Doc("User name of the administrator who accepted.")]
    since: Time | None
    moving: Annotated[bool, Doc("Ask again in a few seconds.")]
    impossible: Annotated[str, Doc("Why nothing can be connected; empty if it can.")]
    health: ConnectionHealth


class PresenceStatus(PresenceConnection):
    """A connection, and how the company removes access."""

    removal: AccessRemoval | None


class PresenceAction(TypedDict):
    """An action on the connection, as the request's body."""

    action: Action
    confirm: NotRequired[
        Annotated[bool, Doc("With `connect`: connect the company only after the action `confirm`.")]
    ]
    tenantId: NotRequired[Annotated[str, Doc("With `confirm`: the tenant that is the company's.")]]


class SignInStarted(TypedDict):
    """The URL of Microsoft's sign-in, to which the browser must go."""

    action: Literal["connect"]
    location: Uri


class ConnectionChecked(PresenceStatus):
    """The connection after the action."""

    action: Literal["check", "confirm", "retry", "remove"]


class RemovalChecked(TypedDict):
    """Whether the company has removed the app."""

    action: Literal["check-gone"]
    gone: bool
    sentence: str
