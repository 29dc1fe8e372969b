"""The JSON of the requests and responses of the contacts API."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from contacts.notes import MAX_CHARACTERS
from contacts.number_lookup import MAX_NUMBERS
from contacts.screen_pop import MAX_CHOICES
from presence.response_models import PersonPresence
from scim.users.contact_cards import AttributeTexts
from scim.users.dry_run import MAX_CHARACTERS as MAX_DRY_RUN_CHARACTERS
from shared.api_contract import Doc, Time

MAX_NUMBER_LENGTH = 250
MAX_DIRECTORIES = 100


_Notice = Annotated[str, Doc("Why directories that the person may see are left out.")]


class DirectoryReference(TypedDict):
    """The directory that a person belongs to."""

    id: str
    name: str


class Contact(TypedDict):
    """A person; unknown values are left out."""

    id: str
    directory: DirectoryReference
    displayName: str
    title: NotRequired[str]
    department: NotRequired[str]
    email: NotRequired[str]
    userName: NotRequired[str]
    number: NotRequired[Annotated[str, Doc("The main number.")]]
    presence: NotRequired[PersonPresence]


class ContactEmail(TypedDict):
    """An email address of a person."""

    value: str
    type: str


class ContactNumber(TypedDict):
    """A phone number of a person."""

    value: Annotated[str, Doc("As sent.")]
    type: str
    e164: str | None
    extension: str | None
    fault: NotRequired[Annotated[str, Doc("Why calls can't be matched to it, and what helps.")]]


class GroupReference(TypedDict):
    """A group."""

    id: str
    displayName: str


class ContactDetails(Contact, AttributeTexts):
    """A person with everything that is known."""

    emails: list[ContactEmail]
    numbers: list[ContactNumber]
    groups: list[GroupReference]
    lastModified: Time
    name: NotRequired[dict[str, Any]]
    manager: NotRequired[Annotated[str, Doc("The manager's name.")]]
    managerId: NotRequired[str]
    office: NotRequired[Annotated[str, Doc("City and text of the address for work.")]]
    timeZone: NotRequired[Annotated[str, Doc("A name of the tz database, as `Europe/London`.")]]


class FoundContact(Contact):
    """A person on a page. With `similarTo`, the name only resembles the query."""

    similarTo: NotRequired[Annotated[str, Doc("The words of the query that the name resembles.")]]
    similarBy: NotRequired[
        Annotated[
            Literal["spelling", "sound"],
            Doc("`spelling`: they differ by a typing error; `sound`: they sound alike."),
        ]
    ]
    free: NotRequired[
        Annotated[
            Literal["now", "soon"],
            Doc(
                "With the parameter `free`: whether the person can take a call now, or probably within minutes."
            ),
        ]
    ]


class ContactPage(TypedDict):
    """A page of people."""

    contacts: list[FoundContact]
    notice: NotRequired[_Notice]
    nextCursor: NotRequired[Annotated[str, Doc("For the next page; missing on the last one.")]]
    unconfirmed: NotRequired[
        Annotated[
            int,
            Doc(
                "With the parameter `free`: how many were left out because Microsoft didn't confirm their status in time."
            ),
        ]
    ]


class StandInContact(FoundContact):
    """A person who can take a call in place of another, and the reason why this person is offered."""

    reason: Literal["sameTeam", "manager", "report", "sameGroup", "sameDepartmentAndOffice"]


class ContactTeam(TypedDict):
    """The people around a person."""

    standIns: Annotated[
        list[StandInContact],
        Doc(
            "At most five people who are free, the nearest first. Each status was confirmed within 15 seconds."
        ),
    ]
    manager: NotRequired[Contact]
    peers: Annotated[list[Contact], Doc("Other reports of the manager, at most 200.")]
    reports: Annotated[list[Contact], Doc("At most 200.")]
    hasMore: Annotated[bool, Doc("There are more peers or reports than were read.")]
    unconfirmed: NotRequired[
        Annotated[
            int,
            Doc("How many stand-ins were left out because their status was not confirmed in time."),
        ]
    ]


class Lookup(TypedDict):
    """Numbers to look up, in some directories or all."""

    numbers: Annotated[
        list[Annotated[str, Doc(schema={"maxLength": MAX_NUMBER_LENGTH})]],
        Doc(schema={"minItems": 1, "maxItems": MAX_NUMBERS}),
    ]
    directories: NotRequired[Annotated[list[str], Doc(schema={"maxItems": MAX_DIRECTORIES})]]


class ContactMatch(Contact):
    """A person who has the number that was looked up."""

    match: Annotated[
        Literal["exact", "possible"],
        Doc("`possible`: one of the two numbers ends in the other."),
    ]


class LookedUpNumber(TypedDict):
    """A number as it was sent, with the people who have it."""

    number: str
    matches: list[ContactMatch]


class LookupResult(TypedDict):
    """The numbers in the order of the request."""

    numbers: list[LookedUpNumber]
    notice: NotRequired[_Notice]


class PopRequest(TypedDict):
    """The number of an incoming call, and the directories to search if not all."""

    number: Annotated[str, Doc(schema={"minLength": 1, "maxLength": MAX_NUMBER_LENGTH})]
    directories: NotRequired[Annotated[list[str], Doc(schema={"maxItems": MAX_DIRECTORIES})]]


class PopResult(TypedDict):
    """The people to show for an incoming call."""

    outcome: Annotated[
        Literal["person", "choice", "none"],
        Doc(
            "`person`: exactly one person has the number; `choice`: several have it, or it only "
            "resembles theirs; `none`: it belongs to nobody."
        ),
    ]
    number: Annotated[str, Doc("As sent, with a `+` that arrived as a space.")]
    count: Annotated[int, Doc("People found, also those who are not among `contacts`.")]
    contacts: Annotated[list[ContactMatch], Doc(schema={"maxItems": MAX_CHOICES})]
    person: NotRequired[Annotated[ContactDetails, Doc("With `person`: everything about them.")]]
    page: Annotated[str, Doc("The address of the page that shows the same to an agent.")]


class UnparsedNumber(TypedDict):
    """A number that no call can be matched to."""

    value: str
    type: str
    fault: str


class UnparsedPerson(TypedDict):
    """A person with numbers that no call can be matched to."""

    id: str
    displayName: str
    numbers: list[UnparsedNumber]


class SuggestedRegion(TypedDict):
    """A region that most numbers without a country code fit better than the default region."""

    region: str
    fits: Annotated[int, Doc("Numbers of `count` that are valid in `region`.")]
    fitsNow: Annotated[int, Doc("Numbers of `count` that are valid in the default region.")]
    count: int


class UnparsedPage(TypedDict):
    """A page of people with numbers that need attention."""

    people: list[UnparsedPerson]
    suggestedRegion: NotRequired[Annotated[SuggestedRegion, Doc("On the first page only.")]]
    nextCursor: NotRequired[Annotated[str, Doc("For the next page; missing on the last one.")]]


class GroupPage(TypedDict):
    """A page of groups."""

    groups: list[GroupReference]
    nextCursor: NotRequired[Annotated[str, Doc("For the next page; missing on the last one.")]]


class NoteDraft(TypedDict):
    """A note as an agent writes it."""

    text: Annotated[str, Doc(schema={"minLength": 1, "maxLength": MAX_CHARACTERS})]
    expires: NotRequired[
        Annotated[Time, Doc("Its end, at most 365 days ahead; 30 days if left out.")]
    ]


class PersonNote(TypedDict):
    """A note of an agent on a person."""

    id: str
    text: str
    author: Annotated[str, Doc("The name of the agent who wrote it last.")]
    authorId: Annotated[str, Doc("The agent's object ID.")]
    changed: Time
    expires: Time
    version: Annotated[str, Doc("The `ETag`, without quotation marks.")]


class NoteList(TypedDict):
    """The notes on a person, the oldest first."""

    notes: list[PersonNote]


class DryRun(TypedDict):
    """The person to check: either a user as a client would POST it to /Users, or a CSV header and one line."""

    user: NotRequired[Annotated[dict[str, Any], Doc("A SCIM user, at most 64 KiB.")]]
    csv: NotRequired[
        Annotated[
            str,
            Doc("Headings are paths of attributes.", schema={"maxLength": MAX_DRY_RUN_CHARACTERS}),
        ]
    ]


class DryRunRefusal(TypedDict):
    """The error that a client would get."""

    status: int
    scimType: str
    attribute: Annotated[str, Doc("The attribute at fault, empty if it isn't a single one.")]
    reason: Annotated[str, Doc("Identifies the fault for programs.")]
    detail: str


class DryRunPerson(TypedDict):
    """The person as lists and searches would show it."""

    displayName: str
    active: Annotated[bool, Doc("Inactive people are not shown to agents.")]
    userName: str
    externalId: str
    title: str
    department: str
    email: str
    number: str


class NumberKey(TypedDict):
    """Digits by which a number is found."""

    digits: str
    kind: Annotated[
        Literal["international", "national", "raw", "possible"],
        Doc("`possible` never matches exactly; `raw` digits have no E.164 form."),
    ]


class DryRunNumber(TypedDict):
    """A number, how it was parsed, and the forms by which it is found."""

    value: str
    type: str
    e164: str | None
    extension: str
    keys: list[NumberKey]
    fault: Annotated[str, Doc("Why it can't be read, and the remedy; empty if it was read.")]


class DryRunRemark(TypedDict):
    """An attribute or column with a value that would not be stored."""

    attribute: str
    reason: Annotated[str, Doc("Identifies the fault for programs.")]
    detail: str


class DryRunResult(TypedDict):
    """The user as the directory would store it. Nothing is stored."""

    accepted: bool
    refusal: DryRunRefusal | None
    person: DryRunPerson | None
    numbers: list[DryRunNumber]
    searchTerms: Annotated[list[str], Doc("Words whose beginnings find the person.")]
    remarks: list[DryRunRemark]
    resource: Annotated[dict[str, Any] | None, Doc("The user as it would be stored.")]
