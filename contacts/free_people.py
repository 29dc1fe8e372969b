"""People who are free, or soon will be, with the statuses that say so; and their JSON."""

from dataclasses import dataclass, field
from typing import Literal

from contacts.index_scan import Found
from contacts.response_models import ContactPage, FoundContact
from contacts.serializers import found_json
from presence.presence_states import Readiness
from presence.service import Status


@dataclass(frozen=True, slots=True)
class FreePerson:
    """A person with a confirmed status: `readiness` is "free", or "soon" if those were asked for."""

    found: Found
    status: Status
    readiness: Readiness

    @property
    def is_idle(self) -> bool:
        """Whether the person is available, but not active at the computer or phone."""
        return self.status.message.code != "state_available"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreePage:
    """People in the order in which to try them; `cursor` continues after them, "" if there are no more.

    `unconfirmed` is how many were left out because Microsoft didn't confirm their status in time. A page may be short, or
    empty with a cursor, if few of many people are free.
    """

    people: list[FreePerson] = field(default_factory=list)
    cursor: str = ""
    unconfirmed: int = 0


def free_page_json(page: FreePage) -> ContactPage:
    """Return a page of people who are free, or soon will be."""
    found: ContactPage = {"contacts": [free_person_json(one) for one in page.people]}
    if page.cursor:
        found["nextCursor"] = page.cursor
    if page.unconfirmed:
        found["unconfirmed"] = page.unconfirmed
    return found


def free_person_json(person: FreePerson) -> FoundContact:
    """Return a person who is free, or soon will be."""
    one = person.found
    known = {(one.directory.id, one.card.external_id): person.status}
    free: Literal["now", "soon"] = "now" if person.readiness == "free" else "soon"
    return {**found_json(one, known), "free": free}
