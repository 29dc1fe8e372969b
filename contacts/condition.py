"""Filters that restrict a search: group, company, department, office, and being free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from contacts.people_query import PeopleQuery
from directories.models import Directory
from presence.presence_states import Readiness
from presence.service import DirectoryReadiness, readiness_of
from scim.users.contact_cards import Card
from scim.users.search_terms import collapsed_words
from shared.app import App
from shared.concurrency import each
from shared.http import HttpError
from shared.messages import Message
from shared.words import PARTICLES, collapse, words_of

MAX_DIRECTORIES = (
    100  # asked for free people at once: an instance keeps the presence of 256 tenants
)
_EXTERNAL_ID = b',"x":"'  # in an encoded card; a quotation mark within a value is escaped
_MAX_WORDS = 3  # of a company or office: as many lead to the person (`search_terms`)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The filters that a person must meet to be returned.

    `members` are the ids of a group's members. `company`, `department` and `office` are folded words, which must
    follow each other in the person's own value. `wanted` is a readiness ("free" or "soon"); `ready` holds the object
    IDs of the people with that readiness, by directory id.
    """

    members: frozenset[str] | None = None
    company: tuple[str, ...] = ()
    department: tuple[str, ...] = ()
    office: tuple[str, ...] = ()
    wanted: Readiness | None = None
    ready: Mapping[str, DirectoryReadiness] = field(default_factory=dict)

    def may_meet(self, directory: Directory, value: bytes) -> bool:
        """Return False for a row of a person who can't be free, without decoding the card; True if the card must be checked."""
        if self.wanted is None:
            return True
        start = value.find(_EXTERNAL_ID)
        if start < 0:
            return False
        start += len(_EXTERNAL_ID)
        external_id = value[start : value.find(b'"', start)].decode()
        return self.ready[directory.id].of(external_id) == self.wanted

    def meets(self, directory: Directory, card: Card) -> bool:
        """Return whether a person meets every filter."""
        if self.members is not None and card.id not in self.members:
            return False
        if self.wanted and self.ready[directory.id].of(card.external_id) != self.wanted:
            return False
        return (
            _has(card.organization, self.company)
            and _has(card.department, self.department)
            and _has(card.place, self.office)
        )

    def within(self, directories: Sequence[Directory]) -> "Condition":
        """Return the condition restricted to people of these directories."""
        ready = {one.id: self.ready[one.id] for one in directories if one.id in self.ready}
        return replace(self, ready=ready)

    def words(self) -> list[str]:
        """Return the words of the filters that are added to the search text, because the index finds people by them."""
        company, office = self.company[:_MAX_WORDS], self.office[:_MAX_WORDS]
        found = [*self.department, *company, *office]
        # A particle would be joined with the next word, as in a name.
        return [one for one in dict.fromkeys(found) if len(one) > 1 and one not in PARTICLES]


def _has(text: str, words: tuple[str, ...]) -> bool:
    """Return whether a text contains `words` one after the other."""
    if not words:
        return True
    own, length = collapsed_words(text), len(words)
    return any(own[at : at + length] == words for at in range(len(own) - length + 1))


def folded_words(text: str) -> tuple[str, ...]:
    """Return the words of a filter's value, such as a department, folded for comparison."""
    return tuple(map(collapse, words_of(text)))


@dataclass(frozen=True, slots=True)
class Conditions:
    """The directories to search, and one condition per readiness wanted, in the order in which to show the results.

    A condition of None accepts everyone.
    """

    directories: Sequence[Directory]
    in_order: Sequence[Condition | None]


def in_company(directories: Sequence[Directory], company: str) -> Sequence[Directory]:
    """Return the directories with names that contain the words of a company; all of them if none does."""
    words = folded_words(company)
    return [one for one in directories if words and _has(one.name, words)] or directories


async def conditions_of(
    app: App, directories: Sequence[Directory], query: PeopleQuery
) -> Conditions:
    """Return the conditions for the filters of a query.

    One round trip per directory if the query is for free people. `company` is matched with the names of the
    directories and, if none matches, with the organization of each person. Raise HttpError 400 if free people of too
    many directories are requested.
    """
    named = in_company(directories, query.company)
    company = folded_words(query.company) if named is directories else ()
    directories = named
    department, office = folded_words(query.department), folded_words(query.office)
    plain = Condition(company=company, department=department, office=office)
    if not query.free:
        return Conditions(directories, [plain])
    if len(directories) > MAX_DIRECTORIES:
        message = Message("free_too_many_directories", most=MAX_DIRECTORIES)
        raise HttpError(400, message, field="free")
    ready = await each(directories, lambda one: readiness_of(app, one.id))
    by_id = {one.id: own for one, own in zip(directories, ready, strict=True)}
    wanted: tuple[Readiness, ...] = ("free", "soon") if query.free == "soon" else ("free",)
    return Conditions(
        directories,
        [
            Condition(
                company=company, department=department, office=office, wanted=one, ready=by_id
            )
            for one in wanted
        ],
    )
