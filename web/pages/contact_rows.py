"""People as the Organisation page shows them, and the names by which the page asks for them again."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from contacts.index_scan import Found
from contacts.serializers import Statuses
from directories.models import Directory
from presence.presence_states import Readiness
from presence.service import Status
from scim.users.contact_cards import Card
from web.page_request import PageRequest

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class PresenceView:
    """A presence status as shown.

    `mark` changes whenever the shown status does. With `state` "none" the status is unknown and not
    shown. `since`: when the status began. `readiness`: whether the person can take a call.
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
    """Addresses to reach a person by: a number, else Teams, to `call`; Teams to `chat`; "" for none."""

    call: str = ""
    chat: str = ""


NO_REACH = Reach()


@dataclass(frozen=True, slots=True)
class PersonView:
    """A row of the list.

    `object_id` is the id by which presence is requested, "" if there can be none. `similar` is the
    part of the query that the name only resembles.
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
    """Return one key for a person of a directory; neither ID contains a point."""
    return f"{directory_id}.{person_id}"


def split_key(key: str) -> tuple[str, str]:
    """Return directory ID and person's ID of a key."""
    directory_id, _, person_id = key.partition(".")
    return directory_id, person_id


def is_object_id(text: str) -> bool:
    """Return whether presence can be asked for by this external id."""
    return _OBJECT_ID.fullmatch(text) is not None


def presence_view(visit: PageRequest, key: str, status: Status | None) -> PresenceView:
    """Return a status in the visitor's language."""
    if status is None:
        return PresenceView(key, "none", "", mark="-")
    words = visit.text(status.message)
    shown = f"{status.shown}|{words}|{status.out_of_office}|{status.stale}"
    mark = hashlib.blake2s(shown.encode(), digest_size=4).hexdigest()
    return PresenceView(
        key,
        status.shown,
        words,
        status.out_of_office,
        status.stale,
        status.as_of,
        mark,
        status.changed_at,
        status.readiness,
    )


def reach_of(directory: Directory, card: Card) -> Reach:
    """Return how to call and write to a person of a list."""
    teams = teams_links(directory, card)
    if card.number:
        return Reach(f"tel:{quote(card.number, safe='+')}", teams.chat)
    return teams


def teams_links(directory: Directory, card: Card) -> Reach:
    """Return the addresses that open a chat and a call in Teams; empty if the person isn't one of Entra.

    Their form: learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/deep-link-teams.
    """
    if directory.kind != "entra" or "@" not in card.user_name:
        return NO_REACH
    whom = quote(card.user_name, safe="@")
    beginning = "https://teams.microsoft.com/l/"
    return Reach(f"{beginning}call/0/0?users={whom}", f"{beginning}chat/0/0?users={whom}")


def person_view(visit: PageRequest, found: Found, known: Statuses, *, alone: bool) -> PersonView:
    """Return a person as a row; `alone`: all are of one directory, so its name is left out."""
    directory, card = found.directory, found.card
    key = key_of(directory.id, card.id)
    asked = card.external_id if directory.kind == "entra" and is_object_id(card.external_id) else ""
    status = known.get((directory.id, card.external_id))
    return PersonView(
        key,
        card.id,
        card.name,
        card.title or card.mail or card.user_name,
        " · ".join(part for part in (card.department, "" if alone else directory.name) if part),
        card.number,
        asked,
        presence_view(visit, key, status) if asked or status else None,
        _similar(visit, found),
        reach_of(directory, card),
    )


def _similar(visit: PageRequest, found: Found) -> str:
    """Return a note about the words that the person's name only resembles, "" for none."""
    if not found.similar_to:
        return ""
    if found.similar_by == "sound":
        return visit.t("similar_by_sound", what=found.similar_to)
    return visit.t("similar_by_spelling", what=found.similar_to)


def mark_of(values: Iterable[object]) -> str:
    """Return a short fingerprint of a state, by which a change is detected."""
    return hashlib.blake2s(repr(list(values)).encode(), digest_size=8).hexdigest()
