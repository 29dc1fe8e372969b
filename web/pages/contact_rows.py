"""People as the Organisation page shows them, and the names by which the page asks for them again."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from contacts.index_scan import Found
from contacts.serializers import Statuses
from presence.service import Status
from web.page_request import PageRequest

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class PresenceView:
    """`mark` changes whenever what is shown does; `state` "none": nothing is known, and nothing is shown."""

    key: str
    state: str
    words: str
    out_of_office: bool = False
    stale: bool = False
    as_of: datetime | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class PersonView:
    """A row of the list.

    `object_id`: by which presence is asked for, "" if there can be none. `similar`: what the name only resembles.
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


def key_of(directory_id: str, person_id: str) -> str:
    """One name for a person of a directory: neither id has a point."""
    return f"{directory_id}.{person_id}"


def split_key(key: str) -> tuple[str, str]:
    """Directory id and person's id of a key."""
    directory_id, _, person_id = key.partition(".")
    return directory_id, person_id


def is_object_id(text: str) -> bool:
    """Whether presence can be asked for by this external id."""
    return _OBJECT_ID.fullmatch(text) is not None


def presence_view(visit: PageRequest, key: str, status: Status | None) -> PresenceView:
    """A status in the visitor's words."""
    if status is None:
        return PresenceView(key, "none", "", mark="-")
    words = visit.text(status.message)
    shown = f"{status.shown}|{words}|{status.out_of_office}|{status.stale}"
    mark = hashlib.blake2s(shown.encode(), digest_size=4).hexdigest()
    return PresenceView(
        key, status.shown, words, status.out_of_office, status.stale, status.as_of, mark
    )


def person_view(visit: PageRequest, found: Found, known: Statuses, *, alone: bool) -> PersonView:
    """Return a person as a row; `alone`: all people are of one directory, so its name says nothing."""
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
    )


def _similar(visit: PageRequest, found: Found) -> str:
    """Words for what the person's name only resembles, "" for nothing."""
    if not found.similar_to:
        return ""
    if found.similar_by == "sound":
        return visit.t("similar_by_sound", what=found.similar_to)
    return visit.t("similar_by_spelling", what=found.similar_to)


def mark_of(values: Iterable[object]) -> str:
    """A short name for a state, to see whether it has changed."""
    return hashlib.blake2s(repr(list(values)).encode(), digest_size=8).hexdigest()
