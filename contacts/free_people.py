"""People who are free now or soon, with the confirmed statuses that show it, and their JSON."""

from dataclasses import dataclass, field
from typing import Literal

from contacts.index_scan import Found
from contacts.response_models import ContactPage, FoundContact
from contacts.serializers import found_json
from presence.presence_states import Readiness
from presence.service import Status


@dataclass(frozen=True, slots=True)
class FreePerson:
    """A person with a confirmed status. `readiness` is "free", or "soon" if such people were requested as well."""

    found: Found
    status: Status
    readiness: Readiness

    @property
    def is_idle(self) -> bool:
        """Return whether the person is available but not active at the computer or phone."""
        return self.status.message.code != "state_available"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreePage:
    """People in the order in which to call them. `cursor` requests the next page, and is "" after the last.

    `unconfirmed` counts the people who were left out because Microsoft didn't confirm their status in time. If few of
    many people are free, a page may be short, or empty with a cursor.
    """

    people: list[FreePerson] = field(default_factory=list)
    cursor: str = ""
    unconfirmed: int = 0


def free_page_json(page: FreePage) -> ContactPage:
    """Return the JSON of a page."""
    found: ContactPage = {"contacts": [free_person_json(one) for one in page.people]}
    if page.cursor:
        found["nextCursor"] = page.cursor
    if page.unconfirmed:
        found["unconfirmed"] = page.unconfirmed
    return found


def free_person_json(person: FreePerson) -> FoundContact:
    """Return the JSON of a person."""
    one = person.found
    known = {(one.directory.id, one.card.external_id): person.status}
    free: Literal["now", "soon"] = "now" if person.readiness == "free" else "soon"
    return {**found_json(one, known), "free": free}
