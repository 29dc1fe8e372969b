"""The JSON responses of the directories API, as types."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from directories.models import Kind, Presence, SetupStep
from directories.quarantine_warning import Outlook
from directories.setup_links import Purpose, State
from directories.status import Condition, Stage
from shared.api_contract import Doc, Time, Uri


class Credential(TypedDict):
    """A security token or client secret without its plain text."""

    id: str
    created: Time
    expires: Annotated[Time | None, Doc("The end, also of a revoked one; null: without an end.")]
    lastUsed: Annotated[Time | None, Doc("To about five minutes.")]
    state: Literal["live", "revoked", "expired"]


class IssuedToken(Credential):
    """A new security token with its plain text, which no other response contains."""

    token: str
    clientId: str
    replaced: NotRequired[Annotated[Credential, Doc("The token that ends because of this one.")]]


class IssuedSecret(Credential):
    """A new client secret with its plain text, which no other response contains."""

    secret: str
    clientId: str
    replaced: NotRequired[Annotated[Credential, Doc("The secret that ends because of this one.")]]


class TokenList(TypedDict):
    """The security tokens, oldest first."""

    tokens: list[Credential]


class SecretList(TypedDict):
    """The client secrets, oldest first."""

    secrets: list[Credential]


class Trust(TypedDict):
    """The identity of the company's provisioning service, in Entra or at another issuer."""

    subject: str
    audiences: list[str]
    tenantId: NotRequired[Annotated[str, Doc("Of an Entra tenant.")]]
    issuer: NotRequired[Annotated[str, Doc("Of any other OpenID Connect issuer.")]]
    jwksUri: NotRequired[Annotated[str, Doc("Where the issuer publishes its keys.")]]


class TrustAnswer(TypedDict):
    """The trusted identity, or null if there is none."""

    trust: Trust | None


class DirectoryReaders(TypedDict):
    """The agents who may see a directory: those with one of the app roles or in one of the groups."""

    roles: Annotated[list[str], Doc("Values of app roles of the sign-in registration.")]
    groups: Annotated[list[str], Doc("Object IDs of Entra groups.")]


class DirectorySummary(TypedDict):
    """A directory in a list."""

    id: str
    name: str
    kind: Kind
    region: Annotated[str, Doc("ISO 3166 region in which national numbers are read.")]
    strictNumbers: bool
    setup: SetupStep
    presence: Presence
    readers: Annotated[DirectoryReaders | None, Doc("Who sees its people; null: all agents.")]
    created: Time
    scimBaseUrl: Annotated[Uri, Doc("Entra calls it *Tenant URL*.")]


class ListedDirectory(DirectorySummary):
    """A directory in a list, with its state; in an account with many directories the state is some minutes old."""

    state: Annotated[
        Literal["attention", "setup", "waiting", "good", "deleted"],
        Doc(
            "`attention`: it needs an administrator; `setup`: its set-up is unfinished; `waiting`: no people yet."
        ),
    ]
    people: Annotated[int, Doc("Active people.")]
    lastCall: Annotated[Time | None, Doc("When people were last provisioned.")]
    checked: Annotated[Time, Doc("When the state was read.")]


class DirectoryDetails(DirectorySummary):
    """A directory with its credentials."""

    tokenEndpoint: Annotated[Uri, Doc("For OAuth 2.0 client credentials.")]
    clientId: str
    tokens: list[Credential]
    secrets: list[Credential]
    trust: Trust | None
    token: NotRequired[Annotated[str, Doc("The security token; only if it was just created.")]]


class DeletedDirectory(TypedDict):
    """A deleted directory that can still be restored."""

    id: str
    name: str
    deleted: Time


class DirectoryList(TypedDict):
    """A page of the account's directories."""

    directories: list[ListedDirectory]
    nextCursor: NotRequired[Annotated[str, Doc("For the next page; missing on the last one.")]]
    deleted: NotRequired[list[DeletedDirectory]]


class Deletion(TypedDict):
    """A deletion that can still be undone, by a POST to the path `restore`."""

    state: Literal["deleting"]
    restorableSeconds: int
    restore: str


class DeniedCalls(TypedDict):
    """Requests without a valid credential since the last successful one."""

    at: Time
    reason: str
    count: int
    detail: str
    remedy: str


class EndingCredential(TypedDict):
    """A credential that a client uses and that expires soon."""

    id: str
    kind: Literal["token", "secret"]
    expires: Time
    lastUsed: Time
    daysLeft: Annotated[int, Doc("Rounded up.")]


class ReindexProgress(TypedDict):
    """The progress of rebuilding the search index after an upgrade."""

    state: Literal["waiting", "running"]
    done: int
    total: int


class LogEvent(TypedDict):
    """A line of the provisioning log; empty members are left out."""

    id: Annotated[str, Doc("Also a cursor.")]
    at: Time
    first: Annotated[Time, Doc("The time of the first of `count` equal events.")]
    kind: str
    count: int
    resourceType: NotRequired[str]
    resourceId: NotRequired[str]
    name: NotRequired[str]
    externalId: NotRequired[str]
    wasExternalId: NotRequired[str]
    active: NotRequired[bool]
    wasActive: NotRequired[bool]
    users: NotRequired[Annotated[int, Doc("Change of the number of people.")]]
    groups: NotRequired[Annotated[int, Doc("Change of the number of groups.")]]
    changed: NotRequired[Annotated[list[str], Doc("Names of the changed attributes.")]]
    status: NotRequired[int]
    scimType: NotRequired[str]
    attribute: NotRequired[str]
    detail: NotRequired[Annotated[str, Doc("What is wrong and what helps, in English.")]]
    reason: NotRequired[Annotated[str, Doc("The code of `detail`.")]]
    remedy: NotRequired[str]
    client: NotRequired[str]
    method: NotRequired[str]


class EventPage(TypedDict):
    """A page of the provisioning log, newest first."""

    events: list[LogEvent]
    nextCursor: NotRequired[Annotated[str, Doc("For the next page; missing on the last one.")]]


class InspectedRequest(TypedDict):
    """A recorded request of the directory's client, without values."""

    at: Time
    method: str
    path: str
    query: str
    body: Annotated[str, Doc("The body with each value replaced by its type.")]
    size: Annotated[int, Doc("Bytes of the body.")]
    status: int
    scimType: str
    milliseconds: int
    client: str


class Inspection(TypedDict):
    """The state of the request inspector: until when it records, or null, and its requests, newest first."""

    until: Time | None
    isFull: Annotated[bool, Doc("Further requests are not recorded.")]
    requests: list[InspectedRequest]


class AuditActor(TypedDict):
    """Who acted: a user with the object ID, a set-up link, the operator (`python -m local`) or a timer."""

    kind: Literal["person", "link", "operator", "system"]
    id: str
    name: str
    address: Annotated[str, Doc("The client address that the platform saw.")]


class AuditLine(TypedDict):
    """One action; `old` and `new` have the values that it changed."""

    id: str
    at: Time
    act: str
    actor: AuditActor
    directoryId: Annotated[str, Doc("Empty for an act on the account.")]
    directoryName: str
    target: Annotated[str, Doc("ID of the token, secret or tenant; empty for the directory.")]
    old: dict[str, Any]
    new: dict[str, Any]


class AuditEventPage(TypedDict):
    """A page of an audit log, newest first."""

    events: list[AuditLine]
    nextCursor: NotRequired[Annotated[str, Doc("For the next page; missing on the last one.")]]


class DirectoryState(TypedDict):
    """The state of a directory: its connection, people, refusals and credentials."""

    stage: Stage
    people: int
    active: int
    groups: int
    lastCall: Time | None
    refusedLastDay: int
    doneLastDay: int
    quarantine: Annotated[Outlook, Doc("Whether Entra may put the job into quarantine.")]
    lastRefusal: LogEvent | None
    denied: DeniedCalls | None
    condition: Annotated[Condition, Doc("The state in one word; `good` only after a good call.")]
    endingCredentials: Annotated[
        list[EndingCredential],
        Doc("Used credentials that end within 30 days, the first one first."),
    ]
    reindex: ReindexProgress | None


class SetupLinkState(TypedDict):
    """A link by which the company's administrator sets the directory up, and the progress made through it."""

    id: str
    purpose: Annotated[
        Purpose,
        Doc("`sign-in`: for the sign-in at Microsoft that connects presence, nothing else."),
    ]
    state: State
    created: Time
    expires: Time
    opened: Time | None
    refusedElsewhere: Annotated[Time | None, Doc("When another browser first tried to open it.")]
    credential: Annotated[
        Literal["secret", "trust", "token"] | None, Doc("What the administrator took last.")
    ]
    credentialTaken: Time | None
    companyConfirmed: Annotated[
        Time | None, Doc("When the administrator confirmed the company that signed in.")
    ]
    numbersTested: Time | None
    done: Time | None
    revoked: Time | None


class NewSetupLink(SetupLinkState):
    """A new link with its URL, which no other response contains."""

    url: Annotated[
        Uri, Doc("Send it to the company's administrator. It works once, in one browser.")
    ]


class SetupLinkList(TypedDict):
    """The set-up links, newest first, and how far the directory's set-up has come."""

    links: list[SetupLinkState]
    stage: Annotated[Stage, Doc("As in the directory's state.")]
    people: int
