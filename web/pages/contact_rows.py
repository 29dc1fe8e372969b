"""People as rows of the Organisation page, the keys by which the page requests them again, and their counts."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from contacts.index_scan import Found, Page
from contacts.people_query import PeopleQuery
from contacts.serializers import Statuses
from directories.models import Directory
from presence.presence_states import Readiness
from presence.service import Status
from scim.users.contact_cards import Card
from shared.ids import is_guid
from web.page_request import PageRequest

_MAX_CHOICES = 50
_MAX_DIGITS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceView:
    """A presence status as shown.

    `mark` changes whenever the shown status does. If `state` is "none", the status is unknown and
    not shown. `since` is when the status began; `readiness` is whether the person can take a
    call.
    """

    key: str
    state: str
    words: str
    out_of_office: bool = False
    stale: bool = False
    as_of: datetime | None = None
    mark: str = ""
    since: datetime | None = None
    readiness: Readiness = "no"


@dataclass(frozen=True, slots=True)
class Reach:
    """Links to reach a person: `call` dials the number or, without one, calls in Teams; `chat` opens a Teams chat.

    Each is "" if there is none.
    """

    call: str = ""
    chat: str = ""


NO_REACH = Reach()


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """A row of the list.

    `object_id` is the ID by which presence is requested, "" if the person can't have presence.
    `similar` is a note that names the words of the query to which the name has only similar words,
    or "".
    """

    key: str
    id: str
    name: str
    subtitle: str
    where: str
    number: str
    object_id: str
    presence: PresenceView | None
    similar: str = ""
    reach: Reach = NO_REACH


def key_of(directory_id: str, person_id: str) -> str:
    """Return the key that identifies a person across directories: both IDs, joined by a point.

    No ID contains a point.
    """
    return f"{directory_id}.{person_id}"


def split_key(key: str) -> tuple[str, str]:
    """Return the directory ID and the person's ID of a key."""
    directory_id, _, person_id = key.partition(".")
    return directory_id, person_id


def is_object_id(text: str) -> bool:
    """Return whether presence can be requested by this external ID: whether it is a GUID, as Entra's object IDs are."""
    return is_guid(text.lower())


def presence_view(visit: PageRequest, key: str, status: Status | None) -> PresenceView:
    """Return a status with its text in the user's language; None gives the state "none"."""
    if status is None:
        return PresenceView(key=key, state="none", words="", mark="-")
    words = visit.text(status.message)
    shown = f"{status.shown}|{words}|{status.out_of_office}|{status.stale}"
    mark = hashlib.blake2s(shown.encode(), digest_size=4).hexdigest()
    return PresenceView(
        key=key,
        state=status.shown,
        words=words,
        out_of_office=status.out_of_office,
        stale=status.stale,
        as_of=status.as_of,
        mark=mark,
        since=status.changed_at,
        readiness=status.readiness,
    )


def reach_of(directory: Directory, card: Card) -> Reach:
    """Return the links to call and write to a person in a list."""
    teams = teams_links(directory, card)
    if card.number:
        return Reach(f"tel:{quote(card.number, safe='+')}", teams.chat)
    return teams


def teams_links(directory: Directory, card: Card) -> Reach:
    """Return the links that call a person and open a chat in Teams; both are "" for a person not from Entra.

    Their form: learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/deep-link-teams.
    """
    if directory.kind != "entra" or "@" not in card.user_name:
        return NO_REACH
    whom = quote(card.user_name, safe="@")
    beginning = "https://teams.microsoft.com/l/"
    return Reach(f"{beginning}call/0/0?users={whom}", f"{beginning}chat/0/0?users={whom}")


def person_view(visit: PageRequest, found: Found, known: Statuses, *, alone: bool) -> PersonView:
    """Return a person as a row of the list.

    `known` are the statuses by directory ID and external ID. `alone` leaves out the directory's
    name, because all people shown are in one directory.
    """
    directory, card = found.directory, found.card
    key = key_of(directory.id, card.id)
    asked = card.external_id if directory.kind == "entra" and is_object_id(card.external_id) else ""
    status = known.get((directory.id, card.external_id))
    return PersonView(
        key=key,
        id=card.id,
        name=card.name,
        subtitle=card.title or card.mail or card.user_name,
        where=" · ".join(
            part for part in (card.department, "" if alone else directory.name) if part
        ),
        number=card.number,
        object_id=asked,
        presence=presence_view(visit, key, status) if asked or status else None,
        similar=_similar(visit, found),
        reach=reach_of(directory, card),
    )


def _similar(visit: PageRequest, found: Found) -> str:
    """Return a note about words of the query to which the person's name has only similar words, or ""."""
    if not found.similar_to:
        return ""
    if found.similar_by == "sound":
        return visit.t("similar_by_sound", what=found.similar_to)
    return visit.t("similar_by_spelling", what=found.similar_to)


def mark_of(values: Iterable[object]) -> str:
    """Return a short hash of the values, by which a page detects that one of them has changed."""
    return hashlib.blake2s(repr(list(values)).encode(), digest_size=8).hexdigest()


def count_free(visit: PageRequest, query: PeopleQuery, page: Page, count: int) -> str:
    """Return the text above a list of free people: how many are free (or free soon), and whether more may follow.

    It may also say how many statuses could not be confirmed.
    """
    if query.free == "soon":
        return visit.counted("people_free_soon_more" if page.cursor else "people_free_soon", count)
    if page.unconfirmed:
        return visit.counted("people_free_unconfirmed", count, unconfirmed=page.unconfirmed)
    return visit.counted("people_free_more" if page.cursor else "people_free", count)


def choices_of(found: Iterable[Found]) -> Mapping[str, list[str]]:
    """Return the departments, companies and offices of the people shown, as choices for the filters.

    The keys are "department", "company" and "office".
    """
    values: dict[str, dict[str, None]] = {"department": {}, "company": {}, "office": {}}
    for one in found:
        values["department"][one.card.department] = None
        values["company"][one.card.organization or one.directory.name] = None
        values["office"][one.card.place] = None
    return {name: sorted(filter(None, own))[:_MAX_CHOICES] for name, own in values.items()}


def soon_address(query: PeopleQuery, others: Mapping[str, str]) -> str:
    """Return the address of the same list with the people who are free soon instead of now.

    Return "" if the list isn't limited to people who are free now. `others` are parameters of the
    address besides those of the query.
    """
    if query.free != "now":
        return ""
    names = ("company", "department", "office", "group")
    fields = {"q": query.text, **{name: getattr(query, name) for name in names}}
    fields |= {**others, "free": "soon"}
    return f"/contacts?{urlencode({name: value for name, value in fields.items() if value})}"


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of people found: those who match (`matching`), and those who only have similar names."""

    matching: int = 0
    similar: int = 0

    @classmethod
    def before(cls, query: dict[str, str]) -> "Counted":
        """Return the counts of the parts that the browser already shows.

        The request for the next part of a list has them as the query parameters `meant` and `similar`.
        """
        return cls(_number(query.get("meant", "")), _number(query.get("similar", "")))

    def and_of(self, page: Page) -> "Counted":
        """Return the sum of these counts and of the counts of `page`, the next part."""
        similar = sum(bool(one.similar_to) for one in page.found)
        return Counted(self.matching + len(page.found) - similar, self.similar + similar)

    @property
    def shown(self) -> int:
        """The count of all people in the list."""
        return self.matching + self.similar

    def text(self, visit: PageRequest, *, is_more: bool) -> str:
        """Return the counts as a text in the user's language.

        `is_more` is True if further people may follow.
        """
        if is_more and not self.shown:
            return visit.t("people_searching")
        if self.similar:
            if is_more:
                return visit.t("people_and_similar_more", count=self.matching, similar=self.similar)
            return visit.t("people_and_similar", count=self.matching, similar=self.similar)
        return visit.counted("people_found_more" if is_more else "people_found", self.matching)


def _number(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS
    return int(text) if is_number else 0
