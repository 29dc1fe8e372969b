"""The JSON that the contacts API takes and answers."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from contacts.number_lookup import MAX_NUMBERS
from presence.response_models import PersonPresence
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


class ContactDetails(Contact):
    """A person with everything that is known."""

    emails: list[ContactEmail]
    numbers: list[ContactNumber]
    groups: list[GroupReference]
    lastModified: Time
    name: NotRequired[dict[str, Any]]
    organization: NotRequired[str]
    division: NotRequired[str]
    manager: NotRequired[Annotated[str, Doc("The manager's name.")]]
    managerId: NotRequired[str]
    preferredLanguage: NotRequired[str]


class FoundContact(Contact):
    """A person of a page. With `similarTo`, the name only resembles the query."""

    similarTo: NotRequired[Annotated[str, Doc("The words of the query that the name resembles.")]]
    similarBy: NotRequired[
        Annotated[
            Literal["spelling", "sound"],
            Doc("`spelling`: they differ by a typing error; `sound`: they sound alike."),
        ]
    ]


class ContactPage(TypedDict):
    """A page of people."""

    contacts: list[FoundContact]
    notice: NotRequired[_Notice]
    nextCursor: NotRequired[Annotated[str, Doc("For the next page; missing on the last one.")]]


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
